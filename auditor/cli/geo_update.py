"""`auditor geo update`."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.geo import geo_app
from auditor.cli.guard import guarded, say
from auditor.engine.conditions import ExitCode
from auditor.errors import GeoError
from auditor.geo.fetching.archive import Caps
from auditor.geo.fetching.edition import Outcome, Plan
from auditor.geo.fetching.licence import refuse_to_keep
from auditor.geo.fetching.patience import Patience
from auditor.geo.fetching.settings import Options, load_settings
from auditor.geo.fetching.update import update
from auditor.geo.fetching.words import edition_of
from auditor.geo.fields import NotReadableError
from auditor.geo.schemas import is_about_something_else

EXAMPLES = """\b
Examples:
  auditor geo update --edition GeoLite2-Country --dir geo
  auditor geo update --config GeoIP.conf --quiet
  auditor geo update --edition GeoIP2-City --keep

The account id and the license key stand in GeoIP.conf, or in GEOIPUPDATE_ACCOUNT_ID and
GEOIPUPDATE_LICENSE_KEY_FILE; they are never given on the command line.
"""


def _edition(text: str) -> str:
    try:
        edition = edition_of(text)
    except NotReadableError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise typer.BadParameter(f"{error.text}{hint}") from None
    if is_about_something_else(edition):
        raise typer.BadParameter(f"`{edition}` is of no use to an audit")
    return edition


@geo_app.command("update", epilog=EXAMPLES)
@guarded
def update_command(  # noqa: PLR0913  one parameter per option of the command line
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="Settings as geoipupdate has them; else GEOIPUPDATE_CONF_FILE, else where geoipupdate "
            "looks for them.",
        ),
    ] = None,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Folder of the databases; default DatabaseDirectory."),
    ] = None,
    edition: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", parser=_edition, help="Edition to fetch; repeatable; default EditionIDs."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the old edition beside the new; GeoIP2 editions only.")
    ] = False,
    timeout: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="How long a server may be silent.")
    ] = 60,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Fetch the newest editions of MaxMind databases with your own account.

    An edition that is there stays in use until the new one is whole, and its digest right.
    """
    settings = load_settings(Options(config, directory, tuple(edition or ())), os.environ)
    if keep:
        refuse_to_keep(settings.editions)
    tell = _silence if quiet else say
    for note in settings.notes:
        tell(f"note: {note}")
    plan = Plan(settings.directory, keep, settings.preserve_file_times, now(), Caps())
    try:
        updated = update(settings, plan, Patience(settings.retry_for, timedelta(seconds=timeout)), tell)
    except KeyboardInterrupt:
        say("interrupted; what has come is kept, and the next update goes on from there")
        return ExitCode.INTERRUPTED
    for outcome in updated.outcomes:
        tell(_told(outcome))
    if updated.faults:
        raise GeoError.of(updated.faults)
    return ExitCode.COMPLIANT


def _silence(_: str) -> None:
    """Say nothing."""


def _told(outcome: Outcome) -> str:
    if not outcome.changed:
        return f"{outcome.edition}: up to date, built on {outcome.built_at:%Y-%m-%d}"
    before = f", in place of that of {outcome.was_built_at:%Y-%m-%d}" if outcome.was_built_at else ""
    kept = f", which is kept as {outcome.kept.name}" if outcome.kept else ""
    return f"{outcome.edition}: built on {outcome.built_at:%Y-%m-%d}{before}{kept}"
