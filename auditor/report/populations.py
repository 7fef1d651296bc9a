"""What a report counts: calls, and beside them connections that belong to no known call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.evidence.summary import Bounds, RuleResult, Summary
from auditor.report.numerals import counted, whole


@dataclass(frozen=True, slots=True)
class Population:
    """One thing that is counted, with its bounds; `told_*` tells it from others of the same noun."""

    noun: str
    audited: int
    proved: int
    possible: int
    told_by: str = ""
    told_by_of_many: str = ""
    told_briefly: str = ""

    @property
    def nouns(self) -> str:
        """Name several of them, without saying which."""
        return f"{self.noun}s"

    @property
    def undetermined(self) -> int:
        """Count what is possible and not proved."""
        return self.possible - self.proved

    @property
    def one(self) -> str:
        """Name any one of them: `call`, `connection that belongs to no known call`."""
        return f"{self.noun}{self.told_by}"

    @property
    def whole(self) -> str:
        """Name all that were audited: `2,310 calls audited`, `one call audited`."""
        named = f"one {self.one}" if self.audited == 1 else self.counted(self.audited)
        return named if self.told_by else f"{named} audited"

    def counted(self, number: int) -> str:
        """Name so many of them."""
        return f"{whole(number)} {self.one if number == 1 else f'{self.nouns}{self.told_by_of_many}'}"

    def in_brief(self, number: int) -> str:
        """Name so many of them, where the text has named them in full before."""
        return f"{counted(number, self.noun)}{self.told_briefly}"


@dataclass(frozen=True, slots=True)
class Loose:
    """Distinct affected connections without a known call, which the counts of calls leave out."""

    proved: int = 0
    possible: int = 0


@dataclass(frozen=True, slots=True)
class Covered:
    """How many of one population waivers cover whole, and how many are proved by drafts alone.

    `proved_*`: every violation is waived, or a draft's; `open_waived`: none is proved, and every finding is
    waived.
    """

    proved_waived: int = 0
    open_waived: int = 0
    proved_draft: int = 0


@dataclass(frozen=True, slots=True)
class Unobserved:
    """Logs whose connections without call id have no record of roles that must be observed."""

    logs: int = 0
    roles: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnobservedCalls:
    """Calls without a record of a role that must be observed, by rule.

    `alone` counts those that nothing else proves or leaves open, and `roles` are what these lack.
    """

    by_rule: Mapping[str, int] = field(default_factory=dict)
    alone: int = 0
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class First:
    """The gravest proved finding, for the sentence about a single call. `place` is None for a whole call."""

    finding_id: str
    started_at: datetime
    place: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the findings tell, beyond the summary. The mappings are by rule."""

    first: First | None = None
    loose: Loose = field(default_factory=Loose)
    loose_by_rule: Mapping[str, Loose] = field(default_factory=dict)
    proved_for_keys: Mapping[str, int] = field(default_factory=dict)
    calls: Covered = field(default_factory=Covered)
    loose_connections: Covered = field(default_factory=Covered)
    waived_findings: int = 0
    unobserved: Unobserved = field(default_factory=Unobserved)
    unobserved_calls: UnobservedCalls = field(default_factory=UnobservedCalls)

    def covered(self, population: Population) -> Covered:
        """Say how much of a population is covered."""
        return self.calls if population.noun == "call" else self.loose_connections


def populations_of(summary: Summary, facts: Facts) -> tuple[Population, ...]:
    """Say what the whole report counts, what is most telling first; at least one, at most two."""
    calls = summary.calls
    if not calls.in_logs:
        return (_population("connection", calls.audited_connections, summary.overall.connections),)
    known = _population("call", calls.audited, summary.overall.calls)
    if not calls.audited_connections_without_call:
        return (known,)
    loose = _loose(calls.audited_connections_without_call, facts.loose)
    return (known, loose) if calls.audited else (loose,)


def populations_under(rule: RuleResult, summary: Summary, facts: Facts) -> tuple[Population, ...]:
    """Say what one rule concerns."""
    if not summary.calls.in_logs:
        return (_population("connection", 0, rule.measures.connections),)
    loose = _loose(0, facts.loose_by_rule.get(rule.rule_id, Loose()))
    return (_population("call", rule.calls_audited, rule.measures.calls), loose)


def _population(noun: str, audited: int, bounds: Bounds) -> Population:
    return Population(noun, audited, bounds.proved, bounds.possible)


def _loose(audited: int, loose: Loose) -> Population:
    told_by = " that belongs to no known call", " that belong to no known call", " of no known call"
    return Population("connection", audited, loose.proved, loose.possible, *told_by)
