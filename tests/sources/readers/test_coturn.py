"""The reader of coturn's log: what lines of every version tell, and what becomes of sessions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.errors import SourceError
from auditor.sources.circumstances import NOTHING_TOLD, Circumstances
from auditor.sources.interface import Log
from auditor.sources.lines import Limits
from auditor.sources.readers.coturn import CUT_BYTES, READER, SILENT, CoturnSource

STARTED = Circumstances(server_start=datetime(2026, 3, 1, 6, tzinfo=UTC))
N = "session 001000000000000001: "
AT = "2026-03-01T02:33:52-0500(26): INFO: "
NEW = f"{N}new, realm=<eu.example>, username=<1772350400:u1>, lifetime=600"
USAGE = f"{N}usage: realm=<eu.example>, username=<1772350400:u1>, rp=9, rb=700, sp=8, sb=300"
PEER_USAGE = f"{N}peer usage: realm=<eu.example>, username=<1772350400:u1>, rp=4, rb=50, sp=4, sb=40"
CLOSED = (
    f"{N}closed (2nd stage), user <1772350400:u1> realm <eu.example> origin <>, "
    "local 192.0.2.10:3478, remote 198.51.100.7:49111, reason: allocation timeout"
)
DELETE = f"{N}delete: realm=<eu.example>, username=<1772350400:u1>"


class Found:
    """A log, read whole."""

    def __init__(self, path: Path, told: Circumstances = NOTHING_TOLD, limits: Limits | None = None) -> None:
        self.log = Log(str(path), READER.name, READER.mapping, told)
        self.source = CoturnSource(limits or Limits())
        plan = self.source.plan(self.log, piece_bytes=1)
        assert len(plan.pieces) == 1
        self.batches = list(self.source.batches(plan.pieces[0]))

    def frame(self, name: str) -> pl.DataFrame:
        frames: list[pl.DataFrame] = [getattr(batch, name) for batch in self.batches]
        return pl.concat(frames)

    @property
    def connections(self) -> list[dict[str, Any]]:
        return self.frame("connections").sort("record", "session_id").to_dicts()

    @property
    def only(self) -> dict[str, Any]:
        (connection,) = self.connections
        return connection

    @property
    def rejects(self) -> list[tuple[int, str, str | None]]:
        return self.frame("rejects").sort("record").select("record", "reason", "column").rows()

    @property
    def not_connections(self) -> dict[str, int]:
        counted = self.frame("not_connections").group_by("reason").agg(pl.col("count").sum())
        return dict(counted.sort("reason").rows())

    @property
    def warnings(self) -> list[str]:
        return self.frame("warnings")["text"].to_list()

    @property
    def unread(self) -> list[tuple[str, str, int]]:
        return self.frame("unread").select("column", "reason", "first_record").rows()

    @property
    def records(self) -> int:
        return sum(batch.records for batch in self.batches)

    @property
    def accounted(self) -> int:
        used = sum(batch.connection_records for batch in self.batches)
        return used + len(self.rejects) + sum(self.not_connections.values())


@pytest.fixture
def log(tmp_path: Path) -> "Logs":
    return Logs(tmp_path)


class Logs:
    """Writes a log and reads it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(
        self, *lines: str, told: Circumstances = NOTHING_TOLD, limits: Limits | None = None
    ) -> Found:
        file = self._path / "turnserver.log"
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return Found(file, told, limits)


def stamped(messages: Iterable[str], prefix: str = AT) -> list[str]:
    return [prefix + message for message in messages]


UTC_7_33 = datetime(2026, 3, 1, 7, 33, 52, tzinfo=UTC)


def test_an_allocation_is_one_connection(log: Logs) -> None:
    found = log(*stamped([NEW, USAGE, PEER_USAGE, CLOSED, DELETE]))
    told = {name: value for name, value in found.only.items() if value is not None}
    assert told == {
        "source_file": found.log.path,
        "record": 1,
        "last_record": 4,
        "part": 1,
        "byte_offset": 0,
        "session_id": "001000000000000001",
        "account_id": "eu.example",
        "participant_id": "u1",
        "role": "turn",
        "relay_ip": "192.0.2.10",
        "relay_port": 3478,
        "client_ip": "198.51.100.7",
        "started_at": UTC_7_33,
        "ended_at": UTC_7_33,
        "time_basis": "connection",
        "bytes": 1000,
        "use_proved": True,
        "extra": '{"reason":"allocation timeout"}',
    }
    assert found.not_connections == {"other_event": 1}
    assert found.records == found.accounted == 5


