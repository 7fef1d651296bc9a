"""What kind of address a text is, read straight from GEOLOCATION.md, section 1, with `ipaddress`.

Shares no code with the product: it is one half of the judge of it.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

TABLE = """
mapped ::ffff:0:0/96
nat64 64:ff9b::/96
nat64_local 64:ff9b:1::/48
sixtofour 2002::/16
teredo 2001::/32
anycast 192.0.0.9/32 192.0.0.10/32 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.175.48.0/24
anycast 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:3::/32 2001:4:112::/48 2620:4f:8000::/48
private 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10
shared 100.64.0.0/10
link_local 169.254.0.0/16 fe80::/10
loopback 127.0.0.0/8 ::1/128
documentation 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20
benchmark 198.18.0.0/15 2001:2::/48
multicast 224.0.0.0/4 ff00::/8
broadcast 255.255.255.255/32
this_network 0.0.0.0/8 ::/128
protocol 192.0.0.0/24 2001::/23
ipv4_compatible ::/96
reserved 240.0.0.0/4 100::/64 5f00::/16
"""
PREFIXES: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(prefix), line.split()[0])
    for line in TABLE.strip().splitlines()
    for prefix in line.split()[1:]
)
LOW_32 = 0xFFFF_FFFF
WITHOUT_NINTH = 96
UNICAST = IPv6Network("2000::/3")
PRIVATE_KINDS = frozenset({"private", "shared", "link_local", "loopback"})
TEST_KINDS = frozenset({"documentation", "benchmark"})
MASKED = re.compile(r"(?=.*(\.\.|[xX*]|/))[0-9a-fA-FxX*.:]+(/\d+)?")
HOST_NAME = re.compile(r"(?=.*[a-z])([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.?")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a text is: a kind, the address to ask about (after unmapping), and the kinds on the way to it."""

    kind: str
    address: Address | None = None
    inner: IPv4Address | None = None


def parse(text: str) -> Address | None:
    """Parse strictly: `ipaddress` refuses leading zeros, blanks, ports and brackets, but takes zones."""
    if "%" in text or not text.isascii():
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def kind_of(text: str | None, nat64_prefixes: Sequence[str] = ()) -> Kind:
    """Say what `text` is. A mapped address is its IPv4; an embedded one has `inner`.

    `nat64_prefixes` are those of the operator's own translators.
    """
    if text is None:
        return Kind("absent")
    address = parse(text)
    if address is None:
        return Kind(kind_of_text(text))
    kind = kind_of_address(address)
    if kind == "mapped":
        inner = IPv4Address(int(address) & LOW_32)
        return Kind(kind_of_address(inner), inner)
    own = [network for network in map(ipaddress.ip_network, nat64_prefixes) if holds(network, address)]
    length = max((network.prefixlen for network in own), default=-1)
    if isinstance(address, IPv6Address) and length >= longest_prefix(address):
        return Kind("nat64", address, translated(address, length))
    return Kind(kind, address, embedded_in(address, kind))


def translated(address: IPv6Address, length: int) -> IPv4Address:
    """Take the IPv4 address out as RFC 6052 puts it in: right after the prefix, around the ninth octet."""
    if length == WITHOUT_NINTH:
        return IPv4Address(address.packed[12:])
    octets = address.packed[:8] + address.packed[9:]
    return IPv4Address(octets[length // 8 :][:4])


def embedded_in(address: Address, kind: str) -> IPv4Address | None:
    """Find the IPv4 address in a NAT64, 6to4 or Teredo address (there the client's, not the server's)."""
    low = int(address) & LOW_32
    within = {"nat64": low, "sixtofour": int(address) >> 80 & LOW_32, "teredo": low ^ LOW_32}
    return IPv4Address(within[kind]) if kind in within else None


def kind_of_address(address: Address) -> str:
    """Take the kind of the longest prefix of the table that holds `address`."""
    found = [(network.prefixlen, kind) for network, kind in PREFIXES if holds(network, address)]
    if found:
        return max(found)[1]
    return "global" if isinstance(address, IPv4Address) or address in UNICAST else "reserved"


def longest_prefix(address: Address) -> int:
    """Count the bits of the prefix that decided the kind."""
    return max((network.prefixlen for network, _ in PREFIXES if holds(network, address)), default=0)


def holds(network: Network, address: Address) -> bool:
    """Tell whether a network of either family holds an address of either family."""
    return network.version == address.version and address in network


def kind_of_text(text: str) -> str:
    """Say what a text that is no address may be: only the reason depends on it."""
    if MASKED.fullmatch(text) and re.search(r"\d|x", text, re.IGNORECASE):
        return "masked"
    return "host_name" if HOST_NAME.fullmatch(text.lower()) and "." in text else "unparsable"
