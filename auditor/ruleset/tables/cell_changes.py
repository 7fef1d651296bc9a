"""Where the decision tables of two rules differ, in as few sentences as the cells allow."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import NamedTuple

from auditor.model import Role, Verdict
from auditor.ruleset.table import Axes, Subject, axes_of, table_of
from auditor.ruleset.tables.coordinates import (
    ACCOUNT,
    HOME_REGION,
    LABEL,
    PARTICIPANT,
    RELAY,
    ROLE,
    Wording,
    scope_coordinates,
)
from auditor.ruleset.tables.gathering import Axes as Coordinates
from auditor.ruleset.tables.gathering import Row, Values, gather, gather_tightly
from auditor.ruleset.tables.spread import Said, Spread, by_condition, spread, verdict_words
from auditor.ruleset.wording.phrases import stretch_words


class Change(NamedTuple):
    """What was said, and what is said now."""

    was: Said
    becomes: Said


Lasting = tuple[Row[Change], tuple[datetime, ...]]
"""What changed, and the neighbouring instants from which it is so."""

Changes = Mapping[Values, tuple[Change, ...]]
"""For each place in scope, was and becomes under each combination of conditions, changed or not."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rules, and what each says of the same cells."""

    old: Subject
    new: Subject
    axes: Axes
    was: Spread
    becomes: Spread

    @classmethod
    def of(cls, old: Subject, new: Subject) -> "Comparison":
        """Make the tables of both, of the same cells. Raises RuleSetError where one is too large."""
        axes = axes_of([old, new])
        return cls(old, new, axes, spread(table_of(old, axes)), spread(table_of(new, axes)))

    def exceptions(self) -> frozenset[str]:
        """Name the exceptions that take some cell of either table."""
        return frozenset(
            one.exception
            for told in (self.was, self.becomes)
            for by_scope in told.values()
            for said in by_scope.values()
            for one in said
            if one.exception is not None
        )

    def sentences(self) -> Iterator[str]:
        """Say which cells changed, earliest first: `from 10 July 2023: US, media: violation → excused`."""
        for row, instants in self.lasting():
            times = self.axes.instants
            place = times.index(instants[-1]) + 1
            stretch = stretch_words(instants[0], times[place] if place < len(times) else None)
            wording = Wording.during(self.axes, [self.old, self.new], instants)
            where = ", ".join(_ordered(row, wording)) or "every connection"
            was = verdict_words(row.label.was, [self.old])
            yield f"{stretch}: {where}: {was} → {verdict_words(row.label.becomes, [self.new])}"

    def lasting(self) -> list[Lasting]:
        """Join what changed in the same way at neighbouring instants, and then roles and relays again."""
        lasting: list[tuple[Row[Change], list[datetime]]] = []
        before: dict[Row[Change], list[datetime]] = {}
        for at in self.axes.instants:
            now: dict[Row[Change], list[datetime]] = {}
            for row in (part for whole in self._rows(at) for part in _apart(whole, (ROLE, RELAY))):
                now[row] = before.get(row, [])
                if not now[row]:
                    lasting.append((row, now[row]))
                now[row].append(at)
            before = now
        return _together(_together(((row, tuple(at)) for row, at in lasting), ROLE), RELAY)

    def _coordinates(self) -> Coordinates:
        """Leave the unknown role out where neither scope has it: it follows from the others."""
        coordinates = dict(scope_coordinates(self.axes))
        scopes = [subject.rule.scope.roles for subject in (self.old, self.new)]
        if all(roles is not None and Role.UNKNOWN not in roles for roles in scopes):
            coordinates[ROLE] = tuple(role for role in coordinates[ROLE] if role is not Role.UNKNOWN)
        return coordinates

    def _rows(self, at: datetime) -> Iterator[Row[Change]]:
        wording = Wording.during(self.axes, [self.old, self.new], [at])
        coordinates = wording.ordered(self._coordinates())
        becomes = self.becomes[at]
        changes = {scope: tuple(map(Change, said, becomes[scope])) for scope, said in self.was[at].items()}
        for row in gather(coordinates, {scope: _only_changed(each) for scope, each in changes.items()}):
            where = tuple(_not_implied(row.where, coordinates, changes))
            for one in gather_tightly(*by_condition(self.axes, row.label)):
                if one.label is not None:
                    yield Row((*where, *one.where), one.label)


def _apart(row: Row[Change], names: Sequence[str]) -> Iterator[Row[Change]]:
    """Take a row apart by the values of some coordinates."""
    where = [
        [(name, (value,)) for value in values] if name in names else [(name, values)]
        for name, values in row.where
    ]
    return (Row(parts, row.label) for parts in product(*where))


def _together(lasting: Iterable[Lasting], name: str) -> list[Lasting]:
    """Put rows together that differ only in one coordinate."""
    found: dict[Lasting, list[Hashable]] = {}
    for row, instants in lasting:
        found.setdefault((_with(row, name, ()), instants), []).extend(row.values(name) or ())
    return [(_with(row, name, tuple(values)), instants) for (row, instants), values in found.items()]


def _with(row: Row[Change], name: str, values: Values) -> Row[Change]:
    return Row(tuple((one, values if one == name else own) for one, own in row.where), row.label)


def _only_changed(changes: Sequence[Change]) -> tuple[Change | None, ...]:
    return tuple(change if change.was != change.becomes else None for change in changes)


def _not_implied(
    where: Sequence[tuple[str, Values]], coordinates: Coordinates, changes: Changes
) -> Iterator[tuple[str, Values]]:
    """Leave out what goes without saying: all else is out of the scope of both rules."""
    chosen = dict(where)
    for name, values in where:
        others = tuple(value for value in coordinates[name] if value not in values)
        cells = product(*((chosen | {name: others}).get(one, each) for one, each in coordinates.items()))
        is_scope = name in (HOME_REGION, ACCOUNT, PARTICIPANT) or name.startswith(LABEL)
        if not (is_scope and all(_is_out(change) for cell in cells for change in changes[cell])):
            yield name, values


def _is_out(change: Change) -> bool:
    return change.was.verdict is change.becomes.verdict is Verdict.NOT_APPLICABLE


def _ordered(row: Row[Change], wording: Wording) -> Iterator[str]:
    """Say where a change is: the relay and its role first, then conditions, then whom it is about."""
    last = (PARTICIPANT, HOME_REGION, ACCOUNT)
    order = {RELAY: 0, ROLE: 1} | {name: 3 + place for place, name in enumerate(last)}
    places = {name: order.get(name, 6 if name.startswith(LABEL) else 2) for name, _ in row.where}
    for name, values in sorted(row.where, key=lambda one: places[one[0]]):
        yield wording.phrase(name, values)