WHEN_TOLD = datetime(2026, 3, 1, 6, 0, 59, tzinfo=UTC)
PREFIXES = [
    ("59: ", WHEN_TOLD, None),
    ("59: : ", WHEN_TOLD, None),
    ("59: (26): INFO: ", WHEN_TOLD, None),
    ("2026-03-01T02:33:52-0500: ", UTC_7_33, None),
    ("2026-03-01T02:33:52-0500(343249): INFO: ", UTC_7_33, None),
    ("2026-03-01T02:33:52-0500: (26): INFO: ", UTC_7_33, None),
    ("2026-03-01T02:33:52.000-0500 INFO ", UTC_7_33, None),
    ("2026-03-01T07:33:52Z INFO ", UTC_7_33, None),
    ("2026-03-01T02:33:52.000-0500 ns_turn_server.c(1203) INFO ", UTC_7_33, None),
    ("59 INFO ", WHEN_TOLD, None),
    ("Mar  1 02:33:52 turn-1 turnserver: 59: ", WHEN_TOLD, "turn-1"),
    ("<30>Mar  1 02:33:52 turn-1 turnserver[812]: 59: (26): INFO: ", WHEN_TOLD, "turn-1"),
    ("2026-03-01T08:33:52+01:00 turn-1 turnserver[812]: 59: : ", UTC_7_33, "turn-1"),
    ("2026-03-01T08:33:52+01:00 turn-1 turnserver[812]: ", UTC_7_33, "turn-1"),
    ("Mar  1 09:00:00 turn-1 turnserver[812]: 2026-03-01T02:33:52-0500(26): INFO: ", UTC_7_33, "turn-1"),
    ("<30>1 2026-03-01T07:33:52Z turn-1 turnserver 812 - - 59: : ", UTC_7_33, "turn-1"),
    ("2026-03-01T10:33:52.000000000+03:00 stdout F 59: : ", UTC_7_33, None),
    ("2026-03-01T07:33:52.000000000Z stderr F 2026-03-01T02:33:52.000-0500 INFO ", UTC_7_33, None),
    ("2026-03-01T07:33:52.000000000Z 59: (26): INFO: ", UTC_7_33, None),
    ("coturn-1     | 2026-03-01T02:33:52-0500(26): INFO: ", UTC_7_33, None),
]


@pytest.mark.parametrize(("prefix", "started_at", "host"), PREFIXES)
def test_every_prefix_gives_the_instant(
    log: Logs, prefix: str, started_at: datetime, host: str | None
) -> None:
    found = log(*stamped([NEW, CLOSED], prefix), told=STARTED)
    assert found.only["started_at"] == found.only["ended_at"] == started_at
    number = "001000000000000001"
    assert found.only["session_id"] == (f"{host}/{number}" if host else number)
    assert (found.rejects, found.not_connections) == ([], {})


def test_prefixes_may_change_within_a_session(log: Logs) -> None:
    prefixes = [prefix for prefix, _, host in PREFIXES if host is None]
    found = log(
        *(prefix + message for prefix, message in zip(prefixes, [NEW, *[USAGE] * 9, CLOSED], strict=False)),
        told=STARTED,
    )
    assert (found.only["last_record"], found.only["bytes"]) == (11, 9000)


SUFFIXED = [
    ("allocation " + NEW.removeprefix(N)),
    USAGE.removeprefix(N),
    PEER_USAGE.removeprefix(N),
    CLOSED.removeprefix(N),
    ("allocation " + DELETE.removeprefix(N)),
]


def test_a_number_behind_the_message_is_the_same_session(log: Logs) -> None:
    before = log(*stamped([NEW, USAGE, PEER_USAGE, CLOSED, DELETE]))
    behind = log(*stamped(f"{message} (session 001000000000000001)" for message in SUFFIXED))
    apart = {"byte_offset"}
    assert {k: v for k, v in behind.only.items() if k not in apart} == {
        k: v for k, v in before.only.items() if k not in apart
    }
    assert behind.not_connections == {"other_event": 1}


def test_a_function_may_stand_behind_the_number(log: Logs) -> None:
    line = f"{AT}client socket to be closed: ss=0x1 (session 001000000000000001, client_input_handler)"
    found = log(AT + NEW, line)
    assert found.only["last_record"] == 2


