"""The command line: one command per module, each thin."""

from typing import Annotated

import typer

from auditor import __version__
from auditor.cli.audit import AUDIT_EXAMPLES, audit_command, demo_command
from auditor.cli.rules import rules_app
from auditor.cli.runs import explain_command, report_command, verify_command

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


def main() -> None:
    """Run the command line."""
    app(prog_name="auditor")
