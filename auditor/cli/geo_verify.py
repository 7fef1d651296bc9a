"""`auditor geo verify`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.audit import now
from auditor.cli.geo import geo_app
from auditor.cli.guard import guarded, printable
from auditor.engine.conditions import ExitCode
from auditor.errors import Fault, GeoError
from auditor.geo.ledger.ledger import Ledger, open_ledger

_EPILOG = "\b\nExample:\n  auditor geo verify ledger --head $(tail -n 1 heads.txt)"
_CLOCKS_DIFFER = timedelta(days=1)


@geo_app.command("verify", epilog=_EPILOG, short_help="Check that a location ledger is as it was recorded.")
@guarded
def verify_ledger_command(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", readable=False, help="A location ledger.")],
    *,
    head: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="A head that a recording printed: it must be in the chain."),
    ] = None,
) -> ExitCode:
    """Check every line of a ledger's chain and every file: what was changed, removed, added or moved.

    Recordings taken from the end leave no gap: only a head that was kept elsewhere tells.
    """
    opened = open_ledger(str(ledger), now() + _CLOCKS_DIFFER, head=head)
    if opened.later:
        text = f"{opened.later:,} of its recordings are later than the clock"
        raise GeoError(Fault(str(ledger), text, "set the clock right, or ask who wrote them"))
    typer.echo(printable(_sentence(opened)))
    return ExitCode.COMPLIANT


def _sentence(ledger: Ledger) -> str:
    if not ledger.recordings:
        return f"{ledger.path}: nothing is recorded yet"
    first, last = ledger.recordings[0].observed_at, ledger.recordings[-1].observed_at
    count = len(ledger.recordings)
    what = "1 recording is" if count == 1 else f"{count:,} recordings are"
    span = f"{first:%Y-%m-%dT%H:%M:%SZ}" + (f" to {last:%Y-%m-%dT%H:%M:%SZ}" if count > 1 else "")
    return f"{ledger.path}: {what} as recorded, {span}; head {ledger.head}"
