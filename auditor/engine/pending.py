"""What a batch of judged connections leaves for the second pass, which needs whole calls."""

from collections.abc import Iterator, Sequence

import polars as pl

from auditor.engine.judging import Judge, Judged, in_scope_words
from auditor.engine.raw_findings import (
    BYSTANDER,
    EVIDENCE,
    RAW_FINDING,
    described,
    reasons_of_call,
)
from auditor.engine.wholecalls import WholeCalls, member_column, require_column, sure_column
from auditor.model import CONNECTION, Role, Schema, Subject, Verdict, cast_to
from auditor.ruleset.facts import Facts
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.situation import SITUATION, Situation, situation_ids, situation_of
from auditor.ruleset.verdicts import Judgement
from auditor.ruleset.wholecall import call_facts, not_observed, roles_observed, scopes_of

MEMBER_OF_CALL: Schema = {
    name: CONNECTION[name]
    for name in (
        *("source_file", "record", "part", "byte_offset", "call_id", "account_id", "home_region"),
        *("participant_id", "started_at", "ended_at", "time_basis", "bytes"),
    )
} | {"situation_id": pl.Int64}
"""A connection in scope of a rule that asks for whole calls.

Boolean columns `member_<place>` follow, one a rule.
"""

USE_OF_EXCEPTION: Schema = {
    **{name: dtype for name, dtype in RAW_FINDING.items() if name not in ("verdict", "reasons")},
    **EVIDENCE,
    "place_of_rule": pl.Int32,
    "possible_uses": pl.Int64,
    "sure_uses": pl.Int64,
    "situation_id": pl.Int64,
}
"""A connection that is or may be a use of an exception with limits, under one rule.

The uses are bits, one for each exception of the rule; the columns SITUATION follow.
"""


def member_schema(wants: WholeCalls) -> Schema:
    """Give the columns of `members_in`."""
    return {**MEMBER_OF_CALL, **{member_column(place): pl.Boolean for place in wants.members}}


def calls_in(judge: Judge, judged: Judged, wants: WholeCalls) -> pl.DataFrame:
    """Reduce a batch to one row per call id, or per call and account where an account's calls are counted.

    `rules_<n>` has the rules that are surely or possibly in scope, as bits; `roles` those of the connections,
    as bits of `Role`; `observed` those of which one is surely a record; `require_<place>` what connections
    tell that `require` rule; `sure_<place>` whether one is surely in scope, and `started_at` the earliest
    start.
    """
    keys = ["call_id", "account_id"] if wants.shared else ["call_id"]
    connections, index = judged.connections, judged.situation
    columns = [*in_scope_words(judged.judgements, len(judge.ruleset.rules)), *_told(judge, judged, wants)]
    bits = {role: 1 << place for place, role in enumerate(Role)}
    rows = connections.select(
        *keys,
        *(["started_at"] if wants.shared else []),
        *(column.gather(index) for column in columns),
        roles=pl.col("role").cast(pl.String).replace_strict(bits, return_dtype=pl.UInt16),
    )
    names = [name for name in rows.columns if name not in (*keys, "started_at")]
    return (
        rows.filter(pl.col("call_id").is_not_null())
        .group_by(keys)
        .agg(
            *(pl.col(name).bitwise_or() for name in names),
            *([pl.col("started_at").min()] if wants.shared else []),
        )
    )


def members_in(judged: Judged, wants: WholeCalls) -> pl.DataFrame:
    """Take the connections with a call id that are in scope of a rule that asks for whole calls."""
    in_scope = {place: _applies(judged.judgements, place) for place in wants.members}
    flags = [
        pl.Series(member_column(place), flags, dtype=pl.Boolean).gather(judged.situation)
        for place, flags in in_scope.items()
    ]
    ids = situation_ids(judged.situations).gather(judged.situation)
    rows = judged.connections.with_columns(*flags, ids)
    columns = [member_column(place) for place in wants.members]
    chosen = rows.filter(pl.col("call_id").is_not_null() & pl.any_horizontal(columns))
    return pl.concat([cast_to(chosen, MEMBER_OF_CALL), chosen.select(columns)], how="horizontal")


def uses_in(judge: Judge, judged: Judged, wants: WholeCalls) -> pl.DataFrame:
    """Take the connections whose use of an exception must be counted, once for each such rule."""
    frames = [
        _uses_under(judge.ruleset.rules[place], place, judged)
        for place in wants.limited
        if any(row[place].uses for row in judged.judgements)
    ]
    return pl.concat(frames) if frames else pl.DataFrame()


