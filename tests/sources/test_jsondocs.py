import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.errors import SourceError
from auditor.sources.jsondocs import BROKEN, CUT
from auditor.sources.lines import BOM, Limits

Reader = Callable[..., Any]
Written = Callable[..., Path]
CALLS = [
    {
        "id": f"c{number}",
        "began": 1772350400 + number,
        "sessions": [
            {"id": "s[1]", "media": [{"ip": "192.0.2.1"}, {"ip": "2001:db8::1"}]},
            {"id": 'x",]}{', "media": []},
        ],
    }
    for number in range(3)
]
DOCUMENT = {"@next": "https://x.example", "value": CALLS, "after": {"ip": "none"}}
TEXT = json.dumps(DOCUMENT, indent=1)


@pytest.fixture
def mapping(written: Written) -> Callable[..., Path]:
    def write(given: str, document: str = "") -> Path:
        return written(
            "calls.yaml",
            f"""
schema: auditor/mapping@1
id: calls
title: t
input: {given}
each: {{s: sessions}}
fields:
  {{call_id: {{from: id, required: true}}, started_at: {{from: began, time: epoch_s}}, session_id: s.id}}
connections:
  - {{role: media, each: {{m: s.media}}, relay_ip: m.ip}}
{document}
""",
        )

    return write


