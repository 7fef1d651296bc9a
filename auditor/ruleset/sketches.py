"""Connections for cases yet to be written, made from cells of a decision table.

A row is one connection of a case as a file would write it, with only the keys that matter.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from auditor.model import Verdict
from auditor.ruleset.cases import MOST_REPEATED
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.facts import NOT_NAMED
from auditor.ruleset.groups import BEGINNING
from auditor.ruleset.table import Axes, Cell, Subject, table_of

Row = dict[str, Any]
Rows = tuple[Row, ...]

ID, CALL = "c", "call"
_DEFAULT_AT = datetime(2026, 5, 1, tzinfo=UTC)
_DEFAULT_ACCOUNT = "account"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Draws connections from the cells of some axes. `subject` is the rule whose cases they are to be."""

    subject: Subject
    axes: Axes

    def row(self, cell: Cell, connection: str = ID, *, last_second: bool = False, **more: object) -> Row:
        """Write a cell as a connection. `last_second`: it starts, and ends, right before its period ends."""
        row: Row = {"id": connection, "role": str(cell.role), "relay": [cell.relay]}
        row |= self._names(cell)
        if len(self.axes.participants) > 1:
            row["participant"] = [cell.participant]
        row |= self._conditions(cell)
        row |= self._time(cell.at, last_second=last_second)
        return {**row, **{key: value for key, value in more.items() if value is not None}}

    def alone(self, cell: Cell, clauses: Collection[ExceptionClause | None]) -> Rows:
        """Write a cell as a case: with as many calls beside it as exceptions want for a share of one call."""
        row = self.row(cell)
        return (row, *self.beside(cell, row, clauses))

    def beside(
        self, cell: Cell, row: Row, clauses: Collection[ExceptionClause | None], *, uses: int = 1, name: str = "p"
    ) -> Rows:
        """Write the other calls of an account's day in which `uses` calls may just use an exception.

        Empty where no share is limited, or no connection at the same time surely complies.
        """
        most = max((calls_for(clause, uses=1) for clause in clauses if clause), default=0)
        calls = most - uses
        inside = self._inside(cell) if 0 < calls <= MOST_REPEATED else None
        if inside is None:
            return ()
        given = self.row(inside, name, repeat=calls if calls > 1 else None)
        return ({**given, **{key: row[key] for key in ("at", "minutes") if key in row}},)

    def _names(self, cell: Cell) -> Row:
        row: Row = {}
        if len(self.axes.home_regions) > 1:
            row["home_region"] = cell.home_region or _unlike(self.axes.home_regions, "other")
        if len(self.axes.accounts) > 1:
            listed = [account for alike in self.axes.accounts.values() for account in alike]
            account = cell.account or _unlike(listed, _DEFAULT_ACCOUNT)
            row |= {} if account == _DEFAULT_ACCOUNT else {"account": account}
        if cell.labels:
            row["labels"] = {
                key: value or _unlike(self.axes.labels[key], "other") for key, value in cell.labels
            }
        return row

    def _conditions(self, cell: Cell) -> Row:
        axes, row = self.axes, Row()
        if cell.tier is not None:
            row["tier"] = str(cell.tier)
        if len(axes.attempts) > 1:
            row["attempt"] = cell.attempt
        if len(axes.failed_primaries) > 1:
            row["failed_primaries"] = cell.failed_primaries
        if len(axes.selection_reasons) > 1:
            row["selection_reason"] = cell.selection_reason or _unlike(axes.selection_reasons, "other")
        if cell.windows:
            row["windows"] = sorted(cell.windows)
        return row

    def _time(self, at: datetime, *, last_second: bool) -> Row:
        """Give an instant of a period, and no length; nothing where that of a case that says none will do."""
        place = self.axes.instants.index(at)
        ends = self.axes.instants[place + 1] if place + 1 < len(self.axes.instants) else None
        if not last_second and at <= _DEFAULT_AT and (ends is None or _DEFAULT_AT + _SECOND * 60 < ends):
            return {}
        if ends is not None and (last_second or at == BEGINNING):
            at = max(at, ends - _SECOND)
        return {"at": written_at(at), "minutes": 0}

    def _inside(self, cell: Cell) -> Cell | None:
        """Find a connection of the same time, account and role that surely complies."""
        near = replace(
            self.axes,
            instants=(cell.at,),
            roles={cell.role: self.axes.roles[cell.role]},
            home_regions=(cell.home_region,),
            accounts={cell.account: self.axes.accounts[cell.account]},
        )
        table = table_of(self.subject, near)
        plain = (one for one, said in table.items() if said.verdict is Verdict.COMPLIANT and not one.windows)
        return next((one for one in plain if one.labels == cell.labels), None)


def calls_for(clause: ExceptionClause, *, uses: int) -> int:
    """Count the calls of which an exception lets so many use it; 0 where it limits no share."""
    if clause.limits is None or clause.limits.share_of_calls is None:
        return 0
    return ceil(uses / Fraction(clause.limits.share_of_calls.max))


def limit_sketches(sketcher: Sketcher, cell: Cell, clause: ExceptionClause) -> Iterator[Rows]:
    """Give calls that use an exception as much as its limits let, and a little more."""
    limits = clause.limits
    if limits is None:
        return
    most = limits.connections_per_call
    if most is not None:
        for over in (0, 1):
            yield _with_calls(sketcher, cell, clause, [[(most, 0.0), (over, 0.0)]])
    if limits.minutes_per_call is not None:
        minutes = float(limits.minutes_per_call)
        over = min(limits.minutes_per_call + 1, limits.minutes_per_call * Decimal("1.5"))
        for lasts in (minutes, float(over)):
            yield _with_calls(sketcher, cell, clause, [[(1, lasts)]])
        yield _with_calls(sketcher, cell, clause, [[(1, minutes), (1, minutes)]])
    if limits.share_of_calls is not None:
        for calls in (1, 2):
            yield _with_calls(sketcher, cell, clause, [[(1, 0.0)]] * calls)


def written_at(at: datetime) -> str:
    """Write an instant as rule files do."""
    return at.isoformat().replace("+00:00", "Z")


def _with_calls(
    sketcher: Sketcher, cell: Cell, clause: ExceptionClause, calls: Sequence[Sequence[tuple[int, float]]]
) -> Rows:
    """Write calls, each given by its uses: how many, and how many minutes each lasts."""
    rows: list[Row] = []
    several = sum(1 for call in calls for repeat, _ in call if repeat) > 1
    for number, call in enumerate(calls):
        for repeat, minutes in call:
            if repeat:
                name = f"{ID}{len(rows) + 1}" if several else ID
                row = sketcher.row(cell, name, call=f"{CALL}{number + 1}" if len(calls) > 1 else CALL)
                row |= {"minutes": minutes if minutes % 1 else int(minutes)}
                rows.append(row | ({"repeat": repeat} if repeat > 1 else {}))
    first = {key: value for key, value in rows[0].items() if key == "at"}
    return (*rows, *sketcher.beside(cell, first, [clause], uses=len(calls)))


def _unlike(taken: Collection[str], word: str) -> str:
    """Make a word that is none of those taken."""
    while word in taken:
        word += "-"
    return word


def nameless(mapping: Mapping[str, str]) -> bool:
    """Tell whether no value is named."""
    return all(value == NOT_NAMED for value in mapping.values())
