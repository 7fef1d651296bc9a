from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.lines import Limits
from auditor.sources.zeeklayout import unescaped

Reader = Callable[..., Any]
Written = Callable[..., Path]
Packed = dict[str, Callable[[bytes], bytes]]

MAPPING = """
schema: auditor/mapping@1
id: m
title: t
input: {format: zeek}
fields:
  session_id: uid
  started_at: {from: ts, time: epoch_s}
  ended_at: {from: duration, after: started_at, unit: s}
connections: [{role: media, relay_ip: id.resp_h, relay_name: [service, alias]}]
"""
NAMES = ("ts", "uid", "id.resp_h", "service", "duration")
ROW = ("1772350400.250000", "C1", "192.0.2.1", "turn", "1.500000")
ODD = st.text("-\\x4(empty)#é\r\0 ", max_size=6)


def header(*names: str, separator: str = "\t", empty: str = "(empty)", unset: str = "-") -> str:
    fields = separator.join(("#fields", *(names or NAMES)))
    code = f"\\x{ord(separator):02x}"
    said = [("set_separator", ","), ("empty_field", empty), ("unset_field", unset), ("path", "conn")]
    return f"#separator {code}\n" + "".join(f"#{k}{separator}{v}\n" for k, v in said) + fields + "\n"


def rows(*values: tuple[str, ...], separator: str = "\t") -> str:
    return "".join(separator.join(row) + "\n" for row in values)


@pytest.fixture
def zeek(read: Reader, written: Written) -> Callable[..., Any]:
    """Read a text as a Zeek log."""
    mapping = written("m.yaml", MAPPING)

    def read_text(text: str | bytes, name: str = "conn.log", **options: object) -> Any:  # noqa: ANN401  a whole log
        return read(written(name, text), mapping, **options)

    return read_text


def with_value(name: str, value: str) -> tuple[str, ...]:
    return tuple(value if column == name else known for column, known in zip(NAMES, ROW, strict=True))


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_log_reads_alike_whatever_its_packing_line_ends_and_bom(
    zeek: Callable[..., Any],
    packed: Packed,
    packing: str,
    end: str,
    bom: bytes,
) -> None:
    text = header() + "#types\ttime\n" + rows(ROW, with_value("uid", "C2")) + "#close\tx\n"
    content = packed[packing](bom + text.replace("\n", end).encode())
    found = zeek(content, f"conn.log{packing}")
    assert found.connections.select("record", "session_id", "relay_ip", "relay_name").rows() == [
        (8, "C1", "192.0.2.1", "turn"),
        (9, "C2", "192.0.2.1", "turn"),
    ]
    assert found.not_connections == {"header": 8}
    assert found.records == found.accounted == 10
    assert [found.raw(row) for row in found.connections.rows(named=True)] == [
        "\t".join(ROW).encode(),
        "\t".join(with_value("uid", "C2")).encode(),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (header(*reversed(NAMES)) + rows(ROW[::-1]), "other positions"),
        (header(*NAMES, "more") + rows((*ROW, "x")), "a column more"),
        (header().replace("#separator ", "#separator\t") + rows(ROW), "a tab behind #separator"),
        (header(separator=",") + rows(ROW, separator=","), "another separator"),
        (header(separator=" ") + rows(ROW, separator=" "), "a blank as separator"),
        ("#fields\t" + "\t".join(NAMES) + "\n" + rows(ROW), "nothing but #fields"),
        ("\n#fields\t" + "\t".join(NAMES) + "\n" + rows(ROW), "a blank line first"),
    ],
)
def test_what_the_header_says_holds(zeek: Callable[..., Any], text: str, why: str) -> None:
    found = zeek(text)
    columns = ("started_at", "ended_at", "session_id", "relay_ip", "relay_name")
    first = found.connections.select(pl.col(columns).cast(pl.String)).rows()
    expected = ("2026-03-01 07:33:20.250000+00:00", "2026-03-01 07:33:21.750000+00:00")
    assert first == [(*expected, "C1", "192.0.2.1", "turn")], why


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("-", None),
        ("(empty)", None),
        ("", None),
        (r"\x2d", "-"),
        (r"\x28empty)", "(empty)"),
        (r"a\x09b", "a\tb"),
        (r"caf\xc3\xa9", "café"),
        (r"\xff", r"\xff"),
        (r"\x2", r"\x2"),
        (r"c:\xyz", r"c:\xyz"),
        ("a,b", "a,b"),
    ],
)
def test_unset_and_empty_are_null_and_escapes_are_what_they_stand_for(
    zeek: Callable[..., Any], value: str, name: str | None
) -> None:
    found = zeek(header() + rows(ROW, with_value("service", value)))
    assert found.connections["relay_name"].to_list() == ["turn", name]


