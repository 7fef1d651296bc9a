"""Adding to a ledger: one file and one line of the chain for each recording, whole or not at all.

The chain is written first and is the journal: a recording lies beside it under a hidden name until its line
is on the disk, and only then takes the name that the line gives. So whatever a killed recorder has left is
either named by the chain, with its digest, and finished by the next; or it was never in the ledger.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.files import identity_of
from auditor.geo.ledger.chain import CHAIN, Link, name_of, part_of, read_chain
from auditor.geo.ledger.holding import PATIENCE_SECONDS, held
from auditor.geo.ledger.ledger import Recording, verified
from auditor.geo.ledger.recorded import Examiner

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_SHOWN = "%Y-%m-%dT%H:%M:%SZ"
_PARTS = part_of(Path("locations-*.parquet")).name


@dataclass(frozen=True, slots=True)
class Added:
    """A recording that is in the ledger, and the head of the chain with it."""

    recording: Recording
    head: str


class HeldLedger:
    """A ledger that nobody else can write; intact, or GeoError is raised with everything that is wrong."""

    def __init__(self, folder: Path, chain: IO[bytes]) -> None:
        self._folder = folder
        self._chain = chain
        self.finished = _finish(folder, chain)
        """The recording that had been cut short and was finished now, if there was one."""
        whole = verified(str(folder), _content(chain), _END_OF_TIME)
        _clear(folder)
        self._last = whole.recordings[-1] if whole.recordings else None
        self._head = whole.head

    def add(self, rows: pl.DataFrame, observed_at: datetime) -> Added:
        """Add a recording of that instant (RECORDED), so that it survives a power cut.

        Raises GeoError if the last recording is not earlier, or if there is no room.
        """
        if self._last is not None and observed_at <= self._last.observed_at:
            raise GeoError(_clock_went_back(self._folder, observed_at, self._last.observed_at))
        path = self._folder / name_of(observed_at)
        with _writing(self._folder):
            rows.write_parquet(part_of(path), compression="zstd")
            _sync(part_of(path))
            _sync(self._folder)
            link = Link(path.name, identity_of(part_of(path)).sha256, self._head)
            Examiner().read(part_of(path), observed_at)  # what would be refused later must not come in
            _append(self._chain, link.line)
            _take_name(path)
        self._last = Recording(path.name, link.sha256, observed_at, rows.height)
        self._head = link.digest
        return Added(self._last, link.digest)


@contextmanager
def keep_ledger(folder: Path, *, patience: float = PATIENCE_SECONDS) -> Iterator[HeldLedger]:
    """Hold a ledger to add to it; one that is not there is begun.

    Raises GeoError if the ledger is not intact, or is held by somebody else for so many seconds.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with held(folder / CHAIN, alone=True, patience=patience) as chain:
        yield HeldLedger(folder, chain)


def _finish(folder: Path, chain: IO[bytes]) -> str | None:
    """Finish what a killed recorder had put down in the chain; give the name of the recording."""
    lines, end, tail = _content(chain).rpartition(b"\n")
    links = read_chain(str(folder / CHAIN), lines + end)
    if isinstance(links, list):
        return None
    parts = {part: identity_of(part).sha256 for part in sorted(folder.glob(_PARTS))}
    last = links[-1] if links else None
    with _writing(folder):
        if tail:
            last = _completed(parts, last, tail)
            if last is None:
                return None
            _append(chain, last.line.removeprefix(tail))
        return _take_up(folder, last, parts) if last else None


def _clear(folder: Path) -> None:
    """Take away what a killed recorder had begun, and the chain does not name."""
    with _writing(folder):
        for part in folder.glob(_PARTS):
            part.unlink()


def _completed(parts: Mapping[Path, str], last: Link | None, tail: bytes) -> Link | None:
    """Find the line that was cut off: that of a recording that is there, whole."""
    for part, sha256 in parts.items():
        name = part.name.removeprefix(".").removesuffix(".part")
        link = Link(name, sha256, last.digest if last else None)
        if link.line.startswith(tail) and _is_whole(part, link):
            return link
    return None


def _is_whole(part: Path, link: Link) -> bool:
    try:
        Examiner().read(part, link.observed_at)
    except (GeoError, ValueError):
        return False
    return True


def _take_up(folder: Path, last: Link, parts: Mapping[Path, str]) -> str | None:
    path = folder / last.file
    if path.exists() or parts.get(part_of(path)) != last.sha256:
        return None
    _take_name(path)
    return last.file


def _take_name(path: Path) -> None:
    part_of(path).rename(path)
    _sync(path.parent)


def _append(chain: IO[bytes], line: bytes) -> None:
    while line:
        line = line[chain.write(line) :]
    os.fsync(chain.fileno())


def _content(chain: IO[bytes]) -> bytes:
    chain.seek(0)
    return chain.read()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Tell the user where nothing can be written."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        words = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GeoError(Fault(str(folder), f"cannot be written: {words}")) from error


def _clock_went_back(folder: Path, observed_at: datetime, last: datetime) -> Fault:
    text = f"the clock says {observed_at:{_SHOWN}}, and the last recording is of {last:{_SHOWN}}"
    return Fault(str(folder), text, "set the clock right: what is recorded must be in order of time")


def _sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
