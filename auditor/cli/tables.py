"""Rows for people and for other programs."""

import csv
import io
from collections.abc import Iterable, Sequence

Row = Sequence[str]

_STEERING = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def aligned(rows: Sequence[Row]) -> str:
    """Lay rows out in columns, each row on one line; an empty cell is shown as `-`."""
    lines = [[" ".join(cell.split()) or "-" for cell in row] for row in rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def csv_text(columns: Row, rows: Iterable[Row]) -> str:
    """Write rows as CSV; no cell is a formula."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([f"'{cell}" if cell.startswith(_STEERING) else cell for cell in row] for row in rows)
    return table.getvalue()
