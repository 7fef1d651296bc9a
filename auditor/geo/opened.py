"""The opened sources of evidence, and what is asked of them alike for relays and participants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.geo.addresses import classify
from auditor.geo.answers import database_answer
from auditor.geo.candidates import Answer, Subject
from auditor.geo.mmdb import Reader
from auditor.geo.periods import Period
from auditor.geo.register import Register
from auditor.geo.schemas import Said

KIND = ("kind", "address", "inner", "inner_kind")


@dataclass(frozen=True, slots=True)
class OpenedSources:
    """All sources, opened. `public` are the kinds of address that databases are asked about."""

    readers: tuple[Reader, ...]
    register: Register | None
    periods: tuple[Period, ...]
    max_age_days: int
    public: frozenset[str]

    def classified(self, texts: pl.Series, subject: Subject, *, canonical: bool) -> pl.DataFrame:
        """Say of each text what it is, and in `asked` which address the databases are asked about, if any."""
        kinds = classify(texts, canonical=canonical).select(KIND)
        return kinds.with_columns(
            asked=pl.when(pl.col("kind").is_in(list(self.public)))
            .then("address")
            .when(
                pl.col("kind").is_in(list(subject.embedding)) & pl.col("inner_kind").is_in(list(self.public))
            )
            .then("inner")
        )

    def answers(self, row: Mapping[str, Any], said: Sequence[Sequence[Said]]) -> dict[int, Answer]:
        """Put in what each database said, by its place; those that were not asked are left out.

        `row` has the index into `said` of each database, in the columns of `said_columns`, and the period.
        """
        period = self.periods[row["location_period"]]
        return {
            place: database_answer(
                reader.database,
                said[place][row[column]],
                period.standings[place],
                self.max_age_days,
            )
            for place, (reader, column) in enumerate(zip(self.readers, self.said_columns, strict=True))
            if row[column] is not None
        }

    @property
    def said_columns(self) -> tuple[str, ...]:
        """The columns that hold the index of what each database said."""
        return tuple(f"said_{place}" for place in range(len(self.readers)))
