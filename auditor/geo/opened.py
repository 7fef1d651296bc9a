"""The opened sources of evidence, and what is asked of them alike for relays and participants."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Network
from typing import Any

import polars as pl

from auditor.geo.addresses import classify
from auditor.geo.answers import database_answer, range_answer
from auditor.geo.candidates import PLACELESS, Answer, Subject, Trust
from auditor.geo.ledger.book import LedgerBook
from auditor.geo.mmdb import Reader
from auditor.geo.periods import Period, Standing
from auditor.geo.ranges.files import RangeForm
from auditor.geo.ranges.table import RangeTable
from auditor.geo.register import Register
from auditor.geo.schemas import Opinion, Said

KIND = ("kind", "address", "inner", "inner_kind")
_OF_RELAYS = frozenset({Opinion.LOCATION, Opinion.REGISTRATION, Opinion.NETWORK})
_OF_PARTICIPANTS = frozenset({Opinion.LOCATION, Opinion.REGISTRATION, Opinion.ANONYMITY})

Edition = Reader | RangeTable


@dataclass(frozen=True, slots=True)
class OpenedSources:
    """All sources, opened. `public` are the kinds of address that databases are asked about.

    `editions` are databases and published lists; periods have the standing of each, in this order, and
    `opinions` says which are one opinion. Those at the places `of_anonymisers` always speak for theirs: the
    nearest tells whether anybody hides behind an address.
    """

    editions: tuple[Edition, ...]
    opinions: tuple[Hashable, ...]
    of_anonymisers: frozenset[int]
    register: Register | None
    book: LedgerBook | None
    periods: tuple[Period, ...]
    max_age_days: int
    max_age: timedelta
    trust: Trust
    site_names: tuple[str, ...]
    nat64: tuple[IPv6Network, ...]
    public: frozenset[str]

    @property
    def of_relays(self) -> tuple[int, ...]:
        """The places of the editions that are asked about relays."""
        return tuple(
            place
            for place, edition in enumerate(self.editions)
            if isinstance(edition, RangeTable) or edition.database.opinion in _OF_RELAYS
        )

    @property
    def of_participants(self) -> tuple[int, ...]:
        """The places of the editions that are asked about participants.

        A cloud's list knows where its machines are, and not where the person is who speaks through one.
        """
        return tuple(
            place
            for place, edition in enumerate(self.editions)
            if (
                edition.file.form is RangeForm.GEOFEED
                if isinstance(edition, RangeTable)
                else edition.database.opinion in _OF_PARTICIPANTS
            )
        )

    def classified(self, texts: pl.Series, subject: Subject, *, canonical: bool) -> pl.DataFrame:
        """Say of each text what it is, and in `asked` which address the databases are asked about, if any."""
        kinds = classify(texts, canonical=canonical, nat64=self.nat64).select(KIND)
        return kinds.with_columns(
            asked=pl.when(pl.col("kind").is_in(list(self.public)))
            .then("address")
            .when(
                pl.col("kind").is_in(list(subject.embedding)) & pl.col("inner_kind").is_in(list(self.public))
            )
            .then("inner")
        )

    def asked_in(self, place: int, *standings: Standing) -> list[int]:
        """List the periods in which an edition has one of these standings."""
        return [number for number, period in enumerate(self.periods) if period.standings[place] in standings]

    def answers(self, row: Mapping[str, Any], said: Mapping[int, Sequence[Said]]) -> dict[int, Answer]:
        """Put in what each edition said, by its place; those that were not asked are left out.

        `row` has the index into `said` of each edition, in its `said_column`, and the period.
        """
        standings = self._standings(row, said)
        return {
            place: self._answer(place, of_place[row[said_column(place)]], standings[place])
            for place, of_place in said.items()
            if row[said_column(place)] is not None
        }

    def networks(self, row: Mapping[str, Any], said: Mapping[int, Sequence[Said]]) -> Iterator[str]:
        """Give the autonomous systems that editions which are heard name, such as `AS64496`."""
        standings = self._standings(row, said)
        for place, of_place in said.items():
            index = row[said_column(place)]
            if index is not None and standings[place] is Standing.HEARD and of_place[index].network:
                yield str(of_place[index].network)

    def _standings(self, row: Mapping[str, Any], said: Mapping[int, Sequence[Said]]) -> list[Standing]:
        """Have the others of an opinion heard where the edition that speaks for it names no place.

        A product for one continent, or one that is unsure, is not to silence another that names a country.
        """
        standings = list(self.periods[row["location_period"]].standings)
        if Standing.SUPERSEDED not in standings:
            return standings
        spoken = {
            self.opinions[place]
            for place, of_place in said.items()
            if standings[place] is Standing.HEARD
            and (index := row[said_column(place)]) is not None
            and (place in self.of_anonymisers or speaks(of_place[index]))
        }
        for place in said:
            if standings[place] is Standing.SUPERSEDED and self.opinions[place] not in spoken:
                standings[place] = Standing.HEARD
        return standings

    def _answer(self, place: int, said: Said, standing: Standing) -> Answer:
        edition = self.editions[place]
        if isinstance(edition, RangeTable):
            return range_answer(edition.file, said, standing, self.max_age_days)
        return database_answer(edition.database, said, standing, self.max_age_days)


def speaks(said: Said) -> bool:
    """Tell whether an edition has said enough to speak for all of its opinion."""
    names_place = said.country is not None and said.why_not is None
    return names_place or said.network is not None or said.reason in PLACELESS


def said_column(place: int) -> str:
    """Name the column with the index of what the edition at a place said."""
    return f"said_{place}"
