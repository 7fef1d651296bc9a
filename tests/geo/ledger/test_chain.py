"""A broken link in the chain of a ledger is found, in whichever way it was broken."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.ledger.chain import CHAIN, Link, instant_of, name_of, read_chain
from auditor.geo.ledger.ledger import open_ledger
from tests.geo.ledger.making import (
    BEGUN,
    DAY,
    LATER,
    answer,
    faults_of,
    lines_of,
    record_at,
    record_days,
    relinked,
    write_lines,
)

Lines = list[bytes]
BROKEN = "the chain is broken: `prev` is not the digest of line"


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return record_days(tmp_path / "ledger", 4)


def swapped(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], lines[3]]


def with_other_digest(lines: Lines) -> Lines:
    link = json.loads(lines[1])
    return [lines[0], Link(link["file"], "0" * 64, link["prev"]).line, *lines[2:]]


def with_other_file(lines: Lines) -> Lines:
    link = json.loads(lines[1])
    return [lines[0], Link(name_of(BEGUN + DAY / 2), link["sha256"], link["prev"]).line, *lines[2:]]


def with_one_put_in(lines: Lines) -> Lines:
    return [lines[0], Link(name_of(BEGUN + DAY / 2), "0" * 64, json.loads(lines[1])["prev"]).line, *lines[1:]]


WAYS: list[tuple[Callable[[Lines], Lines], int, str]] = [
    (with_other_digest, 3, f"{BROKEN} 2"),
    (with_other_file, 3, f"{BROKEN} 2"),
    (with_one_put_in, 3, f"{BROKEN} 2"),
    (swapped, 2, f"{BROKEN} 1"),
    (swapped, 3, f"{BROKEN} 2"),
    (swapped, 4, f"{BROKEN} 3"),
    (swapped, 3, "is no later than"),
    (lambda lines: [lines[0], *lines[2:]], 2, f"{BROKEN} 1"),
    (lambda lines: lines[1:], 1, "the first line has a `prev`"),
    (lambda lines: [*lines, lines[3]], 5, f"{BROKEN} 4"),
    (lambda lines: [*lines[:3], lines[3][:-1]], 4, "the line is cut off"),
    (lambda lines: [*lines[:3], lines[3][:40]], 4, "the line is cut off"),
    (lambda lines: [lines[0], b"{\n", *lines[2:]], 2, "is not JSON"),
    (lambda lines: [lines[0], b"\n", *lines[1:]], 2, "is not JSON"),
    (lambda lines: [lines[0], b"\xff\n", *lines[1:]], 2, "is not JSON"),
    (lambda lines: [lines[0], b"[" * 100_000 + b"\n", *lines[2:]], 2, "is not JSON"),
    (lambda lines: [lines[0], b"null\n", *lines[2:]], 2, "is not of the form"),
    (lambda lines: [lines[0], b"{}\n", *lines[2:]], 2, "is not of the form"),
    (lambda lines: [lines[0], b'{"file": 1, "sha256": 2, "prev": 3}\n'], 2, "is not of the form"),
    (lambda lines: [lines[0], lines[1].replace(b"locations-", b"../locations-")], 2, "is not of the form"),
    (lambda lines: [lines[0], lines[1].replace(b"T063000", b"T999999")], 2, "is not of the form"),
    (lambda lines: [lines[0], lines[1].replace(b'", "prev": "', b'0", "prev": "')], 2, "is not of the form"),
    (lambda lines: [lines[0].replace(b"{", b'{"note": 1, ')], 1, "is not of the form"),
    (lambda lines: [lines[0].replace(b"{", b'{"prev": null, ')], 1, "the key `prev` stands twice"),
    (lambda lines: [lines[0].replace(b": ", b":")], 1, "is not written as"),
    (lambda lines: [lines[0].replace(b"\n", b"\r\n")], 1, "is not written as"),
    (lambda lines: [lines[0].replace(b"locations", b"\\u006cocations")], 1, "is not written as"),
]


@pytest.mark.parametrize(("change", "line", "says"), WAYS)
def test_a_changed_chain_is_found_and_the_line_is_named(
    ledger: Path, change: Callable[[Lines], Lines], line: int, says: str
) -> None:
    write_lines(ledger, change(lines_of(ledger)))
    assert [fault for fault in faults_of(ledger) if fault.startswith(f"{CHAIN}:{line}: ") and says in fault]


@given(at=st.integers(0, 2000), byte=st.integers(0, 255))
def test_no_byte_of_the_chain_can_be_another(at: int, byte: int) -> None:
    content = b"".join(relinked((name_of(BEGUN + day * DAY), f"{day:064}") for day in range(4)))
    at %= len(content)
    altered = content[:at] + bytes([byte]) + content[at + 1 :]
    read = read_chain("chain", altered)
    names = {Link(name_of(BEGUN + day * DAY), f"{day:064}", None).file for day in range(4)}
    if altered == content:
        assert isinstance(read, tuple)
    elif isinstance(read, tuple):  # only the last line can be another sound line: its file tells
        assert read[:3] == read_chain("chain", content)[:3]
        assert read[3].file not in names or read[3].sha256 != f"{3:064}"


def test_an_intact_ledger_has_no_faults_and_is_told_as_it_is(ledger: Path) -> None:
    opened = open_ledger(str(ledger), LATER)
    assert [one.observed_at for one in opened.recordings] == [BEGUN + day * DAY for day in range(4)]
    assert [one.rows for one in opened.recordings] == [1] * 4
    assert opened.head == hashlib.sha256(lines_of(ledger)[-1]).hexdigest()
    assert record_at(ledger, BEGUN + 4 * DAY).head == open_ledger(str(ledger), LATER).head != opened.head
    assert faults_of(ledger) == []


def test_one_flipped_byte_of_any_file_is_found(ledger: Path) -> None:
    for path in sorted(ledger.glob("*.parquet")):
        whole = path.read_bytes()
        path.write_bytes(whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])
        (fault,) = faults_of(ledger)
        assert fault.startswith(f"{path.name}: was altered: SHA-256 is ")
        path.write_bytes(whole)
    assert faults_of(ledger) == []


def test_a_file_that_is_gone_and_one_that_was_added_are_named(ledger: Path) -> None:
    files = sorted(path.name for path in ledger.glob("*.parquet"))
    (ledger / files[1]).rename(ledger / name_of(LATER))
    strange, missing = faults_of(ledger)
    assert strange.startswith(f"{name_of(LATER)}: is not in the chain")
    assert missing.startswith(f"{files[1]}: is missing; line 2 of the chain names it")


@pytest.mark.parametrize("name", ["other.parquet", "OTHER.PARQUET", "locations-copy.parquet"])
def test_whatever_may_be_taken_for_a_recording_must_be_in_the_chain(ledger: Path, name: str) -> None:
    (ledger / name).write_bytes(b"")
    assert [fault.partition(":")[0] for fault in faults_of(ledger)] == [name]


def test_a_signature_or_a_note_may_lie_beside_the_recordings(ledger: Path) -> None:
    for name in ("chain.jsonl.sig", "README", ".gitignore"):
        (ledger / name).write_bytes(b"")
    assert faults_of(ledger) == []


def test_recordings_taken_from_the_end_with_their_lines_are_missed_by_their_head(ledger: Path) -> None:
    heads = [Link(**json.loads(line)).digest for line in lines_of(ledger)]
    assert [faults_of(ledger, head) for head in heads] == [[]] * 4
    *kept, last = lines_of(ledger)
    write_lines(ledger, kept)
    (ledger / json.loads(last)["file"]).unlink()
    assert faults_of(ledger) == []
    assert faults_of(ledger, heads[2]) == []
    (fault,) = faults_of(ledger, heads[3])
    assert fault.startswith(
        f"{CHAIN}: has no line whose digest is `{heads[3]}`: lines were taken from its end"
    )


def test_a_chain_that_is_forged_as_a_whole_is_missed_by_any_head(ledger: Path) -> None:
    links = [json.loads(line) for line in lines_of(ledger)]
    heads = [Link(**link).digest for link in links]
    (ledger / links[0]["file"]).unlink()
    write_lines(ledger, relinked((link["file"], link["sha256"]) for link in links[1:]))
    assert faults_of(ledger) == []
    assert all(faults_of(ledger, head) for head in heads)


@pytest.mark.parametrize("place", ["nowhere", "empty", "file"])
def test_what_is_no_ledger_is_told_with_how_to_begin_one(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (fault,) = faults_of(tmp_path / place)
    assert "is no location ledger: there is no chain.jsonl in it" in fault
    assert "auditor geo record" in fault


def test_a_chain_without_lines_is_an_empty_ledger(tmp_path: Path) -> None:
    (tmp_path / CHAIN).write_bytes(b"")
    opened = open_ledger(str(tmp_path), LATER)
    assert (opened.recordings, opened.head, opened.later) == ((), None, 0)


def test_what_was_recorded_after_the_clock_is_left_out_and_counted(ledger: Path) -> None:
    first = [Link(**json.loads(line)).digest for line in lines_of(ledger)]
    opened = open_ledger(str(ledger), BEGUN + DAY)
    assert (len(opened.recordings), opened.later, opened.head) == (2, 2, first[1])
    before = open_ledger(str(ledger), BEGUN - DAY)
    assert (before.recordings, before.later, before.head) == ((), 4, None)
    record_at(ledger, BEGUN + 9 * DAY, answer(country="CN"))
    again = open_ledger(str(ledger), BEGUN + DAY)
    assert (again.recordings, again.head) == (opened.recordings, opened.head)


@given(st.datetimes(min_value=BEGUN.replace(tzinfo=None), max_value=LATER.replace(tzinfo=None)))
def test_the_name_of_a_recording_is_its_instant(instant: datetime) -> None:
    at = instant.replace(tzinfo=UTC)
    assert instant_of(name_of(at)) == at
