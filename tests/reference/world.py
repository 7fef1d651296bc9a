"""The plain data of one small world: what a log, its side files, its databases and its rules say."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Connection = dict[str, Any]
"""One connection: the columns of the connection table, instants aware, null for what was not logged."""

RuleDict = dict[str, Any]
"""One rule as its YAML says it; instants are aware datetimes."""

Groups = dict[str, dict[str, Any]]
"""Group id → {members: [{code, from, until}], include: [ids]}."""

Window = dict[str, Any]
"""One declared window: id, regions, from, until, declared_at; instants are aware datetimes."""

Waiver = dict[str, Any]
"""One waiver as its YAML says it; instants are aware datetimes."""


@dataclass(frozen=True, slots=True)
class DatabaseFile:
    """A location database on disk. `opinion` is `location` or `registration`."""

    path: Path
    database_type: str
    built_at: datetime
    opinion: str = "location"

    @property
    def is_maxmind(self) -> bool:
        """All MaxMind editions together are one opinion; those of any other type are one of their own."""
        return self.database_type.startswith(("GeoIP", "GeoLite"))


@dataclass(frozen=True, slots=True)
class InventoryRow:
    """One line of the inventory; `countries` has several codes for a footprint."""

    countries: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    prefix: str | None = None
    site: str | None = None
    name: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One line of the accounts file; `since` None is always."""

    account_id: str
    home_region: str
    since: datetime | None = None
    until: datetime | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What changes how evidence counts."""

    max_age_days: int = 35
    documentation_is_public: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Everything that an audit reads but the log."""

    rules: tuple[RuleDict, ...]
    groups: Groups = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    accounts: tuple[AccountRow, ...] = ()
    inventory: tuple[InventoryRow, ...] = ()
    databases: tuple[DatabaseFile, ...] = ()
    settings: Settings = field(default_factory=Settings)


def covers(since: datetime | None, until: datetime | None, at: datetime) -> bool:
    """Tell whether `at` lies in [since, until); None is without end."""
    return (since is None or since <= at) and (until is None or at < until)
