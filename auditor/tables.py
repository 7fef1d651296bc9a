"""CSV tables: from outside, each fault with its place, and for other programs."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import Fault
from auditor.text import nearest, read_text

_STEERING = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run by a spreadsheet."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a CSV table: its place and its fields as text; an empty field is None."""

    path: str
    number: int
    fields: Mapping[str, str | None]
    columns: Mapping[str, int]

    def place(self, column: str) -> str:
        """Say where a field stands: line of the file, and the number of its field."""
        return f"{self.path}:{self.number}:{self.columns.get(column, 0) + 1}"


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV table by its columns.

    `numbers` has the line of the file at which each row ends, `fields` the text of each row by column; an
    empty field is None. `columns` has the places of the columns, from 0.
    """

    path: str
    numbers: Sequence[int]
    fields: Mapping[str, Sequence[str | None]]
    columns: Mapping[str, int]

    def place(self, row: int, column: str) -> str:
        """Say where a field stands: line of the file, and the number of its field."""
        return f"{self.path}:{self.numbers[row]}:{self.columns.get(column, 0) + 1}"

    def lines(self) -> list[Line]:
        """Give the table line by line."""
        rows = zip(self.numbers, *self.fields.values(), strict=True)
        return [
            Line(self.path, number, dict(zip(self.fields, values, strict=True)), self.columns)
            for number, *values in rows
        ]


def read_table(
    path: Path, *, required: Sequence[str], optional: Sequence[str], free: str | None = None
) -> list[Line] | list[Fault]:
    """Read a UTF-8 CSV side file line by line, as `read_columns` reads it."""
    table = read_columns(path, required=required, optional=optional, free=free)
    return table.lines() if isinstance(table, Table) else table


def read_columns(
    path: Path, *, required: Sequence[str], optional: Sequence[str], free: str | None = None
) -> Table | list[Fault]:
    """Read a UTF-8 CSV side file whose header is required and whose columns are known.

    Columns that begin with `free` are allowed too. All faults of the header and of line lengths are returned
    together. An empty file is a fault; a file of only a header is an empty table.
    """
    shown = str(path)
    read = read_text(path, shown)
    if isinstance(read, Fault):
        return [read]
    _, text = read
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return [Fault(f"{shown}:1:1", "is empty", f"the header is: {','.join([*required, *optional])}")]
        faults = list(_header_faults(shown, header, required, optional, free))
        if faults:
            return faults
        return _plain_table(shown, header, text) or _table(shown, header, reader)
    except csv.Error as error:
        return [Fault(f"{shown}:{reader.line_num}:1", f"is not CSV: {error}")]


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a CSV table with a header; a cell that a spreadsheet would run gets a `'` in front."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if cell.startswith(_STEERING) else cell for cell in row] for row in rows)
    return table.getvalue()


def _plain_table(shown: str, header: list[str], text: str) -> Table | None:
    """Read a table without quotes and blank lines at once; None of any other, or of one with faults."""
    if '"' in text or "\r" in text or "\n\n" in text or not text.endswith("\n"):
        return None
    rows = text.count("\n") - 1
    if text.count(",") != (rows + 1) * (len(header) - 1):  # a short line would be filled up
        return None
    try:
        frame = pl.read_csv(text.encode(), infer_schema=False, quote_char=None)
    except pl.exceptions.PolarsError:
        return None
    widest = frame.select(pl.all().str.len_chars().max()).row(0)
    if frame.height != rows or any((width or 0) > csv.field_size_limit() for width in widest):
        return None
    fields = {name: column.to_list() for name, column in zip(header, frame.iter_columns(), strict=True)}
    return Table(shown, range(2, rows + 2), fields, _places_of(header))


def _places_of(header: list[str]) -> dict[str, int]:
    return {name: index for index, name in enumerate(header)}


def _table(shown: str, header: list[str], reader: Any) -> Table | list[Fault]:  # noqa: ANN401  csv.reader has no public type
    numbers: list[int] = []
    rows: list[list[str]] = []
    faults = []
    for fields in reader:
        if not fields:
            continue
        if len(fields) != len(header):
            text = f"has {len(fields)} fields, the header has {len(header)}"
            faults.append(Fault(f"{shown}:{reader.line_num}:1", text))
            continue
        numbers.append(reader.line_num)
        rows.append(fields)
    if faults:
        return faults
    columns = zip(*rows, strict=True) if rows else [()] * len(header)
    fields_of = {
        name: [field or None for field in column] for name, column in zip(header, columns, strict=True)
    }
    return Table(shown, numbers, fields_of, _places_of(header))


def _header_faults(
    shown: str, header: list[str], required: Sequence[str], optional: Sequence[str], free: str | None
) -> Iterator[Fault]:
    known = [*required, *optional]
    for index, name in enumerate(header):
        place = f"{shown}:1:{index + 1}"
        if header.index(name) != index:
            yield Fault(place, f"the column `{name}` stands twice")
        elif name not in known and not (free and name.startswith(free)):
            yield Fault(
                place, f"unknown column `{name}`", nearest(name, known) or f"known: {', '.join(known)}"
            )
    for name in required:
        if name not in header:
            yield Fault(f"{shown}:1:1", f"the column `{name}` is missing")
