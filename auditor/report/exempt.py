"""Section 8: every finding that a waiver is laid over, and every one that an exception excuses, by its id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from auditor.engine.request import HIGHEST_MAX_LISTED
from auditor.evidence.manifest import Manifest, RuleApplied, WindowApplied
from auditor.report import catalogue
from auditor.report.phrase import Logged
from auditor.report.windows import window_in_brief, windows_behind

_COLUMNS = (
    "finding_id", "rule_id", "verdict", "reasons", "call_id", "home_region", "started_at", "waiver_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exempt:
    """One finding. `by`: the waivers or exceptions; `windows`: those that the exceptions lean on."""

    finding_id: str
    call: str
    started_at: datetime
    rule_id: str
    verdict_words: str
    by: tuple[str, ...]
    windows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exempts:
    """The findings, in the order of the file: all, or as many as a report lists at the most."""

    rows: tuple[Exempt, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Count those that are not listed."""
        return self.total - len(self.rows)


def waived_in(findings: pl.LazyFrame) -> Exempts:
    """List the findings that a waiver covers."""
    rows, total = _chosen(findings, pl.col("waiver_id").is_not_null())
    return Exempts(tuple(_exempt(row, (row["waiver_id"],)) for row in rows.iter_rows(named=True)), total)


def excused_in(findings: pl.LazyFrame, manifest: Manifest) -> Exempts:
    """List the findings that are excused."""
    rows, total = _chosen(findings, pl.col("verdict") == "excused")
    rules = {rule.rule_id: rule for rule in manifest.rules}
    listed = [
        _excused(row, rules.get(row["rule_id"]), manifest.windows) for row in rows.iter_rows(named=True)
    ]
    return Exempts(tuple(listed), total)


def _chosen(findings: pl.LazyFrame, wanted: pl.Expr) -> tuple[pl.DataFrame, int]:
    chosen = findings.filter(wanted).select(_COLUMNS)
    rows = chosen.head(HIGHEST_MAX_LISTED).collect(engine="streaming")
    total = chosen.select(pl.len()).collect(engine="streaming").item()
    return rows, int(total)


def _excused(row: Mapping[str, Any], rule: RuleApplied | None, windows: Sequence[WindowApplied]) -> Exempt:
    taken = [
        exception
        for exception in (rule.exceptions if rule else ())
        if f"exception:{exception.exception_id}" in (row["reasons"] or ())
    ]
    leaned_on = [window for exception in taken for window in windows_behind(exception, row, windows)]
    return _exempt(
        row,
        tuple(exception.exception_id for exception in taken),
        tuple(dict.fromkeys(map(window_in_brief, leaned_on))),
    )


def _exempt(row: Mapping[str, Any], by: Sequence[str], windows: Sequence[str] = ()) -> Exempt:
    return Exempt(
        finding_id=row["finding_id"],
        call=Logged(row["call_id"]) if row["call_id"] else "no known call",
        started_at=row["started_at"],
        rule_id=row["rule_id"],
        verdict_words=catalogue.VERDICTS[row["verdict"]],
        by=tuple(by),
        windows=tuple(windows),
    )
