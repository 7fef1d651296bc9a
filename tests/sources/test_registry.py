"""Formats by name: each is there, is whole, and has a page."""

import json
from pathlib import Path

import pytest

from auditor.documents import Document, read_document
from auditor.errors import Fault
from auditor.sources.json_schema import mapping_schema_text
from auditor.sources.registry import PRESETS, SOURCES, Kind, all_formats, format_named, format_names
from tests.ruleset.json_schema_subset import JsonValue, breaches

PAGES = Path("docs/formats")
FORMATS = [one for one in all_formats() if one.kind is not Kind.COLUMNS]
SCHEMA = json.loads(mapping_schema_text())


def data_of(path: Path) -> JsonValue:
    read = read_document(path)
    assert isinstance(read, Document)
    return read.data


def test_each_format_can_be_read() -> None:
    for one in all_formats():
        assert (one.name if one.kind is Kind.READER else one.mapping.input.format) in SOURCES


def test_no_name_means_two_things() -> None:
    readers = {one.name for one in FORMATS if one.kind is Kind.READER}
    presets = {path.stem for path in PRESETS.glob("*.yaml")}
    assert readers.isdisjoint(presets)
    assert readers.isdisjoint({"csv", "jsonl", "json", "parquet", "lines", "zeek", "canonical"})
    assert set(format_names()) == readers | presets | {"canonical"}


def test_each_format_says_what_it_was_checked_against() -> None:
    assert {one.mapping.checked_against for one in FORMATS} <= {"documentation", "source_code", "real_log"}


@pytest.mark.parametrize("name", [one.name for one in FORMATS])
def test_each_format_has_a_page_and_stands_in_the_index(name: str) -> None:
    assert f"[{name}]({name}.md)" in (PAGES / "README.md").read_text()
    assert f"`{name}`" in (PAGES / f"{name}.md").read_text()


@pytest.mark.parametrize(("name", "hint"), [("zek-conn", "did you mean `zeek-conn`?"), ("?", "tells all: ")])
def test_a_name_that_means_nothing_is_a_fault_with_its_place(name: str, hint: str) -> None:
    found = format_named(name, "auditor.toml:3")
    assert isinstance(found, Fault)
    assert (found.place, found.text) == ("auditor.toml:3", f"`{name}` is no format")
    assert hint in (found.hint or "")


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_presets_are_as_the_schema_says(preset: Path) -> None:
    assert breaches(data_of(preset), SCHEMA) == []


@pytest.mark.parametrize(
    ("changes", "breach"),
    [
        ({"inputs": {}}, ".inputs: additionalProperties"),
        ({"input": {"format": "cvs"}}, ".input.format: enum"),
        ({"fields": {"call_id": 7}}, ".fields.call_id: anyOf"),
        ({"fields": {"call_idd": "a"}}, ".fields.call_idd: additionalProperties"),
        ({"connections": [{"use": "maybe"}]}, ".connections.0.use: enum"),
        ({"id": "Not An Id"}, ".id: pattern"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(changes: dict[str, JsonValue], breach: str) -> None:
    assert breaches({**data_of(PRESETS / "aws-vpc.yaml"), **changes}, SCHEMA) == [breach]
