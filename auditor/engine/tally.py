"""Counts of situations → coverage and bounds, exact in integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from auditor.engine.incidents import MICROSECONDS_PER_MINUTE
from auditor.engine.judging import TALLY, binds
from auditor.evidence.summary import Bounds, Measures, Minutes
from auditor.model import Verdict
from auditor.ruleset.ruleset import RuleSet

_PROVED = (Verdict.VIOLATION,)
_POSSIBLE = (Verdict.VIOLATION, Verdict.INDETERMINATE)
_PEOPLE = ("call_id", "participant_id", "account_id")
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one rule judged all connections."""

    rule_id: str
    connections: int
    by_verdict: Mapping[Verdict, int]

    def __post_init__(self) -> None:
        judged = sum(self.by_verdict.values())
        if judged != self.connections:
            raise AssertionError(f"{self.rule_id}: {judged:,} verdicts for {self.connections:,} connections")


@dataclass(frozen=True, slots=True)
class Tally:
    """All situations of a run with their counts, and each rule's verdict on each.

    A situation whose verdicts waited for whole calls has one row for each combination of what they came to.
    """

    ruleset: RuleSet
    situations: pl.DataFrame
    verdicts: Sequence[tuple[Verdict, ...]]

    def coverage(self, connections: int) -> list[Coverage]:
        """Confront the verdicts given under each rule with the connections that were read."""
        return [
            Coverage(
                rule.id,
                connections,
                {verdict: self._sum(self._under(place, (verdict,))) for verdict in Verdict},
            )
            for place, rule in enumerate(self.ruleset.rules)
        ]

    def uncovered(self) -> int:
        """Count the connections that are not applicable under every rule but watches."""
        return self._sum([not any(self._applies(row)) for row in self.verdicts])

    def audited(self, count: str) -> int:
        """Add up one of TALLY over the connections in scope of a rule other than a watch."""
        return self._sum([any(self._applies(row)) for row in self.verdicts], count)

    def measures(self, place: int, people: Counts) -> Measures:
        """Bound what was affected under one rule. `people` counts ids: `<column>_proved`, `_possible`."""
        return self._measures(self._under(place, _PROVED), self._under(place, _POSSIBLE), people)

    def overall(self, people: Counts) -> Measures:
        """Bound what was affected under any rule but watches, each connection once."""
        return self._measures(self._anywhere(_PROVED), self._anywhere(_POSSIBLE), people)

    def _measures(self, proved: list[bool], possible: list[bool], people: Counts) -> Measures:
        def bounds(count: str) -> Bounds:
            return Bounds(proved=self._sum(proved, count), possible=self._sum(possible, count))

        def distinct(column: str) -> Bounds:
            return Bounds(proved=people[f"{column}_proved"], possible=people[f"{column}_possible"])

        time = bounds("microseconds")
        return Measures(
            connections=bounds("connections"),
            calls=distinct("call_id"),
            participants=distinct("participant_id"),
            accounts=distinct("account_id"),
            minutes=Minutes(
                proved=round(time.proved / MICROSECONDS_PER_MINUTE, 3),
                possible=round(time.possible / MICROSECONDS_PER_MINUTE, 3),
            ),
            bytes=bounds("bytes"),
            **{name: self._sum(possible, name) for name in TALLY if name.startswith("without_")},
        )

    def _under(self, place: int, verdicts: Sequence[Verdict]) -> list[bool]:
        return [row[place] in verdicts for row in self.verdicts]

    def _anywhere(self, verdicts: Sequence[Verdict]) -> list[bool]:
        return [
            any(row[place] in verdicts for place, rule in enumerate(self.ruleset.rules) if binds(rule))
            for row in self.verdicts
        ]

    def _applies(self, row: tuple[Verdict, ...]) -> list[bool]:
        return [
            verdict is not Verdict.NOT_APPLICABLE
            for rule, verdict in zip(self.ruleset.rules, row, strict=True)
            if binds(rule)
        ]

    def _sum(self, chosen: list[bool], count: str = "connections") -> int:
        return int(self.situations[count].filter(pl.Series(chosen, dtype=pl.Boolean)).sum())


def people_by_rule(raw: pl.LazyFrame) -> dict[str, Counts]:
    """Count the distinct calls, participants and accounts of each rule's findings, watches included."""
    rows = raw.group_by("rule_id").agg(*_people()).collect(engine="streaming")
    return {row["rule_id"]: row for row in rows.iter_rows(named=True)}


def people_overall(raw: pl.LazyFrame) -> Counts:
    """Count the distinct calls, participants and accounts of all findings, each once."""
    return raw.filter(~pl.col("watch")).select(*_people()).collect(engine="streaming").row(0, named=True)


NOBODY: Counts = {f"{column}_{bound}": 0 for column in _PEOPLE for bound in ("proved", "possible")}


def _people() -> list[pl.Expr]:
    bounds = {"proved": _PROVED, "possible": _POSSIBLE}
    return [
        pl.col(column)
        .filter(pl.col("verdict").is_in(verdicts))
        .drop_nulls()
        .n_unique()
        .cast(pl.Int64)
        .alias(f"{column}_{bound}")
        for column in _PEOPLE
        for bound, verdicts in bounds.items()
    ]
