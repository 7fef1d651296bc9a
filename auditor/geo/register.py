"""Finds the lines of an inventory that speak for a relay at an instant.

Design: GEOLOCATION.md, section 6.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address

import polars as pl

from auditor.geo.fields import name_key, site_key
from auditor.geo.inventory import Attested, Inventory
from auditor.model import Role

_VERSIONS = (4, 6)


@dataclass(frozen=True, slots=True)
class Question:
    """A relay, as the inventory sees it.

    `segment` is of `Register.segments_of`; `private` tells whether the address is one that everybody uses;
    names are host names.
    """

    segment: int | None
    private: bool
    site: str | None
    names: tuple[str, ...]
    role: Role
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked for (`prefix`, `site` or `name`), and the line that was found, if any.

    `at_odds` tells that there are lines, which only the missing site could choose between.
    """

    by: str
    line: Attested | None
    at_odds: bool = False


class Register:
    """An inventory, indexed."""

    def __init__(self, inventory: Inventory) -> None:
        self._lines = inventory.lines
        self._segments = {version: _Segments(version, inventory.lines) for version in _VERSIONS}
        self._by_site = _grouped((line.site_key, line) for line in inventory.lines)
        self._by_name = _grouped((line.name_key, line) for line in inventory.lines)

    def segments_of(self, addresses: pl.Series) -> pl.Series:
        """Give the number of the stretch of addresses, between two borders of prefixes, that holds each one.

        Null for null. Addresses in one stretch have the same prefixes. Python per distinct address.
        """
        distinct = addresses.drop_nulls().unique()
        numbers = pl.Series([self._segment_of(text) for text in distinct], dtype=pl.Int64)
        if distinct.is_empty():
            return pl.repeat(None, addresses.len(), dtype=pl.Int64, eager=True)
        return addresses.replace_strict(distinct, numbers, default=None, return_dtype=pl.Int64)

    def find(self, question: Question) -> tuple[Found, ...]:
        """Find the line for the address, the site and each name that the question has."""
        return tuple(self._find(question))

    def _find(self, question: Question) -> Iterator[Found]:
        key = site_key(question.site) if question.site is not None else None
        if question.segment is not None:
            yield self._by_prefix(question, key)
        if key is not None:
            yield Found("site", _best(self._by_site.get(key, ()), question))
        for name in question.names:
            yield Found("name", self._named(name_key(name), question))

    def _segment_of(self, text: str) -> int:
        """Give IPv4 stretches even numbers, and IPv6 stretches odd ones."""
        address = ip_address(text)
        return 2 * self._segments[address.version].index_of(int(address)) + _VERSIONS.index(address.version)

    def _by_prefix(self, question: Question, site: str | None) -> Found:
        """Take the longest prefix; a private one that names a site, only at that site.

        A wide prefix of public space says nothing of a private network within its borders. Without a site, a
        private address may be in any of the sites' networks that use it: all lines have to agree.
        """
        index, family = divmod(question.segment or 0, len(_VERSIONS))
        valid = [
            line
            for line in self._segments[_VERSIONS[family]].chains[index]
            if line.private == question.private and _fits(line, question)
        ]
        if question.private and site is not None:
            valid = [line for line in valid if line.site_key in (None, site)]
        longest = [line for line in valid if line.prefix_length == valid[0].prefix_length]
        chosen = _best(longest, question)
        if question.private and site is None and any(line.site_key for line in valid):
            rivals = valid
        else:
            rivals = [line for line in longest if chosen is not None and line.role == chosen.role]
        at_odds = len({line.countries for line in rivals}) > 1
        return Found("prefix", None if at_odds else chosen, at_odds)

    def _named(self, name: str, question: Question) -> Attested | None:
        """Take the whole name, else the longest ending that a line with `*.` has."""
        labels = name.split(".")
        patterns = [name, *(f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels)))]
        found = (_best(self._by_name.get(pattern, ()), question) for pattern in patterns)
        return next((line for line in found if line), None)


class _Segments:
    """The address space of one version, cut at every border of a prefix.

    `chains[i]` has the lines whose prefixes hold the i-th stretch, longest prefix first.
    """

    def __init__(self, version: int, lines: Sequence[Attested]) -> None:
        held: dict[IPv4Network | IPv6Network, list[Attested]] = {}
        for line in lines:
            network = line.network
            if network is not None and network.version == version:
                held.setdefault(network, []).append(line)
        networks = sorted(held, key=lambda network: (int(network.network_address), network.prefixlen))
        ends = [int(network.broadcast_address) + 1 for network in networks]
        self.starts = sorted({0, *(int(network.network_address) for network in networks), *ends})
        self.chains: list[tuple[Attested, ...]] = []
        open_networks: list[IPv4Network | IPv6Network] = []
        following = iter([*networks, None])
        network = next(following)
        for start in self.starts:
            open_networks = [outer for outer in open_networks if int(outer.broadcast_address) >= start]
            while network is not None and int(network.network_address) == start:
                open_networks.append(network)
                network = next(following)
            self.chains.append(tuple(line for outer in reversed(open_networks) for line in held[outer]))

    def index_of(self, address: int) -> int:
        """Find the stretch in which an address lies."""
        return bisect_right(self.starts, address) - 1


def _grouped(pairs: Iterable[tuple[str | None, Attested]]) -> dict[str, list[Attested]]:
    groups: dict[str, list[Attested]] = {}
    for key, line in pairs:
        if key is not None:
            groups.setdefault(key, []).append(line)
    return groups


def _fits(line: Attested, question: Question) -> bool:
    return line.holds_at(question.at) and line.role in (None, question.role)


def _best(lines: Sequence[Attested], question: Question) -> Attested | None:
    """Take a line with the role before one without, then the one that holds longest already."""
    fitting = [line for line in lines if _fits(line, question)]
    return min(fitting, key=lambda line: (line.role is None, line.from_at, line.line), default=None)
