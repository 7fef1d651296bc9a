import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import SourceError
from auditor.sources.readers.rtcstats import LOST_LINES, READER, RtcStatsSource
from auditor.sources.readers.webrtc.opened import NO_STATISTICS
from auditor.sources.readers.webrtc.peerconnections import MISSED
from auditor.sources.readers.webrtc.stretches import MASKED
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
    unread,
    warnings,
)
from tests.sources.samples import Whole

SAMPLE = SAMPLES / "rtcstats" / "client.rtcstats.jsonl"
Entry = Sequence[Any]

CREATE = ["create", "PC_0", {}, T]
TO_BRIDGE = ["constraints", "PC_0", {"optional": [{"rtcStatsSFUP2P": False}]}, T]
TO_PEER = ["constraints", "PC_0", {"optional": [{"rtcStatsSFUP2P": True}]}, T]
ENDS = {
    "L": candidate("relay", "203.0.113.65", url="turn:turn.example:3478"),
    "H": candidate("host", "192.0.2.129"),
    "R": candidate("srflx", "198.51.100.1", 10_000, type="remote-candidate"),
}


def getstats(at: int, said: dict[str, Any], pc: str | None = "PC_0") -> Entry:
    return ["getstats", pc, said, T + at]


def dump(folder: Path, *entries: Entry | str) -> Whole:
    path = folder / "dump"
    texts = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return read(READER, path)


def at(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(T / 1000, UTC) + timedelta(milliseconds=milliseconds)


def one_pair(**remote: Json) -> dict[str, Any]:
    return {**ENDS, "P": pair("L", "R"), "T": transport("P"), **remote}


def test_version_3_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text('RTCStatsDump\n{"fileFormat":3}\n[0,null,1]\n')
    with pytest.raises(SourceError, match="version 3") as caught:
        read(READER, path)
    assert "older format" in str(caught.value)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", '{"a":1}\n', "[[1,2]]\n", "\x00\x01\n"])
def test_a_file_without_methods_is_of_another_format(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dump"
    path.write_text(text)
    with pytest.raises(SourceError, match="no dump of rtcstats"):
        read(READER, path)


def test_the_time_is_the_fourth_element_and_not_the_last(tmp_path: Path) -> None:
    found = dump(tmp_path, CREATE, TO_BRIDGE, ["getstats", "PC_0", one_pair(), T + 5, 99])
    assert {row[0] for row in shown(found, "started_at")} == {at(5)}


def test_a_bridge_behind_an_own_relay_makes_two_connections(tmp_path: Path) -> None:
    found = dump(tmp_path, CREATE, TO_BRIDGE, getstats(1, one_pair()))
    assert shown(found, "part", "role", "relay_ip", "relay_port", "relay_name", "use_proved") == [
        (1, "turn", "203.0.113.65", 1000, "turn.example", True),
        (2, "media", "198.51.100.1", 10_000, None, True),
    ]


def test_two_participants_without_a_relay_are_no_connection(tmp_path: Path) -> None:
    said = {**ENDS, "P": pair("H", "R"), "T": transport("P")}
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, said), getstats(2, {}))
    assert aside(found) == {"direct": 2, "other_event": 2}
    assert not shown(found, "record")


def test_the_relay_of_the_other_side_serves_the_other_participant(tmp_path: Path) -> None:
    said = one_pair(R=candidate("relay", "203.0.113.2", relatedAddress="192.0.2.200"))
    who = ["identity", None, {"endpointId": "me"}, T]
    found = dump(tmp_path, who, CREATE, TO_PEER, getstats(1, {**said, "P": pair("H", "R")}))
    columns = ("role", "relay_ip", "client_ip", "participant_id", "use_proved")
    assert shown(found, *columns) == [("turn", "203.0.113.2", "192.0.2.200", None, True)]


@pytest.mark.parametrize(
    ("proof", "role", "proved"),
    [
        ([], "unknown", False),
        ([TO_BRIDGE], "media", True),
        ([TO_BRIDGE, TO_PEER], "unknown", False),
        ([["setRemoteDescription", "PC_0", {"sdp": "v=0\r\na=ice-lite\r\n"}, T]], "media", True),
        ([["setRemoteDescription", "PC_0", {"sdp": "v=0\r\na=ice-lite-not\r\n"}, T]], "unknown", False),
        ([["setLocalDescription", "PC_0", {"sdp": "v=0\r\na=ice-lite\r\n"}, T]], "unknown", False),
    ],
)
def test_the_other_side_is_a_server_only_where_the_log_proves_it(
    tmp_path: Path, proof: list[Entry], role: str, *, proved: bool
) -> None:
    found = dump(tmp_path, CREATE, *proof, getstats(1, {**ENDS, "P": pair("H", "R"), "T": transport("P")}))
    assert shown(found, "role", "relay_ip", "use_proved") == [(role, "198.51.100.1", proved)]


