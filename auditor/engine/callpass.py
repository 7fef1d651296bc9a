"""Facts about whole calls, one bucket of complete calls at a time."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from auditor.engine.files import Files
from auditor.engine.job import Job
from auditor.engine.judging import WORD, Judge, binds, judge_of
from auditor.engine.partial import BucketResult, Partial
from auditor.engine.pending import MEMBER_OF_CALL, member_schema
from auditor.engine.raw_findings import BYSTANDER, MEMBER, RAW_FINDING, named_by, reasons_of_call
from auditor.engine.wholecalls import WholeCalls, member_column, require_column, shared_clauses, sure_column
from auditor.model import Role, Schema, Subject, Verdict, cast_to
from auditor.ruleset.limits import USE, calls_of, count_in_calls, days_of
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.verdicts import Judgement, LimitKind
from auditor.ruleset.wholecall import CallFact, judge_call, not_observed

ROWS_PER_BUCKET = 4_000_000
"""So many rows of a call table are held in memory at once."""

MEMBERS_PER_BUCKET = 500_000
"""So many connections, where rules ask for whole calls: their rows are wider."""

Frames = Mapping[str, pl.DataFrame]
"""What shards left for the second pass, by kind: `calls`, `members`, `uses`."""

_USE = ("source_file", "record", "part", "account_id", "call_id")
SAID_OF_CALL: Schema = {"call_verdict": pl.String, "call_reasons": pl.List(pl.String)}


def buckets_for(rows: int, wants: WholeCalls | None = None) -> int:
    """Choose how many buckets keep memory bounded."""
    return max(1, -(-rows // (MEMBERS_PER_BUCKET if wants and wants.asks else ROWS_PER_BUCKET)))


def judge_calls(job: Job, frames: Frames, bucket: str) -> Partial:
    """Judge the whole calls of a bucket; every row of each call is in it.

    Writes into the job's folder: `raw` rows of findings about calls and of those affected; `verdicts` of the
    connections that bear the verdict of their call; `uses`, and in `statuses` how they stand to the limits of
    their calls; and, where an account's days are limited, its `days` and its calls `with_use`.
    """
    judge, wants = judge_of(job), WholeCalls.of(job.ruleset)
    whole = _whole(frames["calls"])
    # no member of a call may have come to this bucket
    members = frames.get("members", pl.DataFrame(schema=member_schema(wants)))
    files = Files(job.folder, f"bucket-{bucket}")
    calls: dict[str, dict[str, int]] = {}
    for place in wants.requires:
        required = _required(judge, place, whole, members)
        calls[job.ruleset.rules[place].id] = _write_required(
            judge.ruleset.rules[place], place, required, files
        )
    unobserved = {
        job.ruleset.rules[place].id: _write_unobserved(job.ruleset.rules[place], place, whole, members, files)
        for place in wants.observes
    }
    _write_uses(judge, wants, frames, files)
    result = _counted(job, whole, bucket)
    return Partial(
        buckets={
            bucket: BucketResult(**result, calls_by_verdict=calls, unobserved=unobserved, files=files.written)
        }
    )


def _whole(calls: pl.DataFrame) -> pl.DataFrame:
    """Join the rows of each call, whatever its account."""
    bits = [name for name, dtype in calls.schema.items() if dtype.is_unsigned_integer()]
    return calls.lazy().group_by("call_id").agg(*(pl.col(name).bitwise_or() for name in bits)).collect()


def _counted(job: Job, whole: pl.DataFrame, bucket: str) -> dict[str, Any]:
    """Count the distinct calls: all, those audited, and those with a record of each role."""
    rules = job.ruleset.rules
    by_rule = [
        _bit(f"rules_{place // WORD}", place % WORD).alias(f"rule_{place}") for place in range(len(rules))
    ]
    binding = [f"rule_{place}" for place, rule in enumerate(rules) if binds(rule)]
    by_role = [_bit("roles", place).alias(f"role_{role}") for place, role in enumerate(Role)]
    counts = (
        whole.lazy()
        .select(*by_rule, *by_role)
        .select(
            pl.len().alias("calls"),
            pl.any_horizontal(binding or [pl.lit(value=False)]).sum().alias("audited"),
            pl.all().sum(),
        )
        .collect()
        .row(0, named=True)
    )
    return {
        "bucket": bucket,
        "calls": counts["calls"],
        "audited": counts["audited"],
        "audited_by_rule": {rule.id: counts[f"rule_{place}"] for place, rule in enumerate(rules)},
        "by_role": {role.value: counts[f"role_{role}"] for role in Role},
    }


def _required(judge: Judge, place: int, whole: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Give the members of each call under a `require` rule the verdict of their call."""
    column, rule = require_column(place), judge.ruleset.rules[place]
    told = whole[column].unique().sort()
    judged = [_judged_call(rule, CallFact(bits)) for bits in told.to_list()]
    said = pl.DataFrame(
        {
            column: told,
            "call_verdict": [one.verdict.value for one in judged],
            "call_reasons": [reasons_of_call(one) for one in judged],
        },
        schema_overrides=SAID_OF_CALL,
    )
    calls = whole.select("call_id", column).join(said, on=column, how="left", validate="m:1").drop(column)
    of_rule = members.filter(pl.col(member_column(place)))
    return of_rule.join(calls, on="call_id", how="left", validate="m:1")


def _judged_call(rule: Rule, call: CallFact) -> Judgement:
    if not isinstance(rule, RequireRule):
        raise AssertionError(f"{rule.id} requires nothing of a call")  # noqa: TRY004  a fault of ours, no type
    return judge_call(rule, call)


