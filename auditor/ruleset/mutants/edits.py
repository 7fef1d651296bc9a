"""The small mistakes that a rule, or a group that it uses, might have been written with.

Design: SEMANTICS.md, section 5.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from auditor.documents import Loc
from auditor.ruleset.clauses import ExceptionClause, Limits, Overflow, When
from auditor.ruleset.groups import Groups
from auditor.ruleset.interval import Interval
from auditor.ruleset.schema import In, NotIn, RegionNotIn, RequireRule, Rule, Scope, clauses_of, place_names

SITES = ("US", "DE", "GB", "SG", "JP", "IN", "AU", "BR", "CA", "CN", "HK", "MO", "TW", "PR", "RU")
"""Codes that are added: where data centres often stand, and territories that are taken for their mainland."""

TAKEN_FOR_EACH_OTHER = ("CN_MAINLAND", "CN_US_DSP")
"""Two groups for one word, *China*."""

REMOVED, TWICE, HALF, ONE_MORE, ONE_LESS = "removed", "x2", "x1/2", "1 more", "1 less"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what stands at a path instead. `group`: the path is in this group, else in the rule.

    `name` tells the change from all others of the rule, and does not depend on its other keys.
    """

    name: str
    path: Loc
    value: object
    group: str | None = None


def edits_of(rule: Rule, groups: Groups) -> Iterator[Edit]:
    """Give each small mistake once. Some may change nothing of what the rule means."""
    yield from _scope_edits(rule.scope)
    for key, path, names in named_places(rule):
        yield from _name_edits(key, path, names, groups)
    if isinstance(rule, RequireRule):
        yield from _drops("require.roles", ("require", "roles"), rule.require.roles)
    for place, clause in enumerate(clauses_of(rule)):
        kept = (*clauses_of(rule)[:place], *clauses_of(rule)[place + 1 :])
        yield Edit(f"exceptions.{clause.id}: {REMOVED}", ("exceptions",), kept)
        yield from _clause_edits(f"exceptions.{clause.id}", ("exceptions", place), clause)
    yield from _date_edits(
        "in_force", ("in_force",), rule.in_force, keys=("from_", "until"), removable=("until",)
    )
    yield from _group_edits(rule, groups)


def changed(model: Any, path: Loc, value: object) -> Any:  # noqa: ANN401  any frozen model or tuple, and its like
    """Copy a model with another value at a path."""
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        return (*model[:step], changed(model[step], tuple(rest), value), *model[step + 1 :])
    return model.model_copy(update={step: changed(getattr(model, step), tuple(rest), value)})


def named_places(rule: Rule) -> Iterator[tuple[str, Loc, tuple[str, ...]]]:
    """Find each list of places in a rule: its key as it is written, where it stands, and what it names."""
    body = getattr(rule, rule.effect)
    for field in ("allow", "forbid", "in_"):
        if getattr(body, field, None):
            yield f"{rule.effect}.{_written(field)}", (rule.effect, field), getattr(body, field)
    for place, clause in enumerate(clauses_of(rule)):
        yield f"exceptions.{clause.id}.allow", ("exceptions", place, "allow"), clause.allow
    match rule.scope.participant:
        case In(in_=names):
            yield "scope.participant.in", ("scope", "participant", "in_"), names
        case NotIn(not_in=names):
            yield "scope.participant.not_in", ("scope", "participant", "not_in"), names


def _scope_edits(scope: Scope) -> Iterator[Edit]:
    yield from _drops("scope.roles", ("scope", "roles"), scope.roles or ())
    regions = scope.home_region.not_in if isinstance(scope.home_region, RegionNotIn) else scope.home_region
    for key in ("home_region", "roles", "accounts", "participant"):
        if getattr(scope, key) is not None:
            yield Edit(f"scope.{key}: {REMOVED}", ("scope", key), None)
    if isinstance(scope.home_region, RegionNotIn):
        yield from _drops("scope.home_region.not_in", ("scope", "home_region", "not_in"), regions or ())
    else:
        yield from _drops("scope.home_region", ("scope", "home_region"), regions or ())
    yield from _drops("scope.accounts", ("scope", "accounts"), scope.accounts or ())
    yield from _label_edits(scope.labels or {})
    for role in scope.must_observe or ():
        left = tuple(other for other in scope.must_observe or () if other is not role)
        yield Edit(f"scope.must_observe: drop {role}", ("scope", "must_observe"), left or None)


def _label_edits(labels: Mapping[str, tuple[str, ...]]) -> Iterator[Edit]:
    path = ("scope", "labels")
    for label, values in labels.items():
        others = {key: kept for key, kept in labels.items() if key != label}
        yield Edit(f"scope.labels.{label}: {REMOVED}", path, others or None)
        for edit in _drops(f"scope.labels.{label}", path, values):
            yield replace(edit, value={**labels, label: edit.value})


