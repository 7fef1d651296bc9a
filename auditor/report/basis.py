"""On what a run rests: where relays are placed and why, and what could not be read."""

from dataclasses import dataclass

import polars as pl

from auditor.report.phrase import Logged
from auditor.report.place_reasons import Reason
from auditor.report.reasons import reason_of

LISTED_LINES = 100
"""A table of the report lists so many lines at most, where a hostile log could make it endless."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Records that could not be read, by reason and column."""

    reason: str
    column: str
    count: int
    source_file: str
    record: int


@dataclass(frozen=True, slots=True)
class Placement:
    """How many relays and connections one reason of location holds for."""

    reason: Reason
    relays: int
    connections: int


def unread_of(rejects: pl.LazyFrame) -> tuple[Unread, ...]:
    """Count rejects by reason and column, the most frequent first."""
    rows = (
        rejects.group_by("reason", "column")
        .agg(
            pl.len().alias("count"), pl.col("source_file", "record").sort_by("source_file", "record").first()
        )
        .sort("count", "reason", "column", descending=[True, False, False])
        .head(LISTED_LINES)
        .collect(engine="streaming")
    )
    return tuple(
        Unread(row["reason"], row["column"] or "", row["count"], Logged(row["source_file"]), row["record"])
        for row in rows.iter_rows(named=True)
    )


_RELAY = pl.struct(pl.coalesce("address", pl.col("as_written").list.first()), "site", "name")
"""One relay, in whichever role and at whichever time it was located."""


def placements_of(locations: pl.LazyFrame) -> tuple[Placement, ...]:
    """Count relays and their connections by each reason of their places."""
    rows = (
        locations.select("reasons", "connections", relay=_RELAY)
        .filter(pl.col("reasons").list.len() > 0)
        .explode("reasons")
        .group_by("reasons")
        .agg(pl.col("relay").n_unique().alias("relays"), pl.col("connections").sum())
        .sort("connections", "reasons", descending=[True, False])
        .head(LISTED_LINES)
        .collect(engine="streaming")
    )
    return tuple(
        Placement(reason_of(reason), relays, connections) for reason, relays, connections in rows.iter_rows()
    )
