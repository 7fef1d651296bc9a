"""Logs that a server writes for its operator, by lines: which of them matter, and when they were written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, TypeVar

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.model import BadValue
from auditor.sources.circumstances import Circumstances
from auditor.sources.interface import Batch, Log, Piece, Plan
from auditor.sources.language import Value
from auditor.sources.lines import USUAL, Limits
from auditor.sources.plain import HEAD_BYTES
from auditor.sources.prefixes import unwrapped
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import numbered_lines, plan_whole, raw_line
from auditor.sources.reading import nulled
from auditor.sources.times import read_instants
from auditor.sources.value_faults import is_zone, zone_fault
from auditor.sources.values import HIGHEST

_COMPOSE = r"^[\w.-]+\s+\| "
"""What `docker compose logs` puts in front: the name of the container."""

_PORT_DIGITS = 5
_TIME_CHARACTERS = 40
"""Of the beginning of a line, to show its time and nothing of whom it is about."""

OPEN_MOST = 1 << 18
"""So many sessions are held open; of more, the longest open ones are handed on without an end."""

Row = dict[str, Any]
"""A connection, by the columns of CONNECTION that it has."""

_SECONDS = r"^\d+(\.\d+)?$"
SILENT = "no line tells of a connection: the log is of another program, or of a level that leaves them out"
_UNSAID = (BadValue.MISSING.value, BadValue.NO_ZONE.value, BadValue.AMBIGUOUS_TIME.value)
"""What the time of a wrapper can stand in for: the program's own clock does not contradict it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that may tell of a connection, without its wrappers.

    `at` is when it was written, or the reason why nobody can say; `cut` is of a last line without its end.
    """

    number: int
    offset: int
    text: str
    at: datetime | BadValue
    cut: bool

    @property
    def broken(self) -> BadValue:
        """Say what it is if it cannot be read."""
        return BadValue.TRUNCATED if self.cut else BadValue.MALFORMED


@dataclass(frozen=True, slots=True)
class Grammar:
    """How a program's lines are told from others, as patterns of polars.

    `line` is how its lines begin, and `continued` how lines begin that belong to the one before. `telling`
    stands in lines that a follower is to see. `times` have a group each for the instant, the first that
    fits; a bare number is in seconds since 1970.
    """

    line: str
    continued: str
    telling: str
    times: tuple[str, ...] = ()


class Follower(Protocol):
    """Follows what a log tells from line to line, and hands it to a `Gathered`."""

    def take(self, line: Line) -> None:
        """Take the next telling line; what becomes of it is said exactly once, now or later."""
        ...

    def finish(self) -> None:
        """Say what becomes of all that is still open at the end of the log."""
        ...


@dataclass(frozen=True, slots=True)
class ServerLog:
    """The source of such a log. `follower` makes what keeps its state, anew for each reading."""

    grammar: Grammar
    follower: Callable[[Log, Gathered], Follower]
    limits: Limits = USUAL

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:  # noqa: ARG002  it is read in one piece
        """Hash the file. Raises SourceError, also where its clock has no zone and none was told."""
        zone = _zone_of(log)
        plan = plan_whole(log, self.limits)
        head = replace(self.limits, chunk_bytes=min(self.limits.chunk_bytes, HEAD_BYTES))
        for lines in islice(numbered_lines(plan.pieces[0], head), 1):
            first = _sorted_out(lines, self.grammar, _Before())[0]
            reasons = _with_instants(first.filter(is_line=True), self.grammar, zone)["reason"]
            if (reasons == BadValue.NO_ZONE.value).any():
                hint = "say of which zone they are, as in --zone Europe/Berlin or --zone UTC"
                raise SourceError(Fault(log.path, "has times without offset", hint))
        return plan

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the connections as their sessions end, a batch for each block of lines."""
        gathered = Gathered(piece.log)
        follower = self.follower(piece.log, gathered)
        before, zone = _Before(), _zone_of(piece.log)
        lines_read = lines_telling = 0
        for lines in numbered_lines(piece, self.limits):
            known, before = _sorted_out(lines, self.grammar, before)
            _set_aside(known, gathered)
            telling = known.filter(kind="telling")
            lines_read, lines_telling = lines_read + lines.height, lines_telling + telling.height
            for line in _lines_of(_with_instants(telling, self.grammar, zone)):
                follower.take(line)
            yield gathered.batch()
        follower.finish()
        if lines_read and not lines_telling:
            gathered.warning(SILENT, piece.first_record)
        yield gathered.batch()

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one line verbatim. Raises SourceError."""
        return raw_line(log, record, byte_offset, self.limits)


@dataclass(frozen=True, slots=True)
class _Before:
    """What the lines before leave: streams whose line has not ended, and whether continuations may follow."""

    begun: frozenset[str] = frozenset()
    goes_on: bool = False


def _zone_of(log: Log) -> str | None:
    """Say of which zone the program's own clock is, where somebody has told it. Raises SourceError."""
    zone = log.told.zone or log.mapping.input.zone
    if zone is not None and not is_zone(zone):
        text, hint = zone_fault(zone)
        raise SourceError(Fault("--zone", text, hint))
    return zone


