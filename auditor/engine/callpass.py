"""Facts about whole calls, one bucket of complete calls at a time."""

import polars as pl

from auditor.engine.job import Job
from auditor.engine.judging import WORD, binds
from auditor.engine.partial import BucketResult, Partial
from auditor.model import Role

CALLS_PER_BUCKET = 4_000_000
"""So many rows of a call table are held in memory at once."""


def buckets_for(rows: int) -> int:
    """Choose how many buckets keep memory bounded."""
    return max(1, -(-rows // CALLS_PER_BUCKET))


def judge_calls(job: Job, calls: pl.DataFrame, bucket: str) -> Partial:
    """Count the distinct calls of a bucket; `calls` has the columns of `slim_shard`, every row of each."""
    whole = calls.lazy().group_by("call_id").agg(pl.all().bitwise_or())
    rules = job.ruleset.rules
    by_rule = [
        _bit(f"rules_{place // WORD}", place % WORD).alias(f"rule_{place}") for place in range(len(rules))
    ]
    binding = [f"rule_{place}" for place, rule in enumerate(rules) if binds(rule)]
    by_role = [_bit("roles", place).alias(f"role_{role}") for place, role in enumerate(Role)]
    counts = (
        whole.select(*by_rule, *by_role)
        .select(
            pl.len().alias("calls"),
            pl.any_horizontal(binding or [pl.lit(value=False)]).sum().alias("audited"),
            pl.all().sum(),
        )
        .collect()
        .row(0, named=True)
    )
    result = BucketResult(
        bucket=bucket,
        calls=counts["calls"],
        audited=counts["audited"],
        audited_by_rule={rule.id: counts[f"rule_{place}"] for place, rule in enumerate(rules)},
        by_role={role.value: counts[f"role_{role}"] for role in Role},
    )
    return Partial(buckets={bucket: result})


def _bit(column: str, place: int) -> pl.Expr:
    return pl.col(column) & pl.lit(1 << place, dtype=pl.UInt64 if column != "roles" else pl.UInt16) != 0
