"""The reader of Jitsi Videobridge's log."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.interface import Log
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.jvb import READER, Endpoints
from auditor.sources.readers.serverlines import ServerLog
from tests.sources.readers.serverlogs import Found, beginnings_of, found_in, log_of

CONFERENCE = "confId=c1 conf_name=r@m.example meeting_id=m1"
ENDPOINT = f"{CONFERENCE} epId=e1 stats_id=Ada-x1 local_ufrag=9e ufrag=9e name=stream-e1"
ENDS = "192.0.2.5:10000/udp/host -> 192.0.2.130:61542/udp/prflx (stream.RTP)"


def line(second: int, context: str, text: str, place: str = "A.b#1: ") -> str:
    return f"JVB 2026-03-01 10:00:{second:02}.000 INFO: [46] [{context}] {place}{text}\n"


def chosen(second: int = 0, context: str = ENDPOINT, ends: str = ENDS, stream: str = "stream.RTP") -> str:
    return line(second, context, f"Selected pair for stream {stream}: {ends}")


def read(tmp_path: Path, *lines: str, **told: Any) -> Found:  # noqa: ANN401  as Circumstances takes
    found = found_in(READER, log_of(READER, tmp_path / "jvb.log", "".join(lines), zone="UTC", **told))
    assert found.records == len(lines)
    return found


def at(second: int) -> datetime:
    return datetime(2026, 3, 1, 10, 0, second, tzinfo=UTC)


def test_a_chosen_pair_is_a_connection(tmp_path: Path) -> None:
    connection = read(tmp_path, chosen()).only
    assert json.loads(connection.pop("extra")) == {"transport": "udp", "local": "host", "remote": "prflx"}
    assert connection == {
        "record": 1,
        "part": 1,
        "byte_offset": 0,
        "call_id": "m1",
        "session_id": "c1",
        "participant_id": "e1",
        "role": "media",
        "relay_ip": "192.0.2.5",
        "relay_port": 10000,
        "client_ip": "192.0.2.130",
        "started_at": at(0),
        "time_basis": "connection",
        "use_proved": True,
    }


@pytest.mark.parametrize(
    ("ends", "relay", "client"),
    [
        ("192.0.2.5:10000/udp/srflx -> xx.xx.xx.xx:1/udp/prflx (stream.RTP)", "192.0.2.5", "xx.xx.xx.xx"),
        ("[2001:db8::5]:10000/udp/host -> [2xxx::xxx]:1/udp/host", "2001:db8::5", "2xxx::xxx"),
        ("10.0.0.5:443/tcp/host -> 192.0.2.130:1/tcp/prflx (stream-e1.RTP)", "10.0.0.5", "192.0.2.130"),
        ("SERVER:10000/udp/host -> xxxx.xxx:1/udp/host (stream.RTP)", "SERVER", "xxxx.xxx"),
    ],
)
def test_addresses_stay_as_the_bridge_writes_them(ends: str, relay: str, client: str, tmp_path: Path) -> None:
    connection = read(tmp_path, chosen(ends=ends)).only
    assert (connection["relay_ip"], connection["client_ip"]) == (relay, client)


def test_the_address_that_peers_see_stands_in_where_it_is_told(tmp_path: Path) -> None:
    told = (("10.0.0.5", "198.51.100.5"),)
    found = read(
        tmp_path,
        chosen(ends=ENDS.replace("192.0.2.5:", "10.0.0.5:")),
        chosen(ends=ENDS.replace("192.0.2.5:", "10.0.0.6:"), stream="other.RTP"),
        public_addresses=told,
    )
    assert [one["relay_ip"] for one in found.connections] == ["198.51.100.5", "10.0.0.6"]


def test_a_client_behind_a_turn_server_makes_a_connection_of_that_server_too(tmp_path: Path) -> None:
    found = read(
        tmp_path, chosen(ends="192.0.2.5:10000/udp/host -> 192.0.2.9:3478/udp/relay (s.RTP)"), gone(5)
    )
    bridge, turn = found.connections
    assert (bridge["role"], bridge["relay_ip"], bridge.get("client_ip")) == ("media", "192.0.2.5", None)
    assert (turn["role"], turn["relay_ip"], turn.get("client_ip")) == ("turn", "192.0.2.9", None)
    assert (bridge["part"], turn["part"]) == (1, 2)
    assert bridge["ended_at"] == turn["ended_at"] == at(5)


def gone(second: int, context: str = ENDPOINT, text: str = "Expired.") -> str:
    return line(second, context, text)


@pytest.mark.parametrize("ending", [gone(7), gone(7, text="Expiring."), gone(7, CONFERENCE, "Expiring.")])
def test_an_endpoint_or_its_conference_that_expires_ends_it(ending: str, tmp_path: Path) -> None:
    connection = read(tmp_path, chosen(), ending).only
    assert (connection["ended_at"], connection["last_record"]) == (at(7), 2)


@pytest.mark.parametrize(
    "other",
    [
        gone(7, ENDPOINT.replace("e1", "e2")),
        gone(7, ENDPOINT.replace("c1", "c2")),
        gone(7, CONFERENCE.replace("c1", "c2"), "Expiring."),
        gone(7, f"{CONFERENCE} relayId=r7", "Expiring."),
        gone(7, text="Expired endpoints: 0"),
    ],
)
def test_what_else_expires_ends_nothing(other: str, tmp_path: Path) -> None:
    found = read(tmp_path, chosen(), other)
    assert "ended_at" not in found.only
    assert found.not_connections == {"other_event": 1}


def test_a_conference_that_expires_ends_all_its_endpoints_and_is_one_line(tmp_path: Path) -> None:
    second = chosen(1, ENDPOINT.replace("e1", "e2"))
    found = read(tmp_path, chosen(), second, gone(9, CONFERENCE, "Expiring."), gone(9))
    assert [one["ended_at"] for one in found.connections] == [at(9), at(9)]
    assert found.not_connections == {"other_event": 1}


def test_a_second_pair_of_a_stream_leaves_the_end_of_the_first_open(tmp_path: Path) -> None:
    found = read(tmp_path, chosen(), chosen(3, ends=ENDS.replace("192.0.2.5:", "192.0.2.6:")), gone(9))
    first, second = found.connections
    assert "ended_at" not in first
    assert (second["relay_ip"], second["ended_at"]) == ("192.0.2.6", at(9))


def test_a_clock_that_goes_back_leaves_the_end_open_and_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, chosen(9), gone(3))
    assert "ended_at" not in found.only
    assert found.unread == [("ended_at", "end_before_start", "JVB 2026-03-01 10:00:03.000 INFO: [46] [")]


def test_a_link_between_bridges_is_no_connection_of_a_client(tmp_path: Path) -> None:
    found = read(tmp_path, chosen(context=f"{CONFERENCE} relayId=r7"))
    assert (found.connections, found.not_connections) == ([], {"other_event": 1})


@pytest.mark.parametrize(
    ("context", "call", "participant"),
    [
        (ENDPOINT, "m1", "e1"),
        (
            "confId=c1 gid=2 stats_id=a@b.example componentId=1 conf_name=r@m.example name=stream-e1 epId=e1",
            "c1",
            "e1",
        ),
        ("conf_name=r@m.example", "r@m.example", "e1"),
        ("confId=c1 meeting_id=m1 epId=e1 stats_id=x epId=e9 meeting_id=m9", "m1", "e1"),
    ],
)
def test_the_call_is_the_meeting_else_the_conference(
    context: str, call: str, participant: str, tmp_path: Path
) -> None:
    connection = read(tmp_path, chosen(context=context, stream="stream-e1.RTP")).only
    assert (connection["call_id"], connection["participant_id"]) == (call, participant)


def test_lines_of_old_versions_without_context_are_read(tmp_path: Path) -> None:
    text = f"org.ice4j.ice.CheckList.log() Selected pair for stream audio.RTP: {ENDS}"
    connection = read(tmp_path, f"JVB 2017-02-15 15:42:07.197 INFO: [117] {text}\n").only
    assert (connection["relay_ip"], connection.get("call_id")) == ("192.0.2.5", None)


def test_a_pair_that_cannot_be_read_is_a_reject(tmp_path: Path) -> None:
    found = read(tmp_path, chosen(ends="192.0.2.5:10000/udp/host -> 192.0.2.9:3478/udp/rel"))
    assert found.rejects == [(1, "malformed", None)]


def test_a_port_that_is_none_is_left_out_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, chosen(ends=ENDS.replace(":10000/", ":99999/")))
    assert "relay_port" not in found.only
    assert found.unread == [("relay_port", "unreadable", "99999")]


def test_no_beginning_of_a_line_gives_another_address(tmp_path: Path) -> None:
    log = log_of(READER, tmp_path / "jvb.log", beginnings_of(chosen().strip()), zone="UTC")
    found = found_in(READER, log)
    assert {(one["relay_ip"], one["client_ip"]) for one in found.connections} == {
        ("192.0.2.5", "192.0.2.130")
    }


def test_of_too_many_endpoints_the_first_are_handed_on_without_an_end(tmp_path: Path) -> None:
    def few(log: Log, gathered: Gathered) -> Endpoints:
        return Endpoints(log, gathered, most=2)

    assert isinstance(READER.source, ServerLog)
    reader = replace(READER, source=replace(READER.source, follower=few))
    contexts = [ENDPOINT.replace("c1", f"c{number}") for number in range(4)]
    lines = [chosen(context=context) for context in contexts] + [gone(9, context) for context in contexts]
    found = found_in(reader, log_of(reader, tmp_path / "jvb.log", "".join(lines), zone="UTC"))
    assert ["ended_at" in one for one in found.connections] == [False, False, True, True]
    assert (found.records, found.not_connections) == (8, {"other_event": 2})
