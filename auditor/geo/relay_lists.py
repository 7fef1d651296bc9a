"""Relay lists: which relays clients of a region are handed, and since when.

Design: FORMATS.md, section 8.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.columns import Columns
from auditor.geo.fields import (
    NotReadableError,
    countries_of,
    instant_of,
    name_key,
    name_of,
    one_of,
    site_key,
    site_of,
)
from auditor.geo.files import Identity, identity_of
from auditor.model import Role, Tier
from auditor.tables import Table, read_columns

REQUIRED = ("home_region", "tier", "role", "prefix", "site", "name", "participants", "from", "until")
NAMING = ("prefix", "site", "name")
"""The columns that say which relays an entry is about: at least one is filled."""


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
    table = read_columns(path, required=REQUIRED, optional=())
    if not isinstance(table, Table):
        faults.extend(table)
        return
    columns = Columns(table)
    columns.require("home_region", "a list is handed to the clients of one region: write a line for each")
    regions = columns.read("home_region", _region_of)
    tiers, roles = columns.read("tier", one_of(_TIERS)), columns.read("role", one_of(_ROLES))
    prefixes = columns.read_prefixes("prefix")
    sites, names = columns.read("site", site_of), columns.read("name", name_of)
    columns.require_any(NAMING, "an entry needs a prefix, a site or a name")
    participants = columns.read("participants", countries_of)
    columns.require("from", "since when clients are handed the entry, such as `2020-03-24T00:00:00Z`")
    begins, ends = columns.read("from", instant_of), columns.read("until", instant_of)
    columns.require_order(begins, ends)
    faults.extend(columns.faults)
    for row in columns.sound:
        region, from_at, countries = regions[row], begins[row], participants[row]
        if region is not None and from_at is not None:  # as they are in all of these
            yield ListEntry(
                path=table.path,
                line=table.numbers[row],
                home_region=region,
                tier=_TIERS.get(tiers[row] or ""),
                role=_ROLES.get(roles[row] or ""),
                prefix=prefixes[row],
                site=sites[row],
                name=names[row],
                participants=frozenset(countries) if countries else None,
                from_at=from_at,
                until_at=ends[row],
            )


_TIERS = {tier.value: tier for tier in Tier}
_ROLES = {role.value: role for role in Role if role is not Role.UNKNOWN}


def _region_of(written: str) -> str:
    """Read a home region, spelled as it is spelled where a log is read."""
    if not written.strip():
        raise NotReadableError("is blank")
    if written != written.strip():
        raise NotReadableError(f"`{written}` has blanks around it", "leave them out: no log would equal it")
    return unicodedata.normalize("NFC", written)
