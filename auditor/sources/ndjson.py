"""NDJSON: a JSON object a line. What polars can read is a record, every other line is malformed."""

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from auditor.errors import SourceError
from auditor.sources.batching import TextRecords, empty_batch, text_batch
from auditor.sources.cells import Cells
from auditor.sources.descent import descend, first_wins
from auditor.sources.fit import Warned, require_columns, warnings_on
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.isolation import read_objects
from auditor.sources.language import steps_of
from auditor.sources.lines import USUAL, Block, Limits, blocks_of, lines_in
from auditor.sources.plain import head_of, plan_text, raw_text
from auditor.sources.stream import read_stream

SAMPLED_RECORDS = 1_000
_LABELS = re.compile(rb'"(label_[^"\\]*)"\s*:')
_NESTED = r'^(?:\{|\[(?:\]|["{\[]|(?:-?[0-9.eE+-]+|true|false|null)[,\]]))'


@dataclass(frozen=True, slots=True)
class NdjsonSource:
    """Reads lines of JSON objects, plain or compressed; a line that holds only blanks is no record."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Cut at line ends, unless it is compressed."""
        names = _sampled_names(log, self.limits)
        if names and log.mapping.canonical and absent_from(log, ["started_at"]):
            require_columns(log, names, set())
        return plan_text(log, piece_bytes, self.limits, lambda block: _records_of(block).height)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the records of a piece."""
        log, first = piece.log, piece.first_record
        warned = list(_warned(log, self.limits)) if piece.start == 0 else []
        stream = read_stream(log.file, start=piece.start, stop=piece.stop)
        roles = [
            path
            for part in log.mapping.parts
            if "role" in part.columns
            for path in part.columns["role"].paths
        ]
        absent: frozenset[str] | None = None
        for block in blocks_of(stream, piece.start, self.limits):
            lines = _records_of(block)
            objects, bad = read_objects(lines["text"], _names(block, log), block.data)
            rows = _rows(lines, bad, block).with_columns(
                number=pl.int_range(first, first + pl.len(), dtype=pl.Int64)
            )
            first += rows.height
            if absent is None and not all(_key(path) in block.data for path in roles):
                absent = frozenset(absent_from(log, roles))
            cells = _cells(objects, lines["text"].filter(~bad), log, absent or frozenset())
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


def _names(block: Block, log: Log) -> list[str]:
    """Name the top-level keys to read: what the mapping's paths begin with, and a canonical log's labels."""
    heads = [steps[0] for path in log.mapping.paths if (steps := steps_of(path))]
    if log.mapping.canonical:
        labels = (
            {name.decode() for name in _LABELS.findall(block.data)} if b'"label_' in block.data else set()
        )
        heads += ["extra", *sorted(labels)]
    return list(dict.fromkeys(heads))


def _cells(objects: pl.DataFrame, lines: pl.Series, log: Log, absent: frozenset[str]) -> Cells:
    """Descend to the paths, and mark what is no scalar there."""
    paths = {path: steps_of(path) or (path,) for path in log.mapping.paths}
    if log.mapping.canonical:
        paths.update({name: (name,) for name in objects.columns if name not in paths})
    nested = {path: steps for path, steps in paths.items() if steps[1:]}
    descent = descend(lines, nested, {"", *log.mapping.input.null_values})
    shallow = objects.select(pl.col(steps[0]).alias(path) for path, steps in paths.items() if not steps[1:])
    columns = pl.concat([shallow, descent.columns], how="horizontal")
    extra = {*log.mapping.extra, *(["extra"] if log.mapping.canonical else [])}
    extra -= {path for _, value in log.mapping.values for path in value.paths}
    filled = [column.name for column in columns.iter_columns() if column.null_count() < columns.height]
    begun = columns.select(_begun(name).any() for name in filled if name not in extra)
    perhaps = [name for name in begun.columns if begun[name].item()]
    suspects = columns.select(pl.col(name).str.contains(_NESTED).fill_null(value=False) for name in perhaps)
    not_scalar = {
        name: _confirmed(suspects[name], lines, paths[name]) for name in perhaps if suspects[name].any()
    }
    for name, mask in descent.blocked.items():
        not_scalar[name] = not_scalar[name] | mask if name in not_scalar else mask
    return Cells.of(columns, log.mapping.input.null_values, not_scalar, absent)


def _begun(name: str) -> pl.Expr:
    return pl.col(name).str.starts_with("{") | pl.col(name).str.starts_with("[")


def _confirmed(suspects: pl.Series, lines: pl.Series, steps: Sequence[str]) -> pl.Series:
    """Keep the suspects that are lists or objects: a text may look like one."""
    for row in suspects.arg_true():
        value = json.loads(lines[row], parse_int=str, object_pairs_hook=first_wins)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        suspects[row] = isinstance(value, dict | list)
    return suspects


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


def _warned(log: Log, limits: Limits) -> Iterator[Warned]:
    names = _sampled_names(log, limits)
    if not names:
        return
    paths = ["role"] if log.mapping.canonical else log.mapping.paths
    absent = absent_from(log, paths)
    yield from warnings_on(log.mapping, names, set(paths) - set(absent))
    if not log.mapping.canonical:
        yield from ((f"no record has `{path}`, which the mapping reads", 1) for path in absent)


def _key(path: str) -> bytes:
    """Write the last name of a path as a line of JSON does."""
    return b'"' + (steps_of(path) or (path,))[-1].encode() + b'"'


def absent_from(log: Log, paths: Sequence[str]) -> list[str]:
    """Name the paths whose last name stands nowhere in the log as a key or text."""
    needles = {path: _key(path) for path in paths}
    longest = max(map(len, needles.values()), default=0)
    tail = b""
    with contextlib.suppress(SourceError):  # a broken stream is told of where the records are read
        for block in read_stream(log.file):
            data = tail + block
            needles = {path: needle for path, needle in needles.items() if needle not in data}
            if not needles:
                break
            tail = data[-longest:]
    return list(needles)
