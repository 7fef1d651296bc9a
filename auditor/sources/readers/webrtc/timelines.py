"""Values of statistics over time, as chrome://webrtc-internals keeps them → reports at instants."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from auditor.model import BadValue
from auditor.sources.readers.webrtc.instants import of_milliseconds, of_text
from auditor.sources.readers.webrtc.jsontext import NotJsonError, value_of
from auditor.sources.readers.webrtc.statistics import KEPT, tells

MOST_VALUES = 1_000
"""Chrome keeps as many, the latest."""

_CLOCK = "timestamp"
_NEAR = timedelta(milliseconds=1)
_ENDS = 2
"""The times of the first value and the last are always known."""


class TimelineError(Exception):
    """What tells of paths cannot be read: in a column of ours, or under a key of the dump."""

    def __init__(self, reason: BadValue, column: str) -> None:
        super().__init__(column)
        self.reason = reason
        self.column = column


class Change(NamedTuple):
    """A new value of an attribute. `exact` is False where its time is only inferred."""

    at: datetime
    thing: str
    attribute: str
    value: Any
    exact: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What has changed at an instant, by object."""

    at: datetime
    objects: Mapping[str, Mapping[str, Any]]
    exact: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The values of one attribute, in order."""

    values: Sequence[Any]
    start: datetime | BadValue
    end: datetime | BadValue

    @classmethod
    def of(cls, key: str, said: Mapping[str, Any]) -> "Timeline":
        """Read what the dump has under a key. Raises TimelineError."""
        values = said.get("values", [])
        try:
            values = value_of(values) if isinstance(values, str) else values
        except NotJsonError as error:
            raise TimelineError(BadValue.MALFORMED, key) from error
        if not isinstance(values, list):
            raise TimelineError(BadValue.MALFORMED, key)
        return cls(values, of_text(said.get("startTime")), of_text(said.get("endTime")))

    def instants(self, clock: Sequence[datetime]) -> tuple[Sequence[datetime], bool]:
        """Say when each value was taken, and whether that is known: by the times of its object, else evenly.

        Raises TimelineError if it has neither.
        """
        wanted = len(self.values)
        if len(clock) >= wanted:
            at = 0 if isinstance(self.start, BadValue) else bisect_left(clock, self.start - _NEAR)
            at = min(at, len(clock) - wanted)
            return clock[at : at + wanted], True
        if isinstance(self.start, BadValue):
            raise TimelineError(self.start, "started_at")
        if isinstance(self.end, BadValue):
            raise TimelineError(self.end, "started_at")
        step = (self.end - self.start) / max(wanted - 1, 1)
        return [self.start + step * number for number in range(wanted)], wanted <= _ENDS


@dataclass(slots=True)
class Thing:
    """One object of statistics: its type, if the dump knows types, and its timelines, still unread."""

    type: Any = None
    said: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Say whether it tells of paths."""
        return tells({**self.said, "type": self.type})

    def changes(self, name: str) -> Iterator[Change]:
        """Read its timelines: each value that is another than the one before. Raises TimelineError."""
        clock = self._clock(name)
        for attribute, said in self.said.items():
            if attribute == _CLOCK:
                continue
            timeline = Timeline.of(f"{name}-{attribute}", said)
            instants, exact = timeline.instants(clock)
            for number, (at, value) in enumerate(zip(instants, timeline.values, strict=True)):
                if number == 0 or value != timeline.values[number - 1]:
                    yield Change(at, name, attribute, value, exact)
        if clock and self.type is not None:
            yield Change(clock[0], name, "type", self.type, exact=True)

    def _clock(self, name: str) -> list[datetime]:
        if _CLOCK not in self.said:
            return []
        read = [of_milliseconds(one) for one in Timeline.of(f"{name}-{_CLOCK}", self.said[_CLOCK]).values]
        for one in read:
            if isinstance(one, BadValue):
                raise TimelineError(one, "started_at")
        return sorted(one for one in read if isinstance(one, datetime))

    @property
    def is_cut(self) -> bool:
        """Say whether its beginning was dropped."""
        return any(len(Timeline.of("", one).values) >= MOST_VALUES for one in self.said.values())


def things_in(stats: Mapping[str, Any]) -> dict[str, Thing]:
    """Gather the timelines of a dump by their object: those that tell of paths. Raises TimelineError."""
    things: dict[str, Thing] = {}
    for key, said in stats.items():
        name, _, attribute = key.rpartition("-")
        if attribute not in KEPT and attribute != _CLOCK:
            continue
        if not isinstance(said, dict):
            raise TimelineError(BadValue.MALFORMED, key)
        thing = things.setdefault(name, Thing())
        thing.type = said.get("statsType", thing.type)
        thing.said[attribute] = said
    return {name: thing for name, thing in things.items() if thing.tells}


def reports_of(things: Mapping[str, Thing]) -> Iterator[Report]:
    """Put together what changed at each instant, in order. Raises TimelineError."""
    changes = [change for name, thing in things.items() for change in thing.changes(name)]
    changes.sort(key=lambda change: change.at)
    for at, together in groupby(changes, key=lambda change: change.at):
        objects: dict[str, dict[str, Any]] = {}
        exact = True
        for change in together:
            objects.setdefault(change.thing, {})[change.attribute] = change.value
            exact &= change.exact
        yield Report(at, objects, exact)
