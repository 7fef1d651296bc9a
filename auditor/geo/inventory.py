"""The operator's own list of relays and sites, with their countries and dates.

Design: GEOLOCATION.md, section 6.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

from auditor.errors import Fault, GeoError
from auditor.geo.addresses import private_among
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
from auditor.model import Role
from auditor.tables import Line, read_table

REQUIRED = ("prefix", "site", "name", "country", "role", "from", "until", "attested_by", "basis")
OPTIONAL = ("transfer_basis", "kind")
BASES = ("contract", "site_visit", "traceroute", "provider_statement", "assumed")
KINDS = ("relay", "site", "cloud")

Value = TypeVar("Value")


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
    def network(self) -> IPv4Network | IPv6Network | None:
        """The prefix, parsed."""
        return ip_network(self.prefix) if self.prefix else None

    @property
    def prefix_length(self) -> int:
        """The length of the prefix; -1 without one."""
        return int(self.prefix.rpartition("/")[2]) if self.prefix else -1

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether the line is valid at an instant."""
        return self.from_at <= instant and (self.until_at is None or instant < self.until_at)


@dataclass(frozen=True, slots=True)
class Inventory:
    """All lines of all files, in order."""

    files: tuple[InventoryFile, ...]
    lines: tuple[Attested, ...]

    @property
    def knows_roles(self) -> bool:
        """Whether a line speaks only for relays of one role."""
        return any(line.role is not None for line in self.lines)


def load_inventory(paths: Sequence[Path]) -> Inventory:
    """Read inventory files. Raises GeoError with all faults of all files."""
    files: list[InventoryFile] = []
    placed: list[Placed] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            files.append(InventoryFile(str(path), identity_of(path)))
        except GeoError as error:
            faults.extend(error.faults)
        else:
            placed.extend(_lines_of(path, files[-1], faults))
    placed = _with_private(placed)
    faults.extend(_overlaps(placed))
    if faults:
        raise GeoError.of(faults)
    return Inventory(tuple(files), tuple(attested for attested, _ in placed))


Placed = tuple[Attested, Line]


def _lines_of(path: Path, file: InventoryFile, faults: list[Fault]) -> Iterator[Placed]:
    """Read the lines of one file; what is wrong is added to `faults`."""
    for line in read_table(path, required=REQUIRED, optional=OPTIONAL):
        if isinstance(line, Fault):
            faults.append(line)
        elif attested := _Fields(line, faults).attested(file):
            yield attested, line


def _with_private(placed: Sequence[Placed]) -> list[Placed]:
    """Mark private prefixes, all in one look-up."""
    private = private_among(attested.prefix for attested, _ in placed if attested.prefix)
    return [(replace(attested, private=attested.prefix in private), line) for attested, line in placed]


class _Fields:
    """Reads the fields of one line, and collects what is wrong with them."""

    def __init__(self, line: Line, faults: list[Fault]) -> None:
        self._line = line
        self._faults = faults
        self._before = len(faults)

    def attested(self, file: InventoryFile) -> Attested | None:
        """Read the line; None if anything is wrong with it."""
        prefix = self._read("prefix", prefix_of)
        site, name = self._read("site", site_of), self._read("name", name_of)
        if not any(self._line.fields[column] for column in ("prefix", "site", "name")):
            self._fault("prefix", "a line needs a prefix, a site or a name")
        countries = self._required("country", countries_of)
        from_at, until_at = self._required("from", instant_of), self._read("until", instant_of)
        if from_at and until_at and until_at <= from_at:
            self._fault("until", "is not later than `from`")
        role = self._read("role", one_of([role for role in Role if role is not Role.UNKNOWN]))
        basis, kind = self._read("basis", one_of(BASES)), self._read("kind", one_of(KINDS))
        if len(self._faults) > self._before or countries is None or from_at is None:
            return None
        return Attested(
            file=file,
            line=self._line.number,
            prefix=prefix,
            private=False,
            site=site,
            site_key=site_key(site) if site else None,
            name=name,
            name_key=name_key(name) if name else None,
            countries=countries,
            role=Role(role) if role else None,
            from_at=from_at,
            until_at=until_at,
            attested_by=self._text("attested_by"),
            basis=basis,
            transfer_basis=self._text("transfer_basis"),
            kind=kind,
        )

    def _text(self, column: str) -> str | None:
        return self._line.fields.get(column)

    def _required(self, column: str, read: Callable[[str], Value]) -> Value | None:
        if self._text(column) is None:
            self._fault(column, "is missing")
        return self._read(column, read)

    def _read(self, column: str, read: Callable[[str], Value]) -> Value | None:
        written = self._text(column)
        if written is None:
            return None
        try:
            return read(written)
        except NotReadableError as error:
            self._fault(column, error.text, error.hint)
            return None

    def _fault(self, column: str, text: str, hint: str | None = None) -> None:
        self._faults.append(Fault(self._line.place(column), f"{column}: {text}", hint))


def _overlaps(placed: Sequence[Placed]) -> Iterator[Fault]:
    """Find lines that at one time name different countries for the same thing."""
    groups: dict[tuple[str, str, Role | None], list[Placed]] = {}
    for attested, line in placed:
        for column, key in _keys_of(attested):
            groups.setdefault((column, key, attested.role), []).append((attested, line))
    for (column, key, _), members in groups.items():
        yield from _overlaps_within(column, key, members)


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


def _overlaps_within(column: str, key: str, members: list[Placed]) -> Iterator[Fault]:
    latest: dict[tuple[str, ...], Attested] = {}
    for attested, line in sorted(members, key=lambda member: member[0].from_at):
        for earlier in latest.values():
            if earlier.countries != attested.countries and earlier.holds_at(attested.from_at):
                here, there = " ".join(attested.countries), " ".join(earlier.countries)
                text = (
                    f"{column}: `{key.strip()}` is in {here} here, and at the same time in {there} "
                    f"at {earlier.file.path}:{earlier.line}"
                )
                yield Fault(line.place(column), text, "end the one where the other begins")
        known = latest.get(attested.countries)
        if known is None or _ends_later(attested, known):
            latest[attested.countries] = attested


def _ends_later(one: Attested, other: Attested) -> bool:
    return other.until_at is not None and (one.until_at is None or one.until_at > other.until_at)
