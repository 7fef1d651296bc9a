"""An update of several editions: one that fails does not keep the others back."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.fetching.edition import Outcome, Plan, update_edition
from auditor.geo.fetching.errors import FetchError
from auditor.geo.fetching.partial import clean
from auditor.geo.fetching.patience import Patience
from auditor.geo.fetching.server import Server
from auditor.geo.fetching.settings import Settings


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of the editions, in the order in which they were named, and of those that failed."""

    outcomes: tuple[Outcome, ...]
    faults: tuple[Fault, ...]


def update(settings: Settings, plan: Plan, patience: Patience, tell: Callable[[str], None]) -> Updated:
    """Bring all editions up to date, holding the lock.

    `tell` is told of what makes it wait, a line at a time. Raises GeoError if nothing could be begun.
    """
    with _folder(plan.directory), _locked(settings.lock_file):
        clean(plan.directory, settings.editions, plan.as_of)
        server = Server(settings, patience, plan.caps)

        def brought(edition: str) -> Outcome | Fault:
            try:
                return update_edition(edition, server, plan, lambda text: tell(f"{edition}: {text}"))
            except FetchError as error:
                return error.fault_of(edition)
            except OSError as error:
                return _refused(edition, error, "the old edition was left as it was")

        found = [brought(edition) for edition in settings.editions]
    outcomes = tuple(one for one in found if isinstance(one, Outcome))
    return Updated(outcomes, tuple(one for one in found if isinstance(one, Fault)))


@contextmanager
def _folder(directory: Path) -> Iterator[None]:
    """Make sure that there is a folder to write to."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GeoError(_refused(str(directory), error, "choose another --dir")) from None
    yield


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file, as MaxMind's own program does; it stays when the lock is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o666)
    except OSError as error:
        raise GeoError(_refused(str(path), error, "name another `LockFile`")) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GeoError(Fault(str(path), "another update is at work", "wait for it")) from None
        yield
    finally:
        os.close(descriptor)


def _refused(place: str, error: OSError, hint: str) -> Fault:
    shown = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    where = f"{shown}: " if shown and shown != place else ""
    return Fault(place, f"{where}cannot be written: {error.strerror or error}", hint)
