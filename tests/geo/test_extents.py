from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.atlas import AtlasSettings
from auditor.geo.extents import Bordered, Borders, borders_of, extents_of, hosts_of, networks_of
from auditor.geo.inventory import load_inventory
from auditor.geo.ledger.ledger import open_ledger
from auditor.geo.mmdb import Database, open_database
from auditor.geo.ranges.files import open_geofeeds
from auditor.geo.stretches import Block
from tests.geo.conftest import WriteDatabase, WriteInventory
from tests.geo.ledger.making import answer, record_at
from tests.geo.world import AS_OF, BUILT

MANY = 10_000


def blocks_within(version: int, bits: int, first: int) -> st.SearchStrategy[Block]:
    """Make prefixes of a small corner of the address space, the last `bits` bits of it."""
    whole = {4: 32, 6: 128}[version]

    def block(length: int, number: int) -> Block:
        host = whole - length
        return Block(version, first | (number % (1 << bits)) >> host << host, length)

    return st.builds(block, st.integers(whole - bits, whole), st.integers(0, (1 << bits) - 1))


CORNER = int(IPv4Address("203.0.113.0"))


@given(
    st.lists(st.lists(blocks_within(4, 6, CORNER), max_size=8), max_size=3),
    blocks_within(4, 6, CORNER),
)
def test_each_address_lies_in_one_stretch_and_no_source_tells_the_addresses_of_a_stretch_apart(
    sources: list[list[Block]], asked: Block
) -> None:
    prefix = f"{IPv4Address(asked.first)}/{asked.length}"
    extents = extents_of(prefix, [Borders(blocks) for blocks in sources], most=MANY)
    assert extents is not None
    covered = [number for extent in extents for number in range(extent.first, extent.last + 1)]
    assert covered == list(range(asked.first, asked.end))

    def held_by(address: int) -> list[bool]:
        return [block.first <= address < block.end for blocks in sources for block in blocks]

    for extent in extents:
        told = {tuple(held_by(address)) for address in range(extent.first, extent.last + 1)}
        assert len(told) == 1


@given(st.lists(blocks_within(4, 6, CORNER), max_size=8), blocks_within(4, 6, CORNER), st.integers(1, 9))
def test_more_stretches_than_are_wanted_are_none_at_all(blocks: list[Block], asked: Block, most: int) -> None:
    prefix = f"{IPv4Address(asked.first)}/{asked.length}"
    whole = extents_of(prefix, [Borders(blocks)], most=MANY)
    assert whole is not None
    assert extents_of(prefix, [Borders(blocks)], most=most) == (whole if len(whole) <= most else None)


@given(st.lists(blocks_within(6, 8, int(IPv6Address("2001:db8::"))), max_size=8), st.data())
def test_stretches_are_named_by_prefixes_that_hold_just_their_addresses(
    blocks: list[Block], data: st.DataObject
) -> None:
    extents = extents_of("2001:db8::/120", [Borders(blocks)], most=MANY)
    assert extents is not None
    some = data.draw(st.lists(st.sampled_from(extents), unique=True))
    named = [ip_network(text) for text in networks_of(some)]
    assert {int(address) for network in named for address in network} == {
        number for extent in some for number in range(extent.first, extent.last + 1)
    }
    assert sum(network.num_addresses for network in named) == sum(
        extent.last - extent.first + 1 for extent in some
    )


def test_neighbouring_stretches_are_one_prefix() -> None:
    extents = extents_of(
        "192.0.2.0/24", [Borders([Block(4, int(IPv4Address("192.0.2.128")), 26)])], most=MANY
    )
    assert [extent.address for extent in extents or ()] == ["192.0.2.0", "192.0.2.128", "192.0.2.192"]
    assert networks_of(extents or ()) == ["192.0.2.0/24"]


def country(code: str) -> dict[str, object]:
    return {"country": {"iso_code": code}}


def bordered(database: Database) -> Sequence[Bordered]:
    """Give the borders of one database alone."""
    return borders_of(AtlasSettings((database,), None))[1:]


@pytest.mark.parametrize("ip_version", [4, 6])
def test_a_database_is_cut_where_its_records_begin_and_end(
    ip_version: int, write_database: WriteDatabase
) -> None:
    records = {"1.0.0.0/8": country("US"), "1.2.0.0/16": country("CN"), "1.2.3.4/32": country("DE")}
    path = write_database(records, ip_version=ip_version)
    sources = bordered(open_database(path, None, AS_OF))
    extents = extents_of("1.2.3.0/29", sources, most=MANY)
    assert [extent.address for extent in extents or ()] == ["1.2.3.0", "1.2.3.4", "1.2.3.5", "1.2.3.6"]
    wide = extents_of("0.0.0.0/0", sources, most=MANY)
    assert wide is not None
    assert {"1.0.0.0", "1.2.0.0", "1.2.3.4", "1.2.3.5", "1.3.0.0", "2.0.0.0"} <= {
        extent.address for extent in wide
    }
    assert wide[-1].last == int(IPv4Address("255.255.255.255"))


