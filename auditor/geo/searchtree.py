"""The search tree of a MaxMind DB: whether it holds together, and one address for each of its records.

The readers follow one path at a time, and trust what they find. Here the tree is read whole, as columns.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import BinaryIO

import polars as pl

_MARKER = b"\xab\xcd\xefMaxMind.com"
_MARKER_WITHIN = 128 * 1024
_SEPARATOR = bytes(16)
_CHUNK_NODES = 1 << 20
_HIGH_NIBBLE = bytes(number >> 4 for number in range(256))
_LOW_NIBBLE = bytes(number & 15 for number in range(256))
_IPV4, _IPV4_BITS, _IPV6_BITS = 4, 32, 128
_ONE = pl.Series([1], dtype=pl.UInt128)
_MEETINGS = 8
"""No tree that makers write leads to a node from more than a few places. One that did could have more paths
than anybody can walk."""
_PLANES = {
    24: ((2, 1, 0, None), (5, 4, 3, None)),
    28: ((2, 1, 0, _HIGH_NIBBLE), (6, 5, 4, _LOW_NIBBLE)),
    32: ((3, 2, 1, 0), (7, 6, 5, 4)),
}
"""Which byte of a node is which of the left and the right record, lowest first. None is zero, and a table
takes its half of byte 3."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the metadata says of the tree. `record_size` is in bits, and `ip_version` 4 or 6."""

    nodes: int
    record_size: int
    ip_version: int

    @property
    def node_bytes(self) -> int:
        """The size of a node."""
        return self.record_size // 4


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The two records of each node, as UInt32: below `nodes` a node, `nodes` itself nothing, else data."""

    shape: Shape
    left: pl.Series
    right: pl.Series

    def one_address_each(self, limit: int) -> list[IPv4Address | IPv6Address]:
        """List an address for each of the different records; of more than `limit`, so many spread evenly.

        Raises ValueError where the tree goes deeper than an address has bits, or grows together.
        """
        leaves = pl.concat(self._leaves()).unique("record", keep="first", maintain_order=True).sort("record")
        some = leaves.gather_every(-(-leaves.height // limit)) if leaves.height > limit else leaves
        return [
            (IPv4Address if bits == _IPV4_BITS else IPv6Address)(path << (bits - depth))
            for path, depth, bits in some.select("path", "depth", "bits").iter_rows()
        ]

    def _leaves(self) -> Iterator[pl.DataFrame]:
        """Walk down, first where IPv4 addresses begin, and then from the top to whatever else there is."""
        if self.shape.ip_version == _IPV4:
            yield from self._below(0, _IPV4_BITS)
            return
        ipv4_start = self._ipv4_start()
        yield from self._below(ipv4_start, _IPV4_BITS)
        yield from self._below(0, _IPV6_BITS, but_for=ipv4_start)

    def _ipv4_start(self) -> int:
        node = 0
        for _ in range(_IPV6_BITS - _IPV4_BITS):
            if node >= self.shape.nodes:
                break
            node = int(self.left[node])
        return node

    def _below(self, start: int, bits: int, but_for: int | None = None) -> Iterator[pl.DataFrame]:
        """Walk down level by level.

        `but_for` is the node where IPv4 begins: makers hang it up in several places of the IPv6 tree.
        """
        nodes, met = self.shape.nodes, 0
        records, paths = pl.Series([start], dtype=pl.UInt32), pl.Series([0], dtype=pl.UInt128)
        for depth in range(bits + 1):
            is_data = records > nodes
            if is_data.any():
                leaves = pl.DataFrame({"record": records.filter(is_data), "path": paths.filter(is_data)})
                yield leaves.with_columns(depth=pl.lit(depth), bits=pl.lit(bits))
            is_node = records < nodes
            if but_for is not None and 0 < depth <= _IPV6_BITS - _IPV4_BITS:
                is_node &= records != but_for
            inner, paths = records.filter(is_node), paths.filter(is_node)
            met += inner.len()
            if inner.is_empty():
                return
            if met > _MEETINGS * nodes:
                raise ValueError("its search tree is no tree: too many of its branches grow together")
            records = self.left.gather(inner).append(self.right.gather(inner))
            paths = (paths + paths).append(paths + paths + _ONE)
        raise ValueError("its search tree goes deeper than an address has bits")


def read_tree(file: BinaryIO, shape: Shape) -> SearchTree:
    """Read the search tree at the beginning of `file`.

    Raises ValueError where it does not fit the file, or leads to what is no data.
    """
    if shape.record_size not in _PLANES or shape.nodes < 1:
        raise ValueError(f"it has {shape.nodes} nodes with records of {shape.record_size} bits")
    data_bytes = _data_bytes(file, shape)
    file.seek(0)
    chunks = [
        _columns(file.read(min(_CHUNK_NODES, shape.nodes - first) * shape.node_bytes), shape)
        for first in range(0, shape.nodes, _CHUNK_NODES)
    ]
    if file.read(len(_SEPARATOR)) != _SEPARATOR:
        raise ValueError("its search tree does not end where its metadata say")
    left, right = (pl.concat([chunk[side] for chunk in chunks]) for side in (0, 1))
    first_record = shape.nodes + len(_SEPARATOR)
    for records in (left, right):
        out = (records > shape.nodes) & ((records < first_record) | (records >= first_record + data_bytes))
        if out.any():
            raise ValueError("its search tree leads out of its data")
    return SearchTree(shape, left, right)


def metadata_in(file: BinaryIO) -> tuple[int, bytes]:
    """Find the metadata, which are last in a file: where their marker stands, and all that follows it.

    Raises ValueError where there is no marker.
    """
    size = file.seek(0, os.SEEK_END)
    tail_at = max(0, size - _MARKER_WITHIN)
    file.seek(tail_at)
    tail = file.read()
    marker = tail.rfind(_MARKER)
    if marker < 0:
        raise ValueError("it has no metadata")
    return tail_at + marker, tail[marker + len(_MARKER) :]


def _data_bytes(file: BinaryIO, shape: Shape) -> int:
    """Find out how long the data are, which lie between the tree and the metadata."""
    marker_at, _ = metadata_in(file)
    data = marker_at - shape.nodes * shape.node_bytes - len(_SEPARATOR)
    if data < 0:
        raise ValueError("its search tree extends past its metadata")
    return data


def _columns(nodes: bytes, shape: Shape) -> tuple[pl.Series, pl.Series]:
    """Take nodes apart into their two records."""
    left, right = (_column(nodes, planes, shape.node_bytes) for planes in _PLANES[shape.record_size])
    return left, right


def _column(nodes: bytes, planes: tuple[int | bytes | None, ...], node_bytes: int) -> pl.Series:
    count = len(nodes) // node_bytes
    little = bytearray(4 * count)
    for place, plane in enumerate(planes):
        if isinstance(plane, int):
            little[place::4] = nodes[plane::node_bytes]
        elif plane is not None:
            little[place::4] = nodes[3::node_bytes].translate(plane)
    numbers = pl.Array(pl.UInt32, count)
    return pl.Series([bytes(little)]).bin.reinterpret(dtype=numbers, endianness="little").explode()
