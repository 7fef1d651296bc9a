"""Location periods as one relay sees them.

Time is cut wherever any evidence changes, and an inventory of many lines changes every day. Most of that is
nothing to a given relay: its own periods end only where something may change that speaks for it.
Design: GEOLOCATION.md, section 5.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import polars as pl

from auditor.geo.frames import Known
from auditor.geo.periods import Period
from auditor.model import RELAY_UNIT

SUBJECT = ("relay_ip", "relay_site", "relay_name")
"""What of a relay unit sources know it by, whatever it did and whenever."""

Changes = Callable[[pl.DataFrame], Iterable[Iterable[datetime]]]
"""Gives for each row of SUBJECT the instants at which something changes for it alone."""


class OwnPeriods:
    """Finds the own period of relay units; subjects are remembered, so that each is asked about once.

    `always` are the instants of changes for all relays, beside those of the standing of editions.
    """

    def __init__(self, periods: Sequence[Period], always: Iterable[datetime], changes: Changes) -> None:
        self._cuts = [period.from_at for period in periods[1:] if period.from_at is not None]
        self._common = {*standing_starts(periods), *self._numbers(always)}
        self._count = len(periods)
        self._changes = changes
        self._subjects = Known({name: RELAY_UNIT[name] for name in SUBJECT})
        self._starts = pl.Series([0], dtype=pl.Int64)
        """Where each subject's periods begin, subject by subject, and at last where the next one's would."""

    def of(self, units: pl.DataFrame) -> pl.DataFrame:
        """Give for each unit the first of the periods that are one to its relay, and the one after the last.

        `units` has SUBJECT and `location_period`; the columns are `location_period` and `until_period`,
        Int32, in the order of the units. Beyond the last period, `until_period` is their count.
        """
        subject = self._subjects_of(units.select(SUBJECT)).cast(pl.Int64)
        offset = subject * self._count
        place = self._starts.search_sorted(offset + units["location_period"], side="right")
        following = self._starts.gather(place) - offset
        return pl.DataFrame(
            {
                "location_period": self._starts.gather(place - 1) - offset,
                "until_period": following.clip(upper_bound=self._count),
            }
        ).cast(pl.Int32)

    def _subjects_of(self, subjects: pl.DataFrame) -> pl.Series:
        """Give each subject its number, and work out the periods of those that are new."""
        first = self._subjects.count
        subject, new = self._subjects.numbers_of(subjects)
        if new.height:
            begins = [
                number * self._count + period
                for number, changes in enumerate(self._changes(new), start=first)
                for period in sorted(self._common.union(self._numbers(changes)))
            ]
            begins.append(self._subjects.count * self._count)
            self._starts = pl.concat([self._starts[:-1], pl.Series(begins, dtype=pl.Int64)], rechunk=True)
        return subject

    def _numbers(self, instants: Iterable[datetime]) -> Iterable[int]:
        return (bisect_right(self._cuts, instant) for instant in instants)


def standing_starts(periods: Sequence[Period]) -> list[int]:
    """List the periods, by number, in which an edition has another standing than before; 0 is the first."""
    return [
        number
        for number, period in enumerate(periods)
        if number == 0 or period.standings != periods[number - 1].standings
    ]
