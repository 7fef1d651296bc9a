"""Why connections could not be determined, counted so that each reason can be settled."""

import polars as pl

from auditor.evidence.summary import Undetermined
from auditor.model import Verdict

MARKS = ("spans_change", "late_declared")
"""Reasons that tell of a verdict and are no doubt."""

STALE = ("stale_location", "participant:stale_location")

_CONNECTION = ("source_file", "record", "part")


def undetermined(raw: pl.LazyFrame) -> list[Undetermined]:
    """Count connections and calls for each reason; a connection may have several. Most connections first."""
    counts = (
        _doubtful(raw)
        .explode("reasons", empty_as_null=True)
        .group_by("reasons")
        .agg(*_counts())
        .sort("connections", "reasons", descending=[True, False])
        .collect(engine="streaming")
    )
    return [Undetermined(reason=row[0], connections=row[1], calls=row[2]) for row in counts.iter_rows()]


def only_stale(raw: pl.LazyFrame) -> Undetermined:
    """Count what nothing but the age of the evidence leaves open."""
    aged = _doubtful(raw).filter(pl.col("reasons").list.set_difference(list(STALE)).list.len() == 0)
    connections, calls = aged.select(*_counts()).collect(engine="streaming").row(0)
    return Undetermined(reason="stale_location", connections=connections, calls=calls)


def _doubtful(raw: pl.LazyFrame) -> pl.LazyFrame:
    doubtful = (pl.col("verdict") == Verdict.INDETERMINATE) & ~pl.col("watch")
    return raw.filter(doubtful).with_columns(pl.col("reasons").list.set_difference(list(MARKS)))


def _counts() -> list[pl.Expr]:
    return [
        pl.struct(_CONNECTION).n_unique().cast(pl.Int64).alias("connections"),
        pl.col("call_id").drop_nulls().n_unique().cast(pl.Int64).alias("calls"),
    ]
