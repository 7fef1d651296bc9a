"""`auditor geo record`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.geo import geo_app
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, say
from auditor.cli.logs import FormatOptions, ToldOptions
from auditor.cli.places import ConfigOption, places_of
from auditor.cli.progress import progress_on_terminal
from auditor.engine.conditions import ExitCode
from auditor.engine.recording import Recorded, RecordingRequest, record
from auditor.geo.mmdb import Database

_EPILOG = """\b
Example, once a day after the databases were fetched:
  auditor geo record logs/2026-03-14 --ledger ledger >> heads.txt

\b
Exit codes:
  0  recorded    2  wrong command line    6  nothing was recorded, and why
"""

Into = Annotated[
    Path | None,
    typer.Option(metavar="DIR", readable=False, help="Ledger to add to; begun where there is none."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptions(ConfigOption):
    """What is asked, and about which addresses."""

    ledger: Into = None
    geo: options.Geo = None
    inventory: options.Inventory = None
    nat64_prefixes: options.Nat64 = None
    documentation_is_public: options.DocumentationIsPublic = False


@geo_app.command("record", epilog=_EPILOG, short_help="Keep what databases say now of the relays of logs.")
@guarded
@grouped
def record_command(
    logs: options.Logs = None,
    *,
    format_: FormatOptions,
    told: ToldOptions,
    evidence: RecordOptions,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Keep what location databases say now of the relays of logs, as evidence for later audits.

    Never of clients. The ledger is only added to. The time is that of the clock and cannot be given: evidence
    of a time is made at that time. Prints the head of the chain: kept elsewhere, it shows that none of the
    recordings was taken away since.
    """
    places = places_of(evidence)
    request = RecordingRequest(format_.asked(logs, places.logs, told.told), places.sources)
    with progress_on_terminal(quiet=quiet) as observer:
        recorded = record(request, now, os.environ, observer)
    if not quiet:
        for sentence in _sentences(recorded, Path(str(places.sources.ledger))):
            say(sentence)
    typer.echo(recorded.added.head)
    return ExitCode.COMPLIANT


def _sentences(recorded: Recorded, ledger: Path) -> Iterator[str]:
    """Say what was recorded, and what was not."""
    seen, databases = recorded.seen, recorded.databases
    if recorded.finished:
        yield f"Finished the recording {ledger / recorded.finished}, which had been cut short"
    asked = ", ".join(_named(database) for database in databases.asked)
    relays = "1 relay" if recorded.addresses == 1 else f"{recorded.addresses:,} relays"
    yield f"Recorded {relays} as placed by {asked}: {ledger / recorded.added.recording.file}"
    if recorded.others:
        yield f"Not recorded: {recorded.others:,} of the relays, as names or not public addresses"
    if seen.rejects:
        yield f"Not recorded: relays in {seen.rejects:,} of {seen.records:,} records, which cannot be read"
    for database in databases.superseded:
        yield f"Not asked: {_named(database)}, as another edition of its maker speaks for it"
    for database in databases.stale:
        yield f"Old: {_named(database)}; an audit does not count what it says, so fetch a new edition first"


def _named(database: Database) -> str:
    return f"{database.database_type or database.path} of {database.built_at:%Y-%m-%d}"
