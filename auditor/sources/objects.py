"""JSON objects, one a line → the cells that a mapping reads of them, and the arrays that it opens."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from auditor.sources.arrays import LOOKS_NESTED, read_arrays
from auditor.sources.cells import Cells
from auditor.sources.descent import Steps, descend, first_wins
from auditor.sources.isolation import read_objects
from auditor.sources.mapping import Mapping
from auditor.sources.opening import NOT_SCALAR
from auditor.sources.shapes import Shape, shape_of

_LABELS = re.compile(rb'"(label_[^"\\]*)"\s*:')


@dataclass(frozen=True)
class Wanted:
    """What is read of the objects of a log, worked out once."""

    mapping: Mapping

    @cached_property
    def shape(self) -> Shape:
        """Say which leaves and arrays an object has."""
        return shape_of(self.mapping)

    @cached_property
    def nothing(self) -> frozenset[str]:
        """List the texts that mean null."""
        return frozenset({"", *self.mapping.input.null_values})

    @cached_property
    def shown_only(self) -> frozenset[str]:
        """Name what is kept as it is, and so may be a list or an object."""
        mapping = self.mapping
        read = {path for _, value in mapping.values for path in value.paths}
        ends = {path for part in mapping.parts for end in part.relay_among for path in (end.ip, end.port)}
        return frozenset({*mapping.extra, *(["extra"] if mapping.canonical else [])} - read - ends)

    def names_in(self, data: bytes) -> list[str]:
        """Name the top-level keys to read: those of the mapping, and a canonical log's labels."""
        names = [steps[0] for steps in self.shape.leaves.values() if not steps[1:]]
        if self.mapping.canonical:
            labels = {name.decode() for name in _LABELS.findall(data)} if b'"label_' in data else set()
            names += ["extra", *sorted(labels)]
        return list(dict.fromkeys(names))


def cells_of(
    lines: pl.Series, data: bytes, wanted: Wanted, absent: frozenset[str], *, alone: bool = True
) -> tuple[Cells, pl.Series]:
    """Read the cells of the lines that are objects; beside them a mask of the lines that are none.

    `data` is what the lines were cut from; `alone` says that there is nothing else in it, a line each.
    """
    objects, bad = read_objects(lines, wanted.names_in(data), data if alone else None)
    good = lines.filter(~bad) if bad.any() else lines
    shape = wanted.shape
    paths = dict(shape.leaves)
    if wanted.mapping.canonical:
        paths.update({name: (name,) for name in objects.columns if name not in paths})
    nested = {path: steps for path, steps in paths.items() if steps[1:]}
    descent = descend(good, nested, wanted.nothing)
    shallow = objects.select(pl.col(steps[0]).alias(path) for path, steps in paths.items() if not steps[1:])
    columns = pl.concat([shallow, descent.columns], how="horizontal")
    not_scalar = _not_scalar(columns, good, paths, wanted.shown_only)
    for name, mask in descent.blocked.items():
        not_scalar[name] = not_scalar[name] | mask if name in not_scalar else mask
    if shape.arrays:
        arrays, masks = _arrays(good, wanted)
        columns, not_scalar = columns.hstack(arrays), {**not_scalar, **masks}
    return Cells.of(columns, wanted.mapping.input.null_values, not_scalar, absent), bad


def _arrays(lines: pl.Series, wanted: Wanted) -> tuple[list[pl.Series], dict[str, pl.Series]]:
    read = read_arrays(lines, wanted.shape, wanted.nothing)
    noted = read[NOT_SCALAR]
    masks = {path: noted.list.contains(path).fill_null(value=False) for path in wanted.shape.arrays}
    return read.drop(NOT_SCALAR).get_columns(), {path: mask for path, mask in masks.items() if mask.any()}


def _not_scalar(
    columns: pl.DataFrame, lines: pl.Series, paths: dict[str, Steps], shown_only: frozenset[str]
) -> dict[str, pl.Series]:
    """Mark what is a list or an object."""
    filled = [column.name for column in columns.iter_columns() if column.null_count() < columns.height]
    begun = columns.select(_begun(name).any() for name in filled if name not in shown_only)
    perhaps = [name for name in begun.columns if begun[name].item()]
    suspects = columns.select(
        pl.col(name).str.contains(LOOKS_NESTED).fill_null(value=False) for name in perhaps
    )
    return {name: _confirmed(suspects[name], lines, paths[name]) for name in perhaps if suspects[name].any()}


def _begun(name: str) -> pl.Expr:
    return pl.col(name).str.starts_with("{") | pl.col(name).str.starts_with("[")


def _confirmed(suspects: pl.Series, lines: pl.Series, steps: Sequence[str]) -> pl.Series:
    """Keep the suspects that are lists or objects: a text may look like one."""
    for row in suspects.arg_true():
        value = json.loads(lines[row], parse_int=str, object_pairs_hook=first_wins)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        suspects[row] = isinstance(value, dict | list)
    return suspects
