"""Rows that are alike become one number, so that Python sees each distinct row once."""

import polars as pl

from auditor.model import Schema

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


class Known:
    """Distinct rows that were seen so far, numbered from 0 in the order in which they came."""

    def __init__(self, schema: Schema) -> None:
        self._rows = pl.DataFrame(schema=schema)

    @property
    def count(self) -> int:
        """How many there are."""
        return self._rows.height

    def numbers_of(self, rows: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
        """Give each row the number of its like; and the rows that were not known, by their numbers.

        The columns are those of the schema; nulls equal each other.
        """
        numbers = places_among(rows, self._rows)
        unknown = numbers.is_null()
        index, new = intern(rows.filter(unknown))
        if new.height:
            numbers = numbers.scatter(unknown.arg_true(), index + self.count)
            self._rows = pl.concat([self._rows, new], rechunk=True)
        return numbers, new


def places_among(rows: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Find each row of `rows` among the distinct rows of `known`: the place of its like, null without one.

    Nulls equal each other. Columns that hold one and the same value everywhere tell nothing apart, and are
    left out, since a join by one column is much quicker than by several.
    """
    telling = [name for name in rows.columns if not _is_one_value(rows[name], known[name])]
    keys = telling or rows.columns[:1]
    numbered = known.select(keys).with_row_index(_ID)
    joined = rows.select(keys).join(
        numbered, on=keys, how="left", nulls_equal=True, validate="m:1", maintain_order="left"
    )
    return joined[_ID]


def _is_one_value(one: pl.Series, other: pl.Series) -> bool:
    values = [one, other]
    if any(series.null_count() for series in values):
        return all(series.null_count() == series.len() for series in values)
    first = next((series.first() for series in values if series.len()), None)
    return first is None or all(bool((series == first).all()) for series in values)
