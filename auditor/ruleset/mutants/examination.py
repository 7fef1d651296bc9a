"""What the tests of a rule must do, tried: its cases, what they must show, the mutants that they must catch.

Design: SEMANTICS.md, section 5.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.documents import Loc
from auditor.errors import Fault, RuleSetError
from auditor.ruleset.mutants.catching import case_against
from auditor.ruleset.mutants.mutation import Bench, Mutant, alters, mutants_of
from auditor.ruleset.mutants.requirements import Gap, gaps_in
from auditor.ruleset.mutants.suggestion import Suggestion
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from auditor.ruleset.testing import failures_in
from auditor.text import nearest

PlaceOf = Callable[[Loc], str]
"""Says where something of a rule's file stands, as `file:line:column`."""

_NOT_FOUND = "no case with few connections was found that would"
_SUGGESTED_FOR = "so would the case suggested for this"


@dataclass(frozen=True, slots=True)
class Examination:
    """How the tests of one rule did. `mutants` are those that alter something; None: they were not tried."""

    rule: Rule
    cases: int
    faults: tuple[Fault, ...]
    mutants: int | None = None
    caught: int = 0
    accepted: int = 0


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no case catches."""

    mutant: Mutant
    suggestion: Suggestion | None
    caught_by: str | None = None
    """The gap, or the other survivor, whose case catches this one, too."""


def examine(rule: Rule, ruleset: RuleSet, place_of: PlaceOf, *, with_mutants: bool = True) -> Examination:
    """Run the cases of a rule, and look for what they leave out.

    Where cases fail, or the decision table is too large, nothing else is tried.
    """
    failures = failures_in(rule, ruleset)
    if failures:
        return Examination(rule, len(rule.tests), tuple(failures))
    subject = Subject(rule, ruleset)
    try:
        gaps = gaps_in(subject)
        faults = [_fault_of_gap(gap, place_of) for gap in gaps]
        if not with_mutants:
            return Examination(rule, len(rule.tests), tuple(faults))
        return _with_mutants(subject, gaps, faults, place_of)
    except RuleSetError as error:
        return Examination(rule, len(rule.tests), error.faults)


def _with_mutants(subject: Subject, gaps: list[Gap], faults: list[Fault], place_of: PlaceOf) -> Examination:
    rule, bench = subject.rule, Bench(subject.rule.tests)
    caught: set[str] = set()
    alive: dict[str, Mutant] = {}
    for mutant in mutants_of(subject):
        if bench.catcher_of(mutant.subject):
            caught.add(mutant.name)
        elif alters(mutant.subject, subject):
            alive[mutant.name] = mutant
    named = {accepted.mutant for accepted in rule.accepted_mutants}
    survivors = _survivors([one for name, one in alive.items() if name not in named], subject, gaps)
    faults = [
        *faults,
        *(_fault_of_survivor(one, place_of) for one in survivors),
        *_faults_of_accepting(rule, caught, alive, place_of),
    ]
    return Examination(
        rule,
        len(rule.tests),
        tuple(faults),
        mutants=len(caught) + len(alive),
        caught=len(caught),
        accepted=len(named & alive.keys()),
    )


def _survivors(alive: Iterable[Mutant], subject: Subject, gaps: Sequence[Gap]) -> Iterator[Survivor]:
    """Suggest for each mutant a case that catches it, and no two that catch the same."""
    told = {gap.suggestion.case.name: gap.text for gap in gaps if gap.suggestion}
    bench = Bench(gap.suggestion.case for gap in gaps if gap.suggestion)
    there = {case.name for case in subject.rule.tests}
    for mutant in alive:
        case = bench.catcher_of(mutant.subject)
        if case is not None:
            yield Survivor(mutant, None, told[case.name])
            continue
        suggestion = case_against(mutant.subject, subject, there | told.keys())
        if suggestion is not None:
            bench.add(suggestion.case)
            told[suggestion.case.name] = mutant.name
        yield Survivor(mutant, suggestion)


def _fault_of_gap(gap: Gap, place_of: PlaceOf) -> Fault:
    if gap.filled_by is not None:
        return Fault(place_of(("tests",)), f"tests: {gap.text}", f"{_SUGGESTED_FOR}: {gap.filled_by}")
    hint = _to_paste(gap.suggestion) if gap.suggestion else f"{_NOT_FOUND}: what it asks may never come to be"
    return Fault(place_of(("tests",)), f"tests: {gap.text}", hint)


def _fault_of_survivor(survivor: Survivor, place_of: PlaceOf) -> Fault:
    mutant = survivor.mutant
    text = f"no case catches the mutant `{mutant.name}`"
    hint = f"{_NOT_FOUND}; where none can, list it in `accepted_mutants` with the reason"
    if survivor.caught_by is not None:
        hint = f"{_SUGGESTED_FOR}: {survivor.caught_by}"
    elif survivor.suggestion is not None:
        hint = _to_paste(survivor.suggestion)
    return Fault(place_of(mutant.loc), text, hint)


def _to_paste(suggestion: Suggestion) -> str:
    return f"this case would:\n{suggestion.yaml}"


def _faults_of_accepting(
    rule: Rule, caught: Iterable[str], alive: Iterable[str], place_of: PlaceOf
) -> Iterator[Fault]:
    """Find entries of `accepted_mutants` that accept nothing."""
    caught, alive = set(caught), set(alive)
    seen: set[str] = set()
    for place, accepted in enumerate(rule.accepted_mutants):
        at = place_of(("accepted_mutants", place, "mutant"))
        key = f"accepted_mutants.{place + 1}.mutant: `{accepted.mutant}`"
        if accepted.mutant in seen:
            yield Fault(at, f"{key} stands twice", "leave one of them out")
        elif accepted.mutant in caught:
            yield Fault(at, f"{key} is caught by a case", "leave the entry out")
        elif accepted.mutant not in alive:
            hint = nearest(accepted.mutant, alive) or "leave the entry out"
            yield Fault(at, f"{key} names no mutant of this rule", hint)
        seen.add(accepted.mutant)