def _sorted_out(lines: pl.DataFrame, grammar: Grammar, before: _Before) -> tuple[pl.DataFrame, _Before]:
    """Say of each line what it is, in `kind`: `telling`, or the word under which it is put aside.

    Adds `inner`, the line without wrappers, `is_line`, and `outer`, the time that a wrapper says.
    """
    bare, begun = _bare(lines["text"], grammar, before.begun)
    inner = pl.col("inner")
    said = lines.hstack(bare).with_columns(
        is_line=inner.str.contains(grammar.line).fill_null(value=False),
        is_blank=(inner.str.strip_chars() == "").fill_null(value=False),
        is_more=inner.str.contains(grammar.continued).fill_null(value=False),
    )
    settles = pl.col("is_line") | ~(pl.col("is_blank") | pl.col("is_more"))
    begins = pl.when(settles).then("is_line")
    said = said.with_columns(goes_on=begins.forward_fill().fill_null(before.goes_on))
    kind = (
        pl.when(pl.col("is_line") & inner.str.contains(grammar.telling))
        .then(pl.lit("telling"))
        .when("is_line")
        .then(pl.lit("other_event"))
        .when("is_blank")
        .then(pl.lit("blank"))
        .when(pl.col("is_more") & pl.col("goes_on"))
        .then(pl.lit("other_event"))
        .when("last")
        .then(pl.lit(BadValue.TRUNCATED.value))
        .otherwise(pl.lit(BadValue.MALFORMED.value))
    )
    return said.with_columns(kind=kind), _Before(begun, goes_on=bool(said["goes_on"][-1]))


def _bare(text: pl.Series, grammar: Grammar, begun: frozenset[str]) -> tuple[pl.DataFrame, frozenset[str]]:
    """Take wrappers off the lines that have any: `inner` and `outer`."""
    bare = text.str.contains(grammar.line).fill_null(value=False) | text.is_null()
    rows = (~bare).arg_true()
    if not len(rows):
        return pl.DataFrame({"inner": text, "outer": pl.Series([None] * len(text), dtype=pl.String)}), begun
    found = unwrapped(text.gather(rows), ("kubernetes", "syslog"), begun)
    outer = found.columns.select(pl.coalesce("kubernetes.time", "syslog.time")).to_series()
    inner = found.text.str.replace(_COMPOSE, "")
    rest = pl.DataFrame({"row": rows, "rest": inner, "outer": outer})
    whole = pl.DataFrame({"text": text, "bare": bare}).with_row_index("row")
    joined = whole.join(rest, on="row", how="left", maintain_order="left")
    return joined.select(pl.when("bare").then("text").otherwise("rest").alias("inner"), "outer"), found.begun


