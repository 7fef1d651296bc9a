"""The plain data of one small world: what a log, its side files, its databases and its rules say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
    """A database on disk. `opinion` is `location`, `registration`, `network` or `anonymity`."""

    path: Path
    database_type: str
    built_at: datetime
    opinion: str = "location"
    vendor: str | None = None

    @property
    def is_maxmind(self) -> bool:
        """Tell whether the type is one of MaxMind's, whoever wrote the file."""
        return is_maxmind(self.database_type)

    @property
    def maker(self) -> str:
        """Name whose opinion it is."""
        return maker_of(self.database_type, self.vendor)


def is_maxmind(database_type: str) -> bool:
    """Tell MaxMind's types from those of others."""
    return database_type.startswith(("GeoIP", "GeoLite"))


def maker_of(database_type: str, vendor: str | None = None) -> str:
    """Name a maker: all MaxMind editions together are one opinion; any other type is one of its own."""
    return vendor or ("MaxMind" if is_maxmind(database_type) else database_type)


@dataclass(frozen=True, slots=True)
class RangeList:
    """A cloud provider's file of one date: prefix and region, the shape of which is the provider's own.

    An AWS entry may have a border group beside its region: `region/group`.
    """

    provider: str
    published_at: datetime
    entries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Geofeed:
    """A publisher's geofeed of one day: prefix and country; an empty country states nothing."""

    publisher: str
    published_at: datetime
    entries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one database said of one address when it was recorded; None is what the record did not have."""

    address: str
    database_type: str
    built_at: datetime
    country: str | None = None
    continent: str | None = None
    anycast: bool = False
    confidence: int | None = None
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of the ledger."""

    observed_at: datetime
    rows: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class ListRow:
    """One entry of a relay list that clients were handed; None and no `participants` ask for nothing."""

    home_region: str
    since: datetime
    until: datetime | None = None
    tier: str | None = None
    role: str | None = None
    prefix: str | None = None
    site: str | None = None
    name: str | None = None
    participants: tuple[str, ...] = ()


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
    basis: str = "contract"


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
    min_confidence: int = 80
    trust: str = "all"
    nat64_prefixes: tuple[str, ...] = ()
    site_names: tuple[str, ...] = ()

    @property
    def max_age(self) -> timedelta:
        """The greatest age at which evidence counts."""
        return timedelta(days=self.max_age_days)


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
    ranges: tuple[RangeList, ...] = ()
    geofeeds: tuple[Geofeed, ...] = ()
    ledger: tuple[Recording, ...] = ()
    relay_lists: tuple[ListRow, ...] = ()
    settings: Settings = field(default_factory=Settings)


def covers(since: datetime | None, until: datetime | None, at: datetime) -> bool:
    """Tell whether `at` lies in [since, until); None is without end."""
    return (since is None or since <= at) and (until is None or at < until)
