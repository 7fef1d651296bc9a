"""Changed copies of a rule, each of which some case must tell from it. Design: SEMANTICS.md, section 5."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.documents import Loc
from auditor.ruleset.cases import Case
from auditor.ruleset.edits import Edit, changed, edits_of, named_places
from auditor.ruleset.groups import BEGINNING, Groups
from auditor.ruleset.outcomes import CaseRun
from auditor.ruleset.periods import changes_of
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.table import Axes, Cell, Decision, Subject, axes_of, table_of
from auditor.ruleset.testing import failures_against


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule, or a group that it uses, with one change. `path` is where, in the rule; empty for a group."""

    name: str
    path: Loc
    subject: Subject


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell of which two rules say different things, and the axes that it is of."""

    axes: Axes
    cell: Cell
    was: Decision
    becomes: Decision


class Bench:
    """Cases, to be run against changed copies of their rule. Those that caught something are tried first."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self._runs = [CaseRun(case) for case in cases]

    def catches(self, changed_rule: Subject) -> bool:
        """Tell whether some case gets another verdict than it expects."""
        facts = changed_rule.facts()
        for place, run in enumerate(self._runs):
            outcome = run.outcome(changed_rule.rule, facts)
            if any(failures_against(changed_rule.rule, run.case, outcome)):
                self._runs.insert(0, self._runs.pop(place))
                return True
        return False


def mutants_of(original: Subject) -> Iterator[Mutant]:
    """Make each change that may alter what the rule means: whether it does, `alters` tells."""
    for edit in edits_of(original.rule, original.ruleset.groups):
        yield _mutant_of(edit, original)


def alters(mutant: Subject, original: Subject) -> bool:
    """Tell whether a cell of the decision table, a limit or a role to observe is another one."""
    if observed_by(mutant.rule) != observed_by(original.rule) or limits_altered(mutant.rule, original.rule):
        return True
    return not _mean_the_same_places(mutant, original) and any(True for _ in differences(original, mutant))


def differences(original: Subject, mutant: Subject) -> Iterator[Difference]:
    """Find the cells of which two rules say different things, by period."""
    axes = axes_of([original, mutant])
    for at in axes.instants:
        period = replace(axes, instants=(at,))
        theirs = table_of(mutant, period)
        for cell, decision in table_of(original, period).items():
            if said(decision) != said(theirs[cell]):
                yield Difference(axes, cell, decision, theirs[cell])


def said(decision: Decision) -> tuple[object, ...]:
    """Give what matters of a decision: where uses are counted, also by which exception."""
    counting = decision.clause.id if decision.clause and decision.clause.limits else None
    return decision.verdict, counting


def observed_by(rule: Rule) -> frozenset[str]:
    """Name the roles that must be observed."""
    return frozenset(rule.scope.must_observe or ())


def limits_altered(rule: Rule, original: Rule) -> tuple[str, ...]:
    """Name the exceptions of both rules that limit differently."""
    before = {clause.id: (clause.limits, clause.overflow) for clause in clauses_of(original)}
    return tuple(
        clause.id
        for clause in clauses_of(rule)
        if clause.id in before and before[clause.id] != (clause.limits, clause.overflow)
    )


def _mutant_of(edit: Edit, original: Subject) -> Mutant:
    if edit.group is None:
        rule = changed(original.rule, edit.path, edit.value)
        return Mutant(edit.name, edit.path, replace(original, rule=rule))
    groups = original.ruleset.groups
    group = changed(groups.by_id[edit.group], edit.path, edit.value)
    others = Groups({**groups.by_id, edit.group: group}, groups.verified_on)
    return Mutant(edit.name, (), replace(original, ruleset=replace(original.ruleset, groups=others)))


def _mean_the_same_places(one: Subject, other: Subject) -> bool:
    """Tell, without a table, whether two rules name places differently, and differ in nothing else."""
    if one.rule is not other.rule and _without_places(one.rule) != _without_places(other.rule):
        return False
    times = {
        BEGINNING,
        *changes_of(one.rule, one.ruleset.groups),
        *changes_of(other.rule, other.ruleset.groups),
    }
    matter = [at for at in times if isinstance(one.rule, RequireRule) or one.rule.in_force.covers(at)]
    return all(_spelled(one, at) == _spelled(other, at) for at in matter)


def _without_places(rule: Rule) -> Rule:
    for _, path, _ in named_places(rule):
        rule = changed(rule, path, ())
    return rule


def _spelled(subject: Subject, at: datetime) -> list[frozenset[str]]:
    return [subject.ruleset.groups.members(names, at) for _, _, names in named_places(subject.rule)]
