"""What rules mean: the one place that turns a situation into a verdict. Design: SEMANTICS.md, section 3.

A connection is judged in each world that the evidence leaves open. If every world says violation, it is one;
if some do, it is indeterminate; if none does, the worst of what they say stands.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum, StrEnum
from itertools import product
from typing import NamedTuple

from auditor.model import Role, Verdict
from auditor.ruleset.periods import Periods
from auditor.ruleset.schema import FenceRule, In, NeverRule, NotIn, RegionNotIn, Rule, WatchRule
from auditor.ruleset.situation import Facts, Situation


class Place(Enum):
    """Where a set of candidates lies, as seen from a set of countries."""

    INSIDE = "inside"
    OPEN = "open"
    OUTSIDE = "outside"


class Fact(StrEnum):
    """What the evidence about a connection may leave open."""

    RELAY = "relay"
    PARTICIPANT = "participant"
    HOME_REGION = "home_region"
    ACCOUNT = "account"
    ROLE = "role"
    USE = "use"
    END = "end"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule says of one situation.

    `doubts` are the facts on which an indeterminate verdict hangs: of two worlds that differ only in such a
    fact, one is a violation and the other is not. `spans_change`: judged at its start alone, the connection
    would have another verdict. `late_declared`: the verdict leans on a window that was declared too late.
    """

    verdict: Verdict
    doubts: tuple[Fact, ...] = ()
    spans_change: bool = False
    late_declared: bool = False


def judge(rule: Rule, situation: Situation, facts: Facts) -> Judgement:
    """Judge a situation under one rule, in all worlds that are left open."""
    entered = range(situation.starts_in, situation.ends_by + 1)
    in_force = tuple(rule.in_force.covers(facts.periods.begin(period)) for period in entered)
    values = _open_values(rule, situation, facts.periods, entered)
    said = {world: _said_in(world, in_force) for world in map(_World._make, product(*values.values()))}
    verdict = _verdict_of({one.worst for one in said.values()})
    return Judgement(
        verdict,
        doubts=tuple(_doubts(said, values)) if verdict is Verdict.INDETERMINATE else (),
        spans_change=verdict is not _verdict_of({one.at_start for one in said.values()}),
    )


def place_of(candidates: AbstractSet[str], countries: AbstractSet[str]) -> Place:
    """Tell where candidates lie. Raises AssertionError if there is none: not knowing is the set of all."""
    if not candidates:
        raise AssertionError("an empty candidate set: unknown is the set of all countries")
    if candidates <= countries:
        return Place.INSIDE
    return Place.OPEN if candidates & countries else Place.OUTSIDE


class _World(NamedTuple):
    """One way in which things may have been. Its fields are named and ordered as `Fact` is.

    `relay` tells for each instant whether the relay is where the rule allows it, `participant` whether the
    participant is where the scope wants it; the others whether the scope holds; `end` how many instants the
    connection has lived to see.
    """

    relay: tuple[bool, ...]
    participant: tuple[bool, ...]
    home_region: bool
    account: bool
    role: bool
    use: bool
    end: int


class _Said(NamedTuple):
    worst: Verdict
    at_start: Verdict


def _verdict_of(verdicts: AbstractSet[Verdict]) -> Verdict:
    if Verdict.VIOLATION in verdicts and len(verdicts) > 1:
        return Verdict.INDETERMINATE
    return min(verdicts, key=lambda verdict: verdict.rank)


def _said_in(world: _World, in_force: Sequence[bool]) -> _Said:
    """Judge one world at each instant that the connection lives to see; the worst stands."""
    in_scope = world.home_region and world.account and world.role and world.use
    verdicts = [
        _verdict_at(inside=world.relay[i], in_scope=in_scope and in_force[i] and world.participant[i])
        for i in range(world.end)
    ]
    return _Said(worst=min(verdicts, key=lambda verdict: verdict.rank), at_start=verdicts[0])


def _verdict_at(*, inside: bool, in_scope: bool) -> Verdict:
    if not in_scope:
        return Verdict.NOT_APPLICABLE
    return Verdict.COMPLIANT if inside else Verdict.VIOLATION


def _doubts(said: Mapping[_World, _Said], values: Mapping[Fact, Collection[object]]) -> Iterator[Fact]:
    violating = {world for world, one in said.items() if one.worst is Verdict.VIOLATION}
    for place, (fact, alternatives) in enumerate(values.items()):
        others = (
            (*world[:place], other, *world[place + 1 :]) for world in violating for other in alternatives
        )
        if any(other not in violating for other in others):
            yield fact


def _open_values(
    rule: Rule, situation: Situation, periods: Periods, entered: Sequence[int]
) -> dict[Fact, Collection[object]]:
    """Reduce what each fact may have been to what the rule can tell apart."""
    return {
        Fact.RELAY: _ways(situation.relay, _allowed(rule), periods, entered),
        Fact.PARTICIPANT: _ways(situation.participant, _wanted(rule.scope.participant), periods, entered),
        Fact.HOME_REGION: _home_region_holds(rule, situation),
        Fact.ACCOUNT: _account_holds(rule, situation),
        Fact.ROLE: _role_holds(rule, situation),
        Fact.USE: {True} if situation.use_proved else {True, False},
        Fact.END: {len(entered)} if situation.end_known else range(1, len(entered) + 1),
    }


class _Choice(NamedTuple):
    """What a rule chooses: these names, or all but them."""

    names: tuple[str, ...]
    these: bool


def _allowed(rule: Rule) -> _Choice:
    match rule:
        case FenceRule():
            if rule.fence.allow:
                return _Choice(rule.fence.allow, these=True)
            return _Choice(rule.fence.forbid or (), these=False)
        case NeverRule():
            return _Choice(rule.never.in_, these=False)
        case WatchRule():
            return _Choice(rule.watch.in_, these=False)


def _wanted(scope: In | NotIn | RegionNotIn | tuple[str, ...] | None) -> _Choice | None:
    match scope:
        case In():
            return _Choice(scope.in_, these=True)
        case NotIn() | RegionNotIn():
            return _Choice(scope.not_in, these=False)
        case None:
            return None
        case _:
            return _Choice(scope, these=True)


def _ways(
    candidates: AbstractSet[str], choice: _Choice | None, periods: Periods, entered: Sequence[int]
) -> AbstractSet[tuple[bool, ...]]:
    """Reduce candidates to the distinct ways of being chosen or not, at each instant."""
    if choice is None:
        return {(True,) * len(entered)}
    ways: dict[tuple[bool, ...], AbstractSet[str]] = {(): candidates}
    for period in entered:
        named = periods.members(choice.names, period)
        ways = {
            (*way, is_named is choice.these): part
            for way, whole in ways.items()
            for is_named, part in _split(whole, named)
        }
    return ways.keys()


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


def _home_region_holds(rule: Rule, situation: Situation) -> AbstractSet[bool]:
    choice = _wanted(rule.scope.home_region)
    if choice is None:
        return {True}
    if situation.home_region is None:
        return {True, False}  # a region is free text: there is always one that the rule names, and another
    return {(situation.home_region in choice.names) is choice.these}


def _account_holds(rule: Rule, situation: Situation) -> AbstractSet[bool]:
    if rule.scope.accounts is None:
        return {True}
    if situation.account_lists is None:
        return {True, False}
    return {rule.id in situation.account_lists}


def _role_holds(rule: Rule, situation: Situation) -> AbstractSet[bool]:
    if rule.scope.roles is None:
        return {True}
    roles = tuple(Role) if situation.role is Role.UNKNOWN else (situation.role,)
    return {role in rule.scope.roles for role in roles}
