"""Location periods: stretches of time in which the same evidence counts.

Design: GEOLOCATION.md, section 5.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from auditor.geo.inventory import Inventory
from auditor.geo.mmdb import Database
from auditor.geo.schemas import Opinion, Rank, is_maxmind, rank_of

_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_RANKS = (*Rank, None)


class Standing(StrEnum):
    """Whether a database is heard in a period.

    `stale` is too far from every instant of the period; `superseded`, another database of the same maker
    speaks for it: the one that is heard or, if all are stale, the nearest.
    """

    HEARD = "heard"
    SUPERSEDED = "superseded"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, half-open, None where it has no end, with the standing of each database in it.

    `days` says how far each database is from every instant of the period at least, in days, rounded up.
    """

    from_at: datetime | None
    until_at: datetime | None
    standings: tuple[Standing, ...]
    days: tuple[int, ...]

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
    for group in _editions(databases):
        builds = sorted({database.built_at for database in group})
        for older, newer in itertools.pairwise(builds):
            yield older + (newer - older) / 2 + _TICK  # on a tie, the older build
    for line in inventory.lines if inventory else ():
        yield line.from_at
        if line.until_at is not None:
            yield line.until_at


def _period(
    from_at: datetime | None, until_at: datetime | None, databases: Sequence[Database], max_age: timedelta
) -> Period:
    bare = Period(from_at, until_at, (), ())
    days = tuple(_days_between(database.built_at, bare) for database in databases)
    near = [abs(bare.instant - database.built_at) <= max_age for database in databases]
    speaker = _speaker(databases, bare.instant, near, days)
    standings = tuple(
        Standing.SUPERSEDED
        if _is_edition(database) and index != speaker
        else Standing.HEARD
        if near[index]
        else Standing.STALE
        for index, database in enumerate(databases)
    )
    return Period(from_at, until_at, standings, days)


def _speaker(
    databases: Sequence[Database], at: datetime, near: Sequence[bool], days: Sequence[int]
) -> int | None:
    """Choose who speaks for MaxMind: of those near enough the best kind, then the nearest build.

    If none is near enough, the nearest, so that its answer can be told.
    """

    def preference(index: int) -> tuple[bool, int, timedelta, datetime]:
        database = databases[index]
        first = _RANKS.index(rank_of(database.database_type)) if near[index] else days[index]
        return not near[index], first, abs(at - database.built_at), database.built_at

    editions = [index for index, database in enumerate(databases) if _is_edition(database)]
    return min(editions, key=preference, default=None)


def _is_edition(database: Database) -> bool:
    """Tell whether a database is one of those that are one opinion together."""
    return database.opinion is Opinion.LOCATION and is_maxmind(database.database_type)


def _editions(databases: Sequence[Database]) -> Iterator[list[Database]]:
    """Group what is compared by its age: MaxMind's databases of one kind."""
    for rank in _RANKS:
        yield [
            database
            for database in databases
            if _is_edition(database) and rank_of(database.database_type) is rank
        ]


def _days_between(built_at: datetime, period: Period) -> int:
    """Bound from below how far each instant of the period is, in days rounded up; `until_at` is not one."""
    since = -((built_at - period.from_at) // _DAY) if period.from_at else 0
    still = (built_at - period.until_at) // _DAY + 1 if period.until_at else 0
    return max(since, still, 0)


def _moved(instant: datetime, by: timedelta) -> Iterator[datetime]:
    """Move an instant; beyond the calendar's ends there is nothing to cut."""
    try:
        yield instant + by
    except OverflowError:
        return
