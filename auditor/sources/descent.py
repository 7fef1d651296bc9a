"""What stands at paths into nested JSON objects, as text: read from the lines, so no number is rounded."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.sources.isolation import SCREENED_LINES
from auditor.sources.reading import constant

Steps = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Descent:
    """Texts, a column per path; `blocked` marks the rows in which what is no object bars the way."""

    columns: pl.DataFrame
    blocked: Mapping[str, pl.Series]


def descend(lines: pl.Series, paths: Mapping[str, Steps], nothing: AbstractSet[str]) -> Descent:
    """Read what stands at each path of JSON objects, one a line. Texts of `nothing` bar no way.

    The texts are polars' spelling, as those of `read_objects`: a number, or a nested value, as its JSON.
    """
    columns: dict[str, pl.Series] = {}
    blocked: dict[str, pl.Series] = {}
    for depth in sorted({len(steps) for steps in paths.values()}):  # of these, none leads on from another
        level = {path: steps for path, steps in paths.items() if len(steps) == depth}
        parts = list(_read(lines, level, nothing))
        for path in level:
            columns[path] = pl.concat([part.columns[path] for part in parts])
            masks = [part.blocked[path] for part in parts]
            if (mask := pl.concat(masks)).any():
                blocked[path] = mask
    return Descent(pl.DataFrame(columns), blocked)


def _read(lines: pl.Series, level: Mapping[str, Steps], nothing: AbstractSet[str]) -> Iterator[Descent]:
    """Read all lines at once, or by halves down to a few in which something is no object."""
    whole = _parsed(lines, level)
    if whole is not None:
        yield Descent(whole, dict.fromkeys(level, _none_of(lines)))
    elif len(lines) > SCREENED_LINES:
        half = len(lines) // 2
        yield from _read(lines[:half], level, nothing)
        yield from _read(lines[half:], level, nothing)
    else:
        yield _screened(lines, level, nothing)


def _screened(lines: pl.Series, level: Mapping[str, Steps], nothing: AbstractSet[str]) -> Descent:
    """Read the paths one by one, each from the lines that have only objects on its way."""
    objects = [json.loads(line, parse_int=str, object_pairs_hook=first_wins) for line in lines]
    columns, blocked = {}, {}
    for path, steps in level.items():
        bars = [_bar(read, steps) for read in objects]
        free = pl.Series([row for row, bar in enumerate(bars) if bar is None], dtype=pl.Int64)
        barred = [row for row, bar in enumerate(bars) if bar is not None and not _is_nothing(bar, nothing)]
        read = _parsed(lines.gather(free), {path: steps})
        if read is None:
            raise AssertionError(f"there are only objects on the way, and polars cannot go to `{path}`")
        columns[path] = constant(None, len(lines), pl.String).scatter(free, read[path])
        blocked[path] = _none_of(lines).scatter(barred, True)  # noqa: FBT003  a value
    return Descent(pl.DataFrame(columns), blocked)


def _none_of(lines: pl.Series) -> pl.Series:
    return constant(False, len(lines), pl.Boolean)  # noqa: FBT003  a value


def _bar(read: Any, steps: Steps) -> Any:  # noqa: ANN401  any JSON value
    """Give what stands on the way and is no object, or None if the way is free."""
    for step in steps[:-1]:
        read = read.get(step)
        if not isinstance(read, dict):
            return read
    return None


def _is_nothing(bar: Any, nothing: AbstractSet[str]) -> bool:  # noqa: ANN401  any JSON value
    return isinstance(bar, str) and bar.strip() in nothing


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take the first of equal keys, as polars does."""
    return dict(reversed(pairs))


def _parsed(lines: pl.Series, level: Mapping[str, Steps]) -> pl.DataFrame | None:
    """Let polars read paths of one length, or give None where it refuses any of the lines."""
    schema = _schema(list(level.values()))
    if lines.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(level, pl.String))
    try:
        frame = pl.read_ndjson(io.BytesIO(str(lines.str.join("\n").item()).encode()), schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != len(lines):
        return None
    return frame.select(_reached(steps).alias(path) for path, steps in level.items())


def _schema(ways: Sequence[Steps]) -> dict[str, pl.DataType]:
    heads = dict.fromkeys(steps[0] for steps in ways)
    inner = {head: [steps[1:] for steps in ways if steps[0] == head and steps[1:]] for head in heads}
    return {head: pl.Struct(_schema(rest)) if rest else pl.String() for head, rest in inner.items()}


def _reached(steps: Steps) -> pl.Expr:
    expression = pl.col(steps[0])
    for step in steps[1:]:
        expression = expression.struct.field(step)
    return expression
