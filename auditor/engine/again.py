"""Judge one call again, from the logs that a run read: for calls that have no finding."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from auditor.engine.asked import as_given, faults_in_inputs, request_of
from auditor.engine.audit import Means, job_of
from auditor.engine.ground import lay_ground
from auditor.engine.judging import binds, judge_of
from auditor.engine.pending import calls_in
from auditor.engine.planning import plan_logs
from auditor.engine.raw_findings import judged_rows
from auditor.engine.record import Ground
from auditor.engine.wholecalls import WholeCalls, require_column
from auditor.errors import Fault, InputError, RunError
from auditor.evidence.manifest import Manifest
from auditor.model import FINDING, FINDING_VERDICTS, Subject, Verdict, cast_to
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule
from auditor.ruleset.wholecall import CallFact, judge_call
from auditor.sources.registry import source_of

_CONNECTION = ["source_file", "record", "part", "rule_id"]
_ORDER = ["started_at", *_CONNECTION]


@dataclass(frozen=True, slots=True)
class _Again:
    """A call judged again: each connection by itself under every rule, and the call under `require` rules.

    Verdicts of `rows` (FINDING) that wait for whole calls or days are provisional. `of_call` has the last
    verdict of the call under each `require` rule, by its id.
    """

    rows: pl.DataFrame
    of_call: Mapping[str, Verdict]
    ruleset: RuleSet

    def expected(self) -> pl.DataFrame:
        """Give the connections of which the run must hold a finding.

        Whatever an exception with limits takes is one in the end: excused, not determined, or over a limit.
        """
        findings_of_their_own = [
            rule.id for rule in self.ruleset.rules if binds(rule) and rule.id not in self.of_call
        ]
        return self.rows.filter(
            pl.col("verdict").is_in(list(FINDING_VERDICTS)) & pl.col("rule_id").is_in(findings_of_their_own)
        )


def rows_of_call(run: Path, manifest: Manifest, call_id: str, means: Means) -> list[dict[str, Any]]:
    """Give every connection of a call under every rule, then the run's findings about the call as a whole.

    Rows are in the shape of `model.FINDING`, sorted by start, source, record, part and rule; what is no
    finding has no id. Verdicts that need whole calls or days are those of the run. Raises InputError if a
    log, rule, database or side file of the run is gone or no longer what it was, or if no record of the logs
    has this call; RunError if the run and its logs, judged again, disagree.
    """
    faults = faults_in_inputs(manifest)
    if faults:
        raise InputError(*faults)
    ground = _as_then(lay_ground(request_of(manifest), {}, as_of=manifest.settings.as_of), manifest)
    again = _judged_again(ground, call_id, means, as_given(manifest))
    found = pl.scan_parquet(run / "findings.parquet").filter(pl.col("call_id") == call_id).collect()
    of_connections = pl.col("subject") == Subject.CONNECTION
    _confront(call_id, again, found)
    rows = _as_in_the_run(
        again, found.filter(of_connections), found.filter(pl.col("subject") == Subject.CALL)
    )
    return [*rows.sort(_ORDER).to_dicts(), *found.filter(~of_connections).sort(_ORDER).to_dicts()]


def _judged_again(ground: Ground, call_id: str, means: Means, given: Mapping[str, str]) -> _Again:
    """Read the logs again. `given` leads from their paths to those that the run names them by."""
    judge, wants = judge_of(job_of(ground, Path())), WholeCalls.of(ground.ruleset)
    rows, calls = [], []
    for shard in plan_logs(ground.logs, means.observer).shards():
        for batch in source_of(shard.piece.log).batches(shard.piece):
            of_call = batch.connections.filter(pl.col("call_id") == call_id)
            if of_call.height:
                judged = judge.judge(of_call, shard.piece.log)
                rows.append(judged_rows(judge, judged))
                calls.append(calls_in(judge, judged, wants))
    if not rows:
        raise InputError(Fault(f"--call {call_id}", "no record of the audited logs has this call"))
    whole = pl.concat(calls).select(pl.col(list(map(require_column, wants.requires))).bitwise_or())
    told = dict(zip(wants.requires, whole.row(0) if wants.requires else (), strict=True))
    rules = ground.ruleset.rules
    return _Again(
        cast_to(pl.concat(rows), FINDING).with_columns(pl.col("source_file").replace(given)),
        {
            rule.id: judge_call(rule, CallFact(told[place])).verdict
            for place, rule in enumerate(rules)
            if isinstance(rule, RequireRule)
        },
        ground.ruleset,
    )


def _confront(call_id: str, again: _Again, found: pl.DataFrame) -> None:
    """Raise RunError unless the run has a finding wherever judging again gives one, and nowhere else."""
    single = found.filter(pl.col("subject") == Subject.CONNECTION)
    of_call = dict(found.filter(pl.col("subject") == Subject.CALL).select("rule_id", "verdict").iter_rows())
    same_call = all(
        of_call.get(rule_id, verdict) == verdict
        and (rule_id in of_call) == (verdict in (Verdict.VIOLATION, Verdict.INDETERMINATE))
        for rule_id, verdict in again.of_call.items()
    )
    missing = again.expected().join(single, on=_CONNECTION, how="anti")
    unknown = single.join(again.rows, on=_CONNECTION, how="anti")
    if not same_call or missing.height or unknown.height:
        text = "the run and its logs, judged again, disagree about this call"
        hint = "another version of auditor may judge otherwise; audit the logs again"
        raise RunError(Fault(f"--call {call_id}", text, hint))


def _as_in_the_run(again: _Again, found: pl.DataFrame, of_call: pl.DataFrame) -> pl.DataFrame:
    """Put the run's own findings in the place of what was judged again.

    Connections in scope of a `require` rule bear the verdict of their call: compliant, where it has no
    finding.
    """
    rest = again.rows.join(found, on=_CONNECTION, how="anti").join(
        of_call.select("rule_id", call_verdict="verdict", call_reasons="reasons", call_waiver="waiver_id"),
        on="rule_id",
        how="left",
        validate="m:1",
    )
    bears = pl.col("rule_id").is_in(list(again.of_call)) & (pl.col("verdict") != Verdict.NOT_APPLICABLE)
    compliant, nothing = pl.lit(Verdict.COMPLIANT.value), pl.lit([], dtype=pl.List(pl.String))
    with_calls = rest.with_columns(
        verdict=pl.when(bears).then(pl.coalesce("call_verdict", compliant)).otherwise("verdict"),
        reasons=pl.when(bears).then(pl.coalesce("call_reasons", nothing)).otherwise("reasons"),
        waiver_id=pl.when(bears).then("call_waiver").otherwise("waiver_id"),
    )
    return pl.concat([cast_to(with_calls, FINDING), cast_to(found, FINDING)])


def _as_then(ground: Ground, manifest: Manifest) -> Ground:
    """Leave out what was not there: rules that came later."""
    applied = {rule.rule_id for rule in manifest.rules}
    rules = tuple(rule for rule in ground.ruleset.rules if rule.id in applied)
    return replace(ground, ruleset=replace(ground.ruleset, rules=rules))
