"""The peer connections of a log that have not ended: what all readers of client statistics share."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.webrtc.peerconnections import PeerConnection
from auditor.sources.readers.webrtc.stretches import Party

NO_STATISTICS = "no statistics of a peer connection are in this file: it says nothing of relays"
MANY_OPEN = "so many peer connections are open at once that the one longest unheard of was taken as ended"
MOST_OPEN = 10_000

PARTS = tuple(str(path) for path in sorted(Path(__file__).parent.glob("*.py")))
"""The modules that every reader of client statistics consists of, beside its own."""


@dataclass(slots=True)
class Opened:
    """Open peer connections, by what tells them apart. `any_sample` says whether one was ever sampled."""

    gathered: Gathered
    any_sample: bool = False
    _known: dict[Hashable, PeerConnection] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._known)

    def of(
        self, key: Hashable, session_id: str | None, party: Party, *, begins: bool = False
    ) -> PeerConnection:
        """Give the one that is open under a key, or open one; one that `begins` replaces another."""
        known = self._known.pop(key, None)
        if known is not None and begins:
            known.closed()
            known = None
        if known is None:
            known = PeerConnection(session_id, party, self.gathered, self.settled, whole=begins)
        self._known[key] = known
        if len(self._known) > MOST_OPEN:
            self.gathered.warning(MANY_OPEN, 1)
            self.close(next(iter(self._known)))
        return known

    def ended(self, at: datetime | None) -> None:
        """End what all of them have in use."""
        for one in self._known.values():
            one.ended(at)

    def close(self, key: Hashable, at: datetime | None = None) -> None:
        """Close one, if it is open."""
        if (known := self._known.pop(key, None)) is not None:
            known.closed(at)

    def finish(self, last_record: int) -> None:
        """Close all at the end of the file, without an end; a file that told of none is not clean."""
        for key in list(self._known):
            self.close(key)
        if last_record and not self.any_sample:
            self.gathered.warning(NO_STATISTICS, 1)

    def settled(self, rows: list[dict[str, Any]], records: int, first_record: int) -> None:
        """Hand a stretch on; the count of its records goes with its first connection."""
        for row in rows:
            self.gathered.connection(row, records=records)
            records = 0
        if records:
            self.gathered.aside("direct", first_record, records)
