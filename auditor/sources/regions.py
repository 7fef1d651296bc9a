"""The elements of a JSON document, some at a time: an element is then what a line is elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee

import polars as pl

from auditor.sources.batching import RECORD
from auditor.sources.interface import Log
from auditor.sources.jsonplaces import Document
from auditor.sources.lines import EXCERPT_BYTES, Block, Limits, lines_in
from auditor.sources.reading import constant
from auditor.sources.scanning import Scanner, Span
from auditor.sources.stream import read_stream

BLANKS = b" \t\r\n"
AS_LINE = bytes.maketrans(b"\n\r", b"\t\t")
"""Between values a tab is a blank as a line end is, and in a text it is as wrong as one."""


@dataclass(frozen=True, slots=True)
class Region:
    """Some elements, one behind the other: `texts` and `data` have them one a line.

    `rows` say where each lies in `block`, without the blanks behind it, and whether it is `whole`.
    """

    block: Block
    rows: pl.DataFrame
    texts: pl.Series
    data: bytes

    @classmethod
    def of(cls, block: Block, spans: Sequence[Span]) -> "Region":
        """Cut a block; an `overlong` one holds the beginning of one element, which has no text."""
        starts = [span.start - block.offset for span in spans]
        stops = [span.stop - block.offset for span in spans]
        raw = [block.data[start:stop].rstrip(BLANKS) for start, stop in zip(starts, stops, strict=True)]
        rows = {"start": starts, "size": list(map(len, raw)), "whole": [span.whole for span in spans]}
        if block.overlong:
            return cls(block, pl.DataFrame(rows), constant(None, 1, pl.String), b"")
        data = b"".join(element.translate(AS_LINE) + b"\n" for element in raw)
        return cls(block, pl.DataFrame(rows), lines_in(Block(data, 0, len(data), ended=True))["text"], data)

    def kinds(self, bad: pl.Series) -> pl.DataFrame:
        """Say what each element is; a bad one in which the file ends is `truncated`."""
        broken = pl.when("whole").then(pl.lit("malformed")).otherwise(pl.lit("truncated"))
        kind = pl.when("bad").then(broken).otherwise(pl.lit(RECORD)).alias("kind")
        return self.rows.with_columns(bad=bad).select(kind, "start", "size")


def regions_of(log: Log, document: Document, limits: Limits) -> Iterator[Region]:
    """Read the elements, some at a time, and at last what is no part of the document, as one that is bad."""
    groups, again = tee(_grouped(_spans(log, document), limits))
    for spans, data in zip(groups, cut_out(log, (_held(spans, limits) for spans in again)), strict=True):
        size = spans[-1].stop - spans[0].start
        block = Block(data, spans[0].start, size, ended=spans[-1].whole, overlong=len(data) < size)
        yield Region.of(block, spans)
    if document.rest is not None:
        data = next(cut_out(log, iter([Span(document.rest, document.rest + EXCERPT_BYTES + 1)])))
        block = Block(data, document.rest, len(data), ended=True, overlong=True)
        yield Region.of(block, [Span(document.rest, document.rest + len(data))])


def span_at(log: Log, document: Document, start: int, limits: Limits) -> Span | None:
    """Measure the element that begins at a place of the file; None if none does."""
    if start == document.rest:
        return Span(start, start + limits.record_bytes)
    if document.alone is not None:
        found = document.alone if document.alone.start == start else None
    elif document.array is None or start <= document.array:
        found = None
    else:
        scanner = Scanner(read_stream(log.file, start=start), start)
        whole = scanner.pass_element()
        found = Span(start, scanner.position, whole) if scanner.position > start else None
    return None if found is None else _held([found], limits)


def cut_out(log: Log, spans: Iterator[Span]) -> Iterator[bytes]:
    """Read some stretches of a file, in order; what lies between them is passed. The last may be short."""
    held, at, stream = bytearray(), 0, read_stream(log.file)
    for span in spans:
        while at + len(held) < span.stop and (following := next(stream, None)) is not None:
            held += following
            if (passed := min(len(held), span.start - at)) > 0:
                del held[:passed]
                at += passed
        yield bytes(held[max(0, span.start - at) : span.stop - at])


def _spans(log: Log, document: Document) -> Iterator[Span]:
    if document.array is None:
        return iter(() if document.alone is None else (document.alone,))
    return Scanner(read_stream(log.file, start=document.array), document.array).elements()


def _grouped(spans: Iterator[Span], limits: Limits) -> Iterator[list[Span]]:
    """Take spans together, as many as are held at a time; one that is too long stands alone."""
    held: list[Span] = []
    for span in spans:
        too_long = span.size > limits.record_bytes
        if held and (too_long or span.stop - held[0].start > limits.chunk_bytes):
            yield held
            held = []
        held.append(span)
        if too_long or len(held) >= limits.batch_rows:
            yield held
            held = []
    if held:
        yield held


def _held(spans: Sequence[Span], limits: Limits) -> Span:
    """Say what is to be read for some spans: of one that is too long, the beginning."""
    whole = replace(spans[-1], start=spans[0].start)
    too_long = len(spans) == 1 and whole.size > limits.record_bytes
    return replace(whole, stop=whole.start + EXCERPT_BYTES + 1) if too_long else whole
