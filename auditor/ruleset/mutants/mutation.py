"""Changed copies of a rule, each of which some case must tell from it. Design: SEMANTICS.md, section 5."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from auditor.documents import Loc
from auditor.model import Role
from auditor.ruleset.cases import Case
from auditor.ruleset.groups import BEGINNING, Groups
from auditor.ruleset.mutants.edits import Edit, changed, edits_of, named_places
from auditor.ruleset.outcomes import CaseRun
from auditor.ruleset.periods import changes_of
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.table import Axes, Cell, Decision, Subject, axes_of, table_of
from auditor.ruleset.testing import failures_against

PRESENT = datetime(2026, 5, 1, tzinfo=UTC)
"""When a connection of a case is that does not say when."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule, or a group that it uses, with one change. `loc`: where in the file of the rule to look."""

    name: str
    loc: Loc
    subject: Subject


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell of which two rules say different things."""

    cell: Cell
    was: Decision
    becomes: Decision


class Bench:
    """Cases, to be run against changed copies of their rule. Those that caught something are tried first."""

    def __init__(self, cases: Iterable[Case] = ()) -> None:
        self._runs = [CaseRun(case) for case in cases]

    def add(self, case: Case) -> None:
        """Put one more case on the bench."""
        self._runs.append(CaseRun(case))

    def catcher_of(self, mutant: Subject) -> Case | None:
        """Find a case that gets another verdict than it expects."""
        facts = mutant.facts()
        for place, run in enumerate(self._runs):
            outcome = run.outcome(mutant.rule, facts)
            if any(failures_against(mutant.rule, run.case, outcome)):
                self._runs.insert(0, self._runs.pop(place))
                return run.case
        return None


def mutants_of(original: Subject) -> Iterator[Mutant]:
    """Make each change that may alter what the rule means: whether it does, `alters` tells."""
    for edit in edits_of(original.rule, original.ruleset.groups):
        yield _mutant_of(edit, original)


def alters(mutant: Subject, original: Subject) -> bool:
    """Tell whether a cell of the decision table, a limit or a role to observe is another one."""
    if observed_by(mutant.rule) != observed_by(original.rule) or limits_altered(mutant.rule, original.rule):
        return True
    return not _mean_the_same_places(mutant, original) and any(
        True for _ in differences(mutant, original, axes_of([original, mutant]))
    )


def differences(mutant: Subject, original: Subject, axes: Axes) -> Iterator[Difference]:
    """Find the cells of which two rules say different things, in the order of `parts_of`.

    `axes` are those of both rules.
    """
    for part in parts_of(axes):
        theirs = table_of(mutant, part)
        for cell, decision in table_of(original, part).items():
            if said(decision) != said(theirs[cell]):
                yield Difference(cell, decision, theirs[cell])


def parts_of(axes: Axes) -> Iterator[Axes]:
    """Cut axes by period, the present one first, and role: to find one cell, not all of a table is made."""
    present = max(at for at in axes.instants if at <= PRESENT)
    for at in (present, *(at for at in axes.instants[::-1] if at != present)):
        for role, alike in axes.roles.items():
            yield replace(axes, instants=(at,), roles={role: alike})


def said(decision: Decision) -> tuple[object, ...]:
    """Give what matters of a decision: where uses are counted, also by which exception."""
    counting = decision.clause.id if decision.clause and decision.clause.limits else None
    return decision.verdict, counting


def observed_by(rule: Rule) -> frozenset[Role]:
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
        loc = tuple(step.rstrip("_") if isinstance(step, str) else step for step in edit.path)
        return Mutant(edit.name, loc, replace(original, rule=rule))
    groups = original.ruleset.groups
    group = changed(groups.by_id[edit.group], edit.path, edit.value)
    others = Groups({**groups.by_id, edit.group: group}, groups.verified_on)
    return Mutant(edit.name, ("tests",), replace(original, ruleset=replace(original.ruleset, groups=others)))


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
