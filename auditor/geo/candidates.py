"""Sources of evidence → one candidate set.

A doubt widens a set; only better evidence narrows it. Design: GEOLOCATION.md, sections 1 and 3.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from auditor.countries import UNKNOWN_KEY, key_of

STALE = "stale_location"
ANYCAST = "anycast"
GEOFEED = "geofeed"
PLACELESS: Mapping[str, str] = {
    ANYCAST: "the address is in many places at once: only the inventory counts",
    "provider_global": "the provider uses the address in many places at once: only the inventory counts",
    "anonymised": "it is where a proxy or a VPN ends, and not where the participant is",
}
"""Why an address is no place, whatever databases say of it: only the operator can know."""


class Level(IntEnum):
    """How good a source is, best first."""

    ATTESTED = 1
    CLOUD = 2
    LEDGER = 3
    DATABASE = 4
    GEOFEED = 5


class Trust(StrEnum):
    """Whose word decides: that of all sources together, or what the operator has seen, before all others."""

    ALL = "all"
    INVENTORY = "inventory"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one source says of one address.

    `countries` may count where `reason` is None, and `level` is not: a source without a level only gives
    hints. Where it names none without a reason of its own, `why_not` still says why. `shown` is what it
    says, as written. Answers of one `maker` are one opinion, however many; None is an opinion of its own.
    `own_word` marks what the log itself declares, `relied_on` on what the operator's word alone shall decide.
    `city`, `observed_at` (when a ledger recorded the answer) and what an inventory says of its own lines are
    only told.
    """

    source: str
    level: Level | None
    countries: frozenset[str] = frozenset()
    shown: str | None = None
    reason: str | None = None
    why_not: str | None = None
    hints: tuple[str, ...] = ()
    prefix: str | None = None
    date: datetime | None = None
    sha256: str | None = None
    maker: str | None = None
    own_word: bool = False
    relied_on: bool = False
    city: str | None = None
    basis: str | None = None
    attested_by: str | None = None
    transfer_basis: str | None = None
    observed_at: datetime | None = None

    @property
    def may_count(self) -> bool:
        """Whether the answer names countries that may be counted."""
        return bool(self.countries) and self.reason is None and self.level is not None


