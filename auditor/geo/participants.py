"""Distinct client addresses and declared countries → candidate sets, without a loop over them."""

from collections.abc import Hashable, Mapping
from typing import Any

import polars as pl

from auditor.geo.answers import DECLARED_OF_PARTICIPANT, declared_answer
from auditor.geo.candidates import PARTICIPANT, Candidates, combine_participant, silence_of
from auditor.geo.frames import Known, intern
from auditor.geo.opened import OpenedSources, said_column
from auditor.geo.own_periods import standing_starts
from auditor.geo.schemas import Said
from auditor.model import CLIENT_UNIT, LOCATED

ADDED = ("key", "reasons", "hints")
REMEMBERED = 4_000_000
"""So many units are remembered, at some 50 bytes each; once there are more, they are forgotten."""


class Participants:
    """Locates units of CLIENT_UNIT, and remembers them, so that each address is looked up once."""

    def __init__(self, sources: OpenedSources, remembered: int = REMEMBERED) -> None:
        self._sources = sources
        self._limit = remembered
        self._starts = pl.Series(standing_starts(sources.periods), dtype=pl.Int32)
        self._known = Known(CLIENT_UNIT)
        self._outcome_of = pl.Series(dtype=pl.UInt32)
        self._numbers: dict[Hashable, int] = {}
        self._outcomes = pl.DataFrame(schema={name: LOCATED[name] for name in ADDED})

    def located(self, units: pl.DataFrame) -> pl.DataFrame:
        """Add `key`, `reasons` and `hints` to units of CLIENT_UNIT, keeping rows and order."""
        asked = units.with_columns(location_period=self._standing_period(units["location_period"]))
        if self._known.count > self._limit:
            self._known, self._outcome_of = Known(CLIENT_UNIT), self._outcome_of.clear()
        numbers, new = self._known.numbers_of(asked)
        if new.height:
            self._learn(new)
        return units.hstack(self._outcomes[self._outcome_of.gather(numbers)])

    def _standing_period(self, periods: pl.Series) -> pl.Series:
        """Give the first of the periods in which the same editions are heard: nothing else places clients."""
        return self._starts.gather(self._starts.search_sorted(periods, side="right") - 1)

    def _learn(self, units: pl.DataFrame) -> None:
        """Locate new distinct units."""
        rows, said = self._looked_up(units)
        index, distinct = intern(
            rows.select(
                "kind",
                "participant_country_declared",
                "location_period",
                *(said_column(place) for place in said),
                inner_kind=pl.when(pl.col("kind").is_in(list(PARTICIPANT.embedding))).then("inner_kind"),
            )
        )
        numbers = pl.Series(list(self._settled(distinct, said)), dtype=pl.UInt32)
        self._outcome_of = pl.concat([self._outcome_of, numbers.gather(index)], rechunk=True)

    def _looked_up(self, units: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, tuple[Said, ...]]]:
        """Ask each edition about the addresses in whose period it is heard, or all that is there."""
        sources = self._sources
        rows = units.hstack(sources.classified(units["client_ip"], PARTICIPANT, canonical=False))
        said = {}
        for place in sources.of_participants:
            in_time = pl.col("location_period").is_in(sources.heard_in(place))
            lookup = sources.editions[place].lookup(rows.select(pl.when(in_time).then("asked")).to_series())
            said[place] = lookup.said
            rows = rows.with_columns(lookup.index.alias(said_column(place)))
        return rows, said

    def _settled(self, distinct: pl.DataFrame, said: Mapping[int, tuple[Said, ...]]) -> list[int]:
        """Give distinct rows the numbers of their outcomes; what was settled before is not settled again."""
        numbers: list[int] = []
        new: list[Candidates] = []
        for row in distinct.iter_rows(named=True):
            heard = tuple(
                None if (index := row[said_column(place)]) is None else of_place[index]
                for place, of_place in said.items()
            )
            signature = (
                *(row["kind"], row["inner_kind"], row["participant_country_declared"]),
                *(row["location_period"], heard),
            )
            number = self._numbers.setdefault(signature, len(self._numbers))
            if number == self._outcomes.height + len(new):
                new.append(self._outcome(row, said))
            numbers.append(number)
        rows = [(one.key, one.reasons, one.hints) for one in new]
        self._outcomes = pl.concat(
            [self._outcomes, pl.DataFrame(rows, schema=self._outcomes.schema, orient="row")]
        )
        return numbers

    def _outcome(self, row: Mapping[str, Any], said: Mapping[int, tuple[Said, ...]]) -> Candidates:
        silence = silence_of(PARTICIPANT, row["kind"], row["inner_kind"], self._sources.public)
        answers = list(self._sources.answers(row, said).values())
        declared = declared_answer(DECLARED_OF_PARTICIPANT, row["participant_country_declared"])
        return combine_participant([silence] if silence else [], answers, declared)
