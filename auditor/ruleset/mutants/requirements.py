"""The cases that each rule must have, and those that are missing. Design: SEMANTICS.md, section 5."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.model import Role, Verdict
from auditor.ruleset.cases import Case, Given
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.evaluator import limit_kinds
from auditor.ruleset.mutants.catching import case_against, catching, cells_of
from auditor.ruleset.mutants.edits import ONE_LESS, ONE_MORE, REMOVED, TWICE
from auditor.ruleset.mutants.mutation import Mutant, alters, mutants_of
from auditor.ruleset.mutants.sides import Change, changes_that_show, stands_on_a_side
from auditor.ruleset.mutants.sketches import Row, Rows
from auditor.ruleset.mutants.suggestion import Meets, Suggestion, first_that
from auditor.ruleset.outcomes import Outcome, outcome_of
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.table import Subject
from auditor.ruleset.verdicts import Judgement, LimitKind

Suggest = Callable[[Collection[str]], Suggestion | None]

_VERDICTS = (Verdict.VIOLATION, Verdict.COMPLIANT, Verdict.INDETERMINATE)

_STEPS = {
    "tier": REMOVED,
    "attempt_min": ONE_LESS,
    "failed_primaries_min": ONE_LESS,
    "selection_reason": REMOVED,
    "in_window": REMOVED,
    LimitKind.CONNECTIONS: ONE_MORE,
    LimitKind.MINUTES: TWICE,
    LimitKind.SHARE: TWICE,
}
"""By how much a condition or a limit is widened, so that what is one step beyond it falls within."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that some case must show; `missing` says that none does.

    `suggest` takes the names of the cases that are there. `role` is the one that must fire, if that is it.
    """

    missing: str
    is_met: Meets
    suggest: Suggest
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A demand that no case meets, and a case that would. `filled_by`: the gap whose case does so, too."""

    text: str
    suggestion: Suggestion | None
    meets: Meets
    filled_by: str | None = None


def gaps_in(subject: Subject) -> list[Gap]:
    """Find what the cases of a rule do not show, and must."""
    facts = subject.facts()
    there = [(case, outcome_of(subject.rule, case, facts)) for case in subject.rule.tests]
    names = {case.name for case in subject.rule.tests}
    gaps: list[Gap] = []
    unmet = [demand for demand in demands_of(subject) if not any(demand.is_met(*one) for one in there)]
    silent = [demand.role for demand in unmet if demand.role]
    for demand in (_role(subject, one.role, silent) if one.role else one for one in unmet):
        filled_by = _first_that_fills(demand, gaps, subject)
        suggestion = None if filled_by else demand.suggest(names)
        names |= {suggestion.case.name} if suggestion else set()
        gaps.append(Gap(demand.missing, suggestion, demand.is_met, filled_by))
    return gaps


def demands_of(subject: Subject) -> Iterator[Demand]:
    """List what the cases of a rule must show."""
    yield from (_role(subject, role) for role in subject.rule.scope.roles or Role)
    yield from (_verdict(subject, verdict) for verdict in _VERDICTS)
    mutants = {mutant.name: mutant for mutant in mutants_of(subject)}
    for role in subject.rule.scope.must_observe or ():
        text = f"no call is left undetermined for want of a record of role {role}"
        yield from _one_step(subject, mutants.get(f"scope.must_observe: drop {role}"), text)
    for clause in clauses_of(subject.rule):
        yield _excused(subject, clause)
        for key, step in _steps_of(clause):
            text = f"no case is one step beyond `{key.rpartition('.')[2]}` of exception `{clause.id}`"
            yield from _one_step(subject, mutants.get(f"{key}: {step}"), text)
    for change in changes_that_show(subject):
        yield from _sides(subject, change)


def _first_that_fills(demand: Demand, gaps: Iterable[Gap], subject: Subject) -> str | None:
    facts = subject.facts()
    for gap in gaps:
        if gap.suggestion is None:
            continue
        case = gap.suggestion.case
        if demand.is_met(case, outcome_of(subject.rule, case, facts)):
            return gap.text
    return None


