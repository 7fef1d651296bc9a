"""The location evidence behind findings."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from auditor.model import FINDING, LOCATION

UNIT = {
    "relay_ip": "written",
    "relay_site": "site",
    "relay_name": "name",
    "relay_country_declared": "declared",
    "role": "role",
}
"""What a finding and its unit of location have in common: the finding's column, the location's."""

IN_PERIOD = (pl.col("period_from").is_null() | (pl.col("started_at") >= pl.col("period_from"))) & (
    pl.col("period_until").is_null() | (pl.col("started_at") < pl.col("period_until"))
)
"""A connection begins in the stretch of time for which a unit was located; a null border is open."""


def locations_of(findings: pl.DataFrame, locations: pl.LazyFrame) -> list[dict[str, Any] | None]:
    """Find the row of `locations.parquet` for each finding, in their order; None where none fits."""
    if findings.is_empty():
        return []
    located = (
        findings.lazy()
        .with_row_index("row")
        .select("row", "started_at", *UNIT)
        .join(
            by_written_address(locations.with_row_index("unit")),
            left_on=list(UNIT),
            right_on=list(UNIT.values()),
            nulls_equal=True,
            coalesce=False,
        )
        .filter(IN_PERIOD)
        .sort("row", "unit")
        .unique("row", keep="first", maintain_order=True)
        .select("row", "unit")
        .collect()
    )
    wanted = located["unit"].unique()
    units = {
        row.pop("unit"): row
        for row in locations.with_row_index("unit")
        .filter(pl.col("unit").is_in(wanted.implode()))
        .collect()
        .to_dicts()
    }
    found = {row: units[unit] for row, unit in located.iter_rows()}
    return [found.get(row) for row in range(findings.height)]


def by_written_address(numbered: pl.LazyFrame) -> pl.LazyFrame:
    """Give each unit one row per text that the logs write for its address, and one for none.

    `numbered` are locations with their places in the file as `unit`.
    """
    written = pl.concat_list(
        pl.coalesce("as_written", pl.lit([], dtype=pl.List(pl.String))), pl.col("address")
    ).list.unique(maintain_order=True)
    return (
        numbered.with_columns(written=written)
        .explode("written")
        .select("unit", *UNIT.values(), "period_from", "period_until")
    )


def frame_of(findings: list[Mapping[str, Any]]) -> pl.DataFrame:
    """Make a frame of single findings, or of connections in the shape of a finding."""
    return pl.DataFrame([{name: row.get(name) for name in FINDING} for row in findings], schema=dict(FINDING))


def no_locations() -> pl.LazyFrame:
    """Stand in where a run has located nothing."""
    return pl.LazyFrame(schema=dict(LOCATION))
