"""What the operator's own list says of a relay: GEOLOCATION.md, section 6, one line at a time."""

import ipaddress
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tests.reference.kinds import PRIVATE_KINDS, Address, Kind, holds, kind_of_address
from tests.reference.world import Connection, InventoryRow

FIRM = ("contract", "site_visit", "traceroute")
"""The bases on which an operator's word may stand alone."""


@dataclass(frozen=True, slots=True)
class Attested:
    """The countries that the inventory names by prefix, by site or by host name, and if on a firm basis."""

    countries: frozenset[str]
    firm: bool


def answers_of_inventory(
    valid: list[InventoryRow], address: Address | None, kind: Kind, connection: Connection
) -> Iterator[Attested]:
    """Ask the lines that hold at the time and for the role by prefix, by site and by host name."""
    site = connection["relay_site"]
    if address is not None:
        yield from by_prefix(valid, address, site)
    if site is not None:
        yield from agreed([row for row in valid if row.site and folded(row.site) == folded(site)])
    for host in (connection["relay_name"], connection["relay_ip"] if kind.kind == "host_name" else None):
        if host is not None:
            yield from by_name(valid, host)


def by_prefix(valid: list[InventoryRow], address: Address, site: str | None) -> Iterator[Attested]:
    """Ask the lines of the longest prefix.

    Everybody uses private prefixes: a line for another site than the log's is about another network, and
    without a site nobody knows which network it is.
    """
    rows = [row for row in valid if row.prefix and holds(ipaddress.ip_network(row.prefix), address)]
    if kind_of_address(address) in PRIVATE_KINDS:
        rows = [row for row in rows if is_private(row)]
        if site is None and len({frozenset(row.countries) for row in rows}) > 1:
            return
        if site is not None:
            rows = [row for row in rows if not row.site or folded(row.site) == folded(site)]
    longest = max((prefix_length(row) for row in rows), default=0)
    yield from agreed([row for row in rows if prefix_length(row) == longest])


def by_name(valid: list[InventoryRow], host: str) -> Iterator[Attested]:
    """Ask the line of the whole name, else those of its longest ending."""
    rows = [row for row in valid if row.name and names(row.name, host)]
    longest = max((len(row.name or "") for row in rows), default=0)
    exact = [row for row in rows if row.name and not row.name.startswith("*.")]
    yield from agreed(exact or [row for row in rows if len(row.name or "") == longest])


def agreed(rows: list[InventoryRow]) -> Iterator[Attested]:
    """Take the lines with a role over those without; private ones at odds need the site, and tell nothing."""
    chosen = [row for row in rows if row.role] or rows
    if len({frozenset(row.countries) for row in chosen}) == 1:
        yield Attested(frozenset(chosen[0].countries), any(row.basis in FIRM for row in chosen))


def is_private(row: InventoryRow) -> bool:
    """Tell whether a line's prefix lies within one that everybody uses."""
    network = ipaddress.ip_network(row.prefix) if row.prefix else None
    return network is not None and all(
        kind_of_address(end) in PRIVATE_KINDS for end in (network[0], network[-1])
    )


def prefix_length(row: InventoryRow) -> int:
    """Count the bits of a line's prefix."""
    return ipaddress.ip_network(row.prefix).prefixlen if row.prefix else 0


def folded(site: str) -> str:
    """Bring a site string to the form in which sites are compared."""
    return " ".join(unicodedata.normalize("NFC", site).split()).casefold()


def names(pattern: str, host: str) -> bool:
    """Tell whether an inventory's host name is `host`; a leading `*.` stands for any labels."""
    wanted, found = pattern.lower().rstrip("."), host.lower().rstrip(".")
    return found.endswith(wanted[1:]) if wanted.startswith("*.") else found == wanted
