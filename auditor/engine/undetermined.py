"""Why connections could not be determined, counted so that each reason can be settled."""

import polars as pl

from auditor.engine.raw_findings import BYSTANDER, MEMBER
from auditor.evidence.summary import Undetermined
from auditor.model import Subject, Verdict

MARKS = ("spans_change", "late_declared")
MARKED = ("exception:", "over_limit:")
"""Reasons, and beginnings of reasons, that tell of a verdict and are no doubt."""

STALE = ("stale_location", "participant:stale_location")

_CONNECTION = ("source_file", "record", "part")
_OF_CONNECTION = pl.col("subject").is_in([Subject.CONNECTION.value, MEMBER])


def undetermined(raw: pl.LazyFrame) -> list[Undetermined]:
    """Count connections and calls for each reason; a connection may have several.

    What concerns most comes first, be it connections or calls: of a whole call there may be no connection.
    """
    counts = (
        _doubtful(raw)
        .explode("reasons", empty_as_null=True)
        .group_by("reasons")
        .agg(*_counts())
        .sort(pl.max_horizontal("connections", "calls"), "reasons", descending=[True, False])
        .collect(engine="streaming")
    )
    return [Undetermined(reason=row[0], connections=row[1], calls=row[2]) for row in counts.iter_rows()]


def only_stale(raw: pl.LazyFrame) -> Undetermined:
    """Count what nothing but the age of the evidence leaves open.

    A connection with another doubt under some rule is not among them, nor is a call with another doubt, or
    with a violation, in any of its connections.
    """
    doubtful = _doubtful(raw)
    aged = pl.col("reasons").list.set_difference(list(STALE)).list.len() == 0
    violating = raw.filter((pl.col("verdict") == Verdict.VIOLATION) & ~pl.col("watch"))
    settled = pl.concat(
        [frame.select(*_CONNECTION, "call_id", "subject") for frame in (doubtful.filter(~aged), violating)]
    )
    left = doubtful.filter(aged).join(settled.filter(_OF_CONNECTION), on=_CONNECTION, how="anti")
    calls = left.filter(pl.col("call_id").is_not_null()).join(settled, on="call_id", how="anti")
    return Undetermined(
        reason="stale_location",
        connections=left.select(_counts()[0]).collect(engine="streaming").item(),
        calls=calls.select(_counts()[1]).collect(engine="streaming").item(),
    )


def _doubtful(raw: pl.LazyFrame) -> pl.LazyFrame:
    doubtful = (pl.col("verdict") == Verdict.INDETERMINATE) & ~pl.col("watch")
    marked = [pl.element().str.starts_with(beginning) for beginning in MARKED]
    is_mark = pl.any_horizontal(pl.element().is_in(MARKS), *marked)
    doubts = pl.col("reasons").list.eval(pl.element().filter(~is_mark))
    return raw.filter(doubtful & (pl.col("subject") != BYSTANDER)).with_columns(doubts)


def _counts() -> list[pl.Expr]:
    return [
        pl.struct(_CONNECTION).filter(_OF_CONNECTION).n_unique().cast(pl.Int64).alias("connections"),
        pl.col("call_id").drop_nulls().n_unique().cast(pl.Int64).alias("calls"),
    ]
