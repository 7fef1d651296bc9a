"""Finds the lines of an inventory that speak for a relay at an instant.

Design: GEOLOCATION.md, section 6.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from auditor.geo.attested import Attested
from auditor.geo.fields import name_key, site_key
from auditor.geo.inventory import Inventory
from auditor.geo.stretches import Stretches, blocks_of
from auditor.model import Role


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
        prefixes: Sequence[str | None] = self._lines.column("prefix")
        self._prefixed = [place for place, prefix in enumerate(prefixes) if prefix is not None]
        self._stretches = Stretches.of(blocks_of(prefix for prefix in prefixes if prefix is not None))
        self._by_site = _grouped(self._lines.column("site_key"))
        self._by_name = _grouped(self._lines.column("name_key"))

    def segments_of(self, addresses: pl.Series) -> pl.Series:
        """Give the number of the stretch of addresses, between two borders of prefixes, that holds each one.

        Null for null. Addresses in one stretch have the same prefixes.
        """
        return self._stretches.indices_of(addresses)

    def find(self, question: Question) -> tuple[Found, ...]:
        """Find the line for the address, the site and each name that the question has."""
        return tuple(self._find(question))

    def changes(self, segment: int | None, site: str | None, names: Iterable[str]) -> Iterator[datetime]:
        """List the instants at which a line begins or ceases to hold that may speak for such a relay."""
        for line in self._heard_of(segment, site, names):
            yield line.from_at
            if line.until_at is not None:
                yield line.until_at

    def _heard_of(self, segment: int | None, site: str | None, names: Iterable[str]) -> Iterator[Attested]:
        if segment is not None:
            yield from self._chain_of(segment)
        if site is not None:
            yield from self._of_site(site_key(site))
        for name in names:
            for pattern in _patterns(name_key(name)):
                yield from self._of_name(pattern)

    def _find(self, question: Question) -> Iterator[Found]:
        key = site_key(question.site) if question.site is not None else None
        if question.segment is not None:
            yield self._by_prefix(question.segment, question, key)
        if key is not None:
            yield Found("site", _best(self._of_site(key), question))
        for name in question.names:
            yield Found("name", self._named(name_key(name), question))

    def _by_prefix(self, segment: int, question: Question, site: str | None) -> Found:
        """Take the longest prefix; a private one that names a site, only at that site.

        A wide prefix of public space says nothing of a private network within its borders. Without a site, a
        private address may be in any of the sites' networks that use it: all lines have to agree.
        """
        valid = [
            line
            for line in self._chain_of(segment)
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

    def _chain_of(self, segment: int) -> Iterator[Attested]:
        """List the lines whose prefixes hold a stretch, longest prefix first."""
        return (self._lines[self._prefixed[place]] for place in self._stretches.chain_of(segment))

    def _of_site(self, key: str) -> Iterator[Attested]:
        return (self._lines[place] for place in self._by_site.get(key, ()))

    def _of_name(self, pattern: str) -> Iterator[Attested]:
        return (self._lines[place] for place in self._by_name.get(pattern, ()))

    def _named(self, name: str, question: Question) -> Attested | None:
        """Take the whole name, else the longest ending that a line with `*.` has."""
        found = (_best(self._of_name(pattern), question) for pattern in _patterns(name))
        return next((line for line in found if line), None)


def _patterns(name: str) -> Iterator[str]:
    """Spell what lines may call a host: its whole name, then its endings, the longest first."""
    yield name
    labels = name.split(".")
    yield from (f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels)))


def _grouped(keys: Iterable[str | None]) -> dict[str, list[int]]:
    """Give the places of the lines that have each key."""
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if key is not None:
            groups.setdefault(key, []).append(place)
    return groups


def _fits(line: Attested, question: Question) -> bool:
    return line.holds_at(question.at) and line.role in (None, question.role)


def _best(lines: Iterable[Attested], question: Question) -> Attested | None:
    """Take a line with the role before one without, then the one that holds longest already."""
    fitting = [line for line in lines if _fits(line, question)]
    return min(fitting, key=lambda line: (line.role is None, line.from_at, line.line), default=None)