def rows(found: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401  a whole log, read
    columns = ("record", "call_id", "session_id", "relay_ip")
    return list(found.connections.select(columns).rows())


def test_documents_lines_and_tables_give_the_same_connections(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    table = written("a.parquet", "")
    pl.DataFrame(CALLS).write_parquet(table)
    lines = written("a.jsonl", "".join(json.dumps(call) + "\n" for call in CALLS))
    found = [
        read(written("a.json", TEXT), mapping("{format: json, records: [value, $]}")),
        read(lines, mapping("{format: jsonl}")),
        read(table, mapping("{format: parquet}")),
    ]
    assert rows(found[0]) == rows(found[1]) == rows(found[2])
    assert rows(found[0])[:2] == [(1, "c0", "s[1]", "192.0.2.1"), (1, "c0", "s[1]", "2001:db8::1")]
    assert [one.not_connections for one in found] == [{"no_relay": 3}] * 3
    assert [one.records for one in found] == [6, 6, 6]


def test_a_record_is_fetched_as_it_is_written(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    found = read(written("a.json", TEXT), mapping("{format: json, records: [value]}"))
    for row in found.connections.iter_rows(named=True):
        assert json.loads(found.raw(row)) == CALLS[(row["record"] - 1) // 2]


def test_small_limits_and_packing_change_nothing(
    read: Reader,
    written: Written,
    mapping: Callable[..., Path],
    packed: Mapping[str, Callable[[bytes], bytes]],
) -> None:
    given = mapping("{format: json, records: [value]}")
    expected = read(written("a.json", TEXT), given)
    for suffix, pack in packed.items():
        path = written(f"b.json{suffix}", pack(BOM + TEXT.encode()))
        for limits in (None, Limits(chunk_bytes=1), Limits(batch_rows=1)):
            assert rows(read(path, given, limits=limits)) == rows(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("id,began\n1,2\n", "is no JSON document"),
        ('{"valu": []}', "did you mean `valu`"),
        ('{"value": null}', "has nothing at `value`"),
        ("[]", "has nothing at `value`"),
        ('{"a": 1', "in the middle of the document"),
    ],
)
def test_what_has_no_records_to_read_is_refused_as_a_whole(
    read: Reader, written: Written, mapping: Callable[..., Path], text: str, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        read(written("a.json", text), mapping("{format: json, records: [value]}"))


def test_an_empty_array_has_no_records(read: Reader, written: Written, mapping: Callable[..., Path]) -> None:
    assert read(written("a.json", '{"value": [ ]}'), mapping("{format: json, records: [value]}")).records == 0


@pytest.mark.parametrize(
    "bad",
    ["7", '{"a":1,}', '"x"', "null", '{"a":NaN}', '{"a":"\n"}', "[" * 5_000 + "]" * 5_000, '{"a":1}}', ""],
)
def test_a_bad_element_is_rejected_alone(
    read: Reader, written: Written, mapping: Callable[..., Path], bad: str
) -> None:
    call = json.dumps(CALLS[0])
    path = written("a.json", f'{{"value": [{call}, {bad} , {call}]}}')
    found = read(path, mapping("{format: json, records: [value]}"))
    assert found.reasons == [(3, "malformed", None)]
    assert found.rejects["excerpt"].to_list() == [bad[:4096]]
    assert sorted(set(found.connections["record"])) == [1, 4]


def test_what_follows_a_document_is_a_reject_and_told_of(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    line = json.dumps(CALLS[0]) + "\n"
    found = read(written("a.json", line + line), mapping("{format: json, records: [value, $]}"))
    assert found.reasons == [(3, "malformed", None)]
    assert found.rejects["excerpt"].to_list() == [line.strip()]
    assert BROKEN in found.warnings


def test_what_a_document_says_of_all_records_is_asked_like_a_value(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    more = """warn: [{when: {'$document."@next"': {not: null}}, text: one page of several}]
extra: ['$document."@next"', $document.after.ip]"""
    found = read(written("a.json", TEXT), mapping("{format: json, records: [value]}", more))
    assert "one page of several" in found.warnings
    assert {json.loads(text)['$document."@next"'] for text in found.connections["extra"]} == {
        "https://x.example"
    }
    other = {key: value for key, value in DOCUMENT.items() if key != "@next"}
    found = read(written("b.json", json.dumps(other)), mapping("{format: json, records: [value]}", more))
    assert "one page of several" not in found.warnings


def test_what_stands_where_an_array_should_be_refuses_its_record(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    calls = [{**CALLS[0], "sessions": {"id": "s"}}, {**CALLS[0], "sessions": [{"media": "x"}, 7]}, CALLS[0]]
    for name, text in (("a.json", json.dumps(calls)), ("a.jsonl", "\n".join(map(json.dumps, calls)))):
        given = "{format: json, records: [$]}" if name == "a.json" else "{format: jsonl}"
        found = read(written(name, text), mapping(given))
        assert [(record, reason) for record, reason, _ in found.reasons] == [
            (1, "unreadable"),
            (2, "unreadable"),
            (3, "unreadable"),
        ]
        assert set(found.connections["record"]) == {4}


def test_a_document_cut_anywhere_keeps_its_whole_records(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    given = mapping("{format: json, records: [value]}")
    text = json.dumps({"value": CALLS, "n": 1})
    ends = [text.index(json.dumps(call)) + len(json.dumps(call)) for call in CALLS]
    for cut in range(0, len(text), 3):
        try:
            found = read(written("a.json", text[:cut]), given)
        except SourceError:
            assert cut <= text.index("[")
            continue
        whole = sum(end <= cut for end in ends)
        assert found.accounted == found.records
        assert found.connections.height == 2 * whole
        assert {reason for _, reason, _ in found.reasons} <= {"truncated"}
        assert CUT in found.warnings


def test_damaged_documents_are_accounted_for(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    given, chance = mapping("{format: json, records: [value, $]}"), random.Random(5)
    for _ in range(150):
        data = bytearray(TEXT.encode())
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.choice([*b'"{}[],:\\ \n', chance.randrange(256)])
        try:
            found = read(written("a.json", bytes(data)), given)
        except SourceError:
            continue
        assert found.accounted == found.records > 0


def test_an_element_that_is_too_long_is_rejected_alone(
    read: Reader, written: Written, mapping: Callable[..., Path]
) -> None:
    long = json.dumps({"id": "y" * 9_000})
    text = f"[{json.dumps(CALLS[0])}, {long}, {json.dumps(CALLS[1])}]"
    found = read(written("a.json", text), mapping("{format: json}"), limits=Limits(record_bytes=5_000))
    assert [(row, reason) for row, reason, _ in found.reasons] == [(3, "malformed")]
    assert sorted(set(found.connections["record"])) == [1, 4]
