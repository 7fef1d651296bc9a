"""One list of entries, written as CSV, NDJSON or Parquet, with the number that each record gets."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl

from .values import COLUMNS, Entry, Value

HOME_REGION = "home_region"
"""A column that only the NDJSON log has."""

_TYPES: dict[str, type[pl.DataType] | pl.DataType] = {
    **dict.fromkeys(COLUMNS, pl.String),
    **dict.fromkeys(("started_at", "ended_at"), pl.Datetime("us", "UTC")),
    **dict.fromkeys(("relay_port", "attempt", "failed_primaries"), pl.Int32),
    "bytes": pl.Int64,
    "use_proved": pl.Boolean,
}


def write_csv(path: Path, entries: Sequence[Entry]) -> None:
    """Write a header and the entries; an entry without a connection is a blank line.

    Record 1 is the header.
    """
    lines = [_csv_line(COLUMNS)]
    for entry in entries:
        text = entry.connection and _csv_line(
            [_written(entry.connection.logged.get(name)) for name in COLUMNS]
        )
        lines.append(entry.garble(text) if text else b"")
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def _csv_line(values: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue().encode()


def write_ndjson(path: Path, entries: Sequence[Entry]) -> None:
    """Write the entries, without those that have no connection; the end of the last line is missing.

    Record 1 is the first line.
    """
    lines = []
    for entry in entries:
        if entry.connection is not None:
            logged = entry.connection.logged
            columns = {name: _json_value(logged.get(name)) for name in (*COLUMNS, HOME_REGION)}
            present = {name: value for name, value in columns.items() if value is not None}
            text = json.dumps(present, separators=(",", ":"), ensure_ascii=False)
            lines.append(entry.garble(text.encode()))
        else:
            lines.append(b"")
    path.write_bytes(b"\n".join(lines))


def write_parquet(path: Path, entries: Sequence[Entry]) -> None:
    """Write the entries in typed columns. Record 1 is the first row."""
    rows = [entry.connection.logged for entry in entries if entry.connection is not None]
    columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    pl.DataFrame(columns, schema=_TYPES).write_parquet(path, compression="zstd")


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json_value(value: Value) -> str | int | None:
    return f"{value:%Y-%m-%dT%H:%M:%S+00:00}" if isinstance(value, datetime) else value
