"""Location periods: stretches of time in which the same evidence counts.

Design: GEOLOCATION.md, section 5.
"""

import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from auditor.geo.mmdb import Database
from auditor.geo.ranges.files import RangeFile
from auditor.geo.schemas import Opinion, Rank

TICK = timedelta(microseconds=1)
_RANKS = (*Rank, None)


class Standing(StrEnum):
    """Whether an edition is heard in a period.

    `superseded`: near enough, but another edition of the same opinion speaks for it, unless that names no
    place. `stale`: too far from every instant of the period, and the nearest of its opinion; `too_far`: too
    far, and another is nearer.
    """

    HEARD = "heard"
    SUPERSEDED = "superseded"
    STALE = "stale"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Edition:
    """What decides when a dated source is heard, before all of the same `opinion` that are of lower rank."""

    opinion: Hashable
    rank: int
    dated_at: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, half-open, None where it has no end, with the standing of each edition in it."""

    from_at: datetime | None
    until_at: datetime | None
    standings: tuple[Standing, ...]

    @property
    def instant(self) -> datetime:
        """One instant in the period: what holds at one holds at all."""
        if self.from_at is not None:
            return self.from_at
        return self.until_at - TICK if self.until_at is not None else datetime(2000, 1, 1, tzinfo=UTC)


def edition_of(source: Database | RangeFile) -> Edition:
    """Say of which opinion a file is an edition: all databases of one maker and sort of knowledge are one.

    But those of anonymisers are one only with their like: each kind knows others that hide.
    """
    if isinstance(source, RangeFile):
        return Edition((source.form, source.publisher), 0, source.published_at)
    kind = source.database_type if source.opinion is Opinion.ANONYMITY else None
    return Edition((source.opinion, source.maker, kind), _RANKS.index(source.rank), source.built_at)


def within_reach(dated_at: datetime, max_age: timedelta) -> Iterator[datetime]:
    """Give the first instant for which something of that date counts, and the first for which it does not.

    An age of exactly the maximum counts. Beyond the calendar's ends there is no instant.
    """
    yield from _moved(dated_at, -max_age)
    yield from _moved(dated_at, max_age + TICK)


def periods_of(
    editions: Sequence[Edition], changes: Iterable[datetime], max_age: timedelta
) -> tuple[Period, ...]:
    """Cut time where any edition begins or ceases to count, and at all other `changes` of the evidence."""
    cuts = sorted({*_cuts(editions, max_age), *changes})
    borders = [None, *cuts, None]
    return tuple(
        _period(from_at, until_at, editions, max_age) for from_at, until_at in itertools.pairwise(borders)
    )


def _cuts(editions: Sequence[Edition], max_age: timedelta) -> Iterator[datetime]:
    for edition in editions:
        yield from within_reach(edition.dated_at, max_age)
    for alike in _grouped(editions, _kind_of):
        dates = sorted({editions[index].dated_at for index in alike})
        for older, newer in itertools.pairwise(dates):
            yield older + (newer - older) / 2 + TICK  # on a tie, the older one


def _period(
    from_at: datetime | None, until_at: datetime | None, editions: Sequence[Edition], max_age: timedelta
) -> Period:
    instant = Period(from_at, until_at, ()).instant
    near = [abs(instant - edition.dated_at) <= max_age for edition in editions]
    speakers = frozenset(
        index
        for alike in _grouped(editions, _opinion_of)
        for index in _speakers(alike, editions, instant, near)
    )
    of_speakers, of_others = (Standing.STALE, Standing.HEARD), (Standing.TOO_FAR, Standing.SUPERSEDED)
    standings = tuple(
        (of_speakers if index in speakers else of_others)[is_near] for index, is_near in enumerate(near)
    )
    return Period(from_at, until_at, standings)


def _speakers(
    alike: Sequence[int], editions: Sequence[Edition], at: datetime, near: Sequence[bool]
) -> Iterator[int]:
    """Choose who speaks for an opinion: of those near enough the best rank, then the nearest date.

    If none is near enough, the nearest, so that its answer can be told. Several that are alike in all of this
    all speak: nothing else could tell which of them is right.
    """

    def preference(index: int) -> tuple[bool, int, timedelta, datetime]:
        edition = editions[index]
        rank = edition.rank if near[index] else 0
        return not near[index], rank, abs(at - edition.dated_at), edition.dated_at

    best = min(preference(index) for index in alike)
    return (index for index in alike if preference(index) == best)


def _opinion_of(edition: Edition) -> Hashable:
    return edition.opinion


def _kind_of(edition: Edition) -> Hashable:
    """Say which editions are compared by their age: those of one opinion and rank."""
    return edition.opinion, edition.rank


def _grouped(editions: Sequence[Edition], key_of: Callable[[Edition], Hashable]) -> Iterable[Sequence[int]]:
    """Group the places of editions that have the same key."""
    groups: dict[Hashable, list[int]] = {}
    for index, edition in enumerate(editions):
        groups.setdefault(key_of(edition), []).append(index)
    return groups.values()


def _moved(instant: datetime, by: timedelta) -> Iterator[datetime]:
    """Move an instant; beyond the calendar's ends there is nothing to cut."""
    try:
        yield instant + by
    except OverflowError:
        return
