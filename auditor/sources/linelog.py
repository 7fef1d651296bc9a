"""Logs of plain lines: a regular expression, or pairs of a name and a value, make the columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from auditor.sources.absence import warned_of
from auditor.sources.batching import RECORD
from auditor.sources.cells import Cells
from auditor.sources.fit import Warned, require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.language import Input
from auditor.sources.lines import USUAL, Block, Limits
from auditor.sources.linewise import Parted, line_batches, lines_or_overlong, raw_line, rows_of
from auditor.sources.pairs import columns_of_pairs
from auditor.sources.plain import lines_counted, plan_text
from auditor.sources.prefixes import COLUMNS, Unwrapped, may_be_partial, unwrapped

NOTHING_BEGUN: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LineSource:
    """Reads lines by `pattern` or `pairs`, plain or compressed; blank ones are no connections."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut at line ends, unless the parts of a line may follow each other as lines."""
        if log.mapping.input.pattern is not None:
            names = _names(log.mapping.input)
            require_columns(log, names, {path for path in log.mapping.in_file if path in names})
        wrapped = "kubernetes" in log.mapping.input.prefixes

        def records_in(block: Block) -> int | None:
            sound = not log.mapping.each and not (wrapped and may_be_partial(block.data))
            return lines_counted(block) if sound else None

        return plan_text(log, piece_bytes, self.limits, records_in)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the lines of a piece."""
        warned = list(_warned(piece.log)) if piece.start == 0 else []
        return line_batches(piece, self.limits, partial(_part, piece.log), NOTHING_BEGUN, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line with its wrappers, without its line end."""
        return raw_line(log, record, byte_offset, self.limits)


def _names(given: Input) -> tuple[str, ...]:
    """Name the columns that a pattern makes, and those of the wrappers."""
    groups = pl.Series([], dtype=pl.String).str.extract_groups(given.pattern or "").struct.fields
    return (*groups, *(name for prefix in given.prefixes for name in COLUMNS[prefix]))


def _warned(log: Log) -> Iterator[Warned]:
    given, names = log.mapping.input, _names(log.mapping.input)
    if given.pairs is None:
        return warnings_on(log.mapping, names, set(names))
    equals = given.pairs.equals
    return warned_of(log, names, lambda name: b"" if name in names else (name + equals).encode())


def _part(log: Log, block: Block, begun: frozenset[str]) -> tuple[Parted, frozenset[str]]:
    lines, given = lines_or_overlong(block), log.mapping.input
    bare = unwrapped(lines["text"], given.prefixes, begun)
    columns, fits = _columns(bare, given, log.mapping.in_file)
    state = pl.DataFrame({"text": bare.text, "fits": fits}).select(
        pl.when(pl.col("text").str.strip_chars() == "")
        .then(pl.lit("blank"))
        .when("fits")
        .then(pl.lit(RECORD))
        .alias("kind")
    )
    rows = rows_of(lines, state["kind"], block)
    is_record = rows["kind"] == RECORD
    wanted = columns if is_record.all() else columns.filter(is_record)
    return Parted(rows, Cells.of(wanted, given.null_values, {})), bare.begun


def _columns(bare: Unwrapped, given: Input, paths: Sequence[str]) -> tuple[pl.DataFrame, pl.Series]:
    """Read the wanted columns of all lines, and mark the lines that fit the pattern, or are pairs."""
    asked = [name for name in bare.columns.columns if name in paths]
    own = [path for path in paths if path not in asked]
    if given.pairs is not None:
        columns, fits = columns_of_pairs(bare.text, given.pairs, own)
    else:
        columns, fits = columns_of_pattern(bare.text, given.pattern or "", own)
    return columns.with_columns(bare.columns.select(asked)), fits


def columns_of_pattern(
    text: pl.Series, pattern: str, wanted: Sequence[str]
) -> tuple[pl.DataFrame, pl.Series]:
    """Take the named groups that are wanted, and mark the texts in which the pattern is found."""
    groups = text.str.extract_groups(pattern)
    if not groups.struct.fields:
        return pl.DataFrame(height=len(text)), text.str.contains(pattern).fill_null(value=False)
    found = groups.struct.unnest()
    fits = found.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if not fits.all():  # a pattern may be found though none of its groups is
        fits |= text.str.contains(pattern).fill_null(value=False)
    return found.select(name for name in wanted if name in found.columns), fits
