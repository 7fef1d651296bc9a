"""Conditions of a mapping: tests of what stands at paths, each of which is true or false of every record.

Design: FORMATS.md, section 3.2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import polars as pl

from auditor.sources.cells import Cells, text_of
from auditor.sources.reading import constant

_JOINING = ("any", "all")


@dataclass(frozen=True, slots=True)
class Test:
    """Whether one of `values` stands at a path, or with `negated` none of them; None is null."""

    path: str
    values: tuple[str | None, ...]
    negated: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Name what it reads."""
        return (self.path,)

    def holds(self, cells: Cells) -> pl.Series:
        """Tell of each record whether it holds; never null."""
        found = self._found(cells)
        return ~found if self.negated else found

    def _found(self, cells: Cells) -> pl.Series:
        wanted = [value for value in self.values if value is not None]
        if self.path not in cells.columns.columns:
            return constant(None in self.values, cells.height, pl.Boolean)
        column = cells.columns[self.path]
        missing = column.is_null()
        if column.dtype.is_nested():  # something is there, and no text is equal to it
            return missing & (None in self.values)
        is_one = column.cast(pl.String).is_in(wanted).fill_null(value=False)
        if self.path in cells.not_scalar:
            is_one &= ~cells.not_scalar[self.path]
        return is_one | missing if None in self.values else is_one


@dataclass(frozen=True, slots=True)
class Joined:
    """Whether all of some conditions hold, or any of them; with `negated` the contrary."""

    by: Literal["any", "all"]
    conditions: tuple["Condition", ...]
    negated: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Name what they read."""
        return tuple(path for condition in self.conditions for path in condition.paths)

    def holds(self, cells: Cells) -> pl.Series:
        """Tell of each record whether it holds; never null."""
        parts = [condition.holds(cells) for condition in self.conditions]
        start = constant(self.by == "all", cells.height, pl.Boolean)
        found = reduce(lambda one, other: one | other if self.by == "any" else one & other, parts, start)
        return ~found if self.negated else found


Condition = Test | Joined
Found = tuple[tuple[str | int, ...], str, str]
"""What is wrong below a condition: where from there, what, and a hint."""


def condition_of(written: Mapping[str, Any]) -> Condition:
    """Read a condition that has no faults."""
    conditions = tuple(_conditions(written))
    return conditions[0] if len(conditions) == 1 else Joined("all", conditions)


def _conditions(written: Mapping[str, Any]) -> Iterator[Condition]:
    for key, value in written.items():
        if key in _JOINING:
            yield Joined("any" if key == "any" else "all", tuple(condition_of(one) for one in value))
        elif key == "not":
            yield Joined("all", (condition_of(value),), negated=True)
        else:
            negated = isinstance(value, dict)
            yield Test(key, tuple(map(_text, _listed(value["not"] if negated else value))), negated)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  any YAML value
    return value if isinstance(value, list) else [value]


def _text(value: str | float | bool | None) -> str | None:  # noqa: FBT001  a value of the mapping
    return None if value is None else text_of(value)


def faults_of(written: Any) -> Iterator[Found]:  # noqa: ANN401  any YAML value
    """Find all that is no condition, or none that could be meant."""
    if not isinstance(written, dict) or not written:
        yield (), "is no condition", "paths with tests: {status: [busy, cancelled]}"
        return
    for key, value in written.items():
        if key in _JOINING:
            if not isinstance(value, list) or not value:
                yield (key,), "needs a list of conditions", f"{key}: [{{status: busy}}, {{path: p2p}}]"
                continue
            for index, one in enumerate(value):
                yield from (((key, index, *loc), text, hint) for loc, text, hint in faults_of(one))
        elif key == "not":
            yield from ((("not", *loc), text, hint) for loc, text, hint in faults_of(value))
        else:
            yield from (((key, *loc), text, hint) for loc, text, hint in _faults_of_test(value))


def _faults_of_test(value: Any) -> Iterator[Found]:  # noqa: ANN401  any YAML value
    loc: tuple[str | int, ...] = ()
    if isinstance(value, dict):
        if list(value) != ["not"]:
            yield loc, "is no test", "a value, a list of them, null, or {not: …} of these; no more"
            return
        loc, value = ("not",), value["not"]
    values = _listed(value)
    if not values:
        yield loc, "is an empty list, so that nothing can fit", "name at least one value"
    if not all(one is None or isinstance(one, str | int | float | bool) for one in values):
        yield loc, "has a value that is no text, number, true, false or null", "values are plain"
