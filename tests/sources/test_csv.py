import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SourceError
from auditor.sources.lines import Limits

Reader = Callable[..., Any]
Written = Callable[..., Path]
Packed = Mapping[str, Callable[[bytes], bytes]]
HEAD = "started_at,call_id,relay_ip\n"
START = "2026-03-01T00:00:00Z"


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_log_reads_alike_whatever_its_packing_line_ends_and_bom(  # noqa: PLR0913, PLR0917  a table and its fixtures
    read: Reader, written: Written, packed: Packed, packing: str, end: str, bom: bytes
) -> None:
    content = bom + (HEAD + f"{START},c1,192.0.2.1\n\n{START},c2,192.0.2.2").replace("\n", end).encode()
    found = read(written(f"a.csv{packing}", packed[packing](content)))
    assert found.connections["call_id"].to_list() == ["c1", "c2"]
    assert found.connections["record"].to_list() == [2, 4]
    assert found.not_connections == {"blank": 1, "header": 1}
    assert (found.records, found.accounted) == (4, 4)
    assert [found.raw(row) for row in found.connections.rows(named=True)] == [
        f"{START},c1,192.0.2.1".encode(),
        f"{START},c2,192.0.2.2".encode(),
    ]


@pytest.mark.parametrize(
    ("line", "call"),
    [
        (f'{START},"a,b",x', "a,b"),
        (f'{START},"a""b",x', 'a"b'),
        (f'{START},"a\nb",x', "a\nb"),
        (f'{START},"a\n\n#b\n",x', "a\n\n#b\n"),
        (f'"{START}","","x"', None),
        (f"{START},a\x00b,x", "a\x00b"),
        (f"x^{START},c,x", None),
    ],
)
def test_a_whole_record_is_read(read: Reader, written: Written, line: str, call: str | None) -> None:
    found = read(written("a.csv", f"{HEAD}{line}\n{START},last,192.0.2.9\n"))
    assert found.connections["call_id"][-1] == "last"
    assert found.connections["record"][-1] == 3
    if call is not None:
        assert found.connections["call_id"][0] == call
        assert found.raw(found.connections.row(0, named=True)) == line.encode()


@pytest.mark.parametrize(
    "line",
    [
        f"{START},short".encode(),
        f"{START},c,x,long".encode(),
        f'{START},"never closed,x'.encode(),
        f'{START},5" pipe,x'.encode(),
        f'{START},"a"b,x'.encode(),
        f"{START},\xff,x".encode("latin-1"),
    ],
)
def test_a_broken_line_is_rejected_alone(read: Reader, written: Written, line: bytes) -> None:
    good = f"{START},c,192.0.2.1\n".encode()
    found = read(written("a.csv", HEAD.encode() + good + line + b"\n" + good * 3))
    assert found.reasons == [(3, "malformed", None)]
    assert found.connections["record"].to_list() == [2, 4, 5, 6]
    assert found.rejects["byte_offset"].to_list() == [len(HEAD) + len(good)]
    assert found.rejects["excerpt"][0] == line.decode("utf-8", "backslashreplace")


def test_a_last_line_that_is_cut_is_truncated_and_one_that_reads_well_is_whole(
    read: Reader, written: Written
) -> None:
    assert read(written("a.csv", f"{HEAD}{START},c")).reasons == [(2, "truncated", None)]
    assert read(written("b.csv", f"{HEAD}{START},c,x")).connections.height == 1


def test_a_line_longer_than_the_limit_is_rejected_with_its_beginning(read: Reader, written: Written) -> None:
    content = f"{HEAD}{START},{'x' * 9_000},y\n{START},c,y\n"
    found = read(written("a.csv", content), limits=Limits(chunk_bytes=64, record_bytes=8_000))
    assert found.reasons == [(2, "malformed", None)]
    assert found.rejects["excerpt"].str.len_bytes().to_list() == [4_096]
    assert found.connections["record"].to_list() == [3]
    assert found.raw(found.connections.row(0, named=True)) == f"{START},c,y".encode()


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [
        (Limits(quoted_lines=4), []),
        (Limits(quoted_lines=3), ["malformed"] * 4),
        (Limits(quoted_bytes=33), []),
        (Limits(quoted_bytes=30), ["malformed"] * 4),
    ],
)
def test_a_quoted_record_goes_on_only_so_far(
    read: Reader, written: Written, limits: Limits, reasons: list[str]
) -> None:
    found = read(written("a.csv", f'{HEAD}{START},"a\nb\nc\nd",x\n'), limits=limits)
    assert found.rejects["reason"].to_list() == reasons


