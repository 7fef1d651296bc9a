import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.descent import descend
from auditor.sources.isolation import DEEPEST
from auditor.sources.lines import Limits

Reader = Callable[..., Any]
Written = Callable[..., Path]
START = '"started_at":"2026-03-01T00:00:00Z"'
GOOD = f'{{{START},"call_id":"c"}}\n'


@pytest.mark.parametrize(
    "line",
    [
        '{"a":1} {"a":2}',
        '{"a":1}{"a":2}',
        '{"a":NaN}',
        '{"a":1e999}',
        '{"a":1,}',
        "[1]",
        "1",
        "{}}",
        "{'a':1}",
        '{"a":"\x01"}',
        '{"a":"\x00"}',
        '{"a":"\\q"}',
        '{"a":01}',
        "\x00",
        '{"a":"',
        "garbage {",
        '{"a":' + "[" * 300 + "]" * 300 + "}",
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"b":' + '{"b":' * 50_000 + "1" + "}" * 50_001,
    ],
)
def test_a_line_that_is_no_object_is_rejected_alone(read: Reader, written: Written, line: str) -> None:
    found = read(written("a.jsonl", GOOD + line + "\n" + GOOD))
    assert found.reasons == [(2, "malformed", None)]
    assert found.rejects["byte_offset"].to_list() == [len(GOOD)]
    assert found.rejects["excerpt"][0] == line[:4096]
    assert found.connections["record"].to_list() == [1, 3]


def test_bytes_that_are_no_utf8_reject_their_line_alone(read: Reader, written: Written) -> None:
    found = read(written("a.ndjson", GOOD.encode() + b'{"a":"\xff"}\n' + GOOD.encode()))
    assert found.rejects["excerpt"].to_list() == ['{"a":"\\xff"}']
    assert found.connections["record"].to_list() == [1, 3]


def test_nesting_is_read_up_to_the_limit(read: Reader, written: Written) -> None:
    deep = "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)
    assert read(written("a.jsonl", f'{{{START},"x":{deep}}}\n')).connections.height == 1
    assert read(written("b.jsonl", f'{{{START},"x":[{deep}]}}\n' + GOOD)).reasons == [(1, "malformed", None)]


def test_brackets_in_texts_are_no_nesting(read: Reader, written: Written) -> None:
    line = f'{{{START},"call_id":"{"[" * 1_000}","session_id":"\\"{"{" * 1_000}"}}\n'
    assert read(written("a.jsonl", line)).connections["call_id"].to_list() == ["[" * 1_000]


def test_blank_lines_are_no_records_and_are_not_numbered(read: Reader, written: Written) -> None:
    path = written("a.jsonl", "\n  \n" + GOOD + "\r\n\t\n" + GOOD.strip() + "\r\n\n")
    for limits in (None, Limits(chunk_bytes=5)):
        found = read(path, limits=limits, piece_bytes=10)
        assert found.connections["record"].to_list() == [1, 2]
        assert found.records == 2
        assert found.raw(found.connections.row(1, named=True)) == GOOD.strip().encode()


def test_a_last_line_that_is_cut_is_truncated(read: Reader, written: Written) -> None:
    assert read(written("a.jsonl", GOOD + '{"started_at":"2026')).reasons == [(2, "truncated", None)]
    assert read(written("b.jsonl", GOOD + GOOD.strip())).connections.height == 2


def test_nested_values_where_a_scalar_should_be_are_unread_and_texts_that_look_nested_are_not(
    read: Reader, written: Written
) -> None:
    lines: list[dict[str, object]] = [
        {"call_id": {"a": 1}, "relay_ip": "[2001:db8::1]", "role": "keys"},
        {"call_id": [1], "relay_ip": "[1]", "role": "keys"},
        {"call_id": '{"a":1}', "relay_ip": ["192.0.2.1"], "role": "keys"},
    ]
    text = "".join(json.dumps({"started_at": "2026-03-01T00:00:00Z", **line}) + "\n" for line in lines)
    found = read(written("a.jsonl", text))
    assert found.connections["call_id"].to_list() == [None, None, '{"a":1}']
    assert found.connections["relay_ip"].to_list() == ["2001:db8::1", "1", '["192.0.2.1"]']
    assert [(column, reason, count, first) for column, reason, count, first, _ in found.unread] == [
        ("call_id", "unreadable", 2, 1),
        ("relay_ip", "unreadable", 1, 3),
    ]


def test_a_start_that_is_nested_rejects_the_record(read: Reader, written: Written) -> None:
    assert read(written("a.jsonl", '{"started_at":["2026-03-01T00:00:00Z"]}\n')).reasons == [
        (1, "unreadable", "started_at")
    ]


def test_of_equal_keys_the_first_wins(read: Reader, written: Written) -> None:
    assert (
        read(written("a.jsonl", f'{{{START},"call_id":"a","call_id":"b"}}\n')).connections["call_id"][0]
        == "a"
    )


def test_labels_are_found_wherever_they_first_occur(read: Reader, written: Written) -> None:
    text = GOOD * 5_000 + f'{{{START},"label_cloud":"gov"}}\n'
    found = read(written("a.jsonl", text))
    assert found.connections["label_cloud"].drop_nulls().to_list() == ["gov"]


def test_garbage_is_rejected_line_by_line(read: Reader, written: Written) -> None:
    text = "".join(f'{{"a":{number},}}\n' for number in range(30_000)) + GOOD
    found = read(written("a.jsonl", text))
    assert (found.rejects.height, found.connections.height) == (30_000, 1)


def test_paths_descend_and_quoted_names_do_not(read: Reader, written: Written) -> None:
    mapping = written(
        "nested.yaml",
        """
schema: auditor/mapping@1
id: nested
title: t
input: {format: jsonl}
fields:
  started_at: {from: 'time."a.b"', time: epoch_ms}
  call_id: '"x.y"'
  session_id: deep.er.still
  account_id: nowhere
  relay_port: list.port
extra: [deep]
""",
    )
    line = {
        "time": {"a.b": 1772350400123},
        "x.y": 1.0,
        "deep": {"er": {"still": True}},
        "list": [{"port": 1}],
    }
    found = read(written("a.log", json.dumps(line) + "\n"), mapping)
    row = found.connections.row(0, named=True)
    assert row["started_at"].isoformat() == "2026-03-01T07:33:20.123000+00:00"
    assert (row["call_id"], row["session_id"], row["relay_port"]) == ("1", "true", None)
    assert json.loads(json.loads(row["extra"])["deep"]) == line["deep"]
    assert "no record has `nowhere`, which the mapping reads" in found.warnings


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["k1"], "`k1`"),
        (["k1", "k2"], "`k1` or `k2`"),
        (["k1", "k2", "k3"], "`k1`, `k2` or `k3`"),
        ([f"k{n}" for n in range(32)], ", ".join(f"`k{n}`" for n in range(30)) + " and 2 more"),
    ],
)
def test_all_that_no_record_has_is_told_at_once(
    read: Reader, written: Written, names: list[str], told: str
) -> None:
    mapping = written(
        "m.yaml",
        "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: jsonl}\n"
        "fields: {started_at: {from: t, time: iso8601}, role: {const: media}, relay_ip: r, "
        f"call_id: [{', '.join(names)}]}}\n",
    )
    found = read(written("a.log", '{"t": "2026-03-01T00:00:00Z", "r": "192.0.2.1"}\n'), mapping)
    assert found.warnings == [f"no record has {told}, which the mapping reads"]


