"""`auditor rules diff`."""

from typing import Annotated

import typer

from auditor.cli.editions import edition_of
from auditor.cli.guard import guarded, printable
from auditor.cli.rules import rules_app
from auditor.cli.rules_show import name_with_code
from auditor.engine.conditions import ExitCode
from auditor.errors import UsageError
from auditor.ruleset.single import unknown_rule
from auditor.ruleset.tables.diff import Edition, differences
from auditor.ruleset.tables.diff_text import diff_text

_EXAMPLES = """\b
Examples:
  auditor rules diff HEAD~1 rules
  auditor rules diff v1.2:rules/packs/us-dsp rules/packs/us-dsp
  auditor rules diff old.yaml new.yaml"""

_WHAT = "A rule file, a folder, or a git revision: REV or REV:PATH; PATH is else rules, in this folder."
Named = Annotated[str, typer.Argument(help=_WHAT)]


@rules_app.command("diff", epilog=_EXAMPLES)
@guarded
def diff_command(
    old: Named,
    new: Named,
    *,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule.")] = None,
) -> ExitCode:
    """Say what changed in meaning between two editions of rules: the cells that differ, in sentences."""
    was, becomes = edition_of(old), edition_of(new)
    if rule is not None:
        _check(rule, was, becomes)
    typer.echo(printable(diff_text(differences(was, becomes, rule, name_with_code))), nl=False)
    return ExitCode.COMPLIANT


def _check(rule: str, *editions: Edition) -> None:
    known = [subject.rule.id for edition in editions for subject in edition.subjects]
    if rule not in known:
        raise UsageError(unknown_rule(rule, known))
