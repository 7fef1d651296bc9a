"""What a record becomes depends on the bytes of the file, never on where it was cut for reading."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.sources.lines import Limits

Reader = Callable[..., Any]

USUAL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
START = "2026-03-01T00:00:00Z"
HEAD = "started_at,call_id,ended_at\n"

FIELDS = st.sampled_from(
    [
        START,
        "",
        "x",
        '"a,b"',
        '"a\nb"',
        '"',
        '""',
        '"x""y"',
        'a"b',
        "é",
        "\udcff",
        "\x00",
        " ",
        "\r",
        '"\n',
        "bad",
    ]
)
RECORDS = st.lists(FIELDS, min_size=1, max_size=4).map(",".join) | st.just(f"{START},c,{START}")
CSV_TEXTS = st.lists(RECORDS, max_size=8).map(
    lambda lines: "\n".join(lines).encode("utf-8", "surrogateescape")
)

KEYS = st.sampled_from(["started_at", "call_id", "ended_at", "other"])
JSON_VALUES = st.sampled_from(
    [f'"{START}"', '"x"', "null", "1.0", "[1]", '{"a":[]}', '"[1]"', "NaN", "1e999", '"\\ud800"', "tru"]
)
OBJECTS = st.lists(st.tuples(KEYS, JSON_VALUES), max_size=4).map(
    lambda pairs: "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"
)
ODD_LINES = st.sampled_from(
    ["", "  ", "\r", "[]", "{", "{}{}", '{"a":"\udcff"}', "1", '{"a":"\x01"}', "{'a':1}", "x" * 60]
)
JSON_TEXTS = st.lists(OBJECTS | ODD_LINES | st.just(f'{{"started_at":"{START}"}}'), max_size=8).map(
    lambda lines: "\n".join(lines).encode("utf-8", "surrogateescape")
)
CUTS = st.builds(Limits, chunk_bytes=st.integers(1, 60))


@USUAL
@given(text=CSV_TEXTS, limits=CUTS, piece_bytes=st.integers(1, 80), ended=st.booleans())
def test_csv_reads_alike_however_it_is_cut(
    read: Reader, text: bytes, limits: Limits, piece_bytes: int, *, ended: bool
) -> None:
    content = HEAD.encode() + text + b"\n" * ended
    _assert_alike(read, "a.csv", content, limits, piece_bytes)


@USUAL
@given(text=JSON_TEXTS, limits=CUTS, piece_bytes=st.integers(1, 80), ended=st.booleans())
def test_ndjson_reads_alike_however_it_is_cut(
    read: Reader, text: bytes, limits: Limits, piece_bytes: int, *, ended: bool
) -> None:
    _assert_alike(read, "a.jsonl", b'{"started_at":null}\n' + text + b"\n" * ended, limits, piece_bytes)


def _assert_alike(read: Reader, name: str, content: bytes, limits: Limits, piece_bytes: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        whole, cut = read(path), read(path, limits=limits, piece_bytes=piece_bytes)
        assert cut.accounted == cut.records == whole.records == whole.accounted
        assert cut.connections.equals(whole.connections)
        assert cut.rejects.equals(whole.rejects)
        assert cut.not_connections == whole.not_connections
        assert cut.unread == whole.unread
        for row in whole.rejects.rows(named=True):
            assert cut.raw(row) == whole.raw(row)


@USUAL
@given(text=CSV_TEXTS, ended=st.booleans())
def test_csv_agrees_with_a_plain_reader_that_goes_line_by_line(
    read: Reader, text: bytes, *, ended: bool
) -> None:
    content = HEAD.encode() + text + b"\n" * ended
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_bytes(content)
        found = read(path)
    slow = list(_slowly(content))
    broken = [number for number, kind, _ in slow if kind == "broken"]
    is_broken = pl.col("reason").is_in(["malformed", "truncated"])
    assert found.rejects.filter(is_broken)["record"].to_list() == broken
    calls = {
        number: fields[1] if fields[1].strip() else None for number, kind, fields in slow if kind == "record"
    }
    assert found.records == len(slow)
    for record, call in found.connections.select("record", "call_id").iter_rows():
        assert call == calls[record]


FIELD = r'([^",\n]*|"(?:[^"]|"")*")'
WHOLE = re.compile(f"{FIELD},{FIELD},{FIELD}")


def _unquoted(field: str) -> str:
    return field[1:-1].replace('""', '"') if field.startswith('"') else field


def _slowly(content: bytes) -> Iterator[tuple[int, str, list[str]]]:
    """Read as the definition says: a line, else as many lines as make a record, else nothing."""
    raw = content.removesuffix(b"\n").split(b"\n")
    lines = [line.removesuffix(b"\r") for line in raw]
    at = number = 0
    while at < len(lines):
        number += 1
        if not lines[at].strip(b" \t"):
            yield number, "blank", []
            at += 1
            continue
        for until in range(at + 1, len(lines) + 1):
            text = b"\n".join(lines[at:until]).decode("utf-8", "surrogateescape")
            match = WHOLE.fullmatch(text)
            if match and not any("\udc80" <= letter <= "\udcff" for letter in text):
                yield number, "record", [_unquoted(field) for field in match.groups()]
                at = until
                break
        else:
            yield number, "broken", []
            at += 1
