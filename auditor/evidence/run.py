"""A run directory: whole or absent. It is made beside its place and moved there at the end."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from auditor.errors import Fault, RunError, UsageError
from auditor.evidence.digests import sha256_of_file
from auditor.evidence.manifest import Manifest, OutputFile

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that is being made: `directory` becomes the run directory, `shards` is left behind."""

    directory: Path
    shards: Path
    place: Path

    def outputs(self) -> list[OutputFile]:
        """List what has been written so far, by name."""
        return [_output(path) for path in sorted(self.directory.iterdir()) if path.name != MANIFEST]

    def finish(self, manifest: Manifest) -> Path:
        """Write the manifest over all that lies in the directory, and move the whole into its place."""
        sealed = manifest.model_copy(update={"outputs": self.outputs()}).sealed()
        (self.directory / MANIFEST).write_text(sealed.to_text())
        for path in self.directory.iterdir():
            _sync(path)
        _sync(self.directory)
        retired = self.shards.parent / "retired"
        if self.place.exists():
            self.place.rename(retired)
        try:
            self.directory.rename(self.place)
        except OSError:
            if retired.exists():
                retired.rename(self.place)
            raise
        _sync(self.place.parent)
        return self.place


@contextmanager
def open_run(place: Path, *, overwrite: bool = False) -> Iterator[OpenRun]:
    """Make a run directory beside `place`; leaving without `finish` leaves nothing.

    `overwrite` replaces an earlier run there, and only a run. What a killed audit left beside is taken up.
    Raises UsageError if something else is there, or if another audit is at work on the same place.
    """
    _refuse_what_is_there(place, overwrite=overwrite)
    place.parent.mkdir(parents=True, exist_ok=True)
    work = place.parent / f".{place.name}.work"
    work.mkdir(exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "wait for it, or choose another --out"
            raise UsageError(Fault(f"--out {place}", "another audit is writing there", hint)) from None
        directory, shards = work / "run", work / "shards"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        shards.mkdir(exist_ok=True)
        try:
            yield OpenRun(directory, shards, place)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def load_manifest(run: Path) -> Manifest:
    """Read the manifest of a finished run. Raises RunError where there is none, or it is not one."""
    path = run / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_text())
    except OSError:
        hint = "name the folder that `auditor audit --out` wrote"
        raise RunError(Fault(str(run), "is no run directory: it has no manifest.json", hint)) from None
    except ValueError as error:
        text = f"is not a manifest: {str(error).splitlines()[0]}"
        raise RunError(Fault(str(path), text, "`auditor verify` says more")) from None


def _refuse_what_is_there(place: Path, *, overwrite: bool) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        with suppress(OSError):
            place.rmdir()
        return
    if not overwrite:
        hint = "choose another --out, or give --overwrite to replace an earlier run"
        raise UsageError(Fault(f"--out {place}", "is there already", hint))
    if not (place / MANIFEST).is_file():
        raise UsageError(Fault(f"--out {place}", "is there and is no run, so it is not overwritten"))


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
