"""What a rule chooses among countries and regions, and how candidates stand to it over time."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import NamedTuple

from auditor.ruleset.periods import Periods
from auditor.ruleset.schema import FenceRule, In, NeverRule, NotIn, RegionNotIn, RequireRule, Rule, WatchRule


class Place(Enum):
    """Where a set of candidates lies, as seen from a set of countries."""

    INSIDE = "inside"
    OPEN = "open"
    OUTSIDE = "outside"


class Choice(NamedTuple):
    """What a rule chooses: these names, or all but them."""

    names: tuple[str, ...]
    these: bool

    def takes(self, name: str) -> bool:
        """Tell whether a name, as it is written, is chosen."""
        return (name in self.names) is self.these


def place_of(candidates: AbstractSet[str], countries: AbstractSet[str]) -> Place:
    """Tell where candidates lie. Raises AssertionError if there is none: not knowing is the set of all."""
    if not candidates:
        raise AssertionError("an empty candidate set: unknown is the set of all countries")
    if candidates <= countries:
        return Place.INSIDE
    return Place.OPEN if candidates & countries else Place.OUTSIDE


def allowed_by(rule: Rule) -> Choice:
    """Say where a rule lets relays be; under `require`, where it wants one to be."""
    match rule:
        case FenceRule():
            if rule.fence.allow:
                return Choice(rule.fence.allow, these=True)
            return Choice(rule.fence.forbid or (), these=False)
        case NeverRule():
            return Choice(rule.never.in_, these=False)
        case RequireRule():
            return Choice(rule.require.in_, these=True)
        case WatchRule():
            return Choice(rule.watch.in_, these=False)


def wanted_by(scope: In | NotIn | RegionNotIn | tuple[str, ...] | None) -> Choice | None:
    """Say what a key of a scope chooses; None: it is absent, and restricts nothing."""
    match scope:
        case In():
            return Choice(scope.in_, these=True)
        case NotIn() | RegionNotIn():
            return Choice(scope.not_in, these=False)
        case None:
            return None
        case _:
            return Choice(scope, these=True)


Way = tuple[tuple[bool, ...], ...]
"""For each choice, whether it takes the country, at each instant of a connection's life."""


def ways_of(
    candidates: AbstractSet[str], choices: Sequence[Choice], periods: Periods, entered: Sequence[int]
) -> AbstractSet[Way]:
    """Reduce candidates to the distinct ways in which choices take them, over the periods entered."""
    ways: dict[tuple[bool, ...], AbstractSet[str]] = {(): candidates}
    for choice in choices:
        for period in entered:
            named = periods.members(choice.names, period)
            ways = {
                (*way, is_named is choice.these): part
                for way, whole in ways.items()
                for is_named, part in _split(whole, named)
            }
    lives = len(entered)
    return {tuple(way[start : start + lives] for start in range(0, len(way), lives)) for way in ways}


def _split(
    candidates: AbstractSet[str], countries: AbstractSet[str]
) -> Iterable[tuple[bool, AbstractSet[str]]]:
    match place_of(candidates, countries):
        case Place.INSIDE:
            return [(True, candidates)]
        case Place.OUTSIDE:
            return [(False, candidates)]
        case Place.OPEN:
            return [(True, candidates & countries), (False, candidates - countries)]
