"""The log of LiveKit's server: the paths of each participant, from active to closing → media connections."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from auditor.model import Role, TimeBasis
from auditor.sources.interface import Log
from auditor.sources.readers import livekitlines, serverlines
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.livekitlines import GRAMMAR, UNTOLD, Pair, Said, pair_of, said_in
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import (
    OPEN_MOST,
    Line,
    Row,
    ServerLog,
    ended,
    port_of,
    remember,
    seen_by_peers,
)

_ACTIVE = "participant active"
_CLOSING = ("participant closing", "closing participant")
_UNCONNECTED = "removing participant without connection"
_SWITCHED = "ice reconnected or switched pair"
_STARTING = "starting RTC session"

_REMEMBERED = 1 << 16

CHANGED = "the path of a participant had changed before the log tells of it: which it was before is not known"
EARLIER = "a participant has left that had come before this log begins: the connection is in an earlier one"


@dataclass(frozen=True, slots=True)
class _Path:
    """One path of a participant: its connections but for the end."""

    pair: Pair
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _Begin:
    """The line that tells of a path, and since when it is known to be one."""

    line: Line
    at: datetime
    basis: TimeBasis = TimeBasis.CONNECTION


@dataclass(slots=True)
class _Session:
    """A participant. `lines` are those that no connection has been handed on with yet."""

    call_id: str | None
    participant_id: str | None
    first: int
    use_proved: bool
    connection_type: str | None = None
    paths: dict[str, _Path] = field(default_factory=dict)
    lines: int = 0


@dataclass(slots=True)
class Room:
    """Follows participants by their ids, which LiveKit gives anew each time that somebody joins.

    `starting` has when the session of somebody began who is not active yet, `gone` who has left, and
    `strangers` the line in which somebody left who had never come.
    """

    log: Log
    gathered: Gathered
    open: dict[str, _Session] = field(default_factory=dict)
    starting: dict[str, datetime | None] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    strangers: dict[str, int] = field(default_factory=dict)
    part: tuple[int, int] = (0, 0)
    most: int = OPEN_MOST

    def take(self, line: Line) -> None:
        """Take a line that tells of a participant."""
        said = said_in(line.text)
        pid = None if said is None else said.text("pID")
        if said is None:
            self.gathered.reject(line.broken, line.number, line.offset, line.text)
        elif pid is None:
            self._nameless(line, said)
        elif said.message == _ACTIVE:
            self._active(line, said, pid)
        elif said.message == _SWITCHED:
            self._switched(line, said, pid)
        elif said.message == _UNCONNECTED:
            self._unconnected(line, said, pid)
        elif said.message.startswith(_CLOSING):
            self._closing(line, said, pid)
        else:
            if said.message == _STARTING:
                remember(self.starting, pid, line.at if isinstance(line.at, datetime) else None, _REMEMBERED)
            self.gathered.aside("other_event", line.number)

    def finish(self) -> None:
        """Leave open who has not left."""
        for pid in list(self.open):
            self._close(pid, None, None)
        for number in self.strangers.values():
            self.gathered.warning(EARLIER, number)

    def _nameless(self, line: Line, said: Said) -> None:
        """Take a line that does not say of whom it is: a connection that nothing can end."""
        if said.message in (_ACTIVE, _SWITCHED):
            name = f"record {line.number}"
            self._active(line, said, name) if said.message == _ACTIVE else self._switched(line, said, name)
            if name in self.open:
                self._close(name, None, None)
        else:
            self.gathered.aside("other_event", line.number)

    def _active(self, line: Line, said: Said, pid: str) -> None:
        at = self._dated(line)
        if at is None:
            return
        session = self._session(line, said, pid)
        session.use_proved = True
        session.lines += 1
        session.connection_type = said.text("connectionType")
        pairs = said.pairs if said.has_candidates or session.paths else {"": UNTOLD}
        for transport, pair in pairs.items():
            if pair.changed and transport not in session.paths:
                self.gathered.warning(CHANGED, line.number)
            self._go_on(session, transport, pair, _Begin(line, at))

    def _switched(self, line: Line, said: Said, pid: str) -> None:
        """End the path that a transport had, and begin the one that it has now."""
        before, after = pair_of(said.fields.get("existingPair")), pair_of(said.fields.get("newPair"))
        if before is None or after is None:
            self.gathered.reject(line.broken, line.number, line.offset, line.text)
            return
        at = self._dated(line)
        if at is None:
            return
        transport = (said.text("transport") or "").lower()
        known = self.open.get(pid)
        path = None if known is None else known.paths.get(transport)
        if path is not None and path.pair.is_path_of(after):
            self.gathered.aside("other_event", line.number)
            return
        session = self._session(line, said, pid)
        session.lines += 1
        if path is None:
            session.paths[transport] = self._path(session, before, _Begin(line, at, TimeBasis.INFERRED))
        self._go_on(session, transport, after, _Begin(line, at))

    def _closing(self, line: Line, said: Said, pid: str) -> None:
        if pid in self.open:
            self._close(pid, line, said)
            return
        never_active = pid in self.starting
        self.gathered.aside("not_used" if never_active else "other_event", line.number)
        if not never_active and pid not in self.gone:
            forgotten = remember(self.strangers, pid, line.number, _REMEMBERED)
            if forgotten is not None:
                self.gathered.warning(EARLIER, forgotten)

    def _unconnected(self, line: Line, said: Said, pid: str) -> None:
        """Take somebody who never was active, though ICE may have found a path that nothing more came of."""
        self.strangers.pop(pid, None)
        if pid in self.open:
            self._close(pid, line, said)
        elif pid in self.gone or not said.pairs:
            self.gathered.aside("not_used", line.number)
            self._leave(pid)
        elif (at := self._dated(line)) is not None:
            session = self._session(line, said, pid)
            session.use_proved = False
            begin = _Begin(line, self.starting.get(pid) or at, TimeBasis.INFERRED)
            for transport, pair in said.pairs.items():
                self._go_on(session, transport, pair, begin)
            self._close(pid, line, said)

    def _dated(self, line: Line) -> datetime | None:
        """Say when a connection began, or reject the line if nobody can."""
        if isinstance(line.at, datetime):
            return line.at
        self.gathered.reject(line.at, line.number, line.offset, line.text, "started_at")
        return None

    def _session(self, line: Line, said: Said, pid: str) -> _Session:
        if pid not in self.open:
            if len(self.open) >= self.most:
                self._close(next(iter(self.open)), None, None)
            name = said.text("pID")
            self.open[pid] = _Session(
                said.text("roomID"), name, line.number, use_proved=pid not in self.starting
            )
        return self.open[pid]

    def _go_on(self, session: _Session, transport: str, pair: Pair, begin: _Begin) -> None:
        """Lead a transport over a path; two transports over one path are one connection."""
        before = session.paths.get(transport)
        if before is not None and before.pair.is_path_of(pair):
            return
        alike = (path for path in session.paths.values() if path.pair.is_path_of(pair))
        path = next(alike, None) or self._path(session, pair, begin)
        session.paths[transport] = path
        if before is not None and all(one is not before for one in session.paths.values()):
            self._hand_on(session, [before], begin.line, None)

    def _path(self, session: _Session, pair: Pair, begin: _Begin) -> _Path:
        line = begin.line
        shared: Row = {
            "record": line.number,
            "byte_offset": line.offset,
            "call_id": session.call_id,
            "participant_id": session.participant_id,
            "client_ip": pair.client_ip,
            "started_at": begin.at,
            "time_basis": begin.basis.value,
        }
        port = None if pair.relay_port is None else port_of(pair.relay_port, line, self.gathered)
        address = seen_by_peers(pair.relay_ip, self.log.told)
        rows = [
            {
                **shared,
                "part": self._next(line),
                "role": Role.MEDIA.value,
                "relay_ip": address,
                "relay_port": port,
            }
        ]
        if pair.turn_ip is not None:
            rows.append(
                {**shared, "part": self._next(line), "role": Role.TURN.value, "relay_ip": pair.turn_ip}
            )
        return _Path(pair, tuple(rows))

    def _next(self, line: Line) -> int:
        """Give the next number of a connection of this line."""
        number, part = self.part
        self.part = (line.number, part + 1 if number == line.number else 1)
        return self.part[1]

    def _close(self, pid: str, line: Line | None, said: Said | None) -> None:
        """End a session with the line that tells of it, or leave it open."""
        session = self.open.pop(pid)
        session.lines += 0 if line is None else 1
        paths = list({id(path): path for path in session.paths.values()}.values())
        self._hand_on(session, paths, line, None if said is None else said.text("reason"))
        if session.lines:
            self.gathered.aside("not_used", session.first, session.lines)
        self._leave(pid)

    def _hand_on(
        self, session: _Session, paths: Iterable[_Path], line: Line | None, reason: str | None
    ) -> None:
        told = {"connectionType": session.connection_type, "reason": reason}
        extra = {name: value for name, value in told.items() if value is not None}
        for row in (row for path in paths for row in path.rows):
            whole = {**row, "use_proved": session.use_proved, "extra": json.dumps(extra) if extra else None}
            self.gathered.connection(ended(whole, line, self.gathered), records=session.lines)
            session.lines = 0

    def _leave(self, pid: str) -> None:
        self.starting.pop(pid, None)
        remember(self.gone, pid, None, _REMEMBERED)


READER = Reader(
    name="livekit-log",
    title="Log of LiveKit's server",
    checked_against="source_code",
    source=ServerLog(GRAMMAR, Room),
    modules=(__file__, livekitlines.__file__, serverlines.__file__),
)
