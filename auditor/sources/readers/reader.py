"""What every reader is, and what readers of lines share."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from auditor.sources.interface import Log, Piece, Plan, Source
from auditor.sources.lines import USUAL, Limits, blocks_of, lines_in
from auditor.sources.mapping import Mapping, of_reader
from auditor.sources.plain import plan_text, raw_text
from auditor.sources.stream import read_stream


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: `title` says whose log it is, `checked_against` as in a mapping.

    `source` makes its connections; `modules` are the files that it consists of, whose digest is its version.
    """

    name: str
    title: str
    checked_against: str
    source: Source
    modules: tuple[str, ...]

    @property
    def mapping(self) -> Mapping:
        """Stand where a mapping stands for other logs."""
        digest = hashlib.sha256()
        for module in self.modules:
            digest.update(Path(module).read_bytes())
        return of_reader(self.name, self.title, self.checked_against, digest.hexdigest())


def plan_whole(log: Log, limits: Limits = USUAL) -> Plan:
    """Hash a file that is read from its beginning to its end, as what it says rests on what it said."""
    return plan_text(log, 1 << 62, limits, lambda _: None)


def numbered_lines(piece: Piece, limits: Limits = USUAL) -> Iterator[pl.DataFrame]:
    """Yield the lines of a log, some at a time: `number` from 1, `offset`, `size`, `text`, `last`.

    `text` is null for a line that is not UTF-8 or longer than `record_bytes`, `raw` has its beginning then
    and is null else. `last` marks a last line without a line end, which may be cut.
    """
    number = piece.first_record
    for block in blocks_of(read_stream(piece.log.file, start=piece.start, stop=piece.stop), 0, limits):
        if block.overlong:
            lines = pl.DataFrame(
                {"text": [None], "start": [0], "size": [len(block.data)]},
                schema_overrides={"text": pl.String},
            )
        else:
            lines = lines_in(block)
        raw = (
            [
                block.data[start : start + size] if text is None else None
                for text, start, size in lines.select("text", "start", "size").iter_rows()
            ]
            if lines["text"].null_count()
            else None
        )
        yield lines.select(
            "text",
            "size",
            pl.int_range(number, number + pl.len(), dtype=pl.Int64).alias("number"),
            offset=pl.col("start") + block.offset,
            raw=pl.Series(raw, dtype=pl.Binary) if raw else pl.lit(None, pl.Binary),
            last=(pl.int_range(pl.len()) == pl.len() - 1) & pl.lit(not block.ended),
        )
        number += lines.height


def raw_line(log: Log, record: int, byte_offset: int | None, limits: Limits = USUAL) -> bytes:
    """Fetch one line verbatim, without its line end. Raises SourceError."""
    return raw_text(log, record, byte_offset, limits, lambda block, _: int(lines_in(block)["size"][0]))
