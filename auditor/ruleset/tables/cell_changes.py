"""Where the decision tables of two rules differ, in as few sentences as the cells allow."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from auditor.model import Role, Verdict
from auditor.ruleset.table import Axes, Subject, axes_of, table_of
from auditor.ruleset.tables.change_words import Change, change_sentence
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
from auditor.ruleset.tables.spread import Spread, by_condition, spread
from auditor.ruleset.wording.phrases import stretch_heading
from auditor.ruleset.wording.words import NameOf, as_it_is

Lasting = tuple[Row[Change], tuple[datetime, ...]]
"""What changed, and the neighbouring instants from which it is so."""

Changes = Mapping[Values, tuple[Change, ...]]
"""For each place in scope, was and becomes under each combination of conditions, changed or not."""


@dataclass(frozen=True, slots=True)
class ChangedPeriod:
    """What changed for one stretch of time, in sentences."""

    heading: str
    sentences: tuple[str, ...]


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

    def periods(self, name_of: NameOf = as_it_is) -> tuple[ChangedPeriod, ...]:
        """Say which cells changed, by how long it is so, earliest first. `name_of` names countries."""
        rules = (self.old.rule, self.new.rule)
        by_stretch: dict[tuple[datetime, datetime], list[str]] = {}
        for row, instants in sorted(self.lasting(), key=lambda one: (one[1][0], one[1][-1])):
            wording = Wording.during(self.axes, [self.old, self.new], instants, name_of)
            stretch = (instants[0], instants[-1])
            by_stretch.setdefault(stretch, []).append(change_sentence(row, wording, *rules))
        ends = dict(zip(self.axes.instants, self.axes.instants[1:], strict=False))
        return tuple(
            ChangedPeriod(stretch_heading(first, ends.get(last)), tuple(sentences))
            for (first, last), sentences in by_stretch.items()
        )

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
