"""Sites and host names that nothing places → inventory lines with the blanks to be filled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from auditor.geo.fields import NotReadableError, name_of
from auditor.geo.inventory import OPTIONAL, REQUIRED
from auditor.tables import write_table

NOT_PLACED = ("unknown_site", "hostname_only")
"""Reasons for which only an inventory line would place a relay."""

_COLUMNS = (*REQUIRED, *OPTIONAL)


@dataclass(frozen=True, slots=True)
class BlankSites:
    """Lines without country, attester and basis: no country is guessed from a name.

    `unnameable` counts what stands in place of a host name and is none.
    """

    lines: Sequence[Sequence[str]]
    unnameable: int

    def to_text(self) -> str:
        """Write them as a CSV inventory."""
        return write_table(_COLUMNS, self.lines)


def not_placed(units: pl.LazyFrame) -> pl.DataFrame:
    """Gather sites and names that nothing places, the most used first: `site`, `name`, `connections`.

    `units` have these columns and `reasons`, those of LOCATED.
    """
    return (
        units.filter(pl.col("reasons").list.set_intersection(list(NOT_PLACED)).list.len() > 0)
        .filter(pl.any_horizontal(pl.col("site", "name").is_not_null()))
        .group_by("site", "name")
        .agg(pl.col("connections").sum())
        .sort(["connections", "site", "name"], descending=[True, False, False], nulls_last=True)
        .collect()
    )


def blank_sites(rows: pl.DataFrame, since: datetime | None) -> BlankSites:
    """Write a line for each row of `not_placed`, from the day of `since` on."""
    day = f"{since:%Y-%m-%dT00:00:00Z}" if since else ""
    lines = [
        [
            {"site": site or "", "name": name or "", "from": day, "kind": "site"}.get(column, "")
            for column in _COLUMNS
        ]
        for site, name, _ in rows.iter_rows()
        if site or _is_name(name)
    ]
    return BlankSites(lines, rows.height - len(lines))


def _is_name(text: str) -> bool:
    try:
        name_of(text)
    except NotReadableError:
        return False
    return True
