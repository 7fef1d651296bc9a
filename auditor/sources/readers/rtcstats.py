"""Dumps of rtcstats as Jitsi's client writes them: a JSON array a line, getStats coded as differences.

`[method, peer connection, arguments, epoch milliseconds, sequence]`. Design: FORMATS.md, section 5.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from auditor.errors import Fault, SourceError
from auditor.model import BadValue
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import USUAL, Limits
from auditor.sources.plain import head_of
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import Reader, numbered_lines, plan_whole, raw_line
from auditor.sources.readers.webrtc.candidates import text_of
from auditor.sources.readers.webrtc.instants import of_milliseconds
from auditor.sources.readers.webrtc.jsontext import NotJsonError, value_of
from auditor.sources.readers.webrtc.methods import ALIVE, ENDED, ENDS, FAILED, SIGNALS, STATES, name_of
from auditor.sources.readers.webrtc.opened import PARTS, Opened
from auditor.sources.readers.webrtc.peerconnections import PeerConnection
from auditor.sources.readers.webrtc.statistics import TooManyObjectsError
from auditor.sources.readers.webrtc.stretches import Party, Sample

LOST_LINES = "lines that cannot be read may have told of another path: what later lines say rests on them"

_VERSION_3 = b"RTCStatsDump"
_HEADERS = {"path", "origin", "url", "userAgent"}
_ENTRY = 4


class Line(NamedTuple):
    """A line of the log, as `numbered_lines` gives it."""

    text: str | None
    number: int
    offset: int
    raw: bytes | None
    last: bool


@dataclass(frozen=True, slots=True)
class RtcStatsSource:
    """Reads one dump: the statistics of one client in one call."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  a dump is read as a whole
        """Plan the file as a whole. Raises SourceError for another format, or version 3 of this one."""
        _recognise(log, self.limits)
        return plan_whole(log, self.limits)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Read the lines in order."""
        dump = Dump.of(piece.log)
        broken: SourceError | None = None
        try:
            for lines in numbered_lines(piece, self.limits):
                for row in lines.select("text", "number", "offset", "raw", "last").iter_rows():
                    dump.take(Line(*row))
                yield dump.gathered.batch()
        except SourceError as error:
            broken = error
        dump.finish()
        yield dump.gathered.batch()
        if broken is not None:
            raise broken

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line."""
        return raw_line(log, record, byte_offset, self.limits)


def _recognise(log: Log, limits: Limits) -> None:
    block = next(head_of(log, limits), None)
    lines = [] if block is None else [line.strip() for line in block.data.split(b"\n")]
    if lines and lines[0].startswith(_VERSION_3):
        text = "is a dump of rtcstats, version 3, which only the code tables of its server explain"
        raise SourceError(
            Fault(
                log.path, text, "export the dump in the older format, a JSON array a line with named methods"
            )
        )
    if any(lines) and not any(line.startswith(b'["') or line == b"[" for line in lines):
        text = "is no dump of rtcstats: no line is an array that begins with the name of a method"
        raise SourceError(Fault(log.path, text, "`auditor formats detect` names what it may be"))


