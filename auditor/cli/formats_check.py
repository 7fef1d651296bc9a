"""`auditor formats check`."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.formats import formats_app
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, printable, say
from auditor.cli.logs import PrivacyOptions, ToldOptions, is_mapping_file, require_known
from auditor.cli.progress import progress_on_terminal
from auditor.engine.conditions import ExitCode
from auditor.engine.logcheck import CheckRequest, LogCheck, check_logs
from auditor.engine.request import LogsAsked, Told
from auditor.errors import Fault, UsageError
from auditor.report.formats_text import check_text
from auditor.sources.registry import format_names

_EPILOG = """\b
Examples:
  auditor formats check zoom-participants meetings/ --sites sites.csv
  auditor formats check acme-edge-csv.yaml edge.csv --zone Europe/Berlin

\b
Exit codes:
  0  each log gave connections    4  a log gave none
  2  wrong command line           6  the mapping or a log is missing or faulty
"""

Way = Annotated[str, typer.Argument(metavar="NAME|MAPPING", help="A preset, a reader, or a mapping file.")]
Logs = Annotated[list[str], typer.Argument(metavar="LOG...", help="Files, globs and folders, mixed.")]
Sites = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the sites and host names without a line as an inventory to be filled; never over a file.",
    ),
]


@formats_app.command("check", epilog=_EPILOG, short_help="Show what a format makes of logs, before an audit.")
@guarded
@grouped
def check_command(  # noqa: PLR0913  one parameter per option of the command line
    way: Way,
    logs: Logs,
    *,
    told: ToldOptions,
    privacy: PrivacyOptions,
    inventory: options.Inventory = None,
    sites: Sites = None,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Read logs as an audit would, and show the first connections, and all that is missing or odd."""
    asked = _asked(way, logs, privacy.over(told.told))
    request = CheckRequest(asked, tuple(map(str, inventory or ())), privacy.key)
    with progress_on_terminal(quiet=quiet) as observer:
        check = check_logs(request, observer)
    typer.echo(printable(check_text(check)))
    if sites is not None:
        _write(check, sites)
    return check.exit_code


def _asked(way: str, logs: list[str], told: Told) -> LogsAsked:
    """Take a word as the name of a format if it is one, else as a file if it may be one."""
    if way not in format_names() and (Path(way).exists() or is_mapping_file(way)):
        return LogsAsked(tuple(logs), mapping=way, told=told, place=way)
    if near := next((way + end for end in (".yaml", ".yml") if Path(way + end).exists()), None):
        raise UsageError(Fault("NAME", f"`{way}` is no format", f"did you mean `{near}`?"))
    require_known(way, "NAME")
    return LogsAsked(tuple(logs), format=way, told=told, place="NAME")


def _write(check: LogCheck, path: Path) -> None:
    blank = check.blank_sites()
    if not blank.lines:
        say("every site and host name has a line")
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(blank.to_text())
    except FileExistsError:
        raise UsageError(Fault(str(path), "is there already", "name another file")) from None
    say(f"{path}: {len(blank.lines):,} to attest; fill in country, attested_by and basis")
