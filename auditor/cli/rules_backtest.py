"""`auditor rules backtest`: what other rules would have said of a finished run."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from auditor.cli import options
from auditor.cli.audit import now
from auditor.cli.guard import guarded, printable
from auditor.cli.progress import progress_on_terminal
from auditor.cli.rules import rules_app
from auditor.cli.tables import aligned
from auditor.engine.audit import Means
from auditor.engine.backtest import CHANGED, Backtest, Finished, Folders, backtest
from auditor.engine.conditions import ExitCode
from auditor.evidence.run import open_run
from auditor.evidence.summary import RuleResult
from auditor.evidence.verify import load_intact
from auditor.model import Verdict
from auditor.tables import write_table

_NO_FINDING = "no finding"


@rules_app.command("backtest")
@guarded
def backtest_command(  # noqa: PLR0913  one parameter per option of the command line
    rules: Annotated[list[Path], typer.Argument(metavar="DIR...", readable=False, help="Folders of rules.")],
    *,
    against: Annotated[
        Path, typer.Option(metavar="RUN", readable=False, help="The finished run whose logs are read again.")
    ],
    as_csv: Annotated[bool, typer.Option("--csv", help="List every changed finding, as CSV.")] = False,
    allow_draft: options.AllowDraft = False,
    skip_rule_tests: options.SkipRuleTests = False,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Say what other rules would have said of the connections of a run: whatever they say, it ends with 0.

    The logs, databases and side files that the manifest names are read again, and must be what they were. The
    run stays as it is, and nothing of the second audit is kept.
    """
    finished = Finished(against, load_intact(against))
    with (
        tempfile.TemporaryDirectory(prefix="auditor-") as folder,
        open_run(Path(folder) / "run") as run,
        progress_on_terminal(quiet=quiet) as observer,
    ):
        means = Means(now, sys.argv, observer=observer)
        folders = Folders(tuple(map(str, rules)), allow_draft=allow_draft, skip_rule_tests=skip_rule_tests)
        found = backtest(folders, finished, run, means)
    typer.echo(_listing(found) if as_csv else printable("\n".join(_told(found))), nl=not as_csv)
    return ExitCode.COMPLIANT


def _told(found: Backtest) -> Iterator[str]:
    """Compare the results rule by rule."""
    totals = found.becomes.totals
    records, logs = f"{totals.records:,} records", f"{totals.files:,} log{'s' if totals.files > 1 else ''}"
    yield f"{found.was.report_number}: {records} of {logs} judged again, as of {found.was.as_of:%Y-%m-%d}"
    was = {rule.rule_id: rule for rule in found.was.rules}
    becomes = {rule.rule_id: rule for rule in found.becomes.rules}
    for rule_id in sorted(was.keys() | becomes.keys()):
        yield ""
        yield from _rule(rule_id, was.get(rule_id), becomes.get(rule_id), found)
    yield ""
    calls, then = found.was.overall.calls, found.becomes.overall.calls
    proved, possible = f"{calls.proved:,} → {then.proved:,}", f"{calls.possible:,} → {then.possible:,}"
    yield f"All rules: calls proved {proved}, possible {possible}"
    yield f"Connections under no rule: {found.was.uncovered:,} → {found.becomes.uncovered:,}"
    yield f"Exit code: {found.was.exit_code} → {found.becomes.exit_code}"


def _rule(rule_id: str, was: RuleResult | None, becomes: RuleResult | None, found: Backtest) -> Iterator[str]:
    yield _heading(rule_id, was, becomes, found)
    if was and becomes and was.severity != becomes.severity:
        yield f"  severity: {was.severity} → {becomes.severity}"
    if becomes and becomes.idle:
        yield "  no connection falls under it"
    rows = []
    for verdict in Verdict:
        before, after = (one.verdicts.get(verdict, 0) if one else 0 for one in (was, becomes))
        rows.append((f"  {verdict}", f"{before:,}", "→", f"{after:,}"))
    calls = [one.measures.calls.possible if one else 0 for one in (was, becomes)]
    rows.append(("  calls possible", f"{calls[0]:,}", "→", f"{calls[1]:,}"))
    yield from (f"  {line}" for line in aligned(rows).splitlines())
    changed = found.changed.filter(pl.col("rule_id") == rule_id)
    for said, says, count in _changes(changed):
        yield f"  {count:,} changed: {said} → {says}"
    if was is not None and becomes is not None and changed.is_empty():
        yield "  no finding changed"


def _heading(rule_id: str, was: RuleResult | None, becomes: RuleResult | None, found: Backtest) -> str:
    draft = ", draft" if becomes and becomes.status else ""
    if becomes is None:
        return f"{rule_id} {found.versions_were[rule_id]}: only in the run"
    if was is None:
        return f"{rule_id} {found.versions_become[rule_id]}: new{draft}"
    return f"{rule_id} {found.versions_were[rule_id]} → {found.versions_become[rule_id]}{draft}"


def _changes(changed: pl.DataFrame) -> Iterator[tuple[str, str, int]]:
    counts = (
        changed.group_by("was", "becomes")
        .len()
        .sort("len", "was", "becomes", descending=[True, False, False])
    )
    for before, after, count in counts.iter_rows():
        yield before or _NO_FINDING, after or _NO_FINDING, count


def _listing(found: Backtest) -> str:
    rows = found.changed.with_columns(
        pl.col("was", "becomes").fill_null(_NO_FINDING),
        pl.col("started_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
    )
    texts = rows.select(pl.all().cast(pl.String).fill_null(""))
    return write_table(tuple(CHANGED), texts.iter_rows())
