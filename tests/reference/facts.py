"""What evidence leaves of one connection, in plain values, and the words that are said of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

WORST_FIRST = ("violation", "indeterminate", "excused", "compliant", "not_applicable")
FINDING_VERDICTS = WORST_FIRST[:3]
RELAYING = ("media", "turn", "signaling", "keys", "recording", "gateway", "transcription", "storage")
ROLES = (*RELAYING, "edge_transit", "unknown")
TIERS = ("primary", "fallback")
UNKNOWN_END = timedelta(hours=24)


class Certainty(IntEnum):
    """In how many of the possible worlds something is true: none, some, or every one."""

    NO = 0
    POSSIBLE = 1
    SURE = 2

    @classmethod
    def of(cls, worlds: Iterable[bool]) -> "Certainty":
        """Say how sure it is what each of the worlds says."""
        said = set(worlds)
        if not said:
            raise AssertionError("no world is left")
        return cls.POSSIBLE if len(said) == 2 else cls.SURE if said == {True} else cls.NO


@dataclass(frozen=True, slots=True)
class Facts:
    """One connection; None is not logged, and so is a label that is absent.

    `log` is the SHA-256 digest of its log in hexadecimal digits; the connections of an audit differ in at
    least one of log, record and part.
    """

    start: datetime
    end: datetime | None
    role: str
    relay: frozenset[str]
    participant: frozenset[str]
    home_region: str | None
    account_id: str | None
    use_proved: bool
    tier: str | None = None
    attempt: int | None = None
    failed_primaries: int | None = None
    selection_reason: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    call_id: str | None = None
    log: str = ""
    record: int = 1
    part: int = 1

    @property
    def rank(self) -> tuple[datetime, str, int, int]:
        """Give its place among the connections of its call."""
        return self.start, self.log, self.record, self.part


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a rule says of one connection; `reasons` are the words that SEMANTICS.md has for it."""

    verdict: str
    reasons: frozenset[str] = frozenset()

    @property
    def spans_change(self) -> bool:
        """Tell whether instants after the start decided."""
        return "spans_change" in self.reasons

    @property
    def late_declared(self) -> bool:
        """Tell whether the verdict leans on a window that was declared too late."""
        return "late_declared" in self.reasons


def settled(said: set[str]) -> str:
    """Every world says violation: violation; some do: indeterminate; none: the worst of what they say."""
    if said == {"violation"}:
        return "violation"
    return "indeterminate" if "violation" in said else min(said, key=WORST_FIRST.index)
