"""The listed findings, and the counts over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from auditor.model import Severity
from auditor.report import catalogue
from auditor.report.phrase import Logged
from auditor.report.places import countries_text, region_name
from auditor.report.placing import locations_of
from auditor.report.populations import Facts, First, Loose

_CONNECTION = ("source_file", "record", "part")
_PROVED = pl.col("verdict") == "violation"
_LOOSE = pl.col("call_id").is_null() & pl.col("verdict").is_in(["violation", "indeterminate"])


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the register."""

    number: int
    finding_id: str
    incident: int | None
    started_at: datetime
    home_region: str
    rule_id: str
    never: bool
    role: str
    tier: str
    failed_primaries: int | None
    place: str
    relay: str
    verdict: str
    verdict_words: str
    basis: tuple[str, ...]
    waiver_id: str | None


def listed_rows(findings: pl.LazyFrame, incidents: pl.LazyFrame, cap: int) -> pl.DataFrame:
    """Choose the first finding of each incident in the incidents' order, then the next of each, up to `cap`.

    Rows come grouped by incident, in the order of the incidents, then of the file; `position` is the
    incident's, null for findings of none, which come last.
    """
    positions = incidents.select("incident_id").with_row_index("position")
    numbered = findings.with_row_index("row")
    chosen = (
        numbered.select("row", "incident_id")
        .group_by("incident_id")
        .agg(pl.col("row").bottom_k(cap).sort())
        .with_columns(turn=pl.int_ranges(pl.col("row").list.len()))
        .explode("row", "turn")
        .join(positions, on="incident_id", how="left")
        .sort("turn", "position", "row", nulls_last=True)
        .head(cap)
        .select("row", "position")
        .collect(engine="streaming")
    )
    rows = numbered.filter(pl.col("row").is_in(chosen["row"].implode())).collect(engine="streaming")
    return rows.join(chosen, on="row", how="left").sort("position", "row", nulls_last=True).drop("row")


def listed_of(
    rows: pl.DataFrame,
    locations: pl.LazyFrame,
    *,
    effects: Mapping[str, str],
    numbers: Mapping[int, int],
) -> tuple[Listed, ...]:
    """Put chosen findings into the words of the register. `numbers`: an incident's position → its number."""
    placed = zip(rows.iter_rows(named=True), locations_of(rows, locations), strict=True)
    return tuple(
        _listed(number, row, location, never=effects.get(row["rule_id"]) == "never", numbers=numbers)
        for number, (row, location) in enumerate(placed, start=1)
    )


def first_proved(findings: pl.LazyFrame) -> First | None:
    """Take the gravest violation, of equals the earliest."""
    ranks = {severity.value: severity.rank for severity in Severity}
    gravest = (
        findings.filter(pl.col("verdict") == "violation")
        .sort(pl.col("severity").replace_strict(ranks, default=len(ranks)), "started_at", "finding_id")
        .head(1)
        .select("finding_id", "started_at", "relay_countries")
        .collect(engine="streaming")
    )
    for finding_id, started_at, codes in gravest.iter_rows():
        return First(finding_id, started_at, countries_text(codes))
    return None


def facts_of(findings: pl.LazyFrame, *, calls_known: bool) -> Facts:
    """Find what the lead needs beyond the summary."""
    return Facts(
        first=first_proved(findings),
        loose=_loose(findings),
        loose_by_rule=_loose_by_rule(findings),
        proved_for_keys=proved_for_keys(findings, calls_known=calls_known),
    )


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


def proved_for_keys(findings: pl.LazyFrame, *, calls_known: bool) -> dict[str, int]:
    """Count, for each rule, the calls (else connections) that are proved violations in the role keys."""
    counted = pl.struct("call_id") if calls_known else pl.struct(*_CONNECTION)
    proved = (pl.col("verdict") == "violation") & (pl.col("role") == "keys")
    known = pl.col("call_id").is_not_null() if calls_known else pl.lit(value=True)
    rows = (
        findings.filter(proved & known)
        .group_by("rule_id")
        .agg(counted.n_unique().alias("count"))
        .collect(engine="streaming")
    )
    return dict(rows.iter_rows())


def _listed(
    number: int,
    row: Mapping[str, Any],
    location: Mapping[str, Any] | None,
    *,
    never: bool,
    numbers: Mapping[int, int],
) -> Listed:
    verdict = row["verdict"]
    position = row["position"]
    return Listed(
        number=number,
        finding_id=row["finding_id"],
        incident=None if position is None else numbers.get(position),
        started_at=row["started_at"],
        home_region=region_name(row["home_region"]),
        rule_id=row["rule_id"],
        never=never,
        role=catalogue.ROLES.get(row["role"] or "", "role not known"),
        tier=row["tier"] or "not logged",
        failed_primaries=row["failed_primaries"],
        place=countries_text(row["relay_countries"]),
        relay=relay_of(row),
        verdict=verdict,
        verdict_words=catalogue.VERDICTS[verdict],
        basis=_basis(row["reasons"], location),
        waiver_id=row["waiver_id"],
    )


def relay_of(row: Mapping[str, Any]) -> str:
    """Name the relay in one cell: its address, else its name, else its site."""
    for column in ("relay_ip", "relay_name", "relay_site"):
        if row[column]:
            return Logged(row[column])
    return "no address"


def _basis(reasons: Sequence[str] | None, location: Mapping[str, Any] | None) -> tuple[str, ...]:
    codes = list(dict.fromkeys([*(reasons or ()), *((location or {}).get("reasons") or ())]))
    return tuple(dict.fromkeys(Logged(catalogue.reason_of(code).brief) for code in codes))
