"""What a user can say or meet stands in the docs."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.evidence.manifest import Manifest
from auditor.model import CONNECTION, FINDING_VERDICTS, BadValue, Role
from auditor.ruleset.schema import RuleBase, Scope

DOCS = {path.name: path.read_text() for path in [Path("README.md"), *Path("docs").glob("*.md")]}


@pytest.mark.parametrize("column", CONNECTION)
def test_each_column_is_described(column: str) -> None:
    assert f"`{column}`" in DOCS["logs.md"]


@pytest.mark.parametrize("word", [*BadValue])
def test_each_reason_for_not_reading_is_named(word: str) -> None:
    assert f"`{word}`" in DOCS["logs.md"]


@pytest.mark.parametrize("word", [*Role])
def test_each_role_is_named(word: str) -> None:
    assert f"`{word}`" in DOCS["rules.md"]


@pytest.mark.parametrize("verdict", FINDING_VERDICTS)
def test_each_verdict_of_a_finding_is_named(verdict: str) -> None:
    assert f"`{verdict}`" in DOCS["run-directory.md"]


@pytest.mark.parametrize("model", [RuleBase, Scope])
def test_each_key_of_a_rule_is_described(model: type[RuleBase | Scope]) -> None:
    for name, field in model.model_fields.items():
        assert re.search(rf"`{field.alias or name}\b", DOCS["rules.md"]), name


WITH_OPTIONS = (
    *("audit", "verify", "explain", "rules lint", "rules new", "inventory check", "formats check"),
    *(f"geo {command}" for command in ("lookup", "record", "status", "update", "verify")),
)


def test_each_option_of_the_audit_is_in_its_help_and_each_one_in_the_docs_exists() -> None:
    shown = "".join(CliRunner().invoke(app, [*command.split(), "--help"]).stdout for command in WITH_OPTIONS)
    known = set(re.findall(r"--[a-z][a-z-]+", shown))
    named = {option for text in DOCS.values() for option in re.findall(r"`(--[a-z][a-z-]+)", text)}
    assert named <= known, named - known


def test_each_file_of_a_run_is_described() -> None:
    written = set(re.findall(r"[a-z]+\.(?:parquet|json|html)", DOCS["run-directory.md"]))
    expected = {f"{name}.parquet" for name in ("findings", "incidents", "locations", "rejects", "exhibits")}
    assert written == expected | {"report.html", "summary.json", "manifest.json"}
    assert "outputs" in Manifest.model_fields
