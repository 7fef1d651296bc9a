"""Where the relays of list entries are, in each stretch of time in which the evidence stays the same."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from auditor.countries import UNKNOWN_KEY
from auditor.engine.rows import distinct
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.extents import Bordered, Extent, borders_of, extents_of, hosts_of, networks_of
from auditor.geo.relay_lists import ListEntry
from auditor.model import RELAY_UNIT, ROLE, Role, Schema

MOST_PLACES = 20_000
"""An entry that may mean more places than so many, at all times together, is too wide to be told of."""

TOO_WIDE, EMBEDS = "too_wide", "embeds_addresses"
"""Why nothing can be told of an entry: it has too many stretches, or its addresses hold others in them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What one source says of relays."""

    source: str
    country: str | None
    date: datetime | None
    counted: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the evidence places relays: the key of the candidate set, its reasons, and what sources say."""

    key: str
    reasons: tuple[str, ...]
    answers: tuple[Answered, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """Relays of an entry of which the evidence says the same at all times: `relays` are networks, else hosts.

    `outcomes` has one for each role that the evidence tells apart and each location period.
    """

    relays: tuple[str, ...]
    outcomes: Mapping[tuple[Role, int], Outcome]


@dataclass(frozen=True, slots=True)
class Asked:
    """An entry, the roles in which it is looked at, and the location periods in which it is judged."""

    entry: ListEntry
    roles: tuple[Role, ...]
    periods: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """One stretch or host of an entry. None: the entry names no address, or no host."""

    extent: Extent | None
    host: str | None


_PART: Schema = {"asked": pl.UInt32, "part": pl.UInt32, "relay_ip": pl.String, "relay_name": pl.String}


class Places:
    """Locates the relays of entries."""

    def __init__(self, settings: AtlasSettings, *, most_places: int = MOST_PLACES) -> None:
        self.atlas = Atlas(settings)
        self._most = most_places
        self._inventory = settings.inventory
        self._sources: tuple[Bordered, ...] = borders_of(settings)

    @property
    def tells_roles_apart(self) -> bool:
        """Whether where a relay is may hang on its role."""
        return self._inventory is not None and self._inventory.knows_roles

    def of(self, asked: Sequence[Asked]) -> list[tuple[Alike, ...]]:
        """Locate the relays of each entry, together with all others."""
        parts = [self._parts(one) for one in asked]
        units = _units(asked, parts)
        keys, unit = distinct(units, tuple(RELAY_UNIT))
        outcomes = [_outcome(row) for row in self.atlas.locate_relays(keys).iter_rows(named=True)]
        found: list[dict[int, dict[tuple[Role, int], Outcome]]] = [{} for _ in asked]
        columns = ("asked", "part", "role", "location_period")
        for (number, part, role, period), at in zip(units.select(columns).iter_rows(), unit, strict=True):
            known = found[number].setdefault(part, {})
            known[Role(role), period] = _of_part(parts[number][part], outcomes[at])
        return [
            tuple(_gathered(one, of_entry, located)) if of_entry else (_too_wide(one),)
            for one, of_entry, located in zip(asked, parts, found, strict=True)
        ]

    def _parts(self, asked: Asked) -> list[_Part]:
        """Cut an entry into what the evidence may tell apart; nothing, where that is too much."""
        entry = asked.entry
        hosts = hosts_of(entry.name, self._inventory) if entry.name is not None else (None,)
        most = self._most // (len(hosts) * len(asked.roles) * len(asked.periods))
        extents: Sequence[Extent | None] | None = (None,)
        if entry.prefix is not None:
            extents = extents_of(entry.prefix, self._sources, most=most)
        return [_Part(extent, host) for extent in extents or () for host in hosts] if most else []


def _units(asked: Sequence[Asked], parts: Sequence[Sequence[_Part]]) -> pl.DataFrame:
    """Give each part of each entry in each role and period: RELAY_UNIT, `asked` and `part`."""
    rows = [
        (number, place, part.extent.address if part.extent else None, part.host)
        for number, of_entry in enumerate(parts)
        for place, part in enumerate(of_entry)
    ]
    entries = pl.DataFrame(
        {
            "asked": range(len(asked)),
            "relay_site": [one.entry.site for one in asked],
            "role": [list(one.roles) for one in asked],
            "location_period": [list(one.periods) for one in asked],
        },
        schema={
            "asked": pl.UInt32,
            "relay_site": pl.String,
            "role": pl.List(ROLE),
            "location_period": pl.List(pl.Int32),
        },
    )
    over_time = entries.explode("role", empty_as_null=True).explode("location_period", empty_as_null=True)
    units = pl.DataFrame(rows, schema=_PART, orient="row").join(
        over_time, on="asked", maintain_order="left_right"
    )
    return units.with_columns(relay_country_declared=pl.lit(None, pl.String))


def _outcome(row: Mapping[str, Any]) -> tuple[str, Outcome]:
    answers = (
        Answered(one["source"], one["country"], one["date"], one["counted"], one["why_not"])
        for one in row["answers"]
    )
    return row["kind"], Outcome(row["key"], tuple(row["reasons"]), tuple(answers))


def _of_part(part: _Part, located: tuple[str, Outcome]) -> Outcome:
    """Take what was found for one address as what holds for all of its stretch, if that can be."""
    kind, outcome = located
    if kind == "nat64" and part.extent is not None and part.extent.first != part.extent.last:
        return Outcome(UNKNOWN_KEY, (EMBEDS,))
    return outcome


def _gathered(
    asked: Asked, parts: Sequence[_Part], located: Mapping[int, Mapping[tuple[Role, int], Outcome]]
) -> Iterator[Alike]:
    """Put together the parts of which the same was found at all times."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for place in range(len(parts)):
        alike.setdefault((parts[place].host, *located[place].values()), []).append(place)
    for places in alike.values():
        extents = [extent for place in places if (extent := parts[place].extent) is not None]
        words = tuple(networks_of(extents)) or (parts[places[0]].host or asked.entry.site or "",)
        yield Alike(words, located[places[0]])


def _too_wide(asked: Asked) -> Alike:
    unknown = Outcome(UNKNOWN_KEY, (TOO_WIDE,))
    outcomes = {(role, period): unknown for role in asked.roles for period in asked.periods}
    return Alike((asked.entry.relay,), outcomes)
