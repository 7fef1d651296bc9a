"""Sites and host names that nothing places: the strings that need a line of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.engine.blanksites import not_placed
from auditor.geo.fields import NotReadableError, name_of
from auditor.report.phrase import Logged

LISTED_STRINGS = 50
"""The table lists so many at most: a hostile log could make it endless."""

_WRITTEN_FOR_ADDRESS = (
    (pl.col("kind") == "host_name") & pl.col("site").is_null() & pl.col("name").is_null()
).fill_null(value=False)  # a relay without a kind has no address at all


@dataclass(frozen=True, slots=True)
class UnplacedRelay:
    """A site or a host name as the log writes it; `beside` is the host name where there is a site too.

    `connections` are all in the logs, whatever the rules say of them. `drafted` tells whether the command
    that writes inventory lines to be filled has one for it.
    """

    text: str
    beside: str | None
    kind: str
    connections: int
    drafted: bool


@dataclass(frozen=True, slots=True)
class Unplaced:
    """The first of them, those with the most connections, and how many there are."""

    rows: tuple[UnplacedRelay, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Count those beyond the cap."""
        return self.total - len(self.rows)

    @property
    def all_drafted(self) -> bool:
        """Tell whether each one listed has a line among those to be filled."""
        return all(row.drafted for row in self.rows)


def unplaced_in(locations: pl.LazyFrame, most: int = LISTED_STRINGS) -> Unplaced:
    """Find the sites and host names that nothing places, `most` of them with those most used first."""
    instead = locations.filter(_WRITTEN_FOR_ADDRESS).with_columns(name=pl.col("as_written").list.first())
    found = pl.concat(
        [
            not_placed(locations).with_columns(for_address=pl.lit(value=False)),
            not_placed(instead).with_columns(for_address=pl.lit(value=True)),
        ]
    )
    first = found.sort(
        ["connections", "site", "name", "for_address"],
        descending=[True, False, False, False],
        nulls_last=True,
    ).head(most)
    return Unplaced(tuple(map(_relay, first.iter_rows(named=True))), found.height)


def _relay(row: Mapping[str, Any]) -> UnplacedRelay:
    site, name, connections = row["site"], row["name"], row["connections"]
    if site is not None:
        beside = None if name is None else Logged(name)
        kind = "site" if name is None else "site and host name"
        return UnplacedRelay(Logged(site), beside, kind, connections, drafted=True)
    if row["for_address"]:
        kind = "host name, given as an address"
        return UnplacedRelay(Logged(name), None, kind, connections, drafted=False)
    named = _is_name(name)
    kind = "host name" if named else "given as a host name, but none"
    return UnplacedRelay(Logged(name), None, kind, connections, drafted=named)


def _is_name(text: str) -> bool:
    try:
        name_of(text)
    except NotReadableError:
        return False
    return True
