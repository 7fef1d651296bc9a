"""Table 2: what a person reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.report import catalogue
from auditor.report.numerals import days_between
from auditor.report.phrase import Logged, Phrase
from auditor.report.places import countries_text, region_name
from auditor.report.reasons import reason_of
from auditor.report.relay_lists import incident_phrases

LISTED_INCIDENTS = 100
_PLACE_KINDS = {"site": "site ", "name": "", "network": "network "}


@dataclass(frozen=True, slots=True)
class Also:
    """An incident of another rule over the same connections, beneath the one that leads the row."""

    incident_id: str
    rule_id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of Table 2. `of_whole_calls` counts the findings that are about no single connection.

    `handed` says which entries of relay lists allowed its relays.
    """

    number: int
    incident_id: str
    rule_id: str
    never: bool
    also: tuple[Also, ...]
    placed_in: str
    place_kind: str
    place: str
    home_region: str
    days: str
    calls_proved: int
    calls_possible: int
    connections_proved: int
    connections_possible: int
    of_whole_calls: int
    how_chosen: tuple[str, ...]
    handed: tuple[Phrase, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Incidents:
    """Table 2 as far as it is listed. `numbers` leads from an incident's place in the file to its row."""

    total: int
    rows: tuple[Row, ...]
    numbers: Mapping[int, int]
    listed: int


def incidents_of(incidents: pl.LazyFrame, *, effects: Mapping[str, str]) -> Incidents:
    """Read the first incidents, those over the same connections together, the gravest rule in front."""
    total = int(incidents.select(pl.len()).collect().item())
    numbered = incidents.with_row_index("position")
    head = numbered.head(LISTED_INCIDENTS * max(1, len(effects))).collect().to_dicts()
    clusters = _clusters(head)[:LISTED_INCIDENTS]
    rows = tuple(_row(number, cluster, effects) for number, cluster in enumerate(clusters, start=1))
    numbers = {
        each["position"]: number for number, cluster in enumerate(clusters, start=1) for each in cluster
    }
    return Incidents(total, rows, numbers, listed=len(numbers))


def _clusters(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Fold incidents over the same connections into one; the first, the gravest, holds all the others'."""
    by_id = {row["incident_id"]: row for row in rows}
    placed: set[str] = set()
    clusters = []
    for row in rows:
        if row["incident_id"] in placed:
            continue
        members = [row] + [
            by_id[other]
            for other in row["same_connections_as"] or ()
            if other in by_id and other not in placed
        ]
        placed.update(member["incident_id"] for member in members)
        clusters.append(members)
    return clusters


def _row(number: int, cluster: list[dict[str, Any]], effects: Mapping[str, str]) -> Row:
    first, *others = cluster
    codes = first["relay_countries"]
    kind = first["place_kind"]
    of_whole_calls = first["findings_possible"] - first["connections_possible"]
    roles = [catalogue.ROLES.get(role, role) for role in first["roles"] or ()]
    return Row(
        number=number,
        incident_id=first["incident_id"],
        rule_id=first["rule_id"],
        never=effects.get(first["rule_id"]) == "never",
        also=tuple(Also(other["incident_id"], other["rule_id"]) for other in others),
        placed_in=countries_text(codes) if first["connections_possible"] else "no single relay",
        place_kind=_PLACE_KINDS.get(kind, ""),
        place=Logged(first["place"]) if first["place"] and kind != "none" else "",
        home_region=region_name(first["home_region"]),
        days=days_between(first["first_started_at"], first["last_started_at"], short=True),
        calls_proved=first["calls_proved"],
        calls_possible=first["calls_possible"],
        connections_proved=first["connections_proved"],
        connections_possible=first["connections_possible"],
        of_whole_calls=of_whole_calls,
        how_chosen=(
            *roles,
            *(f"tier {tier}" if tier == "not logged" else tier for tier in first["tiers"] or ()),
        ),
        handed=incident_phrases(first),
        reasons=tuple(Logged(reason_of(reason).brief) for reason in first["reasons"] or ()),
    )