def _write_required(rule: Rule, place: int, members: pl.DataFrame, files: Files) -> dict[str, int]:
    """Write the verdict of each member, and the finding of each call; count the calls by verdict."""
    files.write(
        "verdicts",
        members.select(*MEMBER_OF_CALL, place_of_rule=pl.lit(place, pl.Int32), verdict="call_verdict"),
    )
    found = members.filter(pl.col("call_verdict").is_in([Verdict.VIOLATION, Verdict.INDETERMINATE])).rename(
        {"call_verdict": "verdict", "call_reasons": "reasons"}
    )
    files.write("raw", _raw(rule, found, MEMBER))
    findings = _raw(rule, _first_of_calls(found), Subject.CALL)
    files.write("raw", findings)
    return dict(findings.group_by("verdict").len().iter_rows())


def _write_unobserved(
    rule: Rule, place: int, whole: pl.DataFrame, members: pl.DataFrame, files: Files
) -> int:
    """Write a finding for each call in scope that has no record of a role, and those whom it concerns."""
    missing = [
        pl.when(_bit("observed", list(Role).index(role)).not_()).then(pl.lit(f"not_observed:{role}"))
        for role in not_observed(rule, ())
    ]
    calls = whole.select("call_id", reasons=pl.concat_list(missing).list.drop_nulls()).filter(
        pl.col("reasons").list.len() > 0
    )
    of_rule = members.filter(pl.col(member_column(place)))
    concerned = of_rule.join(calls, on="call_id", how="inner", validate="m:1").with_columns(
        verdict=pl.lit(Verdict.INDETERMINATE.value)
    )
    files.write("raw", _raw(rule, concerned, BYSTANDER))
    findings = _raw(rule, _first_of_calls(concerned), Subject.UNOBSERVED)
    files.write("raw", findings)
    return findings.height


def _first_of_calls(members: pl.DataFrame) -> pl.DataFrame:
    """Let the first connection in scope stand for its call, without what is of it alone."""
    return (
        members.sort("started_at", "source_file", "record", "part")
        .unique("call_id", keep="first", maintain_order=True)
        .drop("participant_id", "ended_at", "bytes")
    )


def _raw(rule: Rule, rows: pl.DataFrame, subject: str) -> pl.DataFrame:
    named = rows.with_columns(*named_by(rule), subject=pl.lit(str(subject)), place_kind=pl.lit("none"))
    return cast_to(named, RAW_FINDING)


def _write_uses(judge: Judge, wants: WholeCalls, frames: Frames, files: Files) -> None:
    """Count the uses of each exception within their calls, and write what the count of days needs."""
    uses = frames.get("uses", pl.DataFrame())
    for place in wants.limited:
        of_rule = uses.filter(pl.col("place_of_rule") == place) if uses.width else uses
        if of_rule.is_empty():
            continue
        rule = judge.ruleset.rules[place]
        counted = [
            count_in_calls(_uses_of(of_rule, number), clause).with_columns(clause=pl.lit(number, pl.Int32))
            for number, clause in enumerate(clauses_of(rule))
            if clause.limits
        ]
        statuses = pl.concat(
            one.select(*_USE, "clause", LimitKind.CONNECTIONS, LimitKind.MINUTES) for one in counted
        )
        files.write("uses", of_rule)
        files.write("statuses", statuses.with_columns(place_of_rule=pl.lit(place, pl.Int32)))
        if place in wants.shared:
            calls = _with_use(shared_clauses(rule), counted)
            files.write("with_use", _in_scope_of(calls, _calls_in_scope(frames["calls"], place), place))
    for place in wants.shared:
        days = days_of(_calls_in_scope(frames["calls"], place))
        files.write("days", days.with_columns(place_of_rule=pl.lit(place, pl.Int32)))


def _uses_of(uses: pl.DataFrame, clause: int) -> pl.DataFrame:
    bit = pl.lit(1 << clause, dtype=pl.Int64)
    return uses.filter(pl.col("possible_uses") & bit != 0).select(
        "source_file", *(name for name in USE if name != "is_sure"), is_sure=pl.col("sure_uses") & bit != 0
    )


def _with_use(clauses: Iterable[int], counted: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Give each account's calls with a use of a shared exception, once for each exception."""
    wanted = set(clauses)
    return (
        pl.concat(
            one.filter(pl.col("clause").is_in(wanted) & pl.col("account_id").is_not_null()).select(
                "clause", "account_id", "call_id", "is_sure"
            )
            for one in counted
        )
        .group_by("clause", "account_id", "call_id")
        .agg(pl.col("is_sure").any())
    )


def _in_scope_of(with_use: pl.DataFrame, calls: pl.DataFrame, place: int) -> pl.DataFrame:
    """Say of calls with a use when they began, and whether they are surely in scope."""
    joined = with_use.join(calls, on=["call_id", "account_id"], how="inner", validate="m:1")
    if joined.height != with_use.height:
        raise AssertionError(f"{with_use.height - joined.height:,} calls with a use are not in scope")
    return joined.with_columns(place_of_rule=pl.lit(place, pl.Int32))


def _calls_in_scope(calls: pl.DataFrame, place: int) -> pl.DataFrame:
    return calls_of(
        calls.select(
            "call_id",
            "account_id",
            "started_at",
            in_scope=_bit(f"rules_{place // WORD}", place % WORD),
            surely_in_scope=sure_column(place),
        )
    )


def _bit(column: str, place: int) -> pl.Expr:
    dtype = pl.UInt16 if column in ("roles", "observed") else pl.UInt64
    return pl.col(column) & pl.lit(1 << place, dtype=dtype) != 0
