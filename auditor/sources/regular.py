"""Blocks of CSV in which every line is a record beyond doubt: parted at once, without looking at lines."""

import polars as pl

from auditor.sources.dialect import Dialect
from auditor.sources.lines import Block, placed

WIDEST_SHARE = 3
"""In a log with so many columns for each that is wanted, it is slower to part all than to look at lines."""


def regular_fields(block: Block, dialect: Dialect) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Part a block into all its fields, and give its lines, `start` and `size` as `lines_in` does.

    None where any line may be blank, a comment, quoted, or no record: `cut_records` must look at it. polars
    refuses a line with a field too many, and fills one with a field too few up, so that the bytes of all
    fields, delimiters and line ends are then more than the block has.
    """
    if block.overlong or dialect.fields < 2 or _may_be_irregular(block, dialect):  # noqa: PLR2004  one has no delimiter
        return None
    try:
        fields = dialect.fields_of(block.data, range(dialect.fields), quotes=False)
    except pl.exceptions.PolarsError:
        return None
    crlf = b"\r" in block.data
    texts = fields.select(pl.sum_horizontal(pl.all().str.len_bytes())).to_series().cast(pl.Int64)
    lines = placed(texts + (dialect.fields - 1 + crlf))
    held = int(lines["size"].sum()) + lines.height
    return (fields, lines) if held == len(block.data) + (not block.ended) else None


def _may_be_irregular(block: Block, dialect: Dialect) -> bool:
    """Say whether a quote or comment may be there, or CR anywhere but at the end of all lines."""
    data = block.data
    if dialect.quote is not None and dialect.quote.encode() in data:
        return True
    if b"\r" in data and not (block.ended and data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")):
        return True
    comment = None if dialect.comment is None else dialect.comment.encode()
    return comment is not None and (data.startswith(comment) or b"\n" + comment in data)
