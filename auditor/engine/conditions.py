"""Which conditions for an exit code other than 0 hold, and which one is reported."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from auditor.engine.request import Limits
from auditor.evidence.summary import Condition, RuleResult, Totals


class ExitCode(IntEnum):
    """What the program says to whoever called it. Design: SEMANTICS.md, section 6."""

    COMPLIANT = 0
    VIOLATION = 1
    USAGE = 2
    INDETERMINATE = 3
    TOO_LITTLE_JUDGED = 4
    RULES_FAULTY = 5
    INPUT_MISSING = 6
    INTERNAL = 70
    INTERRUPTED = 130
    PIPE_CLOSED = 141


PRECEDENCE = (
    ExitCode.INTERNAL,
    ExitCode.INPUT_MISSING,
    ExitCode.RULES_FAULTY,
    ExitCode.VIOLATION,
    ExitCode.TOO_LITTLE_JUDGED,
    ExitCode.INDETERMINATE,
    ExitCode.COMPLIANT,
)
"""When several conditions hold, the first of these is the exit code."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the conditions look at."""

    totals: Totals
    rules: list[RuleResult]
    expecting: frozenset[str]
    """Rules that expect connections."""
    uncovered: int
    violations: int
    """Unwaived violations at or above the severity of the limits."""
    indeterminate: int
    """Unwaived indeterminate findings at or above it."""
    all_stale: bool
    """No connection's relay could be located, and some only since every answer is too far from it in time."""
    misread: int = 0
    """Logs without a connection, of which nothing tells that they are of the format they were read as."""


def conditions_of(judged: Judged, limits: Limits) -> list[Condition]:
    """List the conditions that hold, in the order of their precedence."""
    found = [*_violation(judged, limits), *_too_little(judged, limits), *_indeterminate(judged, limits)]
    return sorted(found, key=lambda condition: PRECEDENCE.index(ExitCode(condition.code)))


def exit_code_of(conditions: list[Condition]) -> ExitCode:
    """Choose the exit code of a finished audit."""
    return ExitCode(conditions[0].code) if conditions else ExitCode.COMPLIANT


def _violation(judged: Judged, limits: Limits) -> Iterator[Condition]:
    if judged.violations:
        text = f"{judged.violations:,} violations at or above {limits.fail_on} without a waiver"
        yield Condition(code=ExitCode.VIOLATION, name="violation", text=_one(text, judged.violations))


def _indeterminate(judged: Judged, limits: Limits) -> Iterator[Condition]:
    if judged.indeterminate > limits.max_indeterminate:
        text = (
            f"{judged.indeterminate:,} findings at or above {limits.fail_on} not determined; "
            f"the limit is {limits.max_indeterminate:,}"
        )
        yield Condition(
            code=ExitCode.INDETERMINATE, name="indeterminate", text=_one(text, judged.indeterminate)
        )


def _too_little(judged: Judged, limits: Limits) -> Iterator[Condition]:
    totals = judged.totals
    if limits.max_rejected.exceeded_by(totals.rejects, totals.records):
        yield _little(
            "rejects",
            f"{totals.rejects:,} of {totals.records:,} records could not be read; "
            f"the limit is {limits.max_rejected}",
        )
    if limits.max_uncovered and limits.max_uncovered.exceeded_by(judged.uncovered, totals.connections):
        yield _little(
            "uncovered",
            f"{judged.uncovered:,} of {totals.connections:,} connections fell under no rule; "
            f"the limit is {limits.max_uncovered}",
        )
    if judged.misread:
        of = "a log" if judged.misread == 1 else f"each of {judged.misread:,} logs"
        yield _little("misread", f"{of} gave no connection, and may be of another format than it was read as")
    if judged.uncovered == totals.connections:
        yield _little("nothing_covered", "no connection fell under a rule")
    for rule in judged.rules:
        if rule.idle and rule.rule_id in judged.expecting:
            yield _little("idle", f"rule {rule.rule_id} expects connections and none fell under it")
    if judged.all_stale:
        yield _little(
            "all_stale", "every answer about a relay's place is too far in time from its connections"
        )


def _little(name: str, text: str) -> Condition:
    return Condition(code=ExitCode.TOO_LITTLE_JUDGED, name=name, text=text)


def _one(text: str, count: int) -> str:
    return (
        text.replace("violations", "violation", 1).replace("findings", "finding", 1) if count == 1 else text
    )
