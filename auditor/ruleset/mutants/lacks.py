"""What the tests of a rule lack, gathered by the case that would mend it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from auditor.ruleset.cases import Case
from auditor.ruleset.mutants.catching import case_against, catching
from auditor.ruleset.mutants.mutation import Bench, Mutant
from auditor.ruleset.mutants.requirements import Gap
from auditor.ruleset.mutants.suggestion import Suggestion
from auditor.ruleset.mutants.widening import Widening
from auditor.ruleset.outcomes import Outcome
from auditor.ruleset.table import Subject


@dataclass(frozen=True, slots=True)
class Lack:
    """What no case shows, and the mutants that none catches: one case, which is suggested, would do for all.

    Without a suggestion it is one demand, or one mutant.
    """

    suggestion: Suggestion | None
    missing: tuple[str, ...] = ()
    mutants: tuple[Mutant, ...] = ()


@dataclass(slots=True)
class _Gathering:
    """The cases that are suggested so far, and what else each would do."""

    subject: Subject
    bench: Bench = field(default_factory=Bench)
    by_case: dict[str, Lack] = field(default_factory=dict)
    without: list[Lack] = field(default_factory=list)

    def names(self) -> set[str]:
        return {case.name for case in self.subject.rule.tests} | self.by_case.keys()

    def add(self, suggestion: Suggestion, lack: Lack) -> None:
        self.bench.add(suggestion.case)
        self.by_case[suggestion.case.name] = replace(lack, suggestion=suggestion)


def lacks_of(subject: Subject, gaps: Sequence[Gap], alive: Sequence[Mutant]) -> tuple[Lack, ...]:
    """Gather gaps and mutants that survive by the cases that would mend them, the gaps first."""
    done = _Gathering(subject)
    for gap in gaps:
        if gap.filled_by is None:
            _take_gaps([gap, *(other for other in gaps if other.filled_by == gap.text)], alive, done)
    left = list(_not_caught(alive, done))
    while left:
        first, *left = left
        found = case_against(first.subject, subject, done.names())
        if found is None:
            done.without.append(Lack(None, mutants=(first,)))
            continue
        found = Widening(subject, left, done.names()).of(found, catching(first.subject))
        done.add(found, Lack(found, mutants=(first,)))
        left = list(_not_caught(left, done))
    return (*done.by_case.values(), *done.without)


def _take_gaps(gaps: Sequence[Gap], alive: Sequence[Mutant], done: _Gathering) -> None:
    """Take gaps that one case fills: that which is suggested for the first."""

    def fills(case: Case, outcome: Outcome) -> bool:
        return all(gap.meets(case, outcome) for gap in gaps)

    lack = Lack(None, missing=tuple(gap.text for gap in gaps))
    suggestion = gaps[0].suggestion
    if suggestion is None:
        done.without.append(lack)
        return
    open_yet = [one for one in alive if done.bench.catcher_of(one.subject) is None]
    done.add(Widening(done.subject, open_yet, done.names()).of(suggestion, fills), lack)


def _not_caught(mutants: Sequence[Mutant], done: _Gathering) -> Iterator[Mutant]:
    """Note each mutant with the case that catches it, and give those that none does."""
    for mutant in mutants:
        case = done.bench.catcher_of(mutant.subject)
        if case is None:
            yield mutant
        else:
            lack = done.by_case[case.name]
            done.by_case[case.name] = replace(lack, mutants=(*lack.mutants, mutant))
