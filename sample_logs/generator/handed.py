"""The relay lists: what clients of each home region were handed, and which entries allowed a connection.

Design: FORMATS.md, section 8. Key servers in Beijing are on no list but that of China, and what sends people
in mainland China to Shanghai, whoever hosts their call, is no list either.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

from .places import SITES
from .regions import CHINESE_FALLBACK, MISPLACED, REGIONS, Region
from .sidefiles import write_table, written
from .values import Connection, utc

LISTS = "relay-lists.csv"
_HEADER = ("home_region", "tier", "role", "prefix", "site", "name", "participants", "from", "until")

_WRITTEN = utc(2020, 3, 9)
"""Within the reach of both editions of the database, so that either alone can judge the lists."""
_NOT_ABROAD = utc(2020, 4, 3)
"""From the promise on, the list of US accounts names no site abroad; their clients still use the old one."""

_ROLES_ABROAD = {("EU", "NY-1"): ("media", "signaling")}
"""What may fall back out of the fence, and nothing else."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A line of the lists: relays of a site in one network; `role` and `participants` are None for any."""

    line: int
    region: str
    tier: str
    role: str | None
    prefix: str
    site: str
    participants: str | None
    since: datetime
    until: datetime | None

    def allows(self, connection: Connection) -> bool:
        """Tell whether a connection may lean on it: nothing that is known of it speaks against."""
        facts, relay = connection.facts, connection.relay
        return (
            self.since <= facts.started_at
            and (self.until is None or facts.started_at < self.until)
            and self.region in facts.homes
            and facts.tier in (None, self.tier)
            and self.role in (None, *facts.roles)
            and (self.participants is None or self.participants in facts.participant)
            and relay.site == self.site
            and _holds(self.prefix, relay.ip)
        )


def _holds(prefix: str, ip: str | None) -> bool:
    if ip is None:
        return True
    address = ip_address(ip)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address) in ip_network(prefix)


def handed() -> list[Handed]:
    """Give all lines of the lists, in order; line 1 of the file is its header."""
    entries = [entry for region in REGIONS.values() for entry in _of_region(region)]
    return [Handed(line, *entry) for line, entry in enumerate(entries, start=2)]


def write_relay_lists(path: Path) -> None:
    """Write the lists of all regions as one file."""
    rows = [
        (
            *(one.region, one.tier, one.role or "", one.prefix, one.site, ""),
            *(one.participants or "", written(one.since), written(one.until)),
        )
        for one in handed()
    ]
    write_table(path, _HEADER, rows)


_Entry = tuple[str, str, str | None, str, str, str | None, datetime, datetime | None]


def _of_region(region: Region) -> Iterator[_Entry]:
    for site in dict.fromkeys(region.primaries):
        yield from _entries(region, "primary", site, _WRITTEN, None)
    if region.code == "CN":
        for prefix in SITES["HK-1"].prefixes:
            yield region.code, "primary", None, prefix, "HK-1", None, _WRITTEN, None
    for site in region.fallbacks:
        ends = _NOT_ABROAD if region.code == "US" else None
        yield from _entries(region, "fallback", site, _WRITTEN, ends)
    if region.code in MISPLACED:
        yield from _entries(region, "fallback", MISPLACED[region.code], *CHINESE_FALLBACK)


def _entries(
    region: Region, tier: str, site: str, since: datetime, until: datetime | None
) -> Iterator[_Entry]:
    """Write an entry for each role and network of a site; sites of China are for people there."""
    in_china = "CN" if region.code == "CN" else None
    roles = _ROLES_ABROAD.get((region.code, site), ("media",) if tier == "fallback" else (None,))
    for role in roles:
        for prefix in SITES[site].prefixes:
            yield region.code, tier, role, prefix, site, in_china, since, until
