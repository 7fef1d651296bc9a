"""A run → frozen values for the report: at most the caps in Python, aggregates over everything."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from auditor.engine.request import HIGHEST_MAX_LISTED
from auditor.evidence.manifest import Manifest, WaiverApplied
from auditor.evidence.summary import RuleResult, Summary, WaiverResult
from auditor.report.basis import LISTED_LINES, Placement, Unread, placements_of, unread_of
from auditor.report.disagreement import Disagreements, disagreements_in
from auditor.report.excused import Excused, excused_of
from auditor.report.exempt import Exempts, excused_in, waived_in
from auditor.report.exhibits import Exhibit, exhibits_of
from auditor.report.facts import drafts_in, facts_of
from auditor.report.incidents import Incidents, incidents_of
from auditor.report.lead import Lead, lead_of, only_stale_sentence, outcome_of
from auditor.report.logs import Read, not_connections_text, reads_of
from auditor.report.phrase import Phrase
from auditor.report.place_reasons import Reason
from auditor.report.populations import Facts, Population, populations_of
from auditor.report.reasons import in_order_of_weight, reason_of
from auditor.report.register import Listed, listed_of, listed_rows
from auditor.report.source_ages import Sources, sources_of
from auditor.report.tables import Tables
from auditor.report.tallies import Table, tallies_of
from auditor.report.unplaced import Unplaced, unplaced_in
from auditor.report.waived import Overlay, in_order, overlays_by_rule, waivers_by_state
from auditor.report.windows import Declared, declared_in

LISTED_FILES = 200

_PROVED_BY_ONE = (pl.col("verdict") == "violation") & (
    pl.col("reasons").list.set_intersection(["single_source", "declared_only"]).list.len() > 0
)
"""Violations for which a single source of location places the relay."""

SYNTHETIC_NOTICE = "Synthetic sample: no evidence"


@dataclass(frozen=True, slots=True)
class Undetermined:
    """One line of Table 6."""

    reason: Reason
    code: str
    connections: int
    calls: int


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
    drafts: frozenset[str]
    requires: bool
    excused: Excused
    overlays: tuple[Overlay, ...]
    waivers: tuple[WaiverResult, ...]
    covers: Mapping[str, WaiverApplied]
    waiver_states: tuple[tuple[str, tuple[str, ...]], ...]
    waived_findings: Exempts
    excused_findings: Exempts
    windows: tuple[Declared, ...]
    unobserved_calls: Mapping[str, int]
    undetermined: tuple[Undetermined, ...]
    unplaced: Unplaced
    unread: tuple[Unread, ...]
    placements: tuple[Placement, ...]
    single_source: int
    disagreements: Disagreements
    sources: Sources
    exhibits: tuple[Exhibit, ...]
    reads: tuple[Read, ...]
    not_connections: str

    @property
    def audited(self) -> int:
        """Count what the rules covered: 0 makes a report of one page that states nothing about any call."""
        return sum(population.audited for population in self.populations)


def view_of(directory: Path, manifest: Manifest) -> View:
    """Read a run for its report."""
    summary = Summary.model_validate_json((directory / "summary.json").read_bytes())
    run = Tables.at(directory)
    effects = {rule.rule_id: rule.effect for rule in summary.rules}
    incidents = incidents_of(run.incidents, effects=effects)
    rows = listed_rows(run.findings, run.incidents, min(manifest.settings.max_listed, HIGHEST_MAX_LISTED))
    by_region, by_day = tallies_of(run.findings)
    outcome, conditions = outcome_of(summary, manifest)
    facts = facts_of(run.findings, summary)
    binding = tuple(rule for rule in summary.rules if rule.effect != "watch")
    return View(
        summary=summary,
        manifest=manifest,
        notice=notice_of(manifest),
        populations=populations_of(summary, facts),
        lead=lead_of(summary, manifest, facts),
        outcome=outcome,
        conditions=conditions,
        only_stale=only_stale_sentence(summary),
        rules=binding,
        watches=tuple(rule for rule in summary.rules if rule.effect == "watch"),
        incidents=incidents,
        by_region=by_region,
        by_day=by_day,
        findings=_height(run.findings),
        listed=listed_of(rows, run.locations, effects=effects, numbers=incidents.numbers),
        drafts=frozenset(drafts_in(summary)),
        requires=any(rule.effect == "require" for rule in summary.rules),
        excused=excused_of(run.findings, manifest),
        overlays=overlays_by_rule(run.findings, [rule.rule_id for rule in binding]),
        waivers=tuple(in_order(summary)),
        covers={waiver.waiver_id: waiver for waiver in manifest.waivers},
        waiver_states=waivers_by_state(summary),
        waived_findings=waived_in(run.findings),
        excused_findings=excused_in(run.findings, manifest),
        windows=declared_in(manifest),
        unobserved_calls=facts.unobserved_calls.by_rule,
        undetermined=_undetermined(summary),
        unplaced=unplaced_in(run.locations),
        unread=unread_of(run.rejects),
        placements=placements_of(run.locations),
        single_source=_height(run.findings.filter(_PROVED_BY_ONE)),
        disagreements=disagreements_in(run.locations, run.findings, effects),
        sources=sources_of(manifest, summary, run.locations),
        exhibits=exhibits_of(run, manifest, summary),
        reads=reads_of(manifest),
        not_connections=not_connections_text(summary),
    )


def facts_at(directory: Path, summary: Summary) -> Facts:
    """Find what only the findings of a run tell."""
    return facts_of(Tables.at(directory).findings, summary)


def notice_of(manifest: Manifest) -> str:
    """Say that a run is no evidence, where its databases or its settings say so; else nothing."""
    synthetic = any("synthetic" in database.description.lower() for database in manifest.databases)
    return SYNTHETIC_NOTICE if synthetic or manifest.settings.documentation_is_public else ""


def _height(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())


def _undetermined(summary: Summary) -> tuple[Undetermined, ...]:
    return tuple(
        Undetermined(reason_of(each.reason), each.reason, each.connections, each.calls)
        for each in in_order_of_weight(summary.undetermined)[:LISTED_LINES]
    )
