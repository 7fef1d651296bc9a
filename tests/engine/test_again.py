from collections import Counter
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from auditor.engine.again import rows_of_call
from auditor.engine.audit import Means
from auditor.errors import InputError
from auditor.evidence.run import load_manifest
from tests.engine.conftest import AS_OF, Auditing

WATCH = "greater-china-watch"
MEANS = Means(lambda: AS_OF, environ={})


@pytest.fixture
def moved(world: Path, tmp_path: Path) -> Path:
    """Give a copy of the logs that a test may alter."""
    return copytree(world / "logs", tmp_path / "logs")


def test_a_call_read_again_has_the_verdicts_of_the_audit(audited: Auditing) -> None:
    run = audited()
    manifest, findings = load_manifest(run), pl.read_parquet(run / "findings.parquet")
    call = findings.filter(pl.col("source_file").str.ends_with("b.ndjson"))["call_id"].drop_nulls()[0]
    rows = rows_of_call(manifest, call, MEANS)
    key = ("rule_id", "source_file", "record", "verdict")
    kept = Counter(
        tuple(row[name] for name in key)
        for row in rows
        if row["verdict"] in ("violation", "indeterminate", "excused") and row["rule_id"] != WATCH
    )
    assert kept == Counter(findings.filter(pl.col("call_id") == call).select(key).rows())
    assert Counter(row["record"] for row in rows) == Counter(
        {row["record"]: len(manifest.rules) for row in rows}
    )


def test_a_call_that_no_log_holds_is_not_found(audited: Auditing) -> None:
    with pytest.raises(InputError, match="no record of the audited logs has this call"):
        rows_of_call(load_manifest(audited()), "no such call", MEANS)


def test_a_call_is_not_judged_from_a_log_that_has_changed(audited: Auditing, moved: Path) -> None:
    manifest = load_manifest(audited(logs=(str(moved),)))
    with (moved / "a.csv").open("a") as log:
        log.write("\n")
    with pytest.raises(InputError, match=r"a\.csv: was altered"):
        rows_of_call(manifest, "c1-0", MEANS)


def test_a_run_without_databases_is_read_again_without_any(audited: Auditing, world: Path) -> None:
    manifest = load_manifest(audited(geo=()))
    assert manifest.databases == []
    later = Means(lambda: AS_OF, environ={"AUDITOR_GEO": str(world / "country.mmdb")})
    places = {row["relay_ip"]: row["relay_countries"] for row in rows_of_call(manifest, "c1-0", later)}
    assert places
    assert {relay for relay, countries in places.items() if countries} <= {"10.0.0.1"}