def test_a_browser_that_hides_behind_mdns_is_a_participant(tmp_path: Path) -> None:
    hidden = "candidate:1 1 udp 2122 4f1c4d7a-5d5f-4c3b-9d7e-0a1b2c3d4e5f.local 52001 typ host"
    said = getstats(1, {**ENDS, "P": pair("H", "R"), "T": transport("P")})
    found = dump(tmp_path, CREATE, ["addIceCandidate", "PC_0", {"candidate": hidden}, T], said)
    assert aside(found)["direct"] == 1


@pytest.mark.parametrize("facing", [TO_PEER, TO_BRIDGE])
def test_ends_of_an_unknown_kind_may_be_relays(tmp_path: Path, facing: Entry) -> None:
    said = {"P": pair("L", "R"), "L": candidate(None, "192.0.2.1"), "R": candidate("new", None)}
    found = dump(tmp_path, CREATE, facing, getstats(1, {**said, "T": transport("P")}))
    assert ("turn", None, False) in shown(found, "role", "relay_ip", "use_proved")
    assert not aside(found).get("direct")


def test_a_pair_that_is_named_but_not_described_may_run_over_relays(tmp_path: Path) -> None:
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, {"T": transport("P")}))
    assert shown(found, "role", "relay_ip", "use_proved") == [("turn", None, False)] * 2


@pytest.mark.parametrize(
    ("ends", "client"),
    [
        ({"L": {"relatedAddress": "192.0.2.140", "relatedPort": 9}}, "192.0.2.140"),
        ({"L": {"relatedAddress": "203.0.113.65", "relatedPort": 9}}, None),
        ({"L": {"address": "x.x.x.x", "relatedAddress": "203.0.113.65", "relatedPort": 1000}}, None),
        ({"L": {"address": "x.x.x.x", "relatedAddress": "203.0.113.65", "relatedPort": None}}, None),
        ({"L": {"relatedAddress": "10.0.0.1"}}, None),
        (
            {"L": {"relatedAddress": "10.0.0.1"}, "S": candidate("srflx", "192.0.2.141", isRemote=False)},
            "192.0.2.141",
        ),
        ({"L": {"candidateType": "srflx", "address": "192.0.2.142"}}, "192.0.2.142"),
        ({"L": {"candidateType": "host", "address": "10.0.0.1"}}, "10.0.0.1"),
        ({"L": {"candidateType": "host", "address": "::"}}, None),
        (
            {"L": {"candidateType": "host", "address": "10.0.0.1"}, "S": candidate("prflx", "192.0.2.141")},
            "192.0.2.141",
        ),
        (
            {
                "L": {"candidateType": "host", "address": "x.x.x.x"},
                "S": candidate("srflx", "192.0.2.141"),
                "V": candidate("srflx", "192.0.2.143"),
            },
            "x.x.x.x",
        ),
        ({"L": {"candidateType": "host", "address": "x.x.x.x"}, "R": {"address": "192.0.2.9"}}, "x.x.x.x"),
    ],
)
def test_the_client_is_never_a_relay_and_one_of_several_addresses_is_never_chosen(
    tmp_path: Path, ends: dict[str, dict[str, Json]], client: str | None
) -> None:
    """In the place of the client's address Firefox repeats that of the relay."""
    said = one_pair()
    for name, end in ends.items():
        said[name] = {**said.get(name, {}), **end}
    firefox = "candidate:13 1 UDP 8331263 203.0.113.65 1000 typ relay raddr 203.0.113.65 rport 1000"
    signalled = ["onicecandidate", "PC_0", {"candidate": firefox}, T]
    found = dump(tmp_path, CREATE, TO_BRIDGE, signalled, getstats(1, said))
    assert {row[0] for row in shown(found, "client_ip")} == {client}


def relayed(port: int = 57_514, foundation: str | None = "6") -> Entry:
    masked = candidate("relay", "x.x.x.x", port, protocol="udp", foundation=foundation)
    return getstats(1, one_pair(L=masked))


