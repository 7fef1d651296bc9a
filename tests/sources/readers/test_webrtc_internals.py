import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import SourceError
from auditor.sources.readers.webrtc.opened import NO_STATISTICS
from auditor.sources.readers.webrtc.timelines import MOST_VALUES
from auditor.sources.readers.webrtc_internals import (
    CUT_OFF,
    OLD_STATISTICS,
    READER,
    WebrtcInternalsSource,
)
from tests.sources.readers.clients import (
    SAMPLES,
    WRONG,
    Json,
    T,
    aside,
    leaves,
    log_of,
    read,
    reasons,
    replaced,
    shown,
    unread,
    warnings,
)
from tests.sources.samples import Whole

SAMPLE = SAMPLES / "webrtc-internals" / "webrtc_internals_dump.txt"
LITE = {"time": T, "type": "setRemoteDescription", "value": "type: answer, sdp: v=0\r\na=ice-lite\r\n"}
ENDS: dict[str, dict[str, Json]] = {
    "L": {"candidateType": "relay", "address": "203.0.113.65", "port": 1000, "url": "turn:turn.example"},
    "M": {"candidateType": "relay", "address": "203.0.113.81", "port": 1000},
    "R": {"candidateType": "host", "address": "198.51.100.1", "port": 10_000},
    "P": {"localCandidateId": "L", "remoteCandidateId": "R", "bytesSent": 5, "bytesReceived": 5},
    "Q": {"localCandidateId": "M", "remoteCandidateId": "R"},
}


