"""A decision table laid out by time and by what is asked of every connection."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import NamedTuple

from auditor.model import Verdict
from auditor.ruleset.schema import Effect, Rule, clauses_of
from auditor.ruleset.table import Axes, Decision, Table
from auditor.ruleset.tables.coordinates import condition_coordinates, scope_of
from auditor.ruleset.tables.gathering import Axes as Coordinates
from auditor.ruleset.tables.gathering import Label, Values


class Said(NamedTuple):
    """A decision in short: the verdict, and the id of the exception that excuses."""

    verdict: Verdict
    exception: str | None = None

    @classmethod
    def of(cls, decision: Decision) -> "Said":
        """Shorten a decision."""
        return cls(decision.verdict, decision.clause.id if decision.clause else None)


Spread = Mapping[datetime, Mapping[Values, tuple[Said, ...]]]
"""For each instant and place in scope, what is said under each combination of conditions, in their order."""


def spread(table: Table) -> Spread:
    """Lay a table out, in the order of its cells."""
    by_time: dict[datetime, dict[Values, list[Said]]] = {}
    for cell, decision in table.items():
        by_time.setdefault(cell.at, {}).setdefault(scope_of(cell), []).append(Said.of(decision))
    return {at: {scope: tuple(said) for scope, said in by_scope.items()} for at, by_scope in by_time.items()}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time between changes; `instants` are those at which something that rules name changes."""

    begin: datetime
    end: datetime | None
    instants: tuple[datetime, ...]


def periods_alike(times: Sequence[datetime], what: Mapping[datetime, Hashable | object]) -> list[Period]:
    """Join neighbouring stretches of time in which the same is true. `times` begin them, in order."""
    periods: list[Period] = []
    for place, at in enumerate(times):
        end = times[place + 1] if place + 1 < len(times) else None
        if periods and what[periods[-1].begin] == what[at]:
            last = periods.pop()
            periods.append(Period(last.begin, end, (*last.instants, at)))
        else:
            periods.append(Period(at, end, (at,)))
    return periods


def by_condition(axes: Axes, said: Sequence[Label]) -> tuple[Coordinates, Mapping[Values, Label]]:
    """Give conditions their names again: for each combination, what is said under it."""
    conditions = condition_coordinates(axes)
    return conditions, dict(zip(product(*conditions.values()), said, strict=True))


_OF_A_WATCH = {Verdict.VIOLATION: "noted", Verdict.INDETERMINATE: "perhaps noted"}


def verdict_words(said: Said, rule: Rule) -> str:
    """Say a verdict; of what an exception excuses, which one does, and whether only within limits.

    What a `watch` counts is no finding, and so is noted.
    """
    if said.exception is None:
        words = _OF_A_WATCH if rule.effect is Effect.WATCH else {}
        return words.get(said.verdict, str(said.verdict))
    clauses = [one for one in clauses_of(rule) if one.id == said.exception]
    within = " within limits" if any(clause.limits for clause in clauses) else ""
    return f"{said.verdict}{within} ({said.exception})"
