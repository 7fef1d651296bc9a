"""`auditor explain`, `auditor report` and `auditor verify`: what is asked of a finished run."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.audit import now
from auditor.cli.guard import guarded, printable
from auditor.engine.again import rows_of_call
from auditor.engine.audit import Means
from auditor.engine.conditions import ExitCode
from auditor.engine.identifiers import is_identifier
from auditor.errors import Fault, RunError, UsageError
from auditor.evidence.run import load_manifest
from auditor.evidence.verify import faults_in, input_faults, load_intact
from auditor.report.explain import explain_text, findings_with
from auditor.report.html import render_html

Run = Annotated[Path, typer.Argument(metavar="RUN", readable=False, help="A run directory.")]


@guarded
def explain_command(
    run: Run,
    finding: Annotated[str | None, typer.Argument(metavar="[FINDING]", help="A finding id, F-….")] = None,
    *,
    call: Annotated[
        str | None, typer.Option(metavar="ID", help="A call id: all its connections, all rules.")
    ] = None,
) -> ExitCode:
    """Say in sentences why a finding, or every connection of a call, got its verdict."""
    if (finding is None) == (call is None):
        raise typer.BadParameter("name either a finding or `--call ID`")
    manifest = load_intact(run)
    if call is not None:
        rows = rows_of_call(run, manifest, call, Means(now))
    else:
        name = str(finding).strip().upper()
        rows = findings_with(run, finding_ids=[name]) if is_identifier("F", name) else []
        if not rows:
            raise RunError(_unknown(run, name))
    typer.echo(printable(explain_text(run, manifest, rows)))
    return ExitCode.COMPLIANT


@guarded
def report_command(
    run: Run,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write; `-` is stdout.")] = Path(
        "report.html"
    ),
) -> ExitCode:
    """Render the report of a run again, from the run alone; the run itself is never changed."""
    to_stdout = str(out) == "-"
    if not to_stdout:
        _require_place(out, run)
    page = render_html(run, load_intact(run)).encode()
    if to_stdout:
        sys.stdout.buffer.write(page)
        return ExitCode.COMPLIANT
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        partial.write_bytes(page)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RunError(Fault(f"--out {out}", f"cannot be written: {error.strerror}")) from None
    typer.echo(f"Wrote {out}", err=True)
    return ExitCode.COMPLIANT


@guarded
def verify_command(
    run: Run,
    *,
    inputs: Annotated[
        bool, typer.Option("--inputs", help="Also look at the logs, rules and databases.")
    ] = False,
) -> ExitCode:
    """Compare every file of a run with its manifest; offline, reading the run alone."""
    manifest = load_manifest(run)
    faults = faults_in(run)
    if inputs:
        faults += input_faults(manifest, Path(manifest.run.working_directory))
    if faults:
        raise RunError(*faults)
    files = len(manifest.outputs) + 1
    typer.echo(f"{run}: {files} files are as the run wrote them; manifest {manifest.self_sha256}")
    return ExitCode.COMPLIANT


def _require_place(out: Path, run: Path) -> None:
    if out.is_dir():
        raise UsageError(Fault(f"--out {out}", "is a folder", "name the file"))
    if out.resolve().is_relative_to(run.resolve()):
        hint = "write it beside the run: what is added to a run makes `auditor verify` fail"
        raise UsageError(Fault(f"--out {out}", "lies in the run", hint))


def _unknown(run: Path, finding: str) -> Fault:
    if is_identifier("I", finding):
        return Fault(
            str(run), f"`{finding}` is an incident", "its findings are in findings.parquet, by incident_id"
        )
    mistyped = "its check symbol does not agree: one symbol may be mistyped"
    return Fault(str(run), f"has no finding `{finding}`", None if is_identifier("F", finding) else mistyped)
