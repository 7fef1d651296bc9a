"""A rule in plain words. Countries are codes, unless whoever asks names them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from auditor.countries import COUNTRIES
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
    clauses_of,
    place_names,
)
from auditor.ruleset.wording.exception_words import exception_sentences, observe_sentence
from auditor.ruleset.wording.phrases import all_of, either, instant_words

NameOf = Callable[[str], str]
"""Names the country of a code."""


def as_it_is(code: str) -> str:
    """Name a country by its code."""
    return code


@dataclass(frozen=True, slots=True)
class Named:
    """Names places; groups keep their ids."""

    name_of: NameOf

    def either(self, places: Sequence[str]) -> str:
        """Name places of which one is meant."""
        return either(self.each(places))

    def each(self, places: Sequence[str]) -> list[str]:
        """Name each place."""
        return [self.name_of(place) if place in COUNTRIES else place for place in places]


def heading_of(rule: Rule) -> str:
    """Name a rule with its version, and say if it is a draft."""
    return f"{rule.id} {rule.version}{' (draft)' if rule.is_draft else ''}"


def sentences_of(rule: Rule, ruleset: RuleSet, name_of: NameOf = as_it_is) -> list[str]:
    """Say what a rule asks: whom it is about, roles, when and where it binds, in the first four sentences.

    Then follow its exceptions, the roles that it wants to observe, and its groups with their changes.
    """
    named = Named(name_of)
    observed = rule.scope.must_observe
    return [
        *scope_sentences(rule, named),
        *exception_sentences(clauses_of(rule), named.either),
        *([observe_sentence(observed)] if observed else []),
        *spelled(rule, ruleset.groups, name_of),
    ]


def scope_sentences(rule: Rule, named: Named) -> list[str]:
    """Say whom a rule is about, roles, when and where it binds."""
    return [_who(rule.scope, named), _roles(rule.scope), _when(rule), _where(rule, named)]


def waiver_sentence(rule: Rule) -> str:
    """Say what a waiver can do about findings of a rule."""
    match rule:
        case NeverRule():
            return "No waiver is possible."
        case WatchRule():
            return "It has no findings, and so nothing to waive."
        case _:
            return (
                "A waiver can set findings aside: with a reason, approved by a second person, for no more "
                "than 180 days. The verdicts stay in every count."
            )


def _who(scope: Scope, named: Named) -> str:
    conditions = [*_regions(scope), *_accounts(scope), *_participants(scope, named), *_labels(scope)]
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
            yield f"of accounts with a home region other than {either(regions)}"
        case regions:
            yield f"of accounts with the home region {either(regions)}"


def _accounts(scope: Scope) -> Iterator[str]:
    if scope.accounts:
        yield f"of the account {either(scope.accounts)}"


def _participants(scope: Scope, named: Named) -> Iterator[str]:
    match scope.participant:
        case None:
            return
        case In(in_=names):
            yield f"whose participant is in {named.either(names)}"
        case other:
            yield f"whose participant is outside {named.either(other.not_in)}"


def _labels(scope: Scope) -> Iterator[str]:
    for key, values in (scope.labels or {}).items():
        yield f"whose label {key} is {either(values)}"


def _roles(scope: Scope) -> str:
    if scope.roles is None:
        return "It covers relays in every role."
    return f"It covers relays in the role {either(scope.roles)}."


def _when(rule: Rule) -> str:
    force, start = rule.in_force, instant_words(rule.in_force.from_)
    return (
        f"It is in force from {start} until {instant_words(force.until)}."
        if force.until
        else f"It is in force from {start}."
    )


def _where(rule: Rule, named: Named) -> str:
    match rule:
        case FenceRule():
            if rule.fence.allow:
                return f"The relay must be in {named.either(rule.fence.allow)}."
            return f"The relay must not be in {named.either(rule.fence.forbid or ())}."
        case NeverRule():
            return f"The relay must never be in {named.either(rule.never.in_)}. Nothing excuses it."
        case RequireRule():
            roles = either(rule.require.roles)
            return f"Each call must have a relay in the role {roles} in {named.either(rule.require.in_)}."
        case WatchRule():
            return f"Relays in {named.either(rule.watch.in_)} are counted and shown. They are no findings."


def spelled(rule: Rule, groups: Groups, name_of: NameOf = as_it_is) -> Iterator[str]:
    """Spell out each group that a rule names, and how it changes within the rule's time."""
    named = Named(name_of)
    for name in dict.fromkeys(name for names in place_names(rule) for name in names if name in groups.by_id):
        force = rule.in_force
        changes = [at for at in groups.changes([name]) if at > force.from_ and force.covers(at)]
        codes = sorted(groups.members([name], force.from_))
        parts = [f"stands for {all_of(named.each(codes)) if codes else 'no country'}"]
        before = frozenset(codes)
        for at in changes:
            after = groups.members([name], at)
            parts.append(f"from {instant_words(at)} {_change(before, after, named)}")
            before = after
        yield f"{name} ({groups.by_id[name].title}) {'; '.join(parts)}."


def _change(before: frozenset[str], after: frozenset[str], named: Named) -> str:
    gone, come = named.each(sorted(before - after)), named.each(sorted(after - before))
    words = [f"no longer for {all_of(gone)}"] if gone else []
    also = "also for" if before else "for"
    return " and ".join(words + ([f"{also} {all_of(come)}"] if come else []))
