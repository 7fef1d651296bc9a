"""CSV tables: from outside, each fault with its place, and for other programs."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def read_table(
    path: Path, *, required: Sequence[str], optional: Sequence[str], free: str | None = None
) -> list[Line] | list[Fault]:
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
        return _lines(shown, header, reader)
    except csv.Error as error:
        return [Fault(f"{shown}:{reader.line_num}:1", f"is not CSV: {error}")]


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a CSV table with a header; a cell that a spreadsheet would run gets a `'` in front."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if cell.startswith(_STEERING) else cell for cell in row] for row in rows)
    return table.getvalue()


def _lines(shown: str, header: list[str], reader: Any) -> list[Line] | list[Fault]:  # noqa: ANN401  csv.reader has no public type
    columns = {name: index for index, name in enumerate(header)}
    lines, faults = [], []
    for fields in reader:
        if not fields:
            continue
        if len(fields) != len(header):
            text = f"has {len(fields)} fields, the header has {len(header)}"
            faults.append(Fault(f"{shown}:{reader.line_num}:1", text))
            continue
        values = {name: field or None for name, field in zip(header, fields, strict=True)}
        lines.append(Line(shown, reader.line_num, values, columns))
    return faults or lines


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
