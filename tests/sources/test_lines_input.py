import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.language import Pairs
from auditor.sources.lines import Limits
from auditor.sources.pairs import columns_of_pairs

Reader = Callable[..., Any]
Written = Callable[..., Path]

START = "2026-03-01T10:00:00Z"
FIELDS = """
fields: {started_at: {from: began, time: iso8601}, call_id: call, relay_ip: relay}
connections: [{role: media}]
"""
PATTERN = r"pattern: '^(?P<began>\S+) call=(?P<call>\S*)(?: at (?P<relay>\S+))?$'"
PAIRS = "pairs: {between: ';', equals: '=', after: 'ACC: ', ignore: [reason]}"
KUBERNETES = "2026-03-01T10:00:01.5Z stdout"


def mapping_of(given: str) -> str:
    return f"schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {{format: lines, {given}}}\n{FIELDS}"


@pytest.fixture
def lines(read: Reader, written: Written) -> Callable[..., Any]:
    """Read a text by a pattern or by pairs."""

    def read_text(given: str, text: str | bytes, name: str = "a.log", **options: object) -> Any:  # noqa: ANN401  a whole log
        return read(written(name, text), written("m.yaml", mapping_of(given)), **options)

    return read_text


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_log_reads_alike_whatever_its_packing_line_ends_and_bom(
    lines: Callable[..., Any], packed: dict[str, Callable[[bytes], bytes]], packing: str, end: str, bom: bytes
) -> None:
    text = f"{START} call=c1 at 192.0.2.1\n\n \n{START} call=c2"
    found = lines(PATTERN, packed[packing](bom + text.replace("\n", end).encode()), f"a.log{packing}")
    assert found.connections.select("record", "call_id", "relay_ip").rows() == [
        (1, "c1", "192.0.2.1"),
        (4, "c2", None),
    ]
    assert found.not_connections == {"blank": 2}
    assert found.records == found.accounted == 4
    assert found.raw(found.connections.row(1, named=True)) == f"{START} call=c2".encode()


@pytest.mark.parametrize("line", [b"x", f"{START} call".encode(), f"{START} call=\xff".encode("latin-1")])
def test_a_line_that_the_pattern_does_not_fit_is_rejected_alone(
    lines: Callable[..., Any], line: bytes
) -> None:
    good = f"{START} call=c\n".encode()
    found = lines(PATTERN, good + line + b"\n" + good)
    assert found.reasons == [(2, "malformed", None)]
    assert found.connections["record"].to_list() == [1, 3]
    assert found.rejects["excerpt"][0] == line.decode("utf-8", "backslashreplace")


def test_a_last_line_that_is_cut_is_truncated(lines: Callable[..., Any]) -> None:
    assert lines(PATTERN, f"{START} call=c\n{START} ca").reasons == [(2, "truncated", None)]


def test_a_line_is_found_also_where_no_group_of_the_pattern_has_a_part_in_it(
    lines: Callable[..., Any],
) -> None:
    found = lines("pattern: '^x(?P<began>z)?(?P<call>y)?(?P<relay>w)?$'", "x\ny\n")
    assert found.reasons == [(1, "missing", "started_at"), (2, "malformed", None)]


def test_columns_that_the_pattern_does_not_make_are_a_fault(lines: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match="`relay`"):
        lines(r"pattern: '^(?P<began>\S+) (?P<call>\S+)$'", "x\n")


@pytest.mark.parametrize(
    ("line", "call", "relay"),
    [
        (f"ACC: began={START};call=c1;relay=192.0.2.1", "c1", "192.0.2.1"),
        (f"x ACC: relay=192.0.2.1;began={START};call=c1;", "c1", "192.0.2.1"),
        (f"ACC: began={START}; call = c1 ;other=x", "c1", None),
        (f"ACC: began={START};call=a=b==;relay=", "a=b==", None),
        (f"ACC: began={START};reason=a;call=ACC: c;reason=b", "ACC: c", None),
        (f"ACC: began={START};;call=c1", "c1", None),
    ],
)
def test_pairs_are_read_by_their_names(
    lines: Callable[..., Any], line: str, call: str, relay: str | None
) -> None:
    found = lines(PAIRS, line + "\n")
    assert found.connections.select("call_id", "relay_ip").rows() == [(call, relay)]
    assert found.reasons == []


@pytest.mark.parametrize(
    "line",
    [
        f"began={START};call=c1",
        f"ACC: began={START};call=c1;call=c1",
        f"ACC: began={START};other=1;other=2",
        f"ACC: began={START};call",
        f"ACC: began={START};=c1",
        "ACC: ",
        "ACC: ;;",
    ],
)
def test_what_is_no_line_of_pairs_or_names_one_twice_is_rejected(
    lines: Callable[..., Any], line: str
) -> None:
    good = f"ACC: began={START};call=c\n"
    found = lines(PAIRS, good + line + "\n" + good)
    assert found.reasons == [(2, "malformed", None)]
    assert found.connections["record"].to_list() == [1, 3]


