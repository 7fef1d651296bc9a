"""What is said of whole calls: `require` and `must_observe`. SEMANTICS.md, section 3, *Effects*."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.reference.facts import Certainty, Facts, Opinion
from tests.reference.judging import moments_of
from tests.reference.listing import Moment
from tests.reference.world import Groups, RuleDict

Subject = tuple[str, str]
"""`call` or `unobserved`, and a call id; or `unobserved`, and the log whose connections have no call id."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What one connection of a call has to say on what the call must have."""

    scope: Certainty
    of_roles: Certainty
    inside: Certainty


def required(
    rule: RuleDict, groups: Groups, connections: Sequence[Facts], scope: Sequence[Certainty]
) -> tuple[list[Opinion], dict[Subject, Opinion]]:
    """Judge the calls of a `require` rule: what each connection bears, and the findings of calls.

    A connection without a call id is a call of its own, and bears its finding itself.
    """
    opinions = [Opinion("not_applicable") for _ in connections]
    findings: dict[Subject, Opinion] = {}
    for call, members in calls_among(connections):
        witnesses = [witness_of(rule, groups, connections[n], scope[n]) for n in members]
        said = call_opinion(rule, witnesses, is_whole=call is not None)
        for number in members:
            if scope[number] is not Certainty.NO:
                opinions[number] = said
        if call is not None and said.verdict in ("violation", "indeterminate"):
            findings["call", call] = said
    return opinions, findings


def calls_among(connections: Sequence[Facts]) -> list[tuple[str | None, list[int]]]:
    """List the calls with their connections; those without an id are one each."""
    calls: dict[str, list[int]] = {}
    single: list[tuple[str | None, list[int]]] = []
    for number, facts in enumerate(connections):
        if facts.call_id is None:
            single.append((None, [number]))
        else:
            calls.setdefault(facts.call_id, []).append(number)
    return [*calls.items(), *single]


def witness_of(rule: RuleDict, groups: Groups, facts: Facts, scope: Certainty) -> Witness:
    """Ask one connection."""
    moments, ends = moments_of(rule, groups, facts)
    return Witness(
        scope=scope,
        of_roles=role_among(facts, rule["require"]["roles"]),
        inside=Certainty.of(stays(moments[:end], country) for country in facts.relay for end in ends),
    )


def stays(moments: Sequence[Moment], country: str) -> bool:
    """Tell whether a relay in a country is inside whenever the rule is in force; if it never is, always."""
    bound = [moment for moment in moments if moment.in_force] or moments
    return all(country in moment.body for moment in bound)


def role_among(facts: Facts, roles: Sequence[str]) -> Certainty:
    """Say how surely a connection was of one of the roles."""
    if facts.role == "unknown":
        return Certainty.POSSIBLE
    if facts.role not in roles:
        return Certainty.NO
    return Certainty.SURE if facts.use_proved else Certainty.POSSIBLE


def call_opinion(rule: RuleDict, witnesses: Sequence[Witness], *, is_whole: bool) -> Opinion:
    """Judge one call by its connections; `is_whole` False is a connection without a call id."""
    scope = max(each.scope for each in witnesses)
    of_roles = [each for each in witnesses if each.of_roles is not Certainty.NO]
    surely = [each for each in of_roles if each.of_roles is Certainty.SURE]
    if scope is Certainty.NO:
        return Opinion("not_applicable")
    if any(each.inside is Certainty.SURE for each in surely):
        return Opinion("compliant")
    outside = bool(surely) and all(each.inside is Certainty.NO for each in of_roles)
    if outside and scope is Certainty.SURE and is_whole:
        return Opinion("violation")
    return Opinion("indeterminate", frozenset() if of_roles else not_observed(rule["require"]["roles"]))


def not_observed(roles: Sequence[str]) -> frozenset[str]:
    """Name the roles of which nothing was seen."""
    return frozenset(f"not_observed:{role}" for role in roles)


def unobserved(
    rule: RuleDict, connections: Sequence[Facts], scope: Sequence[Certainty]
) -> dict[Subject, Opinion]:
    """List the calls in scope in which a role that must be observed was not: one finding each.

    The connections without a call id are asked each by itself, and their log gets the finding.
    """
    roles = rule["scope"].get("must_observe", [])
    missing: dict[Subject, frozenset[str]] = {}
    for call, members in calls_among(connections):
        in_scope = any(scope[number] is not Certainty.NO for number in members)
        seen = {connections[n].role for n in members if connections[n].use_proved}
        unseen = [role for role in roles if role not in seen]
        if in_scope and unseen:
            subject = "unobserved", connections[members[0]].log if call is None else call
            missing[subject] = missing.get(subject, frozenset()) | not_observed(unseen)
    return {subject: Opinion("indeterminate", words) for subject, words in missing.items()}
