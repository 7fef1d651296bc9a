"""Samples of a peer connection, in order → its connections: each pair for the stretch of its use."""

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from auditor.model import TimeBasis
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.webrtc.candidates import Signalled
from auditor.sources.readers.webrtc.statistics import Selected, Statistics
from auditor.sources.readers.webrtc.stretches import Party, RowWriter, Sample, Stretch
from auditor.sources.readers.webrtc.uses import Facing, Use, uses_of

MISSED = "the path changed more often than samples show: relays that were used in between are not known"

_LITE = re.compile(r"^a=ice-lite\s*$", re.MULTILINE)
_HIDDEN = re.compile(r"candidate:\S{1,64} [0-9]{1,5} \S{1,16} [0-9]{1,20} [0-9a-fA-F-]{36}\.local ")

Settled = Callable[[list[dict[str, Any]], int, int], None]
"""Takes the connections of a stretch, none if it was direct; how many records it has taken, and its first."""


@dataclass(slots=True)
class PeerConnection:
    """One peer connection, whose connections are handed on as they end.

    `whole` says that its beginning is in the log: else what is in use at first began earlier. Until `closed`
    it holds one stretch for each transport, and what was last said of candidates.
    """

    session_id: str | None
    party: Party
    gathered: Gathered
    settled: Settled
    whole: bool
    statistics: Statistics = field(default_factory=Statistics)
    ours: Signalled = field(default_factory=Signalled)
    theirs: Signalled = field(default_factory=Signalled)
    to_server: bool = False
    to_peer: bool = False
    _failed: bool = False
    _stretches: dict[str, Stretch] = field(default_factory=dict)
    _idle: dict[str, Stretch] = field(default_factory=dict)
    _counted: dict[str, int] = field(default_factory=dict)
    _begun: dict[str, int] = field(default_factory=dict)
    _unseen: dict[str, int] = field(default_factory=dict)
    _parts: dict[int, int] = field(default_factory=dict)
    _last_record: int = 0

    @property
    def facing(self) -> Facing:
        """Say what the other side is; what speaks for both proves neither."""
        if self.to_server == self.to_peer:
            return Facing.UNKNOWN
        return Facing.SERVER if self.to_server else Facing.PEER

    def signalled(self, text: str, record: int, *, ours: bool) -> None:
        """Take a candidate or a description that one side has signalled, and what it proves of the other.

        Only a server is an ICE-lite agent (RFC 8445), and only a browser hides its address behind mDNS.
        """
        (self.ours if ours else self.theirs).take(text, record)
        if not ours:
            text = text.replace("\\r\\n", "\n")
            self.to_server |= _LITE.search(text) is not None
            self.to_peer |= _HIDDEN.search(text) is not None

    def sample(self, sample: Sample, *, records: int = 1) -> bool:
        """Take what `statistics` say now; say whether a stretch has taken the records."""
        counters = self.statistics.counters
        selected = self._in_use(counters)
        self._last_record = sample.record
        for stream, stretch in list(self._stretches.items()):
            if stream not in selected or not stretch.goes_on(selected[stream]):
                stretch.bytes = counters.get(stretch.pair, stretch.bytes)
                self._end(stream, sample.at)
        for stream, one in selected.items():
            stretch = self._stretches.get(stream) or self._begin(stream, one, sample)
            stretch.seen(sample, counters.get(one.pair))
        self._watch(sample, counters, {one.pair for one in selected.values()})
        if self._stretches:
            self._taking().records += records
        return bool(self._stretches)

    def failed(self, at: datetime | None) -> None:
        """End what is in use: samples go on to name the path that has gone, until bytes flow on it."""
        self.ended(at)
        self._failed = True

    def recovered(self) -> None:
        """Believe samples again."""
        self._failed = False

    def ended(self, at: datetime | None) -> None:
        """End what is in use; None where the log does not say when."""
        for stream in list(self._stretches):
            self._end(stream, at)

    def closed(self, at: datetime | None = None) -> None:
        """Hand on all that is left. A pair that carried bytes but was in use at no sample may be a use."""
        self.ended(at)
        for stretch in self._idle.values():
            rows = self._rows(stretch, stretch.last_at, stretch.bytes)
            self.settled([{**row, "use_proved": False} for row in rows], 0, stretch.first.record)
        self._idle.clear()
        if first := self._missed():
            self.gathered.warning(MISSED, first)

    def _in_use(self, counters: dict[str, int]) -> dict[str, Selected]:
        selected = {one.stream: one for one in self.statistics.selected}
        if self._failed:
            pairs = {one.pair for one in selected.values()}
            self._failed = all(counters.get(pair, 0) <= self._counted.get(pair, 0) for pair in pairs)
        return {} if self._failed else selected

    def _begin(self, stream: str, one: Selected, sample: Sample) -> Stretch:
        first = not self._begun
        known = sample.exact and (self.whole or not first)
        basis = TimeBasis.SAMPLE if known else TimeBasis.INFERRED
        stretch = Stretch.begun(sample, one.pair, one.local, one.remote, basis)
        stretch.sure = one.sure
        self._idle.pop(one.pair, None)
        self._counted.setdefault(one.pair, 0)
        self._begun[stream] = self._begun.get(stream, 0) + 1
        if first and not self.whole:
            self._unseen = {name: count - 1 for name, count in self.statistics.changes.items()}
        self._stretches[stream] = stretch
        return stretch

    def _end(self, stream: str, at: datetime | None) -> None:
        stretch = self._stretches.pop(stream)
        before, count = self._counted[stretch.pair], stretch.bytes
        if count is not None:
            self._counted[stretch.pair] = count
            count -= before if count >= before else 0
        self.settled(self._rows(stretch, at, count), stretch.records, stretch.first.record)
        begun = {one.first.record for one in (*self._stretches.values(), *self._idle.values())}
        begun.add(self._last_record)
        self._parts = {record: part for record, part in self._parts.items() if record in begun}

    def _rows(self, stretch: Stretch, at: datetime | None, count: int | None) -> list[dict[str, Any]]:
        writer = RowWriter(self.session_id, self.party, self.gathered)
        rows = [writer.row(stretch, use, at, count) for use in self._uses(stretch)]
        begun = self._parts.get(stretch.first.record, 0)
        self._parts[stretch.first.record] = begun + len(rows)
        return [{**row, "part": part} for part, row in enumerate(rows, begun + 1)]

    def _uses(self, stretch: Stretch) -> list[Use]:
        local, remote = self.ours.clear(stretch.local), self.theirs.clear(stretch.remote)
        seen_as = (self.statistics.reflexive | self.ours.reflexive) - self.ours.relays
        return list(uses_of(local, remote, self.facing, seen_as))

    def _taking(self) -> Stretch:
        """Choose the stretch that takes a record: one that runs over a relay, where there is one."""
        stretches = list(self._stretches.values())
        relayed = (one for one in stretches[:-1] if self._uses(one))
        return next(relayed, stretches[-1])

    def _watch(self, sample: Sample, counters: dict[str, int], in_use: AbstractSet[str]) -> None:
        """Remember pairs that carry bytes without being in use at any sample."""
        for pair, count in counters.items():
            if count == 0 or pair in in_use or pair in self._counted:
                continue
            ends = self.statistics.ends_of(pair)
            stretch = self._idle.setdefault(pair, Stretch.begun(sample, pair, *ends, TimeBasis.SAMPLE))
            stretch.local, stretch.remote = ends
            stretch.seen(sample, count)

    def _missed(self) -> int | None:
        """Give the first record that tells of changes which no sample shows."""
        changes = self.statistics.changes
        missed = any(
            count > self._begun[stream] + self._unseen.get(stream, 0)
            for stream, count in changes.items()
            if stream in self._begun
        )
        return self._last_record if missed else None
