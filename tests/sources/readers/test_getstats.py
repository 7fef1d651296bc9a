import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.readers.getstats import READER, REST_LOST, GetStatsSource
from tests.sources.readers.clients import (
    SAMPLES,
    WRONG,
    Json,
    T,
    aside,
    candidate,
    leaves,
    log_of,
    pair,
    read,
    reasons,
    replaced,
    shown,
    transport,
)
from tests.sources.samples import Whole

SAMPLE = SAMPLES / "getstats" / "reports.jsonl"
ENDS = {
    "L": candidate("relay", "203.0.113.65", url="turn:turn.example:3478"),
    "M": candidate("relay", "203.0.113.81"),
    "R": candidate("host", "198.51.100.1", 10_000, type="remote-candidate"),
}


def at(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(T / 1000, UTC) + timedelta(milliseconds=milliseconds)


def report(milliseconds: float, selected: str | None = "P", count: int = 100) -> dict[str, Json]:
    counts = {name: count if name == selected else 0 for name in "PQ"}
    pairs = {"P": pair("L", "R", counts["P"]), "Q": pair("M", "R", counts["Q"])}
    said = {**ENDS, **pairs, "T": transport(selected)}
    return {name: {"id": name, "timestamp": T + milliseconds, **one} for name, one in said.items()}


def listed(by_id: dict[str, Json]) -> list[Json]:
    return list(by_id.values())


def log(folder: Path, text: str, name: str = "log.json") -> Whole:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(READER, path)


def lines(folder: Path, *values: Json) -> Whole:
    return log(folder, "".join(f"{json.dumps(value)}\n" for value in values))


ONE, TWO = report(0), report(10, "Q")
SHAPES = {
    "a line each": f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
    "arrays of objects": f"{json.dumps(listed(ONE))}\n\n{json.dumps(listed(TWO))}",
    "arrays of pairs": f"{json.dumps([*map(list, ONE.items())])}\n{json.dumps([*map(list, TWO.items())])}\n",
    "an envelope": f"{json.dumps({'stats': ONE})}\n{json.dumps({'stats': listed(TWO)})}\n",
    "a document": json.dumps([ONE, TWO], indent=1),
    "a document in a line": json.dumps([ONE, TWO]),
    "a document of arrays": json.dumps([listed(ONE), listed(TWO)], indent=1),
    "documents": json.dumps(ONE, indent=1) + "\n" + json.dumps(listed(TWO), indent=1),
    "an element a line": f"[{json.dumps(ONE)},\n{json.dumps(TWO)}]",
    "with a byte order mark": f"\ufeff{json.dumps([ONE, TWO], indent=1)}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_of_a_report_give_the_same(tmp_path: Path, shape: str) -> None:
    found = log(tmp_path, SHAPES[shape])
    assert found.records == 2
    turns = [
        row[1:]
        for row in shown(found, "role", "record", "relay_ip", "started_at", "ended_at")
        if row[0] == "turn"
    ]
    assert turns == [(1, "203.0.113.65", at(0), at(10)), (2, "203.0.113.81", at(10), None)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_can_be_shown_verbatim(tmp_path: Path, shape: str) -> None:
    found = log(tmp_path, SHAPES[shape])
    source, data = GetStatsSource(), found.log.file.read_bytes()
    for record, offset in shown(found, "record", "byte_offset"):
        raw = source.raw_record(found.log, record=record, byte_offset=offset)
        assert data[offset:].startswith(raw)
        assert b"203.0.113.65" in raw


def test_the_other_side_is_unknown_unless_the_envelope_says_it(tmp_path: Path) -> None:
    roles = {
        remote: shown(lines(tmp_path, {"stats": ONE, "remote": remote}), "role", "use_proved")
        for remote in ("server", "peer", "client", None)
    }
    assert roles == {
        "server": [("turn", True), ("media", True)],
        "peer": [("turn", True)],
        "client": [("turn", True), ("unknown", False)],
        None: [("turn", True), ("unknown", False)],
    }


def test_peer_connections_are_told_apart_by_their_envelopes(tmp_path: Path) -> None:
    envelope = {"callId": "c", "participantId": "p", "remote": "peer"}
    found = lines(
        tmp_path,
        {**envelope, "peerConnectionId": "a", "stats": report(0)},
        {**envelope, "peerConnectionId": "b", "stats": report(5, "Q")},
        {**envelope, "peerConnectionId": "a", "stats": report(10)},
    )
    assert shown(found, "call_id", "participant_id", "session_id", "relay_ip", "last_record") == [
        ("c", "p", "a", "203.0.113.65", 3),
        ("c", "p", "b", "203.0.113.81", 2),
    ]


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (None, "missing"),
        (T / 1000, "out_of_range"),
        (True, "unreadable"),
        ("yesterday", "unreadable"),
        ("2026-03-01T07:38:20", "no_zone"),
        (str(T), "unreadable"),
    ],
)
def test_an_envelope_without_a_readable_time_is_rejected(
    tmp_path: Path, timestamp: Json, reason: str
) -> None:
    found = lines(
        tmp_path,
        {"timestamp": timestamp, "stats": ONE},
        {"timestamp": "2026-03-01T08:38:20+01:00", "stats": ONE},
    )
    assert reasons(found) == [(1, reason, "started_at")]
    assert {row[0] for row in shown(found, "started_at")} == {at(0)}


def test_the_time_of_a_report_is_the_latest_of_its_objects(tmp_path: Path) -> None:
    late = report(0)
    late["R"]["timestamp"] = T + 3.5
    assert shown(lines(tmp_path, late), "started_at")[0] == (at(3.5),)
    untimed = {
        name: {key: said for key, said in one.items() if key != "timestamp"} for name, one in ONE.items()
    }
    assert reasons(lines(tmp_path, untimed)) == [(1, "missing", "started_at")]
    relative = {name: {**one, "timestamp": 5012.3} for name, one in ONE.items()}
    assert reasons(lines(tmp_path, relative)) == [(1, "out_of_range", "started_at")]


@pytest.mark.parametrize("empty", [[], {}, [{"id": "P", "type": "peer-connection"}], {"stats": []}])
def test_a_report_without_paths_is_no_data(tmp_path: Path, empty: Json) -> None:
    found = lines(tmp_path, empty)
    assert aside(found) == {"no_data": 1}


@pytest.mark.parametrize(
    "line", ["{", "5", '"x"', "null", "[1]", '{"a":1}', "nonsense", "[" * 100_000, '[["a",{}],5]']
)
def test_a_line_that_is_no_report_is_rejected_alone(tmp_path: Path, line: str) -> None:
    found = log(tmp_path, f"{json.dumps(ONE)}\n{line}\n{json.dumps(TWO)}\n")
    assert reasons(found) == [(2, "malformed", None)]
    assert {row[0] for row in shown(found, "record")} == {1, 3}


@pytest.mark.parametrize("text", ["a,b\n", "RTCStatsDump", "\x00", '"x"'])
def test_a_file_that_does_not_begin_like_json_is_of_another_format(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError, match="no report of getStats"):
        log(tmp_path, text)


def test_a_document_too_large_to_hold_is_refused_and_lines_are_not(tmp_path: Path) -> None:
    small = GetStatsSource(document_bytes=10)
    for name, indent in (("a", 1), ("b", None)):
        (tmp_path / name).write_text(json.dumps(ONE, indent=indent))
    with pytest.raises(SourceError, match="more than 10 bytes"):
        read(READER, tmp_path / "a", small)
    assert read(READER, tmp_path / "b", small).records == 1


def test_a_document_that_breaks_off_keeps_what_was_whole(tmp_path: Path) -> None:
    text = json.dumps([ONE, TWO], indent=1)
    middle = text.index("203.0.113.81", len(text) // 2)
    cut, broken = log(tmp_path, text[:middle]), log(tmp_path, text[:middle] + '"' + text[middle:])
    assert (reasons(cut), reasons(broken)) == ([(2, "truncated", None)], [(2, "malformed", None)])
    for found in (cut, broken):
        assert {row[0] for row in shown(found, "record")} == {1}
        assert REST_LOST in set(found.batches[-1].warnings["text"])


@pytest.mark.parametrize("shape", SHAPES)
def test_a_log_cut_at_any_byte_loses_no_whole_report(tmp_path: Path, shape: str) -> None:
    data, path = SHAPES[shape].encode(), tmp_path / "log"
    for stop in [*range(6), *range(6, len(data), 131)]:
        path.write_bytes(data[:stop])
        try:
            found = read(READER, path)
        except SourceError:
            assert stop < len("\ufeff".encode())
            continue
        assert found.records <= 2
        assert (
            shown(found, "record")
            or reasons(found)
            or not data[:stop].decode(errors="ignore").strip("\ufeff[ \n")
        )


def test_wrong_types_anywhere_are_read_or_rejected(tmp_path: Path) -> None:
    values = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    chance = random.Random(7)
    places = [(number, place) for number, value in enumerate(values) for place in leaves(value)]
    for number, place in chance.sample(places, 150):
        wrong = replaced(values[number], place, chance.choice(WRONG))
        found = lines(tmp_path, *values[:number], wrong, *values[number + 1 :])
        assert found.records >= len(values)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["P", "Q", None]), min_size=1, max_size=10))
def test_connections_tile_the_time_in_which_a_pair_is_selected(
    tmp_path: Path, selected: list[str | None]
) -> None:
    reports = [
        {"remote": "peer", "stats": report(step, name, step + 1)} for step, name in enumerate(selected)
    ]
    found = lines(tmp_path, *reports)
    name_of = {"203.0.113.65": "P", "203.0.113.81": "Q"}
    rows = [(name_of[ip], *times) for ip, *times in shown(found, "relay_ip", "started_at", "ended_at")]
    for step, name in enumerate(selected):
        holding = [one for one, start, end in rows if start <= at(step) and (end is None or at(step) < end)]
        assert holding == ([] if name is None else [name])


def test_a_connection_of_the_sample_can_be_shown() -> None:
    whole = read(READER, SAMPLE)
    texts = SAMPLE.read_bytes().split(b"\n")
    for record, offset in shown(whole, "record", "byte_offset"):
        raw = GetStatsSource().raw_record(log_of(READER, SAMPLE), record=record, byte_offset=offset)
        assert raw == texts[record - 1]
