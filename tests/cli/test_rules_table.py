"""`auditor rules table` and `auditor rules show`, on the shipped rules."""

import csv
import io
import shutil
from pathlib import Path

import pytest

from auditor.ruleset.folders import with_packs
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.table_text import table_text
from auditor.ruleset.wording.rule_text import rule_text
from auditor.ruleset.wording.words import heading_of
from tests.cli.conftest import Invoke

WINDOWS = """\
schema: auditor/windows@1
windows:
  - {id: eu-congestion, regions: [EU, US], from: "2024-03-02T00:00:00Z", until: "2024-03-03T00:00:00Z",
     evidence: incident 8., declared_by: ops, declared_at: "2024-03-05T00:00:00Z"}
  - {id: eu-congestion, regions: [EU], from: "2024-03-01T10:00:00Z", until: "2024-03-01T12:00:00Z",
     evidence: incident 7, declared_by: ops, declared_at: "2024-03-01T11:00:00Z"}
  - {id: other, regions: [EU], from: "2024-03-01T10:00:00Z", until: "2024-03-01T12:00:00Z",
     evidence: incident 9, declared_by: ops, declared_at: "2024-03-01T11:00:00Z"}
"""
RULES = Path(__file__).parents[2] / "rules"


def test_every_shipped_rule_has_a_table_and_a_text() -> None:
    ruleset = load_ruleset(with_packs([RULES]))
    assert len(ruleset.rules) > 20
    for rule in ruleset.rules:
        subject = Subject(rule, ruleset)
        table, text = table_text(subject), rule_text(subject, str)
        assert table.startswith(f"{heading_of(rule)}: {rule.title}\n\nBefore ")
        assert text.startswith(f"{rule.id} {rule.version}")
        assert "\nAuthority\n" in text


def test_the_table_of_the_largest_rule_tells_what_is_excused(invoke: Invoke) -> None:
    text = " ".join(invoke("rules", "table", "eu-fence-fallback", RULES).stdout.split())
    assert "From 10 July 2023 until 27 December 2031, 23:00 UTC" in text
    assert "fallback, 2 or more failed excused within limits (congestion)" in text
    assert "Exception congestion excuses at most 2 connections a call" in text


