"""Relay lists: which relays clients of a region are handed, and since when.

Design: FORMATS.md, section 8.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from auditor.errors import Fault, GeoError
from auditor.geo.fields import (
    NotReadableError,
    countries_of,
    instant_of,
    name_key,
    name_of,
    one_of,
    prefix_of,
    site_key,
    site_of,
)
from auditor.geo.files import Identity, identity_of
from auditor.model import Role, Tier
from auditor.tables import Line, read_table

REQUIRED = ("home_region", "tier", "role", "prefix", "site", "name", "participants", "from", "until")
NAMING = ("prefix", "site", "name")
"""The columns that say which relays an entry is about: at least one is filled."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class RelayListFile:
    """One file, as it was when it was read."""

    path: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One line: relays that clients of a home region are handed from `from_at` until `until_at`, half-open.

    `site` and `name` are as written. `tier` and `role` are None for any, `participants` for anybody.
    """

    path: str
    line: int
    home_region: str
    tier: Tier | None
    role: Role | None
    prefix: str | None
    site: str | None
    name: str | None
    participants: frozenset[str] | None
    from_at: datetime
    until_at: datetime | None

    @property
    def place(self) -> str:
        """Where the entry stands: `file:line`."""
        return f"{self.path}:{self.line}"

    @property
    def site_key(self) -> str | None:
        """The site as it is matched."""
        return site_key(self.site) if self.site is not None else None

    @property
    def name_key(self) -> str | None:
        """The host name as it is matched."""
        return name_key(self.name) if self.name is not None else None

    @property
    def relay(self) -> str:
        """The relays that are meant, in one text."""
        return " ".join(word for word in (self.prefix, self.site, self.name) if word is not None)


@dataclass(frozen=True, slots=True)
class RelayLists:
    """All entries of all files, in order."""

    files: tuple[RelayListFile, ...]
    entries: tuple[ListEntry, ...]


def load_relay_lists(paths: Sequence[Path]) -> RelayLists:
    """Read relay lists; one that is named twice, once.

    Raises GeoError with all faults of all files, or if they hold no entry at all.
    """
    files: list[RelayListFile] = []
    entries: list[ListEntry] = []
    faults: list[Fault] = []
    for path in dict.fromkeys(paths):
        try:
            files.append(RelayListFile(str(path), identity_of(path)))
        except GeoError as error:
            faults.extend(error.faults)
        else:
            entries.extend(_entries_of(path, faults))
    if faults:
        raise GeoError.of(faults)
    if not entries:
        hint = "a list without entries allows no relay at all: look why nothing was written"
        raise GeoError(Fault(", ".join(map(str, paths)), "holds no entries", hint))
    return RelayLists(tuple(files), tuple(entries))


def _entries_of(path: Path, faults: list[Fault]) -> Iterator[ListEntry]:
    """Read the entries of one file; what is wrong is added to `faults`."""
    for line in read_table(path, required=REQUIRED, optional=()):
        if isinstance(line, Fault):
            faults.append(line)
        elif entry := _Fields(line, faults).entry():
            yield entry


class _Fields:
    """Reads the fields of one line, and collects what is wrong with them."""

    def __init__(self, line: Line, faults: list[Fault]) -> None:
        self._line = line
        self._faults = faults
        self._before = len(faults)

    def entry(self) -> ListEntry | None:
        """Read the line; None if anything is wrong with it."""
        region = self._required("home_region", _region_of)
        tier, role = self._read("tier", one_of(Tier)), self._read("role", one_of(_ROLES))
        prefix = self._read("prefix", prefix_of)
        site, name = self._read("site", site_of), self._read("name", name_of)
        if not any(self._line.fields[column] for column in NAMING):
            self._fault("prefix", "an entry needs a prefix, a site or a name")
        participants = self._read("participants", countries_of)
        from_at, until_at = self._required("from", instant_of), self._read("until", instant_of)
        if from_at and until_at and until_at <= from_at:
            self._fault("until", "is not later than `from`")
        if len(self._faults) > self._before or region is None or from_at is None:
            return None
        return ListEntry(
            path=self._line.path,
            line=self._line.number,
            home_region=region,
            tier=Tier(tier) if tier else None,
            role=Role(role) if role else None,
            prefix=prefix,
            site=site,
            name=name,
            participants=frozenset(participants) if participants else None,
            from_at=from_at,
            until_at=until_at,
        )

    def _required(self, column: str, read: Callable[[str], Value]) -> Value | None:
        if self._line.fields[column] is None:
            self._fault(column, "is missing", _MISSING[column])
        return self._read(column, read)

    def _read(self, column: str, read: Callable[[str], Value]) -> Value | None:
        written = self._line.fields[column]
        if written is None:
            return None
        try:
            return read(written)
        except NotReadableError as error:
            self._fault(column, error.text, error.hint)
            return None

    def _fault(self, column: str, text: str, hint: str | None = None) -> None:
        self._faults.append(Fault(self._line.place(column), f"{column}: {text}", hint))


_ROLES = [role for role in Role if role is not Role.UNKNOWN]
_MISSING = {
    "home_region": "a list is handed to the clients of one region: write a line for each",
    "from": "since when clients are handed the entry, such as `2020-03-24T00:00:00Z`",
}


def _region_of(written: str) -> str:
    """Read a home region, spelled as it is spelled where a log is read."""
    if not written.strip():
        raise NotReadableError("is blank")
    if written != written.strip():
        raise NotReadableError(f"`{written}` has blanks around it", "leave them out: no log would equal it")
    return unicodedata.normalize("NFC", written)
