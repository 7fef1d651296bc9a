"""Our table of special addresses against what the registries of IANA say, typed apart from it."""

import csv
import ipaddress
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from auditor.geo import addresses
from auditor.geo.addresses import classify

with Path(addresses.__file__).with_name("special_addresses.csv").open(encoding="utf-8", newline="") as file:
    TABLE = list(csv.DictReader(file))

REGISTRIES = """
IPv4  this_network   0.0.0.0/8           791   "This network"
IPv4  private        10.0.0.0/8          1918  Private-Use
IPv4  shared         100.64.0.0/10       6598  Shared Address Space
IPv4  loopback       127.0.0.0/8         1122  Loopback
IPv4  link_local     169.254.0.0/16      3927  Link Local
IPv4  private        172.16.0.0/12       1918  Private-Use
IPv4  protocol       192.0.0.0/24        6890  IETF Protocol Assignments
IPv4  anycast        192.0.0.9/32        7723  Port Control Protocol Anycast
IPv4  anycast        192.0.0.10/32       8155  Traversal Using Relays around NAT Anycast
IPv4  documentation  192.0.2.0/24        5737  Documentation (TEST-NET-1)
IPv4  anycast        192.31.196.0/24     7535  AS112-v4
IPv4  anycast        192.52.193.0/24     7450  AMT
IPv4  anycast        192.88.99.0/24      7526  Deprecated (6to4 Relay Anycast)
IPv4  private        192.168.0.0/16      1918  Private-Use
IPv4  anycast        192.175.48.0/24     7534  Direct Delegation AS112 Service
IPv4  benchmark      198.18.0.0/15       2544  Benchmarking
IPv4  documentation  198.51.100.0/24     5737  Documentation (TEST-NET-2)
IPv4  documentation  203.0.113.0/24      5737  Documentation (TEST-NET-3)
IPv4  multicast      224.0.0.0/4         1112  Multicast
IPv4  reserved       240.0.0.0/4         1112  Reserved
IPv4  broadcast      255.255.255.255/32  8190  Limited Broadcast
IPv6  loopback       ::1/128             4291  Loopback Address
IPv6  this_network   ::/128              4291  Unspecified Address
IPv6  ipv4_compatible  ::/96             4291  IPv4-compatible
IPv6  mapped         ::ffff:0:0/96       4291  IPv4-mapped Address
IPv6  nat64          64:ff9b::/96        6052  IPv4-IPv6 Translat.
IPv6  nat64_local    64:ff9b:1::/48      8215  IPv4-IPv6 Translat.
IPv6  reserved       100::/64            6666  Discard-Only Address Block
IPv6  protocol       2001::/23           2928  IETF Protocol Assignments
IPv6  teredo         2001::/32           4380  TEREDO
IPv6  anycast        2001:1::1/128       7723  Port Control Protocol Anycast
IPv6  anycast        2001:1::2/128       8155  Traversal Using Relays around NAT Anycast
IPv6  anycast        2001:1::3/128       9665  DNS-SD Service Registration Protocol Anycast
IPv6  benchmark      2001:2::/48         5180  Benchmarking
IPv6  anycast        2001:3::/32         7450  AMT
IPv6  anycast        2001:4:112::/48     7535  AS112-v6
IPv6  documentation  2001:db8::/32       3849  Documentation
IPv6  sixtofour      2002::/16           3056  6to4
IPv6  anycast        2620:4f:8000::/48   7534  Direct Delegation AS112 Service
IPv6  documentation  3fff::/20           9637  Documentation
IPv6  reserved       5f00::/16           9602  Segment Routing (SRv6) SIDs
IPv6  private        fc00::/7            4193  Unique-Local
IPv6  link_local     fe80::/10           4291  Link-Local Unicast
IPv6  private        fec0::/10           3879  Site-Local Unicast (deprecated)
IPv6  multicast      ff00::/8            4291  Multicast
"""
"""All entries in which something of ours depends on the entry: version, our kind, prefix, RFC, their name."""

WITHIN_OTHERS = [
    ("0.0.0.0/32", "this_network"),
    ("192.0.0.0/29", "protocol"),
    ("192.0.0.8/32", "protocol"),
    ("192.0.0.170/32", "protocol"),
    ("192.0.0.171/32", "protocol"),
    ("192.88.99.2/32", "anycast"),
    ("100:0:0:1::/64", "reserved"),
    ("2001:10::/28", "protocol"),
    ("2001:20::/28", "protocol"),
    ("2001:30::/28", "protocol"),
]
"""Entries of the registries that are of the kind of the larger block in which they lie."""

UNICAST = [("0.0.0.0/0", "global"), ("::/0", "reserved"), ("2000::/3", "global")]


def rows_typed() -> list[tuple[str, str, str]]:
    lines = [line.split(maxsplit=4) for line in REGISTRIES.strip().splitlines()]
    return [(prefix, kind, f"RFC {rfc}") for _, kind, prefix, rfc, _ in lines]


def test_the_table_is_what_the_registries_say() -> None:
    shipped = {(row["prefix"], row["kind"]): row["rfc"] for row in TABLE}
    typed = {(prefix, kind): rfc for prefix, kind, rfc in rows_typed()}
    assert shipped.keys() - set(UNICAST) == typed.keys()
    assert set(UNICAST) < shipped.keys()
    assert {key: shipped[key] for key in typed} == typed


def test_each_row_of_the_table_says_when_it_was_compared() -> None:
    days = [date.fromisoformat(row["checked_on"]) for row in TABLE]
    assert min(days) >= date(2026, 1, 1)


def test_no_prefix_stands_twice_in_the_table() -> None:
    networks = [ipaddress.ip_network(row["prefix"]) for row in TABLE]
    assert len(set(networks)) == len(networks)


NETWORKS = [ipaddress.ip_network(row["prefix"]) for row in TABLE]
BY_KIND = [(prefix, kind) for prefix, kind, _ in rows_typed() if kind != "mapped"]


@pytest.mark.parametrize(("prefix", "kind"), [*BY_KIND, *WITHIN_OTHERS])
def test_an_entry_has_its_kind_up_to_its_borders(prefix: str, kind: str) -> None:
    network = ipaddress.ip_network(prefix)
    longer = [other for other in NETWORKS if other.prefixlen > network.prefixlen]
    ends = [end for end in (network[0], network[-1]) if not any(end in other for other in longer)]
    assert ends
    assert set(classify(pl.Series([str(end) for end in ends]))["kind"]) == {kind}
