"""Lines of a CSV file → records: exact, and independent of where blocks end."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from auditor.sources.dialect import Dialect
from auditor.sources.lines import Block, Limits, lines_in


@dataclass(frozen=True, slots=True)
class Cut:
    """What a block holds, a row per record: `kind`, `text`, `start` and `size` in the block, in order.

    `kind` is `blank`, `comment`, `record` or `malformed`; `rest` is where the first record begins that needs
    lines behind the block, or the block's end. `fields` are those of every record, where they were parted on
    the way; there is no `text` then.
    """

    records: pl.DataFrame
    rest: int
    fields: pl.DataFrame | None = None


def cut_records(block: Block, dialect: Dialect, limits: Limits, *, last: bool) -> Cut:
    """Cut a block into records. Unless it is the `last`, a record that is still open is left for the next.

    A line that is well formed on its own is a record. Any other that opens a quote goes on over the lines
    behind it until the quote closes; if what comes out is no record, that one line is `malformed` and reading
    goes on with the next, so that a stray quote never swallows a file.
    """
    quotes = dialect.quote is not None and dialect.quote.encode() in block.data
    lines = lines_in(block).with_columns(kind=dialect.kinds(pl.col("text"), quotes=quotes))
    suspects = lines["kind"].is_null()
    if not suspects.any():
        return Cut(lines, len(block.data))
    if not quotes:
        return Cut(lines.with_columns(pl.col("kind").fill_null("malformed")), len(block.data))
    return _extended(
        lines, suspects.arg_true().to_list(), _Reach(dialect, limits, last=last), len(block.data)
    )


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far a record may go on."""

    dialect: Dialect
    limits: Limits
    last: bool


def _extended(lines: pl.DataFrame, suspects: Sequence[int], reach: _Reach, end: int) -> Cut:
    texts, sizes = lines["text"].to_list(), lines["size"].to_list()
    kinds = lines["kind"].to_list()
    begins = [True] * len(texts)
    done, rest = -1, end
    for row in suspects:
        if row <= done:
            continue
        until = _last_line(texts, sizes, row, reach)
        if until is None:
            kinds[row] = "malformed"
            continue
        if until == len(texts):
            rest = lines["start"][row]
            begins[row:] = [False] * (len(texts) - row)
            break
        kinds[row], done = "record", until
        begins[row + 1 : until + 1] = [False] * (until - row)
        texts[row] = "\n".join(texts[row : until + 1])
        sizes[row] = sum(sizes[row : until + 1]) + until - row
    columns = {"kind": kinds, "text": texts, "start": lines["start"], "size": sizes}
    schema = {"kind": pl.String, "text": pl.String, "start": pl.Int64, "size": pl.Int64}
    return Cut(pl.DataFrame(columns, schema=schema).filter(pl.Series(begins)), rest)


def _last_line(texts: Sequence[str | None], sizes: Sequence[int], row: int, reach: _Reach) -> int | None:
    """Find the last line of the record at `row`: None if it is none, one too many if it is not here yet."""
    dialect, limits = reach.dialect, reach.limits
    held, fields = 0, None
    for at in range(row, min(len(texts), row + limits.quoted_lines)):
        line, held = texts[at], held + sizes[at] + 1
        if line is None or (at > row and held > limits.quoted_bytes):
            return None
        state = dialect.advance(line, fields)
        if state is None:
            return None
        still_open, fields = state
        if not still_open:
            return at if fields == dialect.fields else None
    return None if reach.last or row + limits.quoted_lines <= len(texts) else len(texts)
