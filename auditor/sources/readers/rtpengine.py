"""The call records in the log of rtpengine, a line a call → a connection for each medium of each side.

A record names things by number: `ml0` is a side of the call, `ml0_midx1` one of its media, which has a stream
for RTP and one for RTCP.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auditor.model import BadValue, Role, TimeBasis
from auditor.sources.interface import Log
from auditor.sources.readers import serverlines
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import Grammar, Line, Row, ServerLog, host_of, port_of, seen_by_peers
from auditor.sources.times import FIRST, LAST
from auditor.sources.values import HIGHEST

_RECORD = re.compile(r"(?:^|: )(ci=.*)", re.DOTALL)
_PAIRS = re.compile(r"(?:\w+=[^,]*, )+")
_PAIR = re.compile(r"(\w+)=([^,]*), ")
_STREAM = re.compile(r"(ml\d+)_midx(\d+)_rtc?p_\w+")
_REPEATED = re.compile(r"payload_type|ml\d+_remote_tag")
"""What is written once for each medium, and once for each other side."""

_OTHER_SIDE = "remote_tag"
_NAME = re.compile(r"(?P<group>ml\d+(?:_midx\d+_(?P<stream>rtp|rtcp))?)_(?P<name>\w+)")
_SECONDS = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6})[0-9]*)?")
_COUNT = re.compile(r"[0-9]{1,20}")
_NOWHERE = (None, "0.0.0.0", "::")  # noqa: S104  written where there is no address
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

GRAMMAR = Grammar(
    line=(
        r"^(?:\[\d+\.\d+\] )?(?:(?:EMERG|ALERT|CRIT|ERR|ERROR|WARN|WARNING|NOTICE|INFO|DEBUG): |ci=)"
        r"|^\[[^\]\[{}]{1,300}\]: "
        r"|^[^=]{1,200}\brtpengine(?:\[\d+\])?: "
    ),
    continued=r"^\s",
    telling=r"(?:^|: )ci=",
)


@dataclass(frozen=True, slots=True)
class _Medium:
    """One medium of one side: of both streams, RTP goes before RTCP."""

    side: str
    number: str
    said: Mapping[str, str]

    def text(self, name: str, stream: str) -> str | None:
        """Give what is said of a stream."""
        return self.said.get(f"{self.side}_midx{self.number}_{stream}_{name}") or None

    def first(self, name: str) -> str | None:
        """Give what is said of RTP, else of RTCP."""
        return self.text(name, "rtp") or self.text(name, "rtcp")

    def counts(self, name: str) -> list[str]:
        """Give what is counted for both streams."""
        return [text for stream in ("rtp", "rtcp") if (text := self.text(name, stream)) is not None]

    @property
    def relay_ip(self) -> str | None:
        """Name the address on which the medium came in; one that has none was never opened."""
        address = host_of(self.first("local_relay_ip") or "")
        return None if address in _NOWHERE and not self.is_used else address

    @property
    def is_used(self) -> bool:
        """Tell whether any packet came in."""
        return any((_count(text) or 0) > 0 for text in self.counts("relayed_packets"))


@dataclass(frozen=True, slots=True)
class Records:
    """Takes call records, each for itself."""

    log: Log
    gathered: Gathered

    def take(self, line: Line) -> None:
        """Take a line that has a record in it; if one of its connections cannot be built, it is a reject."""
        said = _said_in(line)
        if isinstance(said, BadValue):
            self.gathered.reject(said, line.number, line.offset, line.text)
            return
        media = [medium for medium in _media_in(said) if medium.relay_ip is not None]
        for side in dict.fromkeys(medium.side for medium in media):
            started_at = _instant(said.get(f"{side}_start_time"))
            if isinstance(started_at, BadValue):
                self.gathered.reject(started_at, line.number, line.offset, line.text, "started_at")
                return
        for part, medium in enumerate(media, 1):
            self.gathered.connection(self._row(line, medium, part), records=int(part == 1))
        if not media:
            self.gathered.aside("no_relay", line.number)

    def finish(self) -> None:
        """Have nothing left."""

    def _row(self, line: Line, medium: _Medium, part: int) -> Row:
        said, side = medium.said, medium.side
        named = ((name, said.get(f"{side}_{name}")) for name in ("local_tag_type", "termination"))
        extra = {name: text for name, text in named if text}
        port = medium.first("local_relay_port")
        client = host_of(medium.first("endpoint_ip") or "")
        return {
            "record": line.number,
            "part": part,
            "byte_offset": line.offset,
            "call_id": said.get("ci") or None,
            "session_id": said.get(f"{side}_local_tag") or None,
            "role": Role.TURN.value,
            "relay_ip": seen_by_peers(medium.relay_ip, self.log.told),
            "relay_port": None if port is None else port_of(port, line, self.gathered),
            "client_ip": None if client in _NOWHERE else client,
            "started_at": _instant(said.get(f"{side}_start_time")),
            "ended_at": self._end(line, medium),
            "time_basis": TimeBasis.CONNECTION.value,
            "bytes": self._bytes(line, medium),
            "use_proved": medium.is_used,
            "extra": json.dumps(extra) if extra else None,
        }

    def _end(self, line: Line, medium: _Medium) -> datetime | None:
        written = medium.said.get(f"{medium.side}_end_time")
        if written is None:
            return None
        ended_at, started_at = _instant(written), _instant(medium.said.get(f"{medium.side}_start_time"))
        if isinstance(ended_at, datetime) and isinstance(started_at, datetime) and ended_at < started_at:
            ended_at = BadValue.END_BEFORE_START
        if isinstance(ended_at, datetime):
            return ended_at
        self.gathered.unread("ended_at", ended_at, line.number, written)
        return None

    def _bytes(self, line: Line, medium: _Medium) -> int | None:
        """Add up what came in on both streams: what went out is counted where it came in."""
        written = medium.counts("relayed_bytes")
        counts = [_count(text) for text in written]
        total = sum(count for count in counts if count is not None)
        if None in counts:
            self.gathered.unread("bytes", BadValue.UNREADABLE, line.number, written[counts.index(None)])
        elif total > HIGHEST["bytes"]:
            self.gathered.unread("bytes", BadValue.OUT_OF_RANGE, line.number, " + ".join(written))
        elif written:
            return total
        return None


def _said_in(line: Line) -> dict[str, str] | BadValue:
    """Read the pairs of a record. Each ends in a comma, also the last: else the line was cut on its way."""
    found = _RECORD.search(line.text)
    text = ("" if found is None else found[1]).rstrip() + " "
    if not text.endswith(", "):
        return BadValue.TRUNCATED
    if not _PAIRS.fullmatch(text):
        return BadValue.MALFORMED
    said: dict[str, str] = {}
    for name, value in _PAIR.findall(text):
        if name in said and not _REPEATED.fullmatch(name):
            return BadValue.MALFORMED
        said.setdefault(name, value)
    return BadValue.TRUNCATED if _is_cut(said) else said


def _is_cut(said: Mapping[str, str]) -> bool:
    """Tell whether a record that was cut between two pairs lacks what the first side, or stream, has."""
    groups: dict[str, dict[str, set[str]]] = {}
    last: tuple[str, str] = ("", "")
    for found in filter(None, map(_NAME.fullmatch, said)):
        last = (found["stream"] or "", found["group"])
        groups.setdefault(last[0], {}).setdefault(last[1], set()).add(found["name"])
    alike = groups.get(last[0], {"": set()})
    return not next(iter(alike.values())) - {_OTHER_SIDE} <= alike[last[1]]


def _media_in(said: Mapping[str, str]) -> list[_Medium]:
    """List the media of all sides, in the order of the record."""
    found = (_STREAM.fullmatch(name) for name in said)
    named = dict.fromkeys((one[1], one[2]) for one in found if one is not None)
    return [_Medium(side, number, said) for side, number in named]


def _instant(text: str | None) -> datetime | BadValue:
    """Read seconds since 1970, with decimals, to the microsecond."""
    if text is None:
        return BadValue.MISSING
    found = _SECONDS.fullmatch(text)
    if found is None:
        return BadValue.UNREADABLE
    micros = int((found[2] or "").ljust(6, "0"))
    at = timedelta(seconds=int(found[1]), microseconds=micros)
    return _EPOCH + at if FIRST - _EPOCH <= at < LAST - _EPOCH else BadValue.OUT_OF_RANGE


def _count(text: str) -> int | None:
    return int(text) if _COUNT.fullmatch(text) else None


READER = Reader(
    name="rtpengine",
    title="Call records in the log of rtpengine",
    checked_against="source_code",
    source=ServerLog(GRAMMAR, Records),
    modules=(__file__, serverlines.__file__),
)
