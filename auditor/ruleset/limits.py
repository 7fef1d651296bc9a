"""How much of an exception is used: interval counting over whole calls, and over an account's days.

Every counter is an interval: what is surely used, and what is possibly. Only counting stands here; what a
count means for a verdict is the evaluator's. Design: SEMANTICS.md, section 3, *Limits*.
"""

from decimal import Decimal
from fractions import Fraction

import polars as pl

from auditor.model import INSTANT, Schema
from auditor.ruleset.clauses import LONGEST_MINUTES, ExceptionClause, Overflow
from auditor.ruleset.verdicts import LimitKind, LimitStatus

MICROSECONDS_PER_MINUTE = 60_000_000
_LONGEST = LONGEST_MINUTES * MICROSECONDS_PER_MINUTE

USE: Schema = {
    "call_id": pl.String,
    "account_id": pl.String,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "source_digest": pl.String,
    "record": pl.Int64,
    "part": pl.Int32,
    "is_sure": pl.Boolean,
}
"""One row is one use of one exception, with a call id. `is_sure`: it is one in every world left open."""

IN_SCOPE: Schema = {
    "call_id": pl.String,
    "account_id": pl.String,
    "started_at": INSTANT,
    "in_scope": pl.Boolean,
    "surely_in_scope": pl.Boolean,
}
"""Connections, or what several of one call and account come to: their earliest start, and whether one is in
scope."""

STATUS = pl.Int8
"""A LimitStatus as a number; 0, within, also where the exception has no such limit."""

_ORDER = ("call_id", "started_at", "source_digest", "record", "part")


def count_in_calls(uses: pl.DataFrame, clause: ExceptionClause) -> pl.DataFrame:
    """Add how each use stands to the limits per call, in the columns named as `LimitKind` is.

    `uses` has at least the columns USE, all uses of each call, in any order; the result is sorted by call.
    """
    limits = clause.limits
    lasted = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds()
    ordered = uses.sort(_ORDER)
    connections = _Counter(pl.lit(1), pl.lit(1), limits.connections_per_call if limits else None)
    # a missing end leaves an interval open, and no guess
    minutes = _Counter(
        lasted.fill_null(0),
        lasted.fill_null(_LONGEST),
        None if limits is None or limits.minutes_per_call is None else _floor(limits.minutes_per_call),
    )
    return ordered.with_columns(
        connections.status(ordered, ["call_id"], clause.overflow).alias(LimitKind.CONNECTIONS),
        minutes.status(ordered, ["call_id"], clause.overflow).alias(LimitKind.MINUTES),
    )


def calls_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Gather rows of IN_SCOPE into one per call and account in scope, with `call_started_at` and `day`.

    `rows` has all connections of each call; a call's order and day are those of its earliest. A call without
    an account id is in no counter.
    """
    started = rows.group_by("call_id").agg(call_started_at=pl.col("started_at").min())
    of_account = (
        rows.filter(pl.col("in_scope") & pl.col("account_id").is_not_null())
        .group_by("call_id", "account_id")
        .agg(pl.col("surely_in_scope").any())
    )
    return of_account.join(started, on="call_id", how="left", validate="m:1").with_columns(
        day=pl.col("call_started_at").dt.date()
    )


def days_of(calls: pl.DataFrame) -> pl.DataFrame:
    """Count the calls of each account and day: `surely`, `possibly` in scope. Sums of parts are exact."""
    return calls.group_by("account_id", "day").agg(
        surely=pl.col("surely_in_scope").sum().cast(pl.Int64), possibly=pl.len().cast(pl.Int64)
    )


def count_in_days(calls: pl.DataFrame, clause: ExceptionClause) -> pl.DataFrame:
    """Add how each call with a use stands to the share of calls, in the column named as `LimitKind` is.

    `calls` has one row per call and account with a use, all of each account and day: `account_id`, `day`,
    `call_started_at`, `call_id`, `is_sure` (one of its uses is sure), `surely_in_scope`, and the `surely` and
    `possibly` of its day.
    """
    share = clause.limits.share_of_calls if clause.limits else None
    if share is None:
        return calls.with_columns(pl.lit(LimitStatus.WITHIN, dtype=STATUS).alias(LimitKind.SHARE))
    ordered = calls.sort("account_id", "day", "call_started_at", "call_id")
    own = pl.when("surely_in_scope").then(0).otherwise(1)
    counter = _Counter(
        pl.lit(1),
        pl.lit(1),
        _share_of(share.max, pl.col("surely") + own),
        _share_of(share.max, pl.col("possibly")),
    )
    status = counter.status(ordered, ["account_id", "day"], clause.overflow)
    return ordered.with_columns(status.alias(LimitKind.SHARE))


class _Counter:
    """What is counted: at least and at most so much by each row, against a limit that may be one too."""

    def __init__(
        self, least: pl.Expr, most: pl.Expr, limit: pl.Expr | int | None, upper: pl.Expr | None = None
    ) -> None:
        self._least = least
        self._most = most
        self._limit = limit
        self._upper = upper

    def status(self, rows: pl.DataFrame, group: list[str], overflow: Overflow) -> pl.Series:
        """Compare the counter with the limit at each row, which itself counts in any case; rows are in order.

        Sums are of 128 bits: durations are what a log says, and hostile ones would run over 64.
        """
        if self._limit is None:
            return pl.zeros(rows.height, dtype=STATUS, eager=True)
        limit = pl.lit(self._limit, dtype=pl.Int128) if isinstance(self._limit, int) else self._limit
        counted = rows.select(
            *group,
            least=self._least.cast(pl.Int128),
            most=self._most.cast(pl.Int128),
            surely=pl.when("is_sure").then(self._least).otherwise(0).cast(pl.Int128),
            lower=limit,
            upper=limit if self._upper is None else self._upper,
        )
        surely, most = pl.col("surely"), pl.col("most")
        if overflow is Overflow.ALL:
            others, high = surely.sum().over(group) - surely, most.sum().over(group)
        else:
            others, high = surely.cum_sum().over(group) - surely, most.cum_sum().over(group)
        status = (
            pl.when(high <= pl.col("lower"))
            .then(pl.lit(LimitStatus.WITHIN, dtype=STATUS))
            .when(others + pl.col("least") > pl.col("upper"))
            .then(pl.lit(LimitStatus.OVER, dtype=STATUS))
            .otherwise(pl.lit(LimitStatus.OPEN, dtype=STATUS))
        )
        return counted.select(status).to_series()


def _share_of(share: Decimal, calls: pl.Expr) -> pl.Expr:
    """Take a share of a number of calls, rounded down, exactly."""
    exact = Fraction(share)
    return calls.cast(pl.Int128) * exact.numerator // exact.denominator


def _floor(minutes: Decimal) -> int:
    """Give the whole microseconds that are within so many minutes."""
    return int(minutes * MICROSECONDS_PER_MINUTE // 1)
