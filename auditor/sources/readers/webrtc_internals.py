"""Dumps of chrome://webrtc-internals: one JSON document, and in it statistics as JSON in text.

A record is a peer connection. Design: FORMATS.md, section 5.2.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from auditor.errors import Fault, SourceError
from auditor.model import BadValue
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import EXCERPT_BYTES, USUAL, Limits
from auditor.sources.plain import head_of
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import Reader, plan_whole
from auditor.sources.readers.webrtc.candidates import text_of
from auditor.sources.readers.webrtc.document import MOST_BYTES, Document, read_document
from auditor.sources.readers.webrtc.instants import of_text
from auditor.sources.readers.webrtc.jsontext import Cursor, NotJsonError
from auditor.sources.readers.webrtc.methods import ALIVE, ENDED, ENDS, FAILED, SIGNALS, STATES, name_of
from auditor.sources.readers.webrtc.opened import NO_STATISTICS, PARTS
from auditor.sources.readers.webrtc.peerconnections import PeerConnection
from auditor.sources.readers.webrtc.statistics import TooManyObjectsError
from auditor.sources.readers.webrtc.stretches import Party, Sample
from auditor.sources.readers.webrtc.timelines import Report, TimelineError, reports_of, things_in

OLD_STATISTICS = "this peer connection has only Chrome's old statistics (goog…), which are not read"
CUT_OFF = "the dump holds only the latest values: what this peer connection used before them is not known"

_CONNECTIONS = "PeerConnections"
_DIGITS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")


class Found(NamedTuple):
    """A peer connection of the document, and where it stands."""

    name: str
    value: Any
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class WebrtcInternalsSource:
    """Reads one dump."""

    limits: Limits = USUAL
    document_bytes: int = MOST_BYTES

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  a document is read as a whole
        """Plan the file as a whole. Raises SourceError if it is no JSON object."""
        head = next(head_of(log, self.limits), None)
        if head is not None and head.data.strip()[:1] not in (b"", b"{"):
            text = "is no dump of chrome://webrtc-internals: it does not begin with an object"
            raise SourceError(Fault(log.path, text, "`auditor formats detect` names what it may be"))
        return plan_whole(log, self.limits)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Read the peer connections in order."""
        dump = Dump(Gathered(piece.log))
        for _ in dump.taken(read_document(piece.log, self.document_bytes)):
            yield dump.gathered.batch()
        yield dump.gathered.batch()

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:  # noqa: ARG002  of a whole document
        """Fetch one peer connection."""
        document = read_document(log, self.document_bytes)
        for number, found in enumerate(_found_in(Cursor(document.text)), 1):
            if number == record:
                return document.raw(found.start, found.stop)
        raise SourceError(Fault(f"{log.path}, record {record}", "is not there", "has the log changed since?"))


def _found_in(cursor: Cursor) -> Iterator[Found]:
    """Find the peer connections of a document. Raises NotJsonError, also where there can be none."""
    there = False
    for name in cursor.members():
        if name != _CONNECTIONS or cursor.peek() != "{":
            cursor.value()
            continue
        there = True
        for connection in cursor.members():
            start, value = cursor.at, cursor.value()
            yield Found(connection, value, start, cursor.at)
    if cursor.peek() or not there:
        raise NotJsonError(cut=False)


