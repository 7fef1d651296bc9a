"""Days on which European accounts fall back to New York: within the limits of the exception, and beyond each.

Each connection says what the European fence is meant to say of it. The calls around it are ordinary ones, and
so many that a tenth of their day leaves room for it, or just not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from .calls import Call, Use, connection
from .logs import HOME_REGION
from .people import Account, Line, person_in
from .places import relay_at
from .regions import REGIONS
from .values import Connection, utc

_NEW_YORK, _SHENZHEN = "NY-1", "SZ-1"
_EXCUSED = ("excused", "exception:congestion")
_VIOLATION = ("violation",)


def _over(limit: str) -> tuple[str, ...]:
    return ("violation", "exception:congestion", f"over_limit:congestion:{limit}")


def _open(*words: str) -> tuple[str, ...]:
    return ("indeterminate", "exception:congestion", *words)


@dataclass(frozen=True, slots=True)
class Fallback:
    """A connection that is planted: at which minute of the day, and for how many; None: no end is logged."""

    story: str
    at: float
    minutes: float | None
    meant: tuple[str, ...]
    role: str = "media"
    site: str = _NEW_YORK
    declared: str | None = None
    tier: str | None = "fallback"
    failed: int | None = 2


@dataclass(frozen=True, slots=True)
class Day:
    """A day of an account: calls with planted connections, and ordinary ones to make `calls` in all."""

    account: str
    on: datetime
    calls: int
    planted: tuple[tuple[Fallback, ...], ...]


_INSIDE = "fallback inside all limits"
BUSY, DOUBTFUL, MEETING = "a-5e1b07", "a-5e1b2c", "a-5e1b93"
"""The accounts that have these days; they host no other calls."""

_DAYS = (
    Day(
        BUSY,
        utc(2020, 3, 24),
        40,
        (
            (Fallback(_INSIDE, 545, 10, _EXCUSED), Fallback(_INSIDE, 546, 20, _EXCUSED, role="signaling")),
            (
                Fallback(_INSIDE, 600, 5, _EXCUSED),
                Fallback(_INSIDE, 601, 5, _EXCUSED),
                Fallback("third fallback of a call", 602, 5, _over("connections_per_call")),
            ),
            (
                Fallback(_INSIDE, 660, 20, _EXCUSED),
                Fallback("fallback beyond the minutes of a call", 690, 10.5, _over("minutes_per_call")),
            ),
            (
                Fallback("fallback, perhaps inside the fence", 720, 4, _EXCUSED, declared="DE"),
                Fallback(_INSIDE, 721, 4, _EXCUSED),
                Fallback(
                    "third fallback, if the first was one",
                    722,
                    4,
                    _open("limit_open:congestion:connections_per_call"),
                ),
            ),
        ),
    ),
    Day(
        DOUBTFUL,
        utc(2020, 3, 25),
        30,
        (
            (Fallback("without tier", 560, 8, _open("tier_unknown"), tier=None),),
            (Fallback("without count of failures", 580, 8, _open("failed_primaries_unknown"), failed=None),),
            (Fallback("fallback without end", 600, None, _open("limit_open:congestion:minutes_per_call")),),
            (Fallback("fallback after one failure", 620, 8, _VIOLATION, failed=1),),
            (Fallback("abroad, and no fallback", 640, 8, _VIOLATION, tier="primary", failed=0),),
            (Fallback("fallback of keys", 660, 0.05, _VIOLATION, role="keys"),),
            (Fallback("fallback to China, in the window", 680, 8, _VIOLATION, site=_SHENZHEN),),
        ),
    ),
    Day(
        MEETING,
        utc(2020, 3, 26),
        20,
        (
            (Fallback(_INSIDE, 540, 15, _EXCUSED),),
            (Fallback(_INSIDE, 570, 15, _EXCUSED),),
            (Fallback("third call of ten in a hundred", 600, 15, _over("share_of_calls")),),
        ),
    ),
    Day(
        MEETING,
        utc(2020, 3, 27),
        10,
        (
            (Fallback("fallback as the window closes", 18 * 60 - 1, 10, _EXCUSED),),
            (Fallback("fallback once it is closed", 18 * 60, 10, _VIOLATION),),
        ),
    ),
    Day(
        BUSY,
        utc(2020, 4, 2),
        10,
        ((Fallback("fallback in a window declared late", 600, 12, (*_EXCUSED, "late_declared")),),),
    ),
    Day(BUSY, utc(2020, 4, 15), 5, ((Fallback("fallback outside every window", 600, 12, _VIOLATION),),)),
)

_IN_THE_WINDOW = utc(2020, 3, 27, 9, 30)


def accounts_of_congestion(random: Random) -> dict[str, Account]:
    """Invent the people of the accounts."""
    return {account_id: _account(account_id, random) for account_id in (BUSY, DOUBTFUL, MEETING)}


def _account(account_id: str, random: Random) -> Account:
    region = REGIONS["EU"]
    people = tuple(person_in(random.choice(region.countries), random) for _ in range(12))
    return Account(account_id, region, (Line(region.code),), people, weight=0)


def days_of(accounts: Mapping[str, Account], random: Random) -> Iterator[Connection]:
    """Plant all these days, in one log."""
    for day in _DAYS:
        account = accounts[day.account]
        for planted in day.planted:
            yield from _call(account, day.on, planted, random)
        for _ in range(day.calls - len(day.planted)):
            at, lasted = random.uniform(420, 1_000), random.uniform(5, 60)
            ordinary = Fallback(
                "call of a full day",
                int(at),
                int(lasted),
                (),
                site=random.choice(account.served_by.primaries),
                tier="primary",
                failed=0,
            )
            yield from _call(account, day.on, (ordinary,), random)


def without_account(accounts: Mapping[str, Account], random: Random) -> Connection:
    """Plant a fallback whose record names the home region and no account; only one log has that column."""
    meant = _open("account_unknown")
    one = _alone(accounts[MEETING], Fallback("fallback without account", 0, 9, meant), random)
    return one.told(one.story, account_id=None, **{HOME_REGION: "EU"})


def without_call(accounts: Mapping[str, Account], random: Random) -> Connection:
    """Plant a fallback of a call that nothing names."""
    meant = _open("call_unknown")
    one = _alone(accounts[MEETING], Fallback("fallback without call", 0, 9, meant), random)
    return one.told(one.story, call_id=None)


def _alone(account: Account, planted: Fallback, random: Random) -> Connection:
    return next(_call(account, _IN_THE_WINDOW, (planted,), random))


def _call(
    account: Account, day: datetime, planted: tuple[Fallback, ...], random: Random
) -> Iterator[Connection]:
    began_at = day + timedelta(minutes=planted[0].at)
    people = tuple(random.choice(account.people) for _ in planted)
    call = Call(f"c-{random.getrandbits(40):010x}", account, began_at, began_at, people)
    for one, person in zip(planted, people, strict=True):
        relay = relay_at(one.site, random, one.declared)
        base = connection(call, Use(one.role, person, relay, one.story), random)
        started_at = day + timedelta(minutes=one.at)
        ended_at = None if one.minutes is None else started_at + timedelta(minutes=one.minutes)
        yield replace(base.lasting(started_at, ended_at).chosen(one.tier, one.failed), meant=one.meant)
