"""What stands in a record for one value of the mapping, before it is read as a type."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from auditor.model import BadValue
from auditor.sources.language import Value
from auditor.sources.reading import Reading, constant, merged


@dataclass(frozen=True, slots=True)
class Cells:
    """The columns of some records by their paths; null means nothing was written.

    `not_scalar` holds, for columns that have any, a mask of the cells that hold a list or an object, or bytes
    that are no text: there is something there, and no value can be read from it. `absent` are paths that no
    record of the whole log has, though there is a column for them.
    """

    columns: pl.DataFrame
    not_scalar: Map[str, pl.Series]
    absent: frozenset[str] = frozenset()

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
        return cls(columns.with_columns(_without_nulls(concerned, null_values)), not_scalar, absent)

    @property
    def height(self) -> int:
        """Count the records."""
        return self.columns.height


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

    The reasons are `unreadable`, where there is something but no scalar, and `unmapped`. None if the log has
    no column for it.
    """
    if value.const is not None:
        return Reading(constant(text_of(value.const), cells.height, pl.String))
    present = [path for path in value.from_ if path in cells.columns.columns]
    if not present:
        return None
    written = _first_of(cells, value, present)
    return written if value.map is None else _mapped(written, value)


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


def text_of(value: str | int | bool) -> str:  # noqa: FBT001  a value of the mapping
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


def _mapped(written: Reading, value: Value) -> Reading:
    text = written.values.cast(pl.String)
    words = {key: text_of(word) for key, word in (value.map or {}).items()}
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