def unobserved_in(judge: Judge, judged: Judged, wants: WholeCalls) -> pl.DataFrame:
    """Take the connections without call id whose rule wants a role on record, which they are not.

    They are bystanders; the first of each log stands for the finding of that log. Schema: RAW_FINDING.
    """
    frames = []
    for place in wants.observes:
        rule = judge.ruleset.rules[place]
        missing = [
            _missing(rule, row[place], situation)
            for row, situation in zip(judged.judgements, _situations(judge.facts, judged), strict=True)
        ]
        chosen = (
            pl.Series([bool(roles) for roles in missing], dtype=pl.Boolean).gather(judged.situation)
            & judged.connections["call_id"].is_null()
        ).arg_true()
        reasons = pl.Series("reasons", missing, dtype=pl.List(pl.String))
        rows = described(rule, judged, chosen).with_columns(
            reasons.gather(judged.situation.gather(chosen)),
            verdict=pl.lit(Verdict.INDETERMINATE),
            subject=pl.lit(BYSTANDER),
        )
        frames.append(cast_to(rows, RAW_FINDING))
    return pl.concat(frames) if frames else pl.DataFrame(schema=RAW_FINDING)


def finding_of_logs(bystanders: pl.DataFrame) -> pl.DataFrame:
    """Make one finding for each rule and log, of its connections without call id that lack a role."""
    nothing = [name for name in RAW_FINDING if name.startswith(("relay_", "client_", "participant_"))]
    return (
        bystanders.sort("source_file", "record", "part")
        .group_by("rule_id", "source_file", maintain_order=True)
        .agg(
            pl.all().exclude("rule_id", "source_file", "reasons").first(),
            pl.col("reasons").explode(empty_as_null=True).drop_nulls().unique().sort(),
        )
        .with_columns(
            *(pl.lit(None, dtype=RAW_FINDING[name]).alias(name) for name in (*nothing, *_OF_ONE)),
            subject=pl.lit(Subject.UNOBSERVED),
            place_kind=pl.lit("none"),
        )
        .select(*RAW_FINDING)
    )


_OF_ONE = (
    *("role", "place", "ended_at", "bytes", "use_proved", "tier", "attempt", "failed_primaries"),
    *("selection_reason", "session_id", "account_id", "home_region"),
)
"""What is of one connection alone, beside the columns of relay and participant."""


def _told(judge: Judge, judged: Judged, wants: WholeCalls) -> Iterator[pl.Series]:
    """Say for each situation what it tells of its call."""
    situations = _situations(judge.facts, judged) if wants.asks else []
    if wants.observes:
        bits = {role: 1 << place for place, role in enumerate(Role)}
        observed = [sum(bits[role] for role in roles_observed(one)) for one in situations]
        yield pl.Series("observed", observed, dtype=pl.UInt16)
    for place in wants.requires:
        rule = judge.ruleset.rules[place]
        assert_is_require(rule)
        told = [int(call_facts(rule, one, judge.facts)) for one in situations]  # type: ignore[arg-type]
        yield pl.Series(require_column(place), told, dtype=pl.UInt16)
    for place in wants.shared:
        rule = judge.ruleset.rules[place]
        sure = [scopes_of(rule, one, judge.facts) == {True} for one in situations]
        yield pl.Series(sure_column(place), sure, dtype=pl.Boolean)


def assert_is_require(rule: Rule) -> None:
    """Raise AssertionError for a rule of another effect."""
    if not isinstance(rule, RequireRule):
        raise AssertionError(f"{rule.id} requires nothing of a call")  # noqa: TRY004  our fault, no type's


def _uses_under(rule: Rule, place: int, judged: Judged) -> pl.DataFrame:
    bits = [_use_bits(row[place]) for row in judged.judgements]
    chosen = (
        pl.Series([bool(row[place].uses) for row in judged.judgements]).gather(judged.situation).arg_true()
    )
    situation = judged.situation.gather(chosen)
    keys = judged.situations.select(SITUATION)
    rows = described(rule, judged, chosen).with_columns(
        pl.lit(place, dtype=pl.Int32).alias("place_of_rule"),
        pl.Series("possible_uses", [possible for possible, _ in bits], dtype=pl.Int64).gather(situation),
        pl.Series("sure_uses", [sure for _, sure in bits], dtype=pl.Int64).gather(situation),
        situation_ids(judged.situations).gather(situation),
    )
    return pl.concat([cast_to(rows, USE_OF_EXCEPTION), keys[situation]], how="horizontal")


def _use_bits(judgement: Judgement) -> tuple[int, int]:
    possible = sum(1 << use.clause for use in judgement.uses)
    return possible, sum(1 << use.clause for use in judgement.uses if use.is_sure)


def _missing(rule: Rule, judgement: Judgement, situation: Situation) -> list[str]:
    if judgement.verdict is Verdict.NOT_APPLICABLE:
        return []
    missing = not_observed(rule, roles_observed(situation))
    return reasons_of_call(Judgement(Verdict.INDETERMINATE, not_observed=missing))


def _applies(judgements: Sequence[tuple[Judgement, ...]], place: int) -> list[bool]:
    return [row[place].verdict is not Verdict.NOT_APPLICABLE for row in judgements]


def _situations(facts: Facts, judged: Judged) -> list[Situation]:
    return [situation_of(row, facts) for row in judged.situations.select(SITUATION).iter_rows(named=True)]
