"""What is common to the readers of server logs: wrappers, clocks, lines of others, and damage."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import SourceError
from auditor.sources.interface import Log
from auditor.sources.lines import Limits
from auditor.sources.readers import jicofo, jvb, livekit_log, rtpengine
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import SILENT
from tests.sources.readers.serverlogs import SPOILT, TINY, Spoil, found_in, identities, lines_in, log_of
from tests.sources.samples import SAMPLES

READERS = {module.READER.name: module.READER for module in (jicofo, jvb, livekit_log, rtpengine)}
EACH = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)

PAIR = (
    "[confId=c1 conf_name=r@m.example meeting_id=m1 epId=e1] CheckList.handleNominationConfirmed#406: "
    "Selected pair for stream stream.RTP: 192.0.2.5:10000/udp/host -> 192.0.2.130:5/udp/prflx (stream.RTP)"
)
AT = datetime(2026, 3, 1, 9, 0, 0, 100_000, tzinfo=UTC)


def sample_of(reader: Reader) -> bytes:
    (path,) = (SAMPLES / reader.name).glob("*.log")
    return path.read_bytes()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"JVB 2026-03-01 10:00:00.100 INFO: [46] {PAIR}", {"zone": "Europe/Berlin"}),
        (f"2026-03-01 09:00:00,100 INFORMATION: [46] {PAIR}", {"zone": "UTC"}),
        (f"JVB 2026-03-01T10:00:00.100+01:00 INFO: [46] {PAIR}", {}),
        (f"JVB 2026-03-01T09:00:00.100Z INFO: [46] {PAIR}", {"zone": "Europe/Berlin"}),
        (f"jvb_1      | JVB 2026-03-01 10:00:00.100 INFO: [46] {PAIR}", {"zone": "Europe/Berlin"}),
        (
            f"Mar  1 10:00:01 host jvb[77]: JVB 2026-03-01 10:00:00.100 INFO: [46] {PAIR}",
            {"zone": "Europe/Berlin"},
        ),
        (f"2026-03-01T09:00:00.100000007Z stdout F JVB 2026-03-01 10:00:00.100 INFO: [46] {PAIR}", {}),
        (f"2026-03-01T09:00:00.100000007Z stdout F INFO: [46] {PAIR}", {}),
        (f"2026-03-01T10:00:00.100+01:00 host jvb[77]: INFO: [46] {PAIR}", {}),
    ],
)
def test_a_line_is_read_in_whatever_it_is_wrapped(line: str, told: dict[str, str], tmp_path: Path) -> None:
    log = log_of(jvb.READER, tmp_path / "jvb.log", line + "\n", **told)
    jvb.READER.source.plan(log, piece_bytes=1)
    connection = found_in(jvb.READER, log).only
    assert (connection["started_at"], connection["relay_ip"]) == (AT, "192.0.2.5")


def test_a_clock_without_zone_is_refused_by_the_name_of_the_option(tmp_path: Path) -> None:
    log = log_of(jvb.READER, tmp_path / "jvb.log", f"JVB 2026-03-01 10:00:00.100 INFO: [46] {PAIR}\n")
    with pytest.raises(SourceError, match="has times without offset") as caught:
        jvb.READER.source.plan(log, piece_bytes=1)
    assert "--zone" in str(caught.value)


def test_a_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    log = log_of(jvb.READER, tmp_path / "jvb.log", "", zone="Europe/Bonn")
    with pytest.raises(SourceError, match="--zone: `Europe/Bonn` is no time zone"):
        jvb.READER.source.plan(log, piece_bytes=1)


@pytest.mark.parametrize(
    ("at", "zone", "reason"),
    [
        ("2026-10-25 02:30:00.000 ", "Europe/Berlin", "ambiguous_time"),
        ("2026-03-01 10:00:00.000 ", None, "no_zone"),
        ("1999-03-01 10:00:00.000 ", "UTC", "out_of_range"),
        ("2026-13-01 10:00:00.000 ", "UTC", "unreadable"),
        ("", "UTC", "missing"),
    ],
)
def test_a_connection_of_which_nobody_knows_when_is_a_reject(
    at: str, zone: str | None, reason: str, tmp_path: Path
) -> None:
    log = log_of(jvb.READER, tmp_path / "jvb.log", f"JVB {at}INFO: [46] {PAIR}\n", zone=zone)
    found = found_in(jvb.READER, log)
    assert (found.connections, found.rejects) == ([], [(1, reason, "started_at")])


def test_what_goes_on_over_lines_is_no_reject_and_what_follows_nothing_is_one(tmp_path: Path) -> None:
    lines = (
        "\tat nowhere",  # 1: goes on from nothing
        "JVB 2026-03-01 10:00:00.000 INFO: [1] A.b#1: hello",
        "java.lang.IllegalStateException: no",
        "\tat A.b(A.java:1)",
        "Caused by: x",
        "",
        "    with blanks",
        "anything else",  # 8
        "\tat A.b(A.java:1)",  # 9: goes on from what is no line
    )
    found = found_in(
        jvb.READER, log_of(jvb.READER, tmp_path / "jvb.log", "\n".join(lines) + "\n", zone="UTC")
    )
    assert found.rejects == [(number, "malformed", None) for number in (1, 8, 9)]
    assert found.not_connections == {"blank": 1, "other_event": 5}


def test_the_log_of_the_other_program_is_none_of_this_one(tmp_path: Path) -> None:
    lines = sample_of(jicofo.READER).splitlines()
    found = found_in(
        jvb.READER, log_of(jvb.READER, tmp_path / "jvb.log", b"\n".join(lines) + b"\n", zone="UTC")
    )
    assert found.rejects == [(number, "malformed", None) for number in range(1, len(lines) + 1)]
    assert found.warnings == {SILENT: 1}


def test_a_reject_shows_the_line_as_it_is(tmp_path: Path) -> None:
    log = log_of(jvb.READER, tmp_path / "jvb.log", b"caf\xe9\nw\xc3\xb6rd\njvb_1 | more\n")
    excerpts = [row for batch in found_in(jvb.READER, log).batches for row in batch.rejects["excerpt"]]
    assert excerpts == ["caf\\xe9", "w\u00f6rd", "jvb_1 | more"]


@EACH
def test_an_empty_log_is_empty_and_no_warning(reader: Reader, tmp_path: Path) -> None:
    found = found_in(reader, log_of(reader, tmp_path / "empty.log", ""))
    assert (found.records, found.warnings) == (0, {})


@EACH
def test_how_much_is_read_at_a_time_does_not_matter(reader: Reader, tmp_path: Path) -> None:
    log = log_of(reader, tmp_path / "x.log", sample_of(reader), zone="UTC")
    whole, pieced = found_in(reader, log), found_in(reader, log, TINY)
    assert pieced.connections == whole.connections
    assert (pieced.rejects, pieced.not_connections, pieced.warnings) == (
        whole.rejects,
        whole.not_connections,
        whole.warnings,
    )


@EACH
def test_a_line_without_end_is_one_reject(reader: Reader, tmp_path: Path) -> None:
    content = sample_of(reader).rstrip(b"\n") + b"\n" + b"x" * 9_000 + b"\n" + b"\xff\xfe\n"
    log = log_of(reader, tmp_path / "x.log", content, zone="UTC")
    found = found_in(reader, log, Limits(chunk_bytes=1_000, record_bytes=8_000))
    lines = lines_in(content)
    assert found.records == lines
    assert found.rejects[-2:] == [(lines - 1, "malformed", None), (lines, "malformed", None)]


@EACH
def test_a_log_that_is_cut_anywhere_keeps_the_connections_of_its_whole_lines(
    reader: Reader, tmp_path: Path
) -> None:
    whole = sample_of(reader)
    chance = random.Random(7)
    for end in sorted(chance.sample(range(len(whole)), 30)):
        cut, before = whole[:end], whole[: whole.rfind(b"\n", 0, end) + 1]
        found = found_in(reader, log_of(reader, tmp_path / "cut.log", cut, zone="UTC"))
        sound = found_in(reader, log_of(reader, tmp_path / "before.log", before, zone="UTC"))
        assert found.records == lines_in(cut)
        assert identities(sound) <= identities(found)


@EACH
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_every_line_of_a_spoilt_log_is_accounted_for(reader: Reader, spoil: Spoil, tmp_path: Path) -> None:
    chance = random.Random(11)
    for _ in range(10):
        content = sample_of(reader)
        for _ in range(chance.randrange(1, 4)):
            content = spoil(content, chance)
        log = log_of(reader, tmp_path / "spoilt.log", content, zone="Europe/Berlin")
        assert found_in(reader, log).records == lines_in(content.removeprefix(b"\xef\xbb\xbf"))


@EACH
def test_the_record_of_a_connection_is_its_line(reader: Reader, tmp_path: Path) -> None:
    content = sample_of(reader)
    log: Log = log_of(reader, tmp_path / "x.log", content, zone="UTC")
    for row in found_in(reader, log).connections:
        raw = reader.source.raw_record(log, record=row["record"], byte_offset=row["byte_offset"])
        assert raw == content.split(b"\n")[row["record"] - 1]
