"""Judge one call again, from the logs that a run read: for calls that have no finding."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from auditor.engine.asked import as_given, faults_in_inputs, request_of
from auditor.engine.audit import Means, job_of, lay_ground
from auditor.engine.judging import judge_of
from auditor.engine.planning import plan_logs
from auditor.engine.raw_findings import judged_rows
from auditor.engine.record import Ground
from auditor.errors import Fault, InputError
from auditor.evidence.manifest import Manifest
from auditor.sources.registry import source_of


def rows_of_call(manifest: Manifest, call_id: str, means: Means) -> list[dict[str, Any]]:
    """Give every connection of a call under every rule, in the shape of `model.FINDING` without ids.

    Sorted by start, source, record, part and rule. Raises InputError if a log, rule, database or side file of
    the run is gone or no longer what it was, or if no record of the logs has this call.
    """
    faults = faults_in_inputs(manifest)
    if faults:
        raise InputError(*faults)
    request = request_of(manifest)
    ground = _as_then(
        lay_ground(request, replace(means, environ={}), as_of=manifest.settings.as_of), manifest
    )
    judge = judge_of(job_of(ground, Path()))
    planned = plan_logs(request.logs, ground.mapping, means.observer)
    given = as_given(manifest)
    frames = []
    for shard in planned.shards():
        for batch in source_of(shard.piece.log).batches(shard.piece):
            of_call = batch.connections.filter(pl.col("call_id") == call_id)
            if of_call.height:
                frames.append(judged_rows(judge, judge.judge(of_call)))
    if not frames:
        raise InputError(Fault(f"--call {call_id}", "no record of the audited logs has this call"))
    rows = pl.concat(frames).with_columns(
        pl.col("source_file").replace(given), finding_id=pl.lit(None, pl.String)
    )
    return list(rows.sort("started_at", "source_file", "record", "part", "rule_id").iter_rows(named=True))


def _as_then(ground: Ground, manifest: Manifest) -> Ground:
    """Leave out what was not there: rules that came later."""
    applied = {rule.rule_id for rule in manifest.rules}
    rules = tuple(rule for rule in ground.ruleset.rules if rule.id in applied)
    return replace(ground, ruleset=replace(ground.ruleset, rules=rules))
