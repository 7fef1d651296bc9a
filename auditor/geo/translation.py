"""IPv4 addresses inside IPv6, as translators write them.

Source: RFC 6052, section 2.2. Design: GEOLOCATION.md, section 1.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from auditor.errors import Fault, GeoError

LENGTHS = (32, 40, 48, 56, 64, 96)
"""How long the prefix of a translator may be."""

NOTHING_EMBEDDED = ""
"""Stands for the inner address where there is none, though the prefix is a translator's."""

_BITS, _IPV4_BITS = 128, 32
_RESERVED = 64
"""Bits 64 to 71 are zero and are skipped."""
_OCTET = 8


def prefixes_of(texts: Iterable[str]) -> tuple[IPv6Network, ...]:
    """Read the prefixes of translators, the longest first. Raises GeoError with the faults of all of them."""
    found, faults = set[IPv6Network](), []
    for text in texts:
        try:
            network = IPv6Network(text)
        except ValueError as error:
            faults.append(_fault(text, f"is no IPv6 prefix: {error}"))
            continue
        if network.prefixlen not in LENGTHS:
            faults.append(_fault(text, f"has {network.prefixlen} bits"))
        elif network.prefixlen == LENGTHS[-1] and _reserved(int(network.network_address)):
            faults.append(_fault(text, "has bits 64 to 71 set, which RFC 6052 keeps zero"))
        else:
            found.add(network)
    if faults:
        raise GeoError.of(faults)
    return tuple(sorted(found, key=lambda network: (-network.prefixlen, network)))


def embedded_in(address: IPv6Address, prefixes: Sequence[IPv6Network]) -> str | None:
    """Give the IPv4 inside an address; None where no translator has its prefix.

    `prefixes` are sorted by `prefixes_of`. An address whose reserved bits are set embeds nothing.
    """
    prefix = next((prefix for prefix in prefixes if address in prefix), None)
    if prefix is None:
        return None
    bits = int(address)
    if _reserved(bits):
        return NOTHING_EMBEDDED
    squeezed = _without_reserved(bits) if prefix.prefixlen <= _RESERVED else bits
    width = _BITS - _OCTET if prefix.prefixlen <= _RESERVED else _BITS
    return str(IPv4Address(squeezed >> (width - prefix.prefixlen - _IPV4_BITS) & (1 << _IPV4_BITS) - 1))


def _reserved(bits: int) -> int:
    return bits >> (_BITS - _RESERVED - _OCTET) & (1 << _OCTET) - 1


def _without_reserved(bits: int) -> int:
    """Take the reserved octet out, which leaves 120 bits."""
    below = _BITS - _RESERVED - _OCTET
    return bits >> (_BITS - _RESERVED) << below | bits & (1 << below) - 1


def _fault(text: str, what: str) -> Fault:
    lengths = ", ".join(str(length) for length in LENGTHS)
    return Fault(f"nat64 prefix `{text}`", what, f"give the prefix of the translator, of {lengths} bits")
