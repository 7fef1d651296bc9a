"""`auditor rules backtest`: what other rules would have said of the same connections."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import CHINA, GERMANY, HOME, NOWHERE, Invoke, WriteLog

RULE = """\
schema: auditor/rule@1
id: home
version: {version}
title: Calls of US accounts stay at home
statement: They stay at home.
authority: [{{kind: promise, cite: ours}}]
severity: high
effect: fence
in_force: {{from: "2020-01-01T00:00:00Z"}}
scope: {{home_region: [US]}}
fence: {{allow: {allow}}}
tests:
  - name: home complies
    given: [{{id: c, role: media, home_region: US, relay: [US]}}]
    expect: {{c: compliant}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def write(rules: Path, *, version: str = "1.0.0", allow: str = "[US]") -> Path:
    (rules / "home.yaml").write_text(RULE.format(version=version, allow=allow))
    return rules


@pytest.fixture
def run(invoke: Invoke, write_log: WriteLog, evidence: list[object], rules: Path, tmp_path: Path) -> Path:
    """Audit four connections, of which Germany, China and an unknown place are not home."""
    evidence[1] = write(rules)
    log = write_log(HOME, GERMANY, CHINA, NOWHERE)
    assert invoke("audit", log, *evidence).exit_code == 1
    return tmp_path / "run"


def test_findings_that_change_are_counted_by_what_they_were_and_become(
    invoke: Invoke, run: Path, rules: Path
) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    result = invoke("rules", "backtest", write(rules, version="1.1.0", allow="[US, DE]"), "--against", run)
    assert result.exit_code == 0
    number = json.loads(before["summary.json"])["report_number"]
    assert result.stdout.splitlines() == [
        f"{number}: 5 records of 1 log judged again, as of 2020-04-27",
        "",
        "home 1.0.0 → 1.1.0",
        "  violation       2  →  1",
        "  indeterminate   1  →  1",
        "  excused         0  →  0",
        "  compliant       1  →  2",
        "  not_applicable  0  →  0",
        "  calls possible  3  →  2",
        "  1 changed: violation → no finding",
        "",
        "All rules: calls proved 2 → 1, possible 3 → 2",
        "Connections under no rule: 0 → 0",
        "Exit code: 1 → 1",
    ]
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_rules_that_say_the_same_change_nothing(invoke: Invoke, run: Path, rules: Path) -> None:
    result = invoke("rules", "backtest", rules, "--against", run)
    assert result.exit_code == 0
    assert "  no finding changed" in result.stdout.splitlines()


def test_every_changed_finding_can_be_listed(invoke: Invoke, run: Path, rules: Path) -> None:
    result = invoke("rules", "backtest", write(rules, allow="[US, DE]"), "--against", run, "--csv")
    (row,) = csv.DictReader(io.StringIO(result.stdout))
    assert (row["rule_id"], row["was"], row["becomes"]) == ("home", "violation", "no finding")
    assert (row["call_id"], row["relay_ip"], row["record"]) == ("c2", GERMANY, "3")


def test_rules_that_come_and_go_are_told_as_such(invoke: Invoke, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    text = RULE.format(version="2.0.0", allow="[US, CN]").replace("id: home", "id: roam")
    (other / "roam.yaml").write_text(text)
    result = invoke("rules", "backtest", other, "--against", run)
    lines = result.stdout.splitlines()
    assert "home 1.0.0: only in the run" in lines
    assert "roam 2.0.0: new" in lines
    assert "  2 changed: violation → no finding" in lines
    assert "  1 changed: no finding → violation" in lines


def test_logs_that_are_no_longer_what_they_were_are_not_judged(
    invoke: Invoke, run: Path, rules: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(log.read_text() + "c9,us,media,192.0.2.1,2020-04-05T10:00:00Z,\n")
    result = invoke("rules", "backtest", rules, "--against", run)
    assert (result.exit_code, result.stdout) == (6, "")
    assert "log.csv: was altered" in result.stderr


def test_the_runs_own_rules_may_have_changed_or_gone(invoke: Invoke, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other)
    (tmp_path / "rules" / "home.yaml").unlink()
    assert invoke("rules", "backtest", other, "--against", run).exit_code == 0


def test_rules_that_fail_their_cases_are_refused_unless_asked(invoke: Invoke, run: Path, rules: Path) -> None:
    write(rules, allow="[DE]")
    assert invoke("rules", "backtest", rules, "--against", run).exit_code == 5
    result = invoke("rules", "backtest", rules, "--against", run, "--skip-rule-tests")
    assert result.exit_code == 0
    assert "  1 changed: no finding → violation" in result.stdout.splitlines()


def test_drafts_are_refused_unless_asked(invoke: Invoke, run: Path, rules: Path) -> None:
    file = rules / "home.yaml"
    file.write_text(file.read_text().replace("severity", "status: draft\nseverity"))
    refused = invoke("rules", "backtest", rules, "--against", run)
    assert refused.exit_code == 5
    assert "`home` is a draft" in refused.stderr
    result = invoke("rules", "backtest", rules, "--against", run, "--allow-draft")
    assert result.exit_code == 0
    assert "home 1.0.0 → 1.0.0, draft" in result.stdout.splitlines()


def test_a_rule_that_nothing_falls_under_any_more_is_told(invoke: Invoke, run: Path, rules: Path) -> None:
    file = rules / "home.yaml"
    file.write_text(
        file.read_text().replace("home_region: [US]", "home_region: [EU]").replace("region: US", "region: EU")
    )
    lines = invoke("rules", "backtest", rules, "--against", run).stdout.splitlines()
    assert "  no connection falls under it" in lines
    assert "Connections under no rule: 0 → 4" in lines
    assert "Exit code: 1 → 4" in lines
