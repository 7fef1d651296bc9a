"""The log of Jitsi Videobridge: the addresses that ICE chose for each endpoint → media connections."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.model import BadValue, Role, TimeBasis
from auditor.sources.interface import Log
from auditor.sources.readers import jitsilines, serverlines
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.jitsilines import Said, grammar_of, said_in
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import (
    OPEN_MOST,
    Line,
    Row,
    ServerLog,
    ended,
    host_of,
    port_of,
    seen_by_peers,
)

_CHOSEN = "Selected pair for stream "
_PAIR = re.compile(
    r"Selected pair for stream (?P<stream>\S+): "
    r"(?P<local>\S+):(?P<port>\d+)/(?P<transport>\w+)/(?P<local_type>\w+) -> "
    r"(?P<remote>\S+):\d+/\w+/(?P<remote_type>host|srflx|prflx|relay|local|stun)(?: \(.*)?\s*"
)
_IN_STREAM = re.compile(r"stream-(\w+)\.")
_GONE = ("Expiring.", "Expired.")
_LINK = ("relayId", "relay_id")
"""In the context of a link to another bridge, which no client uses."""

_RELAYED = "relay"


@dataclass(slots=True)
class Endpoints:
    """Follows the endpoints of a bridge: what is `open`, by conference, endpoint and stream."""

    log: Log
    gathered: Gathered
    open: dict[str, dict[str, dict[str, list[Row]]]] = field(default_factory=dict)
    streams: int = 0
    most: int = OPEN_MOST

    def take(self, line: Line) -> None:
        """Take a line that tells of a chosen pair, or of an endpoint or a conference that is gone."""
        said = said_in(line.text)
        if said is None or any(key in said.context for key in _LINK):
            self.gathered.aside("other_event", line.number)
        elif said.text.startswith(_CHOSEN):
            self._chosen(line, said)
        elif said.text.strip() in _GONE:
            self._gone(line, said)
        else:
            self.gathered.aside("other_event", line.number)

    def finish(self) -> None:
        """Leave open what has not ended."""
        for conference in list(self.open):
            self._hand_on(self._taken(conference, None), None)

    def _chosen(self, line: Line, said: Said) -> None:
        pair = _PAIR.fullmatch(said.text)
        if pair is None:
            self.gathered.reject(line.broken, line.number, line.offset, line.text)
            return
        if isinstance(line.at, BadValue):
            self.gathered.reject(line.at, line.number, line.offset, line.text, "started_at")
            return
        rows = self._rows(line, said, pair)
        conference, endpoint = _conference_of(said), _endpoint_of(said, pair["stream"])
        if conference is None or endpoint is None:
            self._hand_on([rows], None)
            return
        streams = self.open.setdefault(conference, {}).setdefault(endpoint, {})
        if before := streams.pop(pair["stream"], None):
            self._hand_on([before], None)
        else:
            self.streams += 1
        streams[pair["stream"]] = rows
        if self.streams > self.most:
            self._hand_on(self._taken(next(iter(self.open)), None), None)

    def _gone(self, line: Line, said: Said) -> None:
        conference = _conference_of(said)
        taken = [] if conference is None else list(self._taken(conference, said.context.get("epId")))
        if taken:
            self._hand_on(taken, line)
        else:
            self.gathered.aside("other_event", line.number)

    def _taken(self, conference: str, endpoint: str | None) -> Iterator[list[Row]]:
        """Take what is open of an endpoint, or of a whole conference, out."""
        endpoints = self.open.get(conference, {})
        for name in list(endpoints) if endpoint is None else [endpoint]:
            streams = endpoints.pop(name, {})
            self.streams -= len(streams)
            yield from streams.values()
        if not endpoints:
            self.open.pop(conference, None)

    def _hand_on(self, taken: Iterable[list[Row]], line: Line | None) -> None:
        """Hand connections on, with the line that ended them; it is counted once, with the first of them."""
        ending = 0 if line is None else 1
        for rows in taken:
            own = 1
            for row in rows:
                self.gathered.connection(ended(row, line, self.gathered), records=own + ending)
                own = ending = 0

    def _rows(self, line: Line, said: Said, pair: re.Match[str]) -> list[Row]:
        """Build the bridge's connection, and where the client came by a TURN server that server's too."""
        shared: Row = {
            "record": line.number,
            "byte_offset": line.offset,
            "call_id": said.context.get("meeting_id") or _conference_of(said),
            "session_id": said.context.get("confId"),
            "participant_id": _endpoint_of(said, pair["stream"]),
            "started_at": line.at,
            "time_basis": TimeBasis.CONNECTION.value,
            "use_proved": True,
        }
        types = {"transport": pair["transport"], "local": pair["local_type"], "remote": pair["remote_type"]}
        remote = host_of(pair["remote"])
        bridge = {
            **shared,
            "role": Role.MEDIA.value,
            "relay_ip": seen_by_peers(host_of(pair["local"]), self.log.told),
            "relay_port": port_of(pair["port"], line, self.gathered),
            "client_ip": None if pair["remote_type"] == _RELAYED else remote,
            "extra": json.dumps(types),
        }
        if pair["remote_type"] != _RELAYED:
            return [bridge]
        return [bridge, {**shared, "part": 2, "role": Role.TURN.value, "relay_ip": remote}]


def _conference_of(said: Said) -> str | None:
    """Name the conference: its id on this bridge is of this one meeting, its room's name is not."""
    return said.context.get("confId") or said.context.get("meeting_id") or said.context.get("conf_name")


def _endpoint_of(said: Said, stream: str) -> str | None:
    named = _IN_STREAM.match(stream)
    return said.context.get("epId") or (named[1] if named else None)


READER = Reader(
    name="jvb",
    title="Log of Jitsi Videobridge",
    checked_against="source_code",
    source=ServerLog(grammar_of("JVB", r"Selected pair for stream |: Expir(?:ing|ed)\."), Endpoints),
    modules=(__file__, jitsilines.__file__, serverlines.__file__),
)
