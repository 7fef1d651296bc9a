"""Exceptions, their limits, and roles to observe, in plain words."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from auditor.model import Role
from auditor.ruleset.clauses import ExceptionClause, Overflow, When
from auditor.ruleset.verdicts import LimitKind
from auditor.ruleset.windows import Window, Windows
from auditor.ruleset.wording.phrases import (
    all_of,
    counted,
    either,
    instant_words,
    number_words,
    stretch_words,
)

Places = Callable[[Sequence[str]], str]
"""Names places of which one is meant."""

_OVERFLOW = {
    Overflow.EXCESS: "what is over a limit is not excused, and what came before it still is",
    Overflow.ALL: "once a limit is over, nothing that it counts is excused",
}


def exception_sentences(clauses: Sequence[ExceptionClause], places: Places) -> Iterator[str]:
    """Say what each exception excuses, under which conditions, and how much of it."""
    for clause in clauses:
        yield _excuses(clause, places)
        if clause.limits:
            yield f"Exception {clause.id} excuses {limits_words(clause)}: {_OVERFLOW[clause.overflow]}."
    if len(clauses) > 1:
        yield "Exceptions are tried in this order: the first that fits takes the connection."


def window_sentences(clauses: Sequence[ExceptionClause], windows: Windows) -> Iterator[str]:
    """Spell out the declared windows that exceptions name, earliest first, or say that there is none."""
    named = dict.fromkeys(clause.when.in_window for clause in clauses if clause.when.in_window)
    for name in named:
        declared = sorted(
            (one for one in windows.declared if one.id == name), key=lambda one: (one.from_, one.until)
        )
        yield from (_declared(window) for window in declared)
        if not declared:
            yield f"No window {name} is declared, and so no connection begins in one."


def limits_words(clause: ExceptionClause) -> str:
    """Say how much an exception excuses; without limits, any number of uses."""
    if clause.limits is None:
        return "any number of uses"
    return all_of(limit_words(clause, kind) for kind in LimitKind if getattr(clause.limits, kind) is not None)


def limit_words(clause: ExceptionClause, kind: LimitKind) -> str:
    """Say one limit of an exception, or that it has none."""
    number = getattr(clause.limits, kind, None)
    match kind:
        case LimitKind.CONNECTIONS:
            what = counted(number, "connection") if number else "connections"
            return f"{_most(number)} {what} a call"
        case LimitKind.MINUTES:
            what = counted(number, "minute") if number else "minutes"
            return f"{_most(number)} {what} a call"
        case LimitKind.SHARE:
            share = f"at most {percent_words(number.max)} of" if number else "any share of"
            return f"{share} the account's calls of a UTC day"


def overflow_words(overflow: Overflow) -> str:
    """Say what is no longer excused when a limit is over."""
    return _OVERFLOW[overflow]


def observe_sentence(roles: Sequence[Role]) -> str:
    """Say which roles each call must have a record of."""
    return (
        f"Each call in its scope must have a record of {_each_role(roles)}; "
        "without one, whether the call complies is not determined."
    )


def percent_words(share: Decimal) -> str:
    """Write a share exactly: `1 %`."""
    return f"{number_words(share * 100)} %"


def _most(number: object) -> str:
    return "any number of" if number is None else "at most"


def _declared(window: Window) -> str:
    regions = f"for the home region {either(window.regions)}"
    late = ", too late to be beyond doubt" if window.is_late else ""
    return (
        f"Window {window.id} holds {stretch_words(window.from_, window.until)}, {regions}. Declared by "
        f"{window.declared_by} on {instant_words(window.declared_at)}{late}. Evidence: "
        f"{window.evidence.strip().rstrip('.')}."
    )


def _excuses(clause: ExceptionClause, places: Places) -> str:
    roles = f" in the role {either(clause.roles)}" if clause.roles else ""
    conditions = list(_conditions(clause.when))
    only_if = f", if {all_of(conditions)}" if conditions else ""
    return (
        f"Exception {clause.id} excuses a relay{roles} in {places(clause.allow)}{only_if}. "
        f"Why: {clause.why.strip().rstrip('.')}."
    )


def _conditions(when: When) -> Iterator[str]:
    if when.tier:
        yield f"it was chosen as a {either(when.tier)} relay"
    if when.attempt_min is not None:
        yield f"it was attempt {when.attempt_min} or a later one"
    if when.failed_primaries_min is not None:
        yield f"at least {counted(when.failed_primaries_min, 'primary relay')} had failed before"
    if when.selection_reason:
        yield f"the reason logged for choosing it is {either(when.selection_reason)}"
    if when.in_window:
        yield f"it began in a declared window {when.in_window} of the account's home region"


def _each_role(roles: Sequence[Role]) -> str:
    return f"the role {roles[0]}" if len(roles) == 1 else f"each of the roles {all_of(roles)}"
