"""CSV and its like: delimited fields, a record a line but for line breaks in quotes."""

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.sources.batching import RECORD, TextRecords, empty_batch, text_batch
from auditor.sources.cells import Cells
from auditor.sources.cutting import Cut, cut_records
from auditor.sources.dialect import Dialect
from auditor.sources.elements import opened_rows
from auditor.sources.fit import require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import USUAL, Block, Limits, blocks_of, lines_in
from auditor.sources.linewise import lines_or_overlong
from auditor.sources.parts import LABEL
from auditor.sources.plain import head_of, lines_counted, plan_text, raw_text, with_next
from auditor.sources.regular import WIDEST_SHARE, regular_fields
from auditor.sources.stream import read_stream

ASIDE = ("blank", "comment")
BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one file, and its dialect. An empty file has none."""

    names: tuple[str, ...]
    dialect: Dialect

    def wanted(self, log: Log) -> dict[str, int]:
        """Say which columns are read, by their paths, and where they stand."""
        paths = [path for path in log.mapping.in_file if path in self.names]
        if log.mapping.canonical:
            paths += [name for name in self.names if name.startswith(LABEL) or name == "extra"]
        return {path: self.names.index(path) for path in paths}


@dataclass(frozen=True, slots=True)
class CsvSource:
    """Reads delimited text, plain or compressed."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut at line ends where no line has a quote; a file with quotes or compression is one piece.

        So is one of which the mapping opens fields, as the numbers of its records are not known before.
        """
        layout = layout_of(log, self.limits)
        if layout.names:
            require_columns(log, layout.names, set(layout.wanted(log)))
        quote = (log.mapping.input.quote or "").encode()

        def records_in(block: Block) -> int | None:
            return None if log.mapping.each or (quote and quote in block.data) else lines_counted(block)

        return plan_text(log, piece_bytes, self.limits, records_in)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the records of a piece: every line is part of one, also blank lines and comments."""
        log, layout = piece.log, layout_of(piece.log, self.limits)
        wanted = layout.wanted(log)
        warned = list(_warned(log, layout)) if piece.start == 0 else []
        first, heading = piece.first_record, _heading_left(log, piece.start, self.limits)
        stream = read_stream(log.file, start=piece.start, stop=piece.stop)
        left = b""
        for block, last in with_next(blocks_of(stream, piece.start, self.limits)):
            whole = replace(block, data=left + block.data, offset=block.offset - len(left))
            cut = _regular(whole, layout, wanted) or _cut(whole, layout.dialect, self.limits, last=last)
            left = b"" if block.overlong else whole.data[cut.rest :]
            rows, heading = _heading_set_aside(cut.records, heading)
            fields = _fields(rows, cut, whole, layout.dialect, wanted)
            cells = Cells.of(_trimmed(fields, log), log.mapping.input.null_values, {})
            rows, cells = opened_rows(rows, cells, log.mapping)
            rows = rows.with_columns(number=pl.int_range(first, first + pl.len(), dtype=pl.Int64))
            first += rows.height
            yield text_batch(log, TextRecords(whole, rows, cells), warned)
            warned = []
        if first == 1:
            yield empty_batch(log, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one record, with the line breaks in it, without its line end."""
        dialect = layout_of(log, self.limits).dialect

        def size_of(block: Block, last: bool) -> int | None:  # noqa: FBT001  it is called by position
            records = cut_records(block, dialect, self.limits, last=last).records
            return None if records.is_empty() else int(records["size"][0])

        return raw_text(log, record, byte_offset, self.limits, size_of)


def _warned(log: Log, layout: Layout) -> Iterator[tuple[str, int]]:
    if layout.names:
        yield from warnings_on(log.mapping, layout.names, set(layout.wanted(log)))


def layout_of(log: Log, limits: Limits) -> Layout:
    """Name the columns of a file: those that the mapping names, or those of its header.

    Raises SourceError if the header cannot be read.
    """
    given = log.mapping.input
    names = tuple(given.columns or ()) if not given.header else _header_of(log, limits)
    if given.trim:
        names = tuple(name.strip(BLANKS) for name in names)
    return Layout(names, Dialect.of(given, max(1, len(names))))


def _header_of(log: Log, limits: Limits) -> tuple[str, ...]:
    """Read the first record that is no comment and not blank; a file that has none has no columns."""
    dialect = Dialect.of(log.mapping.input, 0)
    held: list[str] = []
    fields: int | None = None
    for block in head_of(log, limits):
        for line in lines_in(block)["text"]:
            if not held and line is not None and dialect.is_aside(line):
                continue
            if line is None or block.overlong or len(held) >= limits.quoted_lines:
                raise _no_header(log)
            held.append(line)
            state = dialect.advance(line, fields)
            if state is None:
                raise _no_header(log)
            still_open, fields = state
            if not still_open:
                return dialect.split("\n".join(held))
    if held:
        raise _no_header(log)
    return ()


def _no_header(log: Log) -> SourceError:
    hint = "the first line must name the columns; `input` of a mapping says how fields are told apart"
    return SourceError(Fault(log.path, "its header cannot be read", hint))


def _regular(block: Block, layout: Layout, wanted: Map[str, int]) -> Cut | None:
    """Cut and part a regular block, unless most of what would be parted is not wanted."""
    if layout.dialect.fields > WIDEST_SHARE * len(wanted):
        return None
    found = regular_fields(block, layout.dialect)
    if found is None:
        return None
    fields, lines = found
    return Cut(lines.with_columns(kind=pl.lit(RECORD)), len(block.data), fields)


def _cut(block: Block, dialect: Dialect, limits: Limits, *, last: bool) -> Cut:
    """Cut a block into records; an overlong line is `malformed`, a last one that is cut `truncated`."""
    if block.overlong:
        broken = "malformed" if block.ended else "truncated"
        row = {"kind": [broken], "text": [None], "start": [0], "size": [len(block.data)]}
        return Cut(pl.DataFrame(row, schema_overrides={"text": pl.String}), len(block.data))
    cut = cut_records(block, dialect, limits, last=last)
    if not block.ended and cut.records["kind"].tail(1).eq("malformed").any():
        kinds = pl.when(pl.int_range(pl.len()) == pl.len() - 1).then(pl.lit("truncated")).otherwise("kind")
        return replace(cut, records=cut.records.with_columns(kind=kinds))
    return cut


def _heading_of(log: Log) -> tuple[str, ...]:
    """Say what the first rows are, in order, that are no comments and not blank."""
    given = log.mapping.input
    return ("header", *("type_row",) * given.rows_after_header) if given.header else ()


def _heading_left(log: Log, start: int, limits: Limits) -> tuple[str, ...]:
    """Say which of these rows are still to come where a piece begins: comments may precede them."""
    heading = _heading_of(log)
    if not start:
        return heading
    dialect = Dialect.of(log.mapping.input, 0)
    for block in head_of(log, limits):
        if block.offset >= start or not heading:
            break
        lines = lines_or_overlong(block).filter(pl.col("start") < start - block.offset)
        aside = lines.select(dialect.kinds(pl.col("text"), quotes=False).is_in(ASIDE).fill_null(value=False))
        heading = heading[lines.height - int(aside.to_series().sum()) :]
    return heading


def _heading_set_aside(rows: pl.DataFrame, heading: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Mark the first rows that are no comments and not blank; give what of the heading is still to come."""
    if not heading:
        return rows, heading
    found = (~rows["kind"].is_in(ASIDE)).arg_true().head(len(heading))
    kinds = rows["kind"].scatter(found, list(heading[: len(found)]))
    return rows.with_columns(kind=kinds), heading[len(found) :]


def _trimmed(fields: pl.DataFrame, log: Log) -> pl.DataFrame:
    return fields.select(pl.all().str.strip_chars(BLANKS)) if log.mapping.input.trim else fields


def _fields(
    rows: pl.DataFrame, cut: Cut, block: Block, dialect: Dialect, wanted: Map[str, int]
) -> pl.DataFrame:
    """Give the wanted fields of the rows that are records, by their paths."""
    is_record = rows["kind"] == RECORD
    records = rows if is_record.all() else rows.filter(is_record)
    if cut.fields is not None:
        fields = cut.fields if records.height == rows.height else cut.fields.filter(is_record)
    elif records.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
    else:
        whole = records.height == rows.height
        data = block.data[: cut.rest] if whole else records["text"].str.join("\n").item().encode()
        fields = dialect.fields_of(data, sorted(set(wanted.values())), quotes=True)
    if fields.height != records.height:
        raise AssertionError(f"{fields.height:,} rows read, of {records.height:,} records")
    return fields.select(pl.col(str(index)).alias(path) for path, index in wanted.items())
