"""The operator's own list of relays and sites, with their countries and dates.

Design: GEOLOCATION.md, section 6.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.addresses import PRIVATE_KINDS, classify, private_among
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
from auditor.geo.files import Identity, identity_of, replaced
from auditor.model import Role
from auditor.tables import Line, read_table

REQUIRED = ("prefix", "site", "name", "country", "role", "from", "until", "attested_by", "basis")
OPTIONAL = ("transfer_basis", "kind")
BASES = ("contract", "site_visit", "traceroute", "provider_statement", "assumed")
KINDS = ("relay", "site", "cloud")


@dataclass(frozen=True, slots=True)
class InventoryFile:
    """One file, as it was when it was read."""

    path: str
    identity: Identity

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return self.identity.sha256

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return self.identity.bytes


@dataclass(frozen=True, slots=True)
class Attested:
    """One line: the countries of a prefix, site or host name, from `from_at` until `until_at`, half-open.

    `site` and `name` are as written, `site_key` and `name_key` as they are matched; `private` is True where
    the whole prefix is private space, which everybody uses at once. `role` is None for any.
    """

    file: InventoryFile
    line: int
    prefix: str | None
    private: bool
    site: str | None
    site_key: str | None
    name: str | None
    name_key: str | None
    countries: tuple[str, ...]
    role: Role | None
    from_at: datetime
    until_at: datetime | None
    attested_by: str | None
    basis: str | None
    transfer_basis: str | None
    kind: str | None

    @property
    def prefix_length(self) -> int:
        """The length of the prefix; -1 without one."""
        return int(self.prefix.rpartition("/")[2]) if self.prefix else -1

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether the line is valid at an instant."""
        return self.from_at <= instant and (self.until_at is None or instant < self.until_at)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Inventory files, as they were when they were read.

    Small, so that it can travel: the lines stay behind, and are read again, from files that must be the same,
    where they are first asked for. That raises GeoError.
    """

    files: tuple[InventoryFile, ...]

    @property
    def lines(self) -> tuple[Attested, ...]:
        """All lines of all files, in order."""
        return _held(self.files).lines

    @property
    def knows_roles(self) -> bool:
        """Whether a line speaks only for relays of one role."""
        return _held(self.files).knows_roles

    @property
    def changes(self) -> tuple[datetime, ...]:
        """The instants at which a line begins or ceases to hold, in order, each once."""
        return _held(self.files).changes


def load_inventory(paths: Sequence[Path]) -> Inventory:
    """Read inventory files. Raises GeoError with all faults of all files."""
    files: list[InventoryFile] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            files.append(InventoryFile(str(path), identity_of(path)))
        except GeoError as error:
            faults.extend(error.faults)
    inventory = Inventory(tuple(files))
    try:
        _held(inventory.files)
    except GeoError as error:
        faults.extend(error.faults)
    if faults:
        raise GeoError.of(faults)
    return inventory


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of all files, and what is asked of them as a whole."""

    lines: tuple[Attested, ...]
    knows_roles: bool
    changes: tuple[datetime, ...]


