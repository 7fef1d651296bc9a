"""What was cut and built → one Batch, whose counts add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from auditor.model import NOT_CONNECTION, REJECT, WARNING, cast_to
from auditor.sources.build import Built, Records, build
from auditor.sources.cells import Cells
from auditor.sources.fit import Warned
from auditor.sources.interface import Batch, Log
from auditor.sources.lines import Block, excerpt_of

RECORD = "record"
BROKEN = ("malformed", "truncated")


@dataclass(frozen=True, slots=True)
class TextRecords:
    """The records of a block, a row each: `kind`, `number`, and `start` and `size` in the block, in bytes.

    `kind` is `record`, `malformed`, `truncated`, or the reason for which it is not a connection. `cells` are
    those of the rows of kind `record`, in order. Where several records come from one line, they share its
    number in a column `element`.
    """

    block: Block
    rows: pl.DataFrame
    cells: Cells

    def of_kind(self, *kinds: str) -> pl.DataFrame:
        """Choose rows."""
        return self.rows.filter(pl.col("kind").is_in(kinds))

    def excerpts(self, rows: pl.DataFrame, positions: Sequence[int]) -> list[str]:
        """Show the raw text of some of `rows`."""
        starts, sizes, data = rows["start"], rows["size"], self.block.data
        return [excerpt_of(data[starts[at] : starts[at] + sizes[at]].removesuffix(b"\r")) for at in positions]


def text_batch(log: Log, records: TextRecords, warned: Iterable[Warned] = ()) -> Batch:
    """Build the batch of a block of text."""
    rows, broken = records.of_kind(RECORD), records.of_kind(*BROKEN)
    built = build(
        Records(
            numbers=rows["number"],
            offsets=rows["start"] + records.block.offset,
            cells=records.cells,
            excerpts=lambda positions: records.excerpts(rows, positions),
            elements=rows["element"] if "element" in rows.columns else None,
        ),
        log.mapping,
        log,
    )
    rejects = broken.select(
        source_file=pl.lit(log.path),
        record="number",
        byte_offset=pl.col("start") + records.block.offset,
        reason="kind",
        excerpt=pl.Series(records.excerpts(broken, range(broken.height)), dtype=pl.String),
    )
    aside = records.rows.filter(~pl.col("kind").is_in([RECORD, *BROKEN]))
    return batch_of(
        log,
        built,
        records=records.rows.height,
        rejects=cast_to(rejects, REJECT),
        aside=aside.select("kind", "number"),
        warned=warned,
    )


def batch_of(  # noqa: PLR0913  what a batch is made of
    log: Log,
    built: Built,
    *,
    records: int,
    rejects: pl.DataFrame,
    aside: pl.DataFrame,
    warned: Iterable[Warned],
) -> Batch:
    """Join what became of some records; an error here is ours, never the log's.

    `aside` has a row per record that is not a connection: its `kind`, and its `number`.
    """
    not_connections = (
        pl.concat([aside, built.aside])
        .group_by(reason="kind")
        .agg(count=pl.len(), first_record=pl.col("number").min())
        .with_columns(source_file=pl.lit(log.path))
        .sort("reason")
    )
    whole = pl.concat([rejects, built.rejects]).sort("record")
    batch = Batch(
        records=records,
        connection_records=built.connections["record"].n_unique(),
        connections=built.connections,
        rejects=whole,
        not_connections=cast_to(not_connections, NOT_CONNECTION),
        unread=built.unread,
        warnings=pl.concat([warnings_of(log, warned), built.warnings]),
    )
    accounted = batch.connection_records + whole.height + int(batch.not_connections["count"].sum())
    if accounted != records:
        raise AssertionError(f"{log.path}: {accounted:,} records accounted for, of {records:,}")
    return batch


def empty_batch(log: Log, warned: Iterable[Warned] = ()) -> Batch:
    """Say that there was nothing."""
    block = Block(b"", 0, 0, ended=True)
    rows = pl.DataFrame(schema={"kind": pl.String, "number": pl.Int64, "start": pl.Int64, "size": pl.Int64})
    return text_batch(log, TextRecords(block, rows, Cells(pl.DataFrame(), {})), warned)


def warnings_of(log: Log, warned: Iterable[Warned]) -> pl.DataFrame:
    """Lay warnings on a log out as a frame."""
    said = [{"source_file": log.path, "text": text, "count": count} for text, count in warned]
    return cast_to(pl.DataFrame(said, schema=["source_file", "text", "count"]), WARNING)