def at(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(T / 1000, UTC) + timedelta(milliseconds=milliseconds)


def iso(milliseconds: float) -> str:
    return at(milliseconds).isoformat().replace("+00:00", "Z")


def timeline(values: Sequence[Json], start: float, end: float, **more: Json) -> dict[str, Json]:
    return {"startTime": iso(start), "endTime": iso(end), "values": json.dumps(values), **more}


def constants() -> dict[str, Json]:
    """The ends of two pairs, as values that never change."""
    return {
        f"{name}-{attribute}": timeline([value], 0, 0)
        for name, said in ENDS.items()
        for attribute, value in said.items()
    }


def selecting(pairs: Sequence[Json], end: float, *, times: Sequence[Json] | None = None) -> dict[str, Json]:
    stats = {**constants(), "T-selectedCandidatePairId": timeline(pairs, 0, end)}
    return stats if times is None else {**stats, "T-timestamp": timeline(times, 0, end)}


def connection(stats: Json, *updates: Json) -> dict[str, Json]:
    return {"stats": stats, "updateLog": list(updates)}


def dump(folder: Path, *connections: Json, **more: Json) -> Whole:
    path = folder / "dump.txt"
    named = {f"1-{number}": one for number, one in enumerate(connections, 1)}
    path.write_text(json.dumps({"getUserMedia": [], "PeerConnections": named, **more}), encoding="utf-8")
    return read(READER, path)


def test_a_new_pair_ends_one_connection_and_begins_the_next(tmp_path: Path) -> None:
    stats = selecting(["P", "P", "Q"], 2000, times=[T, T + 1500, T + 2000])
    found = dump(tmp_path, connection(stats, LITE))
    columns = ("part", "role", "relay_ip", "started_at", "ended_at", "time_basis")
    assert shown(found, *columns) == [
        (1, "turn", "203.0.113.65", at(0), at(2000), "sample"),
        (2, "media", "198.51.100.1", at(0), at(2000), "sample"),
        (3, "turn", "203.0.113.81", at(2000), None, "sample"),
        (4, "media", "198.51.100.1", at(2000), None, "sample"),
    ]


def test_times_between_samples_are_inferred_where_the_dump_has_none(tmp_path: Path) -> None:
    found = dump(tmp_path, connection(selecting(["P", "Q", "P"], 2000), LITE))
    turns = [row[1:] for row in shown(found, "role", "started_at", "time_basis") if row[0] == "turn"]
    assert turns == [(at(0), "inferred"), (at(1000), "inferred"), (at(2000), "inferred")]
    assert {
        row[0] for row in shown(dump(tmp_path, connection(selecting(["P", "Q"], 9), LITE)), "time_basis")
    } == {"sample"}


def test_an_attribute_that_comes_later_is_placed_by_its_start(tmp_path: Path) -> None:
    stats = selecting([], 0, times=[T, T + 400, T + 2000])
    stats["T-selectedCandidatePairId"] = timeline(["P", "Q"], 400, 2000)
    found = dump(tmp_path, connection(stats, LITE))
    assert sorted({row[0] for row in shown(found, "started_at")}) == [at(400), at(2000)]


def test_a_dump_that_dropped_its_beginning_says_so(tmp_path: Path) -> None:
    whole = connection(selecting(["P"] * (MOST_VALUES - 1), 9000), LITE)
    cut = connection(selecting(["P"] * MOST_VALUES, 9000), LITE)
    assert CUT_OFF not in warnings(dump(tmp_path, whole))
    found = dump(tmp_path, cut)
    assert CUT_OFF in warnings(found)
    assert {row[0] for row in shown(found, "time_basis")} == {"inferred"}


@pytest.mark.parametrize(
    ("update", "end"),
    [
        ({"time": T + 50, "type": "close", "value": ""}, at(50)),
        ({"time": str(T + 50), "type": "stop", "value": ""}, at(50)),
        ({"time": f"{T + 50}.25", "type": "connectionstatechange", "value": '"closed"'}, at(50.25)),
        ({"time": iso(50), "type": "iceConnectionStateChange", "value": "failed"}, at(50)),
        ({"time": T + 50, "type": "iceconnectionstatechange", "value": "disconnected"}, None),
        ({"time": "3/1/2026, 7:38:20 AM", "type": "close", "value": ""}, None),
    ],
)
def test_an_update_ends_what_is_in_use_if_its_time_has_no_zone_to_guess(
    tmp_path: Path, update: Json, end: datetime | None
) -> None:
    found = dump(tmp_path, connection(selecting(["P"], 0), LITE, update))
    assert shown(found, "ended_at") == [(end,)] * 2
    assert bool(unread(found)) == ("AM" in str(update["time"]))


def test_a_masked_or_missing_address_is_joined_with_what_was_signalled(tmp_path: Path) -> None:
    stats = selecting(["P"], 0) | {"L-address": timeline([""], 0, 0), "L-protocol": timeline(["udp"], 0, 0)}
    text = "sdpMid: 0, candidate: candidate:6 1 udp 8331263 203.0.113.66 1000 typ relay raddr 0.0.0.0 rport 0"
    signalled = {"time": T, "type": "icecandidate", "value": text}
    assert shown(dump(tmp_path, connection(stats, LITE, signalled)), "relay_ip")[0] == ("203.0.113.66",)
    assert shown(dump(tmp_path, connection(stats, LITE)), "relay_ip")[0] == (None,)


def test_dumps_with_types_and_without_them_give_the_same(tmp_path: Path) -> None:
    untyped = selecting(["P"], 0)
    types = {"T": "transport", "P": "candidate-pair", "Q": "candidate-pair"}
    typed = {
        key: {**said, "statsType": types.get(key[0], "local-candidate")} for key, said in untyped.items()
    }
    frames = [dump(tmp_path, connection(stats, LITE)).connections for stats in (untyped, typed)]
    assert frames[0].to_dicts() == frames[1].to_dicts()


def test_an_sdp_in_a_text_of_json_proves_a_server_too(tmp_path: Path) -> None:
    packed = {**LITE, "value": json.dumps({"type": "answer", "sdp": "v=0\r\na=ice-lite\r\n"})}
    assert ("media",) in shown(dump(tmp_path, connection(selecting(["P"], 0), packed)), "role")


def test_old_statistics_of_chrome_are_not_read_and_told_of(tmp_path: Path) -> None:
    old = {"Conn-0-1-googActiveConnection": timeline(["true"], 0, 0)}
    found = dump(tmp_path, connection(old))
    assert aside(found) == {"no_data": 1}
    assert warnings(found) == {OLD_STATISTICS, NO_STATISTICS}


@pytest.mark.parametrize(
    ("damage", "reason", "column"),
    [
        ({"T-selectedCandidatePairId": 5}, "malformed", "T-selectedCandidatePairId"),
        ({"T-selectedCandidatePairId": timeline([], 0, 0) | {"values": "["}}, "malformed", None),
        ({"T-selectedCandidatePairId": timeline([], 0, 0) | {"values": "{}"}}, "malformed", None),
        ({"T-selectedCandidatePairId": timeline(["P"], 0, 0) | {"startTime": None}}, "missing", "started_at"),
        ({"T-selectedCandidatePairId": timeline(["P"], 0, 0) | {"endTime": "x"}}, "unreadable", "started_at"),
        (
            {"T-selectedCandidatePairId": timeline(["P"], 0, 0) | {"startTime": "2026-03-01T07:38:20"}},
            "no_zone",
            "started_at",
        ),
        ({"T-timestamp": timeline([17], 0, 0)}, "out_of_range", "started_at"),
    ],
)
def test_a_peer_connection_that_is_not_whole_is_rejected_alone(
    tmp_path: Path, damage: dict[str, Json], reason: str, column: str | None
) -> None:
    good = connection(selecting(["P"], 0), LITE)
    found = dump(tmp_path, good, connection(selecting(["P"], 0) | damage, LITE), good)
    assert reasons(found) == [(2, reason, column or "T-selectedCandidatePairId")]
    assert {row[0] for row in shown(found, "record")} == {1, 3}


@pytest.mark.parametrize("bad", [5, None, [], {"stats": []}, {"stats": {}, "updateLog": {}}])
def test_what_is_no_peer_connection_is_rejected_alone(tmp_path: Path, bad: Json) -> None:
    found = dump(tmp_path, bad, connection(selecting(["P"], 0), LITE))
    assert reasons(found) == [(1, "malformed", "PeerConnections")]
    assert {row[0] for row in shown(found, "record")} == {2}


@pytest.mark.parametrize(
    "text", ['{"a":1}\n{"a":2}\n', "{}", '{"PeerConnections":[]}', '{"PeerConnections":{}}x']
)
def test_a_document_without_peer_connections_is_never_a_clean_one(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(text)
    assert reasons(read(READER, path)) == [(1, "malformed", None)]


@pytest.mark.parametrize("text", ["[]", "a,b\n", "RTCStatsDump\n"])
def test_a_file_that_is_no_object_is_of_another_format(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(text)
    with pytest.raises(SourceError, match="no dump of chrome://webrtc-internals"):
        read(READER, path)


def test_a_document_that_is_too_large_to_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text('{"PeerConnections":{}}')
    with pytest.raises(SourceError, match="more than 10 bytes"):
        read(READER, path, WebrtcInternalsSource(document_bytes=10))


def test_bytes_that_are_no_utf8_cost_nothing_but_themselves(tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    text = json.dumps({"PeerConnections": {"1-?": connection(selecting(["P"], 0), LITE)}})
    path.write_bytes(b"\xef\xbb\xbf" + text.encode().replace(b"1-?", b"1-\xff"))
    found = read(READER, path)
    assert shown(found, "session_id", "byte_offset")[0] == ("1-\\udcff", 3 + text.index('{"stats'))


def test_a_peer_connection_can_be_shown_verbatim() -> None:
    source, log = WebrtcInternalsSource(), log_of(READER, SAMPLE)
    connections = json.loads(SAMPLE.read_text())["PeerConnections"]
    for number, said in enumerate(connections.values(), 1):
        assert json.loads(source.raw_record(log, record=number, byte_offset=None)) == said
    for record, offset in shown(read(READER, SAMPLE), "record", "byte_offset"):
        raw = source.raw_record(log, record=record, byte_offset=offset)
        assert SAMPLE.read_bytes()[offset:].startswith(raw)
    with pytest.raises(SourceError, match="record 9"):
        source.raw_record(log, record=9, byte_offset=None)


def test_a_dump_cut_at_any_byte_keeps_the_peer_connections_before_the_cut(tmp_path: Path) -> None:
    document = json.loads(SAMPLE.read_text())
    path = tmp_path / SAMPLE.name
    text = json.dumps(document)
    ends = [
        text.index(json.dumps(one)) + len(json.dumps(one)) for one in document["PeerConnections"].values()
    ]
    whole = read(READER, SAMPLE)
    for stop in [*range(1, 30), *range(30, len(text), 211), len(text) - 1]:
        path.write_text(text[:stop])
        found = read(READER, path)
        kept = sum(end <= stop for end in ends)
        expected = [row for row in shown(whole, "record", "relay_ip") if row[0] <= kept]
        assert shown(found, "record", "relay_ip") == expected
        assert reasons(found)[-1] == (kept + 1, "truncated", None)


def test_wrong_types_anywhere_are_read_or_rejected(tmp_path: Path) -> None:
    document: Any = json.loads(SAMPLE.read_text())
    chance, path = random.Random(6), tmp_path / "dump.txt"
    for place in chance.sample(list(leaves(document)), 150):
        path.write_text(json.dumps(replaced(document, place, chance.choice(WRONG))))
        try:
            assert read(READER, path).records >= (place != ("PeerConnections",))
        except SourceError:
            assert not place


@pytest.mark.parametrize("nested", ['{"a":' * 100_000, "[" * 100_000])
def test_deep_nesting_is_a_reject(tmp_path: Path, nested: str) -> None:
    path = tmp_path / "dump.txt"
    path.write_text('{"PeerConnections":{"1":' + nested)
    assert [reason for _, reason, _ in reasons(read(READER, path))] == ["malformed"]
    found = dump(tmp_path, connection({"T-selectedCandidatePairId": timeline([], 0, 0) | {"values": nested}}))
    assert reasons(found) == [(1, "malformed", "T-selectedCandidatePairId")]
