"""Arrays in JSON objects, as columns that can be opened; only odd records are read one by one."""

import io
import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import polars as pl

from auditor.sources.opening import ITSELF, NOT_SCALAR
from auditor.sources.shapes import Shape, Steps, flat_lists, flat_type, nested_type

ODD_LINES = 64
"""Of so many lines, of which polars refuses any, each is read alone."""
LOOKS_NESTED = r'^(?:\{|\[(?:\]|["{\[]|(?:-?[0-9.eE+-]+|true|false|null)[,\]]))'
"""How a list or an object begins, in polars' spelling; a text may begin so too."""


def read_arrays(lines: pl.Series, shape: Shape, nothing: AbstractSet[str]) -> pl.DataFrame:
    """Read the arrays of JSON objects, one a line: a column for each, and NOT_SCALAR.

    The lines are such as `read_objects` takes. The texts in the arrays are polars' spelling, as there. A text
    of `nothing` where an array or object should be is null.
    """
    arrays = Shape({}, shape.arrays)
    schema = nested_type(arrays)
    parts = list(_read(lines, arrays, schema, nothing)) if len(lines) else []
    empty = pl.DataFrame(schema=dict(flat_type(arrays).to_schema()))
    return pl.concat([empty, *parts])


def _read(
    lines: pl.Series, arrays: Shape, schema: pl.DataType | None, nothing: AbstractSet[str]
) -> Iterator[pl.DataFrame]:
    """Read lines at once, or by halves down to a few that polars refuses."""
    read = _at_once(lines, arrays, schema)
    if read is not None:
        odd = _look_nested(read)
        yield _with_odd(read, odd, lines, arrays, nothing) if odd.any() else read
    elif schema is None or len(lines) <= ODD_LINES:
        yield _one_by_one(lines, arrays, nothing)
    else:
        half = len(lines) // 2
        yield from _read(lines[:half], arrays, schema, nothing)
        yield from _read(lines[half:], arrays, schema, nothing)


def _at_once(lines: pl.Series, arrays: Shape, schema: pl.DataType | None) -> pl.DataFrame | None:
    if not isinstance(schema, pl.Struct):
        return None
    read = _parsed(lines, dict(schema.to_schema()))
    if read is None:
        return None
    whole = read.select(pl.struct(pl.all()).alias("it"))
    columns = [flat_lists(array, pl.col("it")).alias(path) for path, array in arrays.arrays.items()]
    return whole.select(*columns, pl.lit(None, dtype=pl.List(pl.String)).alias(NOT_SCALAR))


def _with_odd(
    read: pl.DataFrame, odd: pl.Series, lines: pl.Series, arrays: Shape, nothing: AbstractSet[str]
) -> pl.DataFrame:
    places = pl.concat([(~odd).arg_true(), odd.arg_true()])
    whole = pl.concat([read.filter(~odd), _one_by_one(lines.filter(odd), arrays, nothing)])
    return whole[places.arg_sort()]


def _look_nested(read: pl.DataFrame) -> pl.Series:
    """Mark the rows that have a leaf in which a list or an object may stand."""
    found = [pl.Series("row", [], dtype=pl.get_index_type())]
    rows = pl.int_range(read.height, dtype=pl.get_index_type(), eager=True)
    for column in read.iter_columns():
        if column.name != NOT_SCALAR:
            found += _nested_rows(rows, column)
    return _marked(pl.concat(found), read.height)


def _marked(rows: pl.Series, height: int) -> pl.Series:
    """Make a mask of places."""
    mask = pl.Series([False], dtype=pl.Boolean).new_from_index(0, height)
    return mask.scatter(rows.unique(), True) if len(rows) else mask  # noqa: FBT003  a value


def _nested_rows(rows: pl.Series, column: pl.Series) -> Iterator[pl.Series]:
    if isinstance(column.dtype, pl.List):
        frame = pl.DataFrame({"row": rows, "it": column}).filter(pl.col("it").list.len() > 0).explode("it")
        yield from _nested_rows(frame["row"], frame["it"])
    elif isinstance(column.dtype, pl.Struct):
        for name in column.struct.fields:
            if name != NOT_SCALAR:
                yield from _nested_rows(rows, column.struct.field(name))
    elif column.count():
        begun = column.str.starts_with("{") | column.str.starts_with("[")
        if begun.any():
            yield rows.filter(column.str.contains(LOOKS_NESTED).fill_null(value=False))


def _parsed(lines: pl.Series, schema: Any) -> pl.DataFrame | None:  # noqa: ANN401  polars' own kinds of schema
    """Let polars read lines, or give None where it refuses any of them."""
    try:
        frame = pl.read_ndjson(io.BytesIO(str(lines.str.join("\n").item()).encode()), schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    return frame if frame.height == len(lines) else None


def _one_by_one(lines: pl.Series, arrays: Shape, nothing: AbstractSet[str]) -> pl.DataFrame:
    """Lay each object out flat, so that whatever stands in it fits; polars still spells the texts."""
    written = [json.dumps(_laid_out(_loaded(line), arrays, nothing)) for line in lines]
    frame = _parsed(pl.Series(written, dtype=pl.String), dict(flat_type(arrays).to_schema()))
    if frame is None:
        raise AssertionError("polars refuses a record that was laid out for it")
    return frame


def _loaded(line: str) -> Any:  # noqa: ANN401  any JSON value
    return json.loads(line, object_pairs_hook=_first_of_equal)


def _first_of_equal(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Take the first of equal keys, as polars does, and keep the order of keys."""
    taken: dict[str, Any] = {}
    for key, value in pairs:
        taken.setdefault(key, value)
    return taken


def _laid_out(it: Any, shape: Shape, nothing: AbstractSet[str]) -> dict[str, Any]:  # noqa: ANN401  any JSON value
    """Write an element as `opening` takes it."""
    found: dict[str, Any] = {}
    odd: list[str] = []
    if set(shape.leaves) | set(shape.arrays) != {ITSELF} and not isinstance(it, dict):
        odd += [] if _is_nothing(it, nothing) or ITSELF in shape.leaves else [ITSELF]
    for path, steps in shape.leaves.items():
        value, barred = _at(it, steps, nothing)
        found[path] = value
        odd += [path] if barred or isinstance(value, dict | list) else []
    for path, array in shape.arrays.items():
        value, barred = _at(it, array.steps, nothing)
        if (
            array.lone
            and not barred
            and not isinstance(value, dict | list)
            and not _is_nothing(value, nothing)
        ):
            value = [value]
        if isinstance(value, list):
            found[path] = [_laid_out(element, array.elements, nothing) for element in value]
        elif barred or not _is_nothing(value, nothing):
            odd.append(path)
    return {**found, NOT_SCALAR: odd} if odd else found


def _at(it: Any, steps: Steps, nothing: AbstractSet[str]) -> tuple[Any, bool]:  # noqa: ANN401  any JSON value
    """Give what stands at a path, and whether what is no object bars the way to it."""
    for step in steps:
        if not isinstance(it, dict):
            return None, not _is_nothing(it, nothing)
        it = it.get(step)
    return it, False


def _is_nothing(it: Any, nothing: AbstractSet[str]) -> bool:  # noqa: ANN401  any JSON value
    return it is None or (isinstance(it, str) and it.strip() in nothing)
