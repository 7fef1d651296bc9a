"""What the presets of Teams make of what its logs are known to do."""

from pathlib import Path
from typing import Any

import pytest

from tests.sources.samples import SAMPLES
from tests.sources.written import aside, of_json, of_row, rejects, rows, warnings

CQD = (SAMPLES / "teams-cqd" / "cqd-streams.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
CRI = (
    (SAMPLES / "teams-cri" / "call-record-insights.csv")
    .read_text(encoding="utf-8")
    .splitlines()[0]
    .split(",")
)


def teams_record(network: dict[str, Any], **more: object) -> dict[str, Any]:
    media = {"label": "main-audio", "callerNetwork": network}
    segment = {"id": "g", "startDateTime": "2020-04-02T14:00:00Z", "media": [media], **more}
    return {
        "id": "c",
        "startDateTime": "2020-04-02T13:59:00Z",
        "sessions": [{"id": "s", "segments": [segment]}],
    }


RELAY = {"relayIPAddress": "192.0.2.1", "relayPort": 3480}


def test_one_call_record_is_read_as_a_list_of_them_is(tmp_path: Path) -> None:
    record = teams_record(RELAY)
    alone = of_json("teams-callrecord", tmp_path, record)
    listed = of_json("teams-callrecord", tmp_path, {"value": [record]})
    columns = ("call_id", "session_id", "relay_ip", "relay_port", "started_at", "use_proved")
    assert rows(alone, *columns) == rows(listed, *columns)
    assert rows(alone, "call_id", "relay_ip", "use_proved") == [("c", "192.0.2.1", "false")]


@pytest.mark.parametrize(
    ("network", "client"),
    [
        ({"ipAddress": "10.0.0.2", "reflexiveIPAddress": "192.0.2.130"}, "192.0.2.130"),
        ({"ipAddress": "10.0.0.2", "reflexiveIPAddress": "127.0.0.2"}, "10.0.0.2"),
        ({"ipAddress": "127.0.0.2", "reflexiveIPAddress": "127.0.0.2"}, None),
        ({}, None),
    ],
)
def test_a_scrubbed_address_is_none(tmp_path: Path, network: dict[str, str], client: str | None) -> None:
    log = of_json("teams-callrecord", tmp_path, teams_record({**RELAY, **network}))
    assert rows(log, "client_ip") == [(client,)]


def test_the_address_of_a_service_is_a_media_relay_whose_use_is_proved(tmp_path: Path) -> None:
    service = {"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"}
    record = teams_record({"ipAddress": "198.51.100.1", "port": 3479}, caller=service)
    log = of_json("teams-callrecord", tmp_path, record)
    assert rows(log, "role", "relay_ip", "use_proved") == [("media", "198.51.100.1", "true")]


@pytest.mark.parametrize("mark", ["sessions@odata.nextLink", "sessions@odata.nextlink"])
def test_a_record_that_has_a_next_page_is_warned_of_in_both_spellings(tmp_path: Path, mark: str) -> None:
    log = of_json("teams-callrecord", tmp_path, {**teams_record(RELAY), mark: "https://graph.example/"})
    assert "this call record is one page of several" in warnings(log)


def test_a_call_record_without_sessions_is_no_data(tmp_path: Path) -> None:
    log = of_json("teams-callrecord", tmp_path, {"value": [{"id": "c"}, {"id": "d", "sessions": []}]})
    assert aside(log) == {"no_data": 2}


def test_a_document_that_is_no_call_record_gives_no_connection_and_is_told_of(tmp_path: Path) -> None:
    log = of_json("teams-callrecord", tmp_path, {"participants": []})
    assert aside(log) == {"no_relay": 1}
    told = str(warnings(log))
    assert told.startswith("no record has `id`, `session.id`,")
    assert told.endswith(", which the mapping reads")


@pytest.mark.parametrize(
    ("bypass", "successful", "expected"),
    [
        (False, True, [("media", "USWE", "true"), ("signaling", "EUNO", "true")]),
        (False, False, [("media", "USWE", "false"), ("signaling", "EUNO", "true")]),
        (True, True, [("signaling", "EUNO", "true")]),
        (None, None, [("media", "USWE", "true"), ("signaling", "EUNO", "true")]),
    ],
)
def test_media_go_through_the_site_unless_they_bypass_it(
    tmp_path: Path, *, bypass: bool | None, successful: bool | None, expected: list[tuple[str, str, str]]
) -> None:
    sites = {"mediaPathLocation": "USWE", "signalingLocation": "EUNO"}
    row = {
        "startDateTime": "2020-04-02T14:00:00Z",
        **sites,
        "mediaBypassEnabled": bypass,
        "successfulCall": successful,
    }
    log = of_json("teams-directrouting", tmp_path, {"value": [row]})
    assert rows(log, "role", "relay_site", "use_proved") == expected


def test_year_one_is_never(tmp_path: Path) -> None:
    never = "0001-01-01T00:00:00Z"
    row = {"startDateTime": never, "inviteDateTime": "2020-04-02T14:00:00Z", "endDateTime": never}
    log = of_json("teams-directrouting", tmp_path, {"value": [{**row, "signalingLocation": "EUNO"}]})
    assert rows(log, "started_at", "ended_at")[-1] == ("2020-04-02 14:00:00.000000+00:00", None)
    bare = of_json("teams-directrouting", tmp_path, {"value": [{"startDateTime": never}]})
    assert rejects(bare) == [("missing", "started_at")]


@pytest.mark.parametrize(
    ("ice", "relay", "expected"),
    [
        ("RELAY", "192.0.2.1", [("192.0.2.1", "true")]),
        ("RELAY", "", [(None, "true")]),
        ("HTTP", "192.0.2.1", [("192.0.2.1", "false")]),
        ("FAILED", "192.0.2.1", [("192.0.2.1", "false")]),
        ("", "192.0.2.1", [("192.0.2.1", "false")]),
        ("", "", []),
        ("DIRECT", "192.0.2.1", []),
    ],
)
def test_the_dashboard_proves_the_use_of_a_relay(
    tmp_path: Path, ice: str, relay: str, expected: list[tuple[str | None, str]]
) -> None:
    stream = {"Start_Time": "2020-04-02 14:00:00", "First_Relay_IP": relay, "First_Connectivity_Ice": ice}
    log = of_row("teams-cqd", tmp_path, CQD, **stream, First_Is_Server="Client", Second_Is_Server="Client")
    assert rows(log, "relay_ip", "use_proved") == expected


@pytest.mark.parametrize(
    ("ice", "proved"), [("DIRECT", "true"), ("FAILED", "false"), ("", "false"), ("NEW", "false")]
)
def test_a_server_was_used_if_the_way_to_it_is_known(tmp_path: Path, ice: str, proved: str) -> None:
    ends = {
        "First_Is_Server": "Server",
        "First_IP_Address": "198.51.100.1",
        "First_Connectivity_Ice": "DIRECT",
    }
    log = of_row(
        "teams-cqd", tmp_path, CQD, **ends, Start_Time="2020-04-02 14:00:00", Second_Connectivity_Ice=ice
    )
    assert rows(log, "role", "relay_ip", "use_proved") == [("media", "198.51.100.1", proved)]
    assert "whether an end of this stream was a server is not said" in warnings(log)


def test_a_time_in_another_form_than_the_declared_is_a_reject(tmp_path: Path) -> None:
    stream = {"Start_Time": "4/2/2020 2:00 PM", "First_Connectivity_Ice": "RELAY"}
    assert rejects(of_row("teams-cqd", tmp_path, CQD, **stream)) == [("unreadable", "started_at")]
    naive = {"CallId": "c", "SessionStartTime": "2020-04-02T14:00:00", "Caller_RelayIPAddress": "192.0.2.1"}
    assert rejects(of_row("teams-cri", tmp_path, CRI, **naive)) == [("no_zone", "started_at")]


@pytest.mark.parametrize(
    ("bypassed", "proved"), [("True", "false"), ("False", "true"), ("", "true"), ("yes", "false")]
)
def test_media_that_bypassed_a_service_do_not_prove_its_use(
    tmp_path: Path, bypassed: str, proved: str
) -> None:
    row = {"CallId": "c", "SessionStartTime": "2020-04-02T14:00:00Z", "Callee_ServiceRole": "mcu"}
    log = of_row(
        "teams-cri", tmp_path, CRI, **row, Callee_IpAddress="198.51.100.1", WasMediaBypassed=bypassed
    )
    assert rows(log, "role", "relay_ip", "use_proved") == [("media", "198.51.100.1", proved)]


SERVICE = {"@odata.type": "#microsoft.graph.callRecords.serviceEndpoint"}


def test_a_service_is_nobodys_client(tmp_path: Path) -> None:
    record = teams_record({**RELAY, "ipAddress": "198.51.100.1"}, caller=SERVICE, callee=SERVICE)
    log = of_json("teams-callrecord", tmp_path, record)
    found = rows(log, "role", "relay_ip", "client_ip", "use_proved")
    assert ("turn", "192.0.2.1", None, "false") in found
    assert ("media", "198.51.100.1", None, "true") in found
    assert {client for _, _, client, _ in found} == {None}


def test_a_server_is_nobodys_client(tmp_path: Path) -> None:
    stream = {"Start_Time": "2020-04-02 14:00:00", "First_Is_Server": "Server", "Second_Is_Server": "Server"}
    ends = {
        "First_IP_Address": "198.51.100.1",
        "Second_IP_Address": "198.51.100.2",
        "First_Relay_IP": "192.0.2.1",
    }
    ice = {"First_Connectivity_Ice": "RELAY", "Second_Connectivity_Ice": "DIRECT"}
    dashboard = of_row("teams-cqd", tmp_path, CQD, **stream, **ends, **ice)
    assert rows(dashboard, "role", "relay_ip", "client_ip", "use_proved") == [
        ("turn", "192.0.2.1", None, "true"),
        ("media", "198.51.100.1", None, "true"),
        ("media", "198.51.100.2", None, "true"),
    ]
    roles = {"Caller_ServiceRole": "mcu", "Callee_ServiceRole": "mediationServer"}
    addresses = {"Caller_IpAddress": "198.51.100.1", "Callee_IpAddress": "198.51.100.2"}
    insights = of_row(
        "teams-cri", tmp_path, CRI, CallId="c", SessionStartTime="2020-04-02T14:00:00Z", **roles, **addresses
    )
    assert rows(insights, "relay_ip", "client_ip") == [("198.51.100.1", None), ("198.51.100.2", None)]


def test_a_segment_with_media_counts_though_it_has_no_id(tmp_path: Path) -> None:
    log = of_json("teams-callrecord", tmp_path, teams_record(RELAY, id=None))
    assert rows(log, "relay_ip") == [("192.0.2.1",)]
    assert aside(log) == {}


def test_segments_that_are_no_array_are_a_reject_and_not_taken_for_none(tmp_path: Path) -> None:
    record = teams_record(RELAY)
    (session,) = record["sessions"]
    (session["segments"],) = session["segments"]
    log = of_json("teams-callrecord", tmp_path, record)
    assert rejects(log) == [("unreadable", "each")]
    assert aside(log) == {}


@pytest.mark.parametrize("word", ["server", "True", "1", ""])
def test_another_word_than_server_and_client_is_warned_of(tmp_path: Path, word: str) -> None:
    values = {"First Is Server": word, "Second Is Server": "Client", "Conference Id": "q"}
    log = of_row("teams-cqd", tmp_path, CQD, **values, **{"Start Time": "2020-04-02 14:00:00"})
    assert "whether an end of this stream was a server is not said" in warnings(log)
