"""Where location databases are looked for, and the opening of all of them at once.

Design: GEOLOCATION.md, sections 2 and 10.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.mmdb import Database, has_countries, open_database
from auditor.geo.schemas import Opinion

STANDARD_PLACES = ("/usr/local/share/GeoIP", "/usr/share/GeoIP", "/var/lib/GeoIP")
"""Where `geoipupdate` and the distributions put databases; the first that has one is used."""

VARIABLE = "AUDITOR_GEO"

_HINT = (
    "fetch one with `geoipupdate`, or name a file or folder: `--geo PATH`; AUDITOR_GEO takes the same, "
    f"several separated by `{os.pathsep}`"
)


def open_databases(geo: Sequence[str], environ: Mapping[str, str], as_of: datetime) -> tuple[Database, ...]:
    """Find and open every database, in the order in which they were named.

    A file that is named twice is opened once. Raises GeoError with the faults of all of them, or if there is
    none.
    """
    opened: dict[str, Database] = {}
    faults: list[Fault] = []
    for path, opinion in find_databases(geo, environ):
        try:
            database = open_database(path, opinion, as_of)
        except GeoError as error:
            faults.extend(error.faults)
        else:
            first = opened.setdefault(database.sha256, database)
            if first.opinion != database.opinion:
                faults.append(Fault(path, f"is both a {first.opinion} and a {database.opinion} database"))
    if faults:
        raise GeoError.of(faults)
    return tuple(opened.values())


def find_databases(
    geo: Sequence[str], environ: Mapping[str, str], places: Sequence[str] = STANDARD_PLACES
) -> list[tuple[str, str | None]]:
    """List paths with the opinion that the user gave, if any: of `--geo`, else AUDITOR_GEO, else `places`.

    A value is `PATH`, `location:PATH` or `registration:PATH`; a folder stands for its `*.mmdb` that may have
    countries. Raises GeoError if nothing was found, with all that was looked for.
    """
    named = [*geo] or [value for value in environ.get(VARIABLE, "").split(os.pathsep) if value]
    if named:
        return list(_files_of(named))
    for place in places:
        found = list(_files_in(Path(place), None))
        if found:
            return found
    looked_for = f"`--geo` and {VARIABLE} name none, and none lies in {', '.join(places)}"
    raise GeoError(Fault("", f"no location database: {looked_for}", _HINT))


def _files_of(values: Iterable[str]) -> Iterable[tuple[str, str | None]]:
    for value in values:
        opinion, path = _split(value)
        if not Path(path).is_dir():
            yield path, opinion
            continue
        found = list(_files_in(Path(path), opinion))
        if not found:
            raise GeoError(Fault(path, "has no location database (`*.mmdb`) in it", _HINT))
        yield from found


def _files_in(folder: Path, opinion: str | None) -> Iterable[tuple[str, str | None]]:
    return [(str(path), opinion) for path in sorted(folder.glob("*.mmdb")) if has_countries(path)]


def _split(value: str) -> tuple[str | None, str]:
    before, colon, after = value.partition(":")
    return (before, after) if colon and before in set(Opinion) else (None, value)
