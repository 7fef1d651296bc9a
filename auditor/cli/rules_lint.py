"""`auditor rules lint`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable, say
from auditor.cli.options import AsOf
from auditor.cli.rules import Folders, rules_app
from auditor.engine.conditions import ExitCode
from auditor.ruleset.folders import with_packs
from auditor.ruleset.lints.lint import lint
from auditor.ruleset.loader import load_documented

Strict = Annotated[bool, typer.Option("--strict", help="Exit 5 if anything is found that is not noted.")]


@rules_app.command("lint")
@guarded
def lint_command(folders: Folders = None, *, as_of: AsOf = None, strict: Strict = False) -> ExitCode:
    """Look for what is no fault and still wants a look, in rules and packs together.

    What contradicts another rule, and is kept with a `conflict_note` in both, is listed as noted.
    """
    documented = load_documented(with_packs(folders or [Path("rules")]))
    found = lint(documented, as_of=as_of or datetime.now(UTC))
    for one in found:
        typer.echo(printable(str(one)))
    noted = sum(one.remark.is_noted for one in found)
    ruleset = documented.ruleset
    say(
        f"rules: {len(ruleset.rules)}, groups: {len(ruleset.groups.by_id)}; "
        f"warnings: {len(found) - noted}, noted: {noted}"
    )
    return ExitCode.RULES_FAULTY if strict and len(found) > noted else ExitCode.COMPLIANT
