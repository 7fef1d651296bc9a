"""NDJSON: a JSON object a line. What polars can read is a record, every other line is malformed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from auditor.sources.absence import absent_from, key_of, role_paths, warned_of
from auditor.sources.batching import TextRecords, empty_batch, text_batch
from auditor.sources.elements import opened_rows
from auditor.sources.fit import Warned, require_columns
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.isolation import read_objects
from auditor.sources.lines import USUAL, Block, Limits, blocks_of, lines_in
from auditor.sources.objects import Wanted, cells_of
from auditor.sources.plain import head_of, plan_text, raw_text
from auditor.sources.stream import read_stream

SAMPLED_RECORDS = 1_000


@dataclass(frozen=True, slots=True)
class NdjsonSource:
    """Reads lines of JSON objects, plain or compressed; a line that holds only blanks is no record."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut at line ends, unless it is compressed."""
        names = _sampled_names(log, self.limits)
        if names and log.mapping.canonical and absent_from(log, ["started_at"]):
            require_columns(log, names, set())
        opens = bool(log.mapping.each)  # then it takes more than lines to count records
        return plan_text(
            log, piece_bytes, self.limits, lambda block: None if opens else _records_of(block).height
        )

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the records of a piece."""
        log, first = piece.log, piece.first_record
        warned = _warned(log, self.limits) if piece.start == 0 else []
        wanted = Wanted(log.mapping)
        stream = read_stream(log.file, start=piece.start, stop=piece.stop)
        roles = role_paths(log.mapping)
        absent: frozenset[str] | None = None
        for block in blocks_of(stream, piece.start, self.limits):
            lines = _records_of(block)
            if absent is None and not all(key_of(path) in block.data for path in roles):
                absent = frozenset(absent_from(log, roles))
            cells, bad = cells_of(lines["text"], block.data, wanted, absent or frozenset())
            rows, cells = opened_rows(_rows(lines, bad, block), cells, log.mapping)
            rows = rows.with_columns(number=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
            first += rows.height
            yield text_batch(log, TextRecords(block, rows, cells), warned)
            warned = []
        if warned or first == 1:
            yield empty_batch(log, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line, without its line end."""
        return raw_text(
            log, record, byte_offset, self.limits, lambda block, _: int(lines_in(block)["size"][0])
        )


def _records_of(block: Block) -> pl.DataFrame:
    """Give the lines that are not blank."""
    if block.overlong:
        return pl.DataFrame(
            {"text": pl.Series([None], dtype=pl.String), "size": [len(block.data)], "start": [0]}
        )
    lines = lines_in(block)
    if not (lines["text"] < "!").any():  # blanks come before all that a line of JSON can begin with
        return lines
    return lines.filter((pl.col("text").str.strip_chars(" \t\r") != "").fill_null(value=True))


def _rows(lines: pl.DataFrame, bad: pl.Series, block: Block) -> pl.DataFrame:
    """Say what each line is; a bad one at the end of the file without its line end is `truncated`."""
    cut = pl.lit(not block.ended) & (pl.col("start") + pl.col("size") == len(block.data))
    broken = pl.when(cut).then(pl.lit("truncated")).otherwise(pl.lit("malformed"))
    return lines.select(pl.when(bad).then(broken).otherwise(pl.lit("record")).alias("kind"), "start", "size")


def _sampled_names(log: Log, limits: Limits) -> list[str]:
    """Name the keys of the first records, at most SAMPLED_RECORDS, in the order in which they come."""
    names: dict[str, None] = {}
    for block in head_of(log, limits):
        lines = _records_of(block)["text"].head(SAMPLED_RECORDS)
        _, bad = read_objects(lines, ())
        for line in lines.filter(~bad):
            names.update(dict.fromkeys(json.loads(line, parse_int=str)))
        break
    return list(names)


def _warned(log: Log, limits: Limits) -> list[Warned]:
    names = _sampled_names(log, limits)
    return list(warned_of(log, names)) if names else []