def test_an_empty_file_has_no_records_and_is_no_fault(read: Reader, written: Written) -> None:
    assert read(written("a.csv", "")).records == 0


def test_a_file_without_started_at_says_how_to_go_on(read: Reader, written: Written) -> None:
    with pytest.raises(SourceError, match="has no column `started_at`") as error:
        read(written("a.csv", "began,call\n1,2\n"))
    assert "mapping" in str(error.value)
    assert "`began`, `call`" in str(error.value)


@pytest.mark.parametrize("header", ['"started_at,x\n', '"a"b,started_at\n', "\xff,started_at\n"])
def test_a_header_that_cannot_be_read_is_a_fault_of_the_file(
    read: Reader, written: Written, header: str
) -> None:
    with pytest.raises(SourceError, match="its header cannot be read"):
        read(written("a.csv", header.encode("latin-1")))


def test_a_column_that_stands_twice_is_a_fault(read: Reader, written: Written) -> None:
    with pytest.raises(SourceError, match="`call_id` stands twice"):
        read(written("a.csv", "started_at,call_id,call_id\n"))


def test_columns_that_nobody_reads_and_a_missing_role_are_told(read: Reader, written: Written) -> None:
    found = read(written("a.csv", f"started_at,colour,ended\n{START},red,\n{START},blue,\n"))
    assert found.warnings == [
        "columns that are not read: `colour`, `ended`",
        "no column tells the role: it is unknown for every connection",
    ]
    assert found.connections["role"].to_list() == ["unknown", "unknown"]
    assert found.unread == []


