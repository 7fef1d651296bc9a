"""A column as it was read: the values, and for each that could not be read the reason."""

from dataclasses import dataclass

import polars as pl

from auditor.model import BadValue


@dataclass(frozen=True, slots=True)
class Reading:
    """Values, null where nothing was written or it could not be read; `reasons` tell which of the two.

    `reasons` is None where all could be read, else a BadValue word beside each that could not. `fallback`
    counts for each value how many times an `else` of the mapping was taken; None where none was.
    """

    values: pl.Series
    reasons: pl.Series | None = None
    fallback: pl.Series | None = None

    def over(self, other: "Reading") -> "Reading":
        """Take from another reading what this one has nothing for; what could not be read stays unread."""
        empty = self.values.is_null()
        if self.reasons is not None:
            empty &= self.reasons.is_null()
        if not empty.any():
            return self
        values = self.values.zip_with(~empty, other.values.cast(self.values.dtype))
        theirs = nulled(other.reasons, ~empty) if other.reasons is not None else None
        return Reading(values, merged(self.reasons, theirs), other.deeper(empty & values.is_not_null()))

    def deeper(self, taken: pl.Series) -> pl.Series:
        """Count one `else` more for the values that were taken of this reading."""
        before = (
            constant("0", len(taken), pl.String).cast(pl.Int8) if self.fallback is None else self.fallback
        )
        return (before + 1) * taken.cast(pl.Int8)


def constant(value: str | bool | None, height: int, dtype: pl.DataType | type[pl.DataType]) -> pl.Series:  # noqa: FBT001  a cell
    """Repeat one value down a column."""
    return pl.Series([value], dtype=dtype).new_from_index(0, height)


Known = tuple[pl.Series, BadValue]
"""A mask, and the reason that holds where it is true."""


def reasons_of(written: pl.Series, values: pl.Series, *known: Known) -> pl.Series | None:
    """Say why what was written has no value: the first of `known` that holds, else `unreadable`."""
    bad = written.is_not_null() & values.is_null()
    if not bad.any():
        return None
    reason = pl.lit(BadValue.UNREADABLE.value)
    for index, (_, word) in reversed(list(enumerate(known))):
        reason = pl.when(pl.col(str(index))).then(pl.lit(word.value)).otherwise(reason)
    masks = {str(index): mask for index, (mask, _) in enumerate(known)}
    frame = pl.DataFrame({"bad": bad, **masks})
    return frame.select(reasons=pl.when("bad").then(reason)).to_series()


def merged(first: pl.Series | None, second: pl.Series | None) -> pl.Series | None:
    """Lay two sets of reasons over each other; the first one stands."""
    if first is None or second is None:
        return second if first is None else first
    return pl.DataFrame({"first": first, "second": second}).select(pl.coalesce("first", "second")).to_series()


def nulled(values: pl.Series, where: pl.Series) -> pl.Series:
    """Take values out; a null in `where` takes none out."""
    if not where.any():
        return values
    frame = pl.DataFrame({"values": values, "where": where})
    return frame.select(
        pl.when(pl.col("where").fill_null(value=False)).then(None).otherwise("values")
    ).to_series()