def test_a_log_in_which_no_record_has_a_start_is_a_fault(read: Reader, written: Written) -> None:
    with pytest.raises(SourceError, match="no column `started_at`"):
        read(written("a.jsonl", '{"began":1}\n'))


def test_unknown_keys_are_told(read: Reader, written: Written) -> None:
    assert (
        "columns that are not read: `colour`"
        in read(written("a.jsonl", f'{{{START},"colour":1,"role":"media"}}\n')).warnings
    )


@pytest.mark.parametrize("limits", [None, Limits(chunk_bytes=5)])
def test_a_log_that_knows_no_roles_says_so_once_and_not_of_each_record(
    read: Reader, written: Written, limits: Limits | None
) -> None:
    found = read(written("a.jsonl", GOOD * 3), limits=limits, piece_bytes=len(GOOD))
    assert found.connections["role"].to_list() == ["unknown"] * 3
    assert found.warnings == ["no column tells the role: it is unknown for every connection"]
    assert found.unread == []


@pytest.mark.parametrize("limits", [None, Limits(chunk_bytes=5)])
@pytest.mark.parametrize("last", ['"media"', "null"])
def test_where_any_record_has_a_role_the_records_without_are_counted(
    read: Reader, written: Written, limits: Limits | None, last: str
) -> None:
    path = written("a.jsonl", GOOD * 3 + f'{{{START},"role":{last}}}\n')
    found = read(path, limits=limits, piece_bytes=len(GOOD))
    assert found.warnings == []
    assert [row[:4] for row in found.unread] == [("role", "unmapped", 3 + (last == "null"), 1)]


