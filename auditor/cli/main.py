"""The command line: one command per module, each thin."""

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TextIO

import typer

from auditor import __version__
from auditor.cli import (  # noqa: F401  each registers its commands
    formats_check,
    geo_lookup,
    geo_record,
    geo_status,
    geo_update,
    geo_verify,
    inventory_new,
    rules_author,
    rules_backtest,
    rules_diff,
    rules_lint,
    rules_show,
    rules_table,
    rules_test,
)
from auditor.cli.audit import AUDIT_EXAMPLES, audit_command, demo_command
from auditor.cli.formats import formats_app
from auditor.cli.geo import geo_app
from auditor.cli.inventory import inventory_app
from auditor.cli.rules import rules_app
from auditor.cli.runs import explain_command, report_command, verify_command
from auditor.cli.waivers import waivers_app
from auditor.engine.conditions import ExitCode

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Did any call leave the region in which it was promised to stay? Audit connection logs.",
)
app.command("audit", short_help="Audit connection logs, and write a run.", epilog=AUDIT_EXAMPLES)(
    audit_command
)
app.command(
    "demo",
    short_help="Audit the bundled synthetic sample.",
    epilog="\b\nExample:\n  auditor demo --out demo && xdg-open demo/report.html",
)(demo_command)
app.command(
    "explain",
    short_help="Say why a finding or a call got its verdict.",
    epilog="\b\nExamples:\n  auditor explain run F-KC3J-WCDP-BCYH-V\n  auditor explain run --call c-54da90f6",
)(explain_command)
app.command(
    "report",
    short_help="Render the report of a run again.",
    epilog="\b\nExample:\n  auditor report runs/2026-03 --out copy.html",
)(report_command)
app.command(
    "verify",
    short_help="Compare a run with its manifest.",
    epilog="\b\nExample:\n  auditor verify runs/2026-03 --inputs",
)(verify_command)
app.add_typer(rules_app, name="rules")
app.add_typer(waivers_app, name="waivers")
app.add_typer(geo_app, name="geo")
app.add_typer(inventory_app, name="inventory")
app.add_typer(formats_app, name="formats")


def _version(asked: bool) -> None:  # noqa: FBT001  Typer calls it with the flag's value
    if asked:
        typer.echo(f"auditor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options that stand before the command."""


_SELDOM = (50_000, 50, 50)
"""Evidence is many objects that live as long as the run: to look through them for garbage takes 5 % of it."""


def main() -> None:
    """Run the command line, and end with its code.

    Typer's own way out for an abort and a closed pipe is 1, which here means *violation*: it is not taken.
    """
    sys.stdout, sys.stderr = _open(sys.stdout), _open(sys.stderr)
    gc.set_threshold(*_SELDOM)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # what a scheduler sends cleans up as Ctrl-C does
    sys.exit(_code())


def _open(stream: TextIO | None) -> TextIO:
    """Give a stream that takes every sentence: also where it was closed, or the locale lacks a character."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _code() -> int:
    try:
        return int(app(prog_name="auditor", standalone_mode=False) or ExitCode.COMPLIANT)
    except typer.TyperException as error:
        with suppress(OSError):
            getattr(error, "show", error.format_message)()  # the class that can show itself is not public
        return ExitCode.USAGE
    except SystemExit:  # so Typer leaves when a pipe is closed
        return ExitCode.PIPE_CLOSED