def test_seconds_without_the_start_of_the_server_end_the_reading(log: Logs) -> None:
    with pytest.raises(SourceError, match=r"record 2: its time is in seconds.*\n.*--server-start INSTANT"):
        log("0: Listener address to use: 192.0.2.10", f"59: {NEW}")


def test_seconds_that_no_session_needs_ask_for_nothing(log: Logs) -> None:
    assert log("0: Listener address to use: 192.0.2.10").not_connections == {"other_event": 1}


def test_seconds_that_begin_anew_are_another_start(log: Logs) -> None:
    with pytest.raises(SourceError, match="record 3: is after another start of the server"):
        log(f"4000: {NEW}", f"4100: {CLOSED}", f"3: {NEW}", told=STARTED)


def test_seconds_of_threads_may_overtake_each_other(log: Logs) -> None:
    found = log(f"4000: {NEW}", f"3999: {USAGE}", f"4000: {CLOSED}", told=STARTED)
    assert found.only["last_record"] == 3


def test_seconds_of_two_servers_have_two_starts(log: Logs) -> None:
    lines = [f"Mar  1 02:33:52 {host} turnserver: 59: {NEW}" for host in ("turn-1", "turn-2")]
    with pytest.raises(SourceError, match="record 2: is of a second server"):
        log(*lines, told=STARTED)


def test_a_local_time_has_no_zone(log: Logs) -> None:
    found = log(f"2026-03-01T02:33:52: {NEW}", f"2026-03-01 02:33:52: {CLOSED}")
    assert found.rejects == [(1, "no_zone", "started_at"), (2, "no_zone", "started_at")]


def test_a_syslog_time_alone_is_no_instant(log: Logs) -> None:
    assert log(f"Mar  1 02:33:52 turn-1 turnserver[8]: {NEW}").rejects == [(1, "no_zone", "started_at")]


