"""Reports of getStats as W3C defines them: one a line, or one or many in a JSON document.

A report is an array of objects, an object of them by id, or an array of pairs of both; an envelope may say of
which call it is. Design: FORMATS.md, section 5.2.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from auditor.errors import Fault, SourceError
from auditor.model import BadValue
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import EXCERPT_BYTES, USUAL, Limits
from auditor.sources.plain import head_of
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import Reader, numbered_lines, plan_whole, raw_line
from auditor.sources.readers.webrtc.candidates import text_of
from auditor.sources.readers.webrtc.document import MOST_BYTES, Document, read_document
from auditor.sources.readers.webrtc.instants import of_milliseconds, of_text
from auditor.sources.readers.webrtc.jsontext import Cursor, NotJsonError, value_of
from auditor.sources.readers.webrtc.opened import PARTS, Opened
from auditor.sources.readers.webrtc.statistics import Statistics, TooManyObjectsError
from auditor.sources.readers.webrtc.stretches import Party, Sample

REST_LOST = "the document is no JSON from this record on: how many reports are lost cannot be told"

_STATS = "stats"
_PAIR_LENGTH = 2
_GOES_ON = re.compile(rb"[\[{,:]\s*$")
"""How the first line of a document ends that goes on over several."""


class Found(NamedTuple):
    """A report, or what stands in its place. `raw` is the text that it was read from."""

    value: Any
    byte_offset: int
    raw: str


@dataclass(frozen=True, slots=True)
class GetStatsSource:
    """Reads reports in their order."""

    limits: Limits = USUAL
    document_bytes: int = MOST_BYTES

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  reports lean on those before
        """Plan the file as a whole. Raises SourceError if it does not begin like JSON."""
        head = next(head_of(log, self.limits), None)
        begin = b"" if head is None else head.data.strip()[:1]
        if begin not in (b"", b"[", b"{"):
            text = "is no report of getStats: it begins neither with an array nor with an object"
            raise SourceError(Fault(log.path, text, "`auditor formats detect` names what it may be"))
        return plan_whole(log, self.limits)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Read the reports in order."""
        reports = Reports.of(piece.log)
        broken: SourceError | None = None
        try:
            if self._is_document(piece.log):
                reports.take_document(read_document(piece.log, self.document_bytes))
            else:
                for lines in numbered_lines(piece, self.limits):
                    for row in lines.select("text", "offset", "raw", "last").iter_rows():
                        reports.take_line(*row)
                    yield reports.gathered.batch()
        except SourceError as error:
            broken = error
        reports.opened.finish(reports.records)
        yield reports.gathered.batch()
        if broken is not None:
            raise broken

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one report, of a file of lines the whole line."""
        if not self._is_document(log):
            return raw_line(log, record, byte_offset, self.limits)
        document = read_document(log, self.document_bytes)
        for number, (start, stop, _) in enumerate(_parts_of(document.text), 1):
            if number == record:
                return document.raw(start, stop)
        raise SourceError(Fault(f"{log.path}, record {record}", "is not there", "has the log changed since?"))

    def _is_document(self, log: Log) -> bool:
        """Say whether a file is one document: its first line goes on, and is no value by itself."""
        head = next(head_of(log, self.limits), None)
        first = b"" if head is None else head.data.lstrip().partition(b"\n")[0]
        if not _GOES_ON.search(first):
            return False
        try:
            value_of(first.decode("utf-8", "replace"))
        except NotJsonError:
            return True
        return False


def _parts_of(text: str) -> Iterator[tuple[int, int, Any]]:
    """Cut a document into its reports: where each begins and ends, and its value. Raises NotJsonError."""
    cursor = Cursor(text)
    while sign := cursor.peek():
        start = cursor.at
        if sign == "[" and not _begins_report(text, start):
            for _ in cursor.elements():
                start, value = cursor.at, cursor.value()
                yield start, cursor.at, value
        else:
            value = cursor.value()
            yield start, cursor.at, value


def _begins_report(text: str, at: int) -> bool:
    """Say whether an array that begins there is one report, by its first element."""
    cursor = Cursor(text, at)
    try:
        return next((_is_object_or_pair(cursor.value()) for _ in cursor.elements()), True)
    except NotJsonError:
        return False


def _reports_in(value: Any) -> list[Any]:  # noqa: ANN401  any JSON value
    """Take apart an array of reports; anything else is one report, or stands in its place."""
    many = isinstance(value, list) and value and isinstance(value[0], dict | list)
    return value if many and not _is_object_or_pair(value[0]) else [value]


def _is_object_or_pair(value: Any) -> bool:  # noqa: ANN401  any JSON value
    """Say whether an element is an object of statistics, alone or with its id before it, and no report."""
    if isinstance(value, list):
        return len(value) == _PAIR_LENGTH and isinstance(value[0], str)
    return isinstance(value, dict) and isinstance(value.get("type"), str)


@dataclass(slots=True)
class Reports:
    """The reports that were read so far. `records` counts them, and what stands in their place."""

    gathered: Gathered
    opened: Opened
    records: int = 0

    @classmethod
    def of(cls, log: Log) -> "Reports":
        """Begin a file."""
        gathered = Gathered(log)
        return cls(gathered, Opened(gathered))

    def take_line(self, text: str | None, byte_offset: int, raw: bytes | None, last: bool) -> None:  # noqa: FBT001  a row
        """Take a line of a file of lines; a blank one is no record."""
        if text is not None and not text.strip():
            return
        try:
            values = [] if text is None else _reports_in(value_of(text))
        except NotJsonError:
            values = []
        if not values:
            self.records += 1
            reason = BadValue.TRUNCATED if last else BadValue.MALFORMED
            self.gathered.reject(reason, self.records, byte_offset, text if text is not None else raw or b"")
        for value in values:
            self._take(Found(value, byte_offset, text or ""))

    def take_document(self, document: Document) -> None:
        """Take a document; from where it is no JSON, the rest of it is one record that cannot be read."""
        text, done = document.text, 0
        try:
            for start, stop, value in _parts_of(text):
                self._take(Found(value, document.offset_of(start), text[start : start + EXCERPT_BYTES]))
                done = stop
        except NotJsonError as error:
            rest = text[done:].lstrip(" \t\r\n,")
            offset = document.offset_of(len(text) - len(rest))
            self.records += 1
            reason = BadValue.TRUNCATED if error.cut else BadValue.MALFORMED
            raw = rest[:EXCERPT_BYTES].encode("utf-8", "surrogateescape")
            self.gathered.reject(reason, self.records, offset, raw)
            self.gathered.warning(REST_LOST, self.records)

    def _take(self, found: Found) -> None:
        self.records += 1
        envelope, objects = _unwrapped(found.value)
        statistics = Statistics()
        try:
            statistics.take(objects or {})
        except TooManyObjectsError:
            objects = None
        if objects is None:
            self._reject(BadValue.MALFORMED, found)
        elif not statistics.tells:
            self.gathered.aside("no_data", self.records)
        elif isinstance(at := _instant_of(envelope, objects), BadValue):
            self._reject(at, found, "started_at")
        else:
            self._sample(envelope, statistics, Sample(at, self.records, found.byte_offset))

    def _reject(self, reason: BadValue, found: Found, column: str | None = None) -> None:
        raw = found.raw.encode("utf-8", "surrogateescape")
        self.gathered.reject(reason, self.records, found.byte_offset, raw, column)

    def _sample(self, envelope: Mapping[str, Any], statistics: Statistics, sample: Sample) -> None:
        call = text_of(envelope.get("callId")) or self.gathered.log.file.name
        participant, session = (text_of(envelope.get(key)) for key in ("participantId", "peerConnectionId"))
        key = (call, participant, session)
        connection = self.opened.of(key, session, Party(call, participant))
        connection.statistics = statistics
        connection.to_server |= envelope.get("remote") == "server"
        connection.to_peer |= envelope.get("remote") == "peer"
        self.opened.any_sample = True
        if not connection.sample(sample):
            self.gathered.aside("no_data", sample.record)


def _unwrapped(value: Any) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:  # noqa: ANN401  any JSON value
    """Give the envelope of a report, empty if it has none, and its objects by id; None if it is no report."""
    inner = value.get(_STATS) if isinstance(value, dict) else None
    if isinstance(inner, dict | list) and not _is_object_or_pair(inner):
        return value, _by_id(inner)
    return {}, _by_id(value)


def _by_id(report: Any) -> Mapping[str, Any] | None:  # noqa: ANN401  any JSON value
    if isinstance(report, dict):
        return report if all(isinstance(one, dict) for one in report.values()) else None
    if not isinstance(report, list) or not all(_is_object_or_pair(one) for one in report):
        return None
    pairs = [one if isinstance(one, list) else (one.get("id"), one) for one in report]
    return {name: one for name, one in pairs if isinstance(name, str)}


def _instant_of(envelope: Mapping[str, Any], objects: Mapping[str, Any]) -> datetime | BadValue:
    """Say when a report was made: what its envelope says, else the latest time of its objects."""
    if "timestamp" in envelope:
        return of_text(envelope["timestamp"])
    said = [one.get("timestamp") for one in objects.values() if isinstance(one, dict)]
    times = [time for time in said if isinstance(time, int | float) and not isinstance(time, bool)]
    return of_milliseconds(max(times, default=next(filter(None, said), None)))


READER = Reader(
    name="getstats",
    title="Reports of WebRTC's getStats, as W3C defines them",
    checked_against="documentation",
    source=GetStatsSource(),
    modules=(__file__, *PARTS),
)