def test_the_words_for_unset_and_empty_are_those_of_the_header(zeek: Callable[..., Any]) -> None:
    values = [with_value("service", word) for word in ("none", "-", "nil", "(empty)")]
    found = zeek(header(unset="none", empty=r"\x6eil") + rows(*values))
    assert found.connections["relay_name"].to_list() == [None, "-", None, "(empty)"]


@pytest.mark.parametrize(
    "line",
    [b"1\tC", b"\t".join([*(word.encode() for word in ROW), b"x"]), b"x", b"1\t\xff\t2\t3\t4", b"a b"],
)
def test_a_broken_line_is_rejected_alone(zeek: Callable[..., Any], line: bytes) -> None:
    good = rows(ROW).encode()
    found = zeek(header().encode() + good + line + b"\n" + good)
    assert found.reasons == [(8, "malformed", None)]
    assert found.connections["record"].to_list() == [7, 9]
    assert found.rejects["excerpt"][0] == line.decode("utf-8", "backslashreplace")


def test_a_last_line_that_is_cut_is_truncated_and_one_that_reads_well_is_whole(
    zeek: Callable[..., Any],
) -> None:
    assert zeek(header() + "1772350400.2\tC").reasons == [(7, "truncated", None)]
    assert zeek(header() + rows(ROW)[:-1]).connections.height == 1


def test_comments_blank_lines_and_headers_are_counted_apart(zeek: Callable[..., Any]) -> None:
    found = zeek(header() + "#a remark\n\n  \n" + rows(ROW) + "#closed\n#close\tx\n")
    assert found.not_connections == {"blank": 2, "comment": 2, "header": 7}
    assert found.records == found.accounted


@pytest.mark.parametrize(
    "text",
    [
        rows(ROW),
        header()[: header().index("#fields")] + rows(ROW),
        "#separator \\x09\n",
        '{"ts":1}\n',
        "\xff\xfe\n",
        rows(ROW) + header() + rows(ROW),
        "#fields\n" + rows(ROW),
    ],
)
def test_a_log_that_does_not_name_its_columns_is_a_fault_of_the_file(
    zeek: Callable[..., Any], text: str
) -> None:
    with pytest.raises(SourceError, match="has no `#fields` line in front of its first record") as error:
        zeek(text.encode("latin-1"))
    assert "`zeek-conn-json`" in str(error.value)


def test_a_separator_of_several_characters_is_a_fault_of_the_file(zeek: Callable[..., Any]) -> None:
    with pytest.raises(SourceError, match=r"its separator `\|\|` is not one ASCII character"):
        zeek("#separator ||\n#fields||ts\n1\n")


def test_columns_that_the_mapping_names_and_the_log_lacks_are_a_fault_of_the_file(
    zeek: Callable[..., Any],
) -> None:
    with pytest.raises(SourceError, match="has no column `duration`"):
        zeek(header(*NAMES[:-1]) + rows(ROW[:-1]))
    with pytest.raises(SourceError, match="`ts` stands twice"):
        zeek(header(*NAMES, "ts") + rows((*ROW, "1")))


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_has_no_connections_and_is_no_fault(zeek: Callable[..., Any], text: str) -> None:
    found = zeek(text)
    assert found.connections.is_empty()
    assert found.records == found.accounted


