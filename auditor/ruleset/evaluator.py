"""What rules mean: the one place that turns a situation into a verdict. Design: SEMANTICS.md, section 3.

A connection is judged in each world that the evidence leaves open. If every world says violation, it is one;
if some do, it is indeterminate; if none does, the worst of what they say stands.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from auditor.model import Verdict
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.facts import Facts
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import Fact, Judgement, LimitKind, LimitStatus, Statuses, Use
from auditor.ruleset.wholecall import judge_alone
from auditor.ruleset.worlds import World, Worlds, worlds_of

NO_CALL: Statuses = dict.fromkeys(LimitKind, LimitStatus.NO_CALL)
"""How a use without a call id stands to every limit."""


def judge(
    rule: Rule, situation: Situation, facts: Facts, counted: Mapping[int, Statuses] | None = None
) -> Judgement:
    """Judge a situation under one rule, in all worlds that are left open.

    `counted` says how its uses stand to the limits of each exception, by the place of the exception in the
    rule; without it the judgement of a use is pending, and its verdict what is known before it is counted.
    """
    if isinstance(rule, RequireRule):
        return judge_alone(rule, situation, facts)
    entered = range(situation.starts_in, situation.ends_by + 1)
    in_force = tuple(rule.in_force.covers(facts.periods.begin(period)) for period in entered)
    worlds = worlds_of(rule, situation, facts, entered)
    clauses = clauses_of(rule)
    said = {world: _said_in(world, clauses, in_force) for world in worlds}
    uses = tuple(_uses(said.values()))
    limits = _Limits.of(clauses, uses, counted, call_known=situation.call_known)
    ends = {world: limits.settled(one.worst) for world, one in said.items()}
    verdict = _verdict_of(frozenset().union(*ends.values()))
    took = {clause for one in said.values() for clause in one.worst.taken}
    return Judgement(
        verdict,
        doubts=tuple(_doubts(worlds, ends)) if verdict is Verdict.INDETERMINATE else (),
        spans_change=verdict
        is not _verdict_of(frozenset().union(*(limits.settled(one.at_start) for one in said.values()))),
        late_declared=any(one.worst.leans_on_late for one in said.values()),
        exceptions=tuple(clauses[clause].id for clause in sorted(took)),
        uses=uses if counted is None and situation.call_known else (),
        limits=tuple(limits.words(clauses, {clause for one in said.values() for clause in one.worst.used})),
    )


def settle(rule: Rule, situation: Situation, facts: Facts, counted: Mapping[int, Statuses]) -> Judgement:
    """Judge a situation whose uses have been counted. An exception that is not counted is open."""
    return replace(judge(rule, situation, facts, counted), uses=())


class _Outcome(NamedTuple):
    """What a rule says of one world.

    `used` are the exceptions with limits that took the connection, `taken` all exceptions that did.
    """

    verdict: Verdict
    used: frozenset[int] = frozenset()
    taken: frozenset[int] = frozenset()
    leans_on_late: bool = False


class _Said(NamedTuple):
    """What a rule says of a world over all its time, and at its start.

    `used` are the exceptions with limits that took the connection at any instant, also where a later one is a
    violation: it is a use, and counts as one.
    """

    worst: _Outcome
    at_start: _Outcome
    used: frozenset[int]


def _said_in(world: World, clauses: Sequence[ExceptionClause], in_force: Sequence[bool]) -> _Said:
    """Judge one world at each instant that the connection lives to see; the worst stands."""
    outcomes = [
        _outcome_at(world, clauses, instant, in_force=in_force[instant]) for instant in range(world.end)
    ]
    used = frozenset().union(*(one.used for one in outcomes))
    return _Said(worst=_worst_of(outcomes), at_start=outcomes[0], used=used)


def _worst_of(outcomes: Sequence[_Outcome]) -> _Outcome:
    verdict = min((one.verdict for one in outcomes), key=lambda verdict: verdict.rank)
    if verdict is Verdict.VIOLATION or len(outcomes) == 1:
        return next(one for one in outcomes if one.verdict is verdict)
    return _Outcome(
        verdict,
        frozenset().union(*(one.used for one in outcomes)),
        frozenset().union(*(one.taken for one in outcomes)),
        any(one.leans_on_late for one in outcomes),
    )


def _outcome_at(
    world: World, clauses: Sequence[ExceptionClause], instant: int, *, in_force: bool
) -> _Outcome:
    if not (in_force and world.in_scope and world.participant[instant]):
        return _Outcome(Verdict.NOT_APPLICABLE)
    inside, *allowed = world.relay
    if inside[instant]:
        return _Outcome(Verdict.COMPLIANT)
    for place, clause in enumerate(clauses):
        if allowed[place][instant] and world.excused(place):
            return _Outcome(
                Verdict.EXCUSED,
                frozenset({place}) if clause.limits else frozenset(),
                frozenset({place}),
                world.home_region.only_late[place],
            )
    return _Outcome(Verdict.VIOLATION)


def _uses(said: Collection[_Said]) -> Iterator[Use]:
    for clause in sorted(frozenset().union(*(one.used for one in said))):
        yield Use(clause, is_sure=all(clause in one.used for one in said))


class _Limits(NamedTuple):
    """How the uses of a situation stand to the limits of the exceptions."""

    status_of: Mapping[int, Statuses]

    @classmethod
    def of(
        cls,
        clauses: Sequence[ExceptionClause],
        uses: Sequence[Use],
        counted: Mapping[int, Statuses] | None,
        *,
        call_known: bool,
    ) -> "_Limits":
        """Take what was counted; without a call id nothing can be, and before counting all is open."""
        statuses = {}
        for use in uses:
            given = (counted or {}).get(use.clause) if call_known else NO_CALL
            kinds = limit_kinds(clauses[use.clause])
            statuses[use.clause] = {
                kind: LimitStatus.OPEN if given is None else given[kind] for kind in kinds
            }
        return cls(statuses)

    def settled(self, outcome: _Outcome) -> frozenset[Verdict]:
        """Say what a world may come to. Uses are counted independently of each other."""
        statuses = {status for clause in outcome.used for status in self.status_of[clause].values()}
        if LimitStatus.OVER in statuses:
            return frozenset({Verdict.VIOLATION})
        if statuses - {LimitStatus.WITHIN}:
            return frozenset({outcome.verdict, Verdict.VIOLATION})
        return frozenset({outcome.verdict})

    def words(
        self, clauses: Sequence[ExceptionClause], mattering: AbstractSet[int]
    ) -> Iterator[tuple[str, LimitKind, LimitStatus]]:
        """List what is not surely within a limit, of the exceptions on whose limits a verdict hangs."""
        for clause in sorted(mattering & self.status_of.keys()):
            for kind, status in self.status_of[clause].items():
                if status is not LimitStatus.WITHIN:
                    yield clauses[clause].id, kind, status


def limit_kinds(clause: ExceptionClause) -> tuple[LimitKind, ...]:
    """List the limits of an exception."""
    if clause.limits is None:
        return ()
    return tuple(kind for kind in LimitKind if getattr(clause.limits, kind) is not None)


def _verdict_of(verdicts: AbstractSet[Verdict]) -> Verdict:
    if Verdict.VIOLATION in verdicts and len(verdicts) > 1:
        return Verdict.INDETERMINATE
    return min(verdicts, key=lambda verdict: verdict.rank)


def _doubts(worlds: Worlds, ends: Mapping[World, frozenset[Verdict]]) -> Iterator[Fact]:
    """Find the facts of which one alone turns a world that may violate into one that may less."""
    may = {world: Verdict.VIOLATION in verdicts for world, verdicts in ends.items()}
    must = {world: verdicts == {Verdict.VIOLATION} for world, verdicts in ends.items()}
    violating = [world for world, may_violate in may.items() if may_violate]
    for fact, alternatives in worlds.values.items():
        if len(alternatives) == 1:
            continue
        if any(
            (may[other], must[other]) != (may[world], must[world])
            for world in violating
            for other in worlds.neighbours(world, fact)
        ):
            yield fact
