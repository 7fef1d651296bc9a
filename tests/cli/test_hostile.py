"""What comes from outside and is not as it should be: told with its place, and never as a finding."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import HOME, Invoke, WriteLog

Evidence = list[object]
AUDITOR = [sys.executable, "-m", "auditor"]


@pytest.fixture
def run(invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path) -> Path:
    assert invoke("audit", write_log(HOME), *evidence).exit_code == 0
    return tmp_path / "run"


@pytest.mark.parametrize("option", ["--accounts", "--inventory", "--mapping", "--geo"])
def test_a_pipe_is_no_file_and_is_not_waited_for(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path, option: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = invoke("audit", write_log(HOME), *evidence, option, tmp_path / "pipe")
    assert done.exit_code == 6
    assert "pipe: is no file" in done.stderr


@pytest.mark.parametrize("option", ["--accounts", "--inventory", "--mapping"])
def test_a_folder_where_a_file_is_expected_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, option: str
) -> None:
    done = invoke("audit", write_log(HOME), *evidence, option, "rules")
    assert done.exit_code == 6
    assert "rules: cannot be read: Is a directory" in done.stderr


def test_a_name_that_is_not_utf8_is_refused_and_shown(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    odd = os.fsdecode(os.fsencode(tmp_path / "rules") + b"\xff")
    Path(odd).mkdir()
    (Path(odd) / "rules").symlink_to(Path("rules").resolve())
    words = ["audit", write_log(HOME), *evidence, "--inventory", f"{odd}/rules"]
    done = invoke(*words)
    assert done.exit_code == 6
    assert "\\udcff" in done.stderr
    assert invoke("audit", write_log(HOME), *evidence, "--out", odd).exit_code == 2


@pytest.mark.parametrize("out", ["log.csv/run", "log.csv", "x" * 252])
def test_a_place_where_no_run_can_be_written_is_a_wrong_command_line(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path, out: str
) -> None:
    done = invoke("audit", write_log(HOME), *evidence, "--out", tmp_path / out)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: --out ")


@pytest.mark.parametrize(
    "words",
    [
        ["--as-of", "0001-01-01T00:00:00+14:00"],
        ["--as-of", "9999-12-31T23:00:00-14:00"],
        ["--max-rejected", "1e999999"],
    ],
)
def test_values_beyond_all_bounds_are_a_wrong_command_line(
    invoke: Invoke, evidence: Evidence, words: list[str]
) -> None:
    assert invoke("audit", "log.csv", *evidence, *words).exit_code == 2


def test_nothing_is_concluded_from_an_altered_run(invoke: Invoke, run: Path, tmp_path: Path) -> None:
    summary = run / "summary.json"
    summary.write_text(summary.read_text().replace('"violation": 0', '"violation": 1'))
    for words in (["report", run, "--out", tmp_path / "copy.html"], ["explain", run, "--call", "c1"]):
        done = invoke(*words)
        assert done.exit_code == 6
        assert "summary.json: was altered" in done.stderr
    assert not (tmp_path / "copy.html").exists()


def test_a_report_is_never_written_into_a_run_or_over_a_folder(
    invoke: Invoke, run: Path, tmp_path: Path
) -> None:
    for out, text in ((run / "copy.html", "lies in the run"), (tmp_path, "is a folder")):
        done = invoke("report", run, "--out", out)
        assert done.exit_code == 2
        assert text in done.stderr
    assert invoke("verify", run).exit_code == 0


def test_a_report_that_cannot_be_written_leaves_nothing(invoke: Invoke, run: Path, tmp_path: Path) -> None:
    done = invoke("report", run, "--out", tmp_path / "nowhere" / "copy.html")
    assert done.exit_code == 6
    assert "cannot be written: No such file or directory" in done.stderr


@pytest.mark.parametrize("words", [["\udcff"], ["F-0000"], ["--call", "\udcff"], ["--call", "c99"]])
def test_what_is_asked_of_a_run_and_is_not_there_is_told(invoke: Invoke, run: Path, words: list[str]) -> None:
    assert invoke("explain", run, *words).exit_code == 6


def test_a_report_on_stdout_is_the_report_whatever_the_locale(run: Path) -> None:
    words = [*AUDITOR, "report", str(run), "--out", "-"]
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(words, env=ascii_only, capture_output=True, check=True)
    assert done.stdout == (run / "report.html").read_bytes()


@pytest.mark.parametrize(
    ("words", "code"),
    [(["audit", "not-there.csv"], 6), (["audit", "x", "--nonsense"], 2), (["--version"], 141)],
)
def test_when_nobody_listens_any_more_the_code_still_tells(words: list[str], code: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*AUDITOR, *words], stdout=writing, stderr=writing, check=False)
    assert done.returncode == code


def test_closed_streams_are_no_bug(run: Path) -> None:
    words = [*AUDITOR, "verify", str(run)]
    closed = subprocess.run(["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *words], check=False)
    assert closed.returncode == 0


def test_on_a_terminal_a_bar_shows_how_far_the_audit_has_come(
    write_log: WriteLog, evidence: Evidence
) -> None:
    words = [*AUDITOR, "audit", str(write_log(HOME)), *map(str, evidence)]
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(words, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b""
        while block := _read(controller):
            shown += block
        assert process.wait() == 0
    os.close(controller)
    assert b"Writing the report" in shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # so a terminal ends
        return b""
