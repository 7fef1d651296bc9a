"""Cases that catch a mutant: found where it and the rule say different things."""

from collections.abc import Collection, Iterable, Iterator
from itertools import groupby, islice

from auditor.model import Role, Verdict
from auditor.ruleset.mutants.mutation import Difference, differences, limits_altered, observed_by, parts_of
from auditor.ruleset.mutants.sketches import CALL, ID, Row, Rows, Sketcher, filled_sketches, limit_sketches
from auditor.ruleset.mutants.suggestion import Meets, Suggestion, first_that
from auditor.ruleset.schema import clauses_of
from auditor.ruleset.table import Cell, Decision, Subject, axes_of, table_of
from auditor.ruleset.testing import failures_of

_MOST_TRIED, _MOST_USES = 24, 3
"""So many cells that differ are tried, and so many uses of an exception."""


def case_against(mutant: Subject, original: Subject, names: Collection[str]) -> Suggestion | None:
    """Write a case that the original passes and the mutant fails; None: none of those tried does.

    `names` are those of the cases that are there.
    """
    return first_that(catching(mutant), _sketches(mutant, original), original, names)


def catching(mutant: Subject) -> Meets:
    """Tell of cases whether a mutant gets another verdict than they expect."""
    facts = mutant.facts()
    return lambda case, _: any(failures_of(mutant.rule, case, facts))


def cells_of(subject: Subject) -> Iterator[tuple[Sketcher, Cell, Decision]]:
    """Give the cells of a rule's own table, the present period first."""
    axes = axes_of([subject])
    sketcher = Sketcher(subject, axes)
    for part in parts_of(axes):
        for cell, decision in table_of(subject, part).items():
            yield sketcher, cell, decision


def _sketches(mutant: Subject, original: Subject) -> Iterator[Rows]:
    lost = observed_by(original.rule) - observed_by(mutant.rule)
    if lost:
        yield from _unobserved(original, lost)
    altered = limits_altered(mutant.rule, original.rule)
    for clause in clauses_of(original.rule) if altered else ():
        uses = (one for one in cells_of(original) if clause.id in altered and one[2].clause == clause)
        for known, cell, _ in islice(uses, _MOST_USES):
            yield from limit_sketches(known, cell, clause)
    axes = axes_of([original, mutant])
    sketcher = Sketcher(original, axes)
    for one in islice(_plainest_first(differences(mutant, original, axes)), _MOST_TRIED):
        clauses = [clause for clause in (one.was.clause, one.becomes.clause) if clause]
        yield sketcher.alone(one.cell, clauses)
        for filler in clauses_of(original.rule) if one.was.verdict is one.becomes.verdict else ():
            if filler.id in {clause.id for clause in clauses}:
                yield from filled_sketches(sketcher, one.cell, clauses, filler)


def _plainest_first(found: Iterable[Difference]) -> Iterator[Difference]:
    """Put first, in each part of the table, what violates under one of the two rules."""
    for _, part in groupby(found, key=lambda one: (one.cell.at, one.cell.role)):
        yield from sorted(
            part, key=lambda one: Verdict.VIOLATION not in (one.was.verdict, one.becomes.verdict)
        )


def _unobserved(original: Subject, lost: frozenset[Role]) -> Iterator[Rows]:
    """Draw calls in scope of which only the roles that are lost are not observed."""
    complying = (one for one in cells_of(original) if one[2].verdict is Verdict.COMPLIANT)
    for sketcher, cell, _ in islice(complying, _MOST_TRIED):
        alike = [role for role in sketcher.axes.roles[cell.role] if role not in lost]
        row = sketcher.row(cell) | {"call": CALL}
        others = [role for role in original.rule.scope.must_observe or () if role not in lost]
        seen: list[Row] = [
            row | {"id": f"{ID} {role}", "role": str(role)} for role in others if role not in alike[:1]
        ]
        yield (row | ({"role": str(alike[0])} if alike else {"use_proved": False}), *seen)