def signal(address: str, foundation: str = "6", kind: str = "relay", method: str = "onicecandidate") -> Entry:
    text = f"candidate:{foundation} 1 UDP 8331263 {address} 57514 typ {kind} raddr x.x.x.x rport 9"
    return [method, "PC_0", {"candidate": text, "sdpMid": "0"}, T]


@pytest.mark.parametrize(
    ("signals", "stats", "address"),
    [
        ([signal("203.0.113.65")], relayed(), "203.0.113.65"),
        ([signal("203.0.113.65")] * 2, relayed(), "203.0.113.65"),
        ([signal("203.0.113.65")], relayed(foundation=None), "203.0.113.65"),
        ([signal("203.0.113.65", "7"), signal("203.0.113.66")], relayed(), "203.0.113.66"),
        ([signal("203.0.113.65", "7"), signal("203.0.113.66")], relayed(foundation=None), "x.x.x.x"),
        ([signal("203.0.113.65", "7")], relayed(), "x.x.x.x"),
        ([signal("203.0.113.65")], relayed(port=1), "x.x.x.x"),
        ([signal("203.0.113.65", kind="srflx")], relayed(), "x.x.x.x"),
        ([signal("203.0.113.65", method="addIceCandidate")], relayed(), "x.x.x.x"),
        ([signal("x.x.x.x")], relayed(), "x.x.x.x"),
    ],
)
def test_a_masked_relay_is_joined_with_the_one_candidate_of_its_port_and_foundation(
    tmp_path: Path, signals: list[Entry], stats: Entry, address: str
) -> None:
    found = dump(tmp_path, CREATE, TO_BRIDGE, *signals, stats)
    assert shown(found, "role", "relay_ip")[0] == ("turn", address)
    assert (MASKED in warnings(found)) == (address == "x.x.x.x")


def test_what_did_not_change_is_left_out_and_still_holds(tmp_path: Path) -> None:
    later = {"P": {"timestamp": 0, "bytesSent": 500}, "timestamp": T + 10}
    found = dump(tmp_path, CREATE, TO_BRIDGE, getstats(1, one_pair()), getstats(10, later))
    assert shown(found, "record", "last_record", "bytes")[0] == (3, 4, 600)


@pytest.mark.parametrize(
    ("unchanged", "uses"),
    [
        ({"L": {"timestamp": 0}}, [("203.0.113.65", at(10), True), ("203.0.113.81", None, True)]),
        ({"L": {}}, [("203.0.113.65", at(10), True), ("203.0.113.81", None, True)]),
        ({}, [("203.0.113.65", at(10), True), ("203.0.113.65", None, False), ("203.0.113.81", None, False)]),
    ],
)
def test_a_report_that_names_what_has_not_changed_names_all_there_is(
    tmp_path: Path, unchanged: dict[str, Json], uses: list[Json]
) -> None:
    """A pair that has gone is left out of such a report; of another one, what is as it was may be too."""
    marks: dict[str, Json] = {"selected": True, "transportId": "T"}
    first = {"L": ENDS["L"], "R": ENDS["R"], "P": pair("L", "R", **marks)}
    later = {
        "M": candidate("relay", "203.0.113.81"),
        "R": ENDS["R"],
        "Q": pair("M", "R", **marks),
        **unchanged,
    }
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, first), getstats(10, later))
    assert shown(found, "relay_ip", "ended_at", "use_proved") == uses


def test_a_new_pair_ends_one_connection_and_begins_the_next(tmp_path: Path) -> None:
    first = {**one_pair(), "Q": pair("H", "R", 0)}
    change = {"T": {"selectedCandidatePairId": "Q"}, "P": {"bytesSent": 150}, "Q": {"bytesSent": 7}}
    back = {"T": {"selectedCandidatePairId": "P"}, "P": {"bytesSent": 400}}
    found = dump(
        tmp_path,
        CREATE,
        TO_PEER,
        getstats(1, first),
        getstats(10, change),
        getstats(20, back),
        getstats(30, {}),
    )
    assert shown(found, "record", "started_at", "ended_at", "bytes") == [
        (3, at(1), at(10), 250),
        (5, at(20), None, 250),
    ]
    assert aside(found)["direct"] == 1


def test_another_address_under_the_same_id_is_another_connection(tmp_path: Path) -> None:
    moved = {"L": {"address": "203.0.113.81"}, "P": {"bytesSent": 200}}
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, one_pair()), getstats(10, moved))
    assert shown(found, "relay_ip", "ended_at") == [("203.0.113.65", at(10)), ("203.0.113.81", None)]


