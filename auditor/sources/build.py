"""Records → connections, through a mapping: all that is the same for every format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from auditor.model import CONNECTION, REJECT, UNREAD, WARNING, BadValue, cast_to
from auditor.sources.cells import Cells
from auditor.sources.interface import Log
from auditor.sources.language import FILE
from auditor.sources.mapping import Mapping
from auditor.sources.reading import constant, nulled
from auditor.sources.uses import Use, foreign_rows, uses_of
from auditor.sources.values import HIGHEST

EXAMPLE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Records:
    """Some records, a row each: their numbers, where they begin (null for Parquet), and what is in them.

    `excerpts` gives the raw text of the rows at some positions, cut to what a reject shows. `elements` number
    what the log holds, where several records come from one thing in it; None where each is its own.
    """

    numbers: pl.Series
    offsets: pl.Series
    cells: Cells
    excerpts: Callable[[Sequence[int]], list[str]]
    elements: pl.Series | None = None

    def filtered(self, mask: pl.Series) -> "Records":
        """Keep the records for which the mask is true."""
        places = mask.arg_true()
        return Records(
            numbers=self.numbers.gather(places),
            offsets=self.offsets.gather(places),
            cells=self.cells.filtered(mask),
            excerpts=lambda rows: self.excerpts(places.gather(list(rows)).to_list()),
            elements=None if self.elements is None else self.elements.gather(places),
        )


@dataclass(frozen=True, slots=True)
class Built:
    """What became of some records; `aside` has a row for each that gave no connection: `kind`, `number`."""

    connections: pl.DataFrame
    rejects: pl.DataFrame
    aside: pl.DataFrame
    unread: pl.DataFrame
    warnings: pl.DataFrame


def build(records: Records, mapping: Mapping, log: Log) -> Built:
    """Turn records into connections, each record wholly or not at all.

    A record of which any connection lacks what it needs is a reject. Connections of a record that agree in
    all that is judged become one.
    """
    records = _with_file(records, mapping, log)
    cautions = _cautions(records, mapping, log)
    excluded, records = _set_aside(records, mapping)
    numbered = pl.DataFrame({"record": records.numbers, "byte_offset": records.offsets}).with_row_index("row")
    numbered = numbered.with_columns(source_file=pl.lit(log.path))
    uses = uses_of(records.cells, mapping, log.told)
    refused = _refused(uses)
    connections, overflowed = _in_64_bits(_connections(uses, refused["row"]))
    given = connections.select(pl.col("row").unique())
    none = numbered.join(given, on="row", how="anti").join(refused, on="row", how="anti")
    foreign = none["row"].is_in(foreign_rows(uses).implode())
    kinds = pl.when(foreign).then(pl.lit("not_ours")).otherwise(pl.lit("no_relay"))
    return Built(
        connections=_finished(connections, numbered),
        rejects=_rejects(refused, numbered, records),
        aside=pl.concat([excluded, none.select(kind=kinds, number="record")]),
        unread=_unread(uses, overflowed, refused, numbered),
        warnings=pl.concat([cautions, _warnings(uses, numbered)]),
    )


def _with_file(records: Records, mapping: Mapping, log: Log) -> Records:
    """Put in the name of the file, where the mapping reads it."""
    if FILE not in mapping.paths:
        return records
    name = constant(log.file.name, records.cells.height, pl.String)
    cells = records.cells
    return replace(records, cells=replace(cells, columns=cells.columns.with_columns(name.alias(FILE))))


def _set_aside(records: Records, mapping: Mapping) -> tuple[pl.DataFrame, Records]:
    """Take out the records that the mapping sets aside, each by the first of its reasons."""
    kind = pl.Series("kind", [None], dtype=pl.String).new_from_index(0, records.cells.height)
    for remark in mapping.asides:
        holds = remark.when.holds(records.cells)
        kind = kind.zip_with(kind.is_not_null() | ~holds, constant(remark.text, len(kind), pl.String))
    if records.cells.unopened is not None:  # what cannot be opened may hold what the conditions ask for
        kind = nulled(kind, records.cells.unopened)
    if not kind.count():
        return pl.DataFrame(schema={"kind": pl.String, "number": pl.Int64}), records
    aside = pl.DataFrame({"kind": kind, "number": records.numbers}).drop_nulls("kind")
    return aside, records.filtered(kind.is_null())


def _cautions(records: Records, mapping: Mapping, log: Log) -> pl.DataFrame:
    """Count the things of which the mapping warns: each once, though several records come from it."""
    things = records.numbers if records.elements is None else records.elements
    frame = pl.DataFrame({"thing": things, "record": records.numbers})
    rows = []
    for remark in mapping.cautions:
        found = frame.filter(remark.when.holds(records.cells))
        if found.height:
            count, first = found["thing"].n_unique(), found["record"].min()
            rows.append({"source_file": log.path, "text": remark.text, "count": count, "first_record": first})
    return pl.DataFrame(rows, schema=WARNING)


def _refused(uses: Sequence[Use]) -> pl.DataFrame:
    """Give the rows of the rejects, each once, with its first reason and that reason's column."""
    found = [
        pl.DataFrame({"row": use.rows, "reason": reasons})
        .drop_nulls("reason")
        .with_columns(column=pl.lit(name))
        for use in uses
        for name, reasons in use.read.refusals
    ]
    empty = pl.DataFrame(schema={"row": pl.get_index_type(), "reason": pl.String, "column": pl.String})
    return pl.concat([empty, *found]).unique("row", keep="first", maintain_order=True).sort("row")


