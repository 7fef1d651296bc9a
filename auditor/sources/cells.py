"""What stands in a record for one value of the mapping, before it is read as a type."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from urllib.parse import unquote

import polars as pl

from auditor.model import BadValue
from auditor.sources.language import Value
from auditor.sources.reading import Reading, constant, merged, nulled, reasons_of


@dataclass(frozen=True, slots=True)
class Cells:
    """The columns of some records by their paths; null means nothing was written.

    `not_scalar` holds, for columns that have any, a mask of the cells that hold a list or an object, or bytes
    that are no text: there is something there, and no value can be read from it. `absent` are paths that no
    record of the whole log has, though there is a column for them. `null_values` are taken out of what is
    opened later; `unopened` marks the records in which something else stands where an array should be.
    """

    columns: pl.DataFrame
    not_scalar: Map[str, pl.Series]
    absent: frozenset[str] = frozenset()
    null_values: tuple[str, ...] = ()
    unopened: pl.Series | None = None

    @classmethod
    def of(
        cls,
        columns: pl.DataFrame,
        null_values: Sequence[str],
        not_scalar: Map[str, pl.Series],
        absent: frozenset[str] = frozenset(),
    ) -> "Cells":
        """Take texts that mean null out of all columns."""
        concerned = columns.schema if null_values else _perhaps_blank(columns)
        read = columns.with_columns(_without_nulls(concerned, null_values))
        return cls(read, not_scalar, absent, tuple(null_values))

    @property
    def height(self) -> int:
        """Count the records."""
        return self.columns.height

    def filtered(self, mask: pl.Series) -> "Cells":
        """Keep the records for which the mask is true."""
        masks = {path: no_scalar.filter(mask) for path, no_scalar in self.not_scalar.items()}
        unopened = None if self.unopened is None else self.unopened.filter(mask)
        return replace(self, columns=self.columns.filter(mask), not_scalar=masks, unopened=unopened)

    def gathered(self, rows: pl.Series, **columns: pl.Series) -> "Cells":
        """Give the records at some places, with further columns beside."""
        masks = {path: no_scalar.gather(rows) for path, no_scalar in self.not_scalar.items()}
        unopened = None if self.unopened is None else self.unopened.gather(rows)
        read = self.columns[rows].with_columns(**columns)
        return replace(self, columns=read, not_scalar=masks, unopened=unopened)


def _perhaps_blank(columns: pl.DataFrame) -> dict[str, pl.DataType]:
    """Choose the columns in which a text may be blank: it is empty, or begins with none of ASCII's signs."""
    height = columns.height
    texts = [
        column.name
        for column in columns.iter_columns()
        if column.dtype == pl.String and column.null_count() < height
    ]
    if not texts:
        return {}
    found = columns.select(((pl.col(name) < "!") | (pl.col(name) > "~")).any() for name in texts).row(0)
    return {name: columns.schema[name] for name, perhaps in zip(texts, found, strict=True) if perhaps}


def _without_nulls(schema: Map[str, pl.DataType], null_values: Sequence[str]) -> list[pl.Expr]:
    return [_without_null(name, dtype, null_values) for name, dtype in schema.items()]


def _without_null(name: str, dtype: pl.DataType, null_values: Sequence[str]) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        text = column.str.strip_chars()
        nothing = text.is_in(["", *null_values]) if null_values else text == ""
        return pl.when(~nothing).then(column).alias(name)
    if null_values and not dtype.is_nested():
        return pl.when(~column.cast(pl.String).is_in(null_values)).then(column).alias(name)
    return column


def written_in(cells: Cells, value: Value) -> Reading | None:
    """Find what is written for a value: the first alternative that is not null, mapped to our words.

    The reasons are `unreadable`, where there is something but no scalar or nothing that the value's pattern
    takes, and `unmapped`. None if the log has no column for it.
    """
    if value.const is not None:
        return Reading(constant(text_of(value.const), cells.height, pl.String))
    present = [path for path in value.join or value.from_ if path in cells.columns.columns]
    if not present:
        return None
    written = _joined(cells, value, present) if value.join else _first_of(cells, value, present)
    for step in (_decoded, _matched, _mapped):
        written = step(written, value)
    return written