@dataclass(frozen=True, slots=True)
class Candidates:
    """A candidate set, by its key, with the reasons and hints, sorted.

    `why_not` has one item per answer, in their order: None where it counted.
    """

    key: str
    reasons: tuple[str, ...]
    hints: tuple[str, ...]
    why_not: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What an address can tell of a relay, or of a participant: why it gives nothing, by its kind."""

    silent: Mapping[str, str]
    embedding: frozenset[str]
    """Kinds whose inner IPv4 is asked about, if it is public."""


_PRIVATE = ("private", "shared", "link_local", "loopback")
_NOT_PUBLIC = (
    *("documentation", "benchmark", "multicast", "broadcast"),
    *("this_network", "protocol", "ipv4_compatible", "reserved"),
)
_EVERYWHERE = {
    "nat64_local": "nat64_prefix_unknown",
    "sixtofour": "tunnel",
    "teredo": "tunnel",
    "anycast": ANYCAST,
    **dict.fromkeys(_NOT_PUBLIC, "not_public"),
    "masked": "masked",
    "unparsable": "unparsable",
    "host_name": "hostname_only",
}

RELAY = Subject(
    {**_EVERYWHERE, **dict.fromkeys(_PRIVATE, "private_relay"), "absent": "no_relay_address"},
    frozenset({"nat64"}),
)
PARTICIPANT = Subject(
    {**_EVERYWHERE, **dict.fromkeys(_PRIVATE, "private_client"), "absent": "no_client"},
    frozenset({"nat64", "sixtofour", "teredo"}),
)

RELIED_ON = "what the operator has seen or agreed decides alone, as the audit was told to trust it"
"""Why other answers do not count where one is relied on."""

_ONLY_DOUBT = "a geofeed is its owner's own word: it may add a country, and never be the only one to name it"

ATTESTABLE = frozenset({"global", "anycast", "documentation", "benchmark", *_PRIVATE})
"""Kinds of relay address that a prefix of the inventory can place."""


def silence_of(subject: Subject, kind: str, inner_kind: str | None, public: frozenset[str]) -> str | None:
    """Say why the address gives nothing; None where a database is to be asked.

    `public` are the kinds that are looked up.
    """
    if kind in subject.embedding:
        return None if inner_kind in public else "embedded_not_public"
    return None if kind in public else subject.silent[kind]


def combine(silences: Sequence[str], answers: Sequence[Answer]) -> Candidates:
    """Combine all answers for one address into one candidate set.

    `silences` are the reasons why the address itself gives nothing. What is no place leaves only what the
    operator attests, and so does an answer that is relied on; otherwise all that name a country count,
    whatever their level, since a better source that contradicts another is no reason to forget the other.
    A geofeed speaks for itself, so it may only add to what the others have made.
    """
    placeless = PLACELESS.keys() & {*silences, *_reasons(answers)}
    reliance = any(answer.may_count and answer.relied_on for answer in answers)
    refusals = [_refusal(answer, placeless, reliance=reliance) for answer in answers]
    heard = [answer for answer, refusal in zip(answers, refusals, strict=True) if refusal is None]
    countries = frozenset[str]().union(*(answer.countries for answer in heard))
    if not countries:
        reasons = placeless or {*silences, *_reasons(answers)}
        return Candidates(
            UNKNOWN_KEY,
            tuple(sorted(reasons or {"no_source"})),
            _hints(answers, None),
            tuple(refusal or _ONLY_DOUBT for refusal in refusals),
        )
    doubts = [] if placeless or reliance else [a for a in answers if _adds_doubt(a, countries)]
    widened = countries.union(*(answer.countries for answer in doubts))
    why_not = (
        None if any(answer is doubt for doubt in doubts) else refusal
        for answer, refusal in zip(answers, refusals, strict=True)
    )
    return Candidates(
        key_of(widened), _agreement(heard, doubted=bool(doubts)), _hints(answers, widened), tuple(why_not)
    )


def combine_participant(
    silences: Sequence[str], answers: Sequence[Answer], declared: Answer | None
) -> Candidates:
    """Unite what the client address and the record say of a participant.

    An address that is there and tells nothing leaves every country open, whatever the record says.
    """
    if declared is None:
        return combine(silences, answers)
    by_address = combine(silences, answers)
    address_is_absent = list(silences) == [PARTICIPANT.silent["absent"]]
    if by_address.key == UNKNOWN_KEY and not address_is_absent:
        return by_address
    return combine(silences, (*answers, declared))


def _refusal(answer: Answer, placeless: Collection[str], *, reliance: bool) -> str | None:
    """Say why an answer does not count; None where it does."""
    if not answer.may_count:
        return answer.why_not or "it names no country"
    if placeless and answer.level is not Level.ATTESTED:
        return PLACELESS[min(placeless)]
    if reliance and answer.level is not Level.ATTESTED:
        return RELIED_ON
    return _ONLY_DOUBT if answer.level is Level.GEOFEED else None


def _adds_doubt(answer: Answer, countries: frozenset[str]) -> bool:
    return answer.level is Level.GEOFEED and answer.may_count and not answer.countries <= countries


def _agreement(heard: Sequence[Answer], *, doubted: bool) -> tuple[str, ...]:
    """Say how those that counted stand to each other.

    An answer within a footprint of several countries does not contradict it.
    """
    sets = {answer.countries for answer in heard}
    widest = max(sets, key=len)
    reasons = {"footprint"} if any(len(countries) > 1 for countries in sets) else set()
    if doubted:
        reasons.add(GEOFEED)
    if any(not countries <= widest for countries in sets):
        reasons.add("contested")
    elif not reasons:
        makers = {answer.maker for answer in heard if answer.maker is not None}
        opinions = len(makers) + sum(answer.maker is None for answer in heard)
        alone = "declared_only" if all(answer.own_word for answer in heard) else "single_source"
        reasons.add(alone if opinions == 1 else "agreed")
    return tuple(sorted(reasons))


def _reasons(answers: Iterable[Answer]) -> Iterable[str]:
    return (answer.reason for answer in answers if answer.level is not None and answer.reason is not None)


def _hints(answers: Iterable[Answer], countries: frozenset[str] | None) -> tuple[str, ...]:
    """Collect hints: age only where nothing counted, a registration only where it differs."""
    told = {
        hint for answer in answers if countries is None or answer.reason != STALE for hint in answer.hints
    }
    as_located = {f"registered:{code}" for code in countries} if countries and len(countries) == 1 else set()
    return tuple(sorted(told - as_located))