@dataclass(slots=True)
class Dump:
    """The peer connections that were read so far."""

    gathered: Gathered
    records: int = 0
    any_sample: bool = False

    def taken(self, document: Document) -> Iterator[None]:
        """Take the peer connections one by one; from where it is no JSON, the rest is one bad record."""
        cursor, done = Cursor(document.text), 0
        try:
            for found in _found_in(cursor):
                self.records += 1
                self._take(document, found)
                done = found.stop
                yield
        except NotJsonError as error:
            rest = document.text[done:]
            begin = len(rest) - len(rest.lstrip(" \t\r\n,"))
            if document.text.strip():
                self.records += 1
                reason = BadValue.TRUNCATED if error.cut else BadValue.MALFORMED
                self._reject(document, done + begin, reason, None)
        if self.records and not self.any_sample:
            self.gathered.warning(NO_STATISTICS, 1)

    def _reject(self, document: Document, start: int, reason: BadValue, column: str | None) -> None:
        raw = document.raw(start, start + EXCERPT_BYTES)
        self.gathered.reject(reason, self.records, document.offset_of(start), raw, column)

    def _take(self, document: Document, found: Found) -> None:
        said = found.value if isinstance(found.value, dict) else {}
        stats, updates = said.get("stats", {}), said.get("updateLog", [])
        if not (isinstance(found.value, dict) and isinstance(stats, dict) and isinstance(updates, list)):
            self._reject(document, found.start, BadValue.MALFORMED, "PeerConnections")
            return
        try:
            things = things_in(stats)
            reports = list(reports_of(things))
            cut = any(thing.is_cut for thing in things.values())
        except TimelineError as error:
            self._reject(document, found.start, error.reason, error.column)
            return
        if not reports and any("-goog" in key for key in stats):
            self.gathered.warning(OLD_STATISTICS, self.records)
        if cut:
            self.gathered.warning(CUT_OFF, self.records)
        rows: list[dict[str, Any]] = []
        connection = PeerConnection(
            session_id=text_of(found.name),
            party=Party(self.gathered.log.file.name),
            gathered=self.gathered,
            settled=lambda settled, *_: rows.extend(settled),
            whole=not cut,
        )
        try:
            used = self._play(connection, reports, updates, document.offset_of(found.start))
        except TooManyObjectsError:
            self._reject(document, found.start, BadValue.MALFORMED, "stats")
            return
        self.any_sample |= connection.statistics.tells
        for number, row in enumerate(rows):
            self.gathered.connection(row, records=int(number == 0))
        if not rows:
            self.gathered.aside("direct" if used else "no_data", self.records)

    def _play(
        self, connection: PeerConnection, reports: Sequence[Report], updates: Sequence[Any], byte_offset: int
    ) -> bool:
        """Take updates and reports in the order of their time; say whether any pair was in use."""
        events = [*self._events(connection, updates), *((report.at, report) for report in reports)]
        used = False
        for at, event in sorted(events, key=lambda event: event[0]):
            if isinstance(event, Report):
                connection.statistics.take(event.objects)
                sample = Sample(at, self.records, byte_offset, exact=event.exact)
                used |= connection.sample(sample, records=0)
            elif event == ENDED:
                connection.ended(at)
            elif event == FAILED:
                connection.failed(at)
            else:
                connection.recovered()
        connection.closed()
        return used

    def _events(
        self, connection: PeerConnection, updates: Sequence[Any]
    ) -> Iterator[tuple[datetime, Report | str]]:
        """Find the changes of state among the updates; what was signalled is known at all times."""
        for update in updates:
            if not isinstance(update, dict):
                continue
            name, said = name_of(str(update.get("type"))), str(update.get("value"))
            state = ENDED if name in ENDS else said.strip('"').lower()
            if name in SIGNALS:
                connection.signalled(said, self.records, ours=SIGNALS[name])
            elif name in ENDS or (name in STATES and state in (ENDED, FAILED, *ALIVE)):
                at = of_text(_number_of(update.get("time")))
                if not isinstance(at, BadValue):
                    yield at, state
                elif state == ENDED:
                    self.gathered.unread("ended_at", at, self.records, str(update.get("time")))


def _number_of(written: Any) -> Any:  # noqa: ANN401  any JSON value
    """Read digits as a number: an update's time is one, or a text of one."""
    if not isinstance(written, str):
        return written
    return float(written) if _DIGITS.fullmatch(written) else written


READER = Reader(
    name="webrtc-internals",
    title="Dump of chrome://webrtc-internals",
    checked_against="source_code",
    source=WebrtcInternalsSource(),
    modules=(__file__, *PARTS),
)