def _verdict(subject: Subject, verdict: Verdict) -> Demand:
    def is_met(case: Case, _: Outcome) -> bool:
        return verdict in case.expect.values()

    def sketches() -> Iterator[Rows]:
        for sketcher, cell, decision in cells_of(subject):
            if verdict is Verdict.INDETERMINATE and decision.verdict is Verdict.VIOLATION:
                row = sketcher.row(cell)
                yield from ((row | unsure,) for unsure in ({"relay": "unknown"}, {"use_proved": False}))
            if decision.verdict is verdict:
                yield sketcher.alone(cell, ())

    return _demand(subject, f"no case expects `{verdict}`", is_met, sketches)


def _role(subject: Subject, role: Role, together: Collection[Role] = ()) -> Demand:
    """Demand that a role fires: of an unlabelled connection nothing is proved.

    The case that is suggested shows it of those `together` with it that the rule does not tell from it.
    """
    rule = subject.rule
    is_of_the_call = isinstance(rule, RequireRule) and role not in rule.require.roles
    fires = {Verdict.VIOLATION, *({Verdict.INDETERMINATE} if role is Role.UNKNOWN or is_of_the_call else ())}

    def is_met(case: Case, outcome: Outcome) -> bool:
        return any(
            given.role is role and judgement.verdict in fires
            for given, judgement in _expected(rule, case, outcome)
        )

    def sketches() -> Iterator[Rows]:
        for sketcher, cell, decision in cells_of(subject):
            alike = sketcher.axes.roles[cell.role]
            if role in alike and decision.verdict in fires:
                row = sketcher.row(cell) | {"role": str(role)}
                others = [other for other in together if other in alike and other is not role]
                yield from [_in_each(row, [role, *others])] if others else []
                yield (row,)

    return replace(_demand(subject, f"no case fires for role {role}", is_met, sketches), role=role)


def _in_each(row: Row, roles: Iterable[Role]) -> Rows:
    return tuple(row | {"id": str(role), "role": str(role)} for role in roles)


def _excused(subject: Subject, clause: ExceptionClause) -> Demand:
    def is_met(case: Case, outcome: Outcome) -> bool:
        return any(
            judgement.verdict is Verdict.EXCUSED and clause.id in judgement.exceptions
            for _, judgement in _expected(subject.rule, case, outcome)
        )

    def sketches() -> Iterator[Rows]:
        for sketcher, cell, decision in cells_of(subject):
            if decision.clause is not None and decision.clause.id == clause.id:
                yield sketcher.alone(cell, (clause,))

    return _demand(subject, f"no case is excused by exception `{clause.id}`", is_met, sketches)


def _steps_of(clause: ExceptionClause) -> Iterator[tuple[str, str]]:
    for name in type(clause.when).model_fields:
        if getattr(clause.when, name) is not None:
            yield f"exceptions.{clause.id}.when.{name}", _STEPS[name]
    for kind in limit_kinds(clause):
        yield f"exceptions.{clause.id}.limits.{kind}", _STEPS[kind]


def _one_step(subject: Subject, wider: Mutant | None, text: str) -> Iterator[Demand]:
    """Demand a verdict that hangs on one condition, limit or role alone: with it widened it is another.

    A condition that holds always, and one without which the rule says the same, have nothing beyond them.
    """
    if wider is None or not alters(wider.subject, subject):
        return
    yield Demand(text, catching(wider.subject), lambda names: case_against(wider.subject, subject, names))


def _sides(subject: Subject, change: Change) -> Iterator[Demand]:
    """Demand connections on both sides of a date, with other verdicts on the other."""
    at = change.written
    texts = {
        False: f"no connection shortly before {at} would have another verdict from then on",
        True: f"no connection from {at} on would have had another verdict before",
    }
    for is_after, text in texts.items():

        def is_met(case: Case, outcome: Outcome, *, is_after: bool = is_after) -> bool:
            return any(
                stands_on_a_side(given, change, is_after=is_after)
                for given, _ in _expected(subject.rule, case, outcome)
            )

        yield _demand(subject, text, is_met, change.sketches)


def _demand(subject: Subject, missing: str, is_met: Meets, sketches: Callable[[], Iterable[Rows]]) -> Demand:
    return Demand(missing, is_met, lambda names: first_that(is_met, sketches(), subject, names))


def _expected(rule: Rule, case: Case, outcome: Outcome) -> Iterator[tuple[Given, Judgement]]:
    """Give the connections of which a case expects something, and what is said of them, each way once."""
    for given in case.given:
        by_call = isinstance(rule, RequireRule) and given.call in case.expect
        if given.id in case.expect or by_call:
            yield from ((given, one) for one in dict.fromkeys(outcome.connections[given.id]))