def test_what_is_learnt_later_belongs_to_the_same_connection(tmp_path: Path) -> None:
    first = {"P": pair("L", "R"), "T": transport("P"), "R": candidate("prflx", "203.0.113.2")}
    later = {"L": ENDS["L"], "R": {"candidateType": "relay"}}
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, first), getstats(10, later))
    assert shown(found, "relay_ip", "started_at", "use_proved") == [
        ("203.0.113.65", at(1), True),
        ("203.0.113.2", at(1), True),
    ]


@pytest.mark.parametrize(
    ("last", "end"),
    [
        (["close", "PC_0", {}, T + 50], at(50)),
        (["onconnectionstatechange", "PC_0", "closed", T + 50], at(50)),
        (["oniceconnectionstatechange", "PC_0", "failed", T + 50], at(50)),
        (["oniceconnectionstatechange", "PC_0", "disconnected", T + 50], None),
        (["close", "PC_0", {}, "soon"], None),
        (["close", "PC_1", {}, T + 50], None),
    ],
)
def test_a_connection_ends_where_the_log_says_so(tmp_path: Path, last: Entry, end: datetime | None) -> None:
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, one_pair()), last)
    assert shown(found, "ended_at") == [(end,)]
    assert unread(found) == ([("ended_at", "unreadable")] if last[3] == "soon" else [])


def test_a_failed_path_is_in_use_again_only_when_bytes_flow(tmp_path: Path) -> None:
    failed = ["onconnectionstatechange", "PC_0", "failed", T + 5]
    entries = [CREATE, TO_PEER, getstats(1, one_pair()), failed, getstats(6, {"T": {"bytesSent": 1}})]
    assert shown(dump(tmp_path, *entries), "ended_at") == [(at(5),)]
    found = dump(tmp_path, *entries, getstats(9, {"P": {"bytesSent": 101}}))
    assert shown(found, "started_at", "bytes") == [(at(1), 200), (at(9), 1)]


def test_a_dump_without_the_beginning_infers_the_start(tmp_path: Path) -> None:
    said = getstats(1, {**one_pair(), "T": transport("P", selectedCandidatePairChanges=4)})
    found = dump(tmp_path, TO_PEER, said)
    assert shown(found, "time_basis") == [("inferred",)]
    assert MISSED not in warnings(found)
    assert MISSED in warnings(dump(tmp_path, CREATE, TO_PEER, said))


@pytest.mark.parametrize(("count", "proved"), [(0, False), (1, True), (None, True)])
def test_a_path_that_carried_no_bytes_is_not_proved_used(
    tmp_path: Path, count: int | None, *, proved: bool
) -> None:
    said = one_pair(P=pair("L", "R") | {"bytesSent": count, "bytesReceived": 0})
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, said))
    assert shown(found, "bytes", "use_proved") == [(count, proved)]


def test_a_relay_that_carried_bytes_between_samples_is_perhaps_used(tmp_path: Path) -> None:
    said = {**ENDS, "P": pair("H", "R"), "T": transport("P"), "Q": pair("L", "R", 30)}
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, said), getstats(9, {"Q": {"bytesSent": 40}}))
    columns = ("record", "last_record", "relay_ip", "started_at", "ended_at", "bytes", "use_proved")
    assert shown(found, *columns) == [(3, 4, "203.0.113.65", at(1), at(9), 70, False)]


@pytest.mark.parametrize(
    ("marks", "uses"),
    [
        ({"P": {"selected": True}, "Q": {"selected": False}}, [("203.0.113.65", True)]),
        ({"P": {"nominated": True, "state": "succeeded"}}, [("203.0.113.65", True)]),
        ({"P": {"nominated": True, "state": "failed"}}, []),
        ({"P": {"nominated": True, "state": "succeeded"}, "Q": {"selected": True}}, [("203.0.113.81", True)]),
        (
            {one: {"nominated": True, "state": "succeeded", "transportId": "T"} for one in "PQ"},
            [("203.0.113.65", False), ("203.0.113.81", False)],
        ),
        (
            {one: {"nominated": True, "state": "succeeded", "transportId": one} for one in "PQ"},
            [("203.0.113.65", True), ("203.0.113.81", True)],
        ),
    ],
)
def test_without_a_transport_the_pair_in_use_is_marked(
    tmp_path: Path, marks: dict[str, dict[str, Any]], uses: list[tuple[str, bool]]
) -> None:
    said: dict[str, Any] = {**ENDS, "M": candidate("relay", "203.0.113.81")}
    said |= {"P": pair("L", "R", None), "Q": pair("M", "R", None)}
    for name, mark in marks.items():
        said[name] |= mark
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, said))
    assert shown(found, "relay_ip", "use_proved") == uses