def test_a_name_that_no_line_has_is_told_of(lines: Callable[..., Any]) -> None:
    found = lines(PAIRS, f"ACC: began={START};call=c1\n")
    assert found.warnings == ["no record has `relay`, which the mapping reads"]


def test_wrappers_come_off_and_may_be_asked(read: Reader, written: Written) -> None:
    mapping = mapping_of(PATTERN + ", prefixes: [kubernetes, syslog]").replace(
        "{role", "{relay_name: syslog.host, role"
    )
    text = f"{KUBERNETES} F Mar  1 10:00:00 relay1 app[1]: {START} call=c1\n{START} call=c2\n"
    found = read(written("a.log", text), written("m.yaml", mapping))
    assert found.connections.select("call_id", "relay_name").rows() == [("c1", "relay1"), ("c2", None)]
    assert found.raw(found.connections.row(0, named=True)) == text.partition("\n")[0].encode()


def test_parts_of_lines_are_rejected_wherever_a_piece_ends(lines: Callable[..., Any]) -> None:
    text = (
        f"{KUBERNETES} F {START} call=c1\n{KUBERNETES} P {START} ca\n{KUBERNETES} F {START} call=c2\n"
        f"{KUBERNETES} F {START} call=c3\n"
    )
    for size in range(1, 60, 7):
        given = PATTERN + ", prefixes: [kubernetes]"
        found = lines(given, text, piece_bytes=size, limits=Limits(chunk_bytes=size))
        assert found.connections["call_id"].to_list() == ["c1", "c3"]
        assert found.reasons == [(2, "malformed", None), (3, "malformed", None)]


LINES = st.sampled_from(
    [
        f"{START} call=c at 192.0.2.1",
        f"{KUBERNETES} P {START} call=c",
        f"{KUBERNETES} F {START} call=c",
        "",
        " ",
        "x" * 90,
        "é\udcff",
        "\x00",
        f"{START} call=",
        "\r",
    ]
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(LINES, max_size=8).map("\n".join), chunk=st.integers(1, 60), piece=st.integers(1, 80))
def test_a_log_reads_alike_however_it_is_cut(
    lines: Callable[..., Any], text: str, chunk: int, piece: int
) -> None:
    content, given = text.encode("utf-8", "surrogateescape"), PATTERN + ", prefixes: [kubernetes]"
    whole = lines(given, content)
    limits = Limits(chunk_bytes=chunk, record_bytes=80)
    cut = lines(given, content, limits=limits, piece_bytes=piece)
    assert cut.accounted == cut.records == whole.records == whole.accounted
    assert cut.connections.equals(whole.connections)
    assert cut.rejects.select("record", "reason").equals(whole.rejects.select("record", "reason"))


PIECES = st.lists(st.text("ab=;: ", max_size=5), max_size=5).map(";".join)


@given(
    st.lists(
        st.sampled_from(["", "k: ", "x k: "]).flatmap(lambda after: PIECES.map(after.__add__)), max_size=5
    )
)
def test_pairs_agree_with_a_plain_reader_that_goes_line_by_line(texts: list[str]) -> None:
    pairs = Pairs(between=";", equals="=", after="k: ", ignore=("b",))
    columns, fits = columns_of_pairs(pl.Series(texts, dtype=pl.String), pairs, ["a", "b"])
    slow = [_slowly(text) for text in texts]
    assert fits.to_list() == [one is not None for one in slow]
    good = columns.filter(fits)
    assert good["a"].to_list() == [one.get("a") for one in slow if one is not None]
    assert good["b"].null_count() == good.height


def _slowly(text: str) -> dict[str, str] | None:
    _, found, behind = text.partition("k: ")
    named: dict[str, str] = {}
    parts = [part for part in behind.split(";") if part.strip()]
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or (name.strip() in named and name.strip() != "b"):
            return None
        named[name.strip()] = value.strip()
    return named if found and parts else None


SAME: list[dict[str, str | None]] = [
    {"began": START, "call": "c1", "relay": "192.0.2.1"},
    {"began": "2026-03-01T10:00:01.25+01:00", "call": None, "relay": "2001:db8::1"},
    {"began": "soon", "call": "c3", "relay": "192.0.2.3"},
    {"began": None, "call": "c4", "relay": None},
    {"began": START, "call": "c5", "relay": "x.x.x.x"},
]
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "began": st.sampled_from([START, "2026-02-30T00:00:00Z", "1999-12-31T23:59:59Z", None]),
            "call": st.none() | st.text("abc=/[]{}'#", min_size=1, max_size=4),
            "relay": st.none() | st.text("0123456789abcdef.:x", min_size=1, max_size=9),
        }
    ),
    max_size=4,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS)
