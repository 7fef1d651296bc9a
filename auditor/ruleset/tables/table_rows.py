"""A decision table in long form, for other programs: one row per cell, and nothing gathered or left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from auditor.countries import COUNTRIES
from auditor.model import Role
from auditor.ruleset.facts import NOT_NAMED
from auditor.ruleset.groups import BEGINNING
from auditor.ruleset.table import Axes, Cell, Decision, Subject, axes_of, table_of
from auditor.ruleset.verdicts import LimitKind

ANY, NONE, ALL_BUT = "any", "none", "all but "
"""What no rule asks; no window; and all values but those that the rule names."""

_SCOPE = ("rule", "version", "from", "until", "roles", "home_region", "accounts")
_CONDITIONS = ("tier", "attempt", "failed_primaries", "selection_reason", "windows")
_DECISION = ("verdict", "exception", *LimitKind, "overflow")

Row = tuple[str, ...]


def table_columns(axes: Axes) -> Row:
    """Name the columns of a table: the labels that the rule asks for have one each."""
    labels = (f"label_{key}" for key in axes.labels)
    return (*_SCOPE, *labels, "participants", *_CONDITIONS, "relays", *_DECISION)


def table_rows(subject: Subject) -> tuple[Row, list[Row]]:
    """Give the columns and a row per cell, in their order.

    Roles, countries and windows are joined by blanks, each spelled out with all that the cell stands for;
    accounts too. An empty `from` or `until` is open. Numbers are `3`, `1-2` or `3+`.
    """
    axes = axes_of([subject])
    ends = dict(zip(axes.instants, axes.instants[1:], strict=False))
    rows = [
        (
            *(subject.rule.id, subject.rule.version, _instant(cell.at), _instant(ends.get(cell.at))),
            *_cell(cell, axes),
            *_decision(decision),
        )
        for cell, decision in table_of(subject, axes).items()
    ]
    return table_columns(axes), rows


def _cell(cell: Cell, axes: Axes) -> Iterator[str]:
    yield " ".join(role for role in Role if role in axes.roles[cell.role])
    yield _named(cell.home_region, axes.home_regions)
    yield _listed(cell.account, axes.accounts)
    for key, value in cell.labels:
        yield _named(value, axes.labels[key])
    yield _countries(axes.participants[cell.participant])
    yield str(cell.tier or ANY)
    yield _number(cell.attempt, axes.attempts)
    yield _number(cell.failed_primaries, axes.failed_primaries)
    yield _named(cell.selection_reason, axes.selection_reasons)
    yield ANY if len(axes.windows) == 1 else " ".join(sorted(cell.windows)) or NONE
    yield _countries(axes.relays[cell.relay])


def _decision(decision: Decision) -> Iterator[str]:
    clause = decision.clause
    yield str(decision.verdict)
    yield clause.id if clause else ""
    limits = clause.limits if clause else None
    for kind in LimitKind:
        value = getattr(limits, kind, None)
        yield "" if value is None else f"{value.max if kind is LimitKind.SHARE else value}"
    yield str(clause.overflow) if clause and limits else ""


def _instant(at: datetime | None) -> str:
    """Write an instant as rules do; what has no beginning or end is empty."""
    return "" if at in (None, BEGINNING) else f"{at:%Y-%m-%dT%H:%M:%S}{_fraction(at)}Z"


def _fraction(at: datetime) -> str:
    return f".{at.microsecond:06}" if at.microsecond else ""


def _named(value: str, values: Sequence[str]) -> str:
    if value != NOT_NAMED:
        return value
    others = [one for one in values if one != NOT_NAMED]
    return f"{ALL_BUT}{' '.join(others)}" if others else ANY


def _listed(account: str, accounts: Mapping[str, tuple[str, ...]]) -> str:
    if account != NOT_NAMED:
        return " ".join(accounts[account])
    others = [one for first, alike in accounts.items() if first != NOT_NAMED for one in alike]
    return f"{ALL_BUT}{' '.join(sorted(others))}" if others else ANY


def _countries(alike: Iterable[str]) -> str:
    alike = sorted(alike)
    return ANY if len(alike) == len(COUNTRIES) else " ".join(alike)


def _number(least: int, classes: Sequence[int]) -> str:
    if len(classes) == 1:
        return ANY
    place = classes.index(least)
    if place == len(classes) - 1:
        return f"{least}+"
    most = classes[place + 1] - 1
    return str(least) if most == least else f"{least}-{most}"
