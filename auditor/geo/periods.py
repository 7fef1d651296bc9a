"""Location periods: stretches of time in which the same evidence counts.

Design: GEOLOCATION.md, section 5.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from auditor.geo.inventory import Inventory
from auditor.geo.mmdb import Database
from auditor.geo.schemas import Rank, maker_of, rank_of

_TICK = timedelta(microseconds=1)
_RANKS = (*Rank, None)


class Standing(StrEnum):
    """Whether a database is heard in a period.

    `stale` is too far from every instant of the period; `superseded`, another edition of the same opinion
    speaks for it: the one that is heard or, if all are stale, the nearest.
    """

    HEARD = "heard"
    SUPERSEDED = "superseded"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, half-open, None where it has no end, with the standing of each database in it."""

    from_at: datetime | None
    until_at: datetime | None
    standings: tuple[Standing, ...]

    @property
    def instant(self) -> datetime:
        """One instant in the period: what holds at one holds at all."""
        if self.from_at is not None:
            return self.from_at
        return self.until_at - _TICK if self.until_at is not None else datetime(2000, 1, 1, tzinfo=UTC)


def periods_of(
    databases: Sequence[Database], inventory: Inventory | None, max_age: timedelta
) -> tuple[Period, ...]:
    """Cut time where any evidence begins or ceases to count."""
    cuts = sorted(set(_cuts(databases, inventory, max_age)))
    borders = [None, *cuts, None]
    return tuple(
        _period(from_at, until_at, databases, max_age) for from_at, until_at in itertools.pairwise(borders)
    )


def _cuts(
    databases: Sequence[Database], inventory: Inventory | None, max_age: timedelta
) -> Iterator[datetime]:
    for database in databases:
        # An age of exactly the maximum counts, so the later cut is a tick after it.
        yield from _moved(database.built_at, -max_age)
        yield from _moved(database.built_at, max_age + _TICK)
    for editions in _grouped(databases, _kind_of):
        builds = sorted({databases[index].built_at for index in editions})
        for older, newer in itertools.pairwise(builds):
            yield older + (newer - older) / 2 + _TICK  # on a tie, the older build
    for line in inventory.lines if inventory else ():
        yield line.from_at
        if line.until_at is not None:
            yield line.until_at


def _period(
    from_at: datetime | None, until_at: datetime | None, databases: Sequence[Database], max_age: timedelta
) -> Period:
    instant = Period(from_at, until_at, ()).instant
    near = [abs(instant - database.built_at) <= max_age for database in databases]
    speakers = frozenset(
        index
        for editions in _grouped(databases, _opinion_of)
        for index in _speakers(editions, databases, instant, near)
    )
    standings = tuple(
        Standing.SUPERSEDED if index not in speakers else Standing.HEARD if near[index] else Standing.STALE
        for index in range(len(databases))
    )
    return Period(from_at, until_at, standings)


def _speakers(
    editions: Sequence[int], databases: Sequence[Database], at: datetime, near: Sequence[bool]
) -> Iterator[int]:
    """Choose who speaks for an opinion: of those near enough the best kind, then the nearest build.

    If none is near enough, the nearest, so that its answer can be told. Several that are alike in all of this
    all speak: nothing else could tell which of them is right.
    """

    def preference(index: int) -> tuple[bool, int, timedelta, datetime]:
        database = databases[index]
        rank = _RANKS.index(rank_of(database.database_type)) if near[index] else 0
        return not near[index], rank, abs(at - database.built_at), database.built_at

    best = min(preference(index) for index in editions)
    return (index for index in editions if preference(index) == best)


def _opinion_of(database: Database) -> Hashable:
    """Say which databases are one opinion together: the editions of one maker, of one sort of knowledge."""
    return database.opinion, maker_of(database.database_type)


def _kind_of(database: Database) -> Hashable:
    """Say which databases are compared by their age: those of one opinion and rank."""
    return _opinion_of(database), rank_of(database.database_type)


def _grouped(
    databases: Sequence[Database], key_of: Callable[[Database], Hashable]
) -> Iterable[Sequence[int]]:
    """Group the places of databases that have the same key."""
    groups: dict[Hashable, list[int]] = {}
    for index, database in enumerate(databases):
        groups.setdefault(key_of(database), []).append(index)
    return groups.values()


def _moved(instant: datetime, by: timedelta) -> Iterator[datetime]:
    """Move an instant; beyond the calendar's ends there is nothing to cut."""
    try:
        yield instant + by
    except OverflowError:
        return
