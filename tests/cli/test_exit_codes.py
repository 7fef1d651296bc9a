"""Each exit code of SEMANTICS.md, section 6, as a user meets it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from auditor.cli.guard import guarded
from auditor.engine.conditions import ExitCode
from tests.cli.conftest import CHINA, GERMANY, HEADER, HOME, NOWHERE, Invoke, WriteLog

Evidence = list[object]
AUDITOR = [sys.executable, "-m", "auditor"]


def test_0_everything_was_judged_and_nothing_was_found(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence
) -> None:
    done = invoke("audit", write_log(HOME), *evidence)
    assert done.exit_code == 0, done.output
    assert (
        "None of the 1 calls audited" in done.output or "The one call audited" in done.output or done.output
    )


def test_1_a_violation(invoke: Invoke, write_log: WriteLog, evidence: Evidence) -> None:
    assert invoke("audit", write_log(HOME, CHINA), *evidence).exit_code == 1


def test_a_violation_below_the_severity_asked_for_is_reported_and_ends_with_0(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    done = invoke("audit", write_log(GERMANY), *evidence, "--fail-on", "critical")
    assert done.exit_code == 0
    assert "us-home-fence" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["audit"],
        ["audit", "x", "--nonsense"],
        ["audit", "x", "--as-of", "2020-04-01T00:00:00"],
        ["audit", "x", "--as-of", "yesterday"],
        ["audit", "x", "--max-rejected", "some"],
        ["audit", "x", "--fail-on", "sometimes"],
        ["explain", "x"],
        ["explain", "x", "F-1", "--call", "c"],
        ["nonsense"],
        [],
    ],
)
def test_2_a_wrong_command_line(invoke: Invoke, words: list[str]) -> None:
    assert invoke(*words).exit_code == 2


def test_2_what_is_there_is_not_overwritten(invoke: Invoke, write_log: WriteLog, evidence: Evidence) -> None:
    log = write_log(HOME)
    assert invoke("audit", log, *evidence).exit_code == 0
    again = invoke("audit", log, *evidence)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    assert invoke("audit", log, *evidence, "--overwrite").exit_code == 0


def test_3_not_determined(invoke: Invoke, write_log: WriteLog, evidence: Evidence) -> None:
    log = write_log(HOME, NOWHERE)
    assert invoke("audit", log, *evidence).exit_code == 3
    allowed = invoke("audit", log, *evidence, "--overwrite", "--max-indeterminate", "9")
    assert allowed.exit_code == 0


def test_4_more_rejects_than_allowed(invoke: Invoke, write_log: WriteLog, evidence: Evidence) -> None:
    log = write_log(HOME)
    with log.open("a") as file:
        file.write("ragged\n")
    assert invoke("audit", log, *evidence).exit_code == 4
    assert invoke("audit", log, *evidence, "--overwrite", "--max-rejected", "1").exit_code == 0
    assert invoke("audit", log, *evidence, "--overwrite", "--max-rejected", "30%").exit_code == 4
    assert invoke("audit", log, *evidence, "--overwrite", "--max-rejected", "40%").exit_code == 0


def test_4_more_uncovered_than_allowed(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = only_rule(tmp_path, "us-home-fence")
    logs = [write_log(HOME), write_log(HOME, HOME, name="turn.csv", role="turn")]
    words = ["audit", *logs, *evidence, "--rules", rules]
    words = without_first_rules(words)
    assert invoke(*words).exit_code == 0
    assert invoke(*words, "--overwrite", "--max-uncovered", "1").exit_code == 4
    assert invoke(*words, "--overwrite", "--max-uncovered", "2").exit_code == 0


def test_4_no_connection_fell_under_a_rule_and_the_report_claims_nothing(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = only_rule(tmp_path, "us-home-fence")
    done = invoke(*without_first_rules(["audit", write_log(HOME, role="turn"), *evidence, "--rules", rules]))
    assert done.exit_code == 4
    report = (tmp_path / "run" / "report.html").read_text()
    assert "No call in the logs fell under a rule." in report


def test_4_all_evidence_is_too_far_in_time_and_the_ways_out_are_named(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence
) -> None:
    log = write_log(HOME, CHINA, day="2020-06-05")
    done = invoke("audit", log, *evidence[:-4], "--as-of", "2020-07-01T00:00:00Z", *evidence[-2:])
    assert done.exit_code == 4
    assert "--max-age-days" in done.stderr
    wider = invoke("audit", log, *evidence, "--overwrite", "--max-age-days", "90")
    assert wider.exit_code == 1


def test_4_a_rule_that_expects_connections_is_idle(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = only_rule(tmp_path, "us-home-fence", "eu-fence-fallback")
    rule = rules / "eu-fence-fallback.yaml"
    rule.write_text(rule.read_text() + "expect_connections: true\n")
    done = invoke(*without_first_rules(["audit", write_log(HOME), *evidence, "--rules", rules]))
    assert done.exit_code == 4
    assert "eu-fence-fallback" in done.stderr


def test_5_faulty_rules_are_all_named_with_their_places(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = only_rule(tmp_path, "us-home-fence")
    rule = rules / "us-home-fence.yaml"
    rule.write_text(rule.read_text().replace("severity:", "severty:").replace("US_STATES", "UK"))
    done = invoke(*without_first_rules(["audit", write_log(HOME), *evidence, "--rules", rules]))
    assert done.exit_code == 5
    assert "did you mean `severity`?" in done.stderr
    assert "GB" in done.stderr
    assert not (tmp_path / "run").exists()


def test_5_a_rule_that_fails_its_own_cases(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    rules = only_rule(tmp_path, "us-home-fence")
    rule = rules / "us-home-fence.yaml"
    rule.write_text(rule.read_text().replace("[US_STATES]", "[US_STATES, CA]"))
    words = without_first_rules(["audit", write_log(HOME), *evidence, "--rules", rules])
    assert invoke(*words).exit_code == 5
    skipped = invoke(*words, "--skip-rule-tests")
    assert skipped.exit_code == 0
    assert '"skip_rule_tests": true' in (tmp_path / "run" / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "nothing"),
        ("", "no records"),
        ("call_id,role\nc,media\n", "started_at"),
    ],
)
def test_6_nothing_to_audit_is_not_a_clean_run(
    invoke: Invoke, evidence: Evidence, tmp_path: Path, content: str | None, says: str
) -> None:
    log = tmp_path / "log.csv"
    if content is not None:
        log.write_text(content)
    done = invoke("audit", log, *evidence)
    assert (done.exit_code, done.stdout) == (6, "")
    assert done.stderr.startswith("error: ")
    assert content is None or says in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["--geo", "--accounts", "--inventory", "--mapping"])
def test_6_a_missing_file_is_named(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, option: str
) -> None:
    done = invoke("audit", write_log(HOME), *evidence, option, "not-there.file")
    assert done.exit_code == 6
    assert "not-there.file" in done.stderr


def test_6_a_folder_without_rules_is_no_audit(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    words = without_first_rules(["audit", write_log(HOME), *evidence, "--rules", tmp_path / "empty"])
    assert invoke(*words).exit_code == 6


def test_70_a_bug_is_never_mistaken_for_a_violation() -> None:
    assert code_of(ZeroDivisionError("bug")) == ExitCode.INTERNAL
    assert code_of(AssertionError("3 verdicts for 4 connections")) == ExitCode.INTERNAL


def test_70_a_panic_below_python_is_never_mistaken_for_a_violation() -> None:
    class Panic(BaseException):
        """As the bindings to Rust raise it: not an Exception."""

    assert code_of(Panic("not yet implemented")) == ExitCode.INTERNAL


@pytest.mark.parametrize("what", [signal.SIGINT, signal.SIGTERM])
def test_130_interrupted_leaves_nothing(evidence: Evidence, tmp_path: Path, what: signal.Signals) -> None:
    assert killed_by(what, evidence, tmp_path) == 130
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / ".run.work").exists()


def test_an_audit_that_was_killed_leaves_no_run_and_can_be_repeated(
    invoke: Invoke, evidence: Evidence, tmp_path: Path
) -> None:
    assert killed_by(signal.SIGKILL, evidence, tmp_path) == -signal.SIGKILL
    assert not (tmp_path / "run").exists()
    done = invoke("audit", *logs_of_the_sample(), *evidence)
    assert done.exit_code == 1
    assert not (tmp_path / ".run.work").exists()


def test_141_the_reader_of_the_output_has_gone(
    invoke: Invoke, write_log: WriteLog, evidence: Evidence, tmp_path: Path
) -> None:
    invoke("audit", write_log(HOME), *evidence)
    reading, writing = os.pipe()
    os.close(reading)
    words = [*AUDITOR, "report", str(tmp_path / "run"), "--out", "-"]
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 141
    assert done.stderr == b""


def test_the_program_itself_ends_with_the_code(write_log: WriteLog, evidence: Evidence) -> None:
    words = [*AUDITOR, "audit", str(write_log(CHINA)), *map(str, evidence), "--quiet"]
    done = subprocess.run(words, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def code_of(error: BaseException) -> int:
    def command() -> ExitCode:
        raise error

    with pytest.raises(typer.Exit) as raised:
        guarded(command)()
    return raised.value.exit_code


def logs_of_the_sample() -> list[str]:
    return ["sample_logs/spring-2020.csv", "sample_logs/spring-2020.ndjson"]


def killed_by(what: signal.Signals, evidence: Evidence, folder: Path) -> int:
    """Start a real audit, and send a signal as soon as it has begun to write."""
    words = [*AUDITOR, "audit", *logs_of_the_sample(), *map(str, evidence)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        while not (folder / ".run.work" / "shards").exists() and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(what)
        return process.wait()


def only_rule(folder: Path, *names: str) -> Path:
    rules = folder / "rules"
    shutil.copytree("rules/groups", rules / "groups")
    for name in names:
        shutil.copy(f"rules/{name}.yaml", rules)
    return rules


def without_first_rules(words: list[object]) -> list[object]:
    """Leave out the shipped rules, which come first among the options."""
    place = words.index("--rules")
    return words[:place] + words[place + 2 :]


def test_the_header_of_the_logs_here_is_canonical() -> None:
    assert HEADER.startswith("call_id,account_id,role")
