"""`auditor rules show`."""

import typer

from auditor.cli.guard import guarded, printable
from auditor.cli.rules import Folders, rules_app, with_default
from auditor.cli.rules_table import RuleIdArgument
from auditor.engine.conditions import ExitCode
from auditor.report.places import country_name
from auditor.ruleset.single import find_rule
from auditor.ruleset.wording.rule_text import rule_text


@rules_app.command("show", epilog="\b\nExample:\n  auditor rules show cn-exclusion rules")
@guarded
def show_command(rule_id: RuleIdArgument, folders: Folders = None) -> ExitCode:
    """Show a rule in plain words: what it asks, on what authority, and since when."""
    subject = find_rule(rule_id, with_default(folders))
    typer.echo(printable(rule_text(subject, name_with_code)), nl=False)
    return ExitCode.COMPLIANT


def name_with_code(code: str) -> str:
    """Name a country, with its code."""
    return f"{country_name(code)} ({code})"