def _set_aside(known: pl.DataFrame, gathered: Gathered) -> None:
    bad = known.filter(pl.col("kind").is_in([BadValue.MALFORMED.value, BadValue.TRUNCATED.value]))
    for number, offset, text, raw, kind in bad.select("number", "offset", "text", "raw", "kind").iter_rows():
        gathered.reject(BadValue(kind), number, offset, text if raw is None else raw)
    aside = known.filter(pl.col("kind").is_in(["other_event", "blank"]))
    counted = aside.group_by("kind").agg(pl.col("number").min().alias("first"), pl.len())
    for kind, first, records in counted.iter_rows():
        gathered.aside(kind, first, records)


def _with_instants(lines: pl.DataFrame, grammar: Grammar, zone: str | None) -> pl.DataFrame:
    """Add `at`, when each line was written; where nobody can say, it is null, and `reason` says why."""
    texts = [pl.col("inner").str.extract(pattern) for pattern in grammar.times]
    written = lines.with_columns(written=pl.coalesce(*texts, pl.lit(None, pl.String)))["written"]
    counted = written.str.contains(_SECONDS)
    spelled = nulled(written, counted).str.replace(" ", "T", literal=True).str.replace(",", ".", literal=True)
    seconds = read_instants(nulled(written, ~counted), Value(time="epoch_s"), None)
    own = read_instants(spelled, Value(time="iso8601"), zone).over(seconds)
    outer = read_instants(lines["outer"], Value(time="iso8601"), None).values
    said = lines.with_columns(
        own=own.values,
        reason=pl.lit(None, pl.String) if own.reasons is None else own.reasons,
        outer=outer,
    )
    unsaid = pl.col("reason").is_in(_UNSAID) | pl.col("reason").is_null()
    at = pl.coalesce("own", pl.when(unsaid).then("outer"))
    why = pl.coalesce("reason", pl.lit(BadValue.MISSING.value))
    return said.with_columns(at=at).with_columns(reason=pl.when(pl.col("at").is_null()).then(why))


def _lines_of(telling: pl.DataFrame) -> Iterator[Line]:
    columns = telling.select("number", "offset", "inner", "at", "reason", "last")
    for number, offset, text, at, reason, cut in columns.iter_rows():
        yield Line(number, offset, text, at if reason is None else BadValue(reason), cut)


def ended(row: Row, line: Line | None, gathered: Gathered) -> Row:
    """End a connection with the line that tells of it; with None the log does not say when it ended."""
    if line is None:
        return row
    last = row if line.number == row["record"] else {**row, "last_record": line.number}
    if isinstance(line.at, datetime) and line.at >= row["started_at"]:
        return {**last, "ended_at": line.at}
    reason = line.at if isinstance(line.at, BadValue) else BadValue.END_BEFORE_START
    gathered.unread("ended_at", reason, line.number, line.text[:_TIME_CHARACTERS])
    return last


_Known = TypeVar("_Known")


def remember(known: dict[str, _Known], name: str, value: _Known, most: int) -> _Known | None:
    """Keep the latest of what a log has told in mind, and give back what there is no more room for."""
    known.pop(name, None)
    forgotten = known.pop(next(iter(known))) if len(known) >= most else None
    known[name] = value
    return forgotten


def host_of(text: str) -> str | None:
    """Read an address, without brackets; nothing is none."""
    return text.removeprefix("[").removesuffix("]") or None


def port_of(text: str, line: Line, gathered: Gathered) -> int | None:
    """Read a relay's port; 0 is none."""
    if (
        text.isascii()
        and text.isdecimal()
        and len(text) <= _PORT_DIGITS
        and int(text) <= HIGHEST["relay_port"]
    ):
        return int(text) or None
    gathered.unread("relay_port", BadValue.UNREADABLE, line.number, text)
    return None


def seen_by_peers(address: str | None, told: Circumstances) -> str | None:
    """Give the address that a relay behind translation has for its peers, where the user has told it."""
    return address if address is None else dict(told.public_addresses).get(address, address)
