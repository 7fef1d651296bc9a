"""Uses that are counted, and calls that are judged → the last verdict of each connection that waited."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from auditor.engine.files import Files
from auditor.engine.job import Job
from auditor.engine.judging import TALLY, Judge, judge_of, tallied
from auditor.engine.partial import BucketResult
from auditor.engine.raw_findings import SAID, as_findings, said_in
from auditor.engine.sharing import CALLS_AT_ONCE, SHARED, write_shared
from auditor.engine.wholecalls import shared_clauses
from auditor.model import CONNECTION, Schema, Verdict
from auditor.ruleset.evaluator import limit_kinds, settle
from auditor.ruleset.schema import clauses_of
from auditor.ruleset.situation import SITUATION, situation_of
from auditor.ruleset.verdicts import Judgement, LimitKind, LimitStatus, Statuses

USES_AT_ONCE = 200_000
"""So many uses are judged again at once."""

_CONNECTION = ("source_file", "record", "part")
_USE = (*_CONNECTION, "place_of_rule")
_BASE = len(LimitStatus)
_KINDS = tuple(LimitKind)

RESOLVED: Schema = {"situation_id": pl.Int64, "resolved": pl.String, **dict.fromkeys(TALLY, pl.Int64)} | {
    "bytes": pl.Int128,
    "microseconds": pl.Int128,
}
"""Counts of connections that waited, by situation and by what rules said in the end, as `place:verdict`."""

_LAST: Schema = {
    **{name: CONNECTION[name] for name in (*_CONNECTION, "call_id", "account_id", "participant_id")},
    **{name: CONNECTION[name] for name in ("started_at", "ended_at", "bytes")},
    "situation_id": pl.Int64,
    "place_of_rule": pl.Int32,
    "verdict": pl.String,
}
"""What one rule says in the end of one connection that waited."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the second pass gave: files of raw rows, and the counts of connections that waited (RESOLVED)."""

    raw: tuple[Path, ...]
    counts: pl.DataFrame


def resolve(
    job: Job,
    buckets: Mapping[str, BucketResult],
    *,
    calls_at_once: int = CALLS_AT_ONCE,
    uses_at_once: int = USES_AT_ONCE,
) -> Resolved:
    """Settle what was left open by single calls: the shares of days; then each use, bucket by bucket.

    How much is in memory at once is invisible.
    """
    with_use, days = _paths(job, buckets, "with_use"), _paths(job, buckets, "days")
    shared = write_shared(job, with_use, days, calls_at_once=calls_at_once)
    raw, counts = _paths(job, buckets, "raw"), [pl.DataFrame(schema=RESOLVED)]
    for name, bucket in buckets.items():
        files = Files(job.folder, f"last-{name}")
        counts.append(_resolve_bucket(job, bucket, shared, files, uses_at_once))
        raw += [job.folder / file for file, _ in files.written.get("raw", ())]
    sums = pl.concat(counts).group_by("situation_id", "resolved").agg(pl.col(name).sum() for name in TALLY)
    return Resolved(tuple(raw), sums.sort("situation_id", "resolved"))


def verdicts_in(resolved: str) -> dict[int, Verdict]:
    """Read what rules said in the end, by the place of the rule."""
    pairs = (word.split(":") for word in resolved.split())
    return {int(place): Verdict(verdict) for place, verdict in pairs}


def _resolve_bucket(
    job: Job, bucket: BucketResult, shared: list[Path], files: Files, uses_at_once: int
) -> pl.DataFrame:
    judge = judge_of(job)
    last = [_read(job, bucket, "verdicts").select(*_LAST)] if "verdicts" in bucket.files else []
    if "uses" in bucket.files:
        counted = _counted(job, bucket, shared)
        for uses in _slices(job, bucket, uses_at_once):
            settled = _settled(judge, uses.join(counted, on=_USE, how="left", validate="1:1"))
            files.write("raw", as_findings(settled))
            last.append(settled.select(*_LAST))
    if not last:
        return pl.DataFrame(schema=RESOLVED)
    rows = (
        pl.concat(last)
        .sort("place_of_rule")
        .group_by(_CONNECTION)
        .agg(
            pl.format("{}:{}", "place_of_rule", "verdict").str.join(" ").alias("resolved"),
            pl.all().exclude("place_of_rule", "verdict").first(),
        )
    )
    return tallied(rows, ["situation_id", "resolved"]).select(
        pl.col(name).cast(RESOLVED[name]) for name in RESOLVED
    )


