"""Rows that are alike become one number, so that Python sees each distinct row once."""

import polars as pl

_ID = "distinct row"


def intern(frame: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Give each row of `frame` the number of its like, and the distinct rows in the order of these numbers.

    Nulls equal each other: `distinct[numbers]` is `frame` again.
    """
    distinct = frame.unique(maintain_order=True)
    numbered = distinct.with_row_index(_ID)
    joined = frame.join(
        numbered, on=frame.columns, how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
    return joined[_ID], distinct