def test_the_csv_has_a_row_for_each_cell(invoke: Invoke) -> None:
    result = invoke("rules", "table", "eu-fence-fallback", RULES, "--csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 1536
    assert {row["rule"] for row in rows} == {"eu-fence-fallback"}
    assert {row["verdict"] for row in rows} == {
        "violation",
        "indeterminate",
        "excused",
        "compliant",
        "not_applicable",
    }


def test_no_cell_of_the_csv_is_a_formula(invoke: Invoke, tmp_path: Path) -> None:
    text = (RULES / "us-home-fence.yaml").read_text(encoding="utf-8")
    (tmp_path / "us-home-fence.yaml").write_text(
        text.replace("home_region: [US]", "home_region: ['=cmd()', US]"), encoding="utf-8"
    )
    (tmp_path / "groups").symlink_to(RULES / "groups")
    result = invoke("rules", "table", "us-home-fence", tmp_path, "--csv")
    regions = {row["home_region"] for row in csv.DictReader(io.StringIO(result.stdout))}
    assert regions == {"'=cmd()", "US", "all but =cmd() US"}


def test_a_rule_is_shown_in_plain_words(invoke: Invoke) -> None:
    shown = invoke("rules", "show", "cn-exclusion-keys-observed", RULES).stdout
    words = " ".join(shown.split())
    assert "It is about connections whose participant is outside CN_MAINLAND." in words
    assert "Each call in its scope must have a record of the role keys" in words
    assert "Waivers No waiver is possible." in words
    assert "CN_MAINLAND (Mainland China) stands for China (CN)." in words
    assert "Nobody owns it yet." in words


def test_a_draft_is_called_one(invoke: Invoke) -> None:
    shown = invoke("rules", "show", "us-dsp-account", RULES).stdout
    assert shown.startswith("us-dsp-account 1.0.0 (draft)\n")
    assert "An audit refuses it without --allow-draft" in " ".join(shown.split())


def test_the_table_of_a_draft_says_so_in_its_heading(invoke: Invoke) -> None:
    assert invoke("rules", "table", "us-dsp-account", RULES).stdout.startswith(
        "us-dsp-account 1.0.0 (draft): "
    )


def test_windows_that_a_rule_names_are_shown(invoke: Invoke, tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    bare = " ".join(invoke("rules", "show", "eu-fence-fallback", tmp_path / "rules").stdout.split())
    assert " Windows No window eu-congestion is declared, and so no connection begins in one. " in bare
    (tmp_path / "rules/windows").mkdir()
    (tmp_path / "rules/windows/w.yaml").write_text(WINDOWS, encoding="utf-8")
    shown = " ".join(invoke("rules", "show", "eu-fence-fallback", tmp_path / "rules").stdout.split())
    assert (
        " Windows Window eu-congestion holds from 1 March 2024, 10:00 UTC until 1 March 2024, 12:00 UTC, for "
        "the home region EU. Declared by ops on 1 March 2024, 11:00 UTC. Evidence: incident 7. "
        "Window eu-congestion holds from 2 March 2024 until 3 March 2024, for the home region EU or US. "
        "Declared by ops on 5 March 2024, too late to be beyond doubt. Evidence: incident 8. Waivers "
        in shown
    )


def test_who_approved_and_when_is_shown(invoke: Invoke, tmp_path: Path) -> None:
    text = (RULES / "us-home-fence.yaml").read_text(encoding="utf-8")
    own = "owner: legal@example.com\napproved: {by: A. Person, on: 2026-11-20, ref: LEG-103}\nseverity:"
    (tmp_path / "us-home-fence.yaml").write_text(text.replace("severity:", own, 1), encoding="utf-8")
    (tmp_path / "groups").symlink_to(RULES / "groups")
    shown = invoke("rules", "show", "us-home-fence", tmp_path).stdout
    assert (
        "  Owner: legal@example.com.\n  It was approved by A. Person on 20 November 2026 (LEG-103).\n"
        in shown
    )


def test_what_a_rule_extends_is_shown(invoke: Invoke, tmp_path: Path) -> None:
    text = (RULES / "us-home-fence.yaml").read_text(encoding="utf-8")
    tests = text[text.index("tests:") :]
    (tmp_path / "us-home-fence.yaml").write_text(text, encoding="utf-8")
    head = "schema: auditor/rule@1\nid: kid\nversion: 1.0.0\nextends: us-home-fence\n"
    (tmp_path / "kid.yaml").write_text(head + tests, encoding="utf-8")
    (tmp_path / "groups").symlink_to(RULES / "groups")
    shown = invoke("rules", "show", "kid", tmp_path).stdout
    assert "  It extends us-home-fence, and only tightens it.\n" in shown


@pytest.mark.parametrize("command", ["table", "show"])
def test_an_unknown_id_is_a_wrong_command_line(invoke: Invoke, command: str) -> None:
    result = invoke("rules", command, "cn-exclusio", RULES)
    assert (result.exit_code, result.stderr) == (
        2,
        "error: `cn-exclusio` is no rule that is there\n  hint: did you mean `cn-exclusion`?\n",
    )


@pytest.mark.parametrize("command", ["table", "show"])
def test_a_folder_that_is_not_there_is_missing_input(invoke: Invoke, command: str) -> None:
    result = invoke("rules", command, "cn-exclusion", "nowhere")
    assert result.exit_code == 6
    assert "nowhere: there is no such folder" in result.stderr


def test_control_characters_of_a_rule_never_reach_the_terminal(invoke: Invoke, tmp_path: Path) -> None:
    text = (RULES / "us-home-fence.yaml").read_text(encoding="utf-8")
    (tmp_path / "us-home-fence.yaml").write_text(
        text.replace("home_region: [US]", 'home_region: [US, "a\\e[31mb"]'), encoding="utf-8"
    )
    (tmp_path / "groups").symlink_to(RULES / "groups")
    for command in ("table", "show"):
        result = invoke("rules", command, "us-home-fence", tmp_path)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout
        assert "\\u001b[31mb" in result.stdout
