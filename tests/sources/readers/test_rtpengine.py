"""The reader of rtpengine's call records."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.readers.rtpengine import READER
from tests.sources.readers.serverlogs import Found, beginnings_of, found_in, log_of

HEAD = "ci=k1, created_from=192.0.2.9:2223, last_signal=1772350700, tos=0, "
SIDE = "ml0_start_time=1772350700.000001, ml0_end_time=1772350760.500000, ml0_local_tag=a, "


def stream(name: str = "ml0_midx1_rtp", **values: object) -> str:
    said = {
        "endpoint_ip": "198.51.100.9",
        "endpoint_port": 5000,
        "local_relay_ip": "192.0.2.40",
        "local_relay_port": 30000,
        "relayed_packets": 10,
        "relayed_bytes": 5160,
        **values,
    }
    return "".join(f"{name}_{key}={value}, " for key, value in said.items() if value is not None)


def read(tmp_path: Path, *lines: str, **told: Any) -> Found:  # noqa: ANN401  as Circumstances takes
    content = "".join(f"{line}\n" for line in lines)
    found = found_in(READER, log_of(READER, tmp_path / "cdr.log", content, **told))
    assert found.records == len(lines)
    return found


def test_a_medium_of_a_side_is_a_connection(tmp_path: Path) -> None:
    connection = read(tmp_path, HEAD + SIDE + stream()).only
    assert connection == {
        "record": 1,
        "part": 1,
        "byte_offset": 0,
        "call_id": "k1",
        "session_id": "a",
        "role": "turn",
        "relay_ip": "192.0.2.40",
        "relay_port": 30000,
        "client_ip": "198.51.100.9",
        "started_at": datetime(2026, 3, 1, 7, 38, 20, 1, tzinfo=UTC),
        "ended_at": datetime(2026, 3, 1, 7, 39, 20, 500_000, tzinfo=UTC),
        "time_basis": "connection",
        "bytes": 5160,
        "use_proved": True,
    }


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "Mar  1 10:00:00 sbc rtpengine[1824]: ",
        "<142>Mar  1 10:00:00 sbc rtpengine[1824]: ",
        "2026-03-01T10:00:00.000000+00:00 sbc rtpengine[1824]: ",
        "2026-03-01T10:00:00.000000001Z stdout F ",
        "rtpengine-1  | ",
        "[1646213434.123456] INFO: ",
    ],
)
def test_a_record_is_read_in_whatever_it_is_wrapped(prefix: str, tmp_path: Path) -> None:
    assert read(tmp_path, prefix + HEAD + SIDE + stream()).only["call_id"] == "k1"


def test_every_medium_of_every_side_is_one_and_they_are_one_record(tmp_path: Path) -> None:
    other = SIDE.replace("ml0", "ml1").replace("local_tag=a", "local_tag=b")
    line = (
        f"{HEAD}{SIDE}ml0_remote_tag=b, ml0_remote_tag=c, payload_type=0, {stream()}payload_type=96, "
        f"{stream('ml0_midx2_rtp', local_relay_port=30002)}{other}payload_type=0, "
        f"{stream('ml1_midx1_rtp', local_relay_ip='2001:db8::4')}"
    )
    found = read(tmp_path, line)
    assert [
        (one["part"], one["session_id"], one["relay_ip"], one["relay_port"]) for one in found.connections
    ] == [
        (1, "a", "192.0.2.40", 30000),
        (2, "a", "192.0.2.40", 30002),
        (3, "b", "2001:db8::4", 30000),
    ]


def test_rtp_goes_before_rtcp_and_their_bytes_are_added(tmp_path: Path) -> None:
    rtcp = stream(
        "ml0_midx1_rtcp", local_relay_ip="192.0.2.41", relayed_bytes=40, endpoint_ip="198.51.100.10"
    )
    connection = read(tmp_path, HEAD + SIDE + stream() + rtcp).only
    assert (connection["relay_ip"], connection["client_ip"], connection["bytes"]) == (
        "192.0.2.40",
        "198.51.100.9",
        5200,
    )
    assert read(tmp_path, HEAD + SIDE + rtcp).only["relay_ip"] == "192.0.2.41"


@pytest.mark.parametrize(("packets", "proved"), [(0, False), (1, True), ("many", False), (None, False)])
def test_use_is_proved_by_packets(packets: object, proved: bool, tmp_path: Path) -> None:  # noqa: FBT001  a table
    assert read(tmp_path, HEAD + SIDE + stream(relayed_packets=packets)).only["use_proved"] is proved


@pytest.mark.parametrize("nowhere", ["0.0.0.0", "::", ""])  # noqa: S104  as the log writes it
def test_a_medium_that_was_never_opened_is_none(nowhere: str, tmp_path: Path) -> None:
    unopened = stream(local_relay_ip=nowhere, relayed_packets=0)
    found = read(tmp_path, HEAD + SIDE + unopened)
    assert (found.connections, found.not_connections) == ([], {"no_relay": 1})


def test_packets_without_a_relay_address_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + SIDE + stream(local_relay_ip="0.0.0.0")).only["relay_ip"] == "0.0.0.0"  # noqa: S104  as written


@pytest.mark.parametrize("nowhere", ["0.0.0.0", "::", ""])  # noqa: S104  as the log writes it
def test_a_far_end_that_was_never_known_is_null(nowhere: str, tmp_path: Path) -> None:
    assert "client_ip" not in read(tmp_path, HEAD + SIDE + stream(endpoint_ip=nowhere)).only


def test_the_address_that_peers_see_stands_in_where_it_is_told(tmp_path: Path) -> None:
    told = (("192.0.2.40", "203.0.113.7"),)
    assert read(tmp_path, HEAD + SIDE + stream(), public_addresses=told).only["relay_ip"] == "203.0.113.7"


@pytest.mark.parametrize(
    ("line", "reject"),
    [
        (HEAD + stream(), ("missing", "started_at")),
        (HEAD + SIDE.replace("1772350700.000001", "0.000000") + stream(), ("out_of_range", "started_at")),
        (HEAD + SIDE.replace("1772350700.000001", "yesterday") + stream(), ("unreadable", "started_at")),
        (HEAD + SIDE + stream() + "ml0_midx1_rtp_local_relay_ip=192.0.2.41, ", ("malformed", None)),
        (HEAD + SIDE + "what, " + stream(), ("malformed", None)),
        ((HEAD + SIDE + stream()).rstrip(", "), ("truncated", None)),
        (HEAD + SIDE + stream() + "ml1_start_time=1772350700.0, ", ("truncated", None)),
        (HEAD + SIDE + stream() + "ml0_midx2_rtp_local_relay_ip=192.0.2.41, ", ("truncated", None)),
        ("no record at all", ("malformed", None)),
    ],
)
def test_a_record_that_is_not_whole_is_a_reject(
    line: str, reject: tuple[str, str | None], tmp_path: Path
) -> None:
    found = read(tmp_path, line)
    assert (found.connections, found.rejects) == ([], [(1, *reject)])


@pytest.mark.parametrize(
    ("change", "unread"),
    [
        (("1772350760.500000", "1772350600.000000"), ("ended_at", "end_before_start", "1772350600.000000")),
        (("1772350760.500000", "0.000000"), ("ended_at", "out_of_range", "0.000000")),
        (("5160", "-1"), ("bytes", "unreadable", "-1")),
        (("5160", "99999999999999999999"), ("bytes", "out_of_range", "99999999999999999999")),
        (("30000", "x"), ("relay_port", "unreadable", "x")),
    ],
)
def test_a_value_that_cannot_be_read_is_null_and_counted(
    change: tuple[str, str], unread: tuple[str, str, str], tmp_path: Path
) -> None:
    found = read(tmp_path, (HEAD + SIDE + stream()).replace(*change))
    assert unread[0] not in found.only
    assert found.unread == [unread]


def test_other_lines_of_the_program_are_other_events(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Mar  1 10:00:00 sbc rtpengine[1824]: INFO: [k1]: Received command 'offer' from 192.0.2.9:2223",
        'DEBUG: [ID="k1"]: freeing send_timer',
        "[k1]: something",
    )
    assert found.not_connections == {"other_event": 3}


def test_no_beginning_of_a_record_gives_another_address(tmp_path: Path) -> None:
    whole = HEAD + SIDE + stream() + stream("ml0_midx2_rtp", local_relay_ip="203.0.113.9")
    found = found_in(READER, log_of(READER, tmp_path / "cdr.log", beginnings_of(whole)))
    by_record: dict[int, list[str]] = {}
    for one in found.connections:
        by_record.setdefault(one["record"], []).append(one["relay_ip"])
    assert set(map(tuple, by_record.values())) <= {("192.0.2.40",), ("192.0.2.40", "203.0.113.9")}


NUMBERS = st.integers(0, 3)
MEDIA = st.lists(st.tuples(NUMBERS, NUMBERS), unique=True, max_size=6)


@given(MEDIA)
def test_numbers_are_names_and_nothing_is_read_into_them(
    tmp_path_factory: pytest.TempPathFactory, media: list[tuple[int, int]]
) -> None:
    sides = "".join(SIDE.replace("ml0", f"ml{side}") for side in dict.fromkeys(side for side, _ in media))
    streams = "".join(
        stream(f"ml{side}_midx{number}_rtp", local_relay_port=1000 + 10 * side + number)
        for side, number in media
    )
    found = read(tmp_path_factory.mktemp("cdr"), HEAD + sides + streams)
    assert [one["relay_port"] for one in found.connections] == [
        1000 + 10 * side + number for side, number in media
    ]
