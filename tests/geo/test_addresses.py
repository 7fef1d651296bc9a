import csv
import importlib.util
import ipaddress
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.geo import addresses
from auditor.geo.addresses import CLASSIFIED, classify, incident_networks

PACKAGE = Path(addresses.__file__).parent
TABLE = PACKAGE / "special_addresses.csv"
TOOL = PACKAGE.parent.parent / "tools" / "build_kinds.py"

# first and last address, and the neighbours, of what the standards set apart
KINDS = {
    "global": "8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.0.1.0 "
    "192.88.98.255 192.88.100.0 198.17.255.255 198.20.0.0 223.255.255.255 2000:: 2001:200:: 2001:db9:: "
    "2003:: 2a00:1450:4001::1 3ffe::1 3fff:1000:: 2620:4f:8001::",
    "private": "10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 fc00:: "
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fec0::1 feff::1",
    "shared": "100.64.0.0 100.127.255.255",
    "link_local": "169.254.0.0 169.254.255.255 fe80::1 febf::1",
    "loopback": "127.0.0.1 127.255.255.255 ::1",
    "documentation": "192.0.2.0 198.51.100.255 203.0.113.7 2001:db8:: 2001:db8:ffff::1 3fff:: 3fff:fff::1",
    "benchmark": "198.18.0.0 198.19.255.255 2001:2::1",
    "multicast": "224.0.0.1 239.255.255.255 ff00:: ff02::1",
    "broadcast": "255.255.255.255",
    "this_network": "0.0.0.0 0.255.255.255 ::",
    "protocol": "192.0.0.0 192.0.0.8 192.0.0.11 192.0.0.255 2001:1:: 2001:1::4 2001:1ff::1 2001:2:1::",
    "ipv4_compatible": "::2 ::8.8.8.8",
    "reserved": "240.0.0.0 255.255.255.254 100::1 5f00::1 4000::1 1::1 ::ffff:0:8.8.8.8 64:ff9b:2::1 fe00::1",
    "anycast": "192.0.0.9 192.0.0.10 192.31.196.1 192.52.193.1 192.88.99.1 192.175.48.255 2001:1::1 "
    "2001:1::2 2001:1::3 2001:3::1 2001:4:112::1 2620:4f:8000::1",
    "nat64": "64:ff9b::8.8.8.8 64:ff9b::ffff:ffff",
    "nat64_local": "64:ff9b:1::1 64:ff9b:1:ffff::",
    "sixtofour": "2002:: 2002:808:808::1",
    "teredo": "2001:: 2001:0:ffff::1",
    "masked": "1.2.3... 1.2.3.x 1.2.x.x x.x.x.x X.X.X.X 1.2.3.xxx 1.2.3.* 1.2.3.0/24 1.2.3.4/32 "
    "2001:db8::/32 2001:db8:x:x:x:x:x:x 2001:db8::xxxx 1.2.3.#",
    "host_name": "turn.example.com TURN.Example.COM. a-1.b_2.example bücher.example x1.x2.xn--p1ai",
    "unparsable": "localhost 1.2.3.4:80 [::1] [2001:db8::1]:443 fe80::1%eth0 0310.1.1.1 01.2.3.4 1.2.3.04 "
    "134744072 2.125 1.2.3 1.2.3.4.5 0x8.8.8.8 0x08080808 1.2.3.256 1:2:3 12345::1 ::1::2 \uff11.2.3.4 "
    "::ffff:999.1.1.1 ::ffff:01.2.3.4 unknown - n/a 1.2.3.4, <script>",
}
BY_KIND = [(text, kind) for kind, texts in KINDS.items() for text in texts.split()]


@pytest.mark.parametrize(("text", "kind"), BY_KIND)
def test_each_text_has_its_kind(text: str, kind: str) -> None:
    assert classify(pl.Series([text]))["kind"].item() == kind


@pytest.mark.parametrize("text", ["", " ", "8.8.8.8 ", " 8.8.8.8", "8.8.8.8\n", "8.8.8.8\x00", "a b.example"])
def test_blanks_and_controls_are_no_part_of_an_address(text: str) -> None:
    assert classify(pl.Series([text])).row(0)[1:] == ("unparsable", None, None, None)


def test_no_text_is_absent() -> None:
    assert classify(pl.Series([None], dtype=pl.String)).row(0) == (None, "absent", None, None, None)


def test_nothing_to_classify_is_an_empty_frame() -> None:
    assert classify(pl.Series([], dtype=pl.String)).schema == pl.Schema(CLASSIFIED)


