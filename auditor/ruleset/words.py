"""A rule in plain words. Countries stay codes: their names are the report's."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import (
    FenceRule,
    In,
    NeverRule,
    RegionNotIn,
    RequireRule,
    Rule,
    Scope,
    WatchRule,
    place_names,
)


def sentences_of(rule: Rule, ruleset: RuleSet) -> list[str]:
    """Say whom a rule is about, when and where it binds, and what its groups stand for, and when."""
    return [
        _who(rule.scope),
        _roles(rule.scope),
        _when(rule),
        _where(rule),
        *_spelled(rule, ruleset.groups),
    ]


def _who(scope: Scope) -> str:
    conditions = [*_regions(scope), *_accounts(scope), *_participants(scope)]
    return (
        f"It is about connections {' and '.join(conditions)}."
        if conditions
        else "It is about all connections."
    )


def _regions(scope: Scope) -> Iterator[str]:
    match scope.home_region:
        case None:
            return
        case RegionNotIn(not_in=regions):
            yield f"of accounts with a home region other than {_either(regions)}"
        case regions:
            yield f"of accounts with the home region {_either(regions)}"


def _accounts(scope: Scope) -> Iterator[str]:
    if scope.accounts:
        yield f"of the account {_either(scope.accounts)}"


def _participants(scope: Scope) -> Iterator[str]:
    match scope.participant:
        case None:
            return
        case In(in_=names):
            yield f"whose participant is in {_either(names)}"
        case other:
            yield f"whose participant is outside {_either(other.not_in)}"


def _roles(scope: Scope) -> str:
    if scope.roles is None:
        return "It covers relays in every role."
    return f"It covers relays in the role {_either(scope.roles)}."


def _when(rule: Rule) -> str:
    force, start = rule.in_force, _instant(rule.in_force.from_)
    return (
        f"It is in force from {start} until {_instant(force.until)}."
        if force.until
        else f"It is in force from {start}."
    )


def _where(rule: Rule) -> str:
    match rule:
        case FenceRule():
            if rule.fence.allow:
                return f"The relay must be in {_either(rule.fence.allow)}."
            return f"The relay must not be in {_either(rule.fence.forbid or ())}."
        case NeverRule():
            return f"The relay must never be in {_either(rule.never.in_)}. Nothing excuses it."
        case RequireRule():
            roles = _either(rule.require.roles)
            return f"Each call must have a relay in the role {roles} in {_either(rule.require.in_)}."
        case WatchRule():
            return f"Relays in {_either(rule.watch.in_)} are counted and shown. They are no findings."


def _spelled(rule: Rule, groups: Groups) -> Iterator[str]:
    """Spell out each group that the rule names, and how it changes within the rule's time."""
    for name in dict.fromkeys(name for names in place_names(rule) for name in names if name in groups.by_id):
        force = rule.in_force
        changes = [at for at in groups.changes([name]) if at > force.from_ and force.covers(at)]
        codes = sorted(groups.members([name], force.from_))
        parts = [f"stands for {_all(codes) if codes else 'no country'}"]
        before = frozenset(codes)
        for at in changes:
            after = groups.members([name], at)
            parts.append(f"from {_instant(at)} {_change(before, after)}")
            before = after
        yield f"{name} ({groups.by_id[name].title}) {'; '.join(parts)}."


def _change(before: frozenset[str], after: frozenset[str]) -> str:
    gone, come = sorted(before - after), sorted(after - before)
    words = [f"no longer for {_all(gone)}"] if gone else []
    return " and ".join(words + ([f"also for {_all(come)}"] if come else []))


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _either(words: Iterable[str]) -> str:
    return _joined(words, "or")


def _all(words: Iterable[str]) -> str:
    return _joined(words, "and")


def _joined(words: Iterable[str], last_word: str) -> str:
    *others, last = words
    return f"{', '.join(others)} {last_word} {last}" if others else last