def test_a_header_in_the_middle_says_how_to_go_on(zeek: Callable[..., Any]) -> None:
    second = header(*NAMES[::-1], separator=",", unset="?")
    text = header() + rows(ROW) + second + rows(with_value("service", "?")[::-1], separator=",") + rows(ROW)
    found = zeek(text)
    assert found.connections.select("record", "session_id", "relay_name").rows() == [
        (7, "C1", "turn"),
        (14, "C1", None),
    ]
    assert found.reasons == [(15, "malformed", None)]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("#separator \\x09\n#path\tdns\n", "it has no `#fields`"),
        ("#fields\tts\tuid\tid.resp_h\tservice\tspan\n", "has no column `duration`"),
        ("#separator ##\n#fields##a\n", "its separator is `##`"),
    ],
)
def test_lines_behind_a_later_header_that_does_not_fit_are_rejected_and_told_of(
    zeek: Callable[..., Any], second: str, why: str
) -> None:
    text = header() + rows(ROW) + second + "\n" + rows(ROW, ROW) + header() + rows(ROW)
    found = zeek(text)
    assert found.connections.height == 2
    assert [reason for _, reason, _ in found.reasons] == ["malformed", "malformed"]
    assert any(text.startswith("lines behind a later header") and why in text for text in found.warnings)
    assert found.records == found.accounted


def test_a_line_that_names_columns_and_is_no_text_is_not_passed_over(zeek: Callable[..., Any]) -> None:
    later = b"#fields\tts\tuid\tid.resp_h\tservice\tdurat\xff\n"
    found = zeek(header().encode() + rows(ROW).encode() + later + rows(ROW).encode())
    assert [reason for _, reason, _ in found.reasons] == ["malformed"]


def test_a_line_longer_than_the_limit_is_rejected_with_its_beginning(zeek: Callable[..., Any]) -> None:
    text = header() + "x" * 9_000 + "\n" + rows(ROW)
    found = zeek(text, limits=Limits(chunk_bytes=64, record_bytes=8_000))
    assert found.reasons == [(7, "malformed", None)]
    assert found.connections["record"].to_list() == [8]


def test_a_log_cut_at_any_byte_is_read_up_to_there(zeek: Callable[..., Any]) -> None:
    head = "#fields\t" + "\t".join(NAMES) + "\n"
    later = "#separator ,\n#fields," + ",".join(NAMES[::-1]) + "\n" + rows(ROW[::-1], separator=",")
    whole, begins = (head + rows(ROW) + "#close\tx\n" + later).encode(), len(head)
    for size in range(begins, len(whole) + 1):
        found = zeek(whole[:size])
        ends = [at for at in range(size) if whole[at : at + 1] == b"\n"]
        expected = sum(not line.startswith(b"#") for line in whole[: ends[-1]].split(b"\n"))
        assert found.connections.height >= expected
        assert found.records == found.accounted
    for size in range(1, begins - 1, 3):
        with pytest.raises(SourceError):
            zeek(whole[:size])


LINES = st.one_of(
    st.just(rows(ROW)),
    st.just(header()),
    st.just(header(*NAMES[::-1], separator=",")),
    st.just(rows(ROW[::-1], separator=",")),
    st.sampled_from(["#close\tx\n", "#fields\tts\n", "#separator \\x7c\n", "\n", "#\udcff\n", "#x\n"]),
    st.lists(ODD, max_size=6).map(lambda parts: "\t".join(parts).replace("\n", "") + "\n"),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(LINES, max_size=7),
    chunk=st.integers(1, 80),
    piece=st.integers(1, 120),
    ended=st.booleans(),
)
def test_a_log_reads_alike_however_it_is_cut(
    zeek: Callable[..., Any], lines: list[str], chunk: int, piece: int, *, ended: bool
) -> None:
    text = "".join([header(), rows(ROW), *lines]).encode("utf-8", "surrogateescape")
    content = text if ended else text[:-1]
    whole = zeek(content)
    cut = zeek(content, limits=Limits(chunk_bytes=chunk), piece_bytes=piece)
    assert cut.accounted == cut.records == whole.records == whole.accounted
    assert cut.connections.equals(whole.connections)
    assert cut.rejects.equals(whole.rejects)
    assert cut.not_connections == whole.not_connections


@given(st.text())
def test_what_zeek_would_have_escaped_comes_back(text: str) -> None:
    written = "".join(f"\\x{byte:02x}" for byte in text.encode())
    assert unescaped(written) == text
