"""JSON documents: one a file, with its records in an array, or the whole of it as the one record."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.sources.absence import absent_from, role_paths, warned_of
from auditor.sources.batching import TextRecords, empty_batch, text_batch
from auditor.sources.cells import Cells
from auditor.sources.elements import opened_rows
from auditor.sources.fit import Warned
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.isolation import read_objects
from auditor.sources.jsonplaces import Document, locate
from auditor.sources.lines import USUAL, Block, Limits, lines_in
from auditor.sources.objects import Wanted, cells_of
from auditor.sources.regions import AS_LINE, BLANKS, cut_out, regions_of, span_at
from auditor.sources.stream import read_raw, read_stream

NOT_SHOWN = "…"
"""Stands for a value that is too long or cannot be read: there is something."""
CUT = "the document ends before its end: what came behind is not in the file"
BROKEN = "something follows the document, or breaks it: of that, nothing is read"
TWICE = "`{}`, where the records are, stands twice in one object: of the second, nothing is read"


@dataclass(frozen=True, slots=True)
class JsonSource:
    """Reads JSON documents, plain or compressed: first what lies where in them, then the records."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  a document is one piece
        """Look the document through. Raises SourceError if it is none, or has no records to read."""
        digest, size = hashlib.sha256(), 0
        for block in read_raw(log.file):
            digest.update(block)
            size += len(block)
        _located(log)
        return Plan(log, size, digest.hexdigest(), (Piece(log, 0, None, 1),))

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the records of a document."""
        log, wanted, number = piece.log, Wanted(piece.log.mapping), 1
        document = _located(log)
        absent = frozenset(absent_from(log, role_paths(log.mapping)))
        told, warned = told_by(document, log), _warned(log, document)
        for region in regions_of(log, document, self.limits):
            cells, bad = cells_of(region.texts, region.data, wanted, absent)
            rows, cells = opened_rows(region.kinds(bad), _beside(cells, told), log.mapping)
            rows = rows.with_columns(number=pl.int_range(number, number + pl.len(), dtype=pl.Int64))
            number += rows.height
            yield text_batch(log, TextRecords(region.block, rows, cells), warned)
            warned = []
        if number == 1:
            yield empty_batch(log, warned)

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one element of the records, or the document, as it is written."""
        if byte_offset is not None:
            span = span_at(log, _located(log), byte_offset, self.limits)
            if span is not None:
                return next(cut_out(log, iter([span]))).rstrip(BLANKS)
        hint = "has the log been changed since?"
        raise SourceError(Fault(f"{log.path}, record {record}", "is not there", hint))


def _located(log: Log) -> Document:
    return locate(log.path, log.mapping, lambda start: read_stream(log.file, start=start))


def told_by(document: Document, log: Log) -> Cells:
    """Read what the document says of all records: one row."""
    columns, masks = {}, {}
    for path, raw in document.told.items():
        text, is_scalar = _told(raw)
        columns[path] = pl.Series([text], dtype=pl.String)
        if not is_scalar:
            masks[path] = pl.Series([True])
    return Cells.of(pl.DataFrame(columns), log.mapping.input.null_values, masks)


def _told(raw: bytes | None) -> tuple[str | None, bool]:
    """Give the text of a value, and whether it is a scalar; there is a text where there is anything."""
    if raw is None:
        return NOT_SHOWN, False
    line = lines_in(Block(b'{"it":' + raw.translate(AS_LINE) + b"}", 0, 0, ended=False))["text"]
    objects, bad = read_objects(line, ["it"])
    if bad.any():
        return NOT_SHOWN, False
    return objects["it"].item(), raw[:1] not in (b"{", b"[")


def _beside(cells: Cells, told: Cells) -> Cells:
    """Give each record what is told of all."""
    columns = {name: told.columns[name].new_from_index(0, cells.height) for name in told.columns.columns}
    masks = {name: mask.new_from_index(0, cells.height) for name, mask in told.not_scalar.items()}
    return replace(
        cells,
        columns=cells.columns.with_columns(**columns),
        not_scalar={**cells.not_scalar, **masks},
    )


def _warned(log: Log, document: Document) -> list[Warned]:
    """Say what a reader of the report should know of the document."""
    said: list[Warned] = [(CUT, 1)] if document.cut else []
    said += [(BROKEN, 1)] if document.rest is not None else []
    said += [(TWICE.format(key), 1) for key in document.again]
    return [*said, *warned_of(log, ())]
