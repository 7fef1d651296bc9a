"""Where databases are looked for, and the opening of all of them at once.

Design: GEOLOCATION.md, sections 2 and 10.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.fetching.settings import configured_directory
from auditor.geo.mmdb import Database, open_database
from auditor.geo.readers import type_of
from auditor.geo.schemas import Opinion, is_about_something_else, opinion_implied
from auditor.geo.standard_places import STANDARD_PLACES

VARIABLE = "AUDITOR_GEO"

_HINT = (
    "fetch one with `auditor geo update`, or name a file or folder: `--geo PATH`; "
    f"AUDITOR_GEO takes the same, several separated by `{os.pathsep}`"
)
_OPINIONS = ", ".join(f"`{opinion}`" for opinion in Opinion)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that the user named, or that lies in a folder so named, with what was said of it."""

    path: str
    opinion: str | None = None
    vendor: str | None = None


def open_databases(
    geo: Sequence[str], environ: Mapping[str, str], as_of: datetime, *, location_needed: bool = True
) -> tuple[Database, ...]:
    """Find and open every database, in the order in which they were named.

    A file that is named twice is opened once. Raises GeoError with the faults of all of them, or if there is
    none; also if none tells where an address is, unless that is not needed.
    """
    opened: dict[str, Database] = {}
    faults: list[Fault] = []
    for found in describe_all(geo, environ, as_of):
        if isinstance(found, Fault):
            faults.append(found)
            continue
        first = opened.setdefault(found.sha256, found)
        if (first.opinion, first.vendor) != (found.opinion, found.vendor):
            faults.append(Fault(found.path, f"is named as {_said(first)} and as {_said(found)}"))
    faults += _of_unknown_makers(opened.values())
    if not faults and location_needed and all(d.opinion is not Opinion.LOCATION for d in opened.values()):
        named = ", ".join(f"{database.path} ({database.opinion})" for database in opened.values())
        faults.append(Fault("", f"no location database: only {named}", _HINT))
    if faults:
        raise GeoError.of(faults)
    return tuple(opened.values())


def _of_unknown_makers(databases: Iterable[Database]) -> Iterator[Fault]:
    """Find several databases of a type that tells no maker: they may be editions, or strangers."""
    first: dict[str, Database] = {}
    for database in databases:
        tells_maker = database.vendor or opinion_implied(database.database_type)
        if tells_maker or database.opinion is not Opinion.LOCATION:
            continue
        known = first.setdefault(database.database_type, database)
        if known is not database:
            text = f"is of the same type as {known.path}, and nothing tells whose the two are"
            hint = "say it: `--geo location@VENDOR:PATH`; those of one vendor are editions of one opinion"
            yield Fault(database.path, text, hint)


def describe_all(geo: Sequence[str], environ: Mapping[str, str], as_of: datetime) -> list[Database | Fault]:
    """Tell of each file what it is or what is wrong with it, in the order in which they were named.

    Raises GeoError if there is none.
    """
    described: list[Database | Fault] = []
    for named in find_databases(geo, environ):
        try:
            described.append(open_database(named.path, named.opinion, as_of, named.vendor))
        except GeoError as error:
            described.extend(error.faults)
    return described


def find_databases(
    geo: Sequence[str], environ: Mapping[str, str], places: Sequence[str] | None = None
) -> list[NamedFile]:
    """List the files of `--geo`, else of AUDITOR_GEO, else of the first of `places` with a location database.

    `places` are those where updates are put by GeoIP.conf, and where they usually lie.
    A value is `PATH`, `OPINION:PATH` or `OPINION@VENDOR:PATH`; a folder stands for its `*.mmdb` of which any
    use can be made. Raises GeoError if nothing was found, with all that was looked for.
    """
    values = [*geo] or [value for value in environ.get(VARIABLE, "").split(os.pathsep) if value]
    if values:
        return list(_files_of(values))
    if places is None:
        configured = configured_directory(environ)
        places = [*([str(configured)] if configured else []), *STANDARD_PLACES]
    in_places = [_files_in(NamedFile(place)) for place in places]
    found = next((files for files in in_places if any(_may_locate(file) for file in files)), None)
    found = found or next(filter(None, in_places), None)
    if found:
        return found
    looked_for = f"`--geo` and {VARIABLE} name none, and none lies in {', '.join(places)}"
    raise GeoError(Fault("", f"no location database: {looked_for}", _HINT))


def _files_of(values: Iterable[str]) -> Iterator[NamedFile]:
    for value in values:
        named = _named(value)
        if not Path(named.path).is_dir():
            yield named
            continue
        found = _files_in(named)
        if not found:
            raise GeoError(Fault(named.path, "has no database (`*.mmdb`) in it", _HINT))
        yield from found


def _files_in(folder: NamedFile) -> list[NamedFile]:
    """List what lies in a folder; not what is known to be of no use."""
    files = (
        NamedFile(str(path), folder.opinion, folder.vendor)
        for path in sorted(Path(folder.path).glob("*.mmdb"))
    )
    return [file for file in files if not is_about_something_else(type_of(Path(file.path)) or "")]


def _may_locate(file: NamedFile) -> bool:
    database_type = type_of(Path(file.path))
    return database_type is None or opinion_implied(database_type) in (Opinion.LOCATION, None)


def _named(value: str) -> NamedFile:
    """Take a value apart. Whatever does not begin with an opinion is a path."""
    if not value:
        raise GeoError(Fault("", "`--geo` names nothing", "a variable in the command may be empty"))
    said, colon, path = value.partition(":")
    opinion, at, vendor = said.partition("@")
    if not colon or opinion not in set(Opinion):
        return NamedFile(value)
    if at and not vendor:
        raise GeoError(Fault(value, "names no vendor after the `@`", "write `location@VENDOR:PATH`"))
    return NamedFile(path, opinion, vendor or None)


def _said(database: Database) -> str:
    vendor = f" of {database.vendor}" if database.vendor else ""
    return f"a {database.opinion} database{vendor}"