@pytest.mark.parametrize(
    "text",
    ["::ffff:10.2.3.4", "::FFFF:10.2.3.4", "::ffff:a02:304", "0:0:0:0:0:ffff:10.2.3.4", "::ffff:0A02:0304"],
)
def test_a_mapped_address_is_its_ipv4(text: str) -> None:
    assert classify(pl.Series([text])).row(0)[1:] == ("private", "10.2.3.4", None, None)


@pytest.mark.parametrize(
    ("text", "inner", "inner_kind"),
    [
        ("64:ff9b::192.0.2.33", "192.0.2.33", "documentation"),
        ("64:ff9b::a00:1", "10.0.0.1", "private"),
        ("2002:0808:0404::1", "8.8.4.4", "global"),
        ("2002:a00:1:ffff:ffff:ffff:ffff:ffff", "10.0.0.1", "private"),
        # the client, inverted, and never the server 65.54.227.120
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45", "documentation"),
        ("2001:0:4136:e378::f7f7:f7f7", "8.8.8.8", "global"),
    ],
)
def test_an_embedded_address_is_taken_out(text: str, inner: str, inner_kind: str) -> None:
    row = classify(pl.Series([text])).row(0, named=True)
    assert (row["inner"], row["inner_kind"]) == (inner, inner_kind)


def test_canonical_text_is_shortest_and_in_lower_case() -> None:
    written = pl.Series(["2A00:0:0::01", "8.8.8.8", "2001:DB8:0:1::"])
    assert classify(written)["address"].to_list() == ["2a00::1", "8.8.8.8", "2001:db8:0:1::"]
    assert classify(written, canonical=False)["address"].to_list() == written.to_list()


def test_an_incident_network_is_a_24_or_a_48() -> None:
    given_addresses = pl.Series(["198.51.100.7", "2001:db8:1:2::3", None])
    assert incident_networks(given_addresses).to_list() == ["198.51.100.0/24", "2001:db8:1::/48", None]


def build_kinds() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_kinds", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_compiled_tables_are_those_of_the_list(tmp_path: Path) -> None:
    build_kinds().build(TABLE, tmp_path)
    for name in ("kind4.mmdb", "kind6.mmdb"):
        assert (tmp_path / name).read_bytes() == (PACKAGE / name).read_bytes()


with TABLE.open(encoding="utf-8", newline="") as file:
    PREFIXES = [(ipaddress.ip_network(row["prefix"]), row["kind"]) for row in csv.DictReader(file)]


def slow_kind(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Take the longest prefix, one by one."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return slow_kind(address.ipv4_mapped)
    held = [
        (net.prefixlen, kind) for net, kind in PREFIXES if net.version == address.version and address in net
    ]
    return max(held)[1]


def near(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> list[str]:
    """Take the addresses at both borders of a prefix."""
    make = type(network.network_address)
    borders = (int(network.network_address), int(network.broadcast_address))
    inside = range(2**network.max_prefixlen)
    return [str(make(border + step)) for border in borders for step in (-1, 0, 1) if border + step in inside]


def test_the_compiled_tables_agree_with_the_list_at_every_border() -> None:
    texts = [text for network, _ in PREFIXES for text in near(network)]
    assert classify(pl.Series(texts))["kind"].to_list() == [slow_kind(ipaddress.ip_address(t)) for t in texts]


IPV4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address) | st.integers(0, 2**33).map(
    lambda low: ipaddress.IPv6Address(0xFFFF << 32 | low % 2**32)
)
SPELLED = (
    IPV4.map(str)
    | IPV6.map(str)
    | IPV6.map(lambda address: address.exploded.upper())
    | IPV6.map(lambda a: a.exploded)
)


@settings(deadline=None, max_examples=60)
@given(st.lists(SPELLED, min_size=1, max_size=30))
def test_every_address_is_known_in_every_spelling(texts: list[str]) -> None:
    parsed = [ipaddress.ip_address(text) for text in texts]
    found = classify(pl.Series(texts))
    assert found["kind"].to_list() == [slow_kind(address) for address in parsed]
    plain = [getattr(address, "ipv4_mapped", None) or address for address in parsed]
    assert found["address"].to_list() == [str(address) for address in plain]


ALMOST = st.text(alphabet="0123456789abcdefxX.:%/*-[] \x00é", max_size=20)


@settings(deadline=None, max_examples=100)
@given(st.lists(ALMOST | st.text(max_size=30), min_size=1, max_size=30))
def test_nothing_else_is_taken_for_an_address(texts: list[str]) -> None:
    found = classify(pl.Series(texts, dtype=pl.String))
    assert found["text"].to_list() == texts
    for text, address in found.select("text", "address").iter_rows():
        assert (address is not None) == is_address(text), text


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
