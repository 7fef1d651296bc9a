"""What the evaluator says, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from auditor.model import Role, Verdict


class Fact(StrEnum):
    """What the evidence about a connection may leave open."""

    RELAY = "relay"
    PARTICIPANT = "participant"
    HOME_REGION = "home_region"
    ACCOUNT = "account"
    LABEL = "label"
    ROLE = "role"
    USE = "use"
    TIER = "tier"
    ATTEMPT = "attempt"
    FAILED_PRIMARIES = "failed_primaries"
    SELECTION_REASON = "selection_reason"
    END = "end"


class LimitKind(StrEnum):
    """What an exception's limit counts."""

    CONNECTIONS = "connections_per_call"
    MINUTES = "minutes_per_call"
    SHARE = "share_of_calls"


class LimitStatus(IntEnum):
    """How a use stands to a limit, by the interval of its counter; the worst of several is the highest.

    `NO_CALL`, `NO_ACCOUNT`: it lacks the id that the limit counts by, and is in no counter.
    """

    WITHIN = 0
    OPEN = 1
    NO_CALL = 2
    NO_ACCOUNT = 3
    OVER = 4


Statuses = Mapping[LimitKind, LimitStatus]
"""How a use of one exception stands to each of its limits."""


@dataclass(frozen=True, slots=True)
class Use:
    """A situation's use of an exception with limits: surely, in every world left open, or only in some."""

    clause: int
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one rule says of one situation.

    `doubts` are the facts on which an indeterminate verdict hangs: of two worlds that differ only in such a
    fact, one is a violation and the other is not. `spans_change`: judged at its start alone, the connection
    would have another verdict. `late_declared`: it leans on a window that was declared too late. `exceptions`
    are the ids of those that took the connection, in some world. `uses` are its uses of exceptions with
    limits, and `awaits_call` says that a `require` waits for the rest of the call: where either is given, the
    verdict is what is known before uses are counted and calls are whole. `limits` lists limits that are over
    or open, each with the exception's id. `not_observed` lists roles of which the call has no record.
    """

    verdict: Verdict
    doubts: tuple[Fact, ...] = ()
    spans_change: bool = False
    late_declared: bool = False
    exceptions: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    awaits_call: bool = False
    limits: tuple[tuple[str, LimitKind, LimitStatus], ...] = ()
    not_observed: tuple[Role, ...] = ()
    call_words: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Tell whether the verdict waits for facts about the whole call or the account's day."""
        return bool(self.uses) or self.awaits_call
