"""The face of the package: which sources an audit has, and what they say of its relays and participants."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import IPv6Network
from typing import TypeVar

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.attested import InventoryFile
from auditor.geo.candidates import Trust
from auditor.geo.files import fault_if_changed
from auditor.geo.frames import Known
from auditor.geo.inventory import Inventory
from auditor.geo.ledger.book import LedgerBook
from auditor.geo.ledger.ledger import Ledger
from auditor.geo.mmdb import Database, Reader
from auditor.geo.opened import OpenedSources
from auditor.geo.own_periods import OwnPeriods
from auditor.geo.participants import Participants
from auditor.geo.periods import edition_of, periods_of
from auditor.geo.ranges.files import RangeFile
from auditor.geo.ranges.table import RangeTable
from auditor.geo.register import Register
from auditor.geo.relay_addresses import RelayAddresses
from auditor.geo.relays import changes_of, locate_relays
from auditor.geo.roles import located_in_any_role
from auditor.geo.schemas import MIN_CONFIDENCE, Opinion
from auditor.model import CLIENT_UNIT, INSTANT, LOCATED, RELAY_UNIT, Schema

_EVER_DAYS = 9999 * 366
"""Longer than the calendar: any greater age means the same."""

Source = TypeVar("Source")
Opened = TypeVar("Opened")


@dataclass(frozen=True, slots=True)
class AtlasSettings:
    """Everything that decides where an address is; declarative and picklable, so that it can travel.

    `ranges` are published lists of prefixes. `site_names` are the providers whose regions the logs name as
    sites, `nat64` the prefixes of translators, the longest first. `documentation_is_public` has documentation
    prefixes looked up like public ones.
    """

    databases: tuple[Database, ...]
    inventory: Inventory | None
    ranges: tuple[RangeFile, ...] = ()
    ledger: Ledger | None = None
    max_age_days: int = 35
    min_confidence: int = MIN_CONFIDENCE
    trust: Trust = Trust.ALL
    site_names: tuple[str, ...] = ()
    nat64: tuple[IPv6Network, ...] = ()
    documentation_is_public: bool = False


class Atlas:
    """Locates relays and participants, in the process where it runs.

    Files are opened when they are first asked, each only if its digest is the one in the settings.
    Relays are remembered, so that each unit is located once.
    """

    def __init__(self, settings: AtlasSettings) -> None:
        self._settings = settings
        self._max_age = timedelta(days=min(settings.max_age_days, _EVER_DAYS))
        editions = [edition_of(source) for source in _editions(settings)]
        self._periods = periods_of(editions, self._changes(), self._max_age)
        self._known = Known(RELAY_UNIT)
        self._relays = pl.DataFrame(schema=LOCATED)

    def _changes(self) -> Iterator[datetime]:
        """List the instants at which evidence that is no edition changes."""
        settings = self._settings
        if settings.inventory:
            yield from settings.inventory.changes
        if settings.ledger:
            yield from settings.ledger.cuts(self._max_age)

    @property
    def periods(self) -> tuple[tuple[datetime | None, datetime | None], ...]:
        """The location periods, in order, half-open; None where time has no end."""
        return tuple((period.from_at, period.until_at) for period in self._periods)

    def period_of(self, column: pl.Expr) -> pl.Expr:
        """Give the number of each instant's location period, from 0, as Int32; null for null."""
        cuts = pl.Series([period.from_at for period in self._periods[1:]], dtype=INSTANT)
        numbers = pl.lit(cuts).search_sorted(column.cast(INSTANT), side="right")
        return pl.when(column.is_not_null()).then(numbers.cast(pl.Int32))

    def locate_relays(self, units: pl.DataFrame, columns: Collection[str] = tuple(LOCATED)) -> pl.DataFrame:
        """Add `columns` of LOCATED to each row of `units` (RELAY_UNIT), keeping rows and order.

        `answers` hold all the evidence and are by far the heaviest: leave them out where they are not read.
        """
        wanted = _cast(units, RELAY_UNIT)
        return wanted.hstack(self._of_own_periods(self._in_own_periods(wanted), columns))

    def locate_in_own_periods(
        self, units: pl.DataFrame, columns: Collection[str] = tuple(LOCATED)
    ) -> pl.DataFrame:
        """Locate as `locate_relays` does, and put each unit in the first of its own periods.

        Units of one relay between which nothing changes that speaks for it become alike.
        """
        first = self._in_own_periods(_cast(units, RELAY_UNIT))
        return first.hstack(self._of_own_periods(first, columns))

    def own_periods(self, units: pl.DataFrame) -> pl.DataFrame:
        """Give the stretch of time around each unit in which nothing changes that speaks for its relay.

        The columns are `location_period` and `until_period`: see `OwnPeriods.of`.
        """
        return self._own_periods.of(_cast(units, RELAY_UNIT))

    def locate_clients(self, units: pl.DataFrame) -> pl.DataFrame:
        """Add `key`, `reasons` and `hints` to each row of `units` (CLIENT_UNIT), keeping rows and order."""
        return self._participants.located(_cast(units, CLIENT_UNIT))

    def verify_unchanged(self) -> None:
        """Raise GeoError if a file of evidence is no longer what was opened.

        To be asked on the machine where they were opened: another has copies.
        """
        settings = self._settings
        files: list[Database | RangeFile | InventoryFile] = [*_editions(settings)]
        files += settings.inventory.files if settings.inventory else ()
        faults = [fault for file in files if (fault := fault_if_changed(file.path, file.identity))]
        faults += settings.ledger.changes() if settings.ledger else ()
        if faults:
            raise GeoError.of(faults)

    def _in_own_periods(self, units: pl.DataFrame) -> pl.DataFrame:
        return units.with_columns(self._own_periods.of(units)["location_period"])

    def _of_own_periods(self, units: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
        """Give `columns` of LOCATED for units in the first of their own periods."""
        numbers, new = self._known.numbers_of(units)
        if new.height:
            self._relays = pl.concat([self._relays, self._located(new).select(*LOCATED)], rechunk=True)
        return self._relays.select(*columns)[numbers]

    def _located(self, units: pl.DataFrame) -> pl.DataFrame:
        inventory = self._settings.inventory
        if inventory is None or not inventory.knows_roles:
            return self._located_in_role(units)
        return located_in_any_role(units, self._located_in_role)

    def _located_in_role(self, units: pl.DataFrame) -> pl.DataFrame:
        return locate_relays(units, self._sources, self._relay_addresses)

    @cached_property
    def _own_periods(self) -> OwnPeriods:
        ledger = self._settings.ledger
        always = ledger.cuts(self._max_age) if ledger else ()
        return OwnPeriods(
            self._periods,
            always,
            lambda subjects: changes_of(subjects, self._sources, self._relay_addresses),
        )

    @cached_property
    def _relay_addresses(self) -> RelayAddresses:
        return RelayAddresses(self._sources)

    @cached_property
    def _participants(self) -> Participants:
        return Participants(self._sources)

    @cached_property
    def _sources(self) -> OpenedSources:
        settings = self._settings
        readers = _opened(settings.databases, lambda one: Reader(one, settings.min_confidence))
        return OpenedSources(
            editions=(*readers, *_opened(settings.ranges, RangeTable)),
            opinions=tuple(edition_of(source).opinion for source in _editions(settings)),
            of_anonymisers=frozenset(
                place
                for place, database in enumerate(settings.databases)
                if database.opinion is Opinion.ANONYMITY
            ),
            register=Register(settings.inventory) if settings.inventory else None,
            book=LedgerBook(settings.ledger, settings.min_confidence) if settings.ledger else None,
            periods=self._periods,
            max_age_days=settings.max_age_days,
            max_age=self._max_age,
            trust=settings.trust,
            site_names=settings.site_names,
            nat64=settings.nat64,
            public=frozenset({"global", "documentation"} if settings.documentation_is_public else {"global"}),
        )


def _editions(settings: AtlasSettings) -> list[Database | RangeFile]:
    """List all dated files, in the order in which periods have their standings."""
    return [*settings.databases, *settings.ranges]


def _opened(sources: Sequence[Source], open_one: Callable[[Source], Opened]) -> list[Opened]:
    """Open all of them. Raises GeoError with the faults of all."""
    opened: list[Opened] = []
    faults: list[Fault] = []
    for source in sources:
        try:
            opened.append(open_one(source))
        except GeoError as error:
            faults.extend(error.faults)
    if faults:
        raise GeoError.of(faults)
    return opened


def _cast(units: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    return units.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
