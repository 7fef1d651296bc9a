"""The joint worlds of a few connections, in which nothing is unknown: slow enough to judge the counting.

Where `limits.py` adds up intervals, here every connection has one outcome and one length in each joint world,
counters are plain numbers, and each use is within its limits or over them.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from itertools import product
from typing import Any

from tests.reference.facts import Facts
from tests.reference.judging import Outcome, Outcomes
from tests.reference.limits import LONGEST, calls_of, exactly, in_minutes
from tests.reference.listing import exceptions_of
from tests.reference.world import RuleDict


@dataclass(frozen=True, slots=True)
class Settled:
    """One connection in one joint world; without an end it lasts as long as `lasting` says."""

    facts: Facts
    outcome: Outcome
    lasting: Fraction


def verdicts_in_joint_worlds(
    rule: RuleDict, connections: Sequence[Facts], outcomes: Sequence[Outcomes]
) -> list[set[str]]:
    """List what the joint worlds say of each connection."""
    said: list[set[str]] = [set() for _ in connections]
    for joint in joint_worlds(connections, outcomes):
        for number, verdict in enumerate(verdicts_of(rule, joint)):
            said[number].add(verdict)
    return said


def joint_worlds(connections: Sequence[Facts], outcomes: Sequence[Outcomes]) -> Iterator[list[Settled]]:
    """Enumerate the joint worlds: what is unknown of one connection is independent of the others."""
    alone = [
        [
            Settled(facts, outcome, in_minutes(lasting))
            for outcome in sorted(each.over_time, key=repr)
            for lasting in ([timedelta(0), LONGEST] if facts.end is None else [facts.end - facts.start])
        ]
        for facts, each in zip(connections, outcomes, strict=True)
    ]
    for joint in product(*alone):
        yield list(joint)


def verdicts_of(rule: RuleDict, joint: Sequence[Settled]) -> Iterator[str]:
    """Judge each connection of one joint world."""
    limited = {each["id"]: each for each in exceptions_of(rule) if each.get("limits")}
    for own in joint:
        kept = all(within(limited[name], own, joint) for name in own.outcome.uses)
        yield own.outcome.verdict if kept else "violation"


def within(exception: dict[str, Any], own: Settled, joint: Sequence[Settled]) -> bool:
    """Tell whether a use is within all limits of its exception."""
    uses = [each for each in joint if exception["id"] in each.outcome.uses]
    everything, limits, facts = exception["overflow"] == "all", exception["limits"], own.facts
    mine = [
        use
        for use in uses
        if use.facts.call_id == facts.call_id and (everything or use.facts.rank <= facts.rank)
    ]
    kept = len(mine) <= limits.get("connections_per_call", math.inf)
    if "minutes_per_call" in limits:
        minutes = sum((use.lasting for use in mine), Fraction(0))
        kept = kept and minutes <= exactly(limits["minutes_per_call"]).low
    if "share_of_calls" in limits:
        kept = kept and share_kept(limits["share_of_calls"]["max"], own, uses, joint, everything=everything)
    return bool(kept)


def share_kept(
    share: float, own: Settled, uses: Sequence[Settled], joint: Sequence[Settled], *, everything: bool
) -> bool:
    """Tell whether the calls with a use, up to this one, are no more than the account's share of the day."""
    calls = calls_of(each.facts for each in joint)

    def of_my_day(rows: Sequence[Settled]) -> set[str]:
        return {
            row.facts.call_id
            for row in rows
            if row.facts.call_id is not None
            and row.facts.account_id == own.facts.account_id
            and calls[row.facts.call_id].day == calls[own.facts.call_id or ""].day
        }

    mine = calls[own.facts.call_id or ""]
    counted = [call for call in of_my_day(uses) if everything or calls[call].rank <= mine.rank]
    in_scope = of_my_day([each for each in joint if each.outcome.verdict != "not_applicable"])
    return len(counted) <= math.floor(exactly(share).low * len(in_scope))


def with_ids(facts: Facts) -> Facts:
    """Give a connection the ids without which no counter holds it."""
    return replace(facts, call_id=facts.call_id or "c-1", account_id=facts.account_id or "a-1")
