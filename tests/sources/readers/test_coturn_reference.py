"""The reader of coturn's log against one in plain Python, line by line; and against broken logs."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.sources.interface import Batch, Log, Piece
from auditor.sources.lines import Limits
from auditor.sources.readers.coturn import READER, CoturnSource

BEGINNING = datetime(2026, 3, 1, tzinfo=UTC)
TRAILING = ("delete", "deleted", "chatter")


@dataclass(frozen=True)
class Event:
    """One line, by what it says. `session` is its number; without one it is the server's own."""

    kind: str
    host: str
    thread: int
    session: int
    user: str
    seconds: int
    counts: tuple[int, int]
    style: str

    @property
    def at(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.seconds)

    @property
    def message(self) -> str:
        named = f"realm=<r>, username=<{self.user}>"
        asking = f"realm <r> user <{self.user}>: incoming packet"
        packets, volume = self.counts
        count = f"rp={packets}, rb={volume}, sp=0, sb=1"
        return {
            "new": f"new, {named}, lifetime=600",
            "refreshed": f"refreshed, {named}, lifetime=600",
            "usage": f"usage: {named}, {count}",
            "peer_usage": f"peer usage: {named}, {count}",
            "refused": f"{asking} message processed, error 401: Unauthorized",
            "asked": f"{asking} REFRESH processed, success",
            "peer": f"peer 203.0.113.{volume % 7} lifetime updated: 300",
            "closed": f"closed (2nd stage), user <{self.user}> realm <r> origin <>, "
            f"local 192.0.2.{self.thread}:3478, remote 198.51.100.{volume % 9}:1, reason: x",
            "delete": f"delete: {named}",
            "deleted": "peer 203.0.113.1 deleted",
            "chatter": "client socket to be closed in client handler: ss=0x1",
            "relay": f"IPv4. Local relay addr: 192.0.2.77:{packets + 1}",
            "start": "Coturn Version Coturn-4.6.2 'Gorst'",
            "other": "Total auth threads: 3",
        }[self.kind]

    @property
    def line(self) -> str:
        carrier = f"{self.at:%Y-%m-%dT%H:%M:%S}Z {self.host} turnserver[1]: " if self.host else ""
        number = f"{self.session:018d}"
        if self.kind in ("relay", "start", "other"):
            message = self.message
        elif self.style == "behind":
            lead = "allocation " if self.kind in ("new", "refreshed", "delete") else ""
            message = f"{lead}{self.message} (session {number})"
        else:
            message = f"session {number}: {self.message}"
        thread = "" if self.style == "behind" else f"({self.thread})"
        tail = " INFO " if self.style == "behind" else ": INFO: "
        return f"{carrier}{self.at:%Y-%m-%dT%H:%M:%S}+0000{thread}{tail}{message}\n"


EVENTS = st.builds(
    Event,
    kind=st.sampled_from(
        [
            *(
                "new",
                "refreshed",
                "usage",
                "peer_usage",
                "refused",
                "asked",
                "peer",
                "closed",
                "closed",
                "new",
            ),
            *("delete", "deleted", "chatter", "relay", "relay", "start", "other"),
        ]
    ),
    host=st.sampled_from(["", "", "", "", "a", "b"]),
    thread=st.sampled_from([1, 1, 2]),
    session=st.sampled_from([1, 1, 1, 2]),
    user=st.sampled_from(["", "1772350400:ann", "bob"]),
    seconds=st.integers(0, 4),
    counts=st.tuples(st.integers(0, 4), st.integers(0, 50)),
    style=st.sampled_from(["before", "before", "behind"]),
)


