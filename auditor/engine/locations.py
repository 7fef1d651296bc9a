"""Relay units of the run → the rows of `locations.parquet`."""

import polars as pl

from auditor.countries import UNKNOWN_KEY
from auditor.engine.judging import codes_of
from auditor.geo.atlas import Atlas
from auditor.model import INSTANT, LOCATION, RELAY_UNIT, cast_to

_SORTED_BY = ("address", "site", "name", "declared", "role", "period_from", "as_written")


def location_rows(atlas: Atlas, units: pl.DataFrame) -> pl.DataFrame:
    """Describe each relay unit once, however its address was written. Schema: LOCATION.

    Periods between which nothing changes that speaks for a relay are one row.
    `units` has the columns of RELAY_UNIT and `connections`.
    """
    own = units.with_columns(atlas.own_periods(units))
    stretches = own.group_by(*RELAY_UNIT, "until_period").agg(pl.col("connections").sum())
    begins = pl.Series([begin for begin, _ in atlas.periods], dtype=INSTANT)
    ends = pl.Series([end for _, end in atlas.periods], dtype=INSTANT)
    dated = _located(atlas, stretches).with_columns(
        period_from=begins.gather(stretches["location_period"]),
        period_until=ends.gather(stretches["until_period"] - 1),
    )
    merged = dated.group_by(
        written=pl.coalesce("address", "relay_ip"),
        site="relay_site",
        name="relay_name",
        declared="relay_country_declared",
        role=pl.col("role").cast(pl.String),
        period_from="period_from",
    ).agg(
        pl.col("period_until", "address", "kind", "key", "reasons", "hints", "network", "answers").first(),
        as_written=pl.col("relay_ip").drop_nulls().unique().sort(),
        connections=pl.col("connections").sum(),
        candidates=codes_of(pl.col("key").first()),
    )
    return cast_to(merged, LOCATION).sort(_SORTED_BY, nulls_last=True)


def nothing_in_time(atlas: Atlas, units: pl.DataFrame) -> bool:
    """Tell whether no relay at all could be placed but by the log's own word, and some for age alone."""
    located = _located(atlas, units)
    reasons = located["reasons"].list
    stale = reasons.contains("stale_location").any()
    not_placed = (located["key"] == UNKNOWN_KEY) | reasons.contains("declared_only")
    return bool(stale and not_placed.all())


def _located(atlas: Atlas, units: pl.DataFrame) -> pl.DataFrame:
    located = atlas.locate_relays(units.select(*RELAY_UNIT))
    return located.with_columns(units["connections"])
