"""What a log shows of itself decides how it is read only where nothing else bears it."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import Fault, SourceError
from auditor.sources.detection import (
    HEAD_BYTES,
    Chosen,
    bears_mark,
    chosen_for,
    detected_in,
    explained,
    is_as_marked,
    other_mark,
)
from auditor.sources.discover import log_of
from auditor.sources.interface import Log
from auditor.sources.mapping import load_mapping
from auditor.sources.marks import MARKS, Head
from auditor.sources.registry import Format, Kind, format_named, format_names, source_of

SAMPLES = Path(__file__).parents[2] / "sample_logs" / "formats"
BESIDE = ("expected.json", "told.json", "inventory.csv", "accounts.csv")
LOGS = [
    path
    for folder in sorted(SAMPLES.iterdir())
    if folder.is_dir() and folder.name in format_names()
    for path in sorted(folder.iterdir())
    if path.name not in BESIDE
]
WITHOUT_MARK = {"asterisk-cdr", "teams-cqd", "getstats"}
"""Formats of which a user chooses the columns, or that look like any other of their kind."""

OURS = "call_id,role,started_at\nc,media,2020-04-01T00:00:00Z\n"
FLOWS = "srcaddr dstaddr start end interface-id sIP dIP sTime\n"


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def chosen(path: str) -> Chosen:
    found = chosen_for(path)
    assert isinstance(found, Chosen), found
    return found


def fault(path: str) -> Fault:
    found = chosen_for(path)
    assert isinstance(found, Fault), found
    return found


@pytest.mark.parametrize("log", LOGS, ids=lambda log: f"{log.parent.name}-{log.name}")
def test_a_sample_bears_the_mark_of_its_own_format_and_of_no_other(log: Path) -> None:
    own = set() if log.parent.name in WITHOUT_MARK else {log.parent.name}
    assert {shown.format for shown in detected_in(log).marks} == own


def test_every_mark_is_of_a_format_that_there_is() -> None:
    assert {mark.format for mark in MARKS} - set(format_names()) <= {"janus-selected-pair"}


def test_a_log_that_bears_one_mark_is_read_so_whatever_its_name(tmp_path: Path) -> None:
    text = (SAMPLES / "teams-directrouting" / "direct-routing-calls.json").read_text()
    for name in ("a", "a.json", "a.csv"):
        found = chosen(written(tmp_path, name, text))
        assert (found.format.name, found.format.kind) == ("teams-directrouting", Kind.PRESET)
        assert found.why


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.ndjson", "a.jsonl"])
def test_our_own_columns_need_no_word(tmp_path: Path, name: str) -> None:
    text = OURS if name.endswith("sv") else json.dumps({"started_at": "2020-04-01T00:00:00Z"})
    found = chosen(written(tmp_path, name, text))
    assert (found.format.kind, found.why) == (Kind.COLUMNS, None)


def test_our_own_columns_are_found_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"started_at": ["2020-04-01T00:00:00Z"]}).write_parquet(path)
    assert [shown.format for shown in detected_in(path).marks] == ["canonical"]


def test_a_compressed_log_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress((SAMPLES / "nfdump-csv" / "flows.csv").read_bytes()))
    assert chosen(str(path)).format.name == "nfdump-csv"


def test_a_log_with_two_marks_is_read_as_neither(tmp_path: Path) -> None:
    told = fault(written(tmp_path, "a.csv", FLOWS))
    assert "`aws-vpc`" in told.text
    assert "`silk-rwcut`" in told.text
    assert told.hint == "say which it is: --format NAME"


def test_a_mark_beside_our_own_columns_is_no_choice_either(tmp_path: Path) -> None:
    told = fault(written(tmp_path, "a.csv", "started_at,sIP,dIP,sTime\n"))
    assert "`canonical`" in told.text
    assert "`silk-rwcut`" in told.text


def test_a_log_without_a_mark_is_read_by_its_suffix(tmp_path: Path) -> None:
    assert chosen(written(tmp_path, "a.csv", "a,b\n1,2\n")).format.kind is Kind.COLUMNS
    assert "no suffix that tells" in fault(written(tmp_path, "a.log", "nothing\n")).text


def test_what_a_log_may_be_is_said(tmp_path: Path) -> None:
    header = (SAMPLES / "teams-cqd" / "cqd-streams.csv").read_text().partition("\n")[0]
    assert "`teams-cqd` (" in (fault(written(tmp_path, "a.log", header)).hint or "")


def read_as(name: str, path: str) -> Log:
    found = format_named(name, "here")
    assert isinstance(found, Format), found
    return replace(log_of(path, found.mapping), format=name if found.kind is Kind.READER else "csv")


def planned(log: Log) -> Fault:
    """Give the one fault with which a log is not read."""
    with pytest.raises(SourceError) as error:
        source_of(log).plan(log, piece_bytes=1 << 20)
    [fault] = explained(error.value, log).faults
    return fault


def test_a_log_without_our_columns_is_told_first_which_format_it_may_be() -> None:
    path = str(SAMPLES / "teams-cqd" / "cqd-streams.csv")
    told = planned(log_of(path, None))
    assert told.text.startswith("has no column `started_at`")
    assert told.hint is not None
    assert told.hint.startswith(
        "it may be `teams-cqd` (18 of the 18 names that it reads): --format teams-cqd; "
    )
    assert told.hint.endswith("`Second Relay Port`")


def test_a_log_with_another_mark_is_told_its_format_and_all_that_it_lacks_at_once() -> None:
    told = planned(read_as("teams-cqd", str(SAMPLES / "nfdump-csv" / "flows.csv")))
    assert told.text.startswith(
        "lacks 18 columns that the mapping `teams-cqd` reads: for `call_id` `Conference"
    )
    assert "; for `relay_ip` `First Relay IP`" in told.text
    assert told.hint is not None
    assert told.hint.startswith("it bears the mark of `nfdump-csv`: --format nfdump-csv; ")


def test_a_log_that_bears_the_mark_of_what_it_is_read_as_is_told_of_no_other(tmp_path: Path) -> None:
    log = read_as("nfdump-csv", written(tmp_path, "a.csv", "firstSeen,lastSeen,srcAddr,dstAddr\n1,2,3,4\n"))
    told = planned(log)
    assert "mark" not in (told.hint or "")
    assert other_mark(log) is None
    assert is_as_marked(log)


def test_a_log_is_as_marked_only_where_its_mapping_is_the_one_that_came_with_us(tmp_path: Path) -> None:
    log = read_as("nfdump-csv", str(SAMPLES / "nfdump-csv" / "flows.csv"))
    assert is_as_marked(log)
    assert not is_as_marked(replace(log, mapping=replace(log.mapping, sha256="0" * 64)))
    assert not is_as_marked(log_of(written(tmp_path, "a.csv", OURS), None))
    assert not is_as_marked(read_as("coturn", log.path))
    assert other_mark(read_as("coturn", log.path)) == "it bears the mark of `nfdump-csv`: --format nfdump-csv"


def test_marks_of_several_formats_are_all_told(tmp_path: Path) -> None:
    log = read_as("coturn", written(tmp_path, "a.csv", FLOWS))
    assert other_mark(log) == "it bears the marks of `aws-vpc` and `silk-rwcut`: --format NAME"


def test_a_mapping_that_reads_started_at_is_told_of_our_columns_by_nobody(tmp_path: Path) -> None:
    ours = read_as("nfdump-csv", written(tmp_path, "a.csv", OURS))
    assert other_mark(ours) == "it bears the mark of `canonical`: --format canonical"
    text = (
        "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: csv}\n"
        "fields: {started_at: {from: started_at, time: epoch_s}, role: {const: media}, relay_ip: r}\n"
    )
    assert other_mark(replace(ours, mapping=load_mapping(Path(written(tmp_path, "m.yaml", text))))) is None


@pytest.mark.parametrize(
    "line", ["7,2020-04-02 14:00:00,alice@example.org,192.0.2.7,Alice", "a-1,7,+49 30 1"]
)
def test_a_first_line_of_values_is_not_printed(tmp_path: Path, line: str) -> None:
    told = planned(log_of(written(tmp_path, "a.csv", f"{line}\n"), None))
    assert told.hint is not None
    assert told.hint.endswith("the names of its columns look like values, and are not shown here")
    for value in line.split(","):
        assert f"`{value}`" not in str(told)


def test_names_of_which_half_are_plain_are_listed(tmp_path: Path) -> None:
    told = planned(log_of(written(tmp_path, "a.csv", "First Relay IP,src4_addr,id.orig_h,1,2,3\n"), None))
    assert (told.hint or "").endswith("there are: `First Relay IP`, `src4_addr`, `id.orig_h`, `1`, `2`, `3`")


def test_our_own_columns_make_no_log_of_a_file_whose_suffix_tells_no_form(tmp_path: Path) -> None:
    assert not bears_mark(written(tmp_path, "a.txt", OURS))
    assert bears_mark(written(tmp_path, "b.txt", FLOWS))


def test_a_mark_may_stand_far_from_the_beginning(tmp_path: Path) -> None:
    line = "2026-03-01 session 001000000000000001: new, realm=<eu>, username=<u>, lifetime=600\n"
    other = "a line that any server writes\n"
    near, far = (other * (count // len(other)) + line for count in (HEAD_BYTES // 2, 2 * HEAD_BYTES))
    assert chosen(written(tmp_path, "near.log", near)).format.name == "coturn"
    assert "bears the mark of none" in fault(written(tmp_path, "far.log", far)).text


def test_a_key_within_text_is_no_key() -> None:
    packed = json.dumps({"text": json.dumps({"mediaPathLocation": 1})})
    assert "mediaPathLocation" not in Head.of(packed).names


@given(st.binary(max_size=400), st.sampled_from(["", ".csv", ".json", ".parquet", ".gz", ".csv.zst"]))
def test_whatever_lies_in_a_file_it_is_looked_at_without_a_crash(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"log{suffix}"
    for content in (data, b"PAR1" + data, b"#fields\t" + data):
        path.write_bytes(content)
        detected_in(path)
        chosen_for(str(path))
