"""Formats in which each line is a record on its own: lines → batches, whatever a line is made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from auditor.sources.batching import TextRecords, empty_batch, text_batch
from auditor.sources.cells import Cells
from auditor.sources.elements import opened_rows
from auditor.sources.fit import Warned
from auditor.sources.interface import Batch, Log, Piece
from auditor.sources.lines import Block, Limits, blocks_of, lines_in
from auditor.sources.plain import raw_text
from auditor.sources.stream import read_stream

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Parted:
    """The lines of a block: their `kind`, `start` and `size`, and the cells of those of kind `record`."""

    rows: pl.DataFrame
    cells: Cells
    warned: Sequence[Warned] = ()


Parting = Callable[[Block, State], tuple[Parted, State]]
"""Parts a block; what the lines before have said goes in, and what these have said comes out."""


def line_batches(
    piece: Piece, limits: Limits, part: Parting[State], state: State, warned: Sequence[Warned] = ()
) -> Iterator[Batch]:
    """Yield the lines of a piece, a block of them at a time, numbered through the file."""
    log, first = piece.log, piece.first_record
    told = list(warned)
    for block in blocks_of(read_stream(log.file, start=piece.start, stop=piece.stop), piece.start, limits):
        parted, state = part(block, state)
        rows, cells = opened_rows(parted.rows, parted.cells, log.mapping)
        rows = rows.with_columns(number=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
        first += rows.height
        yield text_batch(log, TextRecords(block, rows, cells), [*told, *parted.warned])
        told = []
    if first == 1:
        yield empty_batch(log, told)


def lines_or_overlong(block: Block) -> pl.DataFrame:
    """Give the lines of a block as `lines_in` does; an overlong one has no text."""
    if not block.overlong:
        return lines_in(block)
    row = {"text": [None], "size": [len(block.data)], "start": [0]}
    return pl.DataFrame(row, schema={"text": pl.String, "size": pl.Int64, "start": pl.Int64})


def rows_of(lines: pl.DataFrame, kinds: pl.Series, block: Block) -> pl.DataFrame:
    """Say what each line is: where `kinds` has null `malformed`, or `truncated` if the file ends in it."""
    rows = lines.select("start", "size", kinds.alias("kind"))
    if not rows["kind"].null_count():
        return rows
    cut = pl.lit(not block.ended) & (pl.int_range(pl.len()) == pl.len() - 1)
    broken = pl.when(cut).then(pl.lit("truncated")).otherwise(pl.lit("malformed"))
    return rows.with_columns(kind=pl.coalesce("kind", broken))


def raw_line(log: Log, record: int, byte_offset: int | None, limits: Limits) -> bytes:
    """Fetch one line verbatim, without its line end. Raises SourceError."""
    return raw_text(log, record, byte_offset, limits, lambda block, _: int(lines_in(block)["size"][0]))
