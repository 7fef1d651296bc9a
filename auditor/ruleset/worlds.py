"""The worlds that the evidence about a connection leaves open, as far as one rule can tell them apart."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple, TypeVar

from auditor.model import Role, Tier
from auditor.ruleset.choices import Choice, Way, allowed_by, wanted_by, ways_of
from auditor.ruleset.clauses import ExceptionClause, When
from auditor.ruleset.facts import NOT_NAMED, Facts
from auditor.ruleset.schema import Rule, clauses_of
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import Fact

Value = TypeVar("Value")
Holds = tuple[bool, ...]
"""For each exception of the rule, whether its condition holds."""

_LEAST_ATTEMPT, _LEAST_FAILURES = 1, 0
"""The least number that a log can tell of attempts, and of failed primary relays."""


class Region(NamedTuple):
    """What a home region means to a rule: its scope, and each exception's window: whether, and only late."""

    in_scope: bool
    window: Holds
    only_late: Holds


class RoleHeld(NamedTuple):
    """What a role means to a rule."""

    in_scope: bool
    excepted: Holds


class World(NamedTuple):
    """One way in which things may have been. Its fields are named and ordered as `Fact` is.

    `relay` tells of the rule's own places, and then of those of each exception, whether they take the relay
    at each instant; `participant` whether the participant is where the scope wants it; `end` how many
    instants the connection has lived to see.
    """

    relay: Way
    participant: Holds
    home_region: Region
    account: bool
    label: bool
    role: RoleHeld
    use: bool
    tier: Holds
    attempt: Holds
    failed_primaries: Holds
    selection_reason: Holds
    end: int

    @property
    def scope(self) -> tuple[bool, ...]:
        """Tell of each fact that does not depend on the instant whether it puts the connection in scope."""
        return (self.home_region.in_scope, self.account, self.label, self.role.in_scope, self.use)

    @property
    def in_scope(self) -> bool:
        """Tell whether the scope holds, as far as it does not depend on the instant."""
        return all(self.scope)

    def excused(self, clause: int) -> bool:
        """Tell whether the roles and all conditions of an exception hold."""
        return (
            self.role.excepted[clause]
            and self.home_region.window[clause]
            and self.tier[clause]
            and self.attempt[clause]
            and self.failed_primaries[clause]
            and self.selection_reason[clause]
        )


@dataclass(frozen=True, slots=True)
class Worlds:
    """The worlds of one situation under one rule. `values` has, for each fact, all that it may have been.

    Where two facts or more put a connection out of scope, the rule says what it says where one of them does,
    and no single fact turns that: such worlds are left out.
    """

    values: Mapping[Fact, Collection[object]]

    def __iter__(self) -> Iterator[World]:
        worlds = [World._make(values) for values in product(*self.values.values())]
        fewest = min(world.scope.count(False) for world in worlds)
        yield from (world for world in worlds if world.scope.count(False) <= max(fewest, 1))

    def neighbours(self, world: World, fact: Fact) -> Iterator[World]:
        """Give the worlds that differ from one in a single fact, and itself."""
        place = list(self.values).index(fact)
        for other in self.values[fact]:
            yield World._make((*world[:place], other, *world[place + 1 :]))