@pytest.mark.parametrize(
    ("identities", "call"),
    [
        ([], "dump"),
        ([{"confID": "x/room"}], "x/room"),
        ([{"confID": "x/room"}, {"meetingUniqueId": "m"}], "m"),
        ([{"meetingUniqueId": "m"}, {"confID": "x/room"}], "m"),
        (['{"meetingUniqueId": "m"}'], "m"),
        ([{"meetingUniqueId": 5, "displayName": "N"}], "dump"),
        (["{", 5, None, []], "dump"),
    ],
)
def test_the_call_is_the_meeting_else_the_room_else_the_file(
    tmp_path: Path, identities: list[Any], call: str
) -> None:
    known = [["identity", None, said, T] for said in identities]
    found = dump(tmp_path, *known, CREATE, TO_PEER, getstats(1, one_pair()))
    assert shown(found, "call_id", "session_id") == [(call, "PC_0")]


def test_another_meeting_ends_what_is_in_use(tmp_path: Path) -> None:
    first, second = (
        ["identity", None, {"meetingUniqueId": name}, T + at] for name, at in (("a", 0), ("b", 5))
    )
    entries = (
        first,
        CREATE,
        TO_PEER,
        getstats(1, one_pair()),
        second,
        getstats(9, {"P": {"bytesSent": 900}}),
    )
    found = dump(tmp_path, *entries)
    assert shown(found, "call_id", "started_at", "ended_at") == [("a", at(1), at(5)), ("b", at(9), None)]


def test_a_dump_of_identity_only_is_no_clean_one(tmp_path: Path) -> None:
    found = dump(tmp_path, ["connectionInfo", None, {}, T], ["identity", None, {}, T], ["logs", None, [], T])
    assert aside(found) == {"header": 1, "other_event": 2}
    assert warnings(found) == {NO_STATISTICS}


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (None, "missing"),
        ("1772350700000", "unreadable"),
        (True, "unreadable"),
        (1_772_350_700, "out_of_range"),
        (1e300, "out_of_range"),
        (-1, "out_of_range"),
    ],
)
def test_statistics_without_a_time_are_rejected_and_still_known_later(
    tmp_path: Path, time: Json, reason: str
) -> None:
    found = dump(tmp_path, CREATE, TO_PEER, ["getstats", "PC_0", one_pair(), time], getstats(9, {}))
    assert reasons(found) == [(3, reason, "started_at")]
    assert shown(found, "record", "relay_ip") == [(4, "203.0.113.65")]


def test_an_end_before_the_start_is_none(tmp_path: Path) -> None:
    found = dump(tmp_path, CREATE, TO_PEER, getstats(9, one_pair()), ["close", "PC_0", {}, T + 1])
    assert shown(found, "ended_at") == [(None,)]
    assert unread(found) == [("ended_at", "end_before_start")]


@pytest.mark.parametrize(
    "line",
    [
        "[",
        "nonsense",
        "{}",
        "[]",
        '["getstats","PC_0",{}]',
        '[1,"PC_0",{},1]',
        "[" * 100_000,
        '["getstats","PC_0",{"a":NaN},1]',
    ],
)
def test_a_line_that_is_no_entry_is_rejected_alone_and_told_of(tmp_path: Path, line: str) -> None:
    found = dump(tmp_path, CREATE, TO_PEER, getstats(1, one_pair()), line, "", getstats(9, {}))
    assert reasons(found) == [(4, "malformed", None)]
    assert aside(found) == {"blank": 1, "other_event": 2}
    assert shown(found, "record", "last_record") == [(3, 6)]
    assert LOST_LINES in warnings(found)


def test_a_last_line_that_is_cut_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text(json.dumps(CREATE) + '\n["getstats","PC_')
    assert reasons(read(READER, path)) == [(2, "truncated", None)]


def test_peer_connections_do_not_mix(tmp_path: Path) -> None:
    other = getstats(2, {**one_pair(L=candidate("relay", "203.0.113.81"))}, "PC_1")
    facing = ["constraints", "PC_1", TO_PEER[2], T]
    found = dump(tmp_path, CREATE, TO_PEER, facing, getstats(1, one_pair()), other, getstats(9, {}))
    assert shown(found, "session_id", "relay_ip", "last_record") == [
        ("PC_0", "203.0.113.65", 6),
        ("PC_1", "203.0.113.81", 5),
    ]


