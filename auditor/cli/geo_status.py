"""`auditor geo status`."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.audit import now
from auditor.cli.geo import geo_app
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, printable, say
from auditor.cli.places import EvidenceOptions, places_of
from auditor.cli.tables import aligned
from auditor.engine.conditions import ExitCode
from auditor.engine.request import LocationSources
from auditor.errors import Fault, GeoError
from auditor.geo.databases import VARIABLE, describe_all
from auditor.geo.inventory import load_inventory
from auditor.geo.ledger.ledger import open_ledger
from auditor.geo.mmdb import Database
from auditor.geo.ranges.files import RangeFile, open_cloud_ranges, open_geofeeds
from auditor.geo.schemas import Opinion
from auditor.tables import write_table

_EPILOG = """\b
Exit codes:
  0  there is evidence, and all of it is whole
  2  wrong command line
  4  there is, and all of it is too old for calls of now
  6  there is none, or some of it is faulty
"""
_COLUMNS = ("what", "knows", "dated", "age_days", "counts_now", "path", "note")

_YES, _BY_LINE = "yes", "by line"

AsCsv = Annotated[bool, typer.Option("--csv", help="Write a CSV table.")]

Row = tuple[str, ...]


@geo_app.command(
    "status", epilog=_EPILOG, short_help="Show the evidence of places that is found, and its age."
)
@guarded
@grouped
def status_command(*, evidence: EvidenceOptions, as_csv: AsCsv = False) -> ExitCode:
    """Show what an audit would find now: each file, what it knows, its date and age, and its licence note."""
    sources = places_of(evidence).sources
    rows, faults = _status(sources, now())
    old = not any(row[1] == Opinion.LOCATION and row[4] in (_YES, _BY_LINE) for row in rows)
    if rows:
        typer.echo(printable(write_table(_COLUMNS, rows) if as_csv else aligned([_COLUMNS, *rows])))
    for fault in faults:
        say(f"error: {fault}")
    if faults:
        return ExitCode.INPUT_MISSING
    if old:
        say(f"none of this counts for a call of now: all of it is more than {sources.max_age_days} days away")
    return ExitCode.TOO_LITTLE_JUDGED if old else ExitCode.COMPLIANT


def _status(sources: LocationSources, clock: datetime) -> tuple[list[Row], list[Fault]]:
    faults: list[Fault] = []
    rows: list[Row] = []
    has_place = bool(sources.inventory or sources.ledger or sources.cloud_ranges)
    described: Sequence[Database | Fault] = ()
    try:
        described = describe_all(sources.geo, os.environ, clock)
    except GeoError as error:
        faults += () if has_place and not (sources.geo or os.environ.get(VARIABLE)) else error.faults
    for found in described:
        if isinstance(found, Fault):
            faults.append(found)
        else:
            has_place |= found.opinion is Opinion.LOCATION
            rows.append(_database_row(found, clock, sources.max_age_days))
    readers: list[Callable[[], Iterator[Row]]] = [
        lambda: _inventory_rows(sources),
        lambda: _range_rows(open_cloud_ranges(sources.cloud_ranges, clock), clock, sources.max_age_days),
        lambda: _range_rows(open_geofeeds(sources.geofeeds, clock), clock, sources.max_age_days),
        lambda: _ledger_rows(sources, clock),
    ]
    for read in readers:
        try:
            rows += read()
        except GeoError as error:
            faults += error.faults
    if not has_place and not faults:
        faults.append(
            Fault("", "none of this tells where an address is", "name a location database: `--geo PATH`")
        )
    return rows, faults


def _database_row(database: Database, clock: datetime, max_age_days: int) -> Row:
    vendor = f" of {database.vendor}" if database.vendor else ""
    dated = _dated(database.built_at, clock, max_age_days)
    return (
        database.database_type + vendor,
        database.opinion,
        *dated,
        database.path,
        database.licence_note or "",
    )


def _range_rows(files: Sequence[RangeFile], clock: datetime, max_age_days: int) -> Iterator[Row]:
    for file in files:
        dated = _dated(file.published_at, clock, max_age_days)
        note = f"{file.entries:,} prefixes"
        yield f"{file.publisher} ({file.form})", "location", *dated, file.path, note


def _inventory_rows(sources: LocationSources) -> Iterator[Row]:
    if sources.inventory:
        inventory = load_inventory([Path(path) for path in sources.inventory])
        for file in inventory.files:
            lines = sum(line.file.path == file.path for line in inventory.lines)
            yield "inventory", "location", "", "", _BY_LINE, file.path, f"{lines:,} lines"


def _ledger_rows(sources: LocationSources, clock: datetime) -> Iterator[Row]:
    if sources.ledger:
        ledger = open_ledger(sources.ledger, clock)
        last = ledger.recordings[-1].observed_at if ledger.recordings else None
        dated = _dated(last, clock, sources.max_age_days) if last else ("", "", "no")
        note = f"{len(ledger.recordings):,} recordings, head {ledger.head}"
        yield "ledger", "location", *dated, sources.ledger, note


def _dated(when: datetime, clock: datetime, max_age_days: int) -> tuple[str, str, str]:
    age = clock - when
    counts = _YES if abs(age) <= timedelta(days=max_age_days) else f"no: more than {max_age_days} days"
    return f"{when:%Y-%m-%d}", str(max(age.days, 0)), counts
