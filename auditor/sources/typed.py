"""Typed columns → cells: what is no scalar is written as text and marked, and arrays are made flat."""

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from auditor.sources.cells import Cells
from auditor.sources.lines import text_where_utf8
from auditor.sources.mapping import Mapping
from auditor.sources.opening import NOT_SCALAR
from auditor.sources.parts import IDS
from auditor.sources.reading import constant, nulled
from auditor.sources.rowfile import beyond_calendar
from auditor.sources.shapes import Array, Shape, Steps

_SIGN_OF_BYTES = "\\x"
"""Before the hexadecimal digits of bytes that are no text, so that nobody takes them for a text."""


@dataclass(frozen=True)
class Typed:
    """How the columns of a typed log are read, by what the mapping makes of them."""

    mapping: Mapping

    @cached_property
    def ids(self) -> frozenset[str]:
        """Name the paths of ids, and the paths into elements that ids may have."""
        return _with_leaves(
            path for name, value in self.mapping.values if name in IDS for path in value.paths
        )

    @cached_property
    def lengths(self) -> frozenset[str]:
        """Name the paths of durations, likewise."""
        values = (value for _, value in self.mapping.values if value.unit is not None)
        return _with_leaves(path for value in values for path in value.paths)

    def cells(self, columns: pl.DataFrame, shape: Shape) -> Cells:
        """Read the columns of records."""
        read, masks = self._flat(columns, shape)
        return Cells.of(read, self.mapping.input.null_values, masks)

    def _flat(self, columns: pl.DataFrame, shape: Shape) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Read leaves as scalars, and make arrays flat; what is no array stays what it is."""
        lists = [name for name in shape.arrays if name in columns.columns and _is_array(columns.schema[name])]
        leaves, masks = self._scalars(columns.drop(lists))
        arrays = [self._lists(columns[name], shape.arrays[name]) for name in lists]
        return pl.DataFrame([*leaves.iter_columns(), *arrays]), masks

    def _lists(self, column: pl.Series, array: Array) -> pl.Series:
        """Make the elements of an array flat."""
        lists = column.arr.to_list() if isinstance(column.dtype, pl.Array) else column
        frame = lists.to_frame("it").with_row_index("row")
        inner = frame.filter(pl.col("it").list.len() > 0).explode("it")
        flat, masks = self._flat(_within(inner["it"], array.elements), array.elements)
        notes = _notes(masks, inner.height).alias(NOT_SCALAR)
        elements = pl.DataFrame([*flat.iter_columns(), notes]).to_struct("flat")
        grouped = inner.select("row").with_columns(elements).group_by("row").agg("flat")
        whole = frame.join(grouped, on="row", how="left", maintain_order="left", validate="1:1")
        empty = pl.lit(pl.Series([[]], dtype=pl.List(elements.dtype)))
        is_empty = pl.col("it").is_not_null() & pl.col("flat").is_null()
        return whole.select(pl.when(is_empty).then(empty).otherwise("flat").alias(column.name)).to_series()

    def _scalars(self, columns: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Write what is no scalar as text, and mark it; bytes are a text where they are UTF-8."""
        masks: dict[str, pl.Series] = {}
        for name, dtype in columns.schema.items():
            there = columns[name].is_not_null()
            if dtype == pl.Binary:
                text = text_where_utf8(columns[name])
                masks[name] = there & text.is_null()
                text = text.zip_with(~masks[name], _SIGN_OF_BYTES + columns[name].bin.encode("hex"))
            elif dtype == pl.Duration and name not in self.lengths:
                text, masks[name] = columns[name].dt.to_string("iso"), there
            elif dtype.is_nested() and not _has_json(dtype):
                text = pl.Series(name, [f"a value of type {dtype}"]).new_from_index(0, columns.height)
                text, masks[name] = text.zip_with(there, constant(None, columns.height, pl.String)), there
            elif dtype.is_nested():
                json_text = pl.struct(value=name).struct.json_encode()
                bare = json_text.str.strip_prefix('{"value":').str.strip_suffix("}")
                text = columns.select(pl.when(there).then(bare).alias(name)).to_series()
                masks[name] = there
            elif dtype.is_float() and name in self.ids:
                text = _id_text(columns[name])
                masks[name] = there & text.is_null()
            elif (beyond := beyond_calendar(columns[name])) is not None:
                text = nulled(columns[name], beyond)
                masks[name] = beyond
            else:
                continue
            columns = columns.with_columns(text.alias(name))
        return columns, {name: mask for name, mask in masks.items() if mask.any()}


def _with_leaves(paths: Iterator[str]) -> frozenset[str]:
    whole = list(paths)
    return frozenset({*whole, *(path.partition(".")[2] for path in whole)})


def _notes(masks: Map[str, pl.Series], height: int) -> pl.Series:
    """List for each row the masks that are true of it."""
    if not masks:
        return constant(None, height, pl.String).cast(pl.List(pl.String))
    noted = (pl.when(name).then(pl.lit(name)) for name in masks)
    return pl.DataFrame(masks).select(pl.concat_list(*noted).list.drop_nulls()).to_series()


def _is_array(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.List | pl.Array)


def reached_in(schema: Map[str, pl.DataType], shape: Shape) -> dict[str, pl.Expr]:
    """Say how each path that leads to something in a table is reached."""
    ways = {**shape.leaves, **{path: array.steps for path, array in shape.arrays.items()}}
    found = {path: _reached(steps, schema) for path, steps in ways.items()}
    return {path: expression for path, expression in found.items() if expression is not None}


def _within(elements: pl.Series, shape: Shape) -> pl.DataFrame:
    """Give the paths into elements that lead to something, a column each."""
    frame, schema = elements.to_frame("it"), {"it": elements.dtype}
    ways = {**shape.leaves, **{path: array.steps for path, array in shape.arrays.items()}}
    found = {path: _reached(("it", *steps), schema) for path, steps in ways.items()}
    return frame.select(way.alias(path) for path, way in found.items() if way is not None)


def _reached(steps: Steps, schema: Map[str, pl.DataType]) -> pl.Expr | None:
    dtype: object = schema.get(steps[0])
    expression = pl.col(steps[0])
    for step in steps[1:]:
        fields = dict(dtype) if isinstance(dtype, pl.Struct) else {}
        dtype, expression = fields.get(step), expression.struct.field(step)
    return None if dtype is None else expression


def _has_json(dtype: pl.DataType) -> bool:
    """Tell whether polars can write values of a type as JSON: it panics on bytes within them."""
    if isinstance(dtype, pl.Struct):
        return all(_has_json(_instance(field.dtype)) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return _has_json(_instance(dtype.inner))
    return dtype not in (pl.Binary, pl.Object)


def _instance(dtype: Any) -> pl.DataType:  # noqa: ANN401  polars' class of types is not public
    return dtype if isinstance(dtype, pl.DataType) else dtype()


def _id_text(floats: pl.Series) -> pl.Series:
    """Write ids as the whole numbers that they were before a null beside them made them floats.

    What is no number is no id.
    """
    number = pl.col("number")
    whole = number.cast(pl.Int128, strict=False)
    is_whole = number == whole.cast(pl.Float64)
    text = pl.when(is_whole).then(whole.cast(pl.String)).otherwise(number.cast(pl.String))
    finite = pl.when(number.is_finite()).then(text)
    return floats.cast(pl.Float64).to_frame("number").select(finite.alias(floats.name)).to_series()