UNLESS_NONE = """
schema: auditor/mapping@1
id: unless
title: t
input: {format: jsonl}
fields: {started_at: {from: started_at, time: iso8601}}
connections:
  - role: keys
    relay_ip: {from: [ip, other], ip: host_port}
    relay_site: {from: site, map: {f: FRA}}
    relay_country_declared: country
    client_ip: client
    home_region: region
    account_id: account
    if_no_relay: none
extra: [site]
"""


@pytest.mark.parametrize(
    ("said", "column", "value"),
    [
        ({"ip": ["1.2.0.1"]}, "relay_ip", '["1.2.0.1"]'),
        ({"ip": {"v4": "1.2.0.1"}, "other": "1.2.0.2"}, "relay_ip", '{"v4": "1.2.0.1"}'),
        ({"ip": [1]}, "relay_ip", "[1]"),
        ({"ip": []}, "relay_ip", "[]"),
        ({"site": ["f"]}, "relay_site", '["f"]'),
        ({"site": "x"}, "relay_site", None),
        ({"country": "DE"}, "relay_country_declared", "DE"),
        ({"country": "Germany"}, "relay_country_declared", None),
        ({"country": ["DE"]}, "relay_country_declared", None),
        ({"ip": "1.2.0.1", "client": ["1.2.0.9"]}, "client_ip", '["1.2.0.9"]'),
        ({"ip": "1.2.0.1", "region": ["EU"]}, "home_region", '["EU"]'),
        ({"ip": "1.2.0.1", "account": ["t"]}, "account_id", None),
    ],
)
def test_what_nobody_can_read_of_a_relay_is_not_taken_for_no_relay(
    read: Reader, written: Written, said: dict[str, object], column: str, value: str | None
) -> None:
    line = json.dumps({"started_at": "2026-03-01T00:00:00Z", **said})
    silent = f"{{{START}}}"
    found = read(written("a.log", f"{line}\n{silent}\n"), written("unless.yaml", UNLESS_NONE))
    assert found.connections.select("record", column).rows() == [(1, value)]
    assert found.not_connections == {"no_relay": 1}
    unread = {name for name, *_ in found.unread}
    assert unread == ({column} if said != {"country": "DE"} else set())


DEEP = """
schema: auditor/mapping@1
id: deep
title: t
input: {format: jsonl, null_values: ["-"]}
fields:
  started_at: {from: t.at, time: iso8601}
  call_id: n.c
  session_id: n.o.d
  account_id: n.o
connections:
  - {role: keys, relay_ip: n.ip, if_no_relay: none}
"""
SPREAD: list[tuple[dict[str, object], str | None]] = [
    (
        {"c": 123456789012345678901234567890, "o": {"d": 18446744073709551617}},
        "123456789012345678901234567890",
    ),
    ({"c": 123456789012345678901234567891, "o": {"d": "x"}}, "123456789012345678901234567891"),
    ({"c": 'a"b\\c\nd', "o": {"d": 1}}, 'a"b\\c\nd'),
    ({"c": 0.5, "o": {}}, "0.5"),
    ({"c": "", "o": None}, None),
    ({}, None),
]


