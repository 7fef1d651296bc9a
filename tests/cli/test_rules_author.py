"""`auditor rules schema` and `auditor rules new`."""

import json
from pathlib import Path

import pytest

from auditor.ruleset.json_schemas import FileSort
from auditor.ruleset.schema import Effect
from tests.cli.conftest import Invoke


@pytest.mark.parametrize("kind", FileSort)
def test_the_schema_that_is_printed_is_the_one_that_is_published(invoke: Invoke, kind: FileSort) -> None:
    result = invoke("rules", "schema", kind)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == Path(f"docs/schemas/{kind}@1.json").read_text(encoding="utf-8")
    assert json.loads(result.stdout)["$id"] == f"auditor/{kind}@1"


def test_a_schema_is_that_of_rules_unless_another_is_asked_for(invoke: Invoke) -> None:
    assert invoke("rules", "schema").stdout == invoke("rules", "schema", "rule").stdout
    assert invoke("rules", "schema", "window").exit_code == 2


@pytest.mark.parametrize("effect", Effect)
def test_a_new_rule_is_checked_and_tested_as_it_was_written(
    invoke: Invoke, tmp_path: Path, effect: Effect
) -> None:
    folder = tmp_path / "mine" / "rules"
    result = invoke("rules", "new", "our-rule", "--effect", effect, "--out", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    file = folder / "our-rule.yaml"
    assert result.stderr == (
        f"Wrote {file}. Replace what says TODO, then run `auditor rules check {folder}`.\n"
    )
    assert invoke("rules", "check", folder).exit_code == 0
    assert invoke("rules", "test", folder).exit_code == 0
    assert f"effect: {effect}\n" in file.read_text(encoding="utf-8")


def test_a_new_rule_is_a_fence_unless_another_effect_is_asked_for(invoke: Invoke, tmp_path: Path) -> None:
    assert invoke("rules", "new", "our-rule", "--out", tmp_path).exit_code == 0
    assert "effect: fence\n" in (tmp_path / "our-rule.yaml").read_text(encoding="utf-8")


def test_a_rule_that_is_there_is_never_written_over(invoke: Invoke, tmp_path: Path) -> None:
    file, nowhere = tmp_path / "our-rule.yaml", tmp_path / "a-link.yaml"
    file.write_text("mine")
    nowhere.symlink_to(tmp_path / "elsewhere.yaml")
    for rule_id in ("our-rule", "a-link"):
        result = invoke("rules", "new", rule_id, "--out", tmp_path)
        assert result.exit_code == 2
        assert result.stderr == (
            f"error: {tmp_path}/{rule_id}.yaml: is there already\n  hint: choose another ID or --out\n"
        )
    assert file.read_text() == "mine"
    assert not (tmp_path / "elsewhere.yaml").exists()


@pytest.mark.parametrize("rule_id", ["../escaped", "EU", "a/b"])
def test_what_is_no_id_writes_nothing(invoke: Invoke, tmp_path: Path, rule_id: str) -> None:
    result = invoke("rules", "new", rule_id, "--out", tmp_path / "rules")
    assert result.exit_code == 2
    assert f"`{rule_id}` is no id of a rule" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "rules"
    file.write_text("")
    for out in (file, file / "deeper"):
        result = invoke("rules", "new", "our-rule", "--out", out)
        assert result.exit_code == 2
        assert f"error: {tmp_path}/rules" in result.stderr
