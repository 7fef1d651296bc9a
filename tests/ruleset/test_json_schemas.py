"""The JSON Schemas of rule files: what the loader takes they take, and each key is explained."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.documents import Document, read_document
from auditor.ruleset.explained import EXPLAINED
from auditor.ruleset.json_schemas import FileSort, json_schema_of, json_schema_text
from auditor.ruleset.schema import Effect
from auditor.ruleset.templates import rule_template
from tests.ruleset import test_case_faults, test_exception_faults, test_rule_faults, test_scope_faults
from tests.ruleset.json_schema_subset import JsonValue, breaches
from tests.ruleset.rule_files import RULE, WHOLE, spoilt

SCHEMAS = {sort: json_schema_of(sort) for sort in FileSort}
RULES = Path(__file__).parents[2] / "rules"
SHIPPED = [*RULES.glob("*.yaml"), *RULES.glob("packs/*/*.yaml")]
SHIPPED_GROUPS = [*RULES.glob("groups/*.yaml"), *RULES.glob("packs/*/groups/*.yaml")]


def data_of(text: str, folder: Path) -> JsonValue:
    file = folder / "file.yaml"
    file.write_text(text, encoding="utf-8")
    read = read_document(file)
    assert isinstance(read, Document)
    return read.data


def faults(text: str, sort: FileSort, folder: Path) -> list[str]:
    return breaches(data_of(text, folder), SCHEMAS[sort])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_rules_are_as_the_schema_says(file: Path, tmp_path: Path) -> None:
    assert faults(file.read_text(encoding="utf-8"), FileSort.RULE, tmp_path) == []


@pytest.mark.parametrize("file", SHIPPED_GROUPS, ids=lambda file: file.stem)
def test_shipped_groups_are_as_the_schema_says(file: Path, tmp_path: Path) -> None:
    assert faults(file.read_text(encoding="utf-8"), FileSort.GROUPS, tmp_path) == []


@pytest.mark.parametrize("effect", Effect)
def test_new_rules_are_as_the_schema_says(effect: Effect, tmp_path: Path) -> None:
    assert faults(rule_template("mine", effect), FileSort.RULE, tmp_path) == []


KINDS = {
    "eu-fence.yaml": FileSort.RULE,
    "groups/europe.yaml": FileSort.GROUPS,
    "windows/eu.yaml": FileSort.WINDOWS,
    "waivers/w.yaml": FileSort.WAIVER,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_sound_file_of_each_kind_is_as_its_schema_says(name: str, tmp_path: Path) -> None:
    assert faults(WHOLE[name], KINDS[name], tmp_path) == []


def test_a_rule_that_extends_may_leave_out_what_it_takes(tmp_path: Path) -> None:
    kid = "id: kid\nversion: 1.0.0\nextends: eu-fence\n" + RULE[RULE.index("tests:") :]
    assert faults(kid, FileSort.RULE, tmp_path) == []
    assert faults(kid.replace("extends: eu-fence\n", ""), FileSort.RULE, tmp_path) == [": oneOf"]
    assert faults(RULE + "extends: other\n", FileSort.RULE, tmp_path) == []


def told() -> Iterator[object]:
    """Give the faults of one rule file by itself that a schema can say."""
    tables: dict[str, Mapping[str, tuple[tuple[str, str], str]]] = {
        "rule": test_rule_faults.FAULTS,
        "scope": test_scope_faults.FAULTS,
        "exception": test_exception_faults.FAULTS,
        "case": test_case_faults.FAULTS,
    }
    for table, rows in tables.items():
        for name, (change, message) in rows.items():
            if not any(word in message for word in BEYOND):
                yield pytest.param(table, change, id=f"{table}: {name}")


BEYOND = (
    "is no group",
    "is neither a group nor an ISO 3166-1 alpha-2 code\n  hint: did you mean `EU27`",
    "hint: did you mean `EEA`",
    "is not before `until`",
    "is no instant",
    "is no day",
    "is not the name of the file",
    "no connection and no call",
    "both a connection and a call",
    "stands twice\n  hint: tell them apart",
    "found duplicate key",
    "has a key that is a list",
    "can never be observed",
    "finite number",
    "is not in the years",
)
"""What no schema can say: names in other files, several values compared, and what YAML itself refuses."""


@pytest.mark.parametrize(("table", "change"), [*told()])
def test_what_the_loader_refuses_in_a_rule_by_itself_the_schema_refuses(
    table: str, change: tuple[str, str], tmp_path: Path
) -> None:
    text = RULE if table == "rule" else WHOLE["eu-fence.yaml"]
    whole = spoilt("eu-fence.yaml", change, {"eu-fence.yaml": text})["eu-fence.yaml"]
    assert faults(whole, FileSort.RULE, tmp_path) != []


@pytest.mark.parametrize("sort", FileSort)
def test_each_key_of_a_file_is_explained(sort: FileSort) -> None:
    unexplained = [
        key
        for node in objects_in(SCHEMAS[sort])
        for key, value in node.get("properties", {}).items()
        if isinstance(value, dict) and not value.get("description", "").endswith(".")
    ]
    assert unexplained == []


def test_no_key_is_explained_that_no_file_has() -> None:
    keys = {
        key
        for schema in SCHEMAS.values()
        for node in objects_in(schema)
        if isinstance(node.get("properties"), dict)
        for key in node["properties"]
    }
    assert {key for explained in EXPLAINED.values() for key in explained} <= keys


@pytest.mark.parametrize("sort", FileSort)
def test_a_schema_is_the_same_each_time_and_names_no_default(sort: FileSort) -> None:
    assert json_schema_text(sort) == json_schema_text(sort)
    assert all("default" not in node for node in objects_in(SCHEMAS[sort]) if "type" in node)


def objects_in(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects_in(item)
