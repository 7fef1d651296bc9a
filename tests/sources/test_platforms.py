"""What the presets of Zoom, Twilio, Chime and LiveKit make of what their logs are known to do."""

from pathlib import Path
from typing import Any

import pytest

from tests.sources.written import of_json, of_lines, rejects, rows, warnings


@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("m1%2Fq0%3D%3D.json", "m1/q0=="),
        ("m1%2Fq0%3D%3D.page2.json", "m1/q0=="),
        ("8529.json", "8529"),
    ],
)
def test_a_zoom_meeting_is_named_by_its_file(tmp_path: Path, file: str, call: str) -> None:
    participant = {"join_time": "2020-04-02T14:00:00Z", "data_center": "X"}
    log = of_json("zoom-participants", tmp_path, {"participants": [participant]}, file=file)
    assert rows(log, "call_id") == [(call,)]


@pytest.mark.parametrize(
    ("centre", "all_centres", "sites"),
    [
        ("A", "A;", [("A",)]),
        ("A", "B;A;", [("A",), ("B",)]),
        ("A", "", [("A",)]),
        ("", "B;", [("B",)]),
        ("", "", [(None,)]),
        ("", ";", [(None,)]),
        (None, None, [(None,)]),
    ],
)
def test_every_data_centre_is_a_connection_and_each_counts_once(
    tmp_path: Path, centre: str | None, all_centres: str | None, sites: list[tuple[str | None]]
) -> None:
    participant = {
        "join_time": "2020-04-02T14:00:00Z",
        "data_center": centre,
        "full_data_center": all_centres,
    }
    log = of_json("zoom-participants", tmp_path, {"participants": [participant]})
    assert rows(log, "relay_site") == sites


def test_a_last_page_has_an_empty_token(tmp_path: Path) -> None:
    participant = {"join_time": "2020-04-02T14:00:00Z", "data_center": "A"}
    last = of_json("zoom-participants", tmp_path, {"next_page_token": "", "participants": [participant]})
    assert "page" not in warnings(last)
    other = of_json("zoom-participants", tmp_path, {"next_page_token": "x", "participants": [participant]})
    assert "this list of participants is one page of several" in warnings(other)


@pytest.mark.parametrize(
    ("state", "proved"), [("completed", "true"), ("noanswer", "false"), ("odd", "false"), (None, "true")]
)
def test_media_of_a_call_that_nobody_answered_prove_no_use(
    tmp_path: Path, state: str | None, proved: str
) -> None:
    edge = {"properties": {"twilio_media_ip": "192.0.2.1", "twilio_signaling_ip": "192.0.2.2"}}
    summary = {"call_sid": "CA", "start_time": "2020-04-02T14:00:00Z", "call_state": state, "sip_edge": edge}
    log = of_json("twilio-call-summary", tmp_path, summary)
    expected = [("media", "192.0.2.1", proved), ("signaling", "192.0.2.2", "true")]
    assert rows(log, "role", "relay_ip", "use_proved") == expected


def test_events_of_event_streams_are_those_of_the_interface_under_data(tmp_path: Path) -> None:
    gateway = {"metadata": {"twilio_ip": "192.0.2.1", "region": "us1", "external_ip": "198.51.100.1"}}
    event = {
        "timestamp": "2020-04-02T14:00:00Z",
        "call_sid": "CA",
        "name": "answered",
        "carrier_edge": gateway,
    }
    columns = ("call_id", "role", "relay_ip", "relay_site", "client_ip", "use_proved", "time_basis")
    listed = of_json("twilio-call-events", tmp_path, {"events": [event]})
    streamed = of_json("twilio-call-events", tmp_path, [{"specversion": "1.0", "data": event}])
    assert rows(listed, *columns) == [("CA", "media", "192.0.2.1", "us1", None, "true", "sample")]
    assert rows(streamed, *columns) == rows(listed, *columns)


def test_seconds_in_place_of_milliseconds_are_rejects_and_the_unit_that_fits_is_named(tmp_path: Path) -> None:
    detail = {"eventType": "chime:AttendeeJoined", "timestamp": 1585836002, "mediaRegion": "eu-central-1"}
    log = of_lines("chime-events", tmp_path, {"time": "2020-04-02T14:00:02Z", "detail": detail})
    assert rejects(log) == [("out_of_range", "started_at")]
    assert "would be in it as `epoch_s`" in warnings(log)


@pytest.mark.parametrize(
    ("participant", "started"),
    [
        ({"joinedAt": "1585836001", "joinedAtMs": "1585836001250"}, "2020-04-02 14:00:01.250000+00:00"),
        ({"joinedAt": "1585836001"}, "2020-04-02 14:00:01.000000+00:00"),
        ({"joined_at": 1585836001}, "2020-04-02 14:00:01.000000+00:00"),
        ({"joined_at_ms": 1585836001250}, "2020-04-02 14:00:01.250000+00:00"),
    ],
)
def test_both_spellings_and_units_of_livekit_are_read(
    tmp_path: Path, participant: dict[str, Any], started: str
) -> None:
    event = {"event": "participant_joined", "participant": {"region": "eu", **participant}}
    assert rows(of_lines("livekit-webhook", tmp_path, event), "started_at") == [(started,)]


@pytest.mark.parametrize("name", ["zoom-qss", "chime-events", "livekit-webhook"])
def test_lines_that_are_no_events_of_the_platform_are_rejects(tmp_path: Path, name: str) -> None:
    assert rejects(of_lines(name, tmp_path, {"msg": "started", "level": 30})) == [("missing", "started_at")]


def test_a_list_where_the_objects_of_edges_are_due_is_kept_as_places_that_nobody_knows(
    tmp_path: Path,
) -> None:
    summary = {"call_sid": "CA1", "start_time": "2020-04-02T14:00:00Z", "carrier_edge": []}
    client = {"properties": {"twilio_media_ip": "192.0.2.1", "media_region": "ie1"}}
    log = of_json("twilio-call-summary", tmp_path, {**summary, "client_edge": client})
    media = rows(log, "role", "relay_ip", "relay_site")
    assert ("media", "192.0.2.1", "ie1") in media
    assert ("media", None, None) in media
