"""The lines of an inventory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from auditor.geo.files import Identity
from auditor.model import Role


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


NAMES = tuple(field.name for field in fields(Attested))


class Lines:
    """Many lines, held by their columns: few of them are ever asked for, and only those are made."""

    def __init__(self, parts: Iterable[Mapping[str, Sequence[Any]]]) -> None:
        """Put parts behind each other; each has, by each of NAMES, the values of its lines."""
        held = list(parts)
        self._columns = {name: [value for part in held for value in part[name]] for name in NAMES}
        self._made: dict[int, Attested] = {}

    def __len__(self) -> int:
        return len(self._columns["line"])

    def __iter__(self) -> Iterator[Attested]:
        return map(Attested, *self._columns.values())

    def __getitem__(self, place: int) -> Attested:
        made = self._made.get(place)
        if made is None:
            made = Attested(**{name: values[place] for name, values in self._columns.items()})
            self._made[place] = made
        return made

    def column(self, name: str) -> Sequence[Any]:
        """Give what all lines have of one of NAMES."""
        return self._columns[name]
