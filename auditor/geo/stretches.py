"""Stretches of address space: which of many nested prefixes hold an address.

All borders of all prefixes cut the address space into stretches; the addresses of one stretch have the same
prefixes, so that what holds for a stretch is worked out once, and an address only has to find its own.
"""

import socket
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import polars as pl

BITS = {4: 32, 6: 128}
"""The length of an address, by IP version."""

_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_NOBODY = -1
_LENGTH_BITS = 8


class Block(NamedTuple):
    """A prefix in numbers: IP version, first address, and length. `first` has no host bits."""

    version: int
    first: int
    length: int

    @property
    def end(self) -> int:
        """The number after that of its last address."""
        return self.first + (1 << BITS[self.version] - self.length)

    @property
    def text(self) -> str:
        """The prefix in its shortest spelling."""
        address = IPv4Address(self.first) if self.version == 4 else IPv6Address(self.first)  # noqa: PLR2004  an IP version is its own name
        return f"{address}/{self.length}"


@dataclass(frozen=True, slots=True)
class Stretches:
    """The stretches between the borders of some prefixes, numbered from 0: those of IPv4, then those of IPv6.

    `starts[version]` has the first addresses, in order; `innermost[i]` is the place of the longest prefix
    that holds the i-th stretch, and `parents[p]` that of the next longer prefix around the p-th, both among
    the prefixes as they were given; -1 for none. Equal prefixes hold each other, the first one innermost.
    `ipv4_starts` is `starts[4]`, for many addresses at once.
    """

    starts: dict[int, list[int]]
    innermost: list[int]
    parents: list[int]
    ipv4_starts: pl.Series = field(compare=False)

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> "Stretches":
        """Cut the address space at the borders of `blocks`."""
        parents = [_NOBODY] * len(blocks)
        starts: dict[int, list[int]] = {}
        innermost: list[int] = []
        for version in BITS:
            edges = dict(_edges(version, blocks, parents))  # the last word on one border is the right one
            starts[version] = list(edges)
            innermost.extend(edges.values())
        return cls(starts, innermost, parents, pl.Series(starts[4], dtype=pl.UInt32))

    def index_of(self, address: int, version: int) -> int:
        """Find the stretch in which one address lies."""
        before = len(self.starts[4]) if version == 6 else 0  # noqa: PLR2004  an IP version is its own name
        return before + bisect_right(self.starts[version], address) - 1

    def indices_of(self, addresses: pl.Series) -> pl.Series:
        """Find the stretch of each of many addresses, in canonical text; null for null.

        IPv4 in polars; Python for each distinct IPv6 address.
        """
        text = pl.col("address")
        is_ipv6 = text.str.contains(":", literal=True)
        frame = pl.DataFrame({"address": addresses.cast(pl.String)}).with_columns(
            four=_ipv4_number(pl.when(~is_ipv6).then(text)), six=pl.when(is_ipv6).then(text)
        )
        found = self.ipv4_starts.search_sorted(frame["four"], side="right").cast(pl.Int64) - 1
        return frame.select(
            pl.coalesce(
                pl.when(pl.col("four").is_not_null()).then(found),
                self._ipv6_indices(frame["six"]),
            )
        ).to_series()

    def chain_of(self, index: int) -> Iterator[int]:
        """List the prefixes that hold a stretch, longest first."""
        place = self.innermost[index]
        while place != _NOBODY:
            yield place
            place = self.parents[place]

    def _ipv6_indices(self, texts: pl.Series) -> pl.Series:
        distinct = texts.drop_nulls().unique()
        if distinct.is_empty():
            return pl.repeat(None, texts.len(), dtype=pl.Int64, eager=True)
        found = pl.Series([self.index_of(number_of(text, 6), 6) for text in distinct], dtype=pl.Int64)
        return texts.replace_strict(distinct, found, default=None, return_dtype=pl.Int64)


def number_of(text: str, version: int) -> int:
    """Read one address as a number. Raises ValueError if it is none of this version."""
    try:
        return int.from_bytes(socket.inet_pton(_FAMILY[version], text))
    except OSError as error:
        raise ValueError(f"`{text}` is no IPv{version} address") from error


def block_of(prefix: str) -> Block:
    """Read a prefix, `address/length`. Raises ValueError if it is none, or has host bits set."""
    address, _, written = prefix.partition("/")
    version = 6 if ":" in address else 4
    length = int(written) if written.isascii() and written.isdecimal() and len(written) <= 3 else -1  # noqa: PLR2004  as many digits as 128 has
    if not 0 <= length <= BITS[version]:
        raise ValueError(f"`{prefix}` is no prefix")
    block = Block(version, number_of(address, version), length)
    if block.first & (block.end - block.first - 1):
        raise ValueError(f"`{prefix}` has host bits set")
    return block


def blocks_of(prefixes: Iterable[str]) -> list[Block]:
    """Read many prefixes that `block_of` would take, IPv4 ones at once."""
    known = list(prefixes)
    text = pl.col("prefix")
    parts = text.str.split_exact("/", 1).struct
    numbers = pl.DataFrame({"prefix": known}, schema={"prefix": pl.String}).select(
        first=pl.when(~text.str.contains(":", literal=True)).then(_ipv4_number(parts.field("field_0"))),
        length=parts.field("field_1").cast(pl.UInt8),
    )
    rows = zip(known, numbers["first"].to_list(), numbers["length"].to_list(), strict=True)
    return [block_of(prefix) if first is None else Block(4, first, length) for prefix, first, length in rows]


def _edges(version: int, blocks: Sequence[Block], parents: list[int]) -> Iterable[tuple[int, int]]:
    """Walk along the address space: where a stretch may begin, and the longest prefix there.

    In order; where several prefixes begin or end together, the last of their words holds. Fills `parents`.
    """
    places = [place for place, block in enumerate(blocks) if block.version == version]
    places.reverse()  # sorting keeps the order of equals
    places.sort(key=lambda place: blocks[place].first << _LENGTH_BITS | blocks[place].length)
    around: list[tuple[int, int]] = []  # the prefixes that are open: their ends and their places
    yield 0, _NOBODY
    for place in places:
        _, first, length = blocks[place]
        while around and around[-1][0] <= first:
            end, _ = around.pop()
            yield end, around[-1][1] if around else _NOBODY
        parents[place] = around[-1][1] if around else _NOBODY
        around.append((first + (1 << BITS[version] - length), place))
        yield first, place
    while around:
        end, _ = around.pop()
        if end < 1 << BITS[version]:
            yield end, around[-1][1] if around else _NOBODY


def _ipv4_number(text: pl.Expr) -> pl.Expr:
    """Read dotted IPv4 addresses as numbers; null for null."""
    parts = text.str.split_exact(".", 3)
    number = pl.lit(0, dtype=pl.UInt32)
    for part in range(4):
        number = number * 256 + parts.struct.field(f"field_{part}").cast(pl.UInt32)
    return number
