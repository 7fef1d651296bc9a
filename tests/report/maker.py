"""Small run directories, made by hand from findings: everything else follows from them."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.evidence.manifest import (
    Database,
    EvidenceFile,
    InputFile,
    Manifest,
    OutputFile,
    RuleApplied,
    RunFacts,
    Settings,
)
from auditor.evidence.summary import Calls, Condition, RuleResult, Summary, Totals, Undetermined, WaiverResult
from auditor.model import EXHIBIT, FINDING, INCIDENT, LOCATION, REJECT, Schema
from tests.report.counts import measures_of, with_incidents
from tests.report.rows import CLOCK, Row, at, rule, sha, waiver

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """A run directory, as far as the report reads it."""

    directory: Path
    manifest: Manifest
    summary: Summary


@dataclass(frozen=True)
class Recipe:
    """What a run is made from; `calls` and `connections` count the whole logs, violations or not."""

    findings: list[Row] = field(default_factory=list)
    rules: tuple[RuleApplied, ...] = (rule("cn-exclusion"), rule("us-home-fence"))
    locations: list[Row] = field(default_factory=list)
    rejects: list[Row] = field(default_factory=list)
    connections: int = 5_000
    calls: int = 2_310
    audited: int = 2_200
    loose: int = 0
    conditions: tuple[Condition, ...] = ()
    exit_code: int = 0
    exhibits: int = 3
    uncovered: int = 0
    record: str = "{number},call,media"
    waivers: tuple[WaiverResult, ...] = ()
    summary_values: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    manifest_values: dict[str, Any] = field(default_factory=dict)
    incident_values: dict[str, Any] = field(default_factory=dict)

    def written_to(self, directory: Path) -> Run:
        findings, incidents = with_incidents(self.findings, self.incident_values)
        summary = _summary(self, findings)
        tables = {
            "findings": (findings, FINDING),
            "incidents": (incidents, INCIDENT),
            "locations": (self.locations, LOCATION),
            "rejects": (self.rejects, REJECT),
            "exhibits": (_exhibits(findings, self), EXHIBIT),
        }
        outputs = [_written(directory, name, rows, schema) for name, (rows, schema) in tables.items()]
        (directory / "summary.json").write_text(summary.model_dump_json(by_alias=True), encoding="utf-8")
        return Run(directory, _manifest(self, outputs), summary)


def _exhibits(findings: list[Row], recipe: Recipe) -> list[Row]:
    return [
        {
            "exhibit": number,
            "finding_id": row["finding_id"],
            "source_file": row["source_file"],
            "record": row["record"],
            "byte_offset": row["byte_offset"],
            "excerpt": recipe.record.replace("{number}", str(row["record"])),
            "sha256": sha(row["record"]),
        }
        for number, row in enumerate(findings[: recipe.exhibits], start=1)
    ]


def _summary(recipe: Recipe, findings: list[Row]) -> Summary:
    undetermined: dict[str, list[Row]] = {}
    for row in findings:
        if row["verdict"] == "indeterminate":
            for reason in row["reasons"]:
                undetermined.setdefault(reason, []).append(row)
    values: dict[str, Any] = {
        "report_number": "AR-2020-04-27-7F3A",
        "as_of": CLOCK,
        "totals": _totals(recipe),
        "calls": Calls(
            in_logs=recipe.calls,
            audited=recipe.audited if recipe.calls else 0,
            connections_without_call=recipe.loose,
            audited_connections_without_call=recipe.loose,
            audited_connections=recipe.connections if recipe.audited else 0,
            by_role={},
        ),
        "rules": [_result(each, recipe, findings) for each in recipe.rules],
        "overall": measures_of(findings),
        "uncovered": recipe.uncovered,
        "idle": [],
        "undetermined": [_undetermined(reason, rows) for reason, rows in sorted(undetermined.items())],
        "only_stale": Undetermined(reason="stale_location", connections=0, calls=0),
        "waivers": list(recipe.waivers) or _used(findings),
        "conditions": list(recipe.conditions),
        "exit_code": recipe.exit_code,
        "not_connections": [],
        "unread_values": [],
        "warnings": [],
    }
    return Summary(**(values | recipe.summary_values))


def _used(findings: list[Row]) -> list[WaiverResult]:
    fits = Counter(row["waiver_id"] for row in findings if row["waiver_id"])
    return [waiver(name, fits=count) for name, count in sorted(fits.items())]


def _totals(recipe: Recipe) -> Totals:
    rejects = len(recipe.rejects)
    return Totals(
        files=1,
        records=recipe.connections + rejects + 1,
        connection_records=recipe.connections,
        connections=recipe.connections,
        rejects=rejects,
        not_connections=1,
        first_started_at=at("2020-03-16T00:10:00"),
        last_started_at=at("2020-04-26T23:50:00"),
    )


def _undetermined(reason: str, rows: list[Row]) -> Undetermined:
    measures = measures_of(rows)
    return Undetermined(
        reason=reason, connections=measures.connections.possible, calls=measures.calls.possible
    )


def _result(applied: RuleApplied, recipe: Recipe, findings: list[Row]) -> RuleResult:
    own = [row for row in findings if row["rule_id"] == applied.rule_id]
    single = [row for row in own if row["subject"] == "connection"]
    verdicts = {
        verdict: sum(row["verdict"] == verdict for row in single)
        for verdict in ("violation", "indeterminate", "excused")
    }
    rest = recipe.connections - sum(verdicts.values())
    outside = rest // 3 if recipe.audited else rest
    verdicts |= {"compliant": rest - outside, "not_applicable": outside}
    return RuleResult(
        rule_id=applied.rule_id,
        version=applied.version,
        title=applied.title,
        effect=applied.effect,
        severity=applied.severity,
        verdicts=verdicts,
        calls_audited=recipe.audited,
        status=applied.status,
        findings=0 if applied.effect == "watch" else len(own),
        findings_of_calls=len(own) - len(single),
        measures=measures_of(own),
        idle=False,
    )


def _written(directory: Path, name: str, rows: list[Row], schema: Schema) -> OutputFile:
    path = directory / f"{name}.parquet"
    pl.DataFrame(rows, schema=dict(schema)).write_parquet(path)
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    return OutputFile(name=path.name, rows=len(rows), bytes=len(raw), sha256=digest)


def _manifest(recipe: Recipe, outputs: list[OutputFile]) -> Manifest:
    totals = _totals(recipe)
    settings: dict[str, Any] = {
        "as_of": CLOCK,
        "rules": ["rules"],
        "geo": ["geo/GeoIP2-Country.mmdb"],
        "accounts": "accounts.csv",
        "inventory": ["inventory.csv"],
        "mapping": None,
        "max_age_days": 35,
        "fail_on": "low",
        "max_rejected": "0",
        "max_uncovered": None,
        "max_indeterminate": 0,
        "documentation_is_public": False,
        "skip_rule_tests": False,
        "max_listed": 500,
    }
    values: dict[str, Any] = {
        "run_id": "run-1",
        "run": RunFacts(
            command=["auditor", "audit"],
            working_directory="here",
            started_at=_NOW,
            finished_at=_NOW,
            platform="test",
            python="3.11",
        ),
        "versions": {"auditor": "0.1.0", "polars": "2.0.0"},
        "settings": Settings(**(settings | recipe.settings)),
        "inputs": [
            InputFile(
                path="logs/2020-04.csv",
                format="csv",
                bytes=1_234_567,
                sha256=sha("log"),
                mapping="canonical",
                mapping_sha256=sha("mapping"),
                records=totals.records,
                connection_records=totals.connection_records,
                connections=totals.connections,
                rejects=totals.rejects,
                not_connections=totals.not_connections,
                first_started_at=totals.first_started_at,
                last_started_at=totals.last_started_at,
            )
        ],
        "not_read": [],
        "evidence": [
            EvidenceFile(kind="accounts", path="accounts.csv", bytes=4_321, sha256=sha("accounts")),
            EvidenceFile(kind="inventory", path="inventory.csv", bytes=987, sha256=sha("inventory")),
        ],
        "databases": [
            Database(
                path="geo/GeoIP2-Country.mmdb",
                sha256=sha("GeoIP2-Country"),
                bytes=6_000_000,
                database_type="GeoIP2-Country",
                opinion="location",
                built_at=at("2020-04-07"),
                ip_version=6,
                description="GeoIP2 Country database",
                licence_note=None,
                schema_path="country.iso_code",
            )
        ],
        "rules": list(recipe.rules),
        "outputs": outputs,
    }
    return Manifest(**(values | recipe.manifest_values))
