"""Rows of a text → records, where a mapping makes records of elements."""

import polars as pl

from auditor.sources.batching import RECORD
from auditor.sources.cells import Cells
from auditor.sources.mapping import Mapping
from auditor.sources.opening import opened


def opened_rows(rows: pl.DataFrame, cells: Cells, mapping: Mapping) -> tuple[pl.DataFrame, Cells]:
    """Give each element that the mapping opens in records a row of its own; other rows stay as they are.

    `rows` have a `kind`, and `cells` are those of the records among them, in order. A column `element` then
    tells which row each comes from; without `each` everything stays as it is.
    """
    if not mapping.each:
        return rows, cells
    origin, elements = opened(cells, mapping.each, keep_empty=True)
    is_record = rows["kind"] == RECORD
    of_records = is_record.arg_true().gather(origin)
    whole = pl.concat([of_records, (~is_record).arg_true()]).sort()
    return rows[whole].with_columns(element=whole.cast(pl.Int64)), elements
