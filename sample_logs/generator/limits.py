"""How uses of an exception stand to its limits, counted one by one.

Design: SEMANTICS.md, section 3, *Limits*. At a use, a counter holds it and all uses before it: at least those
that are surely uses, at most those that are possibly.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor

from .exceptions import Leave
from .facts import Facts
from .rules import LONGEST, USE, Rule, outcomes_of
from .values import Connection

Place = tuple[str, int]
"""A log and the number of a record in it."""

Standings = Mapping[str, str]
"""How a use stands to each limit: `within`, `open`, `over`, or what it lacks: `no call`, `no account`."""

_LIMITS = ("connections_per_call", "minutes_per_call", "share_of_calls")


@dataclass(frozen=True, slots=True)
class Counted:
    """A connection, where it stands, and what a rule says of it in the worlds that are left open."""

    place: Place
    facts: Facts
    call: str
    account: str
    outcomes: frozenset[str]

    @property
    def is_sure(self) -> bool:
        """Tell whether it is a use in every world."""
        return self.outcomes == {USE}

    @property
    def seconds(self) -> tuple[float, float]:
        """Say how long it lasted, at least and at most."""
        if self.facts.ended_at is None:
            return 0, LONGEST.total_seconds()
        lasted = (self.facts.ended_at - self.facts.started_at).total_seconds()
        return lasted, lasted


def standings_of(rule: Rule, leave: Leave, connections: Mapping[Place, Connection]) -> dict[Place, Standings]:
    """Say of each possible use of the rule's exception how it stands to each limit."""
    everyone = [_counted(rule, place, one) for place, one in connections.items()]
    uses = [one for one in everyone if USE in one.outcomes]
    days = _Days([one for one in everyone if one.call])
    standings: dict[Place, Standings] = {
        one.place: dict.fromkeys(_LIMITS, "no call") for one in uses if not one.call
    }
    for of_call in _grouped((one for one in uses if one.call), lambda one: one.call).values():
        ordered = sorted(of_call, key=lambda one: (one.facts.started_at, one.place))
        for number, one in enumerate(ordered):
            in_call = _in_call(one, ordered[:number], leave)
            standings[one.place] = {**in_call, "share_of_calls": days.standing(one, leave)}
    return standings


def _counted(rule: Rule, place: Place, connection: Connection) -> Counted:
    call, account = (str(connection.logged[name] or "") for name in ("call_id", "account_id"))
    return Counted(place, connection.facts, call, account, outcomes_of(rule, connection.facts))


def _in_call(use: Counted, before: Sequence[Counted], leave: Leave) -> Standings:
    """Count a use and those of its call before it."""
    surely = [other for other in before if other.is_sure]
    least = use.seconds[0] + sum(other.seconds[0] for other in surely)
    most = use.seconds[1] + sum(other.seconds[1] for other in before)
    number, longest = leave.connections_per_call, leave.minutes_per_call * 60
    return {
        "connections_per_call": _stands(len(surely) + 1, len(before) + 1, number, number),
        "minutes_per_call": _stands(least, most, longest, longest),
    }


class _Days:
    """The calls of each account and UTC day in the scope of a rule, and those among them with uses."""

    def __init__(self, everyone: Sequence[Counted]) -> None:
        of_call = _grouped(everyone, lambda one: one.call)
        self._began = {str(call): min(one.facts.started_at for one in ones) for call, ones in of_call.items()}
        self._of_day = _grouped((one for one in everyone if one.account), self._day)

    def standing(self, use: Counted, leave: Leave) -> str:
        """Say how the call of a use stands to the share of its account's day."""
        if not use.account:
            return "no account"
        day = self._of_day[self._day(use)]
        uses = [one for one in day if USE in one.outcomes and self._order(one) < self._order(use)]
        return _stands(
            len({one.call for one in uses if one.is_sure}) + 1,
            len({one.call for one in uses}) + 1,
            floor(leave.share_of_calls * len({use.call} | _surely_in_scope(day))),
            floor(leave.share_of_calls * len({use.call} | _possibly_in_scope(day))),
        )

    def _day(self, one: Counted) -> object:
        return one.account, self._began[one.call].date()

    def _order(self, one: Counted) -> tuple[datetime, str]:
        return self._began[one.call], one.call


def _surely_in_scope(day: Iterable[Counted]) -> set[str]:
    return {one.call for one in day if "not_applicable" not in one.outcomes}


def _possibly_in_scope(day: Iterable[Counted]) -> set[str]:
    return {one.call for one in day if one.outcomes != {"not_applicable"}}


def _stands(least: float, most: float, lower: float, upper: float) -> str:
    """Compare what was counted with a limit, both of them at least and at most so much."""
    if most <= lower:
        return "within"
    return "over" if least > upper else "open"


def _grouped(ones: Iterable[Counted], key: Callable[[Counted], object]) -> dict[object, list[Counted]]:
    groups = defaultdict(list)
    for one in ones:
        groups[key(one)].append(one)
    return groups
