"""What a mapping, a preset or a reader makes of logs, before any audit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import polars as pl

from auditor.engine.adding import added, counted
from auditor.engine.blanksites import BlankSites, blank_sites, not_placed
from auditor.engine.conditions import ExitCode
from auditor.engine.job import Observer
from auditor.engine.logsets import passing_key, settle_logs
from auditor.engine.notes import NO_CONTENT
from auditor.engine.planning import Planned, plan_logs
from auditor.engine.request import LogsAsked
from auditor.geo.addresses import classify
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import Inventory, load_inventory
from auditor.model import CONNECTION, NOT_CONNECTION, REJECT, RELAY_UNIT, UNREAD, WARNING, BadValue
from auditor.sources.detection import other_mark
from auditor.sources.interface import Batch, Log
from auditor.sources.privacy import key_of, shown
from auditor.sources.registry import Format, source_of

FIRST = 5
"""So many connections are shown."""

BESIDE = ("source_file", "record", "last_record", "part", "byte_offset")
"""Columns that tell where a connection stands, and nothing of it."""

_PLACE = ("relay_ip", "relay_site", "relay_name", "relay_country_declared")
"""Columns of which one at least has to say where a relay is."""

_UNIT = [name for name in RELAY_UNIT if name != "relay_ip"]


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Which logs to try, in which way, and the inventory that may know their sites. Paths are as given.

    Without `privacy_key`, values that are to be hashed are so with a key that nobody keeps.
    """

    logs: LogsAsked
    inventory: tuple[str, ...] = ()
    privacy_key: str | None = None


@dataclass(frozen=True, slots=True)
class LogCheck:
    """What came of the logs.

    `first` are connections as they would be judged. `empty` counts the connections in which a column is null,
    for each column that the mapping names or that has a value somewhere. `rejects` has a row per reason and
    column: REJECT, that of the first record, and `count`. The other frames are those of `model`, each reason
    once. `relays` counts connections by the kind of their relay's address. `sites` have no line in the
    inventory: `site`, `name`, `connections`. `placeless` counts connections that name no place at all.
    `fruitless` are logs with records of which none became a connection, each with the mark of another format
    that it bears.
    """

    formats: tuple[Format, ...]
    logs: tuple[str, ...]
    records: int
    connection_records: int
    connections: int
    first: pl.DataFrame
    empty: Mapping[str, int]
    rejects: pl.DataFrame
    not_connections: pl.DataFrame
    unread: pl.DataFrame
    warnings: pl.DataFrame
    relays: Mapping[str, int]
    sites: pl.DataFrame
    first_started_at: datetime | None
    placeless: int
    fruitless: tuple[tuple[str, str | None], ...]

    @property
    def exit_code(self) -> ExitCode:
        """Say whether anything came of each of the logs."""
        whole = self.connections and not self.fruitless
        return ExitCode.COMPLIANT if whole else ExitCode.TOO_LITTLE_JUDGED

    @property
    def without_zone(self) -> int:
        """Count times that say no offset, in records and in values."""
        return sum(
            int(frame.filter(pl.col("reason") == BadValue.NO_ZONE)["count"].sum())
            for frame in (self.rejects, self.unread)
        )

    def blank_sites(self) -> BlankSites:
        """Give the sites as inventory lines to be filled."""
        return blank_sites(self.sites, self.first_started_at)


def check_logs(request: CheckRequest, observer: Observer) -> LogCheck:
    """Read logs as an audit would, and gather what became of them. Raises InputError."""
    inventory = load_inventory([Path(path) for path in request.inventory]) if request.inventory else None
    key = key_of(Path(request.privacy_key)) if request.privacy_key else passing_key()
    planned = plan_logs(settle_logs([request.logs], key, inventory), observer)
    shards = planned.shards()
    observer.begin("Reading logs", sum(shard.bytes for shard in shards))
    tried = _Tried(Atlas(_only(inventory)))
    for shard in shards:
        log = shard.piece.log
        for batch in source_of(log).batches(shard.piece):
            tried.add(batch, log)
        observer.advance(shard.bytes)
    return tried.result(planned)


def _only(inventory: Inventory | None) -> AtlasSettings:
    """Ask nobody but the inventory."""
    return AtlasSettings(databases=(), inventory=inventory)


