"""What other rules would have said of the connections that a finished run read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from auditor.engine.asked import as_given, faults_in_inputs, request_of
from auditor.engine.audit import Means, audit
from auditor.errors import InputError
from auditor.evidence.manifest import Manifest
from auditor.evidence.run import OpenRun
from auditor.evidence.summary import Summary
from auditor.model import INSTANT, Schema, Subject

_KEY = ("rule_id", "subject", "source_file", "record", "part", "call_id")

CHANGED: Schema = {
    "rule_id": pl.String,
    "rule_status": pl.String,
    "was": pl.String,
    "becomes": pl.String,
    "subject": pl.String,
    "call_id": pl.String,
    "account_id": pl.String,
    "role": pl.String,
    "relay_ip": pl.String,
    "started_at": INSTANT,
    "source_file": pl.String,
    "record": pl.Int64,
    "part": pl.Int32,
}
"""One row is a finding of one of two runs only, or of both with other verdicts. Null: none in that run."""

_TOLD = tuple(name for name in CHANGED if name not in (*_KEY, "was", "becomes"))


@dataclass(frozen=True, slots=True)
class Folders:
    """The other rules: their folders, and whether drafts are let in and cases left out."""

    paths: tuple[str, ...]
    allow_draft: bool = False
    skip_rule_tests: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run, which is intact."""

    directory: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Backtest:
    """Two results over the same connections. `changed` has the schema CHANGED, sorted by rule and start."""

    was: Summary
    becomes: Summary
    versions_were: Mapping[str, str]
    versions_become: Mapping[str, str]
    changed: pl.DataFrame


def backtest(folders: Folders, finished: Finished, run: OpenRun, means: Means) -> Backtest:
    """Audit again what a run audited, under other rules, by the run's own clock.

    `run` is where the second audit works; nothing of it need be kept. Raises InputError if a log, database
    or side file of the run is gone or no longer what it was, and RuleSetError for faulty rules.
    """
    manifest, directory = finished.manifest, finished.directory
    faults = faults_in_inputs(manifest, but_rules=True)
    if faults:
        raise InputError(*faults)
    request = replace(
        request_of(manifest),
        rules=folders.paths,
        allow_draft=folders.allow_draft,
        skip_rule_tests=folders.skip_rule_tests,
    )
    audited = audit(request, run, replace(means, environ={}), as_of=manifest.settings.as_of)
    was = Summary.model_validate_json((directory / "summary.json").read_text(encoding="utf-8"))
    return Backtest(
        was,
        audited.summary,
        {rule.rule_id: rule.version for rule in manifest.rules},
        {rule.rule_id: rule.version for rule in audited.manifest.rules},
        _changed(
            pl.scan_parquet(directory / "findings.parquet"),
            pl.scan_parquet(run.directory / "findings.parquet").with_columns(
                pl.col("source_file").replace(as_given(manifest))
            ),
        ),
    )


def _changed(was: pl.LazyFrame, becomes: pl.LazyFrame) -> pl.DataFrame:
    """Find what only one of two files of findings has, or both with different verdicts."""
    joined = _keyed(was, "was").join(
        _keyed(becomes, "becomes"), on=_KEY, how="full", coalesce=True, nulls_equal=True, suffix="_new"
    )
    told = [pl.coalesce(name, f"{name}_new").alias(name) for name in _TOLD]
    return (
        joined.filter(pl.col("was").ne_missing(pl.col("becomes")))
        .select(*_KEY, "was", "becomes", *told)
        .select(*CHANGED)
        .sort("rule_id", "started_at", "source_file", "record", "part", "call_id", nulls_last=True)
        .collect(engine="streaming")
    )


def _keyed(findings: pl.LazyFrame, verdict: str) -> pl.LazyFrame:
    """Name findings alike in both runs: whole calls by their id, whatever record shows them."""
    single = pl.col("subject") == Subject.CONNECTION
    return findings.select(
        "rule_id",
        "subject",
        pl.when(single | pl.col("call_id").is_null()).then("source_file"),
        pl.when(single).then("record"),
        pl.when(single).then("part"),
        "call_id",
        pl.col("verdict").alias(verdict),
        *_TOLD,
    )
