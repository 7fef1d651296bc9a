"""Which entries of the relay lists allowed a relay: FORMATS.md, section 8, one entry at a time."""

import ipaddress
from collections.abc import Iterable, Sequence

from tests.reference.attested import folded, names
from tests.reference.kinds import Kind, holds, kind_of
from tests.reference.world import Connection, ListRow, Settings, covers

HEADER = 1


def entries_allowing(
    rows: Sequence[ListRow], connection: Connection, participant: frozenset[str], settings: Settings
) -> list[int]:
    """Give the lines of the entries that a client may have been handed, and that hold the relay it used."""
    kind = kind_of(connection["relay_ip"], settings.nat64_prefixes)
    return [
        line
        for line, row in enumerate(rows, start=HEADER + 1)
        if handed(row, connection, participant) and holds_relay(row, connection, kind)
    ]


def handed(row: ListRow, connection: Connection, participant: frozenset[str]) -> bool:
    """Tell whether an entry may have been handed to a client; what nobody knows fits."""
    return (
        fits(row.home_region, connection["home_region"])
        and fits(row.tier, connection["tier"])
        and fits(row.role, None if connection["role"] == "unknown" else connection["role"])
        and covers(row.since, row.until, connection["started_at"])
        and (not row.participants or bool(participant & frozenset(row.participants)))
    )


def fits(wanted: str | None, found: str | None) -> bool:
    """Tell whether two words are the same, or one of them is not said."""
    return wanted is None or found is None or wanted == found


def holds_relay(row: ListRow, connection: Connection, kind: Kind) -> bool:
    """Tell whether all that entry and log both know of the relay agrees, and is something."""
    return all(agreeing := list(agreements(row, connection, kind))) and bool(agreeing)


def agreements(row: ListRow, connection: Connection, kind: Kind) -> Iterable[bool]:
    """Compare by address, by site and by host name what both entry and log know.

    A relay behind a translator is known by two addresses: the written one, and the one within it.
    """
    within = kind.inner if kind.kind == "nat64" else None
    addresses = [address for address in (kind.address, within) if address is not None]
    hosts = [connection["relay_name"], connection["relay_ip"] if kind.kind == "host_name" else None]
    known = [host for host in hosts if host]
    if row.prefix and addresses:
        yield any(holds(ipaddress.ip_network(row.prefix), address) for address in addresses)
    if row.site and connection["relay_site"]:
        yield folded(row.site) == folded(connection["relay_site"])
    if row.name and known:
        yield any(names(row.name, host) for host in known)
