"""The lint that sets obligations side by side: what one rule wants where another forbids it.

Design: LAW.md, section 7.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from auditor.countries import COUNTRIES
from auditor.documents import Loc
from auditor.model import Role
from auditor.ruleset.choices import Choice, wanted_by
from auditor.ruleset.clauses import When
from auditor.ruleset.lints.remark import Reading, Remark, quoted
from auditor.ruleset.schema import FenceRule, NeverRule, RequireRule, Rule, clauses_of

_AT: Loc = ("require", "in")


class Contradiction(NamedTuple):
    """A `require`, and a rule that forbids some of its roles in every place where it wants them.

    `since` is the first instant at which it does.
    `in_one_connection`: a single participant can be in both scopes; else only a call that is shared is.
    """

    wants: RequireRule
    forbids: FenceRule | NeverRule
    roles: tuple[Role, ...]
    since: datetime
    in_one_connection: bool

    @property
    def without_note(self) -> tuple[str, ...]:
        """Name the rules that do not say why both are kept."""
        return tuple(rule.id for rule in (self.wants, self.forbids) if rule.conflict_note is None)


def contradiction(reading: Reading) -> Iterator[Remark]:
    """Find each `require` that a fence or a `never` contradicts. It is noted when both say why it is kept."""
    for one in contradictions_in(reading):
        yield Remark(
            reading.documents_of_rules[one.wants.id].place(_AT),
            one.wants.id,
            _told(one),
            _hint(one.without_note),
            is_noted=not one.without_note,
        )


def contradictions_in(reading: Reading) -> Iterator[Contradiction]:
    """Compare each `require` with each fence and each `never` whose scope holds of some of its calls."""
    rules = reading.ruleset.rules
    for wants in rules:
        for forbids in rules:
            if isinstance(wants, RequireRule) and isinstance(forbids, FenceRule | NeverRule):
                found = _between(wants, forbids, reading)
                if found:
                    yield found


def _between(wants: RequireRule, forbids: FenceRule | NeverRule, reading: Reading) -> Contradiction | None:
    if not _may_be_one_call(wants, forbids):
        return None
    instants = [at for at in reading.instants_of(wants, forbids) if _roles(wants, forbids, at, reading)]
    both = {at: (_participants(wants, at, reading), _participants(forbids, at, reading)) for at in instants}
    shared = [at for at in instants if all(both[at])]
    if not shared:
        return None
    return Contradiction(
        wants,
        forbids,
        _roles(wants, forbids, shared[0], reading),
        shared[0],
        in_one_connection=any(one & other for one, other in both.values()),
    )


def _roles(
    wants: RequireRule, forbids: FenceRule | NeverRule, at: datetime, reading: Reading
) -> tuple[Role, ...]:
    """List the roles for which no place that the one wants is one that the other lets be."""
    wanted = reading.allowed(wants, at)
    return tuple(
        role
        for role in wants.require.roles
        if wanted
        and role in (forbids.scope.roles or (role,))
        and not wanted & _let_be(forbids, role, at, reading)
    )


def _let_be(rule: Rule, role: Role, at: datetime, reading: Reading) -> frozenset[str]:
    """Give the countries where a rule lets a role be, by itself or by an exception that always stands."""
    standing = [
        clause.allow
        for clause in clauses_of(rule)
        if clause.when == When() and clause.limits is None and role in (clause.roles or (role,))
    ]
    members = (reading.ruleset.groups.members(names, at) for names in standing)
    return reading.allowed(rule, at).union(*members)


def _participants(rule: Rule, at: datetime, reading: Reading) -> frozenset[str]:
    wanted = wanted_by(rule.scope.participant)
    if wanted is None:
        return COUNTRIES
    members = reading.ruleset.groups.members(wanted.names, at)
    return members if wanted.these else COUNTRIES - members


def _may_be_one_call(one: Rule, other: Rule) -> bool:
    """Tell whether one account may be in both scopes."""
    labels, others = one.scope.labels or {}, other.scope.labels or {}
    return (
        _overlap(wanted_by(one.scope.home_region), wanted_by(other.scope.home_region))
        and _overlap(wanted_by(one.scope.accounts), wanted_by(other.scope.accounts))
        and all(set(labels[key]) & set(others[key]) for key in labels.keys() & others.keys())
    )


def _overlap(one: Choice | None, other: Choice | None) -> bool:
    """Tell whether some name is chosen by both. Names are free text: there is always one more."""
    if one is None or other is None or not (one.these or other.these):
        return True
    named, judged = (one, other) if one.these else (other, one)
    return any(judged.takes(name) for name in named.names)


def _told(one: Contradiction) -> str:
    roles = quoted(one.roles)
    text = f"contradicts `{one.forbids.id}`: it wants {roles} in {quoted(one.wants.require.in_)}"
    text += f", where from {one.since:%Y-%m-%d} that rule lets none be"
    return (
        text if one.in_one_connection else f"{text}; not for one participant, but in a call shared by several"
    )


def _hint(without_note: tuple[str, ...]) -> str | None:
    return f"say in a `conflict_note` of {quoted(without_note)} why both are kept" if without_note else None
