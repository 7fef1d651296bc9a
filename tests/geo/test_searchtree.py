import io
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.searchtree import Shape, read_tree
from tests.geo.conftest import WriteDatabase
from tests.geo.records import RECORDS

MARKER = b"\xab\xcd\xefMaxMind.com"
Nodes = Sequence[tuple[int, int]]


def packed(left: int, right: int, record_size: int) -> bytes:
    """Write a node as the format says."""
    if record_size == 24:
        return left.to_bytes(3, "big") + right.to_bytes(3, "big")
    if record_size == 32:
        return struct.pack(">II", left, right)
    middle = (left >> 24) << 4 | right >> 24
    return (left & 0xFFFFFF).to_bytes(3, "big") + bytes((middle,)) + (right & 0xFFFFFF).to_bytes(3, "big")


def file_of(nodes: Nodes, record_size: int = 24, data: int = 100, separator: bytes = bytes(16)) -> io.BytesIO:
    tree = b"".join(packed(left, right, record_size) for left, right in nodes)
    return io.BytesIO(tree + separator + bytes(data) + MARKER)


def shape(nodes: int, record_size: int = 24, ip_version: int = 4) -> Shape:
    return Shape(nodes, record_size, ip_version)


@pytest.mark.parametrize(("record_size", "bits"), [(24, 24), (28, 28), (32, 32)])
@given(data=st.data())
def test_nodes_are_read_as_they_were_written(record_size: int, bits: int, data: st.DataObject) -> None:
    numbers = st.integers(0, 2 ** min(bits, 27) - 200)
    nodes = data.draw(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=40))
    whole = [(min(left, len(nodes)), min(right, len(nodes))) for left, right in nodes]
    tree = read_tree(file_of(whole, record_size), shape(len(whole), record_size))
    assert list(zip(tree.left, tree.right, strict=True)) == whole


@pytest.mark.parametrize("record_size", [24, 28, 32])
def test_the_largest_numbers_keep_all_their_bits(record_size: int) -> None:
    first = 2**record_size - 100
    far = file_of([(first, first + 1)], record_size)
    with pytest.raises(ValueError, match="leads out of its data"):
        read_tree(far, shape(1, record_size))


@pytest.mark.parametrize(
    ("nodes", "data", "says"),
    [
        ([(2, 0)], 100, "leads out of its data"),  # between the tree and the data
        ([(16, 0)], 100, "leads out of its data"),
        ([(117, 0)], 100, "leads out of its data"),
        ([(0, 117)], 100, "leads out of its data"),
    ],
)
def test_a_tree_that_leads_elsewhere_is_damaged(nodes: Nodes, data: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_tree(file_of(nodes, data=data), shape(len(nodes)))
    assert read_tree(file_of([(17, 116)], data=data), shape(1)).one_address_each(9)


def test_a_tree_that_is_longer_or_shorter_than_said_is_damaged() -> None:
    nodes = [(1, 2), (2, 2)]
    with pytest.raises(ValueError, match="does not end where"):
        read_tree(file_of(nodes, separator=b"\x01" * 16), shape(2))
    with pytest.raises(ValueError, match="does not end where"):
        read_tree(file_of(nodes), shape(1))
    with pytest.raises(ValueError, match="extends past its metadata"):
        read_tree(file_of(nodes, data=0), shape(9999))
    with pytest.raises(ValueError, match="0 nodes"):
        read_tree(file_of(nodes), shape(0))
    with pytest.raises(ValueError, match="records of 25 bits"):
        read_tree(file_of(nodes), shape(2, 25))


@pytest.mark.parametrize("ip_version", [4, 6])
def test_a_loop_comes_to_an_end(ip_version: int) -> None:
    tree = read_tree(file_of([(1, 1), (2, 2), (1, 3)]), shape(3, ip_version=ip_version))
    with pytest.raises(ValueError, match=r"deeper than an address has bits|grow together"):
        tree.one_address_each(9)


def test_branches_that_grow_together_at_every_step_are_not_walked() -> None:
    chain = [(node + 1, node + 1) for node in range(100)] + [(101, 101)]
    with pytest.raises(ValueError, match="grow together"):
        read_tree(file_of(chain), shape(101, ip_version=6)).one_address_each(9)


def test_each_record_has_one_address(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS)
    with maxminddb.open_database(path, maxminddb.MODE_MEMORY) as reader, path.open("rb") as file:
        metadata = reader.metadata()
        tree = read_tree(file, shape(metadata.node_count, metadata.record_size, 6))
        addresses = tree.one_address_each(99)
        found = [str(reader.get(address)) for address in addresses]
    assert sorted(found) == sorted({str(record) for record in RECORDS.values()})
    assert {type(address) for address in addresses} == {IPv4Address, IPv6Address}
    assert len(tree.one_address_each(4)) == 4
