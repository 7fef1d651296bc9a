"""`auditor audit` and `auditor demo`."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer

from auditor.cli import options
from auditor.cli.bundled import bundled
from auditor.cli.groups import grouped
from auditor.cli.guard import guarded, printable
from auditor.cli.logs import FormatOptions, PrivacyOptions, ToldOptions
from auditor.cli.places import PlaceOptions, places_of
from auditor.cli.progress import progress_on_terminal
from auditor.engine.audit import Means, audit
from auditor.engine.conditions import ExitCode
from auditor.engine.local import LocalEngine
from auditor.engine.request import (
    DEFAULT_MAX_LISTED,
    NO_REJECTS,
    Limits,
    LocationSources,
    LogsAsked,
    Request,
)
from auditor.evidence.run import open_run
from auditor.evidence.summary import Summary
from auditor.model import Severity
from auditor.report.text import summary_text
from auditor.report.write import write_report

DEMO_CLOCK = datetime(2020, 4, 27, 6, tzinfo=UTC)
"""The demo audits as of the morning after the sample ends, so that its report is the same for everybody."""

_DEMO_LOGS = ("csv", "ndjson", "parquet")

AUDIT_EXAMPLES = """\b
Examples:
  auditor audit logs/ --rules rules --geo /var/lib/GeoIP --accounts accounts.csv
  auditor audit 'logs/2026-03-*.csv.gz' --rules rules --out runs/2026-03
  auditor audit conn.log --format zeek-conn --fail-on critical --quiet

\b
Exit codes:
  0  everything was judged, nothing was found    4  too little was judged
  1  violation                                   5  rules are faulty
  2  wrong command line                          6  input is missing or faulty
  3  not determined                             70  internal error
"""


def now() -> datetime:
    """Tell the time: the only place where a clock is read."""
    return datetime.now(UTC)


@guarded
@grouped
def audit_command(  # noqa: PLR0913  one parameter per option of the command line
    logs: options.Logs = None,
    *,
    format_: FormatOptions,
    told: ToldOptions,
    privacy: PrivacyOptions,
    rules: options.Rules = None,
    accounts: options.Accounts = None,
    evidence: PlaceOptions,
    relay_lists: options.RelayLists = None,
    as_of: options.AsOf = None,
    out: options.Out = None,
    overwrite: options.Overwrite = False,
    fail_on: options.FailOn = Severity.LOW,
    max_rejected: options.MaxRejected = NO_REJECTS,
    max_uncovered: options.MaxUncovered = None,
    max_indeterminate: options.MaxIndeterminate = 0,
    max_listed: options.MaxListed = DEFAULT_MAX_LISTED,
    skip_rule_tests: options.SkipRuleTests = False,
    allow_draft: options.AllowDraft = False,
    workers: options.Workers = 1,
    quiet: options.Quiet = False,
) -> ExitCode:
    """Audit connection logs against rules, and write a run directory with a report."""
    places = places_of(evidence, relay_lists)
    request = Request(
        logs=format_.asked(logs, places.logs, privacy.over(told.told)),
        rules=tuple(str(folder) for folder in rules or [Path("rules")]),
        location=places.sources,
        accounts=str(accounts) if accounts else None,
        privacy_key=privacy.key,
        relay_lists=places.relay_lists,
        skip_rule_tests=skip_rule_tests,
        allow_draft=allow_draft,
        max_listed=max_listed,
        limits=Limits(fail_on, max_rejected, max_uncovered, max_indeterminate),
    )
    clock = as_of or now()
    place = out or Path(f"audit-{clock:%Y-%m-%dT%H%M%SZ}")
    summary = _run(request, _Place(place, overwrite=overwrite), as_of=clock, workers=workers, quiet=quiet)
    return ExitCode(summary.exit_code)


@guarded
def demo_command(
    *,
    out: options.DemoOut = Path("auditor-demo"),
    quiet: options.Quiet = False,
) -> ExitCode:
    """Audit the bundled synthetic sample with the bundled rules; ends with 0 whatever it finds.

    An earlier run at --out is replaced.
    """
    sample = bundled("sample_logs")
    request = Request(
        logs=(LogsAsked(tuple(str(sample / f"spring-2020.{suffix}") for suffix in _DEMO_LOGS)),),
        rules=(str(bundled("rules")), str(sample / "rules")),
        location=LocationSources(
            geo=(
                str(sample / "sample-country.mmdb"),
                str(sample / "sample-country_20200303.mmdb"),
                f"location@sample-vendor:{sample / 'sample-vendor.mmdb'}",
                str(sample / "sample-isp.mmdb"),
                str(sample / "sample-anonymous-ip.mmdb"),
            ),
            inventory=(str(sample / "inventory.csv"),),
            cloud_ranges=(str(sample / "sample-ip-ranges.json"),),
            geofeeds=(str(sample / "sample-geofeed_2020-04-01.csv"),),
            ledger=str(sample / "ledger"),
            documentation_is_public=True,
        ),
        accounts=str(sample / "accounts.csv"),
        relay_lists=(str(sample / "relay-lists.csv"),),
    )
    _run(request, _Place(out, overwrite=True), as_of=DEMO_CLOCK, workers=1, quiet=quiet, demo=True)
    return ExitCode.COMPLIANT


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the run goes."""

    path: Path
    overwrite: bool


def _run(  # noqa: PLR0913  the two commands differ in each of these
    request: Request, place: _Place, *, as_of: datetime, workers: int, quiet: bool, demo: bool = False
) -> Summary:
    """Audit, report, seal; then say what came out."""
    with open_run(place.path, overwrite=place.overwrite) as run:
        with progress_on_terminal(quiet=quiet) as observer:
            means = Means(now, sys.argv, engine=LocalEngine(workers), observer=observer)
            audited = audit(request, run, means, as_of=as_of)
            observer.begin("Writing the report", 0)
            manifest = audited.manifest.model_copy(update={"outputs": run.outputs()})
            write_report(run.directory, manifest)
        run.finish(manifest)
    if not quiet:
        text = summary_text(audited.summary, manifest, str(place.path), demo=demo)
        typer.echo(printable(text), err=True)
    return audited.summary