def test_a_connection_can_be_shown_verbatim() -> None:
    source, log = RtcStatsSource(), log_of(READER, SAMPLE)
    lines = SAMPLE.read_bytes().split(b"\n")
    for record, offset in shown(read(READER, SAMPLE), "record", "byte_offset"):
        assert source.raw_record(log, record=record, byte_offset=offset) == lines[record - 1]


def test_a_dump_cut_at_any_byte_loses_no_whole_line(tmp_path: Path) -> None:
    data, path = SAMPLE.read_bytes(), tmp_path / "dump"
    for stop in [*range(20), *range(20, len(data), 97), len(data)]:
        path.write_bytes(data[:stop])
        try:
            found = read(READER, path)
        except SourceError:
            assert stop < 2
            continue
        assert found.records == data[:stop].count(b"\n") + (not data[:stop].endswith(b"\n") and stop > 0)


def test_wrong_types_anywhere_are_read_or_rejected(tmp_path: Path) -> None:
    entries = [json.loads(line) for line in SAMPLE.read_text().splitlines() if line.endswith("]")]
    chance = random.Random(5)
    places = [(number, place) for number, entry in enumerate(entries) for place in leaves(entry)]
    path = tmp_path / "dump"
    for number, place in chance.sample(places, 150):
        wrong = replaced(entries[number], place, chance.choice(WRONG))
        texts = [json.dumps(one) for one in [*entries[:number], wrong, *entries[number + 1 :]]]
        path.write_text("\n".join(texts) + "\n")
        assert read(READER, path).records == len(entries)


def test_shuffled_lines_are_all_accounted_for(tmp_path: Path) -> None:
    lines, path = SAMPLE.read_text().splitlines(), tmp_path / "dump"
    for seed in range(20):
        random.Random(seed).shuffle(lines)
        path.write_text("\n".join(lines) + "\n")
        assert read(READER, path).records == len(lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["P", "Q", None]), st.integers(1, 9)), min_size=1, max_size=12))
def test_connections_tile_the_time_in_which_a_pair_is_selected(
    tmp_path: Path, samples: list[tuple[str | None, int]]
) -> None:
    """At each sample the one connection of the selected pair is open, and bytes add up to the counters."""
    entries: list[Entry] = [CREATE, TO_PEER]
    said: dict[str, Any] = {**ENDS, "M": candidate("relay", "203.0.113.81")}
    counts = {"P": 0, "Q": 0}
    for number, (selected, grown) in enumerate(samples):
        if selected is not None:
            counts[selected] += grown
        said |= {"P": pair("L", "R", counts["P"]), "Q": pair("M", "R", counts["Q"]), "T": transport(selected)}
        entries.append(getstats(number * 1000, dict(said)))
    found = dump(tmp_path, *entries)
    address = {"203.0.113.65": "P", "203.0.113.81": "Q"}
    rows = [(address[ip], *rest) for ip, *rest in shown(found, "relay_ip", "started_at", "ended_at")]
    for number, (selected, _) in enumerate(samples):
        now = at(number * 1000)
        holding = [name for name, start, end in rows if start <= now and (end is None or now < end)]
        assert holding == ([] if selected is None else [selected])
    assert sum(row[0] for row in shown(found, "bytes")) == 2 * sum(counts.values())
    assert len(rows) == sum(
        now is not None and (number == 0 or samples[number - 1][0] != now)
        for number, (now, _) in enumerate(samples)
    )


@pytest.mark.parametrize("address", ["203.0.113.77", "x.x.x.x"])
def test_an_end_learnt_from_checks_that_was_signalled_as_a_relay_is_one(tmp_path: Path, address: str) -> None:
    signalled = "candidate:1 1 udp 5 203.0.113.77 2000 typ relay raddr 0.0.0.0 rport 0"
    direct = {
        "H": ENDS["H"],
        "R": candidate("prflx", address, 2000, type="remote-candidate"),
        "P": pair("H", "R"),
        "T": transport("P"),
    }
    told = ["addIceCandidate", "PC_0", {"candidate": signalled}, T]
    whole = dump(tmp_path, CREATE, TO_PEER, told, getstats(1, direct))
    assert shown(whole, "role", "relay_ip", "use_proved") == [("turn", "203.0.113.77", True)]
    unsignalled = dump(tmp_path, CREATE, TO_PEER, getstats(1, direct))
    assert shown(unsignalled, "role", "relay_ip", "use_proved") == [("turn", address, False)]
