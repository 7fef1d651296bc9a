"""How the calls of an account's day stand to the share of them that may use an exception."""

from pathlib import Path

import polars as pl

from auditor.engine.job import Job
from auditor.model import Schema
from auditor.ruleset.limits import STATUS, count_in_days
from auditor.ruleset.schema import clauses_of
from auditor.ruleset.verdicts import LimitKind

CALLS_AT_ONCE = 2_000_000
"""So many calls with a use are in memory at once; more only where one account has more."""

SHARED: Schema = {
    "place_of_rule": pl.Int32,
    "clause": pl.Int32,
    "account_id": pl.String,
    "call_id": pl.String,
    LimitKind.SHARE: STATUS,
}
"""One row is a call with a use of an exception, and how it stands to the share of its account's day."""

_OF_DAY = ("place_of_rule", "account_id", "day")


def write_shared(
    job: Job, with_use: list[Path], days: list[Path], *, calls_at_once: int = CALLS_AT_ONCE
) -> list[Path]:
    """Count the calls with a use of each account and day, and write how each stands. Schema: SHARED.

    How many are in memory at once is invisible.
    """
    if not with_use:
        return []
    calls, of_days = pl.scan_parquet(with_use), pl.scan_parquet(days)
    rows = calls.select(pl.len()).collect(engine="streaming").item()
    pieces = max(1, -(-rows // calls_at_once))
    written = []
    for piece in range(pieces):
        of_piece = pl.col("account_id").hash() % pieces == piece
        here = calls.filter(of_piece).collect(engine="streaming")
        counted = (
            of_days.filter(of_piece)
            .join(here.lazy().select(_OF_DAY).unique(), on=_OF_DAY, how="semi")
            .group_by(_OF_DAY)
            .agg(pl.col("surely", "possibly").sum())
            .collect(engine="streaming")
        )
        path = job.folder / f"shared-{piece:06}.parquet"
        _shared(job, here.join(counted, on=_OF_DAY, how="left", validate="m:1")).write_parquet(path)
        written.append(path)
    return written


def _shared(job: Job, calls: pl.DataFrame) -> pl.DataFrame:
    frames = [pl.DataFrame(schema=SHARED)]
    for (place, number), of_clause in calls.group_by("place_of_rule", "clause"):
        clause = clauses_of(job.ruleset.rules[int(str(place))])[int(str(number))]
        frames.append(count_in_days(of_clause, clause).select(*SHARED))
    return pl.concat(frames)
