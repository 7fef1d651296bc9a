"""One edition: fetched, looked at, and put in its place. Until then the old one stays as it was."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

from auditor.errors import GeoError
from auditor.geo.fetching.archive import Caps, unpack
from auditor.geo.fetching.errors import ArchiveError, RefusedError
from auditor.geo.fetching.licence import archive_name
from auditor.geo.fetching.partial import Partial, sync
from auditor.geo.fetching.server import Download, Released, Server, Tell
from auditor.geo.mmdb import Database, open_database


@dataclass(frozen=True, slots=True)
class Plan:
    """Where editions are put, and how. `keep` leaves the old one beside it; `as_of` is the clock."""

    directory: Path
    keep: bool
    preserve_file_times: bool
    as_of: datetime
    caps: Caps


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an edition.

    `was_built_at` is null if there was none that could be read, and `kept` if none was left beside.
    """

    edition: str
    path: Path
    built_at: datetime
    was_built_at: datetime | None
    changed: bool
    kept: Path | None = None


def update_edition(edition: str, server: Server, plan: Plan, tell: Tell) -> Outcome:
    """Put the newest edition in its place, if it is not there.

    Raises FetchError if the server or what it sends is at fault, OSError if the folder is.
    """
    place = plan.directory / f"{edition}.mmdb"
    partial = Partial(plan.directory, edition)
    released = server.released(edition, tell)
    ours = _opened(place, edition, plan)
    kept = _place_to_keep(place, edition, ours) if plan.keep and ours else None
    if ours and _md5_of(place) == released.md5:
        partial.discard()
        return Outcome(edition, place, ours.built_at, ours.built_at, changed=False)
    download = _fetch(released, server, partial, plan, tell)
    try:
        fresh = _looked_at(partial.fresh, edition, ours, plan)
        if plan.preserve_file_times:
            _date(partial.fresh, download.last_modified)
        if kept:
            _keep(place, kept, partial.archive)
        sync(partial.fresh)
        partial.fresh.replace(place)
        sync(plan.directory)
    finally:
        partial.discard()
    return Outcome(edition, place, fresh.built_at, ours.built_at if ours else None, changed=True, kept=kept)


def _fetch(released: Released, server: Server, partial: Partial, plan: Plan, tell: Tell) -> Download:
    """Fetch and unpack. What was put together from parts, and is no whole, is fetched once more."""
    download = server.download(released, partial, tell)
    try:
        _unpack(released, partial, plan)
    except ArchiveError as error:
        partial.discard()
        if not download.doubtful:
            raise
        tell(f"{error.text}; fetching the whole again")
        download = server.download(released, partial, tell)
        try:
            _unpack(released, partial, plan)
        except ArchiveError:
            partial.discard()
            raise
    return download


def _unpack(released: Released, partial: Partial, plan: Plan) -> None:
    md5 = unpack(partial.archive, partial.fresh, plan.caps)
    if md5 != released.md5:
        raise ArchiveError(
            f"the digest of the database is {md5}, and the server's word is {released.md5}",
            "try again later; if it stays so, tell MaxMind",
        )


def _looked_at(fresh: Path, edition: str, ours: Database | None, plan: Plan) -> Database:
    """Open the new database, and refuse what is not the edition, or older than ours."""
    try:
        database = open_database(fresh, None, plan.as_of)
    except GeoError as error:
        fault = error.faults[0]
        raise RefusedError(f"what the server sent {fault.text}", fault.hint) from None
    if database.database_type != edition:
        raise RefusedError(f"what the server sent is of the type `{database.database_type}`")
    if ours and database.built_at < ours.built_at:
        raise RefusedError(
            f"what the server sent was built on {database.built_at:%Y-%m-%d}, before ours of "
            f"{ours.built_at:%Y-%m-%d}",
            f"if you want it, move {ours.path} away",
        )
    return database


def _opened(place: Path, edition: str, plan: Plan) -> Database | None:
    """Open our edition; None if what is there is damaged, or another edition: then it is replaced."""
    try:
        database = open_database(place, None, plan.as_of)
    except GeoError:
        return None
    return database if database.database_type == edition else None


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _place_to_keep(place: Path, edition: str, ours: Database) -> Path:
    """Name the place where our edition is left. Raises RefusedError, before a download, if it is taken."""
    kept = place.with_name(archive_name(edition, ours.built_at))
    if kept.exists() and _md5_of(kept) != _md5_of(place):
        raise RefusedError(f"{kept} is there already, and is another file", "move it away")
    return kept


def _keep(place: Path, kept: Path, spare: Path) -> None:
    """Leave our edition under a second name: its own is never empty, until the new one takes it."""
    if kept.exists():
        return
    try:
        kept.hardlink_to(place)
    except OSError:  # not every file system has links
        shutil.copy2(place, spare)
        sync(spare)
        spare.replace(kept)


def _date(fresh: Path, last_modified: str | None) -> None:
    """Give a file the time that the server gave its archive, if it gave one."""
    try:
        at = parsedate_to_datetime(last_modified or "").astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return
    os.utime(fresh, (at, at))
