"""What only the findings tell of a whole run, beyond its summary."""

from collections.abc import Collection, Sequence

import polars as pl

from auditor.evidence.summary import Summary
from auditor.model import Severity, Subject
from auditor.report.places import countries_text
from auditor.report.populations import Covered, Facts, First, Loose, Unobserved, UnobservedCalls

_NOT_OBSERVED = "not_observed:"
_CONNECTION = ("source_file", "record", "part")
_PROVED = pl.col("verdict") == "violation"
_AFFECTED = pl.col("verdict").is_in(["violation", "indeterminate"])
_KNOWN_CALL = pl.col("call_id").is_not_null()
_UNOBSERVED = pl.col("subject") == Subject.UNOBSERVED
_LOOSE = ~_KNOWN_CALL & _AFFECTED & (pl.col("subject") == Subject.CONNECTION)


def facts_of(findings: pl.LazyFrame, summary: Summary) -> Facts:
    """Find what the lead needs beyond the summary."""
    calls = loose_connections = Covered()
    drafts = drafts_in(summary)
    waived_findings = _height(findings.filter(pl.col("waiver_id").is_not_null()))
    if drafts or waived_findings:
        calls = _covered(findings.filter(_KNOWN_CALL & _AFFECTED), ["call_id"], drafts)
        loose_connections = _covered(findings.filter(_LOOSE), _CONNECTION, drafts)
    return Facts(
        first=first_proved(findings),
        loose=_loose(findings),
        loose_by_rule=_loose_by_rule(findings),
        proved_for_keys=proved_for_keys(findings, calls_known=bool(summary.calls.in_logs)),
        calls=calls,
        loose_connections=loose_connections,
        waived_findings=waived_findings,
        unobserved=_unobserved(findings),
        unobserved_calls=_unobserved_calls(findings),
    )


def drafts_in(summary: Summary) -> tuple[str, ...]:
    """Name the rules that are drafts."""
    return tuple(rule.rule_id for rule in summary.rules if rule.status == "draft")


def first_proved(findings: pl.LazyFrame) -> First | None:
    """Take the gravest violation, of equals the earliest."""
    ranks = {severity.value: severity.rank for severity in Severity}
    gravest = (
        findings.filter(_PROVED)
        .sort(pl.col("severity").replace_strict(ranks, default=len(ranks)), "started_at", "finding_id")
        .head(1)
        .select("finding_id", "started_at", "subject", "relay_countries")
        .collect(engine="streaming")
    )
    for finding_id, started_at, subject, codes in gravest.iter_rows():
        place = countries_text(codes) if subject == Subject.CONNECTION else None
        return First(finding_id, started_at, place)
    return None


def proved_for_keys(findings: pl.LazyFrame, *, calls_known: bool) -> dict[str, int]:
    """Count, for each rule, the calls (else connections) that are proved violations in the role keys."""
    counted = pl.struct("call_id") if calls_known else pl.struct(*_CONNECTION)
    proved = _PROVED & (pl.col("role") == "keys")
    rows = (
        findings.filter(proved & (_KNOWN_CALL if calls_known else pl.lit(value=True)))
        .group_by("rule_id")
        .agg(counted.n_unique().alias("count"))
        .collect(engine="streaming")
    )
    return dict(rows.iter_rows())


def _covered(affected: pl.LazyFrame, unit: Sequence[str], drafts: Collection[str]) -> Covered:
    """Count the units of which every violation, or else every finding, is waived or a draft's."""
    waived, draft = pl.col("waiver_id").is_not_null(), pl.col("rule_id").is_in(list(drafts))
    counts = (
        affected.group_by(unit)
        .agg(
            proved=_PROVED.any(),
            proved_waived=(waived | ~_PROVED).all(),
            proved_draft=(draft | ~_PROVED).all(),
            all_waived=waived.all(),
        )
        .select(
            proved_waived=(pl.col("proved") & pl.col("proved_waived")).sum(),
            open_waived=(~pl.col("proved") & pl.col("all_waived")).sum(),
            proved_draft=(pl.col("proved") & pl.col("proved_draft")).sum(),
        )
    )
    return Covered(**counts.collect(engine="streaming").row(0, named=True))


def _loose(findings: pl.LazyFrame) -> Loose:
    """Count the distinct affected connections that belong to no known call."""
    connections = findings.filter(_LOOSE).group_by(_CONNECTION).agg(proved=_PROVED.any())
    counts = connections.select(proved=pl.col("proved").sum(), possible=pl.len())
    return Loose(*counts.collect(engine="streaming").row(0))


def _loose_by_rule(findings: pl.LazyFrame) -> dict[str, Loose]:
    """Count them for each rule, where each is one finding."""
    counts = findings.filter(_LOOSE).group_by("rule_id").agg(proved=_PROVED.sum(), possible=pl.len())
    return {
        rule_id: Loose(proved, possible)
        for rule_id, proved, possible in counts.collect(engine="streaming").iter_rows()
    }


def _unobserved(findings: pl.LazyFrame) -> Unobserved:
    """Find the logs in which connections without call id lack a role that must be observed."""
    logs, roles, rules = (
        findings.filter(_UNOBSERVED & ~_KNOWN_CALL)
        .select(
            pl.col("source_file").n_unique().alias("logs"),
            _roles().implode(),
            pl.col("rule_id").unique().sort().implode(),
        )
        .collect(engine="streaming")
        .row(0)
    )
    return Unobserved(logs, tuple(roles), tuple(rules))


def _unobserved_calls(findings: pl.LazyFrame) -> UnobservedCalls:
    """Count the calls without a record of a role, and those of which nothing else is a finding in doubt."""
    concerned = findings.filter(_UNOBSERVED & _KNOWN_CALL)
    by_rule = dict(
        concerned.group_by("rule_id")
        .agg(pl.col("call_id").n_unique())
        .sort("rule_id")
        .collect(engine="streaming")
        .iter_rows()
    )
    if not by_rule:
        return UnobservedCalls()
    others = findings.filter(_KNOWN_CALL & _AFFECTED & ~_UNOBSERVED).select("call_id").unique()
    alone, roles = (
        concerned.join(others, on="call_id", how="anti")
        .select(pl.col("call_id").n_unique(), _roles().implode().alias("roles"))
        .collect(engine="streaming")
        .row(0)
    )
    return UnobservedCalls(by_rule, alone, tuple(roles))


def _roles() -> pl.Expr:
    """Name the roles that reasons say were not observed, each once and in order."""
    reasons = pl.col("reasons").explode(empty_as_null=True).drop_nulls()
    of_roles = reasons.filter(reasons.str.starts_with(_NOT_OBSERVED))
    return of_roles.str.strip_prefix(_NOT_OBSERVED).unique().sort()


def _height(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect(engine="streaming").item())
