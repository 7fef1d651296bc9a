"""What the user named → hashed logs and shards, each file and each content once."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.engine.job import Observer, Shard
from auditor.engine.logsets import LogSet, Way, identity_of
from auditor.errors import AuditorError, Fault, NothingToAuditError, SourceError
from auditor.evidence.digests import sha256_of_value
from auditor.sources.detection import explained
from auditor.sources.discover import find_logs, left_out_of
from auditor.sources.interface import Plan
from auditor.sources.registry import source_of

PIECE_BYTES = 64 << 20
"""About so much of a log is one shard: enough to keep all cores busy, little enough to show progress."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A log as it was planned, how it is read, and the marks by which a later change is noticed."""

    plan: Plan
    way: Way
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


def plan_logs(sets: Sequence[LogSet], observer: Observer, *, piece_bytes: int = PIECE_BYTES) -> Planned:
    """Find, hash and cut the logs; all faults of all logs are raised together, as SourceError."""
    found = _found(sets)
    if not found:
        named = ", ".join(path for one in sets for path in one.paths)
        raise NothingToAuditError(Fault(named, "there are no logs here"))
    observer.begin("Hashing logs", sum(Path(path).stat().st_size for path in found if Path(path).exists()))
    readings: dict[tuple[str, str], Reading] = {}
    repeated: list[tuple[str, str]] = []
    faults: list[Fault] = []
    for path, logs in found.items():
        try:
            reading = _read(path, logs, piece_bytes)
        except AuditorError as error:
            faults += error.faults
            continue
        observer.advance(reading.size)
        first = readings.setdefault((reading.plan.sha256, reading.plan.log.format), reading)
        if first is not reading:
            repeated.append((path, first.plan.log.path))
    if faults:
        raise SourceError.of(faults)
    return Planned(tuple(readings.values()), tuple(repeated), tuple(_left_out(sets, found)))


def _found(sets: Sequence[LogSet]) -> dict[str, LogSet]:
    """Find each log and the way in which it is read. Raises SourceError where two sets would read it."""
    found: dict[str, tuple[str, LogSet]] = {}
    faults: list[Fault] = []
    for logs in sets:
        try:
            paths = find_logs(logs.paths, logs.suffixes, logs.shows)
        except SourceError as error:
            faults += error.faults
            continue
        for path in paths:
            _, known = found.setdefault(os.path.realpath(path), (path, logs))
            if known is not logs and (known.format, known.told) != (logs.format, logs.told):
                text = "is named by two sets of logs, which would read it in two ways"
                faults.append(Fault(path, text, "name it once"))
    if faults:
        raise SourceError.of(faults)
    return dict(found.values())


def _left_out(sets: Sequence[LogSet], found: Iterable[str]) -> Iterator[str]:
    """Name what lies in named folders and is read by no set."""
    read = {os.path.realpath(path) for path in found}
    left = {file: None for logs in sets for file in left_out_of(logs.paths, logs.suffixes, logs.shows)}
    yield from (file for file in sorted(left) if os.path.realpath(file) not in read)


def _read(path: str, logs: LogSet, piece_bytes: int) -> Reading:
    _require_name(path)
    log, way = logs.read_as(path)
    try:
        before = log.file.stat()
    except OSError as error:
        raise SourceError(Fault(path, f"cannot be read: {error.strerror}")) from error
    try:
        plan = source_of(log).plan(log, piece_bytes=piece_bytes)
    except SourceError as error:
        raise explained(error, log) from error
    return Reading(plan, way, before.st_mtime_ns, before.st_size)


def _require_name(path: str) -> None:
    """Refuse a name that no report could print."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SourceError(Fault(path, "has a name that is not UTF-8", "rename the file")) from None


def _shard(plan: Plan, place: int) -> Shard:
    piece = plan.pieces[place]
    named = [plan.sha256, plan.log.path, identity_of(plan.log), piece.start, piece.stop]
    share = plan.bytes // len(plan.pieces)
    return Shard(sha256_of_value(named)[:24], piece, plan.sha256, share)
