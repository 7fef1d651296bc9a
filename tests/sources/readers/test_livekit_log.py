"""The reader of LiveKit's server log."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.interface import Log
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.livekit_log import CHANGED, EARLIER, READER, Room
from auditor.sources.readers.serverlines import ServerLog
from tests.sources.readers.serverlogs import Found, beginnings_of, found_in, log_of

LOCAL = "[local][selected:1][trickle] udp4 host 192.0.2.5:7882 (resolved: 192.0.2.5:7882)"
REMOTE = "[remote][selected:1] udp4 srflx 198.51.100...:50653"
ACTIVE = "participant active"
SWITCHED = "ice reconnected or switched pair"
UNCONNECTED = "removing participant without connection"


def console(
    message: str, second: int = 0, pid: str | None = "PA_1", gap: str = "\t", **fields: object
) -> str:
    said = {"room": "r", "roomID": "RM_1", "participant": "ada", "pID": pid, **fields}
    said = {name: value for name, value in said.items() if value is not None}
    at = f"2026-03-01T20:55:{second:02}.343Z"
    return gap.join([at, "INFO", "livekit", "rtc/room.go:480", message, json.dumps(said)]) + "\n"


def active(second: int = 0, candidates: object = (LOCAL, REMOTE), **fields: Any) -> str:  # noqa: ANN401  any field
    told = {"subscriberCandidates": candidates, "connectionType": "udp", **fields}
    return console(ACTIVE, second, **told)


def closing(second: int = 9, pid: str = "PA_1", message: str = "participant closing") -> str:
    return console(message, second, pid, sendLeave=False, reason="CLIENT_REQUEST_LEAVE")


def pair(
    local: str = "192.0.2.5", remote: str = "198.51.100...", d: str = "dd", **more: object
) -> dict[str, object]:
    address = f"A{d}ress"
    said = {f"local{address}": local, "localPort": 7882, f"remote{address}": remote, "remotePort": 9, **more}
    return {"localProtocol": "udp", "remoteCandidateType": "srflx", **said}


def switched(second: int, before: object, after: object, transport: str = "SUBSCRIBER", **fields: Any) -> str:  # noqa: ANN401  any field
    return console(SWITCHED, second, transport=transport, existingPair=before, newPair=after, **fields)


def read(tmp_path: Path, *lines: str, **told: Any) -> Found:  # noqa: ANN401  as Circumstances takes
    found = found_in(READER, log_of(READER, tmp_path / "livekit.log", "".join(lines), **told))
    assert found.records == len(lines)
    return found


def at(second: int) -> datetime:
    return datetime(2026, 3, 1, 20, 55, second, 343_000, tzinfo=UTC)


def test_a_participant_from_active_to_closing_is_a_connection(tmp_path: Path) -> None:
    connection = read(tmp_path, active(), closing()).only
    assert json.loads(connection.pop("extra")) == {"connectionType": "udp", "reason": "CLIENT_REQUEST_LEAVE"}
    assert connection == {
        "record": 1,
        "last_record": 2,
        "part": 1,
        "byte_offset": 0,
        "call_id": "RM_1",
        "participant_id": "PA_1",
        "role": "media",
        "relay_ip": "192.0.2.5",
        "relay_port": 7882,
        "client_ip": "198.51.100...",
        "started_at": at(0),
        "ended_at": at(9),
        "time_basis": "connection",
        "use_proved": True,
    }


@pytest.mark.parametrize("gap", ["\t", "        ", " ", "#011"])
def test_tabs_may_have_become_anything(gap: str, tmp_path: Path) -> None:
    line = active(gap=gap)
    assert read(tmp_path, line).only["relay_ip"] == "192.0.2.5"
    wrapped = f"Mar  1 20:55:01 host livekit-server[6997]: {line}"
    assert read(tmp_path, wrapped).only["started_at"] == at(0)


def test_a_logger_has_no_name_in_old_versions(tmp_path: Path) -> None:
    assert read(tmp_path, active().replace("\tlivekit\t", "\t")).only["relay_ip"] == "192.0.2.5"


@pytest.mark.parametrize(
    ("ts", "instant"),
    [
        ("1772398559.343", at(59)),
        ("1772398559.3430005", at(59)),
        ('"2026-03-01T21:55:59.343+0100"', at(59)),
    ],
)
def test_a_line_of_json_is_read_too(ts: str, instant: datetime, tmp_path: Path) -> None:
    fields = json.dumps({"pID": "PA_1", "subscriberCandidates": [LOCAL, REMOTE]})[1:]
    line = f'{{"level":"info","ts":{ts},"logger":"livekit","caller":"a.go:1","msg":"{ACTIVE}",{fields}\n'
    assert read(tmp_path, line).only["started_at"] == instant


@pytest.mark.parametrize(
    "message", ["participant closing", "closing participant", "closing participant for removal"]
)
def test_every_version_has_its_word_for_closing(message: str, tmp_path: Path) -> None:
    assert read(tmp_path, active(), closing(message=message)).only["ended_at"] == at(9)


@pytest.mark.parametrize(
    ("candidates", "relay", "port", "client"),
    [
        ((LOCAL, REMOTE), "192.0.2.5", 7882, "198.51.100..."),
        (
            (
                "[local][selected:2][trickle] tcp6 host [2001:db8::5]:7881 (resolved: [2001:db8::5]:7881)",
                "[remote][selected:2] tcp6 prflx 2001:db8:4::1...:50653",
            ),
            "2001:db8::5",
            7881,
            "2001:db8:4::1...",
        ),
        (
            (
                "[local][selected:1] udp4 srflx 203.0.113.5:5 related 10.0.0.1:6 (resolved: 203.0.113.5:5)",
                "[remote][selected:1][trickle] udp4 host 10.0.0.9:7",
            ),
            "203.0.113.5",
            5,
            "10.0.0.9",
        ),
        ((LOCAL, "[remote][selected:1][trickle] udp4 host :42659"), "192.0.2.5", 7882, None),
        ((LOCAL,), "192.0.2.5", 7882, None),
        ((REMOTE,), None, None, "198.51.100..."),
        ((LOCAL, "[remote][filtered] udp4 host 10.0.0.9:7", 7, None, "what"), "192.0.2.5", 7882, None),
    ],
)
def test_a_candidate_has_many_forms(
    candidates: tuple[object, ...], relay: str | None, port: int | None, client: str | None, tmp_path: Path
) -> None:
    connection = read(tmp_path, active(candidates=candidates)).only
    assert (connection.get("relay_ip"), connection.get("relay_port"), connection.get("client_ip")) == (
        relay,
        port,
        client,
    )


def test_the_highest_number_was_selected_last_and_what_was_before_is_warned_of(tmp_path: Path) -> None:
    candidates = (
        LOCAL.replace("selected:1", "selected:10").replace("192.0.2.5", "192.0.2.10"),
        LOCAL.replace("selected:1", "selected:9").replace("192.0.2.5", "192.0.2.9"),
        REMOTE,
    )
    found = read(tmp_path, active(candidates=candidates))
    assert (found.only["relay_ip"], found.warnings) == ("192.0.2.10", {CHANGED: 1})


def test_two_transports_over_one_path_are_one_and_over_two_are_two(tmp_path: Path) -> None:
    other = LOCAL.replace("7882", "7883")
    assert len(read(tmp_path, active(publisherCandidates=[LOCAL, REMOTE]), closing()).connections) == 1
    found = read(tmp_path, active(publisherCandidates=[other, REMOTE]), closing())
    assert [(one["part"], one["relay_port"]) for one in found.connections] == [(1, 7882), (2, 7883)]


def test_a_far_end_that_is_a_relay_is_a_turn_server(tmp_path: Path) -> None:
    turn = "[remote][selected:1][trickle] udp4 relay 203.0.113....:36416  related 198.51.100...:3757"
    media, relay = read(tmp_path, active(candidates=(LOCAL, turn)), closing()).connections
    assert (media["role"], media["relay_ip"], media["client_ip"]) == ("media", "192.0.2.5", "198.51.100...")
    assert (relay["role"], relay["relay_ip"], relay["client_ip"]) == (
        "turn",
        "203.0.113....",
        "198.51.100...",
    )
    assert (media["part"], relay["part"], relay["ended_at"]) == (1, 2, at(9))


def test_a_client_that_hides_behind_a_turn_server_has_no_address(tmp_path: Path) -> None:
    turn = "[remote][selected:1][trickle] udp4 relay 203.0.113....:36416  related 0.0.0.0:0"
    found = read(tmp_path, active(candidates=(LOCAL, turn)))
    assert ["client_ip" in one for one in found.connections] == [False, False]


@pytest.mark.parametrize("d", ["dd", "ddd"])
def test_a_pair_that_changes_ends_one_connection_and_begins_another(d: str, tmp_path: Path) -> None:
    found = read(
        tmp_path,
        active(),
        switched(4, pair(d=d), pair("192.0.2.6", d=d)),
        closing(),
    )
    told = [(one["relay_ip"], one["started_at"], one["ended_at"]) for one in found.connections]
    assert told == [("192.0.2.5", at(0), at(4)), ("192.0.2.6", at(4), at(9))]


def test_a_pair_of_which_only_the_clients_port_changes_stays_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, active(), switched(4, pair(), pair(remotePort=10)), closing())
    assert (found.only["started_at"], found.only["ended_at"]) == (at(0), at(9))
    assert found.not_connections == {"other_event": 1}


def test_a_transport_that_changes_leaves_the_other_where_it_was(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        active(publisherCandidates=[LOCAL, REMOTE]),
        switched(4, pair(), pair("192.0.2.6")),
        switched(5, pair(), pair("192.0.2.6"), "PUBLISHER"),
        closing(),
    )
    told = [(one["relay_ip"], one["started_at"], one["ended_at"]) for one in found.connections]
    assert told == [("192.0.2.5", at(0), at(5)), ("192.0.2.6", at(4), at(9))]


def test_a_pair_that_changes_before_this_log_tells_of_it_has_an_inferred_start(tmp_path: Path) -> None:
    found = read(tmp_path, switched(4, pair(), pair("192.0.2.6")), closing())
    told = [
        (one["relay_ip"], one["started_at"], one["ended_at"], one["time_basis"]) for one in found.connections
    ]
    assert told == [
        ("192.0.2.5", at(4), at(4), "inferred"),
        ("192.0.2.6", at(4), at(9), "connection"),
    ]
    assert [one["part"] for one in found.connections] == [1, 2]
    assert all(one["use_proved"] for one in found.connections)


def test_a_pair_that_changes_between_starting_and_active_is_the_same_session(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        console("starting RTC session"),
        switched(1, pair(), pair("192.0.2.6")),
        active(2, candidates=(LOCAL.replace("192.0.2.5", "192.0.2.6"), REMOTE)),
        closing(),
    )
    told = [(one["relay_ip"], one["started_at"], one["ended_at"]) for one in found.connections]
    assert told == [("192.0.2.5", at(1), at(1)), ("192.0.2.6", at(1), at(9))]
    assert found.connections[1]["use_proved"] is True


@pytest.mark.parametrize(
    "broken", [(None, pair()), (pair(), None), ({}, pair()), ("x", pair()), (pair(), [])]
)
def test_a_change_that_cannot_be_read_is_a_reject(broken: tuple[object, object], tmp_path: Path) -> None:
    found = read(tmp_path, active(), switched(4, *broken), closing())
    assert found.rejects == [(2, "malformed", None)]
    assert found.only["ended_at"] == at(9)


def test_who_is_still_there_at_the_end_has_no_end(tmp_path: Path) -> None:
    connection = read(tmp_path, active()).only
    assert "ended_at" not in connection
    assert "last_record" not in connection


def test_who_was_active_with_no_pair_selected_used_nothing(tmp_path: Path) -> None:
    unselected = LOCAL.replace("[selected:1]", "")
    found = read(tmp_path, active(candidates=[unselected]), closing())
    assert (found.connections, found.not_connections) == ([], {"not_used": 2})


def test_a_path_that_is_known_already_is_not_one_more_where_no_candidates_are_listed(tmp_path: Path) -> None:
    found = read(tmp_path, switched(1, pair(), pair()), console(ACTIVE, 2, connectionType="udp"), closing())
    assert (found.only["relay_ip"], found.only["ended_at"]) == ("192.0.2.5", at(9))


def test_versions_that_list_no_candidates_leave_the_relay_unknown(tmp_path: Path) -> None:
    connection = read(tmp_path, console(ACTIVE, connectionType="udp"), closing()).only
    assert ("relay_ip" in connection, connection["ended_at"], connection["use_proved"]) == (
        False,
        at(9),
        True,
    )


def test_who_never_became_active_used_nothing(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        console("starting RTC session"),
        closing(),
        console(UNCONNECTED, 10, subscriberCandidates=[LOCAL.replace("[selected:1]", "")]),
        closing(),
    )
    assert (found.connections, found.warnings) == ([], {})
    assert found.not_connections == {"not_used": 2, "other_event": 2}


def test_who_never_became_active_though_a_pair_was_selected_may_have_used_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        console("starting RTC session", 1),
        console(UNCONNECTED, 9, subscriberCandidates=[LOCAL, REMOTE], reason="JOIN_FAILED"),
    )
    connection = found.only
    assert (connection["started_at"], connection["ended_at"]) == (at(1), at(9))
    assert (connection["time_basis"], connection["use_proved"]) == ("inferred", False)
    assert (connection["record"], connection.get("last_record")) == (2, None)


def test_a_pair_of_somebody_who_never_became_active_proves_nothing_even_if_the_coming_is_not_there(
    tmp_path: Path,
) -> None:
    connection = read(tmp_path, console(UNCONNECTED, 9, subscriberCandidates=[LOCAL, REMOTE])).only
    assert (connection["started_at"], connection["use_proved"]) == (at(9), False)


def test_who_leaves_without_having_come_is_warned_of_once(tmp_path: Path) -> None:
    found = read(
        tmp_path, closing(), closing(pid="PA_2"), closing(pid="PA_2"), active(pid="PA_3"), closing(pid="PA_3")
    )
    assert found.warnings == {EARLIER: 2}
    again = read(tmp_path, active(), closing(), closing())
    assert again.warnings == {}
    never = read(tmp_path, closing(), console(UNCONNECTED, subscriberCandidates=[]))
    assert never.warnings == {}


def test_a_line_without_participant_is_a_connection_that_nothing_ends(tmp_path: Path) -> None:
    found = read(tmp_path, active(pid=None), closing())
    assert ("participant_id" in found.only, "ended_at" in found.only) == (False, False)
    broken = read(tmp_path, switched(4, None, None, pid=None))
    assert broken.rejects == [(1, "malformed", None)]


@pytest.mark.parametrize(
    "line",
    [
        active()[:-20] + "\n",
        active().replace('{"room"', '{"room'),
        active().partition("{")[0] + "[1]\n",
        active().partition("{")[0] + '{"a":' * 5_000 + "\n",
        '{"msg":"participant active","ts":1,' + '"a":' + "[" * 5_000 + "}\n",
        '{"msg":["participant active"],"level":1}\n',
        "2026-03-01T20:55:00.343Z\tINFO\tlivekit\tparticipant active\n",
        "participant active\n",
        "2026-01-01T{ INFO \t participant active\n",
    ],
)
def test_a_line_that_cannot_be_read_is_a_reject(line: str, tmp_path: Path) -> None:
    found = read(tmp_path, line)
    assert (found.connections, found.rejects) == ([], [(1, "malformed", None)])


def test_half_a_surrogate_pair_is_written_out(tmp_path: Path) -> None:
    line = active().replace('"PA_1"', '"PA_\\ud800"')
    assert read(tmp_path, line).only["participant_id"] == "PA_\\ud800"


def test_a_line_of_which_nobody_knows_when_is_a_reject(tmp_path: Path) -> None:
    assert read(tmp_path, active().replace("2026-", "1926-")).rejects == [(1, "out_of_range", "started_at")]


def test_an_end_of_which_nobody_knows_when_is_open_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, active(), closing().replace("2026-", "1926-"))
    assert "ended_at" not in found.only
    assert [(column, reason) for column, reason, _ in found.unread] == [("ended_at", "out_of_range")]


def test_the_address_that_peers_see_stands_in_where_it_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, active(), public_addresses=(("192.0.2.5", "203.0.113.7"),))
    assert found.only["relay_ip"] == "203.0.113.7"


def test_what_else_livekit_says_is_other_events_with_its_traces(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        console("starting LiveKit server"),
        console("could not send", error="x").replace("INFO", "ERROR"),
        "github.com/livekit/protocol/logger.(*ZapLogger).Errorw\n",
        "\t/go/pkg/mod/github.com/livekit/protocol/logger/logger.go:318\n",
        "main.main\n",
        console("mediaTrack published", note=f"not {ACTIVE}"),
    )
    assert (found.connections, found.not_connections) == ([], {"other_event": 6})


def test_no_beginning_of_a_line_gives_a_connection(tmp_path: Path) -> None:
    content = beginnings_of(active().strip())
    found = found_in(READER, log_of(READER, tmp_path / "livekit.log", content))
    assert [one["record"] for one in found.connections] == [content.count("\n")]


def test_of_too_many_participants_the_first_are_handed_on_without_an_end(tmp_path: Path) -> None:
    def few(log: Log, gathered: Gathered) -> Room:
        return Room(log, gathered, most=2)

    assert isinstance(READER.source, ServerLog)
    reader = replace(READER, source=replace(READER.source, follower=few))
    pids = [f"PA_{number}" for number in range(4)]
    lines = [active(pid=pid) for pid in pids] + [closing(pid=pid) for pid in pids]
    found = found_in(reader, log_of(reader, tmp_path / "livekit.log", "".join(lines)))
    assert ["ended_at" in one for one in found.connections] == [False, False, True, True]
    assert (found.records, found.not_connections) == (8, {"other_event": 2})


def test_early_versions_do_not_number_the_selected_pair(tmp_path: Path) -> None:
    ends = [one.replace("[selected:1]", "[selected]") for one in (LOCAL, REMOTE)]
    found = read(tmp_path, active(candidates=ends))
    assert [one["relay_ip"] for one in found.connections] == ["192.0.2.5"]


@pytest.mark.parametrize("candidates", [["[local][selected:1] udp4 host"], "cut", [3], {"local": 1}])
def test_a_selected_pair_that_nobody_can_read_is_a_path_that_nobody_can_place(
    tmp_path: Path, candidates: object
) -> None:
    found = read(tmp_path, active(candidates=candidates))
    assert [one.get("relay_ip") for one in found.connections] == [None]