@lru_cache(maxsize=1)
def _held(files: tuple[InventoryFile, ...]) -> _Lines:
    """Read the lines of files, once in a process for the files that are at work. Raises GeoError."""
    faults: list[Fault] = []
    tables = [table for file in files if (table := _table_of(file, faults))]
    lines = _with_private([line for table in tables for line in table.lines])
    faults.extend(_overlaps(lines, {table.file: table.columns for table in tables}))
    if faults:
        raise GeoError.of(faults)
    ends = (line.until_at for line in lines)
    return _Lines(
        lines=lines,
        knows_roles=any(line.role is not None for line in lines),
        changes=tuple(sorted({*(line.from_at for line in lines), *(end for end in ends if end)})),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    """What can be read of one file; `columns` has the places of its columns, from 0."""

    file: InventoryFile
    columns: Mapping[str, int]
    lines: Sequence[Attested]


def _table_of(file: InventoryFile, faults: list[Fault]) -> _Table | None:
    """Read one file; what is wrong is added to `faults`. None where there are no lines."""
    read = read_table(Path(file.path), required=REQUIRED, optional=OPTIONAL)
    if identity_of(Path(file.path)).sha256 != file.sha256:
        faults.append(replaced(file.path))
        return None
    lines = [line for line in read if isinstance(line, Line)]
    faults.extend(line for line in read if isinstance(line, Fault))
    attested = [_attested(line, file, faults) for line in lines]
    return _Table(file, lines[0].columns, [line for line in attested if line]) if lines else None


def _with_private(lines: Sequence[Attested]) -> tuple[Attested, ...]:
    """Mark private prefixes, all in one look-up."""
    private = _private_among({line.prefix for line in lines if line.prefix})
    return tuple(replace(line, private=True) if line.prefix in private else line for line in lines)


def _private_among(prefixes: Iterable[str]) -> frozenset[str]:
    """Pick the prefixes that are private as a whole; most begin in public space, which settles them."""
    known = pl.Series(list(prefixes), dtype=pl.String)
    kinds = classify(known.str.extract(r"^([^/]+)"), canonical=False)["kind"]
    return private_among(known.filter(kinds.is_in(sorted(PRIVATE_KINDS))))


_READERS: Mapping[str, Callable[[str], Any]] = {
    "prefix": prefix_of,
    "site": site_of,
    "name": name_of,
    "country": countries_of,
    "role": one_of(role for role in Role if role is not Role.UNKNOWN),
    "from": instant_of,
    "until": instant_of,
    "basis": one_of(BASES),
    "kind": one_of(KINDS),
}


def _attested(line: Line, file: InventoryFile, faults: list[Fault]) -> Attested | None:
    """Read one line; None if anything is wrong with it, which is added to `faults`."""
    values, wrong = _values_of(line)
    if wrong:
        faults.extend(wrong)
        return None
    site, name, role = values.get("site"), values.get("name"), values.get("role")
    return Attested(
        file=file,
        line=line.number,
        prefix=values.get("prefix"),
        private=False,
        site=site,
        site_key=site_key(site) if site else None,
        name=name,
        name_key=name_key(name) if name else None,
        countries=values["country"],
        role=Role(role) if role else None,
        from_at=values["from"],
        until_at=values.get("until"),
        attested_by=line.fields["attested_by"],
        basis=values.get("basis"),
        transfer_basis=line.fields.get("transfer_basis"),
        kind=values.get("kind"),
    )


def _values_of(line: Line) -> tuple[dict[str, Any], list[Fault]]:
    """Read the fields that have a form of their own, and say what is wrong with them."""
    values: dict[str, Any] = {}
    wrong: list[Fault] = []

    def fault(column: str, text: str, hint: str | None = None) -> None:
        wrong.append(Fault(line.place(column), f"{column}: {text}", hint))

    fields = line.fields
    for column, read in _READERS.items():
        written = fields.get(column)
        if written is not None:
            try:
                values[column] = read(written)
            except NotReadableError as error:
                fault(column, error.text, error.hint)
    if not (fields["prefix"] or fields["site"] or fields["name"]):
        fault("prefix", "a line needs a prefix, a site or a name")
    for column in ("country", "from"):
        if fields[column] is None:
            fault(column, "is missing")
    if "from" in values and "until" in values and values["until"] <= values["from"]:
        fault("until", "is not later than `from`")
    return values, wrong


Columns = Mapping[InventoryFile, Mapping[str, int]]


def _overlaps(lines: Iterable[Attested], columns: Columns) -> Iterator[Fault]:
    """Find lines that at one time name different countries for the same thing."""
    first: dict[tuple[str, str, Role | None], Attested] = {}
    several: dict[tuple[str, str, Role | None], list[Attested]] = {}
    for line in lines:
        for column, key in _keys_of(line):
            thing = (column, key, line.role)
            known = first.setdefault(thing, line)
            if known is not line:
                several.setdefault(thing, [known]).append(line)
    for (column, key, _), members in several.items():
        yield from _overlaps_within(column, key, members, columns)


def _keys_of(attested: Attested) -> Iterator[tuple[str, str]]:
    """Name what a line places. A private prefix may be used at several sites."""
    if attested.prefix:
        yield (
            "prefix",
            f"{attested.prefix} {attested.site_key or ''}" if attested.private else attested.prefix,
        )
    if attested.site_key:
        yield "site", attested.site_key
    if attested.name_key:
        yield "name", attested.name_key


def _overlaps_within(column: str, key: str, members: Sequence[Attested], columns: Columns) -> Iterator[Fault]:
    latest: dict[tuple[str, ...], Attested] = {}
    for line in sorted(members, key=lambda member: member.from_at):
        for earlier in latest.values():
            if earlier.countries != line.countries and earlier.holds_at(line.from_at):
                place = f"{line.file.path}:{line.line}:{columns[line.file][column] + 1}"
                here, there = " ".join(line.countries), " ".join(earlier.countries)
                text = (
                    f"{column}: `{key.strip()}` is in {here} here, and at the same time in {there} "
                    f"at {earlier.file.path}:{earlier.line}"
                )
                yield Fault(place, text, "end the one where the other begins")
        known = latest.get(line.countries)
        if known is None or _ends_later(line, known):
            latest[line.countries] = line


def _ends_later(one: Attested, other: Attested) -> bool:
    return other.until_at is not None and (one.until_at is None or one.until_at > other.until_at)
