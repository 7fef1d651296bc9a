"""Zeek's tab-separated logs: lines that begin with `#` say how those behind them are read."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.sources.batching import RECORD
from auditor.sources.cells import Cells
from auditor.sources.fit import Warned, require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import USUAL, Block, Limits
from auditor.sources.linewise import Parted, line_batches, lines_or_overlong, raw_line, rows_of
from auditor.sources.plain import head_of, lines_counted, plan_text
from auditor.sources.regular import WIDEST_SHARE, regular_fields
from auditor.sources.zeeklayout import NO_LAYOUT, Layout, Walked, has_header, unescaped_column, walk


@dataclass(frozen=True, slots=True)
class ZeekSource:
    """Reads the text that Zeek writes, also several logs one after the other in one file."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut at line ends, unless a later header changes how lines are read."""
        layout = _first_layout(log, self.limits)
        if layout is not None:
            require_columns(log, layout.names or (), set(_present(log, layout)))
        walked = NO_LAYOUT

        def records_in(block: Block) -> int | None:
            nonlocal walked
            used, walked = _layouts_used(block, walked)
            return lines_counted(block) if used <= {layout} and not log.mapping.each else None

        return plan_text(log, piece_bytes, self.limits, records_in)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the lines of a piece, its header lines among them."""
        layout = _first_layout(piece.log, self.limits)
        at_start = piece.start == 0
        warned = list(_warned(piece.log, layout)) if at_start and layout else []
        begins_under = NO_LAYOUT if at_start or layout is None else layout
        return line_batches(piece, self.limits, partial(_part, piece.log), begins_under, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line, without its line end."""
        return raw_line(log, record, byte_offset, self.limits)


def _first_layout(log: Log, limits: Limits) -> Layout | None:
    """Find how the first line is read that is no header; None where there is not a single line.

    Raises SourceError where no header says so.
    """
    layout, empty = NO_LAYOUT, True
    for block in head_of(log, limits):
        if block.overlong:
            break
        walked = walk(block, layout)
        data = walked.kinds.is_null() & ~_blank(walked.lines["text"])
        empty = empty and block.data.isspace()
        layout = walked.last
        if data.any():
            layout = walked.layouts[walked.layout[int(data.arg_true()[0])]]
            break
    if layout.is_readable:
        return layout
    if empty:
        return None
    text = (
        "has no `#fields` line in front of its first record, so that nobody knows what its columns are"
        if not layout.names
        else f"its separator `{layout.separator[:20]}` is not one ASCII character"
    )
    hint = "is it a part of a log? give it the header of the whole; is it JSON? `zeek-conn-json` reads that"
    raise SourceError(Fault(log.path, text, hint))


def _blank(text: pl.Series) -> pl.Series:
    return (text.str.strip_chars() == "").fill_null(value=False)


def _present(log: Log, layout: Layout) -> dict[str, int]:
    """Say which of the columns that the mapping reads are there, and where."""
    names = layout.names or ()
    return {path: names.index(path) for path in log.mapping.in_file if path in names}


def _warned(log: Log, layout: Layout) -> Iterator[Warned]:
    yield from warnings_on(log.mapping, layout.names or (), set(_present(log, layout)))


def _layouts_used(block: Block, layout: Layout) -> tuple[set[Layout], Layout]:
    """Name the layouts under which a block has lines that are no header, and the one behind it."""
    if block.overlong or not has_header(block):
        return {layout}, layout
    walked = walk(block, layout)
    used = walked.layout.filter(walked.kinds.is_null()).unique()
    return {walked.layouts[index] for index in used}, walked.last


