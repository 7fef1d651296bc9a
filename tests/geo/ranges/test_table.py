import pickle
from ipaddress import ip_address, ip_network
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import GeoError
from auditor.geo.ranges.files import open_geofeeds
from auditor.geo.ranges.table import RangeTable
from tests.geo.ranges.writing import CLOCK, feed_table, written

BITS = ((4, 32), (6, 128))
COUNTRIES = ("DE", "FR", "CN", "")

NUMBERS = st.integers(0, 2**10 - 1)
"""So few that prefixes nest, touch and hold most of the addresses asked."""


def network(version: int, number: int, length: int) -> str:
    """Make a prefix in a small part of the address space, and at its very ends."""
    bits = 32 if version == 4 else 128
    spread = (number << bits - 10 | number) & ((1 << bits) - 1)
    return str(ip_network((spread >> bits - length << bits - length, length)))


IPV4 = st.builds(network, st.just(4), NUMBERS, st.integers(0, 32))
IPV6 = st.builds(network, st.just(6), NUMBERS, st.integers(0, 128))
FEEDS = st.dictionaries(IPV4 | IPV6, st.sampled_from(COUNTRIES), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("feeds")


@settings(max_examples=60, deadline=None)
@given(feed=FEEDS, numbers=st.lists(NUMBERS, max_size=10))
def test_the_table_says_what_a_search_through_all_prefixes_finds(
    folder: Path, feed: dict[str, str], numbers: list[int]
) -> None:
    lines = "".join(f"{prefix},{country}\n" for prefix, country in feed.items())
    table = feed_table(folder / "feed_2026-11-16.csv", lines)
    networks = [ip_network(prefix) for prefix in feed]
    ends = [end for one in networks for end in (one[0], one[-1])]
    others = [ip_network(network(version, number, bits))[0] for version, bits in BITS for number in numbers]
    texts = [str(address) for address in (*ends, *others)]
    addresses = pl.Series([*texts, None], dtype=pl.String)

    found, prefixes = table.lookup(addresses), table.networks_of(addresses)

    for text, index, prefix in zip(texts, found.index, prefixes, strict=False):
        address = ip_address(text)
        holding = [one for one in networks if one.version == address.version and address in one]
        longest = max(holding, key=lambda one: one.prefixlen, default=None)
        assert prefix == (None if longest is None else str(longest))
        assert found.said[index].country == (feed[str(longest)] or None if longest else None)
    assert (found.index[-1], prefixes[-1]) == (None, None)


def test_no_addresses_have_no_answers(tmp_path: Path) -> None:
    table = feed_table(tmp_path / "feed_2026-11-16.csv", "192.0.2.0/24,DE")

    for addresses in (pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.String)):
        assert table.lookup(addresses).index.null_count() == addresses.len()
        assert table.networks_of(addresses).null_count() == addresses.len()


def test_the_whole_address_space_may_be_one_prefix(tmp_path: Path) -> None:
    table = feed_table(tmp_path / "feed_2026-11-16.csv", "0.0.0.0/0,DE\n::/0,FR\n")

    found = table.lookup(pl.Series(["0.0.0.1", "255.255.255.255", "::", "ffff::"]))

    assert [found.said[index].country for index in found.index] == ["DE", "DE", "FR", "FR"]


def test_a_file_that_was_altered_since_it_was_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "feed_2026-11-16.csv"
    (file,) = open_geofeeds([written(path, "192.0.2.0/24,DE")], CLOCK)
    sent = pickle.loads(pickle.dumps(file))  # noqa: S301  our own value, as it is sent to a worker
    assert RangeTable(sent).file == file

    written(path, "192.0.2.0/24,FR")
    with pytest.raises(GeoError, match="is not the file that the audit began with"):
        RangeTable(sent)

    path.unlink()
    with pytest.raises(GeoError, match="cannot be read"):
        RangeTable(sent)
