"""Whether a rule that extends another only tightens it: proved on the decision table, not on the text.

Design: SEMANTICS.md, section 3, *Precedence*.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from auditor.errors import Fault
from auditor.model import Verdict
from auditor.ruleset.clauses import ExceptionClause, Overflow
from auditor.ruleset.evaluator import limit_kinds
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Effect, Rule
from auditor.ruleset.table import Cell, Decision, Subject, Table, axes_of, table_of
from auditor.ruleset.verdicts import LimitKind

_MAY_ONLY_TIGHTEN = (
    "a rule that extends another may only tighten it; write a rule of its own for anything else"
)

_LENIENCE = {Effect.NEVER: 0, Effect.FENCE: 1, Effect.REQUIRE: 2, Effect.WATCH: 3}
"""A `never` cannot be waived; one relay inside is enough for a `require`; a `watch` finds nothing."""


def faults_of_loosening(ruleset: RuleSet) -> Iterator[Fault]:
    """Find, for each rule that extends another, the first thing in which it is milder."""
    by_id = {rule.id: rule for rule in ruleset.rules}
    for rule in ruleset.rules:
        if rule.extends is None:
            continue
        for text in loosenings(rule, by_id[rule.extends], ruleset):
            yield Fault(ruleset.file_of(rule).path, f"extends: {text}", _MAY_ONLY_TIGHTEN)
            break


def loosenings(rule: Rule, parent: Rule, ruleset: RuleSet) -> Iterator[str]:
    """Say in which ways a rule is milder than the one that it extends."""
    if _LENIENCE[rule.effect] > _LENIENCE[parent.effect]:
        yield f"`{rule.id}` is a `{rule.effect}`, milder than a `{parent.effect}`, as `{parent.id}` is"
    less = [role for role in parent.scope.must_observe or () if role not in (rule.scope.must_observe or ())]
    if less:
        yield f"`{rule.id}` does not observe {', '.join(less)}, and `{parent.id}` does"
    subjects = [Subject(rule, ruleset), Subject(parent, ruleset)]
    axes = axes_of(subjects)
    own, theirs = table_of(subjects[0], axes), table_of(subjects[1], axes)
    for cell, decision in own.items():
        if _mildness(decision) > _mildness(theirs[cell]):
            was, becomes = theirs[cell].verdict, decision.verdict
            yield f"{_told(cell)}: {was} under `{parent.id}`, {becomes} under `{rule.id}`"
    yield from _wider_limits(rule, own, theirs)
    yield from _wider_shares(own, theirs)


def _mildness(decision: Decision) -> int:
    """Rank decisions from the strictest, 0. What is excused within limits is stricter than without."""
    if decision.clause is not None:
        return 2 if decision.clause.limits else 3
    return {
        Verdict.VIOLATION: 0,
        Verdict.INDETERMINATE: 1,
        Verdict.EXCUSED: 3,
        Verdict.COMPLIANT: 4,
        Verdict.NOT_APPLICABLE: 5,
    }[decision.verdict]


def _wider_limits(rule: Rule, own: Table, theirs: Table) -> Iterator[str]:
    """Compare the limits of exceptions wherever both rules excuse within limits."""
    counted_by: dict[str, set[str]] = {}
    compared: set[tuple[str, str]] = set()
    for cell, decision in own.items():
        mine, other = decision.clause, theirs[cell].clause
        if mine is None or other is None or not mine.limits or not other.limits:
            continue
        counted_by.setdefault(other.id, set()).add(mine.id)
        if (mine.id, other.id) not in compared:
            compared.add((mine.id, other.id))
            yield from _wider(mine, other)
    for clause, parts in counted_by.items():
        if len(parts) > 1:
            split = ", ".join(f"`{part}`" for part in sorted(parts))
            yield f"the uses that exception `{clause}` counts together `{rule.id}` counts apart, as {split}"


def _wider(mine: ExceptionClause, other: ExceptionClause) -> Iterator[str]:
    for kind in limit_kinds(other):
        limit = _limit(other, kind)
        if kind not in limit_kinds(mine):
            yield f"exception `{mine.id}` has no limit {kind}, and `{other.id}` has {limit}"
        elif _limit(mine, kind) > limit:
            yield f"exception `{mine.id}`: {kind} is {_limit(mine, kind)}, more than {limit}"
    if (mine.overflow, other.overflow) == (Overflow.EXCESS, Overflow.ALL):
        yield f"exception `{mine.id}`: overflow is `excess`, milder than `all`"


def _limit(clause: ExceptionClause, kind: LimitKind) -> Decimal:
    value = getattr(clause.limits, kind)
    return Decimal(value.max) if kind is LimitKind.SHARE else Decimal(value)


def _wider_shares(own: Table, theirs: Table) -> Iterator[str]:
    """Find a wider scope: a share of more calls is a wider limit, also of earlier calls of the same day."""
    by_share: Mapping[str, ExceptionClause] = {
        decision.clause.id: decision.clause
        for decision in theirs.values()
        if decision.clause and LimitKind.SHARE in limit_kinds(decision.clause)
    }
    if not by_share:
        return
    for cell, decision in own.items():
        if _applies(decision) and not _applies(theirs[cell]):
            names = ", ".join(f"`{name}`" for name in by_share)
            yield f"{_told(cell)} is newly in scope, so that the share of calls of exception {names} grows"
            return


def _applies(decision: Decision) -> bool:
    return decision.verdict is not Verdict.NOT_APPLICABLE


def _told(cell: Cell) -> str:
    """Name a cell in a few words."""
    parts = [f"from {cell.at:%Y-%m-%dT%H:%M:%SZ}", str(cell.role), f"relay in {cell.relay}"]
    parts += [f"home region {cell.home_region}"] if cell.home_region else []
    parts += [f"participant in {cell.participant}"]
    parts += [str(cell.tier)] if cell.tier else []
    return ", ".join(parts)
