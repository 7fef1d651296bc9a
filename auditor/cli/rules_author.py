"""`auditor rules schema` and `auditor rules new`: what whoever writes rules begins with."""

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.guard import guarded, say
from auditor.cli.rules import rules_app
from auditor.engine.conditions import ExitCode
from auditor.errors import Fault, UsageError
from auditor.ruleset.json_schemas import FileSort, json_schema_text
from auditor.ruleset.schema import Effect
from auditor.ruleset.templates import MARK, rule_template


@rules_app.command("schema")
@guarded
def schema_command(
    kind: Annotated[FileSort, typer.Argument(help="Which kind of file.")] = FileSort.RULE,
) -> ExitCode:
    """Print the JSON Schema of a kind of file, for editors."""
    typer.echo(json_schema_text(kind), nl=False)
    return ExitCode.COMPLIANT


@rules_app.command("new")
@guarded
def new_command(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The rule's name, and its file's.")],
    *,
    effect: Annotated[Effect, typer.Option(help="What the rule asks.")] = Effect.FENCE,
    out: Annotated[Path, typer.Option(metavar="DIR", readable=False, help="Folder of rules.")] = Path(
        "rules"
    ),
) -> ExitCode:
    """Write a commented rule to start from; never over another file.

    It loads and passes its own cases; what a person must decide is marked TODO.
    """
    text, file = rule_template(rule_id, effect), out / f"{rule_id}.yaml"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        taken = file if out.is_dir() else out
        raise UsageError(Fault(str(taken), "is there already", "choose another ID or --out")) from None
    except OSError as error:
        raise UsageError(Fault(str(file), f"cannot be written: {error.strerror}")) from None
    say(f"Wrote {file}. Replace what says {MARK}, then run `auditor rules check {out}`.")
    return ExitCode.COMPLIANT
