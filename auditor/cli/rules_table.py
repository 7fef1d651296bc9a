"""`auditor rules table`."""

from typing import Annotated

import typer

from auditor.cli.guard import guarded, printable
from auditor.cli.rules import Folders, rules_app, with_default
from auditor.engine.conditions import ExitCode
from auditor.ruleset.single import find_rule
from auditor.ruleset.tables.table_rows import table_rows
from auditor.ruleset.tables.table_text import table_text
from auditor.tables import write_table

RuleIdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of the rule; packs are searched too.")]


@rules_app.command("table", epilog="\b\nExample:\n  auditor rules table eu-fence-fallback rules")
@guarded
def table_command(
    rule_id: RuleIdArgument,
    folders: Folders = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write every cell, one a line, as CSV.")] = False,
) -> ExitCode:
    """Show the whole decision table of a rule: what it says of each connection, per period."""
    subject = find_rule(rule_id, with_default(folders))
    typer.echo(printable(write_table(*table_rows(subject)) if as_csv else table_text(subject)), nl=False)
    return ExitCode.COMPLIANT