@dataclass(slots=True)
class _Tried:
    """What batches add up to."""

    atlas: Atlas
    records: int = 0
    connection_records: int = 0
    connections: int = 0
    _first: list[pl.DataFrame] = field(default_factory=list)
    _empty: Counter[str] = field(default_factory=Counter)
    _rejects: list[pl.DataFrame] = field(default_factory=list)
    _aside: list[pl.DataFrame] = field(default_factory=list)
    _unread: list[pl.DataFrame] = field(default_factory=list)
    _warnings: list[pl.DataFrame] = field(default_factory=list)
    _relays: Counter[str] = field(default_factory=Counter)
    _units: list[pl.DataFrame] = field(default_factory=list)
    _starts: list[datetime] = field(default_factory=list)
    _placeless: int = 0
    _beyond: Counter[str] = field(default_factory=Counter)
    """Records beyond its form, by log."""
    _fruitful: set[str] = field(default_factory=set)
    """Logs with a connection."""

    def add(self, batch: Batch, log: Log) -> None:
        """Take in one more batch, in the order of the logs."""
        found = batch.connections
        self.records += batch.records
        self.connection_records += batch.connection_records
        self.connections += found.height
        wanted = FIRST - sum(frame.height for frame in self._first)
        if found.height and wanted:
            self._first.append(shown(found.head(wanted), log))
        self._empty.update({column.name: column.null_count() for column in found.iter_columns()})
        self._rejects = [_first_of([*self._rejects, batch.rejects.with_columns(count=pl.lit(1, pl.Int64))])]
        self._aside.append(batch.not_connections)
        self._unread.append(batch.unread)
        self._warnings.append(batch.warnings)
        form = batch.not_connections.filter(pl.col("reason").is_in(NO_CONTENT))
        self._beyond[log.path] += batch.records - int(form["count"].sum())
        if found.height:
            self._fruitful.add(log.path)
        self._place(found)

    def _place(self, found: pl.DataFrame) -> None:
        if found.is_empty():
            return
        self._placeless += found.filter(pl.all_horizontal(pl.col(_PLACE).is_null())).height
        kinds = classify(found["relay_ip"])["kind"].value_counts()
        self._relays.update(dict(kinds.iter_rows()))
        dated = found.with_columns(location_period=self.atlas.period_of(pl.col("started_at")))
        units = dated.group_by(_UNIT).agg(pl.len().cast(pl.Int64).alias("connections"))
        self._units = [added([*self._units, units], _UNIT, ("connections",))]
        self._starts += [start for start in (found["started_at"].min(),) if isinstance(start, datetime)]

    def result(self, planned: Planned) -> LogCheck:
        """Give the whole."""
        ways = {reading.way.format.name: reading.way.format for reading in planned.readings}
        first = pl.concat([pl.DataFrame(schema=CONNECTION), *self._first], how="diagonal_relaxed")
        return LogCheck(
            formats=tuple(ways.values()),
            logs=tuple(reading.plan.log.path for reading in planned.readings),
            records=self.records,
            connection_records=self.connection_records,
            connections=self.connections,
            first=first,
            empty={name: self._empty[name] for name in self._told(list(ways.values()))},
            rejects=_first_of(self._rejects),
            not_connections=counted(self._aside, NOT_CONNECTION, ("reason",)),
            unread=counted(self._unread, UNREAD, ("column", "reason")),
            warnings=counted(self._warnings, WARNING, ("text",)),
            relays=dict(self._relays.most_common()),
            sites=self._sites(),
            first_started_at=min(self._starts, default=None),
            placeless=self._placeless,
            fruitless=tuple(self._fruitless(planned)),
        )

    def _fruitless(self, planned: Planned) -> Iterator[tuple[str, str | None]]:
        for log in (reading.plan.log for reading in planned.readings):
            if self._beyond[log.path] > 0 and log.path not in self._fruitful:
                yield log.path, other_mark(log)

    def _told(self, formats: Sequence[Format]) -> Iterator[str]:
        """Name the columns that are spoken of, in our order."""
        named = {name for one in formats for part in one.mapping.parts for name in part.columns}
        canonical = any(one.mapping.canonical for one in formats)
        for name, empty in self._empty.items():
            filled = empty < self.connections
            if name not in BESIDE and (filled or (name in named and not canonical)):
                yield name

    def _sites(self) -> pl.DataFrame:
        """Find the sites and names for which the inventory has no line, whatever their addresses tell."""
        if not self._units:
            return pl.DataFrame(schema={"site": pl.String, "name": pl.String, "connections": pl.Int64})
        units = self._units[0].with_columns(
            relay_ip=pl.lit(None, pl.String), relay_country_declared=pl.lit(None, pl.String)
        )
        located = self.atlas.locate_relays(units.select(*RELAY_UNIT), ("reasons",))
        return not_placed(
            located.select(
                "reasons", site="relay_site", name="relay_name", connections=units["connections"]
            ).lazy()
        )


def _first_of(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Count rejects by reason and column, and keep the first of each; the most frequent come first."""
    whole = pl.concat([pl.DataFrame(schema={**REJECT, "count": pl.Int64}), *frames])
    others = [name for name in REJECT if name not in ("reason", "column")]
    return (
        whole.group_by("reason", "column", maintain_order=True)
        .agg(pl.col(others).first(), pl.col("count").sum())
        .select(*REJECT, "count")
        .sort("count", descending=True, maintain_order=True)
    )