def test_a_database_of_ipv4_says_nothing_of_ipv6(write_database: WriteDatabase) -> None:
    path = write_database({"1.0.0.0/8": country("US")}, ip_version=4)
    sources = bordered(open_database(path, None, AS_OF))
    assert [extent.address for extent in extents_of("::/0", sources, most=MANY) or ()] == ["::"]


def test_a_database_of_ipv6_is_cut_in_ipv6(write_database: WriteDatabase) -> None:
    sources = bordered(open_database(write_database({"2a00::/32": country("DE")}), None, AS_OF))
    addresses = [extent.address for extent in extents_of("2a00::/30", sources, most=MANY) or ()]
    assert addresses == ["2a00::", "2a00:1::", "2a00:2::"]


def test_databases_inventory_and_kinds_of_address_all_cut(
    write_database: WriteDatabase, write_inventory: WriteInventory
) -> None:
    inventory = load_inventory(
        [write_inventory("9.255.255.0/25,,,DE,,2020-01-01T00:00:00Z,,noc@example.com,contract")]
    )
    database = open_database(write_database({"9.255.254.0/24": country("US")}), None, AS_OF)
    sources = borders_of(AtlasSettings((database,), inventory))
    starts = {extent.address for extent in extents_of("8.0.0.0/5", sources, most=MANY) or ()}
    assert {"9.255.254.0", "9.255.255.0", "9.255.255.128", "10.0.0.0", "11.0.0.0"} <= starts


def test_published_lists_and_translators_cut_too(tmp_path: Path) -> None:
    feed = tmp_path / "feed-2020-11-01.csv"
    feed.write_text("203.0.113.64/28,DE,,,\n")
    settings = AtlasSettings(
        (), None, ranges=open_geofeeds([str(feed)], AS_OF), nat64=(IPv6Network("2a00:64::/96"),)
    )
    sources = borders_of(settings)
    starts = [extent.address for extent in extents_of("203.0.113.0/25", sources, most=MANY) or ()]
    assert starts == ["203.0.113.0", "203.0.113.64", "203.0.113.80"]
    starts = [extent.address for extent in extents_of("2a00:64::/95", sources, most=MANY) or ()]
    assert starts == ["2a00:64::", "2a00:64::1:0:0"]


def test_every_recorded_address_is_a_stretch_of_its_own(tmp_path: Path) -> None:
    record_at(tmp_path, BUILT, answer("1.2.3.5"), answer("2a00::5"))
    settings = AtlasSettings((), None, ledger=open_ledger(str(tmp_path), AS_OF))
    for prefix, starts in {
        "1.2.3.0/29": ["1.2.3.0", "1.2.3.5", "1.2.3.6"],
        "2a00::/120": ["2a00::", "2a00::5", "2a00::6"],
    }.items():
        extents = extents_of(prefix, borders_of(settings), most=MANY)
        assert [extent.address for extent in extents or ()] == starts


NAMES = [
    ("turn.example", ("turn.example",)),
    ("*.example", ("*.example", "*.b.example", "a.example", "x.b.example")),
    ("*.b.example", ("*.b.example", "x.b.example")),
    ("*.c.example", ("*.c.example",)),
]


@pytest.mark.parametrize(("name", "hosts"), NAMES)
def test_a_name_stands_for_the_hosts_that_the_inventory_tells_apart(
    name: str, hosts: tuple[str, ...], write_inventory: WriteInventory
) -> None:
    lines = [
        f",,{known},DE,,2020-01-01T00:00:00Z,,noc@example.com,contract"
        for known in ("a.example", "*.b.example", "x.b.example", "aexample", "*.example")
    ]
    assert hosts_of(name, load_inventory([write_inventory(*lines)])) == hosts


def test_without_an_inventory_a_name_is_one_host() -> None:
    assert hosts_of("*.example", None) == ("*.example",)


def test_a_database_that_was_replaced_is_not_asked(write_database: WriteDatabase) -> None:
    database = open_database(write_database({"1.0.0.0/8": country("US")}), None, AS_OF)
    Path(database.path).write_bytes(b"something else")
    with pytest.raises(Exception, match="is not the file that the audit began with"):
        borders_of(AtlasSettings((database,), None))
