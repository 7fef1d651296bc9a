from collections import Counter
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest

from auditor.engine.again import rows_of_call
from auditor.engine.audit import Means
from auditor.engine.request import LogsAsked
from auditor.errors import InputError, RunError
from auditor.evidence.run import load_manifest
from tests.engine.conftest import AS_OF, Auditing
from tests.report.real import Audited, World

WATCH = "greater-china-watch"
MEANS = Means(lambda: AS_OF, environ={})


Row = dict[str, Any]


def rows_of(run: Path, call_id: str) -> list[Row]:
    return rows_of_call(run, load_manifest(run), call_id, MEANS)


@pytest.fixture
def moved(world: Path, tmp_path: Path) -> Path:
    """Give a copy of the logs that a test may alter."""
    return copytree(world / "logs", tmp_path / "logs")


def test_a_call_read_again_has_the_verdicts_of_the_audit(audited: Auditing) -> None:
    run = audited()
    manifest, findings = load_manifest(run), pl.read_parquet(run / "findings.parquet")
    call = findings.filter(pl.col("source_file").str.ends_with("b.ndjson"))["call_id"].drop_nulls()[0]
    rows = rows_of_call(run, manifest, call, MEANS)
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
        rows_of(audited(), "no such call")


def test_a_call_is_not_judged_from_a_log_that_has_changed(audited: Auditing, moved: Path) -> None:
    run = audited(logs=(LogsAsked((str(moved),)),))
    with (moved / "a.csv").open("a") as log:
        log.write("\n")
    with pytest.raises(InputError, match=r"a\.csv: was altered"):
        rows_of(run, "c1-0")


def test_a_run_without_databases_is_read_again_without_any(audited: Auditing, world: Path) -> None:
    run = audited(geo=())
    manifest = load_manifest(run)
    assert manifest.databases == []
    later = Means(lambda: AS_OF, environ={"AUDITOR_GEO": str(world / "country.mmdb")})
    places = {row["relay_ip"]: row["relay_countries"] for row in rows_of_call(run, manifest, "c1-0", later)}
    assert places
    assert {relay for relay, countries in places.items() if countries} <= {"10.0.0.1"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    """Audit a log under rules with limits, requirements, roles to observe, and waivers."""
    return World().audited(tmp_path_factory.mktemp("whole"))


def said(rows: list[Row], rule_id: str) -> list[tuple[str, str, str | None]]:
    """List what a rule says of a call: the subject, the verdict and the waiver of each row."""
    return [(row["subject"], row["verdict"], row["waiver_id"]) for row in rows if row["rule_id"] == rule_id]


@pytest.mark.parametrize(
    ("call", "verdicts"),
    [
        ("e-excused", ["excused"]),
        ("e-over", ["excused", "excused", "violation"]),
        ("e-no-end", ["indeterminate"]),
        ("e-late", ["excused"]),
        ("e-primary", ["violation"]),
    ],
)
def test_what_waited_for_its_whole_call_has_the_verdict_of_the_run(
    whole: Audited, call: str, verdicts: list[str]
) -> None:
    rows = [row for row in rows_of(whole.directory, call) if row["rule_id"] == "eu-fence"]
    assert [row["verdict"] for row in rows] == verdicts
    findings = pl.read_parquet(whole.directory / "findings.parquet").filter(pl.col("call_id") == call)
    assert {row["finding_id"] for row in rows} == set(findings["finding_id"])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("r-inside", [("connection", "compliant", None)] * 2),
        ("r-outside", [("connection", "violation", "W-call"), ("call", "violation", "W-call")]),
        ("r-none", [("connection", "indeterminate", None), ("call", "indeterminate", None)]),
        ("r-open", [("connection", "indeterminate", None), ("call", "indeterminate", None)]),
        ("e-excused", [("connection", "not_applicable", None)]),
    ],
)
def test_connections_bear_what_a_requirement_says_of_their_call(
    whole: Audited, call: str, expected: list[tuple[str, str, str | None]]
) -> None:
    assert said(rows_of(whole.directory, call), "ru-recording") == expected


def test_findings_about_the_call_follow_its_connections(whole: Audited) -> None:
    rows = rows_of(whole.directory, "r-none")
    subjects = [row["subject"] for row in rows]
    rules = len(whole.manifest.rules)
    assert subjects == ["connection"] * rules + ["unobserved", "call"]
    assert said(rows, "keys-on-record") == [
        ("connection", "compliant", None),
        ("unobserved", "indeterminate", None),
    ]


def test_every_finding_of_a_call_is_among_its_rows_as_the_run_has_it(whole: Audited) -> None:
    findings = pl.read_parquet(whole.directory / "findings.parquet")
    for call in findings["call_id"].drop_nulls().unique():
        rows = {row["finding_id"]: row for row in rows_of(whole.directory, call) if row["finding_id"]}
        expected = findings.filter(pl.col("call_id") == call).rows(named=True)
        assert rows == {row["finding_id"]: row for row in expected}


@pytest.mark.parametrize(
    ("call", "kept"),
    [
        ("e-over", pl.col("verdict") != "violation"),
        ("u-china", pl.col("rule_id") != "cn-never"),
        ("r-outside", pl.col("subject") != "call"),
    ],
)
def test_a_run_that_lacks_a_finding_is_never_told_to_comply(
    whole: Audited, tmp_path: Path, call: str, kept: pl.Expr
) -> None:
    run = copytree(whole.directory, tmp_path / "run")
    findings = pl.read_parquet(run / "findings.parquet")
    findings.filter(kept | (pl.col("call_id") != call)).write_parquet(run / "findings.parquet")
    with pytest.raises(RunError, match="the run and its logs, judged again, disagree about this call"):
        rows_of_call(run, whole.manifest, call, MEANS)


@pytest.mark.parametrize(
    "change",
    [
        {"rule_id": "ru-recording", "subject": "call", "verdict": "violation"},
        {"rule_id": "cn-never", "record": 99},
    ],
)
def test_a_run_that_holds_more_than_its_logs_give_is_not_explained(
    whole: Audited, tmp_path: Path, change: Row
) -> None:
    run = copytree(whole.directory, tmp_path / "run")
    findings = pl.read_parquet(run / "findings.parquet")
    one = findings.filter(pl.col("subject") == "connection").head(1)
    invented = one.with_columns(
        *(pl.lit(value).cast(findings.schema[name]).alias(name) for name, value in change.items()),
        call_id=pl.lit("r-inside"),
    )
    pl.concat([findings, invented]).write_parquet(run / "findings.parquet")
    with pytest.raises(RunError, match="judged again, disagree"):
        rows_of_call(run, whole.manifest, "r-inside", MEANS)
