"""Distinct client addresses and declared countries → candidate sets, without a loop over them."""

import polars as pl

from auditor.geo.answers import DECLARED_OF_PARTICIPANT, declared_answer
from auditor.geo.candidates import PARTICIPANT, combine_participant, silence_of
from auditor.geo.frames import intern
from auditor.geo.opened import OpenedSources, said_column
from auditor.model import LOCATED

ADDED = ("key", "reasons", "hints")


def locate_participants(units: pl.DataFrame, sources: OpenedSources) -> pl.DataFrame:
    """Add `key`, `reasons` and `hints` to units of CLIENT_UNIT, keeping rows and order.

    A database is asked only about the addresses in whose period it is heard, or all that is there.
    """
    rows = units.hstack(sources.classified(units["client_ip"], PARTICIPANT, canonical=False))
    said = {}
    for place in sources.of_participants:
        in_time = pl.col("location_period").is_in(sources.heard_in(place))
        lookup = sources.editions[place].lookup(rows.select(pl.when(in_time).then("asked")).to_series())
        said[place] = lookup.said
        rows = rows.with_columns(lookup.index.alias(said_column(place)))
    index, distinct = intern(
        rows.select(
            "kind",
            "participant_country_declared",
            "location_period",
            *(said_column(place) for place in said),
            inner_kind=pl.when(pl.col("kind").is_in(list(PARTICIPANT.embedding))).then("inner_kind"),
        )
    )
    outcomes = []
    for row in distinct.iter_rows(named=True):
        silence = silence_of(PARTICIPANT, row["kind"], row["inner_kind"], sources.public)
        answers = list(sources.answers(row, said).values())
        declared = declared_answer(DECLARED_OF_PARTICIPANT, row["participant_country_declared"])
        found = combine_participant([silence] if silence else [], answers, declared)
        outcomes.append({"key": found.key, "reasons": found.reasons, "hints": found.hints})
    frame = pl.DataFrame(outcomes, schema={name: LOCATED[name] for name in ADDED})
    return units.hstack(frame[index])