def _counted(job: Job, bucket: BucketResult, shared: list[Path]) -> pl.DataFrame:
    """Say of each use how it stands to all limits of all exceptions that it may be a use of, as one text.

    Columns: those of `_USE`, and `counted`.
    """
    of_clauses = _read(job, bucket, "statuses")
    days = pl.scan_parquet(shared) if shared else pl.LazyFrame(schema=SHARED)
    here = days.join(of_clauses.lazy().select("call_id").unique(), on="call_id", how="semi").collect()
    keys = ["place_of_rule", "clause", "account_id", "call_id"]
    whole = of_clauses.join(here, on=keys, how="left", validate="m:1")
    limited = pl.any_horizontal(
        pl.lit(value=False),
        *(
            (pl.col("place_of_rule") == place) & pl.col("clause").is_in(list(clauses))
            for place, clauses in _sharing(job)
        ),
    )
    share = pl.when(limited).then(pl.col(LimitKind.SHARE).fill_null(LimitStatus.NO_ACCOUNT)).otherwise(0)
    code = sum(
        (status.cast(pl.Int32) * _BASE**place for place, status in enumerate(_statuses(share))),
        pl.lit(0, dtype=pl.Int32),
    )
    return (
        whole.with_columns(code=code)
        .sort("clause")
        .group_by(_USE)
        .agg(counted=pl.format("{}:{}", "clause", "code").str.join(" "))
    )


def _slices(job: Job, bucket: BucketResult, rows: int) -> Iterator[pl.DataFrame]:
    """Read the uses again, some at a time: their rows are wide."""
    for name, _ in bucket.files["uses"]:
        yield from pl.read_parquet(job.folder / name).iter_slices(rows)


def _statuses(share: pl.Expr) -> list[pl.Expr]:
    return [share if kind is LimitKind.SHARE else pl.col(kind) for kind in _KINDS]


def _sharing(job: Job) -> Iterator[tuple[int, Sequence[int]]]:
    for place, rule in enumerate(job.ruleset.rules):
        if clauses := shared_clauses(rule):
            yield place, clauses


def _settled(judge: Judge, uses: pl.DataFrame) -> pl.DataFrame:
    """Judge each distinct combination of situation and counts again, and give its verdict to its uses."""
    keys = ["place_of_rule", "situation_id", "counted"]
    distinct = uses.unique(keys, keep="first", maintain_order=True)
    said = said_in(
        _last_judgement(judge, row) for row in distinct.select(*keys, *SITUATION).iter_rows(named=True)
    )
    return uses.join(
        pl.concat([distinct.select(keys), said], how="horizontal"), on=keys, how="left", validate="m:1"
    ).select(*uses.columns, *SAID)


def _last_judgement(judge: Judge, row: Mapping[str, object]) -> Judgement:
    rule = judge.ruleset.rules[int(str(row["place_of_rule"]))]
    pairs = (word.split(":") for word in str(row["counted"]).split())
    clauses = clauses_of(rule)
    counted = {int(number): _decoded(int(code)) for number, code in pairs}
    statuses = {
        number: {kind: status[kind] for kind in limit_kinds(clauses[number])}
        for number, status in counted.items()
    }
    return settle(rule, situation_of(row, judge.facts), judge.facts, statuses)


def _decoded(code: int) -> Statuses:
    return {kind: LimitStatus(code // _BASE**place % _BASE) for place, kind in enumerate(_KINDS)}


def _read(job: Job, bucket: BucketResult, kind: str) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(job.folder / name) for name, _ in bucket.files[kind])


def _paths(job: Job, buckets: Mapping[str, BucketResult], kind: str) -> list[Path]:
    return [job.folder / name for bucket in buckets.values() for name, _ in bucket.files.get(kind, ())]
