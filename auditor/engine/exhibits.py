"""The records behind the report's exhibits, verbatim."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from auditor.model import EXHIBIT, Verdict
from auditor.sources.interface import Log
from auditor.sources.registry import source_of

ALL_UP_TO = 25
"""So many findings all have an exhibit; of more, one per incident."""
AT_MOST = 10

_POSSIBLE = pl.col("verdict").is_in([Verdict.VIOLATION, Verdict.INDETERMINATE])


def exhibits_of(findings: Path, incidents: pl.DataFrame, logs: Mapping[str, Log]) -> pl.DataFrame:
    """Fetch the record of each exhibited finding from its log. Schema: EXHIBIT, numbered from 1."""
    chosen = _chosen(findings, _first_incidents(incidents))
    rows = [_exhibit(number, row, logs) for number, row in enumerate(chosen.iter_rows(named=True), start=1)]
    return pl.DataFrame(rows, schema=EXHIBIT)


def _first_incidents(incidents: pl.DataFrame) -> list[str]:
    """Name the first incidents, leaving out those whose connections an earlier one has already shown."""
    first: list[str] = []
    for incident, beside in incidents.select("incident_id", "same_connections_as").iter_rows():
        if len(first) < AT_MOST and not set(beside) & set(first):
            first.append(incident)
    return first


def _chosen(findings: Path, first_incidents: list[str]) -> pl.DataFrame:
    possible = pl.scan_parquet(findings).filter(_POSSIBLE)
    few = possible.head(ALL_UP_TO + 1).collect()
    if few.height <= ALL_UP_TO:
        return few
    order = (pl.col("verdict") != Verdict.VIOLATION, "started_at", "finding_id")
    # rows are wide, so the first of each incident are found by their ids
    firsts = (
        possible.filter(pl.col("incident_id").is_in(first_incidents))
        .group_by("incident_id")
        .agg(pl.col("finding_id").sort_by(*order).first())
        .collect(engine="streaming")
    )
    shown = possible.filter(pl.col("finding_id").is_in(firsts["finding_id"].to_list()))
    return shown.sort(pl.col("incident_id").cast(pl.Enum(first_incidents))).collect(engine="streaming")


def _exhibit(number: int, row: dict[str, Any], logs: Mapping[str, Log]) -> dict[str, Any]:
    log = logs[row["source_file"]]
    raw = source_of(log).raw_record(log, record=row["record"], byte_offset=row["byte_offset"])
    return {
        "exhibit": number,
        "finding_id": row["finding_id"],
        "source_file": row["source_file"],
        "record": row["record"],
        "byte_offset": row["byte_offset"],
        "excerpt": raw.decode("utf-8", errors="backslashreplace"),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }
