"""`auditor geo lookup`."""

import os
from datetime import datetime
from typing import Annotated

import polars as pl
import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.geo import geo_app
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, printable
from auditor.cli.places import PlaceOptions, places_of
from auditor.engine.conditions import ExitCode
from auditor.engine.ground import settle_sources
from auditor.geo.atlas import Atlas
from auditor.model import CLIENT_UNIT, INSTANT, RELAY_UNIT, Role
from auditor.report.lookup_text import lookup_text

_EPILOG = """\b
Examples:
  auditor geo lookup 203.0.113.9 --at 2020-04-02T14:03:00Z
  auditor geo lookup --site 'United States (SC Top)' --inventory relays.csv

\b
Exit codes:
  0  explained    2  wrong command line    6  evidence is missing or faulty
"""

Addresses = Annotated[
    list[str] | None, typer.Argument(metavar="[ADDRESS]...", help="Addresses, as a log would have them.")
]
At = Annotated[
    datetime | None,
    typer.Option(metavar="TIME", parser=options.instant_of, help="When, with offset; default now."),
]
Site = Annotated[str | None, typer.Option(metavar="TEXT", help="Site that the log names.")]
Name = Annotated[str | None, typer.Option(metavar="HOST", help="Host name that the log names.")]
RoleAsked = Annotated[
    Role, typer.Option(metavar="ROLE", help="What the relay did; the inventory may place it by that.")
]


@geo_app.command("lookup", epilog=_EPILOG, short_help="Explain an address from all sources of evidence.")
@guarded
@grouped
def lookup_command(  # noqa: PLR0913  one parameter per option of the command line
    addresses: Addresses = None,
    *,
    at: At = None,
    site: Site = None,
    name: Name = None,
    role: RoleAsked = Role.UNKNOWN,
    evidence: PlaceOptions,
) -> ExitCode:
    """Say where an address was at a time, as a relay and as a participant, what each source says, and why."""
    asked: list[str | None] = [*(addresses or ())]
    if not asked and not (site or name):
        raise typer.BadParameter("name an address, `--site` or `--name`")
    places = places_of(evidence)
    clock = now()
    atlas = Atlas(settle_sources(places.sources, os.environ, as_of=clock))
    texts = asked or [None]
    when = at or clock
    relays, clients = _located(atlas, texts, when, {"relay_site": site, "relay_name": name, "role": role})
    for text, relay, client in zip(texts, relays.to_dicts(), clients.to_dicts(), strict=True):
        title = text or site or name or ""
        typer.echo(printable(lookup_text(title, when, relay, client if text is not None else None)))
    return ExitCode.COMPLIANT


def _located(
    atlas: Atlas, texts: list[str | None], at: datetime, relay: dict[str, str | None]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Locate each text as a relay, with what else is said of it, and as a participant."""
    frame = pl.DataFrame({"relay_ip": texts, "client_ip": texts}, schema_overrides={"relay_ip": pl.String})
    said = {column: pl.lit(value, pl.String) for column, value in relay.items()}
    nothing = pl.lit(None, pl.String)
    dated = frame.with_columns(at=pl.lit(at, INSTANT))
    whole = dated.with_columns(
        atlas.period_of(pl.col("at")).alias("location_period"),
        relay_country_declared=nothing,
        participant_country_declared=nothing,
        **said,
    )
    return (
        atlas.locate_relays(whole.select(*RELAY_UNIT)),
        atlas.locate_clients(whole.select(*CLIENT_UNIT)),
    )