def test_the_same_records_give_the_same_connections_in_every_format(
    read: Reader, written: Written, records: list[dict[str, str | None]]
) -> None:
    records = [*SAME, *records]
    rows = [[record[name] or "" for name in SAME[0]] for record in records]
    parquet = written("a.parquet", b"")
    pl.DataFrame(records, schema=dict.fromkeys(SAME[0], pl.String)).write_parquet(parquet)
    texts = {
        "csv": "began,call,relay\n" + "".join(",".join(row) + "\n" for row in rows),
        "jsonl": "".join(json.dumps(record) + "\n" for record in records),
        "zeek": "#fields\tbegan\tcall\trelay\n"
        + "".join("\t".join(v or "-" for v in row) + "\n" for row in rows),
        "lines": "".join(f"<{'> <'.join(row)}>\n" for row in rows),
    }
    given = {"lines": ", pattern: '^<(?P<began>.*)> <(?P<call>.*)> <(?P<relay>.*)>$'"}
    logs = {form: written(f"a.{form}", text) for form, text in texts.items()} | {"parquet": parquet}
    found = {}
    for form, path in logs.items():
        mapping = mapping_of("").replace("lines, ", form + given.get(form, ""))
        found[form] = read(path, written("m.yaml", mapping))
    expected = found["jsonl"]
    columns = [
        name for name in expected.connections.columns if name not in ("source_file", "record", "byte_offset")
    ]
    for form, log in found.items():
        heading = {"csv": 1, "zeek": 1}.get(form, 0)
        assert log.connections.select(columns).equals(expected.connections.select(columns)), form
        assert [(record - heading, *rest) for record, *rest in log.reasons] == expected.reasons, form
        assert log.records - heading == expected.records == log.accounted - heading, form


HARM = st.lists(
    st.tuples(
        st.sampled_from(["cut", "put", "swap", "drop", "twice"]),
        st.floats(0, 1),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=4)
        | st.sampled_from([b"\n", b"\x00", b"\xff", b"#", b";", b"=", b"\t", b"\r"]),
    ),
    min_size=1,
    max_size=4,
)
SOUND = {
    "lines, " + PATTERN + ", prefixes: [kubernetes, syslog]": (
        f"{KUBERNETES} F Mar  1 10:00:00 relay1 app[1]: {START} call=c1\n\n{START} call=c2 at 192.0.2.1\n"
    ),
    "lines, " + PAIRS: f"ACC: began={START};call=c1;reason=a;reason=b\nACC: relay=192.0.2.1;began={START};\n",
    "zeek": (
        f"#separator \\x09\n#fields\tbegan\tcall\trelay\n{START}\tc\\x31\t-\n#close\n{START}\tc2\t192.0.2.1\n"
    ),
    "csv, delimiter: ' ', rows_after_header: 1, trim: true": (
        f'began call relay\nTIME TEXT ADDR\n{START} "c 1" \n{START} c2 192.0.2.1\n'
    ),
}


@pytest.mark.parametrize("given_", SOUND)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harm=HARM)
def test_a_log_that_came_to_harm_is_accounted_for_or_is_no_log(
    read: Reader, written: Written, given_: str, harm: list[tuple[str, float, float, bytes]]
) -> None:
    content = SOUND[given_].encode()
    for kind, one, other, put in harm:
        first, second = sorted((int(one * len(content)), int(other * len(content))))
        content = _harmed(content, kind, (first, second), put)
    mapping = written("m.yaml", mapping_of("").replace("lines, ", given_))
    path = written("a.log", content)
    try:
        whole = read(path, mapping)
    except SourceError:
        with pytest.raises(SourceError):
            read(path, mapping, limits=Limits(chunk_bytes=7), piece_bytes=20)
        return
    cut = read(path, mapping, limits=Limits(chunk_bytes=7), piece_bytes=20)
    assert whole.records == whole.accounted == cut.records == cut.accounted
    assert cut.connections.equals(whole.connections)
    assert cut.rejects.equals(whole.rejects)
    assert [whole.raw(row) for row in whole.rejects.rows(named=True)] == [
        cut.raw(row) for row in cut.rejects.rows(named=True)
    ]


def _harmed(content: bytes, kind: str, places: tuple[int, int], put: bytes) -> bytes:
    first, second = places
    before, between, behind = content[:first], content[first:second], content[second:]
    return {
        "cut": before,
        "put": before + put + between + behind,
        "swap": behind + between + before,
        "drop": before + behind,
        "twice": before + between + between + behind,
    }[kind]
