"""`auditor rules list` and `auditor rules check`."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable
from auditor.engine.conditions import ExitCode
from auditor.errors import RuleSetError
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.testing import failures_in

rules_app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Look at rules, and check them.",
)

Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[DIR]...", readable=False, help="Folders of rules; default rules, in this folder."
    ),
]


@rules_app.command("list")
@guarded
def list_command(folders: Folders = None) -> ExitCode:
    """List the rules: id, version, effect, severity, start, title."""
    rows = [
        (
            rule.id,
            rule.version,
            rule.effect,
            str(rule.severity),
            f"from {rule.in_force.from_:%Y-%m-%d}",
            rule.title,
        )
        for rule in load_ruleset(folders or [Path("rules")]).rules
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo(printable(line.rstrip()))
    return ExitCode.COMPLIANT


@rules_app.command("check")
@guarded
def check_command(folders: Folders = None) -> ExitCode:
    """Load the rules and run their own cases; every fault is listed with its place."""
    ruleset = load_ruleset(folders or [Path("rules")])
    failures = [fault for rule in ruleset.rules for fault in failures_in(rule, ruleset)]
    if failures:
        raise RuleSetError.of(failures)
    cases = sum(len(rule.tests) for rule in ruleset.rules)
    typer.echo(
        f"rules: {len(ruleset.rules)}, files: {len(ruleset.files)}, cases: {cases}; no faults", err=True
    )
    return ExitCode.COMPLIANT
