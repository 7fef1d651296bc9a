"""The tables of counts over all findings."""

import polars as pl
import pytest

from auditor.report.tallies import tallies_of
from tests.report.maker import Run


@pytest.mark.parametrize("at_once", [1, 7, 50])
def test_counting_in_slices_counts_each_connection_once(run: Run, at_once: int) -> None:
    findings = pl.scan_parquet(run.directory / "findings.parquet")
    assert tallies_of(findings, at_once=at_once) == tallies_of(findings)


def test_nothing_to_count_gives_tables_without_lines(run: Run) -> None:
    findings = pl.scan_parquet(run.directory / "findings.parquet").head(0)
    by_region, by_day = tallies_of(findings)
    assert (by_region.lines, by_day.lines) == ((), ())
