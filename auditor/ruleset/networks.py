"""The networks by which a waiver names relays, and which addresses lie in them."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import PlainValidator

from auditor.ruleset.fields import custom_error

AnyNetwork = IPv4Network | IPv6Network

_WRITTEN = re.compile(r"[0-9a-fA-F:.]+/\d{1,3}", re.ASCII)
_MAPPED = IPv6Network("::ffff:0:0/96")


def _network(written: object) -> AnyNetwork:
    """Read a network in the one form in which it is written: an address, and how many of its bits count."""
    hint = "write a network as 203.0.113.0/24, and one address as 203.0.113.7/32"
    if not isinstance(written, str) or not _WRITTEN.fullmatch(written):
        raise custom_error(f"`{written}` is no network", hint=hint)
    try:
        network = ip_network(written, strict=False)
    except ValueError:
        raise custom_error(f"`{written}` is no network", hint=hint) from None
    address = ip_address(written.partition("/")[0])
    if address != network.network_address:
        hint = f"did you mean `{network}`, or only `{address}/{network.max_prefixlen}`?"
        raise custom_error(f"`{written}` is an address within a network", hint=hint)
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        inner = f"{network.network_address.ipv4_mapped}/{network.prefixlen - _MAPPED.prefixlen}"
        raise custom_error(f"`{written}` is an IPv4 network written as IPv6", hint=f"write it as `{inner}`")
    if network.prefixlen == 0:
        raise custom_error(f"`{written}` holds every address", hint="name the networks that are meant")
    return network


Network = Annotated[AnyNetwork, PlainValidator(_network, json_schema_input_type=str)]


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, an IPv4-mapped one as its IPv4. None for a text that is none, or has a zone."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return None if address.scope_id else address.ipv4_mapped or address


def texts_within(networks: Iterable[AnyNetwork], texts: Iterable[str]) -> frozenset[str]:
    """Pick the texts that are addresses in one of the networks."""
    known = {(network.version, network.prefixlen, int(network.network_address)) for network in networks}
    lengths = {(version, length) for version, length, _ in known}
    return frozenset(text for text in texts if _prefixes_of(text, lengths) & known)


def _prefixes_of(text: str, lengths: Iterable[tuple[int, int]]) -> set[tuple[int, int, int]]:
    address = address_of(text)
    if address is None:
        return set()
    return {
        (version, length, _cut(int(address), address.max_prefixlen - length))
        for version, length in lengths
        if version == address.version
    }


def _cut(bits: int, low: int) -> int:
    return bits >> low << low
