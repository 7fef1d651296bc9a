"""The stretches of a prefix within which no source of evidence can change its mind, each by one address.

What holds for a prefix as a whole is thus found by asking about few addresses. Design: GEOLOCATION.md,
section 6.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from auditor.errors import GeoError
from auditor.geo.atlas import AtlasSettings
from auditor.geo.fields import name_key
from auditor.geo.files import identity_of, replaced
from auditor.geo.inventory import Inventory
from auditor.geo.ledger.recorded import load_recorded
from auditor.geo.mmdb import Database
from auditor.geo.ranges.table import RangeTable
from auditor.geo.readers import damage_named, open_whole
from auditor.geo.stretches import BITS, Block, block_of

_ADDRESS: dict[int, type[IPv4Address] | type[IPv6Address]] = {4: IPv4Address, 6: IPv6Address}
_ANY_HOST = "*."


class Bordered(Protocol):
    """A source of evidence that says the same of all addresses between two of its borders."""

    def next_border(self, version: int, address: int) -> int:
        """Give the first address after one, as a number, at which something else may be said.

        `version` is that of IP. Where nothing more comes: the number after the last address, or a later one.
        """
        ...


class Borders:
    """The borders of some prefixes."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        edges: dict[int, set[int]] = {version: set() for version in BITS}
        for block in blocks:
            edges[block.version].update((block.first, block.end))
        self._edges = {version: sorted(found) for version, found in edges.items()}

    def next_border(self, version: int, address: int) -> int:
        """See Bordered."""
        edges = self._edges[version]
        place = bisect_right(edges, address)
        return edges[place] if place < len(edges) else 1 << BITS[version]


@dataclass(frozen=True, slots=True)
class Extent:
    """Addresses, from the first to the last, of which every source says one thing."""

    version: int
    first: int
    last: int

    @property
    def address(self) -> str:
        """The first address, in its canonical spelling: it stands for all."""
        return str(_ADDRESS[self.version](self.first))


def extents_of(prefix: str, sources: Sequence[Bordered], *, most: int) -> tuple[Extent, ...] | None:
    """Cut a prefix at the borders of all sources; None where that gives more than `most` stretches."""
    block = block_of(prefix)
    found: list[Extent] = []
    first = block.first
    while first < block.end:
        if len(found) == most:
            return None
        borders = (source.next_border(block.version, first) for source in sources)
        end = min((block.end, *borders))
        found.append(Extent(block.version, first, end - 1))
        first = end
    return tuple(found)


def networks_of(extents: Iterable[Extent]) -> list[str]:
    """Name stretches by the fewest prefixes that hold just their addresses; neighbours are joined."""
    ordered = sorted(extents, key=lambda extent: (extent.version, extent.first))
    networks: list[IPv4Network | IPv6Network] = []
    for run in _runs(ordered):
        address = _ADDRESS[run[0].version]
        networks += summarize_address_range(address(run[0].first), address(run[-1].last))
    return [str(network) for network in networks]


def hosts_of(name: str, inventory: Inventory | None) -> tuple[str, ...]:
    """Give the hosts that a host name stands for, as far as the inventory tells them apart.

    A name that begins with `*.` stands for itself, that is for all that have no line of their own, and for
    each name below it that has one.
    """
    key = name_key(name)
    if not key.startswith(_ANY_HOST) or inventory is None:
        return (name,)
    ending = key.removeprefix("*")
    below = {line.name_key for line in inventory.lines if line.name_key and line.name_key.endswith(ending)}
    return (key, *sorted(below - {key}))


def borders_of(settings: AtlasSettings) -> tuple[Bordered, ...]:
    """Open everything that tells addresses apart. Raises GeoError where a file is no longer what it was."""
    return (
        Borders(_blocks(settings)),
        *(_Tree(database) for database in settings.databases),
    )


class _Tree:
    """A database, whose search tree ends at every border."""

    def __init__(self, database: Database) -> None:
        self._database = database
        if identity_of(Path(database.path)).sha256 != database.sha256:
            raise GeoError(replaced(database.path))
        with damage_named(database.path):
            self._reader = open_whole(Path(database.path))

    def next_border(self, version: int, address: int) -> int:
        """See Bordered."""
        bits = BITS[version]
        if version > self._database.ip_version:
            return 1 << bits
        with damage_named(self._database.path):
            _, length = self._reader.get_with_prefix_len(_ADDRESS[version](address))
        host_bits = bits - min(max(length, 0), bits)
        return (address >> host_bits) + 1 << host_bits


def _blocks(settings: AtlasSettings) -> Iterator[Block]:
    """List the prefixes of all sources that have some, and the addresses of those that have addresses."""
    with (Path(__file__).parent / "special_addresses.csv").open(encoding="utf-8", newline="") as table:
        yield from [block_of(row["prefix"]) for row in csv.DictReader(table)]
    yield from (block_of(str(prefix)) for prefix in settings.nat64)
    if settings.inventory:
        yield from (block_of(line.prefix) for line in settings.inventory.lines if line.prefix)
    for file in settings.ranges:
        yield from RangeTable(file).blocks
    if settings.ledger:
        folder = Path(settings.ledger.path)
        for recording in settings.ledger.recordings:
            recorded = load_recorded(folder / recording.file)["address"].unique()
            yield from (block_of(f"{text}/{BITS[6 if ':' in text else 4]}") for text in recorded)


def _runs(ordered: Sequence[Extent]) -> Iterator[Sequence[Extent]]:
    """Part stretches where one does not follow on the other."""
    start = 0
    for place, (before, after) in enumerate(pairwise(ordered), start=1):
        if (after.version, after.first) != (before.version, before.last + 1):
            yield ordered[start:place]
            start = place
    if ordered:
        yield ordered[start:]
