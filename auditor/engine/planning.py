"""What the user named → hashed logs and shards, each file and each content once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.engine.job import Observer, Shard
from auditor.errors import AuditorError, Fault, NothingToAuditError, SourceError
from auditor.sources.discover import find_logs, left_out_of, log_of
from auditor.sources.interface import Plan
from auditor.sources.mapping import Mapping
from auditor.sources.registry import source_of

PIECE_BYTES = 64 << 20
"""About so much of a log is one shard: enough to keep all cores busy, little enough to show progress."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A log as it was planned, and the marks by which a later change is noticed."""

    plan: Plan
    modified_ns: int
    size: int

    def faults(self) -> list[Fault]:
        """Tell whether the file is no longer what was hashed."""
        try:
            now = self.plan.log.file.stat()
        except OSError as error:
            return [Fault(self.plan.log.path, f"was taken away while it was read: {error.strerror}")]
        if (now.st_mtime_ns, now.st_size) == (self.modified_ns, self.size):
            return []
        hint = "audit a log only when nothing writes to it any more"
        return [Fault(self.plan.log.path, "changed while it was read", hint)]


@dataclass(frozen=True, slots=True)
class Planned:
    """All logs to read.

    `repeated` names files left unread, each with the one that has the same content; `left_out` the files of
    named folders that are no logs by their suffix.
    """

    readings: tuple[Reading, ...]
    repeated: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()

    def shards(self) -> list[Shard]:
        """Give every piece of every log, in the order of the logs."""
        return [
            _shard(reading.plan, place)
            for reading in self.readings
            for place in range(len(reading.plan.pieces))
        ]

    def verify_unchanged(self) -> None:
        """Raise SourceError if a log was written to since it was hashed."""
        faults = [fault for reading in self.readings for fault in reading.faults()]
        if faults:
            raise SourceError(*faults)


def plan_logs(
    arguments: Sequence[str], mapping: Mapping | None, observer: Observer, *, piece_bytes: int = PIECE_BYTES
) -> Planned:
    """Find, hash and cut the logs; all faults of all logs are raised together, as SourceError."""
    paths = find_logs(arguments)
    if not paths:
        raise NothingToAuditError(Fault(", ".join(arguments), "there are no logs here"))
    observer.begin("Hashing logs", sum(Path(path).stat().st_size for path in paths if Path(path).exists()))
    readings: dict[tuple[str, str], Reading] = {}
    repeated: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            reading = _read(path, mapping, piece_bytes)
        except AuditorError as error:
            faults += error.faults
            continue
        observer.advance(reading.size)
        first = readings.setdefault((reading.plan.sha256, reading.plan.log.format), reading)
        if first is not reading:
            repeated.append((path, first.plan.log.path))
    if faults:
        raise SourceError.of(faults)
    return Planned(tuple(readings.values()), tuple(repeated), tuple(left_out_of(arguments)))


def _read(path: str, mapping: Mapping | None, piece_bytes: int) -> Reading:
    _require_name(path)
    log = log_of(path, mapping)
    try:
        before = log.file.stat()
    except OSError as error:
        raise SourceError(Fault(path, f"cannot be read: {error.strerror}")) from error
    plan = source_of(log).plan(log, piece_bytes=piece_bytes)
    return Reading(plan, before.st_mtime_ns, before.st_size)


def _require_name(path: str) -> None:
    """Refuse a name that no report could print."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SourceError(Fault(path, "has a name that is not UTF-8", "rename the file")) from None


def _shard(plan: Plan, place: int) -> Shard:
    piece = plan.pieces[place]
    named = (plan.sha256, plan.log.path, plan.log.format, plan.log.mapping.sha256, piece.start, piece.stop)
    identity = hashlib.sha256(repr(named).encode()).hexdigest()[:24]
    share = plan.bytes // len(plan.pieces)
    return Shard(identity, piece, plan.sha256, share)