def _part(log: Log, block: Block, layout: Layout) -> tuple[Parted, Layout]:
    """Part a block under the layout in force; lines that no header explains are `malformed`."""
    if block.overlong:
        lines = lines_or_overlong(block)
        nothing = Cells(pl.DataFrame(schema=dict.fromkeys(_present(log, layout), pl.String)), {})
        return Parted(rows_of(lines, pl.Series([None], dtype=pl.String), block), nothing), layout
    if not has_header(block) and (parted := _regular(log, block, layout)):
        return parted, layout
    walked = walk(block, layout)
    kinds, found, warned = walked.kinds, [], []
    for index, held in enumerate(walked.layouts):
        data = walked.data_under(index)
        if not data.any():
            continue
        fault = _fault(log, held)
        kind = _kinds(walked.lines["text"], held, fault)
        kinds = kind.zip_with(data, kinds)
        records = data & (kind == RECORD).fill_null(value=False)
        if fault is None:
            found.append(_columns(log, held, _joined(walked, records), records))
        elif unread := int((data & kind.is_null()).sum()):
            warned.append((f"lines behind a later header cannot be read: {fault}", unread))
    whole = pl.concat(found, how="diagonal").sort("row").drop("row") if found else pl.DataFrame()
    return Parted(rows_of(walked.lines, kinds, block), Cells(whole, {}), warned), walked.last


def _fault(log: Log, layout: Layout) -> str | None:
    """Say why no record can be read under a layout."""
    if not layout.is_readable:
        return "it has no `#fields`" if not layout.names else f"its separator is `{layout.separator[:20]}`"
    try:
        require_columns(log, layout.names or (), set(_present(log, layout)))
    except SourceError as error:
        return error.faults[0].text
    return None


def _kinds(text: pl.Series, layout: Layout, fault: str | None) -> pl.Series:
    """Say which lines are blank, and which have as many fields as there are columns: `record`."""
    if fault is None:
        return text.to_frame("text").select(layout.dialect.kinds(pl.col("text"), quotes=False)).to_series()
    return text.to_frame("text").select(pl.when(_blank(text)).then(pl.lit("blank"))).to_series()


def _joined(walked: Walked, records: pl.Series) -> bytes:
    return str(walked.lines["text"].filter(records).str.join("\n").item() or "").encode()


def _regular(log: Log, block: Block, layout: Layout) -> Parted | None:
    """Part a block at once in which every line is a record, unless most of its columns are not wanted."""
    if _fault(log, layout) is not None:
        return None
    wanted = _present(log, layout)
    if layout.dialect.fields > WIDEST_SHARE * len(wanted):
        return None
    found = regular_fields(block, layout.dialect)
    if found is None:
        return None
    fields, lines = found
    named = fields.select(pl.col(str(index)).alias(path) for path, index in wanted.items())
    return Parted(lines.with_columns(kind=pl.lit(RECORD)), _cells(log, layout, named))


def _columns(log: Log, layout: Layout, data: bytes, records: pl.Series) -> pl.DataFrame:
    """Read the wanted fields of some lines, with the numbers of their rows."""
    wanted = _present(log, layout)
    rows = records.arg_true()
    if rows.is_empty():
        return pl.DataFrame(schema={**dict.fromkeys(wanted, pl.String), "row": pl.get_index_type()})
    fields = layout.dialect.fields_of(data, sorted(set(wanted.values())), quotes=False)
    if fields.height != len(rows):
        raise AssertionError(f"{fields.height:,} rows read, of {len(rows):,} records")
    named = fields.select(pl.col(str(index)).alias(path) for path, index in wanted.items())
    return _cells(log, layout, named).columns.with_columns(row=rows)


def _cells(log: Log, layout: Layout, fields: pl.DataFrame) -> Cells:
    """Take out what is unset or empty, then put back what was escaped: an escaped `-` is a text.

    What is still to be parted into elements keeps its escapes, which may stand for a separator.
    """
    cells = Cells.of(fields, (layout.unset, layout.empty, *log.mapping.input.null_values), {})
    packed = {level.path for level in log.mapping.levels}
    plain = [column for column in cells.columns.iter_columns() if column.name not in packed]
    return Cells(cells.columns.with_columns(map(unescaped_column, plain)), {})
