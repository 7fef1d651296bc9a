"""Distinct combinations of columns, and the way back from them to the rows."""

from collections.abc import Sequence

import polars as pl


def distinct(rows: pl.DataFrame, keys: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """Find the distinct combinations of `keys`, and for each row the index of its own.

    The first frame has only `keys`, in the order in which they first occur; the series has one value per row,
    in the order of the rows, never null: null keys are equal to each other.
    """
    varying = [name for name in keys if _varies(rows[name])]
    if not varying:
        return rows.select(keys).head(1), pl.zeros(rows.height, dtype=pl.UInt32, eager=True)
    found = rows.select(keys).unique(subset=varying, keep="first", maintain_order=True)
    numbered = found.select(varying).with_row_index("__index")
    back = rows.select(varying).join(
        numbered, on=varying, how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
    index = back["__index"]
    if index.len() != rows.height or index.null_count():
        raise AssertionError("rows were lost on the way to their combinations")
    return found, index


def _varies(column: pl.Series) -> bool:
    if column.null_count() in (0, column.len()):
        return bool((column.is_null().any() is False) and column.len() and (column != column.first()).any())
    return True
