"""Connections for cases yet to be written, made from cells of a decision table.

A row is one connection of a case as a file would write it, with only the keys that matter.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import ceil
from typing import Any

from auditor.model import Verdict
from auditor.ruleset.cases import MOST_REPEATED
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.groups import BEGINNING
from auditor.ruleset.mutants.edits import SITES
from auditor.ruleset.mutants.mutation import PRESENT
from auditor.ruleset.table import Axes, Cell, Subject, Table, table_of

Row = dict[str, Any]
Rows = tuple[Row, ...]

ID, CALL, BESIDE = "c", "call", "p"
"""What connections, calls and the other calls of a day are named."""

_DEFAULT_ACCOUNT = "account"
_MINUTE, _SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Moment(Enum):
    """When, within the period of a cell, a connection is."""

    ANY = "any"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Draws connections from the cells of some axes. `subject` is the rule whose cases they are to be."""

    subject: Subject
    axes: Axes

    def row(self, cell: Cell, connection: str = ID, moment: Moment = Moment.ANY) -> Row:
        """Write a cell as a connection."""
        return self._plain(cell, connection) | self._conditions(cell) | self._time(cell.at, moment)

    def alone(
        self,
        cell: Cell,
        clauses: Collection[ExceptionClause | None],
        moment: Moment = Moment.ANY,
        name: str = ID,
    ) -> Rows:
        """Write a cell as a connection, and the calls that exceptions want beside it for a share of one."""
        row = self.row(cell, name, moment)
        return (row, *self.beside(cell, row, clauses, name=BESIDE if name == ID else f"{BESIDE} {name}"))

    def beside(
        self,
        cell: Cell,
        row: Row,
        clauses: Collection[ExceptionClause | None],
        *,
        calls: int = 1,
        name: str = BESIDE,
    ) -> Rows:
        """Write, beside so many calls, the other calls of a day of which one call may just use exceptions.

        Empty where no share is limited, or no connection at the same time surely complies.
        """
        others = max((_calls_for_one(clause) for clause in clauses if clause), default=0) - calls
        inside = self._inside(cell) if 0 < others <= MOST_REPEATED else None
        if inside is None:
            return ()
        given = self._plain(inside, name) | {key: row[key] for key in ("at", "minutes") if key in row}
        return (given | ({"repeat": others} if others > 1 else {}),)

    def _plain(self, cell: Cell, connection: str) -> Row:
        row: Row = {
            "id": connection,
            "role": str(cell.role),
            "relay": [_likely(self.axes.relays[cell.relay])],
        }
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
        if len(self.axes.participants) > 1:
            row["participant"] = [_likely(self.axes.participants[cell.participant])]
        return row

    def _conditions(self, cell: Cell) -> Row:
        axes = self.axes
        row: Row = {}
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

    def _time(self, at: datetime, moment: Moment) -> Row:
        """Give an instant of a period, and no length; nothing where that of a case that says none will do."""
        place = self.axes.instants.index(at)
        ends = self.axes.instants[place + 1] if place + 1 < len(self.axes.instants) else None
        lasts = at <= PRESENT and (ends is None or ends >= PRESENT + _MINUTE)
        if lasts and moment is Moment.ANY:
            return {}
        if ends is not None and (moment is Moment.LAST or at == BEGINNING):
            at = ends - _SECOND if at == BEGINNING else max(at, ends - _SECOND)
        return {"at": at.isoformat().replace("+00:00", "Z"), "minutes": 0}

    def use_like(self, cell: Cell, clause: ExceptionClause) -> Cell | None:
        """Find a use of an exception with the time, account and role of a cell, as like it as can be."""
        fields = Cell.__dataclass_fields__
        uses = (one for one, said in self._near(cell).items() if said.clause == clause)
        return max(
            uses,
            key=lambda use: sum(getattr(use, field) == getattr(cell, field) for field in fields),
            default=None,
        )

    def _inside(self, cell: Cell) -> Cell | None:
        """Find a connection of the same time, account and role that surely complies."""
        near = self._near(cell).items()
        return next((one for one, said in near if said.verdict is Verdict.COMPLIANT), None)

    def _near(self, cell: Cell) -> Table:
        near = replace(
            self.axes,
            instants=(cell.at,),
            roles={cell.role: self.axes.roles[cell.role]},
            home_regions=(cell.home_region,),
            accounts={cell.account: self.axes.accounts[cell.account]},
            labels={key: (value,) for key, value in cell.labels},
        )
        return table_of(self.subject, near)


