"""What rules mean for whole calls: `require`, and roles that must be observed.

Part of the evaluator, apart from it only for its length. Design: SEMANTICS.md, section 3.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import IntFlag
from itertools import product

from auditor.model import Role, Verdict
from auditor.ruleset.choices import allowed_by, ways_of
from auditor.ruleset.facts import Facts
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import Fact, Judgement
from auditor.ruleset.worlds import Region, RoleHeld, World, possible_roles, worlds_of


class CallFact(IntFlag):
    """What the connections of a call tell a `require` rule; those of a call are joined by `or`.

    `ROLE_*`: a connection of a required role; `INSIDE_*`: one of these that is where the rule wants it. The
    others say what leaves the scope of a connection open.
    """

    SCOPE_POSSIBLE = 1
    SCOPE_SURE = 2
    ROLE_POSSIBLE = 4
    ROLE_SURE = 8
    INSIDE_POSSIBLE = 16
    INSIDE_SURE = 32
    OPEN_BY_PARTICIPANT = 64
    OPEN_BY_HOME_REGION = 128
    OPEN_BY_ACCOUNT = 256
    OPEN_BY_LABEL = 512
    OPEN_BY_ROLE = 1024
    OPEN_BY_USE = 2048
    OPEN_BY_END = 4096


_OPEN_BY = {
    Fact.PARTICIPANT: CallFact.OPEN_BY_PARTICIPANT,
    Fact.HOME_REGION: CallFact.OPEN_BY_HOME_REGION,
    Fact.ACCOUNT: CallFact.OPEN_BY_ACCOUNT,
    Fact.LABEL: CallFact.OPEN_BY_LABEL,
    Fact.ROLE: CallFact.OPEN_BY_ROLE,
    Fact.USE: CallFact.OPEN_BY_USE,
    Fact.END: CallFact.OPEN_BY_END,
}


CALL_SCOPE_OPEN, CALL_PLACE_OPEN, NONE_INSIDE = "call_scope_open", "call_place_open", "none_inside"
"""Why a call is not determined, or violates."""


def call_facts(rule: RequireRule, situation: Situation, facts: Facts) -> CallFact:
    """Say what one connection tells of its call, whoever takes part in it."""
    entered = range(situation.starts_in, situation.ends_by + 1)
    found = CallFact(0)
    scopes = scopes_of(rule, situation, facts)
    found |= CallFact.SCOPE_POSSIBLE if True in scopes else CallFact(0)
    found |= CallFact.SCOPE_SURE if scopes == {True} else CallFact(0)
    if len(scopes) > 1:
        doubtful = set(_open_by(rule, situation, facts, entered))
        for fact in doubtful - {Fact.END} or doubtful:
            found |= _OPEN_BY[fact]
    if not any(role in rule.require.roles for role in possible_roles(situation)):
        return found
    is_sure = situation.role in rule.require.roles and situation.use_proved
    inside = _inside(rule, situation, facts, entered)
    found |= CallFact.ROLE_POSSIBLE
    found |= CallFact.ROLE_SURE if is_sure else CallFact(0)
    found |= CallFact.INSIDE_POSSIBLE if True in inside else CallFact(0)
    found |= CallFact.INSIDE_SURE if is_sure and inside == {True} else CallFact(0)
    return found


def _open_by(rule: RequireRule, situation: Situation, facts: Facts, entered: range) -> Iterator[Fact]:
    """Find the facts that may put a connection in scope, or out of it."""
    for fact, values in worlds_of(rule, situation, facts, entered).values.items():
        told = {value.in_scope if isinstance(value, Region | RoleHeld) else value for value in values}
        if fact in _OPEN_BY and len(told) > 1:
            yield fact


def _inside(rule: RequireRule, situation: Situation, facts: Facts, entered: range) -> set[bool]:
    """Say whether the relay stays where the rule wants it, in each world.

    At each instant at which the rule is in force; where it never is while the connection lasts, at all of
    them: it may tell of a call that began before or goes on after.
    """
    in_force = [rule.in_force.covers(facts.periods.begin(period)) for period in entered]
    lives = [len(entered)] if situation.end_known else range(1, len(entered) + 1)
    return {
        all(way[instant] for instant in _bound(in_force[:life]))
        for (way,) in ways_of(situation.relay, [allowed_by(rule)], facts.periods, entered)
        for life in lives
    }


def _bound(in_force: Sequence[bool]) -> Sequence[int]:
    return [instant for instant, binds in enumerate(in_force) if binds] or range(len(in_force))


def judge_call(rule: RequireRule, call: CallFact, *, call_known: bool = True) -> Judgement:
    """Judge a whole call under a `require` rule, by what all its connections tell.

    Where the call id is not logged, the call is one connection, and others may belong to it: at worst it is
    indeterminate.
    """
    if CallFact.SCOPE_POSSIBLE not in call:
        return Judgement(Verdict.NOT_APPLICABLE)
    if CallFact.INSIDE_SURE in call:
        return Judgement(Verdict.COMPLIANT)
    if CallFact.ROLE_POSSIBLE not in call:
        return Judgement(Verdict.INDETERMINATE, not_observed=rule.require.roles)
    if CallFact.SCOPE_SURE in call and CallFact.ROLE_SURE in call and CallFact.INSIDE_POSSIBLE not in call:
        verdict = Verdict.VIOLATION if call_known else Verdict.INDETERMINATE
        return Judgement(verdict, call_words=(NONE_INSIDE,))
    doubts = (
        () if CallFact.SCOPE_SURE in call else tuple(fact for fact, bit in _OPEN_BY.items() if bit in call)
    )
    words = [] if CallFact.SCOPE_SURE in call else [CALL_SCOPE_OPEN]
    words += [CALL_PLACE_OPEN] if CallFact.INSIDE_POSSIBLE in call or not words else []
    return Judgement(Verdict.INDETERMINATE, doubts=doubts, call_words=tuple(words))


def judge_alone(rule: RequireRule, situation: Situation, facts: Facts) -> Judgement:
    """Judge a connection under a `require` rule before its call is known whole, or where it never will be."""
    facts_told = call_facts(rule, situation, facts)
    alone = judge_call(rule, facts_told, call_known=False)
    if alone.verdict is Verdict.NOT_APPLICABLE or not situation.call_known:
        return alone
    return Judgement(Verdict.INDETERMINATE, awaits_call=True)


def roles_observed(situation: Situation) -> frozenset[Role]:
    """Say of which role a connection is surely a record."""
    is_record = situation.use_proved and situation.role is not Role.UNKNOWN
    return frozenset({situation.role}) if is_record else frozenset()


def not_observed(rule: Rule, observed: Collection[Role]) -> tuple[Role, ...]:
    """List the roles that a rule wants to see in each call and that are not among those observed."""
    return tuple(role for role in rule.scope.must_observe or () if role not in observed)


def scopes_of(rule: Rule, situation: Situation, facts: Facts) -> frozenset[bool]:
    """Say whether a connection is in scope, in each world: at any instant is enough."""
    entered = range(situation.starts_in, situation.ends_by + 1)
    in_force = [rule.in_force.covers(facts.periods.begin(period)) for period in entered]
    worlds = worlds_of(rule, situation, facts, entered)
    values = {**worlds.values, Fact.RELAY: [()]}
    return frozenset(
        world.in_scope
        and any(in_force[instant] and world.participant[instant] for instant in range(world.end))
        for world in map(World._make, product(*values.values()))
    )
