"""`auditor rules test`, `list` and `check` on folders of rules and their packs."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

RULE = """\
schema: auditor/rule@1
id: {name}
version: 1.0.0
title: No relay in mainland China
statement: No relay is in mainland China.
authority: [{{kind: promise, cite: ours}}]
severity: high
effect: never
in_force: {{from: "2020-01-01T00:00:00Z"}}
scope: {{roles: [media]}}
never: {{in: [MAINLAND]}}
tests:
  - name: there and elsewhere
    given:
      - {{id: there, role: media, relay: [CN]}}
      - {{id: elsewhere, role: media, relay: [US]}}
    expect: {{there: violation, elsewhere: compliant}}
"""
GROUPS = """\
schema: auditor/groups@1
verified_on: 2026-11-22
groups:
  MAINLAND: {title: Mainland China, members: [{code: CN}]}
"""

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(files: Mapping[str, str]) -> Path:
        for name, text in {"groups/china.yaml": GROUPS, **files}.items():
            file = tmp_path / "rules" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / "rules"

    return written


def rule(name: str) -> str:
    return RULE.format(name=name)


def pasted(text: str, stderr: str) -> str:
    """Add each case that is suggested to the end of a rule file."""
    suggested = re.findall(
        r"^  - name: .*\n    given:\n(?:      - .*\n)+    expect: .*\n?", stderr, re.MULTILINE
    )
    assert suggested
    return text + "".join(one.rstrip("\n") + "\n" for one in suggested)


def test_a_rule_with_gaps_fails_and_passes_once_the_cases_suggested_are_pasted(
    invoke: Invoke, write: Write
) -> None:
    folder = write({"mine.yaml": rule("mine")})
    before = invoke("rules", "test", folder)
    assert before.exit_code == 5
    file = folder / "mine.yaml"
    assert before.stderr.startswith(f"error: {file}:")
    assert f"{file}:12:1: tests: no case expects `indeterminate`" in before.stderr
    assert f"{file}:10:9: no case catches the mutant `scope.roles: removed`" in before.stderr
    file.write_text(pasted(file.read_text(), before.stderr))
    after = invoke("rules", "test", folder)
    assert (after.exit_code, after.stderr) == (0, "")


def test_each_rule_has_a_line_and_all_have_their_sums(invoke: Invoke, write: Write) -> None:
    folder = write({"mine.yaml": rule("mine")})
    file = folder / "mine.yaml"
    file.write_text(pasted(file.read_text(), invoke("rules", "test", folder).stderr))
    (folder / "yours.yaml").write_text(file.read_text().replace("id: mine", "id: yours"))
    lines = invoke("rules", "test", folder).stdout.splitlines()
    assert [re.sub(r" +", " ", line) for line in lines] == [
        "mine 5 cases 17 mutants 17 caught 0 accepted",
        "yours 5 cases 17 mutants 17 caught 0 accepted",
        "2 rules 10 cases 34 mutants 34 caught 0 accepted",
    ]


def test_only_gaps_can_be_asked_for(invoke: Invoke, write: Write) -> None:
    done = invoke("rules", "test", write({"mine.yaml": rule("mine")}), "--no-mutants")
    assert done.exit_code == 5
    assert "mutant" not in done.stdout + done.stderr
    assert "tests: no case expects `indeterminate`" in done.stderr
    assert re.sub(r" +", " ", done.stdout) == "mine 1 case 2 faults\n1 rule 1 case 2 faults\n"


def test_a_case_that_fails_is_all_that_is_told_of_its_rule(invoke: Invoke, write: Write) -> None:
    folder = write({"mine.yaml": rule("mine").replace("there: violation", "there: compliant")})
    done = invoke("rules", "test", folder)
    assert done.exit_code == 5
    assert done.stderr == (
        f"error: {folder / 'mine.yaml'}:13:5: tests.1, `there and elsewhere`: `there` is violation, and not "
        "compliant as expected\n"
    )


def test_packs_are_tested_with_the_groups_around_them(invoke: Invoke, write: Write) -> None:
    folder = write({"mine.yaml": rule("mine"), "packs/more/theirs.yaml": rule("theirs")})
    for words in ([folder], [folder / "packs" / "more"]):
        done = invoke("rules", "test", *words, "--no-mutants")
        assert "theirs" in done.stdout
        assert ("mine" in done.stdout) is (words == [folder])


def test_a_folder_of_packs_needs_no_rules_of_its_own(invoke: Invoke, write: Write) -> None:
    done = invoke("rules", "check", write({"packs/more/theirs.yaml": rule("theirs")}))
    assert (done.exit_code, done.stderr) == (0, "rules: 1, files: 2, cases: 1; no faults\n")


@pytest.mark.parametrize("command", ["list", "check", "test"])
def test_an_id_that_stands_in_two_packs_is_a_fault(invoke: Invoke, write: Write, command: str) -> None:
    folder = write({f"packs/{pack}/mine.yaml": rule("mine") for pack in ("a", "b")})
    done = invoke("rules", command, folder)
    assert done.exit_code == 5
    assert f"`mine` stands also in {folder}/packs/a/mine.yaml:2:1" in done.stderr


def test_rules_are_listed_by_folder(invoke: Invoke, write: Write) -> None:
    folder = write({"mine.yaml": rule("mine"), "packs/more/theirs.yaml": rule("theirs")})
    line = "1.0.0  never  high  from 2020-01-01  No relay in mainland China"
    assert invoke("rules", "list", folder).stdout.splitlines() == [
        f"{folder}:",
        f"mine    {line}",
        f"{folder}/packs/more:",
        f"theirs  {line}",
    ]
    assert invoke("rules", "list", folder / "packs" / "more").stdout.splitlines() == [f"theirs  {line}"]


def test_one_rule_can_be_chosen(invoke: Invoke, write: Write) -> None:
    folder = write({"mine.yaml": rule("mine"), "yours.yaml": rule("yours")})
    done = invoke("rules", "test", folder, "--rule", "yours", "--no-mutants")
    assert "mine" not in done.stdout + done.stderr


def test_a_rule_that_is_not_there_is_a_wrong_command_line(invoke: Invoke, write: Write) -> None:
    done = invoke("rules", "test", write({"mine.yaml": rule("mine")}), "--rule", "mime")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "error: --rule: `mime` is no rule that is loaded\n  hint: did you mean `mine`?\n"


def test_a_folder_without_rules_is_nothing_to_test(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("rules", "test", tmp_path / "none").exit_code == 6


def test_an_accepted_mutant_that_is_none_is_told_at_its_place(invoke: Invoke, write: Write) -> None:
    text = rule("mine") + "accepted_mutants: [{mutant: 'never.in: drop XX', reason: it seemed so}]\n"
    folder = write({"mine.yaml": text})
    stderr = invoke("rules", "test", folder).stderr
    place = f"{folder / 'mine.yaml'}:18:29"
    assert f"{place}: accepted_mutants.1.mutant: `never.in: drop XX` names no mutant of this rule" in stderr
