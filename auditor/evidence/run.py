"""A run directory: whole or absent. It is made beside its place and moved there at the end."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import polars as pl

from auditor.errors import Fault, RunError, UsageError
from auditor.evidence.digests import sha256_of_file
from auditor.evidence.manifest import Manifest, OutputFile

MANIFEST = "manifest.json"

_RETIRED = "retired"
"""Where an earlier run lies, in the folder of the work, between its replacement and the end."""

_NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)))


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is being made: `directory` becomes the run directory, `shards` is left behind."""

    directory: Path
    shards: Path
    place: Path
    overwrite: bool = False

    def outputs(self) -> list[OutputFile]:
        """List what has been written so far, by name."""
        return [_output(path) for path in sorted(self.directory.iterdir()) if path.name != MANIFEST]

    def finish(self, manifest: Manifest) -> Path:
        """Write the manifest over all that lies in the directory, and move the whole into its place.

        Raises UsageError if something has come there meanwhile that may not be replaced.
        """
        sealed = manifest.model_copy(update={"outputs": self.outputs()}).sealed()
        (self.directory / MANIFEST).write_text(sealed.to_text(), encoding="utf-8")
        for path in self.directory.iterdir():
            _sync(path)
        _sync(self.directory)
        _refuse_what_is_there(self.place, overwrite=self.overwrite)
        retired = self.shards.parent / _RETIRED
        if self.place.exists():
            self.place.rename(retired)
        self.directory.rename(self.place)
        _sync(self.place.parent)
        return self.place


@contextmanager
def open_run(place: Path, *, overwrite: bool = False) -> Iterator[OpenRun]:
    """Make a run directory beside `place`; leaving without `finish` leaves nothing.

    `overwrite` replaces an earlier run there, and only a run. What a killed audit left beside is taken up.
    Raises UsageError if something else is there, if another audit is at work on the same place, or if
    nothing can be written there; RunError if there is no more room.
    """
    _require_name(place)
    whole = Path(os.path.abspath(place))  # noqa: PTH100  a link at the place is what is replaced, not its target
    work = whole.parent / f".{whole.name}.work"
    with _locked(work, place):
        try:
            with _writable(place):
                _restore(work / _RETIRED, place)
                _refuse_what_is_there(place, overwrite=overwrite)
                run = OpenRun(work / "run", work / "shards", place, overwrite)
                shutil.rmtree(run.directory, ignore_errors=True)
                run.directory.mkdir()
                run.shards.mkdir(exist_ok=True)
            with _room(place):
                yield run
        finally:
            _restore(work / _RETIRED, place)
            shutil.rmtree(work, ignore_errors=True)


def load_manifest(run: Path) -> Manifest:
    """Read the manifest of a finished run. Raises RunError where there is none, or it is not one."""
    path = run / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        hint = "name the folder that `auditor audit --out` wrote"
        raise RunError(Fault(str(run), "is no run directory: it has no manifest.json", hint)) from None
    except OSError as error:
        raise RunError(Fault(str(path), f"cannot be read: {error.strerror}")) from None
    except ValueError as error:
        text = f"is not a manifest: {str(error).splitlines()[0]}"
        raise RunError(Fault(str(path), text, "`auditor verify` says more")) from None


def _refuse_what_is_there(place: Path, *, overwrite: bool) -> None:
    if not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir())):
        return
    if not overwrite:
        hint = "choose another --out, or give --overwrite to replace an earlier run"
        raise UsageError(Fault(f"--out {place}", "is there already", hint))
    if not (place / MANIFEST).is_file():
        raise UsageError(Fault(f"--out {place}", "is there and is no run, so it is not overwritten"))


def _require_name(place: Path) -> None:
    try:
        str(place).encode()
    except UnicodeEncodeError:
        raise UsageError(Fault(f"--out {place}", "is no name in UTF-8")) from None


@contextmanager
def _writable(place: Path) -> Iterator[None]:
    """Tell the user where nothing can be written."""
    try:
        yield
    except OSError as error:
        hint = "choose another --out"
        raise UsageError(Fault(f"--out {place}", f"cannot be written: {error.strerror}", hint)) from error


@contextmanager
def _room(place: Path) -> Iterator[None]:
    """Tell the user that the disk is full, or may no longer be written."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        text = next((text for text in _NO_ROOM if text in str(error)), None)  # polars knows no errno
        if text is None:
            raise
        hint = "nothing was kept: make room, or choose another --out"
        raise RunError(Fault(f"--out {place}", f"cannot be written: {text}", hint)) from error


@contextmanager
def _locked(work: Path, place: Path) -> Iterator[None]:
    """Hold the folder of the work alone."""
    with _writable(place):
        lock = _open_lock(work)
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = (work / "lock").stat().st_ino == os.fstat(lock.fileno()).st_ino
        except (BlockingIOError, FileNotFoundError):
            held = False
        if not held:  # or the other one has just ended, and taken the folder with it
            hint = "wait for it, or choose another --out"
            raise UsageError(Fault(f"--out {place}", "another audit is writing there", hint))
        yield


def _open_lock(work: Path) -> TextIO:
    work.mkdir(parents=True, exist_ok=True)
    return (work / "lock").open("w")


def _restore(retired: Path, place: Path) -> None:
    """Put an earlier run back that was taken from its place, where no other has come there."""
    if retired.exists() and not os.path.lexists(place):
        retired.rename(place)


def _output(path: Path) -> OutputFile:
    rows = pl.scan_parquet(path).select(pl.len()).collect().item() if path.suffix == ".parquet" else None
    return OutputFile(name=path.name, rows=rows, bytes=path.stat().st_size, sha256=sha256_of_file(path))


def _sync(path: Path) -> None:
    """Make sure that a name survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
