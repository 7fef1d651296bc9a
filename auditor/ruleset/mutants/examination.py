"""What the tests of a rule must do, tried: its cases, what they must show, the mutants that they must catch.

Design: SEMANTICS.md, section 5.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.documents import Loc
from auditor.errors import Fault, RuleSetError
from auditor.ruleset.mutants.lacks import Lack, lacks_of
from auditor.ruleset.mutants.mutation import Bench, Mutant, alters, mutants_of
from auditor.ruleset.mutants.requirements import Gap, gaps_in
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from auditor.ruleset.testing import failures_in
from auditor.text import nearest

PlaceOf = Callable[[Loc], str]
"""Says where something of a rule's file stands, as `file:line:column`."""

_SEARCHED = "this search found no case; write one"


@dataclass(frozen=True, slots=True)
class Examination:
    """How the tests of one rule did. `mutants` are those that alter something; None: they were not tried."""

    rule: Rule
    cases: int
    faults: tuple[Fault, ...]
    mutants: int | None = None
    caught: int = 0
    accepted: int = 0


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
        if with_mutants:
            return _with_mutants(subject, gaps, place_of)
        lacks = lacks_of(subject, gaps, ())
        return Examination(rule, len(rule.tests), tuple(_fault_of(one, place_of) for one in lacks))
    except RuleSetError as error:
        return Examination(rule, len(rule.tests), error.faults)


def _with_mutants(subject: Subject, gaps: Sequence[Gap], place_of: PlaceOf) -> Examination:
    rule, bench = subject.rule, Bench(subject.rule.tests)
    caught: set[str] = set()
    alive: dict[str, Mutant] = {}
    for mutant in mutants_of(subject):
        if bench.catcher_of(mutant.subject):
            caught.add(mutant.name)
        elif alters(mutant.subject, subject):
            alive[mutant.name] = mutant
    named = {accepted.mutant for accepted in rule.accepted_mutants}
    lacks = lacks_of(subject, gaps, [one for name, one in alive.items() if name not in named])
    faults = [
        *(_fault_of(one, place_of) for one in lacks),
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


def _fault_of(lack: Lack, place_of: PlaceOf) -> Fault:
    """Tell of a lack where it is to be mended: beneath `tests:`, or where its first mutant differs."""
    mutants = f"no case catches the mutant{'s' * (len(lack.mutants) > 1)} {_named(lack.mutants)}"
    told = [*lack.missing, *([mutants] if lack.mutants else [])]
    if not lack.missing:
        return Fault(place_of(lack.mutants[0].loc), mutants, _hint(lack))
    return Fault(place_of(("tests",)), f"tests: {'; '.join(told)}", _hint(lack))


def _hint(lack: Lack) -> str:
    if lack.suggestion is not None:
        return f"this case would:\n{lack.suggestion.yaml}"
    if lack.mutants:
        return f"{_SEARCHED}, or list it in `accepted_mutants` with the reason"
    return f"{_SEARCHED}, unless what it asks can never come to be"


def _named(mutants: Iterable[Mutant]) -> str:
    """Name mutants; the key that several in a row have stands with the first."""
    parts = [mutant.name.rpartition(": ") for mutant in mutants]
    keys = [None, *(key for key, _, _ in parts)]
    return ", ".join(
        f"`{change if key == before else f'{key}: {change}'}`"
        for (key, _, change), before in zip(parts, keys, strict=False)
    )


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
