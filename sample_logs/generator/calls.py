"""The ordinary story: calls, their participants, and the relays that they were handed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from .facts import MAINLAND, Facts
from .people import Account, Person, person_in
from .places import relay_at
from .regions import BEIJING, BEIJING_KEYS_UNTIL, MISPLACED, PERIOD, Region, congested, fallback_list
from .values import Connection, Relay, Value, relay_columns

_SIZES = (1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6)
_SHARE_OF_GUESTS, _GUESTS = 0.05, ("US", "DE", "FR", "GB", "IN", "SG", "JP", "CN", "HK", "CA")
_SHARE_OF_OTHER_ROLES = {
    "signaling": 0.4,
    "keys": 0.42,
    "recording": 0.04,
    "gateway": 0.03,
    "edge_transit": 0.02,
    "turn": 0.03,
    "unknown": 0.008,
}
_CONGESTED, _UNLUCKY = 0.1, 0.004
"""Shares of media connections that fall back, under congestion and without."""

_SHARE_OF_BEIJING = 5 / 73
_WEEKEND, _WEEKEND_SHARE = 5, 0.3
_BYTES_A_SECOND = {"media": 90_000, "turn": 90_000, "gateway": 11_000, "edge_transit": 60_000}


@dataclass(frozen=True, slots=True)
class Call:
    """One call; its connections lie between the two instants."""

    id: str
    account: Account
    started_at: datetime
    ended_at: datetime
    people: tuple[Person, ...]

    @property
    def region(self) -> Region:
        """Whose relays it is handed."""
        return self.account.region_at(self.started_at)


@dataclass(frozen=True, slots=True)
class Use:
    """What a connection of a call was for: who used which relay, in which role, and why we plant it."""

    role: str
    person: Person
    relay: Relay
    story: str


def calls_of(accounts: tuple[Account, ...], count: int, random: Random) -> Iterator[Call]:
    """Invent calls in working hours, of large accounts more often."""
    hosts = random.choices(accounts, weights=[account.weight for account in accounts], k=count)
    for account in hosts:
        started_at = _start(account.served_by, random)
        length = timedelta(seconds=int(random.triangular(60, 5_400, 1_500)))
        size = random.choice(_SIZES)
        people = tuple(_participant(account, random) for _ in range(size))
        yield Call(f"c-{random.getrandbits(40):010x}", account, started_at, started_at + length, people)


def _start(region: Region, random: Random) -> datetime:
    days = (PERIOD[1] - PERIOD[0]).days
    while True:
        seconds = int(random.triangular(6 * 3600, 22 * 3600, 13 * 3600)) - region.utc_offset * 3600
        at = PERIOD[0] + timedelta(days=random.randrange(days), seconds=seconds)
        weekday = at.weekday() < _WEEKEND or random.random() < _WEEKEND_SHARE
        if weekday and PERIOD[0] <= at < PERIOD[1] - timedelta(hours=2):
            return at


def _participant(account: Account, random: Random) -> Person:
    if random.random() < _SHARE_OF_GUESTS:
        return person_in(random.choice(_GUESTS), random)
    return random.choice(account.people)


def connections_of(call: Call, random: Random) -> Iterator[Connection]:
    """Give each participant a media relay, and the call some of the other relays."""
    for person in call.people:
        yield _media(call, person, random)
    for role, share in _SHARE_OF_OTHER_ROLES.items():
        if random.random() < share:
            yield _other(call, role, random.choice(call.people), random)


def _media(call: Call, person: Person, random: Random) -> Connection:
    share = _CONGESTED if congested(call.region, call.started_at) else _UNLUCKY
    if not _served_abroad(call, person) and random.random() < share:
        return _fallback(call, person, random)
    relay = relay_at(_primary(call, person, random), random)
    in_china = person.located == MAINLAND and relay.open_at(call.started_at) == MAINLAND
    return connection(call, Use("media", person, relay, "served in China" if in_china else "primary"), random)


def _fallback(call: Call, person: Person, random: Random) -> Connection:
    relay = relay_at(random.choice(fallback_list(call.region, call.started_at)), random)
    misplaced = relay.site == MISPLACED.get(call.region.code)
    story = "fallback to China" if misplaced else "fallback"
    failed = random.choice((2, 2, 3, 3, 4))
    return connection(call, Use("media", person, relay, story), random).chosen("fallback", failed)


def _served_abroad(call: Call, person: Person) -> bool:
    """Tell whether the border of China lies between the participant and the region of the call."""
    return (person.located == MAINLAND) is not (call.region.code == "CN")


def _primary(call: Call, person: Person, random: Random) -> str:
    """Choose among the region's primaries; but nobody in China is served abroad, nor the reverse."""
    if _served_abroad(call, person):
        return "SHA-1" if person.located == MAINLAND else "HK-1"
    return random.choice(call.region.primaries)


def _other(call: Call, role: str, person: Person, random: Random) -> Connection:
    abroad = call.region.code != "CN" and call.started_at < BEIJING_KEYS_UNTIL
    if role == "keys" and abroad and random.random() < _SHARE_OF_BEIJING:
        return connection(call, Use(role, person, relay_at(BEIJING, random), "key from Beijing"), random)
    relay = relay_at(_primary(call, person, random), random)
    return connection(call, Use(role, person, relay, f"ordinary {role}"), random)


def connection(call: Call, use: Use, random: Random) -> Connection:
    """Make one connection of a call, as logged and as it was."""
    started_at = call.started_at + timedelta(seconds=random.randrange(45))
    ended_at = _end(call, use.role, started_at, random)
    line = call.account.line_at(started_at)
    facts = Facts(
        relay=use.relay.open_at(started_at),
        participant=use.person.seen_in(line.country if line else None),
        home_region=line.home_region if line else None,
        role=use.role,
        started_at=started_at,
        ended_at=ended_at,
    )
    seconds = int((ended_at - started_at).total_seconds())
    logged: dict[str, Value] = {
        "started_at": started_at,
        "ended_at": ended_at,
        "call_id": call.id,
        "account_id": call.account.id,
        "participant_id": use.person.id,
        "role": use.role,
        "relay_port": 443 if use.role in ("signaling", "keys") else 8801,
        **relay_columns(use.relay),
        "client_ip": use.person.client_ip,
        "participant_country_declared": use.person.declared,
        "tier": "primary",
        "attempt": 1,
        "failed_primaries": 0,
        "bytes": seconds * _BYTES_A_SECOND.get(use.role, 300) + random.randrange(2_000),
        "use_proved": True,
    }
    return Connection(logged, facts, use.relay, use.story)


def _end(call: Call, role: str, started_at: datetime, random: Random) -> datetime:
    if role == "keys":
        return started_at + timedelta(seconds=1 + random.randrange(3))
    return max(started_at + timedelta(seconds=5), call.ended_at - timedelta(seconds=random.randrange(30)))
