"""What a rule says of a case: the connections of its file, judged and counted as an audit would.

Design: SEMANTICS.md, sections 3 and 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate

import polars as pl

from auditor.countries import COUNTRIES
from auditor.model import INSTANT, Schema, Verdict
from auditor.ruleset.cases import Case, Given
from auditor.ruleset.evaluator import judge, limit_kinds, settle
from auditor.ruleset.facts import Facts
from auditor.ruleset.limits import IN_SCOPE, calls_of, count_in_calls, count_in_days, days_of
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.situation import LONGEST, Situation
from auditor.ruleset.verdicts import Judgement, LimitKind, LimitStatus, Statuses
from auditor.ruleset.wholecall import (
    CallFact,
    call_facts,
    judge_call,
    not_observed,
    roles_observed,
    scopes_of,
)
from auditor.ruleset.windows import EVERYWHERE, Held

_Stands = tuple[tuple[int, LimitKind, LimitStatus], ...]
"""How a use stands to each limit of each exception, by the place of the exception."""

_Counted = Mapping[int, _Stands]
"""The uses of a case, by the number of the connection."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says of a case: a judgement for each connection and repetition, and each call's verdict.

    A call's verdict is the worst of its findings: that of a `require`, and an indeterminate one where a role
    was not observed. Without any it is `compliant`, or `not_applicable` where no connection of it is in
    scope.
    """

    connections: Mapping[str, tuple[Judgement, ...]]
    calls: Mapping[str, Verdict]


class CaseRun:
    """A case, to be run against a rule and changed copies of it: what they count alike is counted once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._counts: dict[object, _Counted] = {}

    def outcome(self, rule: Rule, facts: Facts) -> Outcome:
        """Judge the connections, and then what needs their whole calls and days.

        `facts` are those of the rule alone.
        """
        situations = [situation_in(given, facts) for given in self.case.given]
        if isinstance(rule, RequireRule):
            judged = self._repeated(self._with_calls(rule, situations, facts))
        else:
            judged = self._with_limits(
                rule, situations, facts, [judge(rule, one, facts) for one in situations]
            )
        by_id = {given.id: one for given, one in zip(self.case.given, judged, strict=True)}
        return Outcome(by_id, self._calls(rule, situations, judged))

    def _repeated(self, judged: Iterable[Judgement]) -> list[tuple[Judgement, ...]]:
        return [(one,) * given.repeat for given, one in zip(self.case.given, judged, strict=True)]

    def _with_calls(
        self, rule: RequireRule, situations: Sequence[Situation], facts: Facts
    ) -> list[Judgement]:
        """Let the connections in scope bear the verdict of their call; each without a name is a call."""
        told = [call_facts(rule, one, facts) for one in situations]
        calls: dict[str, CallFact] = {}
        for given, fact in zip(self.case.given, told, strict=True):
            if given.call is not None:
                calls[given.call] = calls.get(given.call, CallFact(0)) | fact
        return [
            judge_call(rule, fact if given.call is None else calls[given.call])
            if CallFact.SCOPE_POSSIBLE in fact
            else Judgement(Verdict.NOT_APPLICABLE)
            for given, fact in zip(self.case.given, told, strict=True)
        ]

    def _with_limits(
        self, rule: Rule, situations: Sequence[Situation], facts: Facts, judged: Sequence[Judgement]
    ) -> list[tuple[Judgement, ...]]:
        """Count the uses of each exception, and judge each use again."""
        whole = self._repeated(judged)
        if not any(one.uses for one in judged):
            return whole
        scopes = tuple(scopes_of(rule, one, facts) for one in situations)
        limits = tuple((clause.limits, clause.overflow) for clause in clauses_of(rule))
        key = (tuple(one.uses for one in judged), scopes, limits)
        if key not in self._counts:
            self._counts[key] = self._count(rule, judged, scopes)
        firsts = accumulate((given.repeat for given in self.case.given), initial=0)
        for place, (judgement, first) in enumerate(zip(judged, firsts, strict=False)):
            if judgement.uses:
                numbers = range(first, first + self.case.given[place].repeat)
                stands = [self._counts[key][number] for number in numbers]
                settled = {
                    one: settle(rule, situations[place], facts, _statuses(one))
                    for one in dict.fromkeys(stands)
                }
                whole[place] = tuple(settled[one] for one in stands)
        return whole

    def _count(self, rule: Rule, judged: Sequence[Judgement], scopes: Sequence[frozenset[bool]]) -> _Counted:
        stands = pl.DataFrame(
            [(place, True in scope, scope == {True}) for place, scope in enumerate(scopes)],
            schema={"given": pl.Int64, "in_scope": pl.Boolean, "surely_in_scope": pl.Boolean},
            orient="row",
        )
        calls = calls_of(self._connections.join(stands, on="given").select(*IN_SCOPE))
        of_day = calls.join(days_of(calls), on=["account_id", "day"])
        counted: dict[int, _Stands] = {}
        for place, clause in enumerate(clauses_of(rule)):
            uses = self._uses(judged, place)
            if uses.is_empty():
                continue
            in_calls = count_in_calls(uses, clause)
            with_use = in_calls.group_by("call_id", "account_id").agg(pl.col("is_sure").any())
            in_days = count_in_days(with_use.join(of_day, on=["call_id", "account_id"]), clause)
            shares = in_days.select("call_id", "account_id", LimitKind.SHARE)
            kinds = limit_kinds(clause)
            rows = in_calls.join(shares, on=["call_id", "account_id"]).select("record", *kinds)
            for record, *statuses in rows.iter_rows():
                of_use = tuple(
                    (place, kind, LimitStatus(one)) for kind, one in zip(kinds, statuses, strict=True)
                )
                counted[record] = (*counted.get(record, ()), *of_use)
        return counted

    def _uses(self, judged: Sequence[Judgement], clause: int) -> pl.DataFrame:
        sure = {
            place: use.is_sure for place, one in enumerate(judged) for use in one.uses if use.clause == clause
        }
        marks = pl.DataFrame(
            list(sure.items()), schema={"given": pl.Int64, "is_sure": pl.Boolean}, orient="row"
        )
        return self._connections.join(marks, on="given")

    @cached_property
    def _connections(self) -> pl.DataFrame:
        """Give each connection and repetition a row: those of USE but `is_sure`, and `given`, its place."""
        rows = [
            (place, given.repeat, given.call, given.account, given.at, _ended_at(given))
            for place, given in enumerate(self.case.given)
        ]
        schema: Schema = {
            "given": pl.Int64,
            "repeat": pl.Int64,
            "call_id": pl.String,
            "account_id": pl.String,
            "started_at": INSTANT,
            "ended_at": INSTANT,
        }
        given = pl.DataFrame(rows, schema=schema, orient="row")
        repeated = given.select(pl.all().gather(pl.int_range(pl.len()).repeat_by("repeat").explode()))
        of_its_own = pl.format("\0{}", pl.col("record").cast(pl.String).str.zfill(9))
        return (
            repeated.drop("repeat")
            .with_row_index("record")
            .with_columns(
                pl.col("record").cast(pl.Int64),
                call_id=pl.coalesce("call_id", of_its_own),
                source_digest=pl.lit(""),
                part=pl.lit(1, dtype=pl.Int32),
            )
        )

    def _calls(
        self, rule: Rule, situations: Sequence[Situation], judged: Sequence[tuple[Judgement, ...]]
    ) -> dict[str, Verdict]:
        """Say what of each named call would be a finding of the call."""
        members: dict[str, list[int]] = {}
        for place, given in enumerate(self.case.given):
            if given.call is not None:
                members.setdefault(given.call, []).append(place)
        return {
            call: _call_verdict(
                rule,
                [situations[place] for place in places],
                [one.verdict for place in places for one in judged[place]],
            )
            for call, places in members.items()
        }


