"""Accounts with their dated lines in the accounts file, and the people who take part in their calls."""

from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from .facts import EVERYWHERE
from .places import client_in
from .regions import REGIONS, Region
from .values import Countries, utc


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the accounts file: where an account is at home in `[since, until)`."""

    home_region: str
    since: datetime | None = None
    until: datetime | None = None
    country: str | None = None
    cloud: str = "commercial"

    def covers(self, at: datetime) -> bool:
        """Tell whether it holds at an instant."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Person:
    """A participant. `located`: the countries that the client's address leaves open; None without one."""

    id: str
    client_ip: str | None
    located: Countries | None
    declared: str | None

    def seen_in(self, account_country: str | None) -> Countries:
        """Unite what the record declares with what the address leaves open.

        An account's country speaks of its own users and not of its guests: it is asked only where the record
        declares none, and can only widen what an address says.
        """
        declared = self.declared or (account_country if self.client_ip is not None else None)
        stated = frozenset((declared,)) if declared else frozenset()
        return (self.located or frozenset()) | stated or EVERYWHERE


@dataclass(frozen=True, slots=True)
class Account:
    """Who hosts calls. `served_by` is the region whose relays it is handed where no line says otherwise."""

    id: str
    served_by: Region
    lines: tuple[Line, ...]
    people: tuple[Person, ...]
    weight: int

    def line_at(self, at: datetime) -> Line | None:
        """Find its line in force at an instant, if there is one."""
        return next((line for line in self.lines if line.covers(at)), None)

    def region_at(self, at: datetime) -> Region:
        """Tell whose relays its clients are handed."""
        line = self.line_at(at)
        return REGIONS[line.home_region] if line else self.served_by

    @property
    def plain(self) -> bool:
        """Whether it has one line, without dates or country, so that nothing but the record matters."""
        return len(self.lines) == 1 and self.lines[0] == Line(self.lines[0].home_region)


_LARGEST = 400
_SHARE_WITH_COUNTRY = 0.08
_SHARE_GOVERNMENT = 0.06
_MAIN_COUNTRY = {"US": "US", "EU": "DE", "CA": "CA", "AU": "AU", "IN": "IN", "JP": "JP", "CN": "CN"}

_OPENED = utc(2019, 6, 1)
_PECULIAR = {
    "moves from the EU to the US": (
        Line("EU", _OPENED, utc(2020, 4, 1)),
        Line("US", utc(2020, 4, 1)),
    ),
    "moves from the US to Canada": (
        Line("US", _OPENED, utc(2020, 4, 8, 12)),
        Line("CA", utc(2020, 4, 8, 12)),
    ),
    "has a gap between two contracts": (
        Line("US", _OPENED, utc(2020, 3, 28)),
        Line("US", utc(2020, 4, 4)),
    ),
    "left, and yet hosts calls": (Line("EU", _OPENED, utc(2020, 4, 10)),),
    "came in spring": (Line("IN", utc(2020, 3, 25)),),
    "has no line": (),
    "has no line either": (),
    "nor has this one": (),
}


def accounts_of(random: Random) -> tuple[Account, ...]:
    """Invent all accounts: few large ones, many small ones, some peculiar."""
    ordinary = [
        _account(region, rank, _line(region, random), random)
        for region in REGIONS.values()
        for rank in range(1, region.accounts + 1)
    ]
    peculiar = [
        replace(_account(REGIONS[lines[0].home_region if lines else "US"], 9, None, random), lines=lines)
        for lines in _PECULIAR.values()
    ]
    return (*ordinary, *peculiar)


def _line(region: Region, random: Random) -> Line:
    country = _MAIN_COUNTRY[region.code] if random.random() < _SHARE_WITH_COUNTRY else None
    government = region.code == "US" and random.random() < _SHARE_GOVERNMENT
    dated = _OPENED if random.random() < _SHARE_WITH_COUNTRY else None
    return Line(region.code, dated, None, country, "gov" if government else "commercial")


def _account(region: Region, rank: int, line: Line | None, random: Random) -> Account:
    weight = _LARGEST // (rank + 3)
    people = tuple(person_in(random.choice(region.countries), random) for _ in range(4 + weight // 2))
    lines = (line,) if line else ()
    return Account(f"a-{random.getrandbits(24):06x}", region, lines, people, weight)


_PRIVATE, _ABSENT, _DECLARED, _TRAVELLING = 0.02, 0.03, 0.08, 0.09
"""Upper bounds of the shares of people with a private address, with none, and with a declared country."""


def person_in(country: str, random: Random) -> Person:
    """Invent a person in a country; some cannot be located, and some records disagree with the address."""
    name = f"p-{random.getrandbits(32):08x}"
    address, here = client_in(country, random), frozenset((country,))
    kind = random.random()
    if kind < _PRIVATE:
        inside = f"192.168.{random.randrange(256)}.{random.randrange(2, 255)}"
        return Person(name, inside, EVERYWHERE, None)
    if kind < _ABSENT:
        return Person(name, None, None, random.choice((None, country)))
    if kind < _DECLARED:
        return Person(name, address, here, country)
    if kind < _TRAVELLING:
        return Person(name, address, here, random.choice(("US", "DE", "SG")))
    return Person(name, address, here, None)
