"""`auditor rules diff`."""

from typing import Annotated

import typer

from auditor.cli.editions import edition_of
from auditor.cli.guard import guarded, printable
from auditor.cli.rules import rules_app
from auditor.engine.conditions import ExitCode
from auditor.errors import UsageError
from auditor.ruleset.single import unknown_rule
from auditor.ruleset.tables.diff import Edition, differences
from auditor.ruleset.tables.naming import ELSEWHERE

_EXAMPLES = """\b
Examples:
  auditor rules diff HEAD~1 rules
  auditor rules diff v1.2:rules/packs/us-dsp rules/packs/us-dsp
  auditor rules diff old.yaml new.yaml"""
_NOTHING = (
    "nothing changed: the same decisions in every cell, and the same limits, roles to observe and windows"
)
_ELSEWHERE = "elsewhere: every country that neither edition of the rule names at the time"

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
    found = differences(was, becomes, rule)
    blocks = ["\n  ".join([one.heading, *one.sentences]) for one in found] or [_NOTHING]
    if any(ELSEWHERE in block for block in blocks):
        blocks.append(_ELSEWHERE)
    typer.echo(printable("\n\n".join(blocks)))
    return ExitCode.COMPLIANT


def _check(rule: str, *editions: Edition) -> None:
    known = [subject.rule.id for edition in editions for subject in edition.subjects]
    if rule not in known:
        raise UsageError(unknown_rule(rule, known))
