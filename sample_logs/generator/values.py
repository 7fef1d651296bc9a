"""What the generator plants: what a log says, and what the evidence leaves open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .evidence import Said, located
from .facts import Facts

Countries = frozenset[str]
Value = str | int | bool | datetime | None

COLUMNS = (
    "started_at",
    "ended_at",
    "call_id",
    "account_id",
    "participant_id",
    "role",
    "relay_ip",
    "relay_port",
    "relay_name",
    "relay_site",
    "relay_country_declared",
    "client_ip",
    "participant_country_declared",
    "tier",
    "attempt",
    "failed_primaries",
    "selection_reason",
    "bytes",
    "use_proved",
)
"""The columns of the logs, in their order; the NDJSON log has `home_region` too."""


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Name an instant."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay as a log names it, and what is said of it elsewhere."""

    ip: str | None
    site: str | None
    said: Said
    name: str | None = None
    declared: str | None = None

    def open_at(self, at: datetime) -> Countries:
        """Give the countries that the evidence leaves open for it at an instant."""
        return located(self.said, self.declared, at).open

    def words_at(self, at: datetime) -> frozenset[str]:
        """Say what is doubtful about it at an instant."""
        return located(self.said, self.declared, at).words


@dataclass(frozen=True, slots=True)
class Unread:
    """A planted value that cannot be read."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Connection:
    """What a record says (`logged`, by column), and what is true of it.

    `unread` lists the values among `logged` that cannot be read; `story` is a word for what was planted.
    `meant` is what the European fence is meant to say of it: a verdict, and the words for its exception.
    `participant_words` say what is doubtful about the participant's address.
    """

    logged: Mapping[str, Value]
    facts: Facts
    relay: Relay
    story: str
    unread: tuple[Unread, ...] = ()
    meant: tuple[str, ...] = ()
    participant_words: frozenset[str] = frozenset()

    def told(self, story: str, /, **logged: Value) -> "Connection":
        """Tell another story: change what is logged, but not what is true."""
        return replace(self, story=story, logged={**self.logged, **logged})

    def using(self, relay: Relay, story: str) -> "Connection":
        """Use another relay."""
        told = self.told(story, **relay_columns(relay))
        facts = replace(self.facts, relay=relay.open_at(self.facts.started_at))
        return replace(told, relay=relay, facts=facts)

    def lasting(self, started_at: datetime, ended_at: datetime | None) -> "Connection":
        """Begin and end at other instants."""
        told = self.told(self.story, started_at=started_at, ended_at=ended_at)
        open_then = self.relay.open_at(started_at)
        facts = replace(self.facts, relay=open_then, started_at=started_at, ended_at=ended_at)
        return replace(told, facts=facts)

    def chosen(self, tier: str | None, failed: int | None) -> "Connection":
        """Be chosen in another way: after so many primary relays had failed; None is not logged."""
        told = self.told(
            self.story,
            tier=tier,
            attempt=None if failed is None else failed + 1,
            failed_primaries=failed,
            selection_reason="primaries failed, next in list" if tier == "fallback" else None,
        )
        return replace(told, facts=replace(self.facts, tier=tier, failed_primaries=failed))


def relay_columns(relay: Relay) -> dict[str, Value]:
    """Spell a relay as a log does."""
    return {
        "relay_ip": relay.ip,
        "relay_site": relay.site,
        "relay_name": relay.name,
        "relay_country_declared": relay.declared,
    }


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a planted record cannot be read."""

    reason: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a log, in the order of `at`.

    It holds a connection and, if the record was broken on purpose, the reason; neither for a blank line.
    `garble` is what happened to its text.
    """

    at: datetime
    connection: Connection | None
    reject: Reject | None = None
    garble: Callable[[bytes], bytes] = bytes
