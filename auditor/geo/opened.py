"""The opened sources of evidence, and what is asked of them alike for relays and participants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Network
from typing import Any

import polars as pl

from auditor.geo.addresses import classify
from auditor.geo.answers import database_answer, range_answer
from auditor.geo.candidates import Answer, Subject, Trust
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

    `editions` are databases and published lists; periods have the standing of each, in this order.
    """

    editions: tuple[Edition, ...]
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

    def heard_in(self, place: int) -> list[int]:
        """List the periods in which no other edition speaks for this one."""
        return [
            number
            for number, period in enumerate(self.periods)
            if period.standings[place] is not Standing.SUPERSEDED
        ]

    def answers(self, row: Mapping[str, Any], said: Mapping[int, Sequence[Said]]) -> dict[int, Answer]:
        """Put in what each edition said, by its place; those that were not asked are left out.

        `row` has the index into `said` of each edition, in its `said_column`, and the period.
        """
        period = self.periods[row["location_period"]]
        return {
            place: self._answer(place, of_place[row[said_column(place)]], period.standings[place])
            for place, of_place in said.items()
            if row[said_column(place)] is not None
        }

    def networks(self, row: Mapping[str, Any], said: Mapping[int, Sequence[Said]]) -> Iterator[str]:
        """Give the autonomous systems that editions which are heard name, such as `AS64496`."""
        standings = self.periods[row["location_period"]].standings
        for place, of_place in said.items():
            index = row[said_column(place)]
            if index is not None and standings[place] is Standing.HEARD and of_place[index].network:
                yield str(of_place[index].network)

    def _answer(self, place: int, said: Said, standing: Standing) -> Answer:
        edition = self.editions[place]
        if isinstance(edition, RangeTable):
            return range_answer(edition.file, said, standing, self.max_age_days)
        return database_answer(edition.database, said, standing, self.max_age_days)


def said_column(place: int) -> str:
    """Name the column with the index of what the edition at a place said."""
    return f"said_{place}"
