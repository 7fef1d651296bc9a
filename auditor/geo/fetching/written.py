"""What was written for an update, and where: in `GeoIP.conf`, or in the environment.

Design: GEOLOCATION.md, section 10. The words are those of MaxMind's own updating program.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from auditor.errors import Fault
from auditor.text import nearest, read_text


class Word(StrEnum):
    """What can be set, as it is spelled in `GeoIP.conf`."""

    ACCOUNT_ID = "AccountID"
    LICENSE_KEY = "LicenseKey"
    EDITION_IDS = "EditionIDs"
    DATABASE_DIRECTORY = "DatabaseDirectory"
    HOST = "Host"
    PROXY = "Proxy"
    PROXY_USER_PASSWORD = "ProxyUserPassword"  # noqa: S105  the name of a setting
    PRESERVE_FILE_TIMES = "PreserveFileTimes"
    LOCK_FILE = "LockFile"
    RETRY_FOR = "RetryFor"
    PARALLELISM = "Parallelism"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value as it was written, and its place. The value may be a secret."""

    value: str = field(repr=False)
    place: str


@dataclass(frozen=True, slots=True)
class Written:
    """All that one place says. `notes` tell what is there and is not followed."""

    entries: Mapping[Word, Entry]
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()

    def under(self, later: "Written") -> "Written":
        """Lay what is said later over this."""
        return Written(
            {**self.entries, **later.entries}, self.faults + later.faults, self.notes + later.notes
        )


CONF_FILE = "GEOIPUPDATE_CONF_FILE"

VARIABLES: Mapping[str, Word] = {
    "GEOIPUPDATE_ACCOUNT_ID": Word.ACCOUNT_ID,
    "GEOIPUPDATE_LICENSE_KEY": Word.LICENSE_KEY,
    "GEOIPUPDATE_EDITION_IDS": Word.EDITION_IDS,
    "GEOIPUPDATE_DB_DIR": Word.DATABASE_DIRECTORY,
    "GEOIPUPDATE_HOST": Word.HOST,
    "GEOIPUPDATE_PROXY": Word.PROXY,
    "GEOIPUPDATE_PROXY_USER_PASSWORD": Word.PROXY_USER_PASSWORD,
    "GEOIPUPDATE_PRESERVE_FILE_TIMES": Word.PRESERVE_FILE_TIMES,
    "GEOIPUPDATE_LOCK_FILE": Word.LOCK_FILE,
    "GEOIPUPDATE_RETRY_FOR": Word.RETRY_FOR,
    "GEOIPUPDATE_PARALLELISM": Word.PARALLELISM,
}
FILE_VARIABLES: Mapping[str, Word] = {
    "GEOIPUPDATE_ACCOUNT_ID_FILE": Word.ACCOUNT_ID,
    "GEOIPUPDATE_LICENSE_KEY_FILE": Word.LICENSE_KEY,
}
"""These name files that hold the value alone, and go before the variables that hold it themselves."""

_OLD_WORDS = {"UserId": Word.ACCOUNT_ID, "ProductIds": Word.EDITION_IDS}
_GIVEN_UP = {
    "Protocol": "the server is always asked over HTTPS",
    "SkipPeerVerification": "certificates are always verified",
    "SkipHostnameVerification": "certificates are always verified",
}
_NOT_FOLLOWED = {
    "GEOIPUPDATE_FREQUENCY": "an update runs once: leave repeating it to a scheduler",
    "GEOIPUPDATE_VERBOSE": "each step is told unless --quiet is given",
}
_PREFIX = "GEOIPUPDATE_"


def written_in_file(path: Path) -> Written:
    """Read a `GeoIP.conf`. What is wrong in it is among the faults, without the values."""
    read = read_text(path, str(path))
    if isinstance(read, Fault):
        return Written({}, (read,))
    entries: dict[Word, Entry] = {}
    faults: list[Fault] = []
    notes: list[Fault] = []
    for number, line in enumerate(read[1].splitlines(), start=1):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        place = f"{path}:{number}:1"
        if not key or key.startswith("#"):
            continue
        word = _word_of(key)
        if key in _GIVEN_UP:
            notes.append(Fault(place, f"`{key}` is not followed: {_GIVEN_UP[key]}"))
        elif word is None:
            faults.append(_unknown(place, key))
        elif not value.strip():
            faults.append(Fault(place, f"`{word}` has no value", f"write `{word}`, a blank, and the value"))
        elif word in entries:
            faults.append(Fault(place, f"`{word}` is there twice", f"it stands in {entries[word].place} too"))
        else:
            entries[word] = Entry(" ".join(value.split()), f"{place}: {key}")
    return Written(entries, tuple(faults), tuple(notes))


def written_in_environment(environ: Mapping[str, str]) -> Written:
    """Read the variables; an empty one says nothing."""
    said = {name: value for name, value in environ.items() if name.startswith(_PREFIX) and value.strip()}
    entries = {word: Entry(said[name].strip(), name) for name, word in VARIABLES.items() if name in said}
    faults = []
    for name, word in FILE_VARIABLES.items():
        if name not in said:
            continue
        read = read_text(Path(said[name]), f"{name}: {said[name]}")
        if isinstance(read, Fault):
            faults.append(read)
        elif not read[1].strip():
            faults.append(Fault(f"{name}: {said[name]}", "is empty"))
        else:
            entries[word] = Entry(read[1].strip(), f"{name}: {said[name]}")
    return Written(entries, tuple(faults), tuple(_not_followed(said)))


def _not_followed(said: Mapping[str, str]) -> Iterator[Fault]:
    known = [*VARIABLES, *FILE_VARIABLES, CONF_FILE, *_NOT_FOLLOWED]
    for name in sorted(said):
        if name in _NOT_FOLLOWED:
            yield Fault(name, f"is not followed: {_NOT_FOLLOWED[name]}")
        elif name not in known:
            yield Fault(name, "is unknown, and not followed", nearest(name, known))


def _word_of(key: str) -> Word | None:
    return _OLD_WORDS.get(key) or next((word for word in Word if word == key), None)


def _unknown(place: str, key: str) -> Fault:
    """Say that a key is unknown, without showing it: on a line of its own it may be the license key."""
    return Fault(place, "unknown key", nearest(key, [*Word, *_OLD_WORDS]) or f"known: {', '.join(Word)}")
