"""The dates at which a rule begins to say something else, and connections on either side of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.model import Role, Verdict
from auditor.ruleset.cases import Given
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import Facts
from auditor.ruleset.mutants.mutation import said
from auditor.ruleset.mutants.sketches import Moment, Rows, Sketcher
from auditor.ruleset.outcomes import situation_in
from auditor.ruleset.periods import changes_of
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.situation import Situation
from auditor.ruleset.table import Cell, Decision, Subject, axes_of, table_of
from auditor.ruleset.verdicts import Use
from auditor.ruleset.wholecall import call_facts, judge_call

_MOST_TRIED = 24


@dataclass(frozen=True, slots=True)
class Change:
    """A date, and the cells on either side of it of which the rule says different things."""

    at: datetime
    sketcher: Sketcher
    facts: Facts
    turned: tuple[tuple[Cell, Decision, Cell, Decision], ...]

    @property
    def written(self) -> str:
        """Write the date as rule files do."""
        return self.at.isoformat().replace("+00:00", "Z")

    def sketches(self) -> Iterator[Rows]:
        """Draw one connection right before the date, and its like from then on."""
        for earlier, was, later, becomes in self.turned:
            yield (
                *self.sketcher.alone(earlier, (was.clause,), Moment.LAST, "before"),
                *self.sketcher.alone(later, (becomes.clause,), Moment.FIRST, "from"),
            )


def changes_that_show(subject: Subject) -> Iterator[Change]:
    """Find the dates of a rule, and within its time in force of its groups, at which some cell turns.

    A date at which the rule says the same before and after has nothing to show.
    """
    rule, axes, facts = subject.rule, axes_of([subject]), subject.facts()
    for at in changes_of(rule, subject.ruleset.groups):
        if not (rule.in_force.covers(at) or at == rule.in_force.until):
            continue
        before = axes.instants[axes.instants.index(at) - 1]
        was = table_of(subject, replace(axes, instants=(before,)))
        becomes = table_of(subject, replace(axes, instants=(at,)))
        turned = [
            (earlier, was[earlier], later, decision)
            for later, decision in becomes.items()
            if said(decision) != said(was[earlier := replace(later, at=before)])
        ]
        if turned:
            plainest = sorted(turned, key=_plainness)[:_MOST_TRIED]
            yield Change(at, Sketcher(subject, axes), facts, tuple(plainest))


def stands_on_a_side(given: Given, change: Change, *, is_after: bool) -> bool:
    """Tell whether a connection is in the period that begins, or ends, at a date, and could show the change.

    It could if it would be judged otherwise on the other side, were it as short as can be.
    """
    rule, facts = change.sketcher.subject.rule, change.facts
    situation = situation_in(given, facts)
    begins = facts.periods.period_of(change.at)
    if situation.starts_in != (begins if is_after else begins - 1):
        return False
    if not is_after and situation.ends_by != situation.starts_in:
        return False
    sides = (_said_in(rule, situation, period, facts) for period in (begins - 1, begins))
    return next(sides) != next(sides)


def _said_in(rule: Rule, situation: Situation, period: int, facts: Facts) -> tuple[Verdict, tuple[Use, ...]]:
    there = replace(situation, starts_in=period, ends_by=period, end_known=True)
    if isinstance(rule, RequireRule):
        return judge_call(rule, call_facts(rule, there, facts)).verdict, ()
    judgement = judge(rule, there, facts)
    return judgement.verdict, judgement.uses


def _plainness(turned: tuple[Cell, Decision, Cell, Decision]) -> tuple[bool, bool]:
    _, was, later, becomes = turned
    return later.role is Role.UNKNOWN, Verdict.VIOLATION not in (was.verdict, becomes.verdict)