@dataclass
class Session:
    """What is known of one."""

    number: int
    host: str
    records: list[int] = field(default_factory=list)
    seen: list[datetime] = field(default_factory=list)
    new_at: datetime | None = None
    closed_at: datetime | None = None
    deleted_at: datetime | None = None
    begun: bool = False
    allocated: bool = False
    anonymous: bool = False
    user: str | None = None
    local: str | None = None
    remote: str | None = None
    relayed: str | None = None
    requests: int = 0
    packets: list[int] = field(default_factory=list)
    volume: list[int] = field(default_factory=list)
    peer_volume: list[int] = field(default_factory=list)

    def add(self, number: int, event: Event) -> None:
        _, volume = event.counts
        self.records.append(number)
        self.seen.append(event.at)
        named = event.kind not in ("peer", "delete", "deleted", "chatter")
        if named and not event.user:
            self.anonymous = True
        if named and event.user and self.user is None:
            self.user = event.user
        if event.kind == "new":
            self.new_at = event.at
        if event.kind in ("new", "refreshed", "usage", "peer_usage", "asked", "peer"):
            self.begun = True
        if event.kind in ("new", "refreshed", "asked", "peer", "delete"):
            self.allocated = True
        self.requests += event.kind in ("asked", "refused")
        self._count(event)
        if event.kind == "delete":
            self.deleted_at = max(event.at, self.deleted_at or event.at)
        if event.kind == "closed":
            self.closed_at = event.at
            self.local, self.remote = f"192.0.2.{event.thread}", f"198.51.100.{volume % 9}"

    def _count(self, event: Event) -> None:
        packets, volume = event.counts
        if event.kind == "usage":
            self.packets.append(packets)
            self.volume.append(volume + 1)
        if event.kind == "peer_usage":
            self.peer_volume.append(volume + 1)

    @property
    def is_connection(self) -> bool:
        return self.allocated or sum(self.peer_volume) > 0 or (self.user is not None and not self.anonymous)

    @property
    def use_proved(self) -> bool:
        if self.peer_volume:
            return sum(self.peer_volume) > 0
        counted = self.packets if self.new_at else self.packets[1:]
        return bool(self.packets) and sum(counted) > self.requests

    @property
    def row(self) -> dict[str, Any]:
        started_at = self.new_at or min(self.seen)
        ended_at = self.closed_at or self.deleted_at
        return {
            "record": min(self.records),
            "last_record": max(self.records),
            "session_id": f"{self.host}/{self.number:018d}" if self.host else f"{self.number:018d}",
            "participant_id": "ann" if self.user == "1772350400:ann" else self.user,
            "relay_ip": self.local or self.relayed,
            "client_ip": self.remote,
            "started_at": started_at,
            "ended_at": ended_at if ended_at and ended_at >= started_at else None,
            "time_basis": "connection" if self.new_at else "inferred",
            "bytes": sum(self.volume) if self.volume else None,
            "use_proved": self.use_proved,
        }


@dataclass
class Slow:
    """Reads events one by one."""

    open: dict[tuple[str, int], Session] = field(default_factory=dict)
    ended: list[Session] = field(default_factory=list)
    others: int = 0
    relays: dict[tuple[str, int], tuple[int, Event, bool] | None] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def read(self, events: list[Event]) -> None:
        for number, event in enumerate(events, 1):
            if event.kind == "start":
                self.others += 1
                self._start(event.host)
            elif event.kind == "relay":
                self._relay(number, event)
            elif event.kind == "other":
                self.others += 1
            else:
                self._session(number, event)
        self.others += sum(1 for waiting in self.relays.values() if waiting)
        self.ended += self.open.values()

    def _start(self, host: str) -> None:
        for key in [key for key in self.open if key[0] == host]:
            self.ended.append(self.open.pop(key))
        for spoken in [spoken for spoken in self.relays if spoken[0] == host]:
            self.others += self.relays.pop(spoken) is not None

    def _relay(self, number: int, event: Event) -> None:
        if event.style == "behind":  # no thread
            self.others += 1
            return
        waiting = self.relays.get((event.host, event.thread))
        self.others += waiting is not None
        self.relays[event.host, event.thread] = (number, event, waiting is not None)

    def _session(self, number: int, event: Event) -> None:
        key = (event.host, event.session)
        session = self.open.get(key)
        if session and event.kind == "new" and session.begun:
            self.ended.append(self.open.pop(key))
            session = None
        if session is None:
            if event.kind in TRAILING:
                self.others += 1
                return
            session = self.open[key] = Session(event.session, event.host)
        session.add(number, event)
        if event.kind == "new" and event.style != "behind":
            self._pair(session, event)
        if event.kind == "closed":
            self.ended.append(self.open.pop(key))

    def _pair(self, session: Session, event: Event) -> None:
        waiting = self.relays.pop((event.host, event.thread), None)
        if waiting is None:
            return
        number, relay, again = waiting
        if again or abs((event.at - relay.at).total_seconds()) > 1:
            self.others += 1
            return
        session.records.append(number)
        session.relayed = "192.0.2.77"


