"""Parquet tables whose bytes are a function of their rows and the order of these."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from auditor.model import Schema

_ROW_GROUP = 100_000


def write_table(rows: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    """Write rows in their order. The same rows give the same bytes, however they were put together."""
    groups = _row_groups(rows.lazy())
    groups.sink_parquet(path, compression="zstd", row_group_size=_ROW_GROUP, maintain_order=True)


def scan_tables(paths: Sequence[Path], schema: Schema) -> pl.LazyFrame:
    """Scan tables of one schema, one after the other; none at all is an empty table."""
    return pl.scan_parquet(list(paths), glob=False) if paths else pl.LazyFrame(schema=schema)


def _row_groups(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Give rows in frames of one row group each, in fresh memory.

    Measured with polars 2.0: how a column of lists is encoded shows in how many chunks its row group came,
    and whether a chunk is a part of a longer one.
    """

    def groups(
        *_: object,
    ) -> Iterator[pl.DataFrame]:  # pragma: no cover  polars runs it in a thread of its own
        for group in rows.collect_batches(chunk_size=_ROW_GROUP, maintain_order=True, engine="streaming"):
            yield group.select(pl.all().gather(pl.int_range(pl.len())))

    return register_io_source(groups, schema=rows.collect_schema(), is_pure=True)
