"""The tables of counts over all findings."""

import polars as pl
import pytest

from auditor.model import FINDING
from auditor.report.tallies import tallies_of
from tests.report.maker import Run
from tests.report.rows import finding


@pytest.mark.parametrize("at_once", [1, 7, 50])
def test_counting_in_slices_counts_each_connection_once(run: Run, at_once: int) -> None:
    findings = pl.scan_parquet(run.directory / "findings.parquet")
    assert tallies_of(findings, at_once=at_once) == tallies_of(findings)


def test_nothing_to_count_gives_tables_without_lines(run: Run) -> None:
    findings = pl.scan_parquet(run.directory / "findings.parquet").head(0)
    by_region, by_day = tallies_of(findings)
    assert (by_region.lines, by_day.lines) == ((), ())


def test_a_region_may_have_any_name_and_the_table_adds_up() -> None:
    odd = ["\x00other", "others", "named others", "other"]
    regions = [*odd, *(f"region-{number:02}" for number in range(24))]
    rows = [
        finding(number, "cn-exclusion", home_region=region) for number, region in enumerate(regions, start=1)
    ]
    matrix, _ = tallies_of(pl.LazyFrame(rows, schema=FINDING))
    assert matrix.total.proved == len(regions)
