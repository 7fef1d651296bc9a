"""`auditor waivers list` and `auditor waivers new`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.choosing import Choice, Findings, open_findings
from auditor.cli.guard import guarded, printable, say
from auditor.cli.rules import Folders
from auditor.cli.tables import aligned
from auditor.engine.conditions import ExitCode
from auditor.errors import Fault, RunError, UsageError
from auditor.evidence.verify import load_intact
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.waiver_draft import draft_of
from auditor.ruleset.waiver_schema import Waiver, is_waiver_id
from auditor.ruleset.waivers import WaiverUse, decide, standing_of
from auditor.tables import write_table

waivers_app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Look at waivers, and draft them.",
)

_COLUMNS = ("id", "rule", "standing", "days_left", "approved_by", "ticket")
_USE_COLUMNS = ("state", "fits", "max_findings")

Row = tuple[str, ...]


@waivers_app.command("list")
@guarded
def list_command(
    folders: Folders = None,
    *,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            parser=options.instant_of,
            help="Clock, with offset; default that of the run, else now.",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="RUN", readable=False, help="Also what they do to the findings of this run."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Write a CSV table.")] = False,
) -> ExitCode:
    """List the waivers, and how they stand at the clock."""
    waivers = load_ruleset(folders or [Path("rules")]).waivers
    if run is None:
        clock = as_of or now()
        rows = [_row_of(waiver, clock) for waiver in waivers]
    else:
        clock = as_of or load_intact(run).settings.as_of
        decided = decide(waivers, open_findings(run).rows, as_of=clock)
        rows = [_row_of(use.waiver, clock) + _use_of(use) for use in decided.uses]
    columns = _COLUMNS if run is None else _COLUMNS + _USE_COLUMNS
    if as_csv:
        typer.echo(write_table(columns, rows), nl=False)
    elif rows:
        typer.echo(printable(aligned([tuple(map(_words, columns)), *rows])))
    say(f"waivers: {len(rows)}, as of {clock:%Y-%m-%dT%H:%M:%SZ}")
    return ExitCode.COMPLIANT


@waivers_app.command("new")
@guarded
def new_command(  # noqa: PLR0913  one parameter per option of the command line
    *,
    findings: Annotated[
        Path,
        typer.Option("--from", metavar="FINDINGS", readable=False, help="A run, or its findings.parquet."),
    ],
    finding: Annotated[
        list[str] | None, typer.Option(metavar="F-…", help="Only this finding; repeatable.")
    ] = None,
    incident: Annotated[
        str | None, typer.Option(metavar="I-…", help="Only the findings of this incident.")
    ] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only findings of this rule.")] = None,
    call: Annotated[str | None, typer.Option(metavar="ID", help="Only findings of this call.")] = None,
    account: Annotated[str | None, typer.Option(metavar="ID", help="Only findings of this account.")] = None,
    waiver_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Id of the waiver, as W-2026-014.")
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="FILE", readable=False, help="Where to write; `-` is stdout.")
    ] = Path("-"),
) -> ExitCode:
    """Draft a waiver over findings of one rule.

    What only persons can say is left blank.
    """
    if waiver_id is not None and not is_waiver_id(waiver_id):
        raise typer.BadParameter(f"`{waiver_id}` is not up to 64 of letters, digits and hyphens")
    opened = open_findings(findings)
    choice = Choice(tuple(finding or ()), incident, rule, call, account)
    draft = draft_of(choice.among(opened), opened.rows, never=opened.never)
    if isinstance(draft, Fault):
        raise UsageError(Fault(f"--from {findings}", draft.text, draft.hint))
    _write(draft.text(waiver_id), out, opened)
    say(
        f"A draft of a waiver, {draft.counted}. Fill in the blanks: `auditor rules check` names what is left."
    )
    return ExitCode.COMPLIANT


def _write(text: str, out: Path, opened: Findings) -> None:
    """Write a new file, never over another, nor into a run."""
    if str(out) == "-":
        typer.echo(text, nl=False)
        return
    if opened.run and Path(os.path.realpath(out)).is_relative_to(os.path.realpath(opened.run)):
        hint = "write it beside the run: what is added to a run makes `auditor verify` fail"
        raise UsageError(Fault(f"--out {out}", "lies in the run", hint))
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(Fault(f"--out {out}", "is there already", "choose another --out")) from None
    except OSError as error:
        raise RunError(Fault(f"--out {out}", f"cannot be written: {error.strerror}")) from None
    say(f"Wrote {out}")


def _row_of(waiver: Waiver, as_of: datetime) -> Row:
    standing = standing_of(waiver, as_of)
    days_left = str((waiver.expires - as_of).days) if standing.counts else ""
    return (waiver.id, waiver.rule, _words(standing), days_left, waiver.approved_by, waiver.ticket)


def _use_of(use: WaiverUse) -> Row:
    return (_words(use.state), str(use.fits), str(use.waiver.max_findings))


def _words(value: str) -> str:
    return value.replace("_", " ")
