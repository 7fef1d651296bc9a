"""With what to fetch editions, from where, and to where: the file, under the environment, under the options.

Design: GEOLOCATION.md, section 10.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from auditor.errors import Fault, GeoError
from auditor.geo.fetching import words
from auditor.geo.fetching.secret import Secret
from auditor.geo.fetching.written import (
    CONF_FILE,
    Entry,
    Word,
    Written,
    written_in_environment,
    written_in_file,
)
from auditor.geo.fields import NotReadableError
from auditor.geo.schemas import is_about_something_else
from auditor.geo.standard_places import STANDARD_PLACES

STANDARD_FILES = ("/usr/local/etc/GeoIP.conf", "/etc/GeoIP.conf")
"""Where the settings are looked for; the first that is there is read."""

SERVER = "https://updates.maxmind.com"
RETRY_FOR = timedelta(minutes=5)
LOCK_FILE = ".geoipupdate.lock"
"""The name of the lock of MaxMind's own updating program, so that the two never run at once."""

_NEEDED = {
    Word.ACCOUNT_ID: "write it into `GeoIP.conf`, or set GEOIPUPDATE_ACCOUNT_ID",
    Word.LICENSE_KEY: "write it into `GeoIP.conf`, or set GEOIPUPDATE_LICENSE_KEY_FILE",
    Word.EDITION_IDS: "write `EditionIDs GeoLite2-Country` into `GeoIP.conf`, or give `--edition`",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, which goes before all else."""

    config: Path | None = None
    directory: Path | None = None
    editions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """All that an update needs to know. `notes` tell what was written and is not followed."""

    account_id: int
    license_key: Secret
    editions: tuple[str, ...]
    directory: Path
    host: str
    proxy: Secret | None
    lock_file: Path
    preserve_file_times: bool
    retry_for: timedelta
    notes: tuple[Fault, ...]


def load_settings(
    options: Options, environ: Mapping[str, str], standard_files: Sequence[str] = STANDARD_FILES
) -> Settings:
    """Gather the settings. Raises GeoError with all faults, none of which shows a secret."""
    written = _written(options.config, environ, standard_files)
    reading = _Reading(written.entries)
    account_id = reading.needed(Word.ACCOUNT_ID, words.account_of, 0)
    license_key = reading.needed(Word.LICENSE_KEY, words.license_key_of, Secret(""))
    editions = options.editions or reading.needed(Word.EDITION_IDS, words.editions_of, ())
    parallelism = reading.read(Word.PARALLELISM, words.parallelism_of, 1)
    directory = options.directory or reading.read(
        Word.DATABASE_DIRECTORY, words.path_of, _standard_directory()
    )
    user_password = reading.read(Word.PROXY_USER_PASSWORD, words.user_password_of, None)
    settings = Settings(
        account_id=account_id,
        license_key=license_key,
        editions=tuple(edition for edition in editions if not is_about_something_else(edition)),
        directory=directory,
        host=reading.read(Word.HOST, words.host_of, SERVER),
        proxy=reading.read(Word.PROXY, lambda written: words.proxy_of(written, user_password), None),
        lock_file=reading.read(Word.LOCK_FILE, words.path_of, directory / LOCK_FILE),
        preserve_file_times=reading.read(Word.PRESERVE_FILE_TIMES, words.flag_of, default=False),
        retry_for=reading.read(Word.RETRY_FOR, words.duration_of, RETRY_FOR),
        notes=(*written.notes, *_notes(editions, parallelism)),
    )
    faults = [*written.faults, *reading.faults]
    if faults:
        raise GeoError.of(faults)
    return settings


def configured_directory(
    environ: Mapping[str, str], standard_files: Sequence[str] = STANDARD_FILES
) -> Path | None:
    """Say where updates are put, for whoever looks for databases; None where nothing says it.

    What else is in the file, and whether it can be read, is of no concern here.
    """
    entry = _written(None, environ, standard_files).entries.get(Word.DATABASE_DIRECTORY)
    return Path(entry.value) if entry and "\0" not in entry.value else None


def _written(config: Path | None, environ: Mapping[str, str], standard_files: Sequence[str]) -> Written:
    named = config or environ.get(CONF_FILE) or next(filter(_is_there, standard_files), None)
    file = written_in_file(Path(named)) if named else Written({})
    return file.under(written_in_environment(environ))


def _is_there(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # in a folder that may not be entered: to read it says so
        return True


def _notes(editions: tuple[str, ...], parallelism: int) -> Iterator[Fault]:
    """Tell what is not done that was asked for."""
    if parallelism > 1:
        yield Fault("", f"`{Word.PARALLELISM}` is not followed: editions are fetched one after another")
    for edition in filter(is_about_something_else, editions):
        yield Fault(edition, "is not fetched: an audit makes no use of it", "leave it to geoipupdate")


def _standard_directory() -> Path:
    """Choose the first of the standard places that is there: an audit looks in all of them."""
    places = [Path(place) for place in STANDARD_PLACES]
    return next((place for place in places if place.is_dir()), places[0])


class _Reading:
    """Reads entries, and gathers what is wrong with them."""

    def __init__(self, entries: Mapping[Word, Entry]) -> None:
        self._entries = entries
        self.faults: list[Fault] = []

    def read(self, word: Word, reader: Callable[[str], T], default: T) -> T:
        entry = self._entries.get(word)
        if entry is None:
            return default
        try:
            return reader(entry.value)
        except NotReadableError as error:
            self.faults.append(Fault(entry.place, error.text, error.hint))
            return default

    def needed(self, word: Word, reader: Callable[[str], T], default: T) -> T:
        if word not in self._entries:
            self.faults.append(Fault("", f"`{word}` is not set", _NEEDED[word]))
        return self.read(word, reader, default)
