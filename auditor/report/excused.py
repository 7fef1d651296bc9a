"""Section 8, first half: which exceptions of rules took connections, and how much of them was used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from auditor.evidence.manifest import ExceptionApplied, Manifest
from auditor.report.exceptions import limit_words
from auditor.report.numerals import listed, whole

_KINDS = ("exception:", "over_limit:", "limit_open:")
_LATE = "late_declared"


@dataclass(frozen=True, slots=True)
class ExceptionUse:
    """One line of Table 7: findings whose connection an exception takes, in some case left open.

    `calls` counts those of the excused findings; `limits` says of each limit in how many findings it is over
    or open.
    """

    rule_id: str
    exception_id: str
    why: str
    limits: tuple[str, ...]
    excused: int
    calls: int
    over: int
    undetermined: int


@dataclass(frozen=True, slots=True)
class Excused:
    """The exceptions of all rules, as declared, and how many findings lean on a window declared late."""

    exceptions: tuple[ExceptionUse, ...]
    late: int


@dataclass(frozen=True, slots=True)
class _Counts:
    findings: Mapping[tuple[str, str, str], int]
    calls: Mapping[tuple[str, str, str], int]

    def of(self, rule_id: str, reason: str, verdict: str) -> int:
        return self.findings.get((rule_id, reason, verdict), 0)

    def whatever(self, rule_id: str, reason: str) -> int:
        return sum(self.of(rule_id, reason, verdict) for verdict in ("violation", "indeterminate"))


def excused_of(findings: pl.LazyFrame, manifest: Manifest) -> Excused:
    """Count what the reasons of findings say of exceptions."""
    if not any(rule.exceptions for rule in manifest.rules):
        return Excused((), 0)
    counts = _counts(findings)
    uses = [_use(rule.rule_id, exception, counts) for rule in manifest.rules for exception in rule.exceptions]
    late = sum(count for (_, reason, _), count in counts.findings.items() if reason == _LATE)
    return Excused(tuple(uses), late)


def _counts(findings: pl.LazyFrame) -> _Counts:
    key = ("rule_id", "reasons", "verdict")
    reason = pl.col("reasons")
    of_exceptions = pl.any_horizontal(reason.str.starts_with(kind) for kind in _KINDS) | (reason == _LATE)
    rows = (
        findings.select(*key, "call_id")
        .filter(pl.col("reasons").list.len() > 0)
        .explode("reasons")
        .filter(of_exceptions)
        .group_by(key)
        .agg(pl.len().alias("findings"), pl.col("call_id").drop_nulls().n_unique().alias("calls"))
        .collect(engine="streaming")
    )
    keyed = [((rule, reason, verdict), *numbers) for rule, reason, verdict, *numbers in rows.iter_rows()]
    return _Counts({row[0]: row[1] for row in keyed}, {row[0]: row[2] for row in keyed})


def _use(rule_id: str, exception: ExceptionApplied, counts: _Counts) -> ExceptionUse:
    took = f"exception:{exception.exception_id}"
    return ExceptionUse(
        rule_id=rule_id,
        exception_id=exception.exception_id,
        why=exception.why,
        limits=tuple(_limits(rule_id, exception, counts)),
        excused=counts.of(rule_id, took, "excused"),
        calls=counts.calls.get((rule_id, took, "excused"), 0),
        over=counts.of(rule_id, took, "violation"),
        undetermined=counts.of(rule_id, took, "indeterminate"),
    )


def _limits(rule_id: str, exception: ExceptionApplied, counts: _Counts) -> Iterator[str]:
    for kind, words in limit_words(exception).items():
        name = f"{exception.exception_id}:{kind}"
        over = counts.whatever(rule_id, f"over_limit:{name}")
        still_open = counts.whatever(rule_id, f"limit_open:{name}")
        stand = [f"{whole(count)} {how}" for count, how in ((over, "over"), (still_open, "open")) if count]
        yield f"{words}: {listed(stand)}" if stand else words
