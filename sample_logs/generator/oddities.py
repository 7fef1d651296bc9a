"""What else is in real logs: places that are hard to tell, and values that are missing or wrong."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from itertools import cycle
from random import Random

from .calls import Call, Use, connection, connections_of
from .evidence import ANONYMISED, APRIL, CLOUD, MARCH, MAX_AGE, NO_RECORD, NOT_ASKED, VENDOR, Said, placed
from .facts import EVERYWHERE, UNKNOWN_ROLE
from .people import Account, Person
from .places import (
    ATTESTED_SITE,
    BEHIND_A_VPN,
    EDGE_NAMES,
    HOSTED,
    LEASED,
    ON_PREMISES_PREFIX,
    SITES,
    leased_relay,
    on_premises_relay,
    relay_at,
)
from .values import Connection, Relay, Unread, utc

_NETHERLANDS, _LUXEMBOURG = Said(attested="NL"), Said(attested="LU")

RELAYS: dict[str, tuple[Relay, ...]] = {
    "anycast by prefix": (Relay("192.88.99.7", "EDGE-0", Said(anycast=True)),),
    "private": (Relay("10.99.4.17", None, NOT_ASKED), Relay("10.99.4.18", None, NOT_ASKED)),
    "without address": (Relay(None, "GRU-2", NOT_ASKED), Relay(None, None, NOT_ASKED)),
    "site alone": (Relay(None, ATTESTED_SITE, _LUXEMBOURG), Relay(None, ATTESTED_SITE.lower(), _LUXEMBOURG)),
    "name alone": (Relay(None, None, _NETHERLANDS, name=f"mmr-2.{EDGE_NAMES}"),),
    "unknown name": (Relay(None, None, NOT_ASKED, name="mmr-77.relay.example"),),
    "NUL in a name": (Relay(None, None, NOT_ASKED, name="mmr\x0004.relay.example"),),
    "declared by the log": (Relay("203.0.113.203", "NEW-1", NO_RECORD, declared="SG"),),
    "log against database": (Relay("203.0.113.49", "SG-1", placed("SG"), declared="CN"),),
    "mapped": (Relay("::ffff:192.0.2.3", "SJ-1", SITES["SJ-1"].said),),
    "by address alone": tuple(map(leased_relay, LEASED)),
    "masked": (Relay("203.0.113....", None, NOT_ASKED), Relay("192.0.2.x", None, NOT_ASKED)),
    "garbage": (
        Relay("198.51.100.308", None, NOT_ASKED),
        Relay("0xc0000203", None, NOT_ASKED),
        Relay("(none)", None, NOT_ASKED),
    ),
}
DOUBTFUL_SITES = (
    *("FRA-2", "HKG-2", "VIE-1", "STO-1", "EDGE-1", "EDGE-2", "EU-9", "REG-1", "NEW-1"),
    *("MAD-1", "CLOUD-1", "POZ-1", "BRE-1", "BER-1"),
)


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


def _through_vpn(was: Connection) -> Connection:
    told = _client_of(was.told("participant behind a VPN"), BEHIND_A_VPN, EVERYWHERE)
    return replace(told, participant_words=frozenset((ANONYMISED,)))


def _at_a_host(was: Connection) -> Connection:
    return _client_of(was.told("participant at a hosting provider"), HOSTED, frozenset(("DE",)))


def _client_of(was: Connection, network: str, located: frozenset[str]) -> Connection:
    told = was.told(was.story, client_ip=str(ip_network(network)[7]))
    return replace(told, facts=replace(was.facts, participant=located))


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
    _through_vpn,
    _at_a_host,
)
"""An odd number: each is applied once to a relay that was used, and once to a Chinese one."""

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

_SECOND = timedelta(seconds=1)
_MIDWAY = MARCH + (APRIL - MARCH) / 2
"""From here on the edition of April is the nearer one."""

_AROUND_THE_EVIDENCE = tuple(
    (story, site, at, at + timedelta(minutes=10))
    for story, site, at in (
        ("before the place moves", "MAD-1", _MIDWAY - _SECOND),
        ("midway between two editions", "MAD-1", _MIDWAY),
        ("once the place has moved", "MAD-1", _MIDWAY + _SECOND),
        ("as a list is just new enough", "CLOUD-1", CLOUD + MAX_AGE),
        ("as a list is too old", "CLOUD-1", CLOUD + MAX_AGE + _SECOND),
        ("as a database is just new enough", "POZ-1", VENDOR + MAX_AGE),
        ("as a database is too old", "POZ-1", VENDOR + MAX_AGE + _SECOND),
    )
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
    return base.using(on_premises_relay(random), f"private, {ON_PREMISES_PREFIX}")


def plain_connections(calls: Iterator[Call], random: Random) -> Iterator[Connection]:
    """Make a media connection of each call in which nothing is odd."""
    for call in calls:
        base = next(connections_of(call, random))
        undeclared = base.logged["participant_country_declared"] is None
        if call.account.plain and undeclared and len(base.facts.participant) == 1:
            yield base


def around_the_promise(account: Account, person: Person, random: Random) -> Iterator[Connection]:
    """Plant connections of a US account around the instant at which `us-home-fence` comes into force."""
    return _at_instants(_AROUND_THE_PROMISE, account, person, random)


def around_the_evidence(account: Account, person: Person, random: Random) -> Iterator[Connection]:
    """Plant connections of a European account around the instants at which evidence changes or is too old."""
    return _at_instants(_AROUND_THE_EVIDENCE, account, person, random)


def _at_instants(
    planted: Iterable[tuple[str, str, datetime, datetime | None]],
    account: Account,
    person: Person,
    random: Random,
) -> Iterator[Connection]:
    for story, site, started_at, ended_at in planted:
        call = Call(f"c-{random.getrandbits(40):010x}", account, started_at, started_at, (person,))
        base = connection(call, Use("media", person, relay_at(site, random), story), random)
        yield base.lasting(started_at, ended_at)
