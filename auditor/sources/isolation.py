"""Which lines are JSON objects: the bad ones are isolated, so that the clean ones are read at full speed."""

import io
import json
import math
import re
from collections.abc import Iterator, Sequence

import polars as pl

DEEPEST = 256
"""Brackets in brackets. polars' parser overflows its stack at a few thousand, and nothing catches that."""
SCREENED_LINES = 2_048

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')


def read_objects(
    lines: pl.Series, names: Sequence[str], block: bytes | None = None
) -> tuple[pl.DataFrame, pl.Series]:
    """Read JSON objects, one a line, into texts; beside them a mask of the lines that are none.

    The frame has a row per line that is one, and a column per name. What polars refuses is malformed, and
    what is nested deeper than DEEPEST. Of equal keys the first wins; a number or a nested value comes as its
    JSON text, in polars' spelling. `block` is what the lines were cut from, if there is nothing else in it.
    """
    bad = _implausible(lines)
    clean = block is not None and not bad.any()
    frame = _parsed(block or b"", len(lines), names) if clean else None
    if frame is not None:
        return frame, bad
    kept = lines.filter(~bad)
    frame = _parsed(_joined(kept), len(kept), names)
    if frame is not None:
        return frame, bad
    positions = (~bad).arg_true()
    found = positions.gather(list(_refused(kept)))
    bad = bad.scatter(found, True)  # noqa: FBT003  a value
    kept = lines.filter(~bad)
    frame = _parsed(_joined(kept), len(kept), names)
    if frame is None:
        raise AssertionError("lines that can be read one by one cannot be read together")
    return frame, bad


def _implausible(lines: pl.Series) -> pl.Series:
    """Mark lines that are not UTF-8, do not look like an object, or are nested too deep."""
    braced = _braced(lines)
    bad = ~(braced if braced.all(ignore_nulls=False) else _braced(lines.str.strip_chars(" \t\r")))
    openers = lines.str.count_matches("[", literal=True) + lines.str.count_matches("{", literal=True)
    for row in (openers > DEEPEST).fill_null(value=False).arg_true():
        bad[row] = bad[row] or _depth(lines[row]) > DEEPEST
    return bad


def _braced(lines: pl.Series) -> pl.Series:
    return (lines.str.starts_with("{") & lines.str.ends_with("}")).fill_null(value=False)


def _depth(line: str) -> int:
    depth = deepest = 0
    for token in _TOKENS.finditer(line):
        if token[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in "]}":
            depth -= 1
    return deepest


def _joined(lines: pl.Series) -> bytes:
    return str(lines.str.join("\n").item() or "").encode()


def _parsed(data: bytes, height: int, names: Sequence[str]) -> pl.DataFrame | None:
    """Let polars read that many lines, or give None where it refuses any of them."""
    schema = dict.fromkeys(names or [""], pl.String)
    if not height:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_ndjson(io.BytesIO(data), schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    return frame if frame.height == height else None


def _refused(lines: pl.Series, at: int = 0) -> Iterator[int]:
    """Find the lines that polars refuses: by halves down to a few, where those that Python refuses go first.

    Python's parser takes all that polars' takes, and is the faster one for a single line.
    """
    if _parsed(_joined(lines), len(lines), ()) is not None:
        return
    if len(lines) > SCREENED_LINES:
        half = len(lines) // 2
        yield from _refused(lines[:half], at)
        yield from _refused(lines[half:], at + half)
        return
    plausible = [row for row, line in enumerate(lines) if _is_object(line)]
    yield from (at + row for row in sorted(set(range(len(lines))) - set(plausible)))
    yield from (at + plausible[row] for row in _halved(lines.gather(plausible)))


def _halved(lines: pl.Series, at: int = 0) -> Iterator[int]:
    if _parsed(_joined(lines), len(lines), ()) is not None:
        return
    if len(lines) == 1:
        yield at
        return
    half = len(lines) // 2
    yield from _halved(lines[:half], at)
    yield from _halved(lines[half:], at + half)


def _is_object(line: str) -> bool:
    try:
        read = json.loads(line, parse_int=str, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict)


def _finite(number: str) -> float:
    if math.isfinite(read := float(number)):
        return read
    raise ValueError(number)
