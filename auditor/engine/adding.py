"""Exact sums of partial frames: integers only, and an order that does not show which came first."""

from collections.abc import Sequence

import polars as pl

from auditor.model import Schema


def added(frames: Sequence[pl.DataFrame], keys: Sequence[str], sums: Sequence[str]) -> pl.DataFrame:
    """Add up `sums` over equal `keys`, null keys being equal to each other; sorted by keys."""
    whole = pl.concat(frames)
    return whole.group_by(keys).agg(pl.col(name).sum() for name in sums).sort(keys, nulls_last=True)


def counted(frames: Sequence[pl.DataFrame], schema: Schema, keys: Sequence[str]) -> pl.DataFrame:
    """Add up `count` over equal `keys`; all other columns are those of the first record. Sorted by keys.

    The frames have `schema`, with the columns `count` and `first_record`.
    """
    if not frames:
        return pl.DataFrame(schema=schema)
    first = [name for name in schema if name not in (*keys, "count")]
    return (
        pl.concat(frames)
        .sort(*keys, *first, nulls_last=True)
        .group_by(keys, maintain_order=True)
        .agg(pl.col("count").sum(), *(pl.col(name).first() for name in first))
        .select(*schema)
        .sort(keys)
    )
