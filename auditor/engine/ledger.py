"""Two counts of the same thing, made independently, that must agree: the audit adds up or ends."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from auditor.evidence.summary import Totals
from auditor.model import FINDING_VERDICTS, Verdict


def confront(what: str, one: int, other: int) -> None:
    """Raise AssertionError if two counts of the same thing differ."""
    if one != other:
        raise AssertionError(f"{what}: {one:,} by one count and {other:,} by the other")


def confront_files(directory: Path, totals: Totals) -> None:
    """Confront what lies in the files of a run with what was counted on the way there."""
    accounted = totals.connection_records + totals.rejects + totals.not_connections
    confront("records", totals.records, accounted)
    rejects = pl.scan_parquet(directory / "rejects.parquet").select(pl.len())
    confront("rejects", totals.rejects, rejects.collect().item())
    located = pl.scan_parquet(directory / "locations.parquet").select(pl.col("connections").sum())
    confront("connections with a location", totals.connections, located.collect().item())


def confront_findings(rule_id: str, written: int, members: int, by_verdict: Mapping[Verdict, int]) -> None:
    """Confront what is written of connections with the verdicts in the tally of situations.

    `written` counts the findings in the file that are about one connection, `members` those that bear
    a violation or an indeterminate verdict of their call.
    """
    judged = sum(by_verdict[verdict] for verdict in FINDING_VERDICTS)
    confront(f"findings of {rule_id}", written + members, judged)
