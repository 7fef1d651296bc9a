"""`auditor inventory new`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from auditor.cli.guard import guarded, printable, say
from auditor.cli.inventory import inventory_app
from auditor.engine.blanksites import blank_sites, not_placed
from auditor.engine.conditions import ExitCode
from auditor.evidence.manifest import Manifest
from auditor.evidence.verify import load_intact

_EPILOG = """\b
Example:
  auditor inventory new runs/2026-03 > sites.csv
"""
Run = Annotated[Path, typer.Argument(metavar="RUN", readable=False, help="A run directory.")]


@inventory_app.command(
    "new", epilog=_EPILOG, short_help="List sites that no line places, as lines to fill in."
)
@guarded
def new_command(run: Run) -> ExitCode:
    """Write the sites and host names of a run that nothing places, as inventory lines to be attested.

    Those with the most connections come first. Country, who attests it and on what basis are left empty: no
    country is guessed from a name, and an audit refuses a line without one.
    """
    manifest = load_intact(run)
    rows = not_placed(pl.scan_parquet(run / "locations.parquet"))
    blank = blank_sites(rows, _since(manifest))
    if blank.unnameable:
        say(f"{blank.unnameable:,} left out: what the log has in place of a host name is none")
    if not blank.lines:
        say("every site and host name of this run is placed")
        return ExitCode.COMPLIANT
    typer.echo(printable(blank.to_text()), nl=False)
    total = rows["connections"].sum()
    say(f"{len(blank.lines):,} to attest, of {total:,} connections; fill in country, attested_by and basis")
    return ExitCode.COMPLIANT


def _since(manifest: Manifest) -> datetime | None:
    return min((log.first_started_at for log in manifest.inputs if log.first_started_at), default=None)
