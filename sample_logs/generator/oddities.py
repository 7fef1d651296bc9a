"""What else is in real logs: places that are hard to tell, and values that are missing or wrong."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from .calls import Call, Use, connection, connections_of
from .facts import EVERYWHERE, UNKNOWN_ROLE
from .people import Account, Person
from .places import ATTESTED_SITE, EDGE_NAMES, ON_PREMISES_PREFIX, on_premises_relay, relay_at
from .values import Connection, Relay, Unread, utc

_NETHERLANDS, _LUXEMBOURG = frozenset(("NL",)), frozenset(("LU",))

RELAYS: dict[str, tuple[Relay, ...]] = {
    "anycast by prefix": (Relay("192.88.99.7", "EDGE-0", EVERYWHERE),),
    "private": (Relay("10.99.4.17", None, EVERYWHERE), Relay("10.99.4.18", None, EVERYWHERE)),
    "without address": (Relay(None, "GRU-2", EVERYWHERE), Relay(None, None, EVERYWHERE)),
    "site alone": (Relay(None, ATTESTED_SITE, _LUXEMBOURG), Relay(None, ATTESTED_SITE.lower(), _LUXEMBOURG)),
    "name alone": (Relay(None, None, _NETHERLANDS, name=f"mmr-2.{EDGE_NAMES}"),),
    "unknown name": (Relay(None, None, EVERYWHERE, name="mmr-77.relay.example"),),
    "NUL in a name": (Relay(None, None, EVERYWHERE, name="mmr\x0004.relay.example"),),
    "declared by the log": (Relay("203.0.113.203", "NEW-1", frozenset(("SG",)), declared="SG"),),
    "log against database": (Relay("203.0.113.49", "SG-1", frozenset(("CN", "SG")), declared="CN"),),
    "mapped": (Relay("::ffff:192.0.2.3", "SJ-1", frozenset(("US",))),),
    "masked": (Relay("203.0.113....", None, EVERYWHERE), Relay("192.0.2.x", None, EVERYWHERE)),
    "garbage": (
        Relay("198.51.100.308", None, EVERYWHERE),
        Relay("0xc0000203", None, EVERYWHERE),
        Relay("(none)", None, EVERYWHERE),
    ),
}
DOUBTFUL_SITES = ("FRA-2", "EDGE-1", "EDGE-2", "EU-9", "REG-1", "NEW-1")


def _with_end(told: Connection, ended_at: datetime | None) -> Connection:
    return replace(told, facts=replace(told.facts, ended_at=ended_at))


def _end_missing(was: Connection) -> Connection:
    return _with_end(was.told("end missing", ended_at=None), None)


def _end_before_start(was: Connection) -> Connection:
    too_early = was.facts.started_at - timedelta(minutes=3)
    told = was.told("end before start", ended_at=too_early)
    return replace(_with_end(told, None), unread=(Unread("ended_at", "end_before_start"),))


def _end_unreadable(was: Connection) -> Connection:
    told = was.told("end unreadable", ended_at="still running")
    return replace(_with_end(told, None), unread=(Unread("ended_at", "unreadable"),))


def _bytes_unreadable(was: Connection) -> Connection:
    return replace(was.told("bytes unreadable", bytes="n/a"), unread=(Unread("bytes", "unreadable"),))


def _attempt_unreadable(was: Connection) -> Connection:
    return replace(was.told("attempt unreadable", attempt="third"), unread=(Unread("attempt", "unreadable"),))


def _bytes_missing(was: Connection) -> Connection:
    return was.told("bytes missing", bytes=None)


def _role_unknown_word(was: Connection) -> Connection:
    told = was.told("role of another word", role="widget")
    facts = replace(was.facts, role=UNKNOWN_ROLE)
    return replace(told, facts=facts, unread=(Unread("role", "unmapped"),))


def _in_role(role: str) -> Callable[[Connection], Connection]:
    def change(was: Connection) -> Connection:
        told = was.told(f"odd {role}", role=role)
        return replace(told, facts=replace(was.facts, role=role))

    return change


def _use_not_proved(was: Connection) -> Connection:
    told = was.told("use not proved", use_proved=False)
    return replace(told, facts=replace(was.facts, use_proved=False))


def _without_call(was: Connection) -> Connection:
    return was.told("without call", call_id=None)


def _without_participant(was: Connection) -> Connection:
    return was.told("without participant", participant_id=None)


def _without_account(was: Connection) -> Connection:
    told = was.told("without account", account_id=None)
    return replace(told, facts=replace(was.facts, home_region=None))


def _nowhere(was: Connection) -> Connection:
    told = was.told("participant nowhere", client_ip=None, participant_country_declared=None)
    return replace(told, facts=replace(was.facts, participant=EVERYWHERE))


def _country_unreadable(was: Connection) -> Connection:
    told = replace(_nowhere(was), unread=(Unread("participant_country_declared", "unreadable"),))
    return told.told("country that is none", participant_country_declared="UK")


def _two_lines(was: Connection) -> Connection:
    return was.told("quoted line break", selection_reason='chosen by hand:\n"keep for the demo"')


def _two_opinions(was: Connection) -> Connection:
    told = was.told("participant in two places", participant_country_declared="CN")
    return replace(told, facts=replace(was.facts, participant=was.facts.participant | {"CN"}))


_CHANGES: tuple[Callable[[Connection], Connection], ...] = (
    _end_missing,
    _end_before_start,
    _end_unreadable,
    _bytes_unreadable,
    _bytes_missing,
    _attempt_unreadable,
    _role_unknown_word,
    *map(_in_role, ("gateway", "edge_transit", "unknown", "recording")),
    _use_not_proved,
    _without_call,
    _without_participant,
    _without_account,
    _nowhere,
    _country_unreadable,
    _two_lines,
    _two_opinions,
)

_PROMISE = utc(2020, 4, 3)
_HALF_AN_HOUR = timedelta(minutes=30)

_AROUND_THE_PROMISE: tuple[tuple[str, str, datetime, datetime | None], ...] = (
    ("spans the start of a rule", "TOR-1", _PROMISE - _HALF_AN_HOUR, _PROMISE + _HALF_AN_HOUR),
    ("spans it, at home", "SJ-1", _PROMISE - _HALF_AN_HOUR, _PROMISE + _HALF_AN_HOUR),
    ("may span it", "TOR-1", utc(2020, 4, 2, 20), None),
    ("too early to span it", "TOR-1", utc(2020, 4, 1, 16), None),
    ("ends as it starts", "TOR-1", _PROMISE - _HALF_AN_HOUR, _PROMISE),
    ("starts with it", "TOR-1", _PROMISE, _PROMISE + _HALF_AN_HOUR),
)


def oddities_of(bases: Iterator[Connection], repeats: int, random: Random) -> Iterator[Connection]:
    """Plant each oddity `repeats` times, each in a call of its own.

    A value is made odd once on a relay that was used, and once on a Chinese one. `bases` must not end.
    """
    for _ in range(repeats):
        for story, relays in RELAYS.items():
            for relay in relays:
                yield next(bases).using(relay, story)
        for site in DOUBTFUL_SITES:
            yield next(bases).using(relay_at(site, random), f"at {site}")
        for change, abroad in zip(_CHANGES * 2, cycle((False, True)), strict=False):
            base = next(bases)
            yield change(base.using(relay_at("SZ-1", random), "") if abroad else base)
        yield _on_premises(next(bases), random)


def _on_premises(base: Connection, random: Random) -> Connection:
    relay = on_premises_relay(base.facts.started_at, random)
    return base.using(relay, f"private, {ON_PREMISES_PREFIX}")


def plain_connections(calls: Iterator[Call], random: Random) -> Iterator[Connection]:
    """Make a media connection of each call in which nothing is odd."""
    for call in calls:
        base = next(connections_of(call, random))
        undeclared = base.logged["participant_country_declared"] is None
        if call.account.plain and undeclared and len(base.facts.participant) == 1:
            yield base


def around_the_promise(account: Account, person: Person, random: Random) -> Iterator[Connection]:
    """Plant connections of a US account around the instant at which `us-home-fence` comes into force."""
    for story, site, started_at, ended_at in _AROUND_THE_PROMISE:
        call = Call(f"c-{random.getrandbits(40):010x}", account, started_at, started_at, (person,))
        base = connection(call, Use("media", person, relay_at(site, random), story), random)
        yield base.lasting(started_at, ended_at)
