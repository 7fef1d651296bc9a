"""The whole audit, through its command line, agrees with the slow reference on random worlds."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from typer.testing import CliRunner

from auditor.cli.main import app
from tests.reference.clauses import AS_OF
from tests.reference.comparison import Origin, differing, disagreements, origin_of
from tests.reference.files import FIRST_RECORD, write_world
from tests.reference.locating import locations_differ
from tests.reference.reading import UnreadableError, read
from tests.reference.reference import audit
from tests.reference.strategies import Case, cases
from tests.reference.world import Connection

WHOLE_LANGUAGE = True


@dataclass(frozen=True, slots=True)
class ReadLogs:
    """What the reference reads: connections with their origins, and the rejects' reasons."""

    origins: tuple[Origin, ...]
    connections: tuple[Connection, ...]
    rejects: dict[Origin, str]


@dataclass(frozen=True, slots=True)
class Audited:
    """What the product wrote."""

    summary: dict[str, Any]
    findings: pl.DataFrame
    locations: pl.DataFrame
    rejects: pl.DataFrame


def read_logs(case: Case, digests: Mapping[str, str]) -> ReadLogs:
    connections: dict[Origin, Connection] = {}
    rejects: dict[Origin, str] = {}
    for log_format, raws in case.logs:
        for record, raw in enumerate(raws, start=FIRST_RECORD[log_format]):
            try:
                connections[log_format, record] = {**read(raw), "record": record, "log": digests[log_format]}
            except UnreadableError as error:
                rejects[log_format, record] = str(error)
    return ReadLogs(tuple(connections), tuple(connections.values()), rejects)


def audited(arguments: Sequence[str], out: Path) -> Audited:
    """Run the real command, and open what it wrote."""
    command = ["audit", *arguments, "--out", str(out), "--as-of", AS_OF.isoformat(), "--max-rejected", "100%"]
    done = CliRunner().invoke(app, command)
    assert (out / "summary.json").exists(), f"exit {done.exit_code}: {done.output}"
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert done.exit_code == summary["exit_code"]
    tables = (pl.read_parquet(out / f"{name}.parquet") for name in ("findings", "locations", "rejects"))
    return Audited(summary, *tables)


def rejects_of(frame: pl.DataFrame) -> dict[Origin, str]:
    return {origin_of(row): row["reason"] for row in frame.iter_rows(named=True)}


def records_in(case: Case) -> int:
    return sum(len(raws) + FIRST_RECORD[log_format] - 1 for log_format, raws in case.logs)


# A world in which they disagree is shown, however large it is.
@pytest.mark.filterwarnings("ignore:Generating overly large repr:hypothesis.errors.HypothesisWarning")
@given(cases(whole=WHOLE_LANGUAGE))
@settings(
    deadline=None,
    max_examples=20,
    # Explaining a failure would run the audit a hundred times more.
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.too_slow],
)
def test_the_audit_agrees_with_an_independent_slow_per_row_reference(case: Case) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world, files = write_world(case.world, case.databases, case.logs, folder)
        logs = read_logs(case, files.digests)
        result = audit(logs.connections, world)
        said = audited(files.arguments, folder / "run")
    found = [
        *locations_differ(result.judged, said.locations),
        *disagreements(result, said.findings, said.summary, logs.origins),
        *differing("rejects", logs.rejects, rejects_of(said.rejects)),
        *differing("records", records_in(case), said.summary["totals"]["records"]),
    ]
    for line in found:
        note(line)
    assert not found
