"""What a user tells about logs beside them: what decides how they are read, and stands in none of them."""

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from auditor.sources.language import Privacy


@dataclass(frozen=True, slots=True)
class RelayNetwork:
    """A network of relays of the operator's, from `from_at` until `until_at`, half-open; None: no end."""

    network: IPv4Network | IPv6Network
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Plain values, so that they can travel with the log.

    `server_start` is when the server started, for clocks that count from there. `public_addresses` are pairs
    of an address that a relay behind translation logs of itself and the one that peers see. `relay_networks`
    tell of two ends of a flow which one is the relay. `privacy` goes before what the mapping says of columns.
    `zone` is an IANA name or UTC, for the clocks of readers' logs that name none.
    """

    server_start: datetime | None = None
    public_addresses: tuple[tuple[str, str], ...] = ()
    relay_networks: tuple[RelayNetwork, ...] = ()
    privacy: tuple[tuple[str, Privacy], ...] = ()
    privacy_key: bytes | None = field(default=None, repr=False)
    zone: str | None = None


NOTHING_TOLD = Circumstances()
