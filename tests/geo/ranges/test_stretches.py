import itertools
from ipaddress import ip_address, ip_network

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.geo.stretches import Block, Stretches, block_of, number_of


def prefix(version: int, number: int, length: int) -> str:
    bits = 32 if version == 4 else 128
    number &= (1 << bits) - 1
    return str(ip_network((number >> bits - length << bits - length, length)))


ENDS = st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**64, 2**127, 2**128 - 1])
CROWDED = st.builds(
    lambda number, length: prefix(4, number << 28, length), st.integers(0, 15), st.integers(0, 4)
)
"""So few that they nest and touch."""
PREFIXES = (
    CROWDED
    | st.builds(prefix, st.just(4), ENDS | st.integers(0, 2**32 - 1), st.integers(0, 32))
    | st.builds(prefix, st.just(6), ENDS | st.integers(0, 2**128 - 1), st.integers(0, 128))
)


@settings(deadline=None)
@given(st.lists(PREFIXES, max_size=25), st.lists(PREFIXES, max_size=5))
def test_the_chain_of_a_stretch_is_every_prefix_that_holds_it_longest_first(
    prefixes: list[str], others: list[str]
) -> None:
    prefixes = [*prefixes, *prefixes[:3]]  # equal ones, too
    networks = [ip_network(text) for text in prefixes]
    stretches = Stretches.of([block_of(text) for text in prefixes])
    addresses = [end for text in (*prefixes, *others) for end in (ip_network(text)[0], ip_network(text)[-1])]

    together = stretches.indices_of(pl.Series([str(address) for address in addresses], dtype=pl.String))

    for address, index in zip(addresses, together, strict=True):
        holding = [at for at, one in enumerate(networks) if one.version == address.version and address in one]
        assert stretches.index_of(int(address), address.version) == index
        assert list(stretches.chain_of(index)) == sorted(
            holding, key=lambda at: (-networks[at].prefixlen, at)
        )


@given(st.lists(PREFIXES, max_size=25))
def test_two_neighbouring_stretches_differ(prefixes: list[str]) -> None:
    stretches = Stretches.of([block_of(text) for text in set(prefixes)])

    bounds = len(stretches.starts[4])
    for part in (stretches.innermost[:bounds], stretches.innermost[bounds:]):
        assert all(one != other for one, other in itertools.pairwise(part))
    for starts in stretches.starts.values():
        assert starts[0] == 0
        assert starts == sorted(set(starts))


def test_without_prefixes_each_version_is_one_stretch() -> None:
    stretches = Stretches.of([])

    found = stretches.indices_of(pl.Series(["0.0.0.1", None, "255.255.255.255", "::", "ff::"]))

    assert found.to_list() == [0, None, 0, 1, 1]
    assert list(stretches.chain_of(0)) == []


def test_a_thousand_equal_prefixes_are_one_chain() -> None:
    stretches = Stretches.of([block_of("192.0.2.0/24")] * 1000)

    (index,) = stretches.indices_of(pl.Series(["192.0.2.7"]))

    assert list(stretches.chain_of(index)) == list(range(1000))


@given(PREFIXES)
def test_a_prefix_read_is_the_one_that_was_written(text: str) -> None:
    block = block_of(text)
    network = ip_network(text)

    assert block == Block(network.version, int(network[0]), network.prefixlen)
    assert (block.text, block.end - 1) == (text, int(network[-1]))


@pytest.mark.parametrize(
    "text",
    [
        *("192.0.2.0", "192.0.2.0/", "/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+24", "192.0.2/24"),
        *("192.0.2.0/024x", "192.0.2.0/255.255.255.0", "192.0.02.0/24", "0x1.0.0.0/8", "3221225984/32"),
        *("192.0.2.0 /24", " 192.0.2.0/24", "192.0.2.0/24\0", "\0/8", "192.0.2.0/²⁴", "\uff11.0.0.0/8"),
        *(
            "2001:db8::/129",
            "fe80::%1/64",
            "2001:db8:::/32",
            "[2001:db8::]/32",
            "192.0.2.1/24",
            "2001:db8::1/64",
        ),
    ],
)
def test_what_is_no_prefix_or_has_host_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|has host bits|null"):
        block_of(text)


@given(st.ip_addresses())
def test_an_address_is_read_as_its_number(address: object) -> None:
    read = ip_address(str(address))

    assert number_of(str(read), read.version) == int(read)
