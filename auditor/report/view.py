"""A run → frozen values for the report: at most the caps in Python, aggregates over everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import Fault, RunError
from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import RuleResult, Summary
from auditor.report import catalogue
from auditor.report.explain import Explanation, explanation_of
from auditor.report.incidents import Incidents, incidents_of
from auditor.report.lead import Lead, lead_of, only_stale_sentence, outcome_of
from auditor.report.phrase import RECORD_LIMIT, Logged, Phrase, visible
from auditor.report.placing import locations_of
from auditor.report.populations import Facts, Population, populations_of
from auditor.report.register import Listed, facts_of, listed_of, listed_rows
from auditor.report.tallies import Table, tallies_of

LISTED_EXHIBITS = 25
LISTED_FILES = 200
LISTED_LINES = 100
_MOST_LISTED = 1_000

SYNTHETIC_NOTICE = "Synthetic sample: no evidence"


@dataclass(frozen=True, slots=True)
class Undetermined:
    """One line of Table 6."""

    reason: catalogue.Reason
    code: str
    connections: int
    calls: int


@dataclass(frozen=True, slots=True)
class Unread:
    """Records that could not be read, by reason and column."""

    reason: str
    column: str
    count: int
    source_file: str
    record: int


@dataclass(frozen=True, slots=True)
class Contested:
    """A relay on whose country sources disagree."""

    relay: str
    site: str
    role: str
    since: datetime | None
    until: datetime | None
    says: tuple[tuple[str, str], ...]
    connections: int


@dataclass(frozen=True, slots=True)
class Placement:
    """How many relays and connections one reason of location holds for."""

    reason: catalogue.Reason
    relays: int
    connections: int


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One finding in full, with the record that it rests on."""

    number: int
    finding_id: str
    rule_id: str
    explanation: Explanation
    record: str
    whole_length: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class View:
    """All that the template shows."""

    summary: Summary
    manifest: Manifest
    notice: str
    populations: tuple[Population, ...]
    lead: Lead
    outcome: str
    conditions: tuple[str, ...]
    only_stale: Phrase | None
    rules: tuple[RuleResult, ...]
    watches: tuple[RuleResult, ...]
    incidents: Incidents
    by_region: Table
    by_day: Table
    findings: int
    listed: tuple[Listed, ...]
    waivers: tuple[str, ...]
    undetermined: tuple[Undetermined, ...]
    unread: tuple[Unread, ...]
    placements: tuple[Placement, ...]
    contested: tuple[Contested, ...]
    exhibits: tuple[Exhibit, ...]

    @property
    def audited(self) -> int:
        """Count what the rules covered: 0 makes a report of one page that states nothing about any call."""
        return sum(population.audited for population in self.populations)


@dataclass(frozen=True, slots=True)
class _Run:
    """The tables of a run directory, unread."""

    findings: pl.LazyFrame
    incidents: pl.LazyFrame
    locations: pl.LazyFrame
    rejects: pl.LazyFrame
    exhibits: pl.LazyFrame

    @classmethod
    def at(cls, directory: Path) -> "_Run":
        names = ("findings", "incidents", "locations", "rejects", "exhibits")
        return cls(*(pl.scan_parquet(directory / f"{name}.parquet", glob=False) for name in names))


def view_of(directory: Path, manifest: Manifest) -> View:
    """Read a run for its report."""
    summary = Summary.model_validate_json((directory / "summary.json").read_bytes())
    run = _Run.at(directory)
    effects = {rule.rule_id: rule.effect for rule in summary.rules}
    incidents = incidents_of(run.incidents, effects=effects)
    rows = listed_rows(run.findings, run.incidents, min(manifest.settings.max_listed, _MOST_LISTED))
    by_region, by_day = tallies_of(run.findings)
    outcome, conditions = outcome_of(summary, manifest)
    facts = _facts(run, summary)
    return View(
        summary=summary,
        manifest=manifest,
        notice=notice_of(manifest),
        populations=populations_of(summary, facts),
        lead=lead_of(summary, manifest, facts),
        outcome=outcome,
        conditions=conditions,
        only_stale=only_stale_sentence(summary),
        rules=tuple(rule for rule in summary.rules if rule.effect != "watch"),
        watches=tuple(rule for rule in summary.rules if rule.effect == "watch"),
        incidents=incidents,
        by_region=by_region,
        by_day=by_day,
        findings=_height(run.findings),
        listed=listed_of(rows, run.locations, effects=effects, numbers=incidents.numbers),
        waivers=_waivers(run.findings),
        undetermined=_undetermined(summary),
        unread=_unread(run.rejects),
        placements=_placements(run.locations),
        contested=_contested(run.locations),
        exhibits=_exhibits(run, manifest),
    )


def lead_at(directory: Path, summary: Summary, manifest: Manifest) -> Lead:
    """Write the lead of a run, with what only its findings tell."""
    return lead_of(summary, manifest, _facts(_Run.at(directory), summary))


