"""Parquet: typed columns; a record is a row."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.model import REJECT
from auditor.sources.batching import batch_of
from auditor.sources.build import Records, build
from auditor.sources.cells import Cells
from auditor.sources.fit import require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.language import steps_of
from auditor.sources.lines import USUAL, Limits, excerpt_of, text_where_utf8
from auditor.sources.parts import IDS, LABEL
from auditor.sources.reading import constant, nulled
from auditor.sources.rowfile import beyond_calendar, broken, frames_of, rows_as_json, rows_of, scan, schema_of
from auditor.sources.stream import read_raw

_SIGN_OF_BYTES = "\\x"
"""Before the hexadecimal digits of bytes that are no text, so that nobody takes them for a text."""


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Reads Parquet files by ranges of rows."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut into ranges of rows that are whole multiples of a batch, in polars' own row groups one each."""
        digest, size = hashlib.sha256(), 0
        for block in read_raw(log.file):
            digest.update(block)
            size += len(block)
        schema, rows = schema_of(log), rows_of(log)
        paths = _paths(log, schema)
        require_columns(log, schema.names(), set(paths))
        _require_types(log, paths)
        step = self.limits.batch_rows
        if size > piece_bytes > 0 and rows > 0:
            step *= max(1, round(piece_bytes / size * rows / step))
        else:
            step = max(rows, 1)
        starts = range(0, max(rows, 1), step)
        pieces = tuple(Piece(log, start, min(start + step, rows), start + 1) for start in starts)
        return Plan(log, size, digest.hexdigest(), pieces)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the rows of a piece. Raises SourceError if there are fewer than the file promises."""
        log, schema = piece.log, schema_of(piece.log)
        paths = _paths(log, schema)
        warned = list(warnings_on(log.mapping, schema.names(), set(paths))) if piece.start == 0 else []
        promised = (rows_of(log) if piece.stop is None else piece.stop) - piece.start
        found = 0
        for columns in frames_of(log, paths, piece.start, promised, self.limits.batch_rows):
            at = piece.start + found
            found += columns.height
            yield _batch(log, columns, at, warned)
            warned = []
        if found != promised:
            raise broken(log, f"{found:,} rows can be read, of {promised:,}")
        if promised == 0 and piece.start == 0:
            yield _batch(log, pl.DataFrame(schema=dict.fromkeys(paths, pl.String)), 0, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:  # noqa: ARG002  it has none
        """Fetch one row, as JSON."""
        if not 1 <= record <= rows_of(log):
            place, hint = f"{log.path}, record {record}", "has the log been changed since?"
            raise SourceError(Fault(place, "is not there", hint))
        return rows_as_json(log, record - 1, 1, [0])[0].encode()


def _paths(log: Log, schema: pl.Schema) -> dict[str, pl.Expr]:
    """Say how each path that leads to something is reached."""
    paths = {path: steps_of(path) or (path,) for path in log.mapping.paths}
    if log.mapping.canonical:
        paths.update({name: (name,) for name in schema.names() if name.startswith(LABEL) or name == "extra"})
    found = {path: _reached(steps, schema) for path, steps in paths.items()}
    return {path: expression for path, expression in found.items() if expression is not None}


def _reached(steps: tuple[str, ...], schema: pl.Schema) -> pl.Expr | None:
    dtype: object = schema.get(steps[0])
    expression = pl.col(steps[0])
    for step in steps[1:]:
        fields = dict(dtype) if isinstance(dtype, pl.Struct) else {}
        dtype, expression = fields.get(step), expression.struct.field(step)
    return None if dtype is None else expression


def _require_types(log: Log, paths: Mapping[str, pl.Expr]) -> None:
    """Refuse a form of time that the column's type contradicts."""
    types = scan(log).select(expression.alias(path) for path, expression in paths.items()).collect_schema()
    faults = []
    for column, value in log.mapping.values:
        for path in value.from_ if value.time else ():
            is_instant = isinstance(types.get(path), pl.Datetime)
            fitting = ("typed", "iso8601") if is_instant else (value.time,)
            if path in types and (value.time not in fitting or (value.time == "typed" and not is_instant)):
                text = (
                    f"{column}: `{path}` is of type {types[path]}, and the mapping reads it as `{value.time}`"
                )
                hint = "say `time: typed`" if is_instant else "say in which unit or form the times are"
                faults.append(Fault(log.path, text, hint))
    if faults:
        raise SourceError(*faults)


def _batch(log: Log, columns: pl.DataFrame, at: int, warned: list[tuple[str, int]]) -> Batch:
    def excerpts(rows: Sequence[int]) -> list[str]:
        return [excerpt_of(text.encode()) for text in rows_as_json(log, at, columns.height, rows)]

    numbers = pl.int_range(at + 1, at + 1 + columns.height, dtype=pl.Int64, eager=True)
    records = Records(
        numbers=numbers,
        offsets=constant(None, columns.height, pl.Int64),
        cells=_cells(columns, log),
        excerpts=excerpts,
    )
    built = build(records, log.mapping, log.path)
    aside = pl.DataFrame(schema={"kind": pl.String, "number": pl.Int64})
    none = pl.DataFrame(schema=REJECT)
    return batch_of(log, built, records=columns.height, rejects=none, aside=aside, warned=warned)


def _cells(columns: pl.DataFrame, log: Log) -> Cells:
    """Write what is no scalar as text, and mark it; bytes are a text where they are UTF-8."""
    masks = {}
    ids = {path for name, value in log.mapping.values if name in IDS for path in value.paths}
    lengths = {path for _, value in log.mapping.values if value.unit is not None for path in value.paths}
    for name, dtype in columns.schema.items():
        there = columns[name].is_not_null()
        if dtype == pl.Binary:
            text = text_where_utf8(columns[name])
            masks[name] = there & text.is_null()
            text = text.zip_with(~masks[name], _SIGN_OF_BYTES + columns[name].bin.encode("hex"))
        elif dtype == pl.Duration and name not in lengths:
            text, masks[name] = columns[name].dt.to_string("iso"), there
        elif dtype.is_nested() and not _has_json(dtype):
            text = pl.Series(name, [f"a value of type {dtype}"]).new_from_index(0, columns.height)
            text, masks[name] = text.zip_with(there, constant(None, columns.height, pl.String)), there
        elif dtype.is_nested():
            json_text = pl.struct(value=name).struct.json_encode()
            bare = json_text.str.strip_prefix('{"value":').str.strip_suffix("}")
            text = columns.select(pl.when(there).then(bare).alias(name)).to_series()
            masks[name] = there
        elif dtype.is_float() and name in ids:
            text = _id_text(columns[name])
            masks[name] = there & text.is_null()
        elif (beyond := beyond_calendar(columns[name])) is not None:
            text = nulled(columns[name], beyond)
            masks[name] = beyond
        else:
            continue
        columns = columns.with_columns(text.alias(name))
    marked = {name: mask for name, mask in masks.items() if mask.any()}
    return Cells.of(columns, log.mapping.input.null_values, marked)


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
