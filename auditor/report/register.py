"""The listed findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from auditor.report import catalogue
from auditor.report.phrase import Logged, Phrase
from auditor.report.places import countries_text, region_name
from auditor.report.placing import locations_of
from auditor.report.reasons import reason_of
from auditor.report.relay_lists import finding_phrases
from auditor.report.whole_calls import is_of_connection, subject_words


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of the register; `tier` and `relay` are empty where it is about no single connection.

    `handed` says which entries of relay lists allowed its relay.
    """

    number: int
    finding_id: str
    incident: int | None
    started_at: datetime
    home_region: str
    rule_id: str
    may_be_waived: bool
    role: str
    tier: str
    failed_primaries: int | None
    place: str
    relay: str
    verdict: str
    verdict_words: str
    basis: tuple[str, ...]
    handed: tuple[Phrase, ...]
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


def _listed(
    number: int,
    row: Mapping[str, Any],
    location: Mapping[str, Any] | None,
    *,
    never: bool,
    numbers: Mapping[int, int],
) -> Listed:
    verdict, position = row["verdict"], row["position"]
    single = is_of_connection(row)
    return Listed(
        number=number,
        finding_id=row["finding_id"],
        incident=None if position is None else numbers.get(position),
        started_at=row["started_at"],
        home_region=region_name(row["home_region"]),
        rule_id=row["rule_id"],
        may_be_waived=not never and verdict != "excused",
        role=catalogue.ROLES.get(row["role"] or "", "role not known") if single else subject_words(row),
        tier=(row["tier"] or "not logged") if single else "",
        failed_primaries=row["failed_primaries"],
        place=countries_text(row["relay_countries"]) if single else "no single relay",
        relay=relay_of(row) if single else "",
        verdict=verdict,
        verdict_words=catalogue.VERDICTS[verdict],
        basis=_basis(row["reasons"], location),
        handed=finding_phrases(row),
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
    return tuple(dict.fromkeys(Logged(reason_of(code).brief) for code in codes))
