"""Records → connections, through a mapping: all that is the same for every format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from auditor.model import CONNECTION, REJECT, UNREAD, WARNING, BadValue, cast_to
from auditor.sources.cells import Cells
from auditor.sources.mapping import Mapping, Part
from auditor.sources.parts import PartRead, read_part
from auditor.sources.values import HIGHEST

EXAMPLE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Records:
    """Some records, a row each: their numbers, where they begin (null for Parquet), and what is in them.

    `excerpts` gives the raw text of the rows at some positions, cut to what a reject shows.
    """

    numbers: pl.Series
    offsets: pl.Series
    cells: Cells
    excerpts: Callable[[Sequence[int]], list[str]]


@dataclass(frozen=True, slots=True)
class Built:
    """What became of some records; `no_relay` holds the numbers of those that gave no connection."""

    connections: pl.DataFrame
    rejects: pl.DataFrame
    no_relay: pl.Series
    unread: pl.DataFrame
    warnings: pl.DataFrame


def build(records: Records, mapping: Mapping, source_file: str) -> Built:
    """Turn records into connections, each record wholly or not at all.

    A record of which any connection lacks what it needs is a reject. Connections of a record that agree in
    all that is judged become one.
    """
    numbered = pl.DataFrame({"record": records.numbers, "byte_offset": records.offsets}).with_row_index("row")
    numbered = numbered.with_columns(source_file=pl.lit(source_file))
    parts = [read_part(part, records.cells, mapping) for part in mapping.parts]
    refused = _refused(parts)
    connections, overflowed = _in_64_bits(_connections(parts, mapping.parts, refused["row"]))
    given = connections.select(pl.col("row").unique())
    none = numbered.join(given, on="row", how="anti").join(refused, on="row", how="anti")
    return Built(
        connections=_finished(connections, numbered),
        rejects=_rejects(refused, numbered, records),
        no_relay=none["record"],
        unread=_unread(parts, overflowed, refused, numbered),
        warnings=_warnings(parts, numbered),
    )


def _refused(parts: Sequence[PartRead]) -> pl.DataFrame:
    """Give the rows of the rejects, each once, with its first reason and that reason's column."""
    found = [
        pl.DataFrame({"reason": reasons})
        .with_row_index("row")
        .drop_nulls("reason")
        .with_columns(column=pl.lit(name))
        for part in parts
        for name, reasons in part.refusals
    ]
    empty = pl.DataFrame(schema={"row": pl.get_index_type(), "reason": pl.String, "column": pl.String})
    return pl.concat([empty, *found]).unique("row", keep="first", maintain_order=True).sort("row")


def _connections(read: Sequence[PartRead], parts: Sequence[Part], refused: pl.Series) -> pl.DataFrame:
    frames = []
    for values, part in zip(read, parts, strict=True):
        frame = values.frame.with_row_index("row").with_columns(part=pl.lit(part.number, pl.Int32))
        if not part.kept_without_relay:
            frame = frame.filter(values.speaks_of_relay)
        if len(refused):
            frame = frame.filter(~pl.col("row").is_in(refused.implode()))
        frames.append(frame)
    if len(frames) == 1:
        return frames[0]
    return _merged(pl.concat(frames, how="diagonal"))


def _merged(connections: pl.DataFrame) -> pl.DataFrame:
    """Make one of the connections of a record that only `part`, `session_id`, port and bytes tell apart."""
    apart = {"part", "bytes", "session_id", "relay_port", "use_proved", "extra"}
    same = [name for name in connections.columns if name not in apart]
    proved_first = connections.sort("row", "part")
    rest = [name for name in proved_first.columns if name not in {*same, "bytes", "use_proved"}]
    logged = pl.col("bytes").count() > 0
    return (
        proved_first.group_by(same, maintain_order=True)
        .agg(
            pl.col(rest).first(),
            pl.when(logged).then(pl.col("bytes").cast(pl.Int128).sum()).alias("bytes"),
            pl.col("use_proved").any(),
        )
        .sort("row", "part")
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
    parts: Sequence[PartRead], overflowed: pl.DataFrame, refused: pl.DataFrame, numbered: pl.DataFrame
) -> pl.DataFrame:
    """Count the values that could not be read; one that several connections of a record share is one."""
    found = [
        pl.DataFrame({"reason": trouble.reasons, "example": trouble.written})
        .with_row_index("row")
        .drop_nulls("reason")
        .with_columns(column=pl.lit(trouble.column))
        for part in parts
        for trouble in part.troubles
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


def _warnings(parts: Sequence[PartRead], numbered: pl.DataFrame) -> pl.DataFrame:
    """Count the records that each hint is of; connections of one record that share it count once."""
    found = [
        numbered.filter(mask.fill_null(value=False)).with_columns(text=pl.lit(text))
        for part in parts
        for text, mask in part.hints
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