def _facts(run: _Run, summary: Summary) -> Facts:
    return facts_of(run.findings, calls_known=bool(summary.calls.in_logs))


def notice_of(manifest: Manifest) -> str:
    """Say that a run is no evidence, where its databases or its settings say so; else nothing."""
    synthetic = any("synthetic" in database.description.lower() for database in manifest.databases)
    return SYNTHETIC_NOTICE if synthetic or manifest.settings.documentation_is_public else ""


def _height(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())


def _waivers(findings: pl.LazyFrame) -> tuple[str, ...]:
    ids = findings.select(pl.col("waiver_id").drop_nulls().unique().sort().head(LISTED_LINES))
    return tuple(ids.collect(engine="streaming").to_series())


def _undetermined(summary: Summary) -> tuple[Undetermined, ...]:
    ordered = sorted(summary.undetermined, key=lambda each: (-each.calls, -each.connections, each.reason))
    return tuple(
        Undetermined(catalogue.reason_of(each.reason), each.reason, each.connections, each.calls)
        for each in ordered[:LISTED_LINES]
    )


def _unread(rejects: pl.LazyFrame) -> tuple[Unread, ...]:
    rows = (
        rejects.group_by("reason", "column")
        .agg(
            pl.len().alias("count"), pl.col("source_file", "record").sort_by("source_file", "record").first()
        )
        .sort("count", "reason", "column", descending=[True, False, False])
        .head(LISTED_LINES)
        .collect(engine="streaming")
    )
    return tuple(
        Unread(row["reason"], row["column"] or "", row["count"], Logged(row["source_file"]), row["record"])
        for row in rows.iter_rows(named=True)
    )


_RELAY = pl.struct(pl.coalesce("address", pl.col("as_written").list.first()), "site", "name")
"""One relay, in whichever role and at whichever time it was located."""


def _placements(locations: pl.LazyFrame) -> tuple[Placement, ...]:
    rows = (
        locations.select("reasons", "connections", relay=_RELAY)
        .filter(pl.col("reasons").list.len() > 0)
        .explode("reasons")
        .group_by("reasons")
        .agg(pl.col("relay").n_unique().alias("relays"), pl.col("connections").sum())
        .sort("connections", "reasons", descending=[True, False])
        .head(LISTED_LINES)
        .collect(engine="streaming")
    )
    return tuple(
        Placement(catalogue.reason_of(reason), relays, connections)
        for reason, relays, connections in rows.iter_rows()
    )


def _contested(locations: pl.LazyFrame) -> tuple[Contested, ...]:
    rows = (
        locations.filter(pl.col("reasons").list.contains("contested"))
        .sort(
            "connections", "address", "site", "name", "role", "period_from", descending=[True, *[False] * 5]
        )
        .head(LISTED_LINES)
        .collect(engine="streaming")
    )
    return tuple(
        Contested(
            relay=Logged(row["address"] or row["name"] or "no address"),
            site=Logged(row["site"] or ""),
            role=catalogue.ROLES.get(row["role"], row["role"] or catalogue.ROLES["unknown"]),
            since=row["period_from"],
            until=row["period_until"],
            says=tuple(
                (Logged(answer["source"] or ""), Logged(answer["country"] or "no country"))
                for answer in row["answers"] or ()
                if answer["counted"]
            ),
            connections=row["connections"],
        )
        for row in rows.iter_rows(named=True)
    )


def _exhibits(run: _Run, manifest: Manifest) -> tuple[Exhibit, ...]:
    shown = run.exhibits.sort("exhibit").head(LISTED_EXHIBITS).collect()
    wanted = pl.col("finding_id").is_in(shown["finding_id"].implode())
    findings = run.findings.filter(wanted).collect(engine="streaming")
    located = zip(findings.iter_rows(named=True), locations_of(findings, run.locations), strict=True)
    by_id = {finding["finding_id"]: (finding, location) for finding, location in located}
    rules = {rule.rule_id: rule for rule in manifest.rules}
    exhibits = []
    for row in shown.iter_rows(named=True):
        finding, location = by_id.get(row["finding_id"], (None, None))
        if finding is None or finding["rule_id"] not in rules:
            text = f"names a finding that the run does not hold: `{visible(row['finding_id'])}`"
            raise RunError(Fault("exhibits.parquet", text, "`auditor verify` says which file was altered"))
        explanation = explanation_of(finding, rule=rules[finding["rule_id"]], location=location)
        exhibits.append(_exhibit(row, finding["rule_id"], explanation))
    return tuple(exhibits)


def _exhibit(row: Mapping[str, Any], rule_id: str, explanation: Explanation) -> Exhibit:
    record = row["excerpt"] or ""
    return Exhibit(
        number=row["exhibit"],
        finding_id=row["finding_id"],
        rule_id=rule_id,
        explanation=explanation,
        record=visible(record[:RECORD_LIMIT], RECORD_LIMIT),
        whole_length=len(record) if len(record) > RECORD_LIMIT else None,
        sha256=row["sha256"],
    )