def _connections(uses: Sequence[Use], refused: pl.Series) -> pl.DataFrame:
    frames = []
    for use in uses:
        frame = use.read.frame.with_columns(use.rows.alias("row"), part=pl.lit(use.part.number, pl.Int32))
        if not use.part.kept_without_relay:
            frame = frame.filter(use.read.speaks_of_relay)
        if len(refused):
            frame = frame.filter(~pl.col("row").is_in(refused.implode()))
        frames.append(frame)
    several = any(use.part.each or use.part.relay_among for use in uses)
    if len(frames) == 1 and not several:
        return frames[0]
    merged = _merged(pl.concat(frames, how="diagonal"))
    return merged.with_columns(part=pl.int_range(1, pl.len() + 1).over("row")) if several else merged


def _merged(connections: pl.DataFrame) -> pl.DataFrame:
    """Make one of the connections of a record that only `part`, `session_id`, port and bytes tell apart."""
    apart = {"part", "bytes", "session_id", "relay_port", "use_proved", "extra"}
    same = [name for name in connections.columns if name not in apart]
    proved_first = connections.sort("row", "part", maintain_order=True)
    rest = [name for name in proved_first.columns if name not in {*same, "bytes", "use_proved"}]
    logged = pl.col("bytes").count() > 0
    return (
        proved_first.group_by(same, maintain_order=True)
        .agg(
            pl.col(rest).first(),
            pl.when(logged).then(pl.col("bytes").cast(pl.Int128).sum()).alias("bytes"),
            pl.col("use_proved").any(),
        )
        .sort("row", "part", maintain_order=True)
    )


def _in_64_bits(connections: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Take out the sums of bytes that no count of ours holds, and give them beside, as unread values."""
    beyond = pl.col("bytes") > HIGHEST["bytes"]
    overflowed = connections.filter(beyond).select(
        "row",
        reason=pl.lit(BadValue.OUT_OF_RANGE.value),
        example=pl.col("bytes").cast(pl.String),
        column=pl.lit("bytes"),
    )
    return connections.with_columns(pl.when(~beyond).then("bytes").cast(pl.Int64).alias("bytes")), overflowed


def _finished(connections: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    labels = sorted(name for name in connections.columns if name.startswith("label_"))
    rows = connections["row"]
    whole = pl.concat([numbered[rows].drop("row"), connections.drop("row")], how="horizontal")
    return cast_to(whole, {**CONNECTION, **dict.fromkeys(labels, pl.String)})


def _rejects(refused: pl.DataFrame, numbered: pl.DataFrame, records: Records) -> pl.DataFrame:
    if refused.is_empty():
        return pl.DataFrame(schema=REJECT)
    rows = refused["row"]
    excerpts = pl.Series("excerpt", records.excerpts(rows.to_list()), dtype=pl.String)
    whole = pl.concat(
        [numbered[rows].drop("row"), refused.drop("row"), excerpts.to_frame()], how="horizontal"
    )
    return cast_to(whole, REJECT)


def _unread(
    uses: Sequence[Use], overflowed: pl.DataFrame, refused: pl.DataFrame, numbered: pl.DataFrame
) -> pl.DataFrame:
    """Count the values that could not be read; one that several connections of a record share is one."""
    found = [
        pl.DataFrame({"row": use.rows, "reason": trouble.reasons, "example": trouble.written})
        .drop_nulls("reason")
        .with_columns(column=pl.lit(trouble.column))
        for use in uses
        for trouble in use.read.troubles
    ]
    if not overflowed.is_empty():
        found.append(overflowed)
    if not found:
        return pl.DataFrame(schema=UNREAD)
    counted = (
        pl.concat(found)
        .join(refused, on="row", how="anti")
        .join(numbered, on="row", how="left")
        .sort("record", maintain_order=True)
        .group_by("source_file", "column", "reason")
        .agg(
            count=pl.col("record").n_unique(),
            first_record=pl.col("record").first(),
            example=pl.col("example").first().str.slice(0, EXAMPLE_CHARACTERS),
        )
        .sort("column", "reason")
    )
    return cast_to(counted, UNREAD)


def _warnings(uses: Sequence[Use], numbered: pl.DataFrame) -> pl.DataFrame:
    """Count the records that each hint is of; connections of one record that share it count once."""
    found = [
        numbered.join(
            pl.DataFrame({"row": use.rows.filter(mask.fill_null(value=False))}).unique(), on="row", how="semi"
        ).with_columns(text=pl.lit(text))
        for use in uses
        for text, mask in use.read.hints
    ]
    if not found:
        return pl.DataFrame(schema=WARNING)
    counted = (
        pl.concat(found)
        .group_by("source_file", "text")
        .agg(count=pl.col("record").n_unique(), first_record=pl.col("record").min())
        .sort("text")
    )
    return cast_to(counted, WARNING)
