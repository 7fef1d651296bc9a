"""Faults of YAML documents, CSV tables and texts from outside, each with its place."""

import os
from pathlib import Path

import pytest

from auditor.documents import Document, model_of, read_document
from auditor.documents import Strict as Model
from auditor.errors import Fault
from auditor.tables import Line, read_table
from auditor.text import read_text


def faults_of(path: Path, text: str) -> list[str]:
    path.write_text(text)
    read = read_document(path, name="a.yaml")
    return [str(fault).replace("\n  hint: ", " | ") for fault in ([] if isinstance(read, Document) else read)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "a.yaml:1:1: must be a mapping of keys to values"),
        ("- a\n", "a.yaml:1:1: must be a mapping of keys to values"),
        ("%YAML 1.1\n---\na: NO\n", "a.yaml:1:1: a `%` directive | leave it out: files are YAML 1.2"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document | one file holds one document"),
        ("a: &x 1\nb: 2\n", "a.yaml:1:4: the anchor `&x` | write the value out where it is needed"),
        ("a: !!str 1\n", "a.yaml:1:4: the tag `tag:yaml.org,2002:str` | leave it out"),
        ("<<: {a: 1}\n", "a.yaml:1:1: a merge key, `<<` | write the keys out"),
        ("a:\n  1: x\n", "a.yaml:2:3: the key `1` is no text | put it in quotes"),
        ("a:\n- {NO: 1, 2: x}\n", "a.yaml:2:11: the key `2` is no text | put it in quotes"),
    ],
)
def test_what_bends_a_value_is_a_fault(tmp_path: Path, text: str, fault: str) -> None:
    assert faults_of(tmp_path / "a", text) == [fault]


@pytest.mark.parametrize("text", ["a: [1", "a: 'b", "a: 1\na: 2\n", "\x07: 1\n", "a: " + "[" * 5_000])
def test_what_is_no_yaml_is_one_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    assert len(faults_of(tmp_path / "a", text)) == 1


def test_an_alias_is_a_fault_beside_its_anchor(tmp_path: Path) -> None:
    faults = faults_of(tmp_path / "a", "a: &x 1\nb: *x\n")
    assert faults[1] == "a.yaml:2:4: an alias | write the value out"


class _Inner(Model):
    number: int
    flag: bool = False


class _Outer(Model):
    items: tuple[_Inner, ...]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "items:\n- {number: one}\n",
            "a.yaml:2:12: items.1.number: `one`: input should be a valid integer",
        ),
        (
            "items:\n- {number: 1, flag: 1}\n",
            "a.yaml:2:21: items.1.flag: `1`: input should be a valid boolean",
        ),
        ("items:\n- {nunber: 1, number: 1}\n", "a.yaml:2:4: items.1.nunber: unknown key"),
        ("items:\n- {flag: true}\n", "a.yaml:2:3: items.1.number: is missing"),
        ("item: []\n", "a.yaml:1:1: items: is missing"),
    ],
)
def test_a_value_that_does_not_fit_has_its_place(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "a").write_text(text)
    document = read_document(tmp_path / "a", name="a.yaml")
    assert isinstance(document, Document)
    faults = model_of(document, _Outer)
    assert isinstance(faults, list)
    assert fault in [str(one).split("\n")[0] for one in faults]


def table(path: Path, text: str | bytes) -> list[str] | list[Line]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    read = read_table(path, required=("id", "region"), optional=("country",), free="label_")
    faults = [str(one).removeprefix(f"{path}:").split("\n")[0] for one in read if isinstance(one, Fault)]
    return faults or [line for line in read if isinstance(line, Line)]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["1:1: is empty"]),
        ("id\n", ["1:1: the column `region` is missing"]),
        ("id,region,id\n", ["1:3: the column `id` stands twice"]),
        ("id,region,contry\n", ["1:3: unknown column `contry`"]),
        (
            "id,region\na\nb,EU,x\n",
            ["2:1: has 1 fields, the header has 2", "3:1: has 3 fields, the header has 2"],
        ),
        ('id,region\n"a,EU\n', ["2:1: is not CSV: unexpected end of data"]),
        (b"id,region\n\xff,EU\n", ["2:1: is not UTF-8"]),
    ],
)
def test_faults_of_a_table_have_their_line(tmp_path: Path, text: str | bytes, faults: list[str]) -> None:
    assert table(tmp_path / "a.csv", text) == faults


def test_a_table_gives_its_fields_and_their_places(tmp_path: Path) -> None:
    lines = table(tmp_path / "a.csv", "\ufeffid,region,label_cloud\r\n\r\na,EU,\r\n")
    assert [line.fields for line in lines if isinstance(line, Line)] == [
        {"id": "a", "region": "EU", "label_cloud": None}
    ]
    (line,) = (line for line in lines if isinstance(line, Line))
    assert line.place("region") == f"{tmp_path / 'a.csv'}:3:2"


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    assert table(tmp_path / "a.csv", "id,region\n") == []


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_text(tmp_path / "pipe", "pipe") == Fault(
        "pipe", "is no file", "write what it gives to a file first"
    )
    assert read_text(tmp_path, "here") == Fault("here", "cannot be read: Is a directory")
    assert read_text(tmp_path / "gone", "gone") == Fault("gone", "cannot be read: No such file or directory")
