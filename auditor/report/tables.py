"""The tables of a run directory, unread."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True, slots=True)
class Tables:
    """Each as a scan: nothing is read until it is asked for."""

    findings: pl.LazyFrame
    incidents: pl.LazyFrame
    locations: pl.LazyFrame
    rejects: pl.LazyFrame
    exhibits: pl.LazyFrame

    @classmethod
    def at(cls, directory: Path) -> "Tables":
        """Scan the tables of a run."""
        names = ("findings", "incidents", "locations", "rejects", "exhibits")
        return cls(*(pl.scan_parquet(directory / f"{name}.parquet", glob=False) for name in names))
