"""Whether the uses of an exception stay within its limits: SEMANTICS.md, section 3, *Limits*.

Counters are intervals: `low` counts what is so in every world, `high` also what is so in some. Nothing is
rounded but the number of calls that a share leaves.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference.facts import Certainty, Facts
from tests.reference.judging import Outcomes
from tests.reference.listing import exceptions_of
from tests.reference.world import RuleDict

WORST_STATUS_FIRST = ("over", "open", "within")
LONGEST = timedelta(hours=24)
MICROSECOND = timedelta(microseconds=1)
MICROSECONDS_A_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A number that is known to lie between two, both included."""

    low: Fraction
    high: Fraction

    def status(self, limit: "Interval") -> str:
        """Compare a counter with its limit."""
        if self.high <= limit.low:
            return "within"
        return "over" if self.low > limit.high else "open"


def exactly(number: float) -> Interval:
    """Take a number as the decimals that it was written with."""
    exact = Fraction(Decimal(str(number)))
    return Interval(exact, exact)


@dataclass(frozen=True, slots=True)
class Uses:
    """All connections of an audit, and how surely each is in the rule's scope and a use of one exception."""

    exception: dict[str, Any]
    connections: Sequence[Facts]
    scope: Sequence[Certainty]
    use: Sequence[Certainty]

    def status(self, own: int) -> str:
        """Say how one connection would stand with the limits if it is a use; the worst of them stands."""
        facts, limits = self.connections[own], self.exception["limits"]
        if facts.call_id is None:
            return "open"
        said = []
        if "connections_per_call" in limits:
            counted = self._in_call(own, [Interval(Fraction(1), Fraction(1)) for _ in self.connections])
            said.append(counted.status(exactly(limits["connections_per_call"])))
        if "minutes_per_call" in limits:
            counted = self._in_call(own, [minutes_of(each) for each in self.connections])
            said.append(counted.status(exactly(limits["minutes_per_call"])))
        if "share_of_calls" in limits:
            said.append(self._share(facts, limits["share_of_calls"]["max"]))
        return min(said, key=WORST_STATUS_FIRST.index)

    def _in_call(self, own: int, measures: Sequence[Interval]) -> Interval:
        """Add up a measure of a call's uses: up to one of them or, with overflow `all`, all of them."""
        facts = self.connections[own]
        others = [
            number
            for number, other in enumerate(self.connections)
            if number != own and other.call_id == facts.call_id and (self._all or other.rank < facts.rank)
        ]
        return Interval(
            measures[own].low + sum(measures[n].low for n in others if self.use[n] is Certainty.SURE),
            measures[own].high + sum(measures[n].high for n in others if self.use[n] is not Certainty.NO),
        )

    @property
    def _all(self) -> bool:
        return self.exception.get("overflow") == "all"

    def _share(self, facts: Facts, share: float) -> str:
        """Compare the account's calls with a use with the share of its calls on that day."""
        account, call = facts.account_id, facts.call_id
        if account is None or call is None:
            return "open"
        calls = calls_of(self.connections)
        own = calls[call]

        def of_the_day(certainties: Sequence[Certainty], least: Certainty) -> set[str]:
            return {
                other.call_id
                for other, certainty in zip(self.connections, certainties, strict=True)
                if other.call_id is not None
                and other.account_id == account
                and calls[other.call_id].day == own.day
                and certainty >= least
            }

        def with_a_use(least: Certainty) -> int:
            found = of_the_day(self.use, least) - {call}
            return 1 + sum(self._all or calls[other].rank < own.rank for other in found)

        def allowed(least: Certainty) -> Fraction:
            return Fraction(math.floor(exactly(share).low * len(of_the_day(self.scope, least) | {call})))

        counted = Interval(Fraction(with_a_use(Certainty.SURE)), Fraction(with_a_use(Certainty.POSSIBLE)))
        return counted.status(Interval(allowed(Certainty.SURE), allowed(Certainty.POSSIBLE)))


@dataclass(frozen=True, slots=True)
class Call:
    """When a call began, by its earliest connection, whoever's it is and whether in scope or not."""

    call_id: str
    start: datetime

    @property
    def rank(self) -> tuple[datetime, str]:
        """Give its place among the calls of a day."""
        return self.start, self.call_id

    @property
    def day(self) -> date:
        """Give its day in UTC."""
        return self.start.astimezone(UTC).date()


def calls_of(connections: Iterable[Facts]) -> dict[str, Call]:
    """List the calls of an audit."""
    found: dict[str, Call] = {}
    for facts in sorted(connections, key=lambda each: each.start):
        if facts.call_id is not None:
            found.setdefault(facts.call_id, Call(facts.call_id, facts.start))
    return found


def minutes_of(facts: Facts) -> Interval:
    """Give the minutes that a connection lasted; without an end, up to a day."""
    if facts.end is None:
        return Interval(Fraction(0), in_minutes(LONGEST))
    lasted = in_minutes(facts.end - facts.start)
    return Interval(lasted, lasted)


def in_minutes(lasted: timedelta) -> Fraction:
    """Give a duration in minutes."""
    return Fraction(lasted // MICROSECOND, MICROSECONDS_A_MINUTE)


def statuses_of(
    rule: RuleDict, connections: Sequence[Facts], outcomes: Sequence[Outcomes]
) -> list[dict[str, str]]:
    """Say how each connection would stand with the limits of each exception, if it is a use of it."""
    scope = [each.scope for each in outcomes]
    statuses: list[dict[str, str]] = [{} for _ in connections]
    for exception in exceptions_of(rule):
        if not exception.get("limits"):
            continue
        use = [each.use_of(exception["id"]) for each in outcomes]
        uses = Uses(exception, connections, scope, use)
        for own, status in enumerate(statuses):
            status[exception["id"]] = uses.status(own)
    return statuses
