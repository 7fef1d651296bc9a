"""`auditor rules list` and `auditor rules check`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable
from auditor.cli.tables import aligned
from auditor.engine.conditions import ExitCode
from auditor.errors import RuleSetError
from auditor.ruleset.folders import with_packs
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
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


def with_default(folders: Sequence[Path] | None) -> Sequence[Path]:
    """Take the folder `rules` where none is named."""
    return folders or [Path("rules")]


@rules_app.command("list")
@guarded
def list_command(folders: Folders = None) -> ExitCode:
    """List the rules, packs included: id, version, effect, severity, start, title."""
    ruleset = load_ruleset(with_packs(with_default(folders)))
    rows = [
        (
            rule.id,
            rule.version,
            rule.effect,
            str(rule.severity),
            f"from {rule.in_force.from_:%Y-%m-%d}",
            f"draft: {rule.title}" if rule.is_draft else rule.title,
        )
        for rule in ruleset.rules
    ]
    lines = aligned(rows).splitlines()
    for folder, members in _by_folder(ruleset, lines):
        if folder:
            typer.echo(printable(f"{folder}:"))
        for line in members:
            typer.echo(printable(line))
    return ExitCode.COMPLIANT


@rules_app.command("check")
@guarded
def check_command(folders: Folders = None) -> ExitCode:
    """Load the rules, packs included, and run their own cases; every fault is listed with its place."""
    ruleset = load_ruleset(with_packs(with_default(folders)))
    failures = [fault for rule in ruleset.rules for fault in failures_in(rule, ruleset)]
    if failures:
        raise RuleSetError.of(failures)
    cases = sum(len(rule.tests) for rule in ruleset.rules)
    typer.echo(
        f"rules: {len(ruleset.rules)}, files: {len(ruleset.files)}, cases: {cases}; no faults", err=True
    )
    return ExitCode.COMPLIANT


def _by_folder(ruleset: RuleSet, lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Sort the lines of rules by the folder of their file; one folder alone needs no name."""
    folders: dict[str, list[str]] = {}
    for rule, line in zip(ruleset.rules, lines, strict=True):
        folders.setdefault(str(Path(ruleset.file_of(rule).path).parent), []).append(line)
    return sorted(folders.items()) if len(folders) > 1 else [("", lines) for lines in folders.values()]
