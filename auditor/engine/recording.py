"""`auditor geo record`: the relays of logs → what the databases of today say of them → the ledger."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from auditor.engine.job import Observer
from auditor.engine.logsets import passing_key, settle_logs
from auditor.engine.planning import Planned, plan_logs
from auditor.engine.request import LocationSources, LogsAsked, named_in
from auditor.errors import Fault, GeoError, NothingToAuditError, SourceError, UsageError
from auditor.geo.addresses import classify
from auditor.geo.candidates import RELAY
from auditor.geo.databases import open_databases
from auditor.geo.files import fault_if_changed
from auditor.geo.inventory import load_inventory
from auditor.geo.ledger.asking import answers_of
from auditor.geo.ledger.keeping import Added, keep_ledger
from auditor.geo.ledger.recorded import OPINIONS
from auditor.geo.mmdb import Database
from auditor.geo.periods import Standing, edition_of, periods_of
from auditor.geo.translation import prefixes_of
from auditor.sources.registry import source_of


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of logs: only their relays, each text once; `rejects` could not be read."""

    records: int
    rejects: int
    relays: pl.Series


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which databases speak now: one edition for each maker and opinion, or several that are alike.

    `stale` are those among `asked` whose edition is so old that an audit would not count what they say.
    """

    asked: tuple[Database, ...]
    superseded: tuple[Database, ...]
    stale: tuple[Database, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one recording did: `addresses` were asked about, `others` of the relays have no public address.

    `finished` is a recording of before that had been cut short, if there was one.
    """

    added: Added
    seen: Seen
    addresses: int
    others: int
    databases: Chosen
    finished: str | None


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """What to record of which logs. Paths are as given."""

    logs: tuple[LogsAsked, ...]
    location: LocationSources


def record(
    request: RecordingRequest,
    clock: Callable[[], datetime],
    environ: Mapping[str, str],
    observer: Observer,
) -> Recorded:
    """Ask every location and registration database about the relays of the logs, and keep the answers.

    The time of the recording is the clock's while the ledger is held: evidence of a time cannot be made
    later. Raises InputError for what a user can mend; then nothing is recorded.
    """
    location = request.location
    if location.ledger is None:
        raise UsageError(Fault("--ledger", "is missing: it says where the recording goes"))
    seen = relays_in(request, observer)
    asked = _asked_about(seen, location)
    addresses = asked.drop_nulls().unique().sort()
    if addresses.is_empty():
        raise _nothing_to_record(request, seen)
    databases = open_databases(location.geo, environ, clock())
    observer.begin("Recording", 0)
    with keep_ledger(Path(location.ledger)) as ledger:
        observed_at = clock()
        chosen = chosen_among(databases, observed_at, timedelta(days=location.max_age_days))
        rows = answers_of(chosen.asked, addresses, observed_at)
        _require_unchanged(chosen.asked)
        added = ledger.add(rows, observed_at)
    return Recorded(added, seen, addresses.len(), asked.null_count(), chosen, ledger.finished)


def relays_in(request: RecordingRequest, observer: Observer) -> Seen:
    """Read the logs for their relays; nothing else of a connection is kept, least of all its client."""
    named = [Path(path) for path in request.location.inventory]
    inventory = load_inventory(named) if named else None
    planned = plan_logs(settle_logs(request.logs, passing_key(), inventory), observer)
    shards = planned.shards()
    observer.begin("Reading relays", sum(shard.bytes for shard in shards))
    records = rejects = 0
    relays = pl.Series("relay_ip", [], dtype=pl.String)
    _require_ends(planned)
    for shard in shards:
        for batch in source_of(shard.piece.log).batches(shard.piece):
            records += batch.records
            rejects += batch.rejects.height
            relays = pl.concat([relays, batch.connections["relay_ip"].drop_nulls().unique()]).unique()
        observer.advance(shard.bytes)
    return Seen(records, rejects, relays.sort())


def _require_ends(planned: Planned) -> None:
    """Refuse flows of which nothing tells which end is the relay: the other one is a client."""
    logs = [reading.plan.log for reading in planned.readings]
    text = "does not tell which end of a flow is the relay, and clients are not recorded"
    hint = "name an inventory with lines of kind `relay`"
    faults = [
        Fault(log.path, text, hint)
        for log in logs
        if not log.told.relay_networks and any(part.relay_among for part in log.mapping.parts)
    ]
    if faults:
        raise SourceError(*faults)


def _asked_about(seen: Seen, location: LocationSources) -> pl.Series:
    """Give for each relay the address that an audit would ask databases about; null where there is none."""
    public = ["global", *(["documentation"] if location.documentation_is_public else [])]
    embedded = pl.col("kind").is_in(list(RELAY.embedding)) & pl.col("inner_kind").is_in(public)
    address = pl.when(pl.col("kind").is_in(public)).then("address").when(embedded).then("inner")
    kinds = classify(seen.relays, nat64=prefixes_of(location.nat64_prefixes))
    return kinds.select(asked=address).to_series()


def _nothing_to_record(request: RecordingRequest, seen: Seen) -> NothingToAuditError:
    text = f"no relay with a public address in {seen.records:,} records"
    hint = "name logs that have calls in them, and look how their columns are mapped"
    return NothingToAuditError(Fault(named_in(request.logs), text, hint))


def chosen_among(databases: Sequence[Database], observed_at: datetime, max_age: timedelta) -> Chosen:
    """Choose the databases that would speak in an audit of a call of this instant."""
    able = [database for database in databases if database.opinion in OPINIONS]
    periods = periods_of([edition_of(database) for database in able], [], max_age)
    now = next(period for period in periods if period.until_at is None or observed_at < period.until_at)
    standing = dict(zip(able, now.standings, strict=True))
    return Chosen(
        asked=tuple(one for one in able if standing[one] is not Standing.SUPERSEDED),
        superseded=tuple(one for one in able if standing[one] is Standing.SUPERSEDED),
        stale=tuple(one for one in able if standing[one] is Standing.STALE),
    )


def _require_unchanged(databases: Sequence[Database]) -> None:
    faults = [fault_if_changed(database.path, database.identity) for database in databases]
    if any(faults):
        raise GeoError.of(fault for fault in faults if fault)