def outcome_of(rule: Rule, case: Case, facts: Facts) -> Outcome:
    """Judge a case once. `facts` are those of the rule alone."""
    return CaseRun(case).outcome(rule, facts)


def situation_in(given: Given, facts: Facts) -> Situation:
    """Say in which situation the connection of a case is."""
    ended_at = _ended_at(given)
    starts_in = facts.periods.period_of(given.at)
    ends_by = facts.periods.last_entered(given.at, ended_at or given.at + LONGEST)
    return Situation(
        role=given.role,
        home_region=facts.home_region_of(given.home_region),
        account_lists=frozenset(facts.account_lists.get(given.account, "").split()),
        relay=_candidates(given.relay),
        participant=_candidates(given.participant),
        use_proved=given.use_proved,
        starts_in=starts_in,
        ends_by=ends_by,
        end_known=ended_at is not None or starts_in == ends_by,
        tier=given.tier,
        attempt=facts.attempt_class(given.attempt),
        failed_primaries=facts.failures_class(given.failed_primaries),
        selection_reason=facts.selection_reason_of(given.selection_reason),
        labels=facts.labels_of(given.labels),
        windows=frozenset(Held(window, EVERYWHERE, late=False) for window in given.windows),
    )


def _statuses(stands: _Stands) -> dict[int, Statuses]:
    by_clause: dict[int, dict[LimitKind, LimitStatus]] = {}
    for place, kind, status in stands:
        by_clause.setdefault(place, {})[kind] = status
    return dict(by_clause)


def _call_verdict(rule: Rule, situations: Iterable[Situation], verdicts: Iterable[Verdict]) -> Verdict:
    in_scope = [verdict for verdict in verdicts if verdict is not Verdict.NOT_APPLICABLE]
    if not in_scope:
        return Verdict.NOT_APPLICABLE
    observed = {role for one in situations for role in roles_observed(one)}
    found = [Verdict.COMPLIANT, *(in_scope if isinstance(rule, RequireRule) else [])]
    found += [Verdict.INDETERMINATE] if not_observed(rule, observed) else []
    return min(found, key=lambda verdict: verdict.rank)


def _ended_at(given: Given) -> datetime | None:
    return None if isinstance(given.minutes, str) else given.at + timedelta(minutes=given.minutes)


def _candidates(written: str | tuple[str, ...]) -> frozenset[str]:
    return COUNTRIES if isinstance(written, str) else frozenset(written)
