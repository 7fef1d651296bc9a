"""Distinct client addresses and declared countries → candidate sets, without a loop over them."""

from collections.abc import Hashable, Mapping
from typing import Any

import polars as pl

from auditor.geo.answers import DECLARED_OF_PARTICIPANT, declared_answer
from auditor.geo.candidates import PARTICIPANT, Candidates, combine_participant, silence_of
from auditor.geo.frames import Known, intern
from auditor.geo.opened import OpenedSources, said_column, speaks
from auditor.geo.own_periods import standing_starts
from auditor.geo.periods import Standing
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
        """Ask the editions that speak in a period; others only where those of their opinion are silent."""
        sources, said = self._sources, dict[int, tuple[Said, ...]]()
        rows = units.hstack(sources.classified(units["client_ip"], PARTICIPANT, canonical=False))
        spoken = {opinion: pl.lit(value=False) for opinion in sources.opinions}
        for place in sources.of_participants:
            in_time = _in_periods(sources.asked_in(place, Standing.HEARD, Standing.STALE))
            rows, said[place] = self._ask(place, rows, in_time)
            opinion = sources.opinions[place]
            spoken[opinion] = spoken[opinion] | _has_spoken(place, said[place], sources)
        for place in sources.of_participants:
            if superseded := sources.asked_in(place, Standing.SUPERSEDED):
                silent = _in_periods(superseded) & ~spoken[sources.opinions[place]].fill_null(value=False)
                first = rows[said_column(place)]
                rows, said_second = self._ask(place, rows, silent)
                rows, said[place] = _joined(rows, place, (first, said[place]), said_second)
        return rows, said

    def _ask(self, place: int, rows: pl.DataFrame, wanted: pl.Expr) -> tuple[pl.DataFrame, tuple[Said, ...]]:
        lookup = self._sources.editions[place].lookup(rows.select(pl.when(wanted).then("asked")).to_series())
        return rows.with_columns(lookup.index.alias(said_column(place))), lookup.said

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


def _in_periods(numbers: list[int]) -> pl.Expr:
    return pl.col("location_period").is_in(numbers)


def _has_spoken(place: int, said: tuple[Said, ...], sources: OpenedSources) -> pl.Expr:
    """Tell of each row whether an edition that is heard has spoken."""
    always = place in sources.of_anonymisers
    numbers = [number for number, one in enumerate(said) if always or speaks(one)]
    return pl.col(said_column(place)).is_in(numbers)


def _joined(
    rows: pl.DataFrame, place: int, first: tuple[pl.Series, tuple[Said, ...]], second: tuple[Said, ...]
) -> tuple[pl.DataFrame, tuple[Said, ...]]:
    """Put what was asked second behind what was asked first."""
    index, said = first
    column = said_column(place)
    return rows.with_columns(pl.coalesce(index, pl.col(column) + len(said)).alias(column)), (*said, *second)