def _drops(key: str, path: Loc, items: tuple[str, ...]) -> Iterator[Edit]:
    """Leave out each item; the last one cannot be."""
    for item in items if len(items) > 1 else ():
        yield Edit(f"{key}: drop {item}", path, tuple(other for other in items if other != item))


def _name_edits(key: str, path: Loc, names: tuple[str, ...], groups: Groups) -> Iterator[Edit]:
    yield from _drops(key, path, names)
    for name in (*sorted(groups.by_id), *SITES):
        if name not in names:
            yield Edit(f"{key}: add {name}", path, (*names, name))
    for one, other in (TAKEN_FOR_EACH_OTHER, TAKEN_FOR_EACH_OTHER[::-1]):
        if one in names and other in groups.by_id and other not in names:
            swapped = tuple(other if name == one else name for name in names)
            yield Edit(f"{key}: {other} for {one}", path, swapped)


def _clause_edits(key: str, path: Loc, clause: ExceptionClause) -> Iterator[Edit]:
    yield from _drops(f"{key}.roles", (*path, "roles"), clause.roles or ())
    if clause.roles:
        yield Edit(f"{key}.roles: {REMOVED}", (*path, "roles"), None)
    yield from _condition_edits(f"{key}.when", (*path, "when"), clause.when)
    if clause.limits:
        yield from _limit_edits(f"{key}.limits", (*path, "limits"), clause.limits)
        other = Overflow.ALL if clause.overflow is Overflow.EXCESS else Overflow.EXCESS
        yield Edit(f"{key}.overflow: {other}", (*path, "overflow"), other)


def _condition_edits(key: str, path: Loc, when: When) -> Iterator[Edit]:
    for name in When.model_fields:
        if getattr(when, name) is not None:
            yield Edit(f"{key}.{name}: {REMOVED}", (*path, name), None)
    yield from _drops(f"{key}.tier", (*path, "tier"), when.tier or ())
    yield from _drops(f"{key}.selection_reason", (*path, "selection_reason"), when.selection_reason or ())
    yield from _counts(f"{key}.attempt_min", (*path, "attempt_min"), when.attempt_min, least=1)
    yield from _counts(
        f"{key}.failed_primaries_min", (*path, "failed_primaries_min"), when.failed_primaries_min, least=0
    )


def _counts(key: str, path: Loc, number: int | None, *, least: int) -> Iterator[Edit]:
    if number is None:
        return
    yield Edit(f"{key}: {ONE_MORE}", path, number + 1)
    if number > least:
        yield Edit(f"{key}: {ONE_LESS}", path, number - 1)


def _limit_edits(key: str, path: Loc, limits: Limits) -> Iterator[Edit]:
    kinds = [name for name in Limits.model_fields if getattr(limits, name) is not None]
    for kind in kinds:
        alone = (path, None) if len(kinds) == 1 else ((*path, kind), None)
        yield Edit(f"{key}.{kind}: {REMOVED}", *alone)
    name = "connections_per_call"
    yield from _counts(f"{key}.{name}", (*path, name), limits.connections_per_call, least=1)
    if limits.minutes_per_call is not None:
        name = "minutes_per_call"
        yield Edit(f"{key}.{name}: {HALF}", (*path, name), limits.minutes_per_call / 2)
        yield Edit(f"{key}.{name}: {TWICE}", (*path, name), limits.minutes_per_call * 2)
    if limits.share_of_calls is not None:
        share, at = limits.share_of_calls.max, (*path, "share_of_calls", "max")
        yield Edit(f"{key}.share_of_calls: {HALF}", at, share / 2)
        if share < 1:
            yield Edit(f"{key}.share_of_calls: {TWICE}", at, min(share * 2, Decimal(1)))


def _group_edits(rule: Rule, groups: Groups) -> Iterator[Edit]:
    used = dict.fromkeys(name for names in place_names(rule) for name in groups.included(names))
    for name in used:
        members = groups.by_id[name].members
        codes = [member.code for member in members]
        for place, member in enumerate(members):
            nth = f"[{codes[: place + 1].count(member.code)}]" if codes.count(member.code) > 1 else ""
            key = f"groups.{name}.members.{member.code}{nth}"
            for edit in _date_edits(
                key, ("members", place), member, keys=("from_", "until"), removable=("from_", "until")
            ):
                yield Edit(edit.name, edit.path, edit.value, group=name)


def _date_edits(
    key: str, path: Loc, interval: Interval, *, keys: tuple[str, ...], removable: tuple[str, ...]
) -> Iterator[Edit]:
    for field in keys:
        date: datetime | None = getattr(interval, field)
        if date is None:
            continue
        name = f"{key}.{_written(field)}"
        for moved, words in ((-_SECOND, "1 second earlier"), (_SECOND, "1 second later")):
            try:
                yield Edit(f"{name}: {words}", (*path, field), date + moved)
            except OverflowError:  # at the very ends of the calendar
                continue
        if field in removable:
            yield Edit(f"{name}: {REMOVED}", (*path, field), None)


def _written(field: str) -> str:
    return field.rstrip("_")
