"""The reader of Jicofo's log."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.sources.readers.jicofo import ONLY_INFO, READER
from tests.sources.readers.serverlogs import Found, beginnings_of, found_in, log_of

ROOM = "room=r@muc.example meeting_id=m-1"
JID = "jvbbrewery@internal.example/jvb7"
BRIDGE = f"Bridge[jid={JID}, version=2.3, relayId=r7, region=us, correctedStress=0.91]"
FOR = "participantProperties=ParticipantProperties(region=eu, visitor=false)"


def line(text: str, thread: int = 25, second: int = 0, context: str = "", level: str = "INFO") -> str:
    where = f"[{context}] " if context else ""
    return f"Jicofo 2026-03-01 10:00:{second:02}.000 {level}: [{thread}] {where}A.b#1: {text}\n"


def by_method(
    method: str = "leastLoaded",
    thread: int = 25,
    bridge: str = BRIDGE,
    wanted: str = f"desiredRegion=eu, {FOR}",
) -> str:
    others = "Bridge[jid=other@x/jvb9, version=2.3, relayId=r9, region=cn, correctedStress=0.1]"
    text = (
        f"Bridge selected: method={method}, {wanted}, bridge={bridge}, conference_bridges={others}, {others}"
    )
    return line(text, thread, level="FINE")


def named(thread: int = 25, bridge: str = BRIDGE, how: str = "initial bridge") -> str:
    return line(
        f"Selected {how} {bridge} with reported stress=0.9 for {FOR} using strategy RegionBased", thread
    )


def for_whom(participant: str = "p1", thread: int = 25, resource: str = "jvb7", second: int = 0) -> str:
    text = f"Selected {resource} for {participant} (visitor=false, session exists: false)"
    return line(text, thread, second, ROOM)


def read(tmp_path: Path, *lines: str, **told: Any) -> Found:  # noqa: ANN401  as Circumstances takes
    found = found_in(READER, log_of(READER, tmp_path / "jicofo.log", "".join(lines), zone="UTC", **told))
    assert found.records == len(lines)
    return found


def test_three_lines_of_a_thread_are_one_choice(tmp_path: Path) -> None:
    connection = read(tmp_path, by_method(), named(), for_whom()).only
    assert json.loads(connection.pop("extra")) == {
        "desiredRegion": "eu",
        "participantRegion": "eu",
        "visitor": "false",
        "strategy": "RegionBased",
    }
    assert connection == {
        "record": 1,
        "last_record": 3,
        "part": 1,
        "byte_offset": 0,
        "call_id": "m-1",
        "participant_id": "p1",
        "role": "media",
        "relay_name": JID,
        "relay_site": "us",
        "tier": "fallback",
        "selection_reason": "leastLoaded",
        "started_at": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "time_basis": "connection",
        "use_proved": False,
    }


@pytest.mark.parametrize(
    ("method", "tier"),
    [
        ("notLoadedAlreadyInConferenceInRegion", "primary"),
        ("notLoadedAlreadyInConferenceInRegionGroup", "primary"),
        ("notLoadedInRegion", "primary"),
        ("notLoadedInRegionGroup", "primary"),
        ("leastLoadedAlreadyInConferenceInRegion", "primary"),
        ("leastLoadedAlreadyInConferenceInRegionGroup", "primary"),
        ("leastLoadedInRegion", "primary"),
        ("leastLoadedInRegionGroup", "primary"),
        ("notLoadedAlreadyInConference", "fallback"),
        ("nonLoadedAlreadyInConference", "fallback"),
        ("notLoaded", "fallback"),
        ("leastLoadedNotMaxedAlreadyInConference", "fallback"),
        ("leastLoaded", "fallback"),
    ],
)
def test_the_tier_is_the_rung_of_the_ladder(method: str, tier: str, tmp_path: Path) -> None:
    connection = read(tmp_path, by_method(method)).only
    assert (connection["tier"], connection["selection_reason"]) == (tier, method)
    assert "failed_primaries" not in connection


def test_a_rung_that_nobody_knows_has_no_tier_and_is_counted(tmp_path: Path) -> None:
    found = read(tmp_path, by_method("closestToTheMoon"))
    assert "tier" not in found.only
    assert found.unread == [("tier", "unmapped", "closestToTheMoon")]


@pytest.mark.parametrize(
    ("bridge", "name", "site"),
    [
        ("Bridge[jid=b@x/1, version=2, relayId=null, region=null, stress=0.10]", "b@x/1", None),
        ("Bridge[jid=b@x, relayId=r, region=eu, stress=0.10]", "b@x", "eu"),
        ("Bridge[region=eu, jid=b@x/1]", "b@x/1", "eu"),
        ("Bridge[jid=b@x/1]", "b@x/1", None),
        ("Bridge[]", None, None),
    ],
)
def test_a_bridge_has_a_name_and_perhaps_a_region(
    bridge: str, name: str | None, site: str | None, tmp_path: Path
) -> None:
    connection = read(tmp_path, by_method(bridge=bridge)).only
    assert (connection.get("relay_name"), connection.get("relay_site")) == (name, site)


@pytest.mark.parametrize(
    ("wanted", "extra"),
    [
        ("participantRegion=eu, participantRegionGroup=null", {"participantRegion": "eu"}),
        ("participantRegion=null, participantRegionGroup=[eu, eu-west]", None),
        (f"desiredRegion=null, {FOR}", {"participantRegion": "eu", "visitor": "false"}),
    ],
)
def test_old_and_new_versions_say_what_was_wanted(
    wanted: str, extra: dict[str, str] | None, tmp_path: Path
) -> None:
    connection = read(tmp_path, by_method(wanted=wanted)).only
    assert (json.loads(connection["extra"]) if "extra" in connection else None) == extra


def test_a_choice_whose_method_is_not_logged_has_no_tier_and_the_log_is_warned_of(tmp_path: Path) -> None:
    found = read(tmp_path, named(), for_whom(), named(how="bridge"), for_whom("p2"))
    assert [(one["participant_id"], one.get("tier")) for one in found.connections] == [
        ("p1", None),
        ("p2", None),
    ]
    assert found.warnings == {ONLY_INFO: 2}


def test_one_method_that_is_logged_ends_the_warning(tmp_path: Path) -> None:
    assert read(tmp_path, named(), for_whom(), by_method()).warnings == {}


def test_threads_do_not_take_each_others_lines(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        by_method("notLoaded", thread=1),
        by_method("leastLoaded", thread=2),
        named(thread=2),
        for_whom("p2", thread=2),
        named(thread=1),
        for_whom("p1", thread=1),
    )
    told = [(one["record"], one["participant_id"], one["selection_reason"]) for one in found.connections]
    assert told == [(1, "p1", "notLoaded"), (2, "p2", "leastLoaded")]


def test_another_bridge_is_another_choice(tmp_path: Path) -> None:
    other = BRIDGE.replace("jvb7", "jvb8")
    found = read(tmp_path, by_method(), named(bridge=other), for_whom(resource="jvb8"))
    told = [(one["record"], one["relay_name"][-4:], one.get("participant_id")) for one in found.connections]
    assert told == [(1, "jvb7", None), (2, "jvb8", "p1")]


def test_a_second_choice_of_a_thread_is_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, by_method(), named(), by_method(), named(), named())
    assert [one["record"] for one in found.connections] == [1, 3, 5]


def test_who_waits_gets_the_next_choice_of_the_thread(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        line("Allocating for p1", context=ROOM),
        by_method(),
        line("Allocating for p2", context=ROOM),
        line("Selected jvb7, session exists: true", context=ROOM),
        by_method(),
    )
    told = [(one["record"], one.get("participant_id"), one.get("call_id")) for one in found.connections]
    assert told == [(2, "p1", "m-1"), (4, "p2", "m-1"), (5, None, None)]


def test_the_region_of_a_bridge_is_known_from_the_lines_before(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        line(f"Added new videobridge: {BRIDGE}"),
        for_whom("p1"),
        for_whom("p2", resource="jvb99"),
    )
    told = [(one["relay_name"], one.get("relay_site")) for one in found.connections]
    assert told == [(JID, "us"), ("jvb99", None)]


def test_a_bridge_that_the_conference_has_already_is_chosen_without_a_method(tmp_path: Path) -> None:
    remark = "Existing bridge does not have a relay, will not consider other bridges."
    found = read(tmp_path, line(f"x {BRIDGE}"), line(remark), for_whom(), line(remark))
    assert (found.only["record"], found.only["last_record"]) == (2, 3)
    assert (found.only["selection_reason"], found.only["relay_site"], found.only.get("tier")) == (
        remark,
        "us",
        None,
    )
    assert (found.not_connections, found.warnings) == ({"other_event": 2}, {})


def test_lines_of_2020_are_read(tmp_path: Path) -> None:
    head = "Jicofo 2020-09-07 11:25:33.886 INFO: [124] org.jitsi.jicofo."
    bridge = "Bridge[jid=jvb3@auth.example, relayId=null, region=null, stress=0.00]"
    found = read(
        tmp_path,
        f"{head}bridge.BridgeSelectionStrategy.log() Selected initial bridge {bridge} with packetRate=0 "
        "for participantRegion=null\n",
        f"{head}JitsiMeetConferenceImpl.log() Added participant jid= r@muc.example/p1, "
        "bridge=jvb3@auth.example\n",
    )
    assert (found.only["call_id"], found.only["participant_id"]) == ("r@muc.example", "p1")
    assert (found.only["relay_name"], found.only["last_record"]) == ("jvb3@auth.example", 2)


def test_a_dollar_too_much_in_front_of_a_participant_is_taken_off(tmp_path: Path) -> None:
    assert read(tmp_path, for_whom("$p1")).only["participant_id"] == "p1"


def test_a_choice_of_which_nobody_knows_when_is_a_reject(tmp_path: Path) -> None:
    found = read(tmp_path, by_method().replace("2026-03-01", "1926-03-01"))
    assert found.rejects == [(1, "out_of_range", "started_at")]


@pytest.mark.parametrize(
    "text", ["Bridge selected: method=x", "Selected bridge Bridge[jid=x", "Selected bridge null"]
)
def test_a_choice_that_cannot_be_read_is_a_reject(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, line(text)).rejects == [(1, "malformed", None)]


def test_what_else_jicofo_says_is_other_events(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        line(f"Failed to select initial bridge for {FOR}", level="WARNING"),
        line("Removing JVB: x@y/z"),
        line(f"Selected for transcribing: {BRIDGE}"),
        line("Member joined:p1 stats-id=Ada-x1 region=eu Selected bridge", context=ROOM),
    )
    assert (found.connections, found.not_connections) == ([], {"other_event": 4})


@pytest.mark.parametrize("whole", [by_method(), named(), for_whom()])
def test_no_beginning_of_a_line_gives_another_bridge(whole: str, tmp_path: Path) -> None:
    content = line(f"x {BRIDGE}") + beginnings_of(whole.strip())
    found = found_in(READER, log_of(READER, tmp_path / "jicofo.log", content, zone="UTC"))
    assert {(one["relay_name"], one["relay_site"]) for one in found.connections} == {(JID, "us")}


def test_as_many_threads_as_there_are_do_not_lose_a_choice(tmp_path: Path) -> None:
    lines = [by_method(thread=thread) for thread in range(17_000)]
    assert len(read(tmp_path, *lines).connections) == 17_000
