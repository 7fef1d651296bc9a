"""How the logs of a run were read, in words."""

from pathlib import Path
from typing import Any

from auditor.evidence.manifest import InputFile, Manifest, ToldOfLog
from auditor.report.html import render_html
from auditor.report.logs import reading_sentences, reads_of
from tests.report.maker import Recipe, Run
from tests.report.rows import sha


def log(path: str, mapping: str = "canonical", **changes: Any) -> InputFile:  # noqa: ANN401  fields by name
    facts = {
        "path": path,
        "format": "csv",
        "bytes": 1,
        "sha256": sha(path),
        "mapping": mapping,
        "mapping_sha256": sha(mapping),
        "mapping_kind": "columns" if mapping == "canonical" else "preset",
        "records": 5_000,
        "connection_records": 5_000,
        "connections": 5_000,
        "rejects": 0,
        "not_connections": 0,
        "first_started_at": None,
        "last_started_at": None,
    }
    return InputFile.model_validate({**facts, **changes})


def run_of(folder: Path, *logs: InputFile) -> Run:
    return Recipe(manifest_values={"inputs": list(logs)}).written_to(folder)


def manifest(folder: Path, *logs: InputFile) -> Manifest:
    return run_of(folder, *logs).manifest


def test_logs_of_one_format_that_were_told_alike_are_one_line(tmp_path: Path) -> None:
    zoned = ToldOfLog(zone="Europe/Berlin", kept={"client_ip": "network"})
    reads = reads_of(
        manifest(
            tmp_path,
            log("a.csv"),
            log("b.log", "aws-vpc", checked_against="documentation"),
            log("c.log", "aws-vpc", checked_against="documentation", recognized_by="srcaddr"),
            log("d.log", "aws-vpc", checked_against="documentation", told=zoned),
        )
    )
    told = ["times without an offset are of Europe/Berlin", "client_ip is kept as a network"]
    assert [(one.name, one.logs, one.recognized, [str(said) for said in one.told]) for one in reads] == [
        ("aws-vpc", 1, (), told),
        ("aws-vpc", 2, ("srcaddr",), []),
    ]


def test_what_was_recognized_and_what_was_never_tried_on_a_real_log_is_said(tmp_path: Path) -> None:
    said = list(
        reading_sentences(
            manifest(
                tmp_path,
                log("b.log", "aws-vpc", checked_against="documentation", recognized_by="srcaddr"),
                log("c.log", "zeek-conn", checked_against="real_log"),
            )
        )
    )
    assert said == [
        "Recognized, as no format was named: 1 log of aws-vpc (srcaddr).",
        "Checked against documentation only: the format aws-vpc.",
    ]


def test_of_our_own_columns_nothing_is_said(tmp_path: Path) -> None:
    run = run_of(tmp_path, log("a.csv"))
    assert list(reading_sentences(run.manifest)) == []
    assert "Table 10a" not in render_html(run.directory, run.manifest)


def test_what_was_told_of_a_log_is_shown_as_text(tmp_path: Path) -> None:
    told = ToldOfLog(relay_public_addresses={"<b>10.0.0.1": "192.0.2.1\x1b"})
    run = run_of(tmp_path, log("b.log", "aws-vpc", told=told, recognized_by="<i>"))
    page = render_html(run.directory, run.manifest)
    assert "Table 10a" in page
    assert "<b>10.0.0.1" not in page
    assert "<i>" not in page
    assert "\x1b" not in page
    assert "not stated" in page