def deep_line(nested: object) -> str:
    return json.dumps({"t": {"at": "2026-03-01T00:00:00Z"}, "n": nested}) + "\n"


OBJECTS = st.recursive(
    st.sampled_from(["1", "-0", '"x"', "null", "[]", '[{"c":1}]', '"{}"', str(2**70)]),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["n", "c", "\\u006e", ""]), inner).map(
            lambda pair: f'"{pair[0]}":{pair[1]}'
        ),
        max_size=3,
    ).map(lambda pairs: f"{{{','.join(pairs)}}}"),
)


@given(st.lists(OBJECTS.map(lambda nested: f'{{"n":{nested}}}'), min_size=1, max_size=6))
def test_a_line_is_descended_into_alike_alone_and_among_others(lines: list[str]) -> None:
    paths = {"n.c": ("n", "c"), "n.c.n": ("n", "c", "n"), "n.n": ("n", "n")}
    together = descend(pl.Series(lines), paths, {""})
    for row, line in enumerate(lines):
        alone = descend(pl.Series([line]), paths, {""})
        assert alone.columns.row(0) == together.columns.row(row)
        barred = {path for path in paths if path in together.blocked and together.blocked[path][row]}
        assert alone.blocked.keys() == barred


@pytest.mark.parametrize("bars", [(), (5, "x", [{"c": 1}], {"o": 7}, {"o": "x", "c": "y"})])
def test_numbers_deep_inside_are_exact_whatever_stands_in_other_lines(
    read: Reader, written: Written, bars: tuple[object, ...]
) -> None:
    lines = [deep_line({**nested, "ip": "192.0.2.1"}) for nested, _ in SPREAD]
    lines += [deep_line(bar) for bar in bars]
    found = read(written("a.log", "".join(lines)), written("deep.yaml", DEEP))
    rows = found.connections.filter(pl.col("record") <= len(SPREAD))
    assert rows["call_id"].to_list() == [call for _, call in SPREAD]
    assert rows["session_id"].to_list() == [str(2**64 + 1), "x", "1", None, None, None]
    assert rows["relay_ip"].to_list() == ["192.0.2.1"] * len(SPREAD)


def test_what_bars_the_way_to_a_relay_is_unread_and_not_absent(read: Reader, written: Written) -> None:
    bars: list[object] = ["-", " ", None, {}, 5, "x", ["192.0.2.1"], False, {"ip": "192.0.2.1"}]
    twice = '{"t":{"at":"2026-03-01T00:00:00Z"},"n":{"ip":"192.0.2.1"},"n":7}\n'
    lines = "".join(map(deep_line, bars)) + twice
    for limits in (None, Limits(chunk_bytes=1)):
        found = read(written("a.log", lines), written("deep.yaml", DEEP), limits=limits)
        assert found.not_connections == {"no_relay": 4}
        kept = found.connections.select("record", "relay_ip").rows()
        assert kept == [(5, None), (6, None), (7, None), (8, None), (9, "192.0.2.1"), (10, "192.0.2.1")]
        assert ("relay_ip", "unreadable", 4, 5) in [row[:4] for row in found.unread]


def test_many_lines_without_an_object_are_read_as_each_one_alone(read: Reader, written: Written) -> None:
    lines = [deep_line({"c": number, "ip": "192.0.2.1"} if number % 3 else number) for number in range(9_000)]
    found = read(written("a.log", "".join(lines)), written("deep.yaml", DEEP))
    assert found.connections["call_id"].to_list() == [
        str(number) if number % 3 else None for number in range(9_000)
    ]
    assert ("relay_ip", "unreadable", 3_000, 1) in [row[:4] for row in found.unread]
