"""`auditor inventory new`."""

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from auditor.cli.guard import guarded, printable, say
from auditor.cli.inventory import inventory_app
from auditor.engine.conditions import ExitCode
from auditor.evidence.manifest import Manifest
from auditor.evidence.verify import load_intact
from auditor.geo.fields import NotReadableError, name_of
from auditor.geo.inventory import OPTIONAL, REQUIRED
from auditor.tables import write_table

_EPILOG = """\b
Example:
  auditor inventory new runs/2026-03 > sites.csv
"""
_NOT_PLACED = ("unknown_site", "hostname_only")
"""Reasons for which only an inventory line would place a relay."""

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
    rows = _not_placed(run)
    columns = [*REQUIRED, *OPTIONAL]
    since = _since(manifest)
    lines = [
        [
            {"site": site or "", "name": name or "", "from": since, "kind": "site"}.get(column, "")
            for column in columns
        ]
        for site, name, _ in rows.iter_rows()
        if site or _is_name(name)
    ]
    unnameable = rows.height - len(lines)
    if unnameable:
        say(f"{unnameable:,} left out: what the log has in place of a host name is none")
    if not lines:
        say("every site and host name of this run is placed")
        return ExitCode.COMPLIANT
    typer.echo(printable(write_table(columns, lines)), nl=False)
    total = rows["connections"].sum()
    say(f"{len(lines):,} to attest, of {total:,} connections; fill in country, attested_by and basis")
    return ExitCode.COMPLIANT


def _not_placed(run: Path) -> pl.DataFrame:
    """Gather sites and names that nothing places, the most used first."""
    return (
        pl.scan_parquet(run / "locations.parquet")
        .filter(pl.col("reasons").list.set_intersection(list(_NOT_PLACED)).list.len() > 0)
        .filter(pl.any_horizontal(pl.col("site", "name").is_not_null()))
        .group_by("site", "name")
        .agg(pl.col("connections").sum())
        .sort(["connections", "site", "name"], descending=[True, False, False], nulls_last=True)
        .collect()
    )


def _is_name(text: str) -> bool:
    try:
        name_of(text)
    except NotReadableError:
        return False
    return True


def _since(manifest: Manifest) -> str:
    starts = [log.first_started_at for log in manifest.inputs if log.first_started_at]
    return f"{min(starts):%Y-%m-%dT00:00:00Z}" if starts else ""