def kept_text(cells: Cells, value: Value, read: Reading) -> Reading:
    """Put the text of lists, objects and bytes back where they could not be read: something is there."""
    marked = [path for path in value.from_ if path in cells.not_scalar and path in cells.columns.columns]
    if read.reasons is None or not marked:
        return read
    text = [pl.when(cells.not_scalar[path]).then(pl.col(path).cast(pl.String)) for path in marked]
    unread = read.reasons == BadValue.UNREADABLE.value
    texts = cells.columns.select(pl.coalesce(text).alias("text"))
    values = pl.DataFrame({"values": read.values, "unread": unread}).hstack(texts)
    kept = values.select(pl.when("unread").then("text").otherwise(pl.col("values").cast(pl.String)))
    return Reading(kept.to_series(), read.reasons)


def text_of(value: str | float | bool) -> str:  # noqa: FBT001  a value of the mapping
    """Write a value of the mapping as a log would."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first_of(cells: Cells, value: Value, paths: Sequence[str]) -> Reading:
    masks = {path: cells.not_scalar[path] for path in paths if path in cells.not_scalar}
    if len(paths) == 1 and not masks and not value.null_values:
        return Reading(cells.columns[paths[0]])
    frame = cells.columns.select(paths)
    if value.null_values:
        frame = frame.select(_without_nulls(frame.schema, value.null_values))
    if len(set(frame.dtypes)) > 1:
        frame = frame.select(pl.all().cast(pl.String, strict=False))
    if not masks:
        return Reading(frame.select(pl.coalesce(paths).alias(paths[0])).to_series())
    first, reason = pl.lit(None), pl.lit(None, dtype=pl.String)
    for path in reversed(paths):
        column = pl.col(path)
        no_scalar = pl.lit(masks[path]) if path in masks else pl.lit(value=False)
        first = pl.when(no_scalar).then(None).when(column.is_not_null()).then(column).otherwise(first)
        bad = pl.lit(BadValue.UNREADABLE.value)
        reason = pl.when(no_scalar).then(bad).when(column.is_null()).then(reason)
    found = frame.select(first.alias("first"), reason.alias("reason"))
    return Reading(found["first"], found["reason"] if found["reason"].count() else None)


def _joined(cells: Cells, value: Value, paths: Sequence[str]) -> Reading:
    """Join texts, nulls left out; where there is something but no scalar, nothing is joined."""
    parts = [_first_of(cells, value, [path]) for path in paths]
    texts = [part.values.cast(pl.String).alias(str(place)) for place, part in enumerate(parts)]
    joined = pl.concat_str(pl.all(), separator=value.sep, ignore_nulls=True)
    some = pl.any_horizontal(pl.all().is_not_null())
    values = pl.DataFrame(texts).select(pl.when(some).then(joined)).to_series()
    reasons = reduce(merged, [part.reasons for part in parts])
    return Reading(values if reasons is None else nulled(values, reasons.is_not_null()), reasons)


def _decoded(written: Reading, value: Value) -> Reading:
    """Take percent signs and the digits behind them for what they stand for, once for each distinct text."""
    if value.decode is None:
        return written
    text = written.values.cast(pl.String)
    distinct = text.filter(text.str.contains("%", literal=True)).unique()
    plain = pl.Series([_unquoted(one) for one in distinct], dtype=pl.String)
    values = text.replace_strict(distinct, plain, default=text, return_dtype=pl.String)
    return Reading(values, merged(written.reasons, reasons_of(text, values)))


def _unquoted(text: str) -> str | None:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return None


def _matched(written: Reading, value: Value) -> Reading:
    """Take the one group of the pattern."""
    if value.pattern is None:
        return written
    text = written.values.cast(pl.String)
    values = text.str.extract(value.pattern, 1)
    return Reading(values, merged(written.reasons, reasons_of(text, values)))


def _mapped(written: Reading, value: Value) -> Reading:
    if value.map is None:
        return written
    text = written.values.cast(pl.String)
    words = {key: text_of(word) for key, word in value.map.items()}
    ours = text.replace_strict(words, default=None, return_dtype=pl.String)
    unmapped = text.is_not_null() & ours.is_null()
    if not unmapped.any():
        return Reading(ours, written.reasons)
    if value.unmapped == "keep":
        return Reading(ours.zip_with(~unmapped, text), written.reasons)
    reasons = (
        unmapped.to_frame("bad").select(pl.when("bad").then(pl.lit(BadValue.UNMAPPED.value))).to_series()
    )
    return Reading(ours, merged(written.reasons, reasons))
