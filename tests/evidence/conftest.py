from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from auditor.evidence.manifest import Manifest, RunFacts, Settings
from auditor.evidence.run import open_run
from auditor.evidence.tables import write_table

AT = datetime(2020, 4, 27, 6, tzinfo=UTC)


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        run_id="0" * 64,
        run=RunFacts(
            command=["auditor", "audit", "ü.csv"],
            working_directory="somewhere",
            started_at=AT,
            finished_at=AT,
            platform="Linux",
            python="3.11",
        ),
        versions={"auditor": "0"},
        settings=Settings(
            as_of=AT,
            max_age_days=35,
            fail_on="low",
            max_rejected="0",
            max_uncovered=None,
            max_indeterminate=0,
            documentation_is_public=False,
            skip_rule_tests=False,
            max_listed=500,
            rules=["rules"],
            geo=[],
            accounts=None,
            inventory=[],
            mapping=None,
        ),
        inputs=[],
        not_read=[],
        evidence=[],
        databases=[],
        rules=[],
        outputs=[],
    )


@pytest.fixture
def run(tmp_path: Path, manifest: Manifest) -> Path:
    with open_run(tmp_path / "run") as opened:
        write_table(pl.DataFrame({"a": [1, 2]}), opened.directory / "findings.parquet")
        (opened.directory / "report.html").write_text("<p>")
        return opened.finish(manifest)