@pytest.mark.parametrize("instant", ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"])
def test_an_instant_of_another_century_is_out_of_range(log: Logs, instant: str) -> None:
    assert log(f"{instant} INFO {NEW}").rejects == [(1, "out_of_range", "started_at")]


def test_an_impossible_instant_is_none(log: Logs) -> None:
    assert log(f"2026-02-31T07:00:00Z INFO {NEW}").rejects == [(1, "no_zone", "started_at")]


def test_an_unknown_prefix_is_malformed(log: Logs) -> None:
    found = log(AT + NEW, "01/03/26 02:33 " + CLOSED, "", "==== Show him ====", f"{AT}Total auth threads: 3")
    assert found.rejects == [(2, "malformed", None)]
    assert found.not_connections == {"blank": 1, "other_event": 2}
    assert found.only["ended_at"] is None


def test_lines_of_other_programs_in_syslog_are_not_ours(log: Logs) -> None:
    found = log("Mar  1 02:33:52 turn-1 sshd[8]: Accepted publickey", AT + NEW)
    assert found.not_connections == {"not_ours": 1}


def test_a_session_without_allocation_is_not_used(log: Logs) -> None:
    probe = "session 000000000000000007: "
    found = log(
        *stamped(
            [
                f"{probe}realm <eu.example> user <>: incoming packet BINDING processed, success",
                f"{probe}usage: realm=<eu.example>, username=<>, rp=1, rb=20, sp=1, sb=88",
                f"{probe}peer usage: realm=<eu.example>, username=<>, rp=0, rb=0, sp=0, sb=0",
                CLOSED.replace(N, probe).replace("1772350400:u1", ""),
            ]
        )
    )
    assert (found.connections, found.not_connections) == ([], {"not_used": 4})
    assert found.warnings == [SILENT]


def test_a_client_that_did_not_get_in_did_not_use_the_relay(log: Logs) -> None:
    found = log(
        *stamped(
            [
                f"{N}realm <eu.example> user <>: incoming packet message processed, error 401: Unauthorized",
                f"{N}realm <r> user <eve>: incoming packet message processed, error 401: Unauthorized",
                CLOSED.replace("1772350400:u1", "eve"),
            ]
        )
    )
    assert (found.connections, found.not_connections) == ([], {"not_used": 3})


def test_a_session_that_began_before_the_log_has_an_inferred_start(log: Logs) -> None:
    found = log(*stamped([USAGE, CLOSED]))
    assert (found.only["time_basis"], found.only["started_at"]) == ("inferred", UTC_7_33)
    assert found.only["participant_id"] == "u1"


def test_a_session_that_is_open_at_the_end_has_an_open_end(log: Logs) -> None:
    found = log(*stamped([NEW, USAGE]))
    assert (found.only["ended_at"], found.only["relay_ip"]) == (None, None)


def test_a_deletion_ends_what_was_not_closed(log: Logs) -> None:
    assert log(*stamped([NEW, DELETE])).only["ended_at"] == UTC_7_33


def test_what_trails_behind_an_end_begins_no_session(log: Logs) -> None:
    found = log(
        *stamped([NEW, CLOSED, DELETE, f"{N}peer 203.0.113.5 deleted", f"{N}TCP socket closed remotely"])
    )
    assert len(found.connections) == 1
    assert found.not_connections == {"other_event": 3}


def test_a_new_of_an_open_number_leaves_the_old_end_open(log: Logs) -> None:
    found = log(*stamped([NEW, USAGE, NEW, CLOSED]))
    assert [(one["record"], one["last_record"]) for one in found.connections] == [(1, 2), (3, 4)]
    assert [one["ended_at"] for one in found.connections] == [None, UTC_7_33]


def test_a_server_that_starts_again_leaves_its_sessions_open(log: Logs) -> None:
    found = log(*stamped([NEW, "Coturn Version Coturn-4.6.2 'Gorst'", CLOSED]))
    assert [(one["time_basis"], one["ended_at"]) for one in found.connections] == [
        ("connection", None),
        ("inferred", UTC_7_33),
    ]


def test_a_start_of_one_host_is_none_of_another(log: Logs) -> None:
    hosts = [f"2026-03-01T07:33:52Z turn-{number} turnserver[8]: 59: " for number in (1, 2)]
    found = log(
        hosts[0] + NEW,
        hosts[1] + NEW,
        hosts[1] + "Version Coturn-4.5.1.1 'dan Eider'",
        hosts[1] + CLOSED,
        hosts[0] + CLOSED,
    )
    ends = [(one["session_id"][:6], one["ended_at"] is None) for one in found.connections]
    assert ends == [("turn-1", False), ("turn-2", True), ("turn-2", False)]


def test_first_stage_is_no_end(log: Logs) -> None:
    found = log(*stamped([NEW, CLOSED.replace("2nd", "1st"), USAGE, CLOSED]))
    assert found.only["last_record"] == 4


RELAYED = "IPv4. Local relay addr: 192.0.2.11:50001"


def at_thread(thread: int, seconds: int, message: str) -> str:
    return f"2026-03-01T02:33:{seconds:02}-0500({thread}): INFO: {message}"


def test_the_relay_address_before_a_new_of_its_thread_is_its_own(log: Logs) -> None:
    found = log(at_thread(26, 1, RELAYED), at_thread(27, 1, "x"), at_thread(26, 1, NEW))
    assert (found.only["relay_ip"], found.only["relay_port"]) == ("192.0.2.11", 50001)
    assert (found.only["record"], found.only["byte_offset"], found.not_connections) == (
        1,
        0,
        {"other_event": 1},
    )


UNCERTAIN = {
    "of another thread": [at_thread(27, 1, RELAYED), at_thread(26, 1, NEW)],
    "one of two": [at_thread(26, 1, RELAYED), at_thread(26, 1, RELAYED), at_thread(26, 1, NEW)],
    "long before": [at_thread(26, 1, RELAYED), at_thread(26, 3, NEW)],
    "without threads": [f"2026-03-01T02:33:01Z INFO {RELAYED}", f"2026-03-01T02:33:01Z INFO {NEW}"],
}


@pytest.mark.parametrize("lines", UNCERTAIN.values(), ids=UNCERTAIN)
@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_a_relay_address_that_is_not_certain_is_no_ones(
    log: Logs, lines: list[str], chunk_bytes: int
) -> None:
    found = log(*lines, limits=Limits(chunk_bytes=chunk_bytes))
    assert (found.only["relay_ip"], found.only["record"]) == (None, len(lines))
    assert found.not_connections == {"other_event": len(lines) - 1}


def test_where_the_server_listens_everywhere_the_relay_address_counts(log: Logs) -> None:
    everywhere = CLOSED.replace("192.0.2.10:3478", "0.0.0.0:3478")
    assert log(*stamped([RELAYED, NEW, everywhere])).only["relay_ip"] == "192.0.2.11"
    assert log(*stamped([NEW, everywhere])).only["relay_ip"] == "0.0.0.0"  # noqa: S104  as it was logged


ADDRESSES = [
    ("192.0.2.10:3478", "192.0.2.10", 3478),
    ("[2001:db8::1]:3478", "2001:db8::1", 3478),
    ("2001:db8::1", "2001:db8::1", None),
    ("192.0.2.x:3478", "192.0.2.x", 3478),
    ("217.308.93.525:1", "217.308.93.525", 1),
]


@pytest.mark.parametrize(("written", "ip", "port"), ADDRESSES)
def test_addresses_are_kept_as_they_stand(log: Logs, written: str, ip: str, port: int | None) -> None:
    found = log(*stamped([NEW, CLOSED.replace("192.0.2.10:3478", written)]))
    assert (found.only["relay_ip"], found.only["relay_port"]) == (ip, port)


def test_a_private_address_becomes_the_public_one_that_was_told(log: Logs) -> None:
    lines = stamped([NEW, CLOSED.replace("192.0.2.10", "10.0.0.9")])
    told = Circumstances(public_addresses=(("10.0.0.9", "203.0.113.9"), ("10.0.0.8", "203.0.113.8")))
    assert log(*lines).only["relay_ip"] == "10.0.0.9"
    assert log(*lines, told=told).only["relay_ip"] == "203.0.113.9"


NAMES = [
    ("1772350400:u1", "u1"),
    ("1772350400:a:b", "a:b"),
    ("1772350400", "1772350400"),
    ("12:u", "12:u"),
    ("", None),
]


@pytest.mark.parametrize(("user", "participant"), NAMES)
def test_the_participant_is_the_user_of_a_name_for_a_time(
    log: Logs, user: str, participant: str | None
) -> None:
    lines = [line.replace("1772350400:u1", user) for line in (NEW, CLOSED)]
    assert log(*stamped(lines)).only["participant_id"] == participant


def requests(*words: str) -> list[str]:
    return [f"{N}realm <r> user <u>: incoming packet {word} processed, success" for word in words]


PROOFS: list[tuple[str, Sequence[str], bool]] = [
    ("nothing was counted", [NEW, CLOSED], False),
    ("the peers' side counted bytes", [NEW, PEER_USAGE, CLOSED], True),
    (
        "the peers' side counted none",
        [NEW, USAGE, PEER_USAGE.replace("=50", "=0").replace("=40", "=0")],
        False,
    ),
    ("old: more packets than requests", [NEW, *requests("ALLOCATE"), USAGE], True),
    ("old: no more packets than requests", [NEW, *requests(*["REFRESH"] * 9), USAGE], False),
    ("old, begun before: one count", [USAGE, CLOSED], False),
    ("old, begun before: a second count", [USAGE, USAGE, CLOSED], True),
]


@pytest.mark.parametrize(("_case", "messages", "proved"), PROOFS, ids=[case for case, *_ in PROOFS])
def test_use_is_proved_by_what_was_relayed(
    log: Logs,
    _case: str,
    messages: Sequence[str],
    proved: bool,  # noqa: FBT001  a table
) -> None:
    assert log(*stamped(messages)).only["use_proved"] is proved


def test_peers_cipher_and_reason_are_kept_beside(log: Logs) -> None:
    peers = [
        f"{N}peer {peer} lifetime updated: 300"
        for peer in ("203.0.113.5", "203.0.113.5:9", "[2001:db8::5]:9")
    ]
    cipher = ", cipher=TLS_AES_256_GCM_SHA384, method=TLSv1.3"
    found = log(
        *stamped([RELAYED, NEW + cipher, *peers, CLOSED.replace("origin <>", "origin <https://e.example>")])
    )
    assert json.loads(found.only["extra"]) == {
        "cipher": "TLS_AES_256_GCM_SHA384",
        "method": "TLSv1.3",
        "relayed": "192.0.2.11:50001",
        "origin": "https://e.example",
        "reason": "allocation timeout",
        "peers": ["203.0.113.5", "2001:db8::5"],
    }


@pytest.mark.parametrize("chunk_bytes", [200, 1 << 20])
def test_peers_are_kept_up_to_a_bound(log: Logs, chunk_bytes: int) -> None:
    peers = [f"{N}peer 203.0.113.{number % 40} lifetime updated: 300" for number in range(80)]
    found = log(*stamped([NEW, *peers]), limits=Limits(chunk_bytes=chunk_bytes))
    told = json.loads(found.only["extra"])
    assert told == {"peers": [f"203.0.113.{number}" for number in range(16)], "more_peers": True}


def test_a_line_that_was_cut_is_told_of(log: Logs) -> None:
    cut = (AT + CLOSED.replace("origin <>", f"origin <{'o' * 1100}>"))[:1023]
    found = log(AT + NEW, cut)
    assert (found.only["relay_ip"], found.only["ended_at"]) == (None, UTC_7_33)
    assert found.unread == [("relay_ip", "truncated", 2)]


def test_a_cut_line_without_its_number_is_a_reject(log: Logs) -> None:
    cut = f"{AT}closed (2nd stage), user <u> realm <{'r' * CUT_BYTES}"
    assert log(AT + NEW, cut).rejects == [(2, "truncated", None)]
    assert log(AT + NEW, f"{AT}closed (2nd stage), user <u>").rejects == [(2, "malformed", None)]


@pytest.mark.parametrize("number", ["rb=x", "rb=99999999999999999999", "rb=1000000000000"])
def test_a_count_that_cannot_be_read_leaves_the_bytes_unknown(log: Logs, number: str) -> None:
    found = log(*stamped([NEW, USAGE, USAGE.replace("rb=700", number)]))
    assert found.only["bytes"] is None
    assert found.unread == [("bytes", "unreadable", 3)]


def test_an_end_before_the_start_is_none(log: Logs) -> None:
    found = log(f"2026-03-01T07:00:00Z INFO {NEW}", f"2026-03-01T06:00:00Z INFO {CLOSED}")
    assert found.only["ended_at"] is None
    assert found.unread == [("ended_at", "end_before_start", 1)]


def test_a_name_cannot_forge_a_message(log: Logs) -> None:
    forged = f"{AT}{N}realm <r> user <x {CLOSED}>: incoming packet message processed, error 401: Unauthorized"
    found = log(AT + NEW, forged)
    assert (found.only["ended_at"], found.only["last_record"]) == (None, 2)


def test_a_record_is_fetched_as_it_stands(log: Logs) -> None:
    found = log(*stamped(["x", NEW, CLOSED]))
    raw = found.source.raw_record(found.log, record=2, byte_offset=found.only["byte_offset"])
    assert raw == (AT + NEW).encode()


def test_lines_that_are_no_text_are_rejects(tmp_path: Path) -> None:
    file = tmp_path / "turnserver.log"
    file.write_bytes((AT + NEW).encode() + b"\n\xff\xfe\n" + (AT + CLOSED).encode() + b"\n")
    found = Found(file)
    assert found.rejects == [(2, "malformed", None)]
    assert found.only["last_record"] == 3


def test_an_empty_log_has_no_records(log: Logs) -> None:
    found = log()
    assert (found.records, found.warnings) == (0, [])


def test_a_log_that_tells_of_no_allocation_says_so(log: Logs) -> None:
    found = log(f"{AT}Listener address to use: 192.0.2.10")
    assert (found.warnings, found.not_connections) == ([SILENT], {"other_event": 1})


def test_a_session_may_go_on_for_days(log: Logs) -> None:
    later = UTC_7_33 + timedelta(days=3)
    found = log(AT + NEW, f"{later.isoformat()} INFO {CLOSED}")
    assert found.only["ended_at"] == later


def test_the_reader_names_what_it_consists_of() -> None:
    assert {Path(module).stem for module in READER.modules} == {
        "coturn",
        *(
            f"coturn_{name}"
            for name in ("connections", "events", "messages", "prefixes", "servers", "sessions")
        ),
    }
    assert replace(READER, modules=READER.modules[:1]).mapping.sha256 != READER.mapping.sha256


def test_peers_are_not_told_of_where_addresses_of_clients_are_protected(tmp_path: Path) -> None:
    path = tmp_path / "turn.log"
    path.write_text(f"{AT}{NEW}\n{AT}{N}peer 198.51.100.8 lifetime updated: 300\n", encoding="utf-8")
    assert "198.51.100.8" in Found(path).only["extra"]
    protected = Circumstances(privacy=(("client_ip", "network"),))
    assert Found(path, protected).only["extra"] is None