def test_a_cut_compression_gives_the_records_before_the_cut_and_then_a_fault(
    read: Reader, written: Written, packed: Packed
) -> None:
    lines = "".join(f"{START},call-{row * 7919 % 10_007},192.0.2.{row % 200}\n" for row in range(20_000))
    reading = read(written("a.csv", HEAD))
    for packing in (".gz", ".zst"):
        whole = packed[packing]((HEAD + lines).encode())
        cut = replace(reading.log, path=str(written(f"a.csv{packing}", whole[: len(whole) // 2])))
        (piece,) = reading.source.plan(cut, piece_bytes=1 << 30).pieces
        batches = reading.source.batches(piece)
        assert next(batches).connections.height > 1_000
        with pytest.raises(SourceError, match="compression ends before the end"):
            list(batches)


@pytest.mark.parametrize("packing", [".gz", ".zst"])
def test_members_one_after_the_other_are_one_file(
    read: Reader, written: Written, packed: Packed, packing: str
) -> None:
    parts = [HEAD, "", f"{START},c1,x\n{START},c", "2,x\n"]
    content = b"".join(packed[packing](part.encode()) for part in parts)
    assert read(written(f"a.csv{packing}", content)).connections["call_id"].to_list() == ["c1", "c2"]


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("behind", [b"garbage", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_compression_behind_one_is_a_fault(
    read: Reader, written: Written, packed: Packed, packing: str, behind: bytes
) -> None:
    with pytest.raises(SourceError, match="compression"):
        read(written(f"a.csv{packing}", packed[packing](HEAD.encode()) + behind))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_an_empty_file_is_no_compression(read: Reader, written: Written, name: str) -> None:
    with pytest.raises(SourceError, match="holds no"):
        read(written(name, b""))


def test_the_digest_is_of_the_file_as_it_lies_on_disk(read: Reader, written: Written, packed: Packed) -> None:
    for packing in packed:
        content = packed[packing]((HEAD + f"{START},c,x\n").encode())
        found = read(written(f"a.csv{packing}", content))
        plan = found.source.plan(found.log, piece_bytes=10)
        assert (plan.sha256, plan.bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_quoted_record_is_whole_wherever_a_chunk_ends(read: Reader, written: Written) -> None:
    record = f'{START},"a\nb\n""c""",x'
    path = written("a.csv", f"{HEAD}{record}\n{START},last,y\n")
    for chunk_bytes in range(1, 60):
        found = read(path, limits=Limits(chunk_bytes=chunk_bytes))
        assert found.connections.select("record", "call_id").rows() == [(2, 'a\nb\n"c"'), (3, "last")]
        assert found.raw(found.connections.row(0, named=True)) == record.encode()


def test_what_is_said_of_use_and_not_understood_proves_none(read: Reader, written: Written) -> None:
    lines = "".join(f"{START},{word}\n" for word in ("true", "0", "", "perhaps"))
    found = read(written("a.csv", "started_at,use_proved\n" + lines))
    assert found.connections["use_proved"].to_list() == [True, False, True, False]
    assert ("use_proved", "unreadable", 1, 5, "perhaps") in found.unread


def mapping_of(given: str) -> str:
    return (
        f"schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {{format: csv, {given}}}\n"
        "fields: {started_at: {from: began, time: epoch_s}}\nconnections: [{role: media, relay_ip: relay}]\n"
    )


@pytest.mark.parametrize("piece_bytes", [1, 20, 1 << 30])
@pytest.mark.parametrize("before", ["", "#comment\n\n#another, long enough for a piece of its own\n"])
def test_the_row_of_types_behind_the_header_is_set_aside(
    read: Reader, written: Written, before: str, piece_bytes: int
) -> None:
    mapping = written("m.yaml", mapping_of('rows_after_header: 1, comment: "#"'))
    text = f"{before}began,relay\n\nINTEGER,VARCHAR(64)\n1772350400,192.0.2.1\n1772350401,192.0.2.2\n"
    limits = Limits(chunk_bytes=min(piece_bytes, 1 << 20))
    found = read(written("a.csv", text), mapping, limits=limits, piece_bytes=piece_bytes)
    assert found.connections["relay_ip"].to_list() == ["192.0.2.1", "192.0.2.2"]
    aside = {"blank": 2, "comment": 2} if before else {"blank": 1}
    assert found.not_connections == {**aside, "header": 1, "type_row": 1}
    assert found.records == found.accounted


def test_a_log_that_ends_behind_its_header_has_no_row_of_types(read: Reader, written: Written) -> None:
    mapping = written("m.yaml", mapping_of("rows_after_header: 1"))
    assert read(written("a.csv", "began,relay\n"), mapping).not_connections == {"header": 1}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ('delimiter: " ", quote: null', "began relay\n1772350400 192.0.2.1\n"),
        ('delimiter: " ", quote: null, header: false, columns: [began, relay]', "1772350400 192.0.2.1\n"),
        ('delimiter: "|", trim: true', "     began|      relay|\n1772350400|  192.0.2.1|\n"),
        ('delimiter: "|", trim: true', "began| relay \n 1772350400 |\t192.0.2.1\n"),
        (
            'delimiter: "|", trim: true, header: false, columns: [began, relay, ""]',
            " 1772350400| 192.0.2.1|\n",
        ),
        ("trim: true", 'began,relay\n1772350400," 192.0.2.1 "\n'),
        ("quote: null", 'began,relay,"x\n1772350400,192.0.2.1,5"\n'),
    ],
)
def test_what_stands_between_and_around_fields_is_as_the_mapping_says(
    read: Reader, written: Written, given: str, text: str
) -> None:
    found = read(written("a.csv", text), written("m.yaml", mapping_of(given)))
    assert found.connections["relay_ip"].to_list() == ["192.0.2.1"]
    assert found.reasons == []
    assert found.records == found.accounted


@pytest.mark.parametrize(("trim", "site"), [("false", " x\t"), ("true", "x")])
def test_a_field_is_as_it_stands_without_trim(read: Reader, written: Written, trim: str, site: str) -> None:
    mapping = mapping_of(f'delimiter: "|", trim: {trim}').replace("relay_ip", "relay_site")
    found = read(written("a.csv", "began|relay\n1772350400| x\t\n"), written("m.yaml", mapping))
    assert found.connections["relay_site"].to_list() == [site]


@pytest.mark.parametrize("piece_bytes", [1, 1 << 30])
def test_packed_text_makes_a_record_of_each_element(read: Reader, written: Written, piece_bytes: int) -> None:
    mapping = mapping_of("comment: '#'").replace("relay_ip: relay", "relay_site: site")
    mapping += "each: {site: {in: sites, split: ';'}}\n"
    text = "began,sites\n1772350400,A;B\n#c\n1772350401,\n1772350402\n1772350403,C\n"
    found = read(written("a.csv", text), written("m.yaml", mapping), piece_bytes=piece_bytes)
    assert found.connections.select("record", "relay_site", "byte_offset").rows() == [
        (2, "A", 12),
        (3, "B", 12),
        (5, None, 30),
        (7, "C", 53),
    ]
    assert found.reasons == [(6, "malformed", None)]
    assert found.records == found.accounted == 7