def read(path: Path, chunk_bytes: int) -> list[Batch]:
    log = Log(str(path), READER.name, READER.mapping)
    source = CoturnSource(Limits(chunk_bytes=chunk_bytes))
    return list(source.batches(Piece(log, 0, None, 1)))


def counted(batches: list[Batch], reason: str) -> int:
    frame = pl.concat([batch.not_connections for batch in batches])
    return int(frame.filter(pl.col("reason") == reason)["count"].sum())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, min_size=2, max_size=20), st.sampled_from([200, 700, 1 << 20, 1 << 20]))
def test_the_reader_agrees_with_a_plain_one(tmp_path: Path, events: list[Event], chunk_bytes: int) -> None:
    file = tmp_path / "turnserver.log"
    file.write_text("".join(event.line for event in events), encoding="utf-8")
    slow = Slow()
    slow.read(events)
    batches = read(file, chunk_bytes)
    expected = [session.row for session in slow.ended if session.is_connection]
    found = pl.concat([batch.connections for batch in batches])
    order = ["record", "session_id", "started_at"]
    assert found.select(slow_columns()).sort(order).to_dicts() == sorted(
        expected, key=lambda row: tuple(row[name] for name in order)
    )
    unused = [session for session in slow.ended if not session.is_connection]
    assert counted(batches, "not_used") == sum(len(session.records) for session in unused)
    assert counted(batches, "other_event") == slow.others
    assert sum(batch.records for batch in batches) == len(events)


def whole_log(chance: random.Random) -> bytes:
    """Write some sessions in their usual order, in both styles."""
    kinds = ("refused", "relay", "new", "asked", "peer", "usage", "peer_usage", "closed", "delete", "deleted")
    lines = [
        Event(kind, "", session, session, "bob", session, (chance.randrange(9), 50), style).line
        for session, style in ((1, "before"), (2, "behind"))
        for kind in kinds
    ]
    return "".join(lines).encode()


def test_a_log_may_be_cut_at_any_byte(tmp_path: Path) -> None:
    data = whole_log(random.Random(1))
    lines = data.count(b"\n")
    file = tmp_path / "turnserver.log"
    for cut in range(0, len(data), 41):
        file.write_bytes(data[:cut])
        batches = read(file, 1 << 20)
        whole = data[:cut].count(b"\n")
        assert whole <= accounted(batches) <= lines
        assert accounted(batches) == sum(batch.records for batch in batches)


def test_damaged_logs_lose_no_line(tmp_path: Path) -> None:
    chance = random.Random(2)
    file = tmp_path / "turnserver.log"
    for _ in range(60):
        lines = whole_log(chance).splitlines(keepends=True)
        chance.shuffle(lines)
        data = bytearray(b"".join(lines))
        for _ in range(chance.randrange(40)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        file.write_bytes(data)
        batches = read(file, chance.choice([300, 1 << 20]))
        assert accounted(batches) == bytes(data).count(b"\n") + (not data.endswith(b"\n"))


def accounted(batches: list[Batch]) -> int:
    used = sum(batch.connection_records + batch.rejects.height for batch in batches)
    return used + int(pl.concat([batch.not_connections for batch in batches])["count"].sum())


def slow_columns() -> list[str]:
    return list(Session(1, "", [1], [BEGINNING]).row)
