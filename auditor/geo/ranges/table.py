"""Answers from one published list, in the process where it runs."""

from dataclasses import replace
from functools import cached_property

import polars as pl

from auditor.errors import GeoError
from auditor.geo.files import replaced
from auditor.geo.mmdb import Lookup
from auditor.geo.ranges.files import RangeFile, read_published
from auditor.geo.ranges.published import NotPublishedError
from auditor.geo.schemas import Said
from auditor.geo.stretches import Stretches

_NO_PREFIX = Said(why_not="the list has no prefix that holds this address")


class RangeTable:
    """A list, indexed: the longest prefix that holds an address speaks for it.

    `blocks` has its prefixes, each once, in the order of the file. Raises GeoError on opening if the file is
    not, by its digest, the one described.
    """

    def __init__(self, file: RangeFile) -> None:
        self.file = file
        try:
            sha256, published = read_published(file.path, file.form)
        except NotPublishedError as error:
            raise GeoError.of(error.faults) from error
        if sha256 != file.sha256:
            raise GeoError(replaced(file.path))
        self.blocks = tuple(entry.block for entry in published.entries)
        self._said = [entry.said for entry in published.entries]
        self._stretches = Stretches.of(self.blocks)

    def lookup(self, addresses: pl.Series, *, with_city: bool = False) -> Lookup:
        """Ask for each of `addresses`: canonical texts of addresses, or null, which asks nothing.

        Without `with_city` no answer names a city: addresses that differ only by it have one answer.
        """
        numbers, said = self._with_cities if with_city else self._without_cities
        return Lookup(numbers.gather(self._stretches.indices_of(addresses)), said)

    def networks_of(self, addresses: pl.Series) -> pl.Series:
        """Give the longest prefix that holds each address; null where there is none."""
        innermost = pl.Series(self._stretches.innermost, dtype=pl.Int64)
        places = innermost.gather(self._stretches.indices_of(addresses))
        blocks = (None if place is None or place < 0 else self.blocks[place].text for place in places)
        return pl.Series(list(blocks), dtype=pl.String)

    @cached_property
    def _with_cities(self) -> tuple[pl.Series, tuple[Said, ...]]:
        return self._answers(self._said)

    @cached_property
    def _without_cities(self) -> tuple[pl.Series, tuple[Said, ...]]:
        plain = {said: replace(said, city=None) for said in set(self._said)}
        return self._answers([plain[said] for said in self._said])

    def _answers(self, said: list[Said]) -> tuple[pl.Series, tuple[Said, ...]]:
        """Give each stretch the number of its answer, and the distinct answers in that order."""
        numbers: dict[Said, int] = {_NO_PREFIX: 0}
        for one in said:
            numbers.setdefault(one, len(numbers))
        of_stretch = [
            numbers[said[place] if place >= 0 else _NO_PREFIX] for place in self._stretches.innermost
        ]
        return pl.Series(of_stretch, dtype=pl.UInt32), tuple(numbers)
