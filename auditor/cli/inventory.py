"""`auditor inventory check`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, printable
from auditor.cli.places import PlaceOptions, places_of
from auditor.engine.conditions import ExitCode
from auditor.engine.listcheck import check_lists
from auditor.engine.request import Request
from auditor.report.listcheck_text import listcheck_table, listcheck_text

inventory_app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    help="Look at the operator's own lists of relays.",
)

_EXAMPLES = """\b
Examples:
  auditor inventory check lists/*.csv --rules rules --inventory relays.csv
  auditor inventory check lists/*.csv --since 2026-11-24T00:00:00Z --quiet

\b
Exit codes:
  0  every entry is fine               4  no entry falls under a rule
  1  an entry would break a rule       5  rules are faulty
  2  wrong command line                6  input is missing or faulty
  3  an entry could not be determined
"""

Lists = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="LIST...",
        readable=False,
        help="Relay lists that clients are handed; default those of auditor.toml.",
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        metavar="TIME",
        parser=options.instant_of,
        help="Judge no earlier than this, with offset; default since each entry's `from`.",
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write a CSV table of all entries and rules.")]
QuietIfFine = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing if every entry is fine: for schedulers.")
]


@inventory_app.command("check", epilog=_EXAMPLES, short_help="Judge relay lists before a call uses them.")
@guarded
@grouped
def check_command(  # noqa: PLR0913  one parameter per option of the command line
    lists: Lists = None,
    *,
    rules: options.Rules = None,
    evidence: PlaceOptions,
    as_of: options.AsOf = None,
    since: Since = None,
    skip_rule_tests: options.SkipRuleTests = False,
    allow_draft: options.AllowDraft = False,
    as_csv: AsCsv = False,
    quiet: QuietIfFine = False,
) -> ExitCode:
    """Judge relay lists before a call uses them: which entry would break which rule.

    Each entry is judged as a use of it by a client of its region, from its `from` until its `until`, at most
    as far as the clock. What it cannot say (accounts, failed primaries, windows, limits) counts as holding.
    """
    places = places_of(evidence, lists)
    request = Request(
        logs=(),
        rules=tuple(str(folder) for folder in rules or [Path("rules")]),
        location=places.sources,
        relay_lists=places.relay_lists,
        skip_rule_tests=skip_rule_tests,
        allow_draft=allow_draft,
    )
    check = check_lists(request, os.environ, as_of=as_of or now(), since=since)
    if not quiet or check.exit_code is not ExitCode.COMPLIANT:
        text = listcheck_table(check) if as_csv else f"{printable(listcheck_text(check))}\n"
        typer.echo(text, nl=False)
    return check.exit_code