@dataclass(slots=True)
class Dump:
    """What is known of a dump so far: who, in which call, and the open peer connections."""

    gathered: Gathered
    party: Party
    opened: Opened
    _meeting: str | None = None
    _room: str | None = None
    _last: int = 0

    @classmethod
    def of(cls, log: Log) -> "Dump":
        """Begin a file; until the dump names the call, the call is the file's."""
        gathered = Gathered(log)
        return cls(gathered, Party(log.file.name), Opened(gathered))

    def finish(self) -> None:
        """End the file."""
        self.opened.finish(self._last)

    def take(self, line: Line) -> None:
        """Take one line."""
        self._last = line.number
        if line.text is not None and not line.text.strip():
            self.gathered.aside("blank", line.number)
            return
        try:
            entry = value_of(line.text) if line.text is not None else None
        except NotJsonError:
            entry = None
        if isinstance(entry, dict) and _HEADERS & entry.keys():
            self.gathered.aside("header", line.number)
        elif isinstance(entry, list) and len(entry) >= _ENTRY and isinstance(entry[0], str):
            self._entry(line, *entry[:_ENTRY])
        else:
            self._reject(line, BadValue.TRUNCATED if line.last else BadValue.MALFORMED)
            if self.opened:
                self.gathered.warning(LOST_LINES, line.number)

    def _reject(self, line: Line, reason: BadValue, column: str | None = None) -> None:
        raw = (line.raw or b"") if line.text is None else line.text
        self.gathered.reject(reason, line.number, line.offset, raw, column)

    def _entry(self, line: Line, method: str, pc: Any, said: Any, at: Any) -> None:  # noqa: ANN401  any JSON
        name = name_of(method)
        if name == "getstats":
            self._statistics(line, pc, said, at)
            return
        self.gathered.aside("header" if name == "connectioninfo" else "other_event", line.number)
        if name == "identity":
            self._identity(line, said, at)
        elif isinstance(pc, str | int):
            self._event(line, name, str(pc), said, at)

    def _statistics(self, line: Line, pc: Any, said: Any, at: Any) -> None:  # noqa: ANN401  any JSON
        if not isinstance(said, dict):
            self._reject(line, BadValue.MALFORMED, "getstats")
            return
        connection = self._of(None if pc is None else str(pc))
        try:
            connection.statistics.take(said)
        except TooManyObjectsError:
            self._reject(line, BadValue.MALFORMED, "getstats")
            return
        instant = of_milliseconds(at)
        if isinstance(instant, BadValue):
            self._reject(line, instant, "started_at")
            return
        self.opened.any_sample |= connection.statistics.tells
        if not connection.sample(Sample(instant, line.number, line.offset)):
            self.gathered.aside("no_data", line.number)

    def _of(self, pc: str | None) -> PeerConnection:
        return self.opened.of(pc, pc, self.party)

    def _identity(self, line: Line, said: Any, at: Any) -> None:  # noqa: ANN401  any JSON value
        """Learn who logs, and in which call; what is in use belongs to whom was known before."""
        said = _unpacked(said)
        if not isinstance(said, dict):
            return
        meeting = text_of(said.get("meetingUniqueId")) or self._meeting
        participant = text_of(said.get("endpointId")) or self.party.participant_id
        if self._meeting not in (None, meeting) or self.party.participant_id not in (None, participant):
            self.opened.ended(self._instant(line, at))
        self._meeting, self._room = meeting, text_of(said.get("confID")) or self._room
        self.party.call_id = meeting or self._room or self.gathered.log.file.name
        self.party.participant_id = participant

    def _event(self, line: Line, name: str, pc: str, said: Any, at: Any) -> None:  # noqa: ANN401  any JSON value
        if name == "create":
            self.opened.of(pc, pc, self.party, begins=True)
        elif name == "constraints":
            _face(self._of(pc), _unpacked(said))
        elif name in SIGNALS:
            for text in _texts_in(said):
                self._of(pc).signalled(text, line.number, ours=SIGNALS[name])
        elif name in ENDS or (name in STATES and said == ENDED):
            self.opened.close(pc, self._instant(line, at))
        elif name in STATES and said == FAILED:
            self._of(pc).failed(self._instant(line, at))
        elif name in STATES and said in ALIVE:
            self._of(pc).recovered()

    def _instant(self, line: Line, at: Any) -> datetime | None:  # noqa: ANN401  any JSON value
        instant = of_milliseconds(at)
        if not isinstance(instant, BadValue):
            return instant
        self.gathered.unread("ended_at", instant, line.number, str(at))
        return None


def _face(connection: PeerConnection, constraints: Any) -> None:  # noqa: ANN401  any JSON value
    """Learn from Jitsi's own constraint whether the other side is a bridge."""
    given = constraints.get("optional") if isinstance(constraints, dict) else None
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(direct := one.get("rtcStatsSFUP2P"), bool):
            connection.to_peer |= direct
            connection.to_server |= not direct


def _unpacked(said: Any) -> Any:  # noqa: ANN401  any JSON value
    """Read arguments that older clients wrote as JSON in text."""
    if isinstance(said, str) and said.startswith("{"):
        try:
            return value_of(said)
        except NotJsonError:
            return None
    return said


def _texts_in(said: Any) -> Iterator[str]:  # noqa: ANN401  any JSON value
    """Find candidates and descriptions among the arguments of a method."""
    for one in said if isinstance(said, list) else (said,):
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from (text for key in ("candidate", "sdp") if isinstance(text := one.get(key), str))


READER = Reader(
    name="rtcstats",
    title="Client statistics of Jitsi (rtcstats, the format of lines)",
    checked_against="source_code",
    source=RtcStatsSource(),
    modules=(__file__, *PARTS),
)