def limit_sketches(sketcher: Sketcher, cell: Cell, clause: ExceptionClause) -> Iterator[Rows]:
    """Give calls that use an exception as much as its limits let, and a little more."""
    limits = clause.limits
    if limits is None:
        return
    if limits.connections_per_call is not None:
        within = [(limits.connections_per_call, 0.0)]
        yield from (_calls(sketcher, cell, clause, [uses]) for uses in (within, [*within, (1, 0.0)]))
    if limits.minutes_per_call is not None:
        most = limits.minutes_per_call
        over = float(min(most + 1, most * Decimal("1.5")))
        for lasts in ([float(most)], [over], [float(most), float(most)]):
            yield _calls(sketcher, cell, clause, [[(1, minutes) for minutes in lasts]])
    if limits.share_of_calls is not None:
        yield from (_calls(sketcher, cell, clause, [[(1, 0.0)]] * calls) for calls in (1, 2))


def filled_sketches(
    sketcher: Sketcher, cell: Cell, clauses: Sequence[ExceptionClause], filler: ExceptionClause
) -> Iterator[Rows]:
    """Give uses of an exception up to a limit of it, and then one connection that may be one more.

    `clauses` are those that may excuse the connection. Nothing where no use is like it in role, account and
    time.
    """
    use = sketcher.use_like(cell, filler)
    limits = filler.limits
    if use is None or limits is None:
        return
    first = sketcher.row(use, f"{ID}1") | {"call": CALL, "minutes": 0}
    last = sketcher.row(cell, f"{ID}2") | {"call": CALL, "minutes": 0}
    beside = sketcher.beside(cell, last, clauses)
    if (most := limits.connections_per_call) is not None:
        yield (first | ({"repeat": most} if most > 1 else {}), last, *beside)
    if limits.minutes_per_call is not None:
        yield (first | {"minutes": float(limits.minutes_per_call)}, last | {"minutes": 1}, *beside)
    if limits.share_of_calls is not None:
        calls = [row | {"call": f"{CALL}{number}"} for number, row in enumerate((first, last), start=1)]
        yield (*calls, *sketcher.beside(cell, last, clauses, calls=2))


def _calls(
    sketcher: Sketcher, cell: Cell, clause: ExceptionClause, calls: Sequence[Sequence[tuple[int, float]]]
) -> Rows:
    """Write calls, each given by its uses: how many, and how many minutes each lasts."""
    rows: list[Row] = []
    several = sum(map(len, calls)) > 1
    for number, uses in enumerate(calls, start=1):
        for repeat, minutes in uses:
            row = sketcher.row(cell, f"{ID}{len(rows) + 1}" if several else ID)
            row["call"] = f"{CALL}{number}" if len(calls) > 1 else CALL
            row["minutes"] = minutes if minutes % 1 else int(minutes)
            rows.append(row | ({"repeat": repeat} if repeat > 1 else {}))
    return (*rows, *sketcher.beside(cell, rows[0], [clause], calls=len(calls)))


def _calls_for_one(clause: ExceptionClause) -> int:
    """Count the calls of which an exception lets one use it; 0 where it limits no share."""
    if clause.limits is None or clause.limits.share_of_calls is None:
        return 0
    return ceil(1 / Fraction(clause.limits.share_of_calls.max))


def _likely(alike: Sequence[str]) -> str:
    """Pick, of countries that mean the same, one in which relays often stand."""
    return next((code for code in SITES if code in alike), alike[0])


def _unlike(taken: Collection[str], word: str) -> str:
    """Make a word that is none of those taken."""
    while word in taken:
        word += "-"
    return word
