"""Parquet: typed columns; a record is a row, or an element of one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.model import REJECT
from auditor.sources.batching import batch_of
from auditor.sources.build import Records, build
from auditor.sources.fit import Warned, require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.language import FILE
from auditor.sources.lines import USUAL, Limits, excerpt_of
from auditor.sources.opening import opened
from auditor.sources.parts import LABEL
from auditor.sources.reading import constant
from auditor.sources.rowfile import broken, frames_of, rows_as_json, rows_of, schema_of
from auditor.sources.shapes import Shape, shape_of
from auditor.sources.stream import read_raw
from auditor.sources.typed import Typed, reached_in


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """Reads Parquet files by ranges of rows."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut into ranges of rows that are whole multiples of a batch, in polars' own row groups one each.

        A file of which the mapping makes records of elements is one piece.
        """
        digest, size = hashlib.sha256(), 0
        for block in read_raw(log.file):
            digest.update(block)
            size += len(block)
        table, rows = Table(log), rows_of(log)
        types = table.types
        require_columns(log, table.schema.names(), {*table.paths, *types}, table.of_elements - {*types})
        _require_types(log, types)
        step = self.limits.batch_rows
        if size > piece_bytes > 0 and rows > 0 and not log.mapping.each:
            step *= max(1, round(piece_bytes / size * rows / step))
        else:
            step = max(rows, 1)
        starts = range(0, max(rows, 1), step)
        pieces = tuple(Piece(log, start, min(start + step, rows), start + 1) for start in starts)
        return Plan(log, size, digest.hexdigest(), pieces)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the rows of a piece. Raises SourceError if there are fewer than the file promises."""
        log, table = piece.log, Table(piece.log)
        warned = (
            list(warnings_on(log.mapping, table.schema.names(), {*table.types})) if piece.start == 0 else []
        )
        promised = (rows_of(log) if piece.stop is None else piece.stop) - piece.start
        found, number = 0, piece.first_record
        for columns in frames_of(log, table.paths, piece.start, promised, self.limits.batch_rows):
            batch = _batch(table, columns, piece.start + found, number, warned)
            found += columns.height
            number += batch.records
            yield batch
            warned = []
        if found != promised:
            raise broken(log, f"{found:,} rows can be read, of {promised:,}")
        if promised == 0 and piece.start == 0:
            yield _batch(table, pl.DataFrame(schema=dict.fromkeys(table.paths, pl.String)), 0, 1, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:  # noqa: ARG002  it has none
        """Fetch one row, as JSON."""
        row = _row_of(Table(log), record, self.limits)
        if row is None:
            place, hint = f"{log.path}, record {record}", "has the log been changed since?"
            raise SourceError(Fault(place, "is not there", hint))
        return rows_as_json(log, row, 1, [0])[0].encode()


@dataclass(frozen=True)
class Table:
    """A log's columns, as far as the mapping reads them."""

    log: Log

    @cached_property
    def schema(self) -> pl.Schema:
        """Name the columns of the file and their types."""
        return schema_of(self.log)

    @cached_property
    def shape(self) -> Shape:
        """Say what the mapping reads; of a canonical log also its labels."""
        shape = shape_of(self.log.mapping)
        if self.log.mapping.canonical:
            names = (name for name in self.schema.names() if name.startswith(LABEL) or name == "extra")
            shape.leaves.update({name: (name,) for name in names})
        return shape

    @cached_property
    def paths(self) -> dict[str, pl.Expr]:
        """Say how each path that leads to something is reached."""
        return reached_in(self.schema, self.shape)

    @property
    def of_elements(self) -> set[str]:
        """Name what the mapping reads in elements."""
        mapping = self.log.mapping
        return {*mapping.paths, *(level.path for level in mapping.levels)} - {FILE, *mapping.in_file}

    @cached_property
    def typed(self) -> Typed:
        """Say how its columns are read."""
        return Typed(self.log.mapping)

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        """Give the types of all that the mapping reads and the file has, also in its arrays."""
        whole = pl.DataFrame(schema=self.schema).select(way.alias(path) for path, way in self.paths.items())
        cells = self.typed.cells(whole, self.shape)
        records = opened(cells, self.log.mapping.each, keep_empty=True)[1]
        parts = [opened(records, part.each, keep_empty=True)[1] for part in self.log.mapping.parts]
        return {
            **whole.schema,
            **{
                path: dtype
                for part in parts
                for path, dtype in part.columns.schema.items()
                if path not in self.paths
            },
        }


def _row_of(table: Table, record: int, limits: Limits) -> int | None:
    """Find the row of the file that a record comes from."""
    log, rows = table.log, rows_of(table.log)
    if not log.mapping.each:
        return record - 1 if 1 <= record <= rows else None
    passed = at = 0
    for columns in frames_of(log, table.paths, 0, rows, limits.batch_rows):
        origin, _ = opened(table.typed.cells(columns, table.shape), log.mapping.each, keep_empty=True)
        if passed < record <= passed + len(origin):
            return at + int(origin[record - passed - 1])
        passed, at = passed + len(origin), at + columns.height
    return None


def _require_types(log: Log, types: Mapping[str, pl.DataType]) -> None:
    """Refuse a form of time that the column's type contradicts."""
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


def _batch(table: Table, columns: pl.DataFrame, at: int, number: int, warned: list[Warned]) -> Batch:
    log, cells = table.log, table.typed.cells(columns, table.shape)
    origin, cells = opened(cells, log.mapping.each, keep_empty=True)

    def excerpts(rows: Sequence[int]) -> list[str]:
        of_file = origin.gather(list(rows)).to_list()
        return [excerpt_of(text.encode()) for text in rows_as_json(log, at, columns.height, of_file)]

    records = Records(
        numbers=pl.int_range(number, number + len(origin), dtype=pl.Int64, eager=True),
        offsets=constant(None, len(origin), pl.Int64),
        cells=cells,
        excerpts=excerpts,
        elements=origin.cast(pl.Int64) if log.mapping.each else None,
    )
    built = build(records, log.mapping, log)
    aside = pl.DataFrame(schema={"kind": pl.String, "number": pl.Int64})
    none = pl.DataFrame(schema=REJECT)
    return batch_of(log, built, records=len(origin), rejects=none, aside=aside, warned=warned)
