"""Parquet tables whose bytes are a function of their rows and the order of these."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from auditor.model import Schema

_ROW_GROUP = 100_000


def write_table(rows: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    """Write rows in their order. The same rows give the same bytes, however they were put together."""
    rows.lazy().sink_parquet(path, compression="zstd", row_group_size=_ROW_GROUP, maintain_order=True)


def scan_tables(paths: Sequence[Path], schema: Schema) -> pl.LazyFrame:
    """Scan tables of one schema, one after the other; none at all is an empty table."""
    return pl.scan_parquet(list(paths), glob=False) if paths else pl.LazyFrame(schema=schema)
