"""The operator's own list of relays and sites, with their countries and dates.

Design: GEOLOCATION.md, section 6.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.addresses import PRIVATE_KINDS, classify, private_among
from auditor.geo.attested import InventoryFile, Lines
from auditor.geo.columns import Columns
from auditor.geo.fields import countries_of, instant_of, name_key, name_of, one_of, site_key, site_of
from auditor.geo.files import identity_of, replaced
from auditor.geo.overlaps import overlaps
from auditor.model import Role
from auditor.tables import Table, read_columns

REQUIRED = ("prefix", "site", "name", "country", "role", "from", "until", "attested_by", "basis")
OPTIONAL = ("transfer_basis", "kind")
BASES = ("contract", "site_visit", "traceroute", "provider_statement", "assumed")
KINDS = ("relay", "site", "cloud")


@dataclass(frozen=True, slots=True)
class Inventory:
    """Inventory files, as they were when they were read.

    Small, so that it can travel: the lines stay behind, and are read again, from files that must be the same,
    where they are first asked for. That raises GeoError.
    """

    files: tuple[InventoryFile, ...]

    @property
    def lines(self) -> Lines:
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
class _Held:
    """The lines of all files, and what is asked of them as a whole."""

    lines: Lines
    knows_roles: bool
    changes: tuple[datetime, ...]


@lru_cache(maxsize=1)
def _held(files: tuple[InventoryFile, ...]) -> _Held:
    """Read the lines of files, once in a process for the files that are at work. Raises GeoError."""
    faults: list[Fault] = []
    parts, places = [], {}
    for file in files:
        table = _table_of(file, faults)
        if table is not None:
            parts.append(_attested(file, table, faults))
            places[file] = table.columns
    lines = Lines(parts)
    faults.extend(overlaps(lines, places))
    if faults:
        raise GeoError.of(faults)
    instants = {*lines.column("from_at"), *lines.column("until_at")} - {None}
    return _Held(
        lines=lines,
        knows_roles=any(role is not None for role in lines.column("role")),
        changes=tuple(sorted(instants)),
    )


def _table_of(file: InventoryFile, faults: list[Fault]) -> Table | None:
    """Read one file; what is wrong is added to `faults`. None where nothing can be read."""
    table = read_columns(Path(file.path), required=REQUIRED, optional=OPTIONAL)
    if identity_of(Path(file.path)).sha256 != file.sha256:
        faults.append(replaced(file.path))
        return None
    if isinstance(table, Table):
        return table
    faults.extend(table)
    return None


_ROLES: Mapping[str, Role] = {role.value: role for role in Role if role is not Role.UNKNOWN}


def _attested(file: InventoryFile, table: Table, faults: list[Fault]) -> Mapping[str, Sequence[Any]]:
    """Read all lines of one file but those with which anything is wrong, which is added to `faults`.

    The keys are NAMES.
    """
    columns = Columns(table)
    prefixes = columns.read_prefixes("prefix")
    sites, names = columns.read("site", site_of), columns.read("name", name_of)
    countries, roles = columns.read("country", countries_of), columns.read("role", one_of(_ROLES))
    from_at, until_at = columns.read("from", instant_of), columns.read("until", instant_of)
    bases, kinds = columns.read("basis", one_of(BASES)), columns.read("kind", one_of(KINDS))
    columns.require_any(("prefix", "site", "name"), "a line needs a prefix, a site or a name")
    columns.require("country")
    columns.require("from")
    columns.require_order(from_at, until_at)
    faults.extend(columns.faults)
    private = _private_among({prefix for prefix in prefixes if prefix})
    values: dict[str, Sequence[Any]] = {
        "file": [file] * len(table.numbers),
        "line": table.numbers,
        "prefix": prefixes,
        "private": [prefix in private for prefix in prefixes],
        "site": sites,
        "site_key": _each(sites, site_key),
        "name": names,
        "name_key": _each(names, name_key),
        "countries": countries,
        "role": [role and _ROLES[role] for role in roles],
        "from_at": from_at,
        "until_at": until_at,
        "attested_by": columns.texts("attested_by"),
        "basis": bases,
        "transfer_basis": columns.texts("transfer_basis"),
        "kind": kinds,
    }
    sound = columns.sound
    return {name: [column[row] for row in sound] for name, column in values.items()} if faults else values


def _each(texts: Sequence[str | None], change: Callable[[str], str]) -> list[str | None]:
    """Change each different text once; None stays."""
    changed = {text: text and change(text) for text in set(texts)}
    return [changed[text] for text in texts]


def _private_among(prefixes: Iterable[str]) -> frozenset[str]:
    """Pick the prefixes that are private as a whole; most begin in public space, which settles them."""
    known = pl.Series(list(prefixes), dtype=pl.String)
    kinds = classify(known.str.extract(r"^([^/]+)"), canonical=False)["kind"]
    return private_among(known.filter(kinds.is_in(sorted(PRIVATE_KINDS))))
