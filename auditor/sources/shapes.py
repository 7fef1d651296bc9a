"""What a mapping reads of nested records: which leaves, and which arrays of what."""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field

import polars as pl

from auditor.sources.language import DOCUMENT, FILE, steps_of
from auditor.sources.mapping import Level, Mapping
from auditor.sources.opening import ITSELF, NOT_SCALAR

Steps = tuple[str, ...]


@dataclass(slots=True)
class Shape:
    """What is read of an object: leaves and arrays by their paths into it, as the mapping spells them.

    Of an element that is no object, the leaf ITSELF is read.
    """

    leaves: dict[str, Steps] = field(default_factory=dict)
    arrays: dict[str, "Array"] = field(default_factory=dict)


@dataclass(slots=True)
class Array:
    """The way to an array, and what is read of its elements; if `lone`, a text may be its one element."""

    steps: Steps
    elements: Shape
    lone: bool = False


def shape_of(mapping: Mapping) -> Shape:
    """Say what is read of a record of the file: before its arrays are opened, and in them."""
    record = Shape()
    aliases = {level.alias for level in mapping.levels}
    for path in mapping.paths:
        if path != FILE and _head(path) not in aliases and not path.startswith(f"{DOCUMENT}."):
            record.leaves[path] = _steps(path)
    for part in mapping.parts or ():
        _add_levels(record, (*mapping.each, *part.each), mapping)
    return _settled(record)


def _add_levels(record: Shape, levels: tuple[Level, ...], mapping: Mapping) -> None:
    """Lay out what a chain of levels opens, and what is read of its elements."""
    known: dict[str, Shape | None] = {}
    for level in levels:
        owner, path = _owner(level.path, known, record)
        known[level.alias] = None if owner is None else _opened_in(owner, path, level)
    for path in mapping.paths:
        if (alias := _head(path)) in known and (shape := known[alias]) is not None:
            rest = path[len(alias) + 1 :]
            shape.leaves[rest] = _steps(rest) if rest else ()


def _owner(path: str, known: Map[str, Shape | None], record: Shape) -> tuple[Shape | None, str]:
    alias = _head(path)
    return (known[alias], path[len(alias) + 1 :]) if alias in known else (record, path)


def _opened_in(owner: Shape, path: str, level: Level) -> Shape | None:
    """Add what a level opens to what holds it; None if it opens a text, so that nothing is read in it."""
    steps = _steps(path) if path else ()
    if level.split is not None and not (level.names and path):
        owner.leaves[path] = steps
        return None
    array = owner.arrays.setdefault(path, Array(steps, Shape()))
    array.lone |= level.split is not None
    if level.split is None:
        return array.elements
    array.elements.leaves[ITSELF] = ()
    return None


def _settled(shape: Shape) -> Shape:
    """Take arrays out of the leaves, where conditions ask for them; of each element, something is read."""
    for array in shape.arrays.values():
        _settled(array.elements)
        if not array.elements.leaves and not array.elements.arrays:
            array.elements.leaves[ITSELF] = ()
    for path in shape.arrays:
        shape.leaves.pop(path, None)
    return shape


def _head(path: str) -> str:
    return path.partition(".")[0]


def _steps(path: str) -> Steps:
    return steps_of(path) or (path,)


def flat_type(shape: Shape) -> pl.Struct:
    """Give the type of an element as `opening` takes it, all leaves texts."""
    leaves = dict.fromkeys(shape.leaves, pl.String())
    arrays = {path: pl.List(flat_type(array.elements)) for path, array in shape.arrays.items()}
    return pl.Struct({**leaves, **arrays, NOT_SCALAR: pl.List(pl.String)})


def nested_type(shape: Shape) -> pl.DataType | None:
    """Give the type of an object as a log nests it; None if no type holds all that is read of it.

    None is said where a leaf lies on the way to another, so that it is read both as text and as an object.
    """
    ways: dict[Steps, pl.DataType] = {steps: pl.String() for steps in shape.leaves.values()}
    for array in shape.arrays.values():
        inner = nested_type(array.elements)
        if inner is None or array.steps in ways:
            return None
        ways[array.steps] = pl.List(inner)
    return _struct(ways)


def _struct(ways: Map[Steps, pl.DataType]) -> pl.DataType | None:
    if () in ways:
        return ways[()] if len(ways) == 1 else None
    fields = {}
    for head in dict.fromkeys(steps[0] for steps in ways):
        inner = _struct({steps[1:]: dtype for steps, dtype in ways.items() if steps[0] == head})
        if inner is None:
            return None
        fields[head] = inner
    return pl.Struct(fields)


def flat(shape: Shape, it: pl.Expr) -> list[pl.Expr]:
    """Say how each leaf and array of an object is reached, the elements of arrays made flat in their turn."""
    leaves = [reached(it, steps).alias(path) for path, steps in shape.leaves.items()]
    return leaves + [flat_lists(array, it).alias(path) for path, array in shape.arrays.items()]


def flat_lists(array: Array, it: pl.Expr) -> pl.Expr:
    """Reach an array, its elements made flat."""
    nowhere = pl.lit(None, dtype=pl.List(pl.String)).alias(NOT_SCALAR)
    element = pl.struct(*flat(array.elements, pl.element()), nowhere)
    return reached(it, array.steps).list.eval(element)


def reached(it: pl.Expr, steps: Steps) -> pl.Expr:
    """Descend into structs."""
    for step in steps:
        it = it.struct.field(step)
    return it
