"""Parquet files as polars gives them: its failures, and its panics, are a SourceError of the file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log

FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def scan(log: Log) -> pl.LazyFrame:
    """Begin to read the file; its name is taken as it stands."""
    return pl.scan_parquet(log.file, glob=False, hive_partitioning=False)


def schema_of(log: Log) -> pl.Schema:
    """Name the columns of the file and their types."""
    try:
        return scan(log).collect_schema()
    except FAILURES as error:
        raise broken(log, _first_line(error)) from error


def rows_of(log: Log) -> int:
    """Count the rows that the file promises."""
    try:
        return int(scan(log).select(pl.len()).collect().item())
    except FAILURES as error:
        raise broken(log, _first_line(error)) from error


def broken(log: Log, text: str) -> SourceError:
    """Say that the file cannot be read."""
    return SourceError(Fault(log.path, f"is no whole Parquet file: {text}", "fetch or write the file again"))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def frames_of(
    log: Log, columns: Mapping[str, pl.Expr], start: int, rows: int, size: int
) -> Iterator[pl.DataFrame]:
    """Yield some columns of a range of rows, in order, in frames of about `size` rows."""
    chosen = scan(log).slice(start, rows).select(column.alias(name) for name, column in columns.items())
    try:
        yield from chosen.collect_batches(chunk_size=size, maintain_order=True)
    except FAILURES as error:
        raise broken(log, _first_line(error)) from error


_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # the years 1 to 9999, in days from 1970


def beyond_calendar(column: pl.Series) -> pl.Series | None:
    """Mark dates that no calendar holds, on which polars panics; None if there are none."""
    if not isinstance(column.dtype, pl.Datetime) and column.dtype != pl.Date:
        return None
    unit = _PER_DAY[column.dtype.time_unit] if isinstance(column.dtype, pl.Datetime) else 1
    days = column.to_physical().cast(pl.Int64) // unit
    beyond = ~days.is_between(_FIRST_DAY, _LAST_DAY).fill_null(value=True)
    return beyond if beyond.any() else None


def rows_as_json(log: Log, at: int, height: int, rows: Sequence[int]) -> list[str]:
    """Write some of the rows behind `at` as JSON, with all their columns."""
    try:
        whole = scan(log).slice(at, height).collect()
    except FAILURES as error:
        raise broken(log, _first_line(error)) from error
    for column in whole.get_columns():
        if beyond_calendar(column) is not None:
            whole = whole.with_columns(column.to_physical())
    return [json.dumps(row, default=_plain, ensure_ascii=False) for row in whole[list(rows)].rows(named=True)]


def _plain(value: Any) -> str:  # noqa: ANN401  whatever JSON has no word for
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
