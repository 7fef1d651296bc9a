"""JSON documents read fast agree with the same read slowly, and a document may be cut or doubled anywhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.interface import Log
from auditor.sources.jsondocs import TWICE
from auditor.sources.jsonplaces import Document, locate
from auditor.sources.mapping import Mapping, load_mapping
from auditor.sources.scanning import Scanner, Span
from tests.sources.samples import FORMATS, logs_of
from tests.sources.samples import read as whole

Reader = Callable[..., Any]
Written = Callable[..., Path]
Row = tuple[int, str | None, str | None, str | None, str | None]

MAPPING = """
schema: auditor/mapping@1
id: calls
title: t
input: {format: FORMAT}
each: {s: sessions}
fields: {call_id: id, started_at: {from: began, time: epoch_s}, session_id: s.id}
connections:
  - {role: media, each: {m: s.deep.media}, relay_ip: m.ip, relay_site: '"not.deep"'}
"""
TEXTS = st.sampled_from([None, "", "x", " y", "[1]", '{"a":', 'q"q', "b\\", "é😀", "null", "1.0", ",]"])
IPS = st.sampled_from(["192.0.2.1", "2001:db8::1"])
MEDIA = st.lists(st.fixed_dictionaries({"ip": IPS}), max_size=2)
SESSION = st.fixed_dictionaries({"id": TEXTS, "deep": st.none() | st.fixed_dictionaries({"media": MEDIA})})
CALL = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "began": st.integers(1772350400, 1772350500),
        "not.deep": TEXTS,
        "sessions": st.none() | st.lists(SESSION, max_size=3),
    }
)
PARQUET: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.String,
    "began": pl.Int64,
    "not.deep": pl.String,
    "sessions": pl.List(
        pl.Struct({"id": pl.String, "deep": pl.Struct({"media": pl.List(pl.Struct({"ip": pl.String}))})})
    ),
}


def slowly(calls: list[dict[str, Any]]) -> tuple[int, list[Row]]:
    """Count the records, and give the distinct connections of each, in order."""
    rows: list[Row] = []
    number = 0
    for call in calls:
        for session in call["sessions"] or [{"id": None, "deep": None}]:
            number += 1
            media = (session["deep"] or {"media": []})["media"]
            told = (number, text(call["id"]), text(session["id"]))
            rows += list(dict.fromkeys((*told, one["ip"], text(call["not.deep"])) for one in media))
    return number, rows


def text(value: str | None) -> str | None:
    return value if value and value.strip() else None


@pytest.fixture(scope="session")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Mapping]:
    """Give the mapping of each file that a document is written to."""
    folder, found = tmp_path_factory.mktemp("reference"), {}
    for form in ("json", "jsonl", "parquet"):
        (folder / "calls.yaml").write_text(MAPPING.replace("FORMAT", form))
        found[folder / f"a.{form}"] = load_mapping(folder / "calls.yaml")
    return found


def spelled(value: object, written_by: dict[str, Any]) -> str:
    return json.dumps(value, **{"ensure_ascii": False, **written_by})


HANDS = st.fixed_dictionaries({}, optional={"indent": st.integers(0, 3), "ensure_ascii": st.booleans()})
"""How JSON may be spelled."""


@settings(max_examples=40)
@given(st.lists(CALL, max_size=4), HANDS)
def test_documents_lines_and_tables_agree_with_a_slow_reading(
    mappings: dict[Path, Mapping], calls: list[dict[str, Any]], hand: dict[str, Any]
) -> None:
    document, lines, table = mappings
    document.write_text(spelled(calls, hand), encoding="utf-8")
    each = (spelled(call, {**hand, "indent": None}) + "\n" for call in calls)
    lines.write_text("".join(each), encoding="utf-8")
    pl.DataFrame(calls, schema=PARQUET).write_parquet(table)
    number, expected = slowly(calls)
    for path, mapping in mappings.items():
        found = whole(Log(str(path), mapping.input.format, mapping))
        columns = ("record", "call_id", "session_id", "relay_ip", "relay_site")
        assert found.connections.select(columns).rows() == expected
        assert (found.records, found.adds_up) == (number, True)
        assert not any(batch.rejects.height for batch in found.batches)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('a"\\[]{},: \n\té😀', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('a"[}\\', max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def in_blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


@given(st.lists(VALUES, max_size=4), HANDS, st.integers(1, 9))
def test_elements_are_found_however_the_bytes_come(
    elements: list[Any], hand: dict[str, Any], size: int
) -> None:
    data = spelled(elements, hand).encode()
    scanner = Scanner(in_blocks(data, size))
    spans = list(scanner.elements())
    assert [json.loads(data[span.start : span.stop]) for span in spans] == elements
    assert all(span.whole for span in spans)
    assert scanner.position == len(data)


def found_in(data: bytes, mapping: Mapping) -> tuple[Document, list[Span]]:
    """Look a document through that is held in memory."""

    def stream_from(start: int) -> Iterator[bytes]:
        return in_blocks(data[start:], 4_096)

    document = locate("held", mapping, stream_from)
    if document.array is None:
        return document, [] if document.alone is None else [document.alone]
    return document, list(Scanner(stream_from(document.array), document.array).elements())


@pytest.mark.parametrize("name", ["teams-callrecord", "zoom-participants"])
def test_a_sample_cut_at_any_byte_keeps_every_element_before_the_cut(name: str) -> None:
    data, mapping = logs_of(name)[0].read_bytes().rstrip(), FORMATS[name].mapping
    document, elements = found_in(data, mapping)
    assert (document.cut, document.rest) == (False, None)
    for cut in range(elements[0].stop, len(data)):
        left, spans = found_in(data[:cut], mapping)
        assert left.cut
        before = [span for span in elements if span.stop < cut]
        assert [span for span in spans if span.whole][: len(before)] == before
        assert len(spans) <= len(elements)


def test_a_second_array_of_records_is_told_of(read: Reader, written: Written) -> None:
    mapping = written("calls.yaml", MAPPING.replace("FORMAT", "json, records: [page.value]"))
    call = '{"id": "a", "began": 1772350400, "sessions": [{"deep": {"media": [{"ip": "192.0.2.1"}]}}]}'
    once = read(written("a.json", f'{{"page": {{"value": [{call}], "n": 1, "n": 2}}}}'), mapping)
    twice = read(written("b.json", f'{{"page": {{"value": [{call}], "value": [{call}, {call}]}}}}'), mapping)
    apart = read(written("c.json", f'{{"page": {{"value": [{call}]}}, "page": {{"value": []}}}}'), mapping)
    assert [one.connections.height for one in (once, twice, apart)] == [1, 1, 1]
    assert not any("twice" in said for said in once.warnings)
    assert TWICE.format("value") in twice.warnings
    assert TWICE.format("page") in apart.warnings


def test_keys_that_are_no_text_are_named_so_that_they_can_be_printed(written: Written) -> None:
    data = b'{"\\ud800": 1}'
    mapping = load_mapping(written("calls.yaml", MAPPING.replace("FORMAT", "json, records: [value]")))
    with pytest.raises(SourceError, match=r"there are: `\\ud800`") as refused:
        found_in(data, mapping)
    assert str(refused.value).encode()


@pytest.mark.parametrize("said", ["[" * 40_000 + "]" * 40_000, '{"a":' * 40_000 + "1" + "}" * 40_000])
def test_what_is_nested_deep_beside_the_records_is_passed(read: Reader, written: Written, said: str) -> None:
    mapping = MAPPING.replace("FORMAT", "json, records: [value]") + "extra: [$document.said]\n"
    call = '{"began": 1772350400, "sessions": [{"deep": {"media": [{"ip": "192.0.2.1"}]}}]}'
    path = written("a.json", f'{{"said": {said}, "value": [{call}], "n": {said}}}')
    found = read(path, written("calls.yaml", mapping))
    assert found.connections["relay_ip"].to_list() == ["192.0.2.1"]
    assert (found.records, found.rejects.height) == (1, 0)


def test_the_offset_of_a_record_is_where_its_element_starts(read: Reader, written: Written) -> None:
    call = '{"began": 1772350400, "sessions": [{"deep": {"media": [{"ip": "192.0.2.1"}]}}, {}]}'
    data = f'\ufeff{{"é": 1,\n "value":\n  [ {call},\n {call}\n ]}}\n'.encode()
    mapping = written("calls.yaml", MAPPING.replace("FORMAT", "json, records: [value]"))
    found = read(written("a.json", data), mapping)
    first = data.index(call.encode())
    second = data.index(call.encode(), first + 1)
    assert found.connections.select("record", "byte_offset").rows() == [(1, first), (3, second)]
    assert [found.raw(row) for row in found.connections.iter_rows(named=True)] == [call.encode()] * 2