def worlds_of(rule: Rule, situation: Situation, facts: Facts, entered: Sequence[int]) -> Worlds:
    """Reduce what each fact may have been to what the rule can tell apart, over the periods entered."""
    clauses, scope = clauses_of(rule), rule.scope
    places = [allowed_by(rule), *(Choice(clause.allow, these=True) for clause in clauses)]
    wanted = wanted_by(scope.participant)
    participants = ways_of(situation.participant, [wanted] if wanted else [], facts.periods, entered)
    everywhere = (True,) * len(entered)
    return Worlds(
        {
            Fact.RELAY: ways_of(situation.relay, places, facts.periods, entered),
            Fact.PARTICIPANT: {way[0] if way else everywhere for way in participants},
            Fact.HOME_REGION: _regions(rule, clauses, situation),
            Fact.ACCOUNT: _accounts(rule, situation),
            Fact.LABEL: _labels(rule, situation, facts),
            Fact.ROLE: {_role(rule, clauses, role) for role in possible_roles(situation)},
            Fact.USE: {True} if situation.use_proved else {True, False},
            Fact.TIER: _holding(
                clauses, _tiers(situation), lambda when, tier: tier in (when.tier or (tier,))
            ),
            Fact.ATTEMPT: _holding(
                clauses,
                _numbers(situation.attempt, facts.attempts, _LEAST_ATTEMPT),
                lambda when, number: number >= (when.attempt_min or _LEAST_ATTEMPT),
            ),
            Fact.FAILED_PRIMARIES: _holding(
                clauses,
                _numbers(situation.failed_primaries, facts.failed_primaries, _LEAST_FAILURES),
                lambda when, number: number >= (when.failed_primaries_min or _LEAST_FAILURES),
            ),
            Fact.SELECTION_REASON: _holding(
                clauses,
                _texts(situation.selection_reason, facts.selection_reasons),
                lambda when, reason: reason in (when.selection_reason or (reason,)),
            ),
            Fact.END: {len(entered)} if situation.end_known else range(1, len(entered) + 1),
        }
    )


def possible_roles(situation: Situation) -> tuple[Role, ...]:
    """Give the roles that a connection may have had: role `unknown` leaves all of them open."""
    return tuple(Role) if situation.role is Role.UNKNOWN else (situation.role,)


def _regions(rule: Rule, clauses: Sequence[ExceptionClause], situation: Situation) -> AbstractSet[Region]:
    """Judge each region that the connection's account may have; where none is logged, any is possible.

    A region is free text: there is always one that nothing names.
    """
    choice = wanted_by(rule.scope.home_region)
    named = {held.region for held in situation.windows if held.region is not None}
    possible = {*(choice.names if choice else ()), *named, NOT_NAMED}
    regions = possible if situation.home_region is None else {situation.home_region}
    return {
        Region(
            choice is None or choice.takes(region),
            tuple(_window(clause.when, region, situation) is not None for clause in clauses),
            tuple(_window(clause.when, region, situation) is True for clause in clauses),
        )
        for region in regions
    }


def _window(when: When, region: str, situation: Situation) -> bool | None:
    """Tell whether a condition on windows leans on a late one; None: it does not hold."""
    if when.in_window is None:
        return False
    late = [
        held.late
        for held in situation.windows
        if held.window == when.in_window and held.region in (None, region)
    ]
    return all(late) if late else None


def _accounts(rule: Rule, situation: Situation) -> AbstractSet[bool]:
    if rule.scope.accounts is None:
        return {True}
    if situation.account_lists is None:
        return {True, False}
    return {rule.id in situation.account_lists}


def _labels(rule: Rule, situation: Situation, facts: Facts) -> AbstractSet[bool]:
    """Tell whether all labels have the values that the scope names; one that is not logged may have any."""
    wanted = rule.scope.labels or {}
    logged = dict(zip(facts.labels, situation.labels, strict=True))
    if any(logged[key] is not None and logged[key] not in values for key, values in wanted.items()):
        return {False}
    return {True, False} if any(logged[key] is None for key in wanted) else {True}


def _role(rule: Rule, clauses: Sequence[ExceptionClause], role: Role) -> RoleHeld:
    return RoleHeld(
        role in (rule.scope.roles or (role,)), tuple(role in (clause.roles or (role,)) for clause in clauses)
    )


def _holding(
    clauses: Sequence[ExceptionClause], values: Collection[Value], holds: Callable[[When, Value], bool]
) -> AbstractSet[Holds]:
    return {tuple(holds(clause.when, value) for clause in clauses) for value in values}


def _tiers(situation: Situation) -> Collection[Tier]:
    return tuple(Tier) if situation.tier is None else (situation.tier,)


def _numbers(reached: int | None, thresholds: Sequence[int], least: int) -> Collection[int]:
    """Give one number for each class that is possible: the least of it."""
    numbers = [least, *(number for number in thresholds if number > least)]
    if reached is None:
        return numbers
    return [max(number for number in (least, *thresholds[:reached]))]


def _texts(text: str | None, named: Collection[str]) -> Collection[str]:
    return (*named, NOT_NAMED) if text is None else (text,)
