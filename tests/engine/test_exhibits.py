import hashlib
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from auditor.engine.exhibits import ALL_UP_TO, AT_MOST, exhibits_of
from auditor.engine.findings import write_findings
from auditor.engine.incidents import incidents_of
from auditor.ruleset.waivers import Decided
from auditor.sources.discover import log_of
from auditor.sources.interface import Log
from tests.engine.rows import raw_findings

LINES = ["call_id,role,started_at", *(f"c{number},media,2020-04-01" for number in range(1, 60))]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    path = tmp_path / "log.csv"
    path.write_text("\n".join(LINES) + "\n")
    return log_of(str(path), None)


def exhibits(log: Log, *changes: Mapping[str, object]) -> pl.DataFrame:
    offsets = [0]
    for line in LINES:
        offsets.append(offsets[-1] + len(line) + 1)
    rows = [{"source_file": log.path, "record": number, **change} for number, change in enumerate(changes, 2)]
    rows = [{**row, "byte_offset": offsets[int(str(row["record"])) - 1]} for row in rows]
    findings = log.file.parent / "findings.parquet"
    write_findings(raw_findings(*rows), findings, findings.parent, Decided((), {}))
    return exhibits_of(findings, incidents_of(findings), {log.path: log})


def test_a_record_is_shown_verbatim_with_its_digest(log: Log) -> None:
    shown = exhibits(log, {})
    assert shown["excerpt"].to_list() == [LINES[1]]
    assert shown["sha256"].to_list() == [hashlib.sha256(LINES[1].encode()).hexdigest()]


def test_few_findings_are_all_shown_and_what_is_excused_is_not(log: Log) -> None:
    shown = exhibits(log, *[{}] * ALL_UP_TO, {"verdict": "excused"})
    assert shown["exhibit"].to_list() == list(range(1, ALL_UP_TO + 1))
    assert sorted(shown["record"].to_list()) == list(range(2, ALL_UP_TO + 2))


def test_of_many_findings_the_first_proved_one_of_each_incident_is_shown(log: Log) -> None:
    doubt = {"verdict": "indeterminate"}
    places = [{"place": f"SITE-{number:02}", "severity": "low"} for number in range(AT_MOST + 2)]
    rows = [{**place, **more} for place in places for more in (doubt, {}, {})]
    shown = exhibits(log, *rows)
    findings = pl.read_parquet(log.file.parent / "findings.parquet")
    chosen = shown.join(findings, on="finding_id", maintain_order="left")
    assert chosen["verdict"].unique().to_list() == ["violation"]
    first = incidents_of(log.file.parent / "findings.parquet").head(AT_MOST)
    assert chosen["place"].to_list() == first["place"].to_list()
    earliest = (
        findings.filter(pl.col("verdict") == "violation").group_by("place").agg(pl.col("finding_id").min())
    )
    assert set(chosen["finding_id"]) <= set(earliest["finding_id"])


def test_an_incident_that_another_has_shown_has_no_exhibit_of_its_own(log: Log) -> None:
    rows = [
        {"rule_id": rule, "severity": severity, "record": 2 + number}
        for rule, severity in (("grave", "critical"), ("mild", "low"))
        for number in range(ALL_UP_TO)
    ]
    shown = exhibits(log, *rows)
    findings = pl.read_parquet(log.file.parent / "findings.parquet")
    assert shown.join(findings, on="finding_id")["rule_id"].to_list() == ["grave"]
