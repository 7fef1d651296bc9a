"""One pair of candidates for one stretch of time → rows of the connection table."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.model import BadValue, TimeBasis
from auditor.sources.readers.gathered import Gathered
from auditor.sources.readers.webrtc.candidates import Candidate, is_address
from auditor.sources.readers.webrtc.statistics import Selected
from auditor.sources.readers.webrtc.uses import Use

MASKED = "addresses of relays are masked in this log: nobody can tell where these relays are"


@dataclass(slots=True)
class Party:
    """Who logged, and in which call, as far as it is known by now."""

    call_id: str | None
    participant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """When and where statistics were taken. `exact` is False where the log lets only infer when."""

    at: datetime
    record: int
    byte_offset: int | None
    exact: bool = True


@dataclass(slots=True)
class Stretch:
    """One pair in use, from its first sample on. `records` counts those that it alone has taken.

    `last_at` is when its bytes last grew.
    """

    first: Sample
    pair: str
    local: Candidate
    remote: Candidate
    basis: TimeBasis
    last_record: int
    last_at: datetime
    sure: bool = True
    records: int = 0
    bytes: int | None = None

    @classmethod
    def begun(
        cls, sample: Sample, pair: str, local: Candidate, remote: Candidate, basis: TimeBasis
    ) -> "Stretch":
        """Begin with a sample."""
        return cls(sample, pair, local, remote, basis, last_record=sample.record, last_at=sample.at)

    def goes_on(self, now: Selected) -> bool:
        """Say whether the same pair is still in use, and take what is newly known of it."""
        local, remote = self.local.merged(now.local), self.remote.merged(now.remote)
        if now.pair != self.pair or local is None or remote is None:
            return False
        self.local, self.remote, self.sure = local, remote, self.sure and now.sure
        return True

    def seen(self, sample: Sample, count: int | None) -> None:
        """Take what a later sample says of its bytes."""
        self.last_record = sample.record
        if count is not None and count != self.bytes:
            self.last_at = sample.at
            self.bytes = count


@dataclass(frozen=True, slots=True)
class RowWriter:
    """Writes the rows of one peer connection, and tells what of them could not be read."""

    session_id: str | None
    party: Party
    gathered: Gathered

    def row(self, stretch: Stretch, use: Use, ended_at: datetime | None, count: int | None) -> dict[str, Any]:
        """Write one use of a stretch; `count` are its bytes: where none, only checks passed."""
        self._tell_of(use.relay, stretch.first.record)
        return {
            "record": stretch.first.record,
            "last_record": stretch.last_record,
            "byte_offset": stretch.first.byte_offset,
            "call_id": self.party.call_id,
            "session_id": self.session_id,
            "participant_id": self.party.participant_id if use.ours else None,
            "role": use.role,
            "relay_ip": use.relay.address,
            "relay_port": use.relay.port,
            "relay_name": use.name,
            "client_ip": use.client_ip,
            "started_at": stretch.first.at,
            "ended_at": self._end(stretch, ended_at),
            "time_basis": stretch.basis,
            "bytes": count,
            "use_proved": use.proved and stretch.sure and count != 0,
            "extra": _extra(use.relay),
        }

    def _tell_of(self, relay: Candidate, record: int) -> None:
        if relay.address is not None and not is_address(relay.address):
            self.gathered.warning(MASKED, record)
        if relay.port_written is not None:
            self.gathered.unread("relay_port", BadValue.UNREADABLE, record, relay.port_written)

    def _end(self, stretch: Stretch, ended_at: datetime | None) -> datetime | None:
        if ended_at is None or ended_at >= stretch.first.at:
            return ended_at
        record = stretch.first.record
        self.gathered.unread("ended_at", BadValue.END_BEFORE_START, record, ended_at.isoformat())
        return None


def _extra(relay: Candidate) -> str | None:
    """Keep what tells how the relay was reached, and which record gave its address where it was masked."""
    said = {
        "candidate_type": relay.kind,
        "protocol": relay.protocol,
        "relay_protocol": relay.relay_protocol,
        "url": relay.url,
        "address_from_record": relay.signalled_in,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return json.dumps(known) if known else None
