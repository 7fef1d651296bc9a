"""The log of a coturn TURN server: each allocation is one connection. Design: FORMATS.md, section 5.1."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from auditor.model import BadValue
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.lines import USUAL, Limits
from auditor.sources.plain import HEAD_BYTES
from auditor.sources.readers import (
    coturn_connections,
    coturn_events,
    coturn_messages,
    coturn_prefixes,
    coturn_servers,
    coturn_sessions,
)
from auditor.sources.readers.coturn_connections import gather
from auditor.sources.readers.coturn_events import told
from auditor.sources.readers.coturn_messages import is_lost, is_new, relay_address, with_sessions
from auditor.sources.readers.coturn_prefixes import parted
from auditor.sources.readers.coturn_servers import IN_RANGE, Clock, Pairing, Servers
from auditor.sources.readers.coturn_sessions import Sessions
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import Reader, numbered_lines, plan_whole, raw_line

CUT_BYTES: Final = 1_000
"""A line of this length may have been cut: coturn writes no more than 1,024 bytes, with its prefix."""

_DRAWN: Final = "^====.*====$"
"""What coturn draws when it starts, between two blank lines."""

SILENT: Final = (
    "no line tells of an allocation: coturn writes them only when it runs with `verbose`, "
    "and of what it relayed without a word nothing can be said"
)


@dataclass(frozen=True, slots=True)
class CoturnSource:
    """Reads from the beginning to the end, as a session is told of in many lines."""

    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  it is one piece
        """Hash the file. Raises SourceError where its clock needs to be told when the server started."""
        plan = plan_whole(log, self.limits)
        small = replace(self.limits, chunk_bytes=min(self.limits.chunk_bytes, HEAD_BYTES))
        for lines in numbered_lines(plan.pieces[0], small):
            _Reading(log).take(lines)
            break
        return plan

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the connections that ended in each block, and at the end those that had not."""
        reading = _Reading(piece.log)
        for lines in numbered_lines(piece, self.limits):
            reading.take(lines)
            yield reading.gathered.batch()
        reading.end()
        yield reading.gathered.batch()

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line verbatim."""
        return raw_line(log, record, byte_offset, self.limits)


@dataclass(slots=True)
class _Reading:
    """One log, as far as it has been read."""

    log: Log
    gathered: Gathered = field(init=False)
    _clock: Clock = field(init=False)
    _servers: Servers = field(default_factory=Servers)
    _pairing: Pairing = field(default_factory=Pairing)
    _sessions: Sessions = field(default_factory=Sessions)
    _any: bool = False
    _allocations: bool = False

    def __post_init__(self) -> None:
        self.gathered = Gathered(self.log)
        self._clock = Clock(self.log)

    def take(self, lines: pl.DataFrame) -> None:
        """Read some lines."""
        self._any = self._any or lines.height > 0
        self._refuse(lines.filter(pl.col("text").is_null()), BadValue.MALFORMED)
        lines = lines.filter(pl.col("text").is_not_null())
        known = self._in_time(self._whole(self._ours(lines)))
        events = self._events(known)
        found = self._sessions.take(events)
        self._aside("other_event", found.strays["record"])
        left = self._sessions.leave(self._servers.running)
        self._gather(pl.concat([found.ended, left]))

    def end(self) -> None:
        """Close the log: what is open has no end that was logged."""
        self._aside("other_event", self._pairing.rest()["number"])
        self._gather(self._sessions.rest())
        if self._any and not self._allocations:
            self.gathered.warning(SILENT, 1)

    def _ours(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Keep the messages of coturn; tell of the other lines."""
        found = parted(lines)
        others = found.filter(pl.col("message").is_null())
        if others.is_empty():
            return found
        blank = pl.col("text").str.strip_chars() == ""
        drawn = pl.col("text").str.contains(_DRAWN)
        self._aside("blank", others.filter(blank)["number"])
        self._aside("other_event", others.filter(drawn)["number"])
        foreign = pl.col("host").is_not_null()
        self._aside("not_ours", others.filter(foreign)["number"])
        self._broken(others.filter(~blank & ~drawn & ~foreign))
        return found.filter(pl.col("message").is_not_null())

    def _whole(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Refuse the messages that lack the number of their session: cut ones, where it stands at the end."""
        found = with_sessions(lines)
        lost = pl.col("id").is_null() & is_lost()
        self._broken(found.filter(lost))
        return found.filter(~lost)

    def _in_time(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Refuse what is told of a session at no instant."""
        timed = self._clock.set(self._servers.numbered(lines))
        told = pl.col("id").is_not_null()
        self._refuse(timed.filter(told & pl.col("at").is_null()), BadValue.NO_ZONE, "started_at")
        self._refuse(timed.filter(told & ~IN_RANGE), BadValue.OUT_OF_RANGE, "started_at")
        return timed.filter(~told | IN_RANGE.fill_null(value=False))

    def _events(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Give what is told of sessions; the rest is of no use."""
        of_session = pl.col("id").is_not_null()
        spoken = lines.with_columns(
            is_new=is_new(),
            relayed=pl.when(~of_session).then(relay_address()),
        )
        pairs, alone = self._pairing.pair(spoken)
        self._aside("other_event", alone["number"])
        self._aside("other_event", spoken.filter(~of_session & pl.col("relayed").is_null())["number"])
        found = told(spoken.filter(of_session).drop("relayed"), pairs)
        for number, text, body, column in found.unread.iter_rows():
            reason = BadValue.TRUNCATED if len(text) >= CUT_BYTES else BadValue.UNREADABLE
            self.gathered.unread(column, reason, number, body)
        return found.events

    def _gather(self, sessions: pl.DataFrame) -> None:
        self._allocations = gather(self.gathered, sessions, self.log) or self._allocations

    def _aside(self, reason: str, numbers: pl.Series) -> None:
        if len(numbers):
            self.gathered.aside(reason, numbers.sort()[0], len(numbers))

    def _broken(self, lines: pl.DataFrame) -> None:
        """Refuse lines of no form; the last of a file, or one of coturn's full length, was cut."""
        cut = pl.col("last") | (pl.col("text").str.len_bytes() >= CUT_BYTES)
        self._refuse(lines.filter(cut), BadValue.TRUNCATED)
        self._refuse(lines.filter(~cut), BadValue.MALFORMED)

    def _refuse(self, lines: pl.DataFrame, reason: BadValue, column: str | None = None) -> None:
        for number, offset, text, raw in lines.select("number", "offset", "text", "raw").iter_rows():
            self.gathered.reject(reason, number, offset, raw if text is None else text, column)


READER = Reader(
    name="coturn",
    title="Log of a coturn TURN server that runs with `verbose`",
    checked_against="source_code",
    source=CoturnSource(),
    modules=(
        __file__,
        coturn_connections.__file__,
        coturn_events.__file__,
        coturn_messages.__file__,
        coturn_prefixes.__file__,
        coturn_servers.__file__,
        coturn_sessions.__file__,
    ),
)
