"""`auditor formats list`, `show` and `detect`."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable
from auditor.cli.logs import require_known
from auditor.cli.tables import aligned
from auditor.engine.conditions import ExitCode
from auditor.report.formats_text import detected_text, format_text, formats_table
from auditor.sources.detection import detected_in
from auditor.sources.discover import OF_NAMED_FORMATS, find_logs
from auditor.sources.registry import all_formats

formats_app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Look at the formats of logs, and try one on a log.",
)

_DETECT_EPILOG = """\b
Exit codes:
  0  each log bears one mark      4  a log bears none, or several
  2  wrong command line           6  a log is missing
"""

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `auditor formats list` names it.")]
Logs = Annotated[list[str], typer.Argument(metavar="LOG...", help="Files, globs and folders, mixed.")]


@formats_app.command("list", short_help="List presets and readers.")
@guarded
def list_command() -> ExitCode:
    """List all formats that can be named, and what each was checked against."""
    typer.echo(printable(aligned(formats_table(all_formats()))))
    return ExitCode.COMPLIANT


@formats_app.command("show", short_help="Show a preset's mapping, or what a reader is.")
@guarded
def show_command(name: Name) -> ExitCode:
    """Print a preset as its file has it, to be read or copied and changed."""
    text = format_text(require_known(name, "NAME"))
    typer.echo(printable(text), nl=not text.endswith("\n"))
    return ExitCode.COMPLIANT


@formats_app.command("detect", epilog=_DETECT_EPILOG, short_help="Say which formats would fit logs, and why.")
@guarded
def detect_command(logs: Logs) -> ExitCode:
    """Say of each log which format's mark it bears, and which formats are likely."""
    sure = True
    for path in find_logs(logs, OF_NAMED_FORMATS):
        detected = detected_in(Path(path))
        sure = sure and len(detected.marks) == 1
        typer.echo(printable(detected_text(path, detected)))
    return ExitCode.COMPLIANT if sure else ExitCode.TOO_LITTLE_JUDGED
