"""What all shards gave together → the evidence files and the summary of the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.engine.adding import added
from auditor.engine.conditions import Judged, conditions_of, exit_code_of
from auditor.engine.exhibits import exhibits_of
from auditor.engine.findings import findings_in, write_findings
from auditor.engine.incidents import incidents_of
from auditor.engine.job import Job
from auditor.engine.judging import TALLY, Judge, binds
from auditor.engine.ledger import confront, confront_files, confront_findings
from auditor.engine.listed import Listed
from auditor.engine.locations import location_rows, nothing_in_time
from auditor.engine.notes import (
    after_the_clock,
    declared_after,
    fruitless,
    left_out,
    misread,
    notes_of,
    recorded_after,
)
from auditor.engine.partial import COUNTS, Partial
from auditor.engine.pending import finding_of_logs
from auditor.engine.raw_findings import MEMBER, RAW_FINDING
from auditor.engine.request import Limits
from auditor.engine.resolving import Resolved, verdicts_in
from auditor.engine.tally import NOBODY, Tally, people_by_rule, people_overall
from auditor.engine.undetermined import only_stale, undetermined
from auditor.evidence.summary import (
    Calls,
    RuleResult,
    Summary,
    Totals,
    WaiverResult,
)
from auditor.evidence.tables import scan_tables, write_table
from auditor.geo.relay_lists import RelayLists
from auditor.model import REJECT, Role, Severity, Subject, Verdict
from auditor.ruleset.situation import SITUATION, situation_ids
from auditor.ruleset.waivers import Decided, WaiverUse, decide
from auditor.sources.interface import Log


@dataclass(frozen=True, slots=True)
class Whole:
    """A merged partial of all shards and buckets, with what is needed to make a run of it."""

    job: Job
    judge: Judge
    partial: Partial
    resolved: Resolved
    """What the second pass made of connections that waited for it."""
    files_in_order: Mapping[str, list[Path]]
    """The files of each kind, in the order of logs, pieces and batches."""
    logs: Mapping[str, Log]
    left_out: tuple[str, ...] = ()
    """Files of named folders that were not read."""
    relay_lists: RelayLists | None = None
    """What clients were handed, where that was given."""


def write_evidence(whole: Whole, directory: Path, *, as_of: datetime) -> Decided:
    """Write all Parquet files of the run directory; give what waivers did to the findings."""
    raw = _raw(whole)
    findings = directory / "findings.parquet"
    waivers = decide(whole.job.ruleset.waivers, findings_in(raw), as_of=as_of)
    listed = Listed(whole.relay_lists, whole.job.atlas.nat64) if whole.relay_lists else None
    write_findings(raw, findings, whole.job.folder, waivers, listed=listed)
    incidents = incidents_of(findings, listed)
    write_table(incidents, directory / "incidents.parquet")
    write_table(location_rows(whole.judge.atlas, _units(whole)), directory / "locations.parquet")
    write_table(scan_tables(whole.files_in_order["rejects"], REJECT), directory / "rejects.parquet")
    write_table(exhibits_of(findings, incidents, whole.logs), directory / "exhibits.parquet")
    return waivers


def summary_of(  # noqa: PLR0913  what a run rests on, and where it is
    whole: Whole, directory: Path, waivers: Decided, *, report_number: str, limits: Limits, as_of: datetime
) -> Summary:
    """Count everything, and let the two sides of each count confront each other."""
    tally = _tally(whole)
    totals = _totals(whole)
    confront_files(directory, totals)
    raw = _raw(whole)
    rules = _rules(whole, tally, raw, totals.connections, directory)
    uncovered = tally.uncovered()
    severe = _severe(directory / "findings.parquet", limits.fail_on)
    conditions = conditions_of(
        Judged(
            totals=totals,
            rules=rules,
            expecting=frozenset(rule.id for rule in whole.job.ruleset.rules if rule.expect_connections),
            uncovered=uncovered,
            violations=severe[Verdict.VIOLATION],
            indeterminate=severe[Verdict.INDETERMINATE],
            all_stale=nothing_in_time(whole.judge.atlas, _units(whole)),
            misread=misread(whole.partial, whole.logs),
        ),
        limits,
    )
    return Summary(
        report_number=report_number,
        as_of=as_of,
        totals=totals,
        calls=_calls(whole.partial, tally),
        rules=rules,
        overall=tally.overall(people_overall(raw)),
        uncovered=uncovered,
        idle=[rule.rule_id for rule in rules if rule.idle],
        undetermined=undetermined(raw),
        only_stale=only_stale(raw),
        waivers=[_waiver_result(use) for use in waivers.uses],
        conditions=conditions,
        exit_code=exit_code_of(conditions),
        **_notes(whole, as_of),
    )


def _notes(whole: Whole, as_of: datetime) -> dict[str, list[Any]]:
    warnings = [
        *after_the_clock(whole.partial, as_of),
        *declared_after(whole.job.ruleset, as_of),
        *recorded_after(whole.job.atlas.ledger),
        *left_out(whole.left_out),
        *fruitless(whole.partial, whole.logs),
    ]
    return notes_of(whole.partial, warnings)


def _raw(whole: Whole) -> pl.LazyFrame:
    """Give all raw rows: those of single connections, of whole calls, and of logs without call ids."""
    unobserved = [pl.read_parquet(path) for path in whole.files_in_order["unobserved"]]
    of_logs = finding_of_logs(pl.concat([pl.DataFrame(schema=RAW_FINDING), *unobserved]))
    files = [*whole.files_in_order["findings"], *whole.resolved.raw]
    return pl.concat([scan_tables(files, RAW_FINDING), of_logs.lazy()])


def _units(whole: Whole) -> pl.DataFrame:
    """Give every relay unit of the run with its number of connections."""
    frames = [pl.read_parquet(path) for path in whole.files_in_order["locations"]]
    return added(frames, [name for name in frames[0].columns if name != "connections"], ("connections",))


def _tally(whole: Whole) -> Tally:
    """Count each situation, and let what waited for whole calls be counted by what came of it."""
    frames = [pl.read_parquet(path) for path in whole.files_in_order["situations"]]
    situations = added([frame for frame in frames if frame.width], SITUATION, TALLY)
    judgements = whole.judge.judgements(situations)
    pending = pl.Series([any(one.is_pending for one in row) for row in judgements], dtype=pl.Boolean)
    named = situations.with_columns(situation_ids(situations), pl.Series("row", range(len(judgements))))
    waited = whole.resolved.counts.join(
        named.select("situation_id", "row"), on="situation_id", how="left", validate="m:1"
    )
    for name in TALLY:
        confront(f"{name} that waited", int(situations[name].filter(pending).sum()), int(waited[name].sum()))
    verdicts = [tuple(one.verdict for one in row) for row in judgements]
    settled = [row for row, waits in zip(verdicts, pending, strict=True) if not waits]
    resolved = [
        tuple(verdicts_in(text).get(place, verdict) for place, verdict in enumerate(verdicts[row]))
        for row, text in waited.select("row", "resolved").iter_rows()
    ]
    counts = pl.concat(
        [situations.filter(~pending).select(TALLY), waited.select(TALLY)], how="vertical_relaxed"
    )
    return Tally(whole.job.ruleset, counts, [*settled, *resolved])


def _totals(whole: Whole) -> Totals:
    partial = whole.partial
    shards = partial.shards.values()
    return Totals(
        files=len(whole.logs),
        **{count: partial.total(count) for count in COUNTS},
        first_started_at=min((one.first_started_at for one in shards if one.first_started_at), default=None),
        last_started_at=max((one.last_started_at for one in shards if one.last_started_at), default=None),
    )


def _rules(
    whole: Whole, tally: Tally, raw: pl.LazyFrame, connections: int, directory: Path
) -> list[RuleResult]:
    people = people_by_rule(raw)
    written = _written(raw, directory)
    buckets = whole.partial.buckets.values()
    results = []
    for place, (rule, coverage) in enumerate(
        zip(whole.job.ruleset.rules, tally.coverage(connections), strict=True)
    ):
        found = {subject: written.get((rule.id, subject), 0) for subject in (*Subject, MEMBER)}
        if binds(rule):
            confront_findings(rule.id, found[Subject.CONNECTION], found[MEMBER], coverage.by_verdict)
        calls = sum(sum(bucket.calls_by_verdict.get(rule.id, {}).values()) for bucket in buckets)
        confront(f"calls found under {rule.id}", calls, found[Subject.CALL])
        audited = sum(bucket.audited_by_rule[rule.id] for bucket in buckets)
        results.append(
            RuleResult(
                rule_id=rule.id,
                version=rule.version,
                title=rule.title,
                effect=rule.effect,
                severity=rule.severity,
                verdicts={verdict.value: count for verdict, count in coverage.by_verdict.items()},
                calls_audited=audited,
                status=rule.status,
                findings=sum(found[subject] for subject in Subject),
                findings_of_calls=found[Subject.CALL] + found[Subject.UNOBSERVED],
                measures=tally.measures(place, people.get(rule.id, NOBODY)),
                idle=coverage.by_verdict[Verdict.NOT_APPLICABLE] == connections,
            )
        )
    return results


def _written(raw: pl.LazyFrame, directory: Path) -> dict[tuple[str, str], int]:
    """Count findings in the file, and members among the raw rows, by rule and subject."""
    findings = pl.scan_parquet(directory / "findings.parquet").select("rule_id", "subject")
    members = raw.filter(pl.col("subject") == MEMBER).select("rule_id", "subject")
    counts = pl.concat([findings, members]).group_by("rule_id", "subject").len().collect(engine="streaming")
    return {(rule_id, subject): count for rule_id, subject, count in counts.iter_rows()}


def _waiver_result(use: WaiverUse) -> WaiverResult:
    waiver = use.waiver
    return WaiverResult(
        waiver_id=waiver.id,
        rule_id=waiver.rule,
        state=use.state,
        fits=use.fits,
        max_findings=waiver.max_findings,
        expiring=use.expiring,
        issued=waiver.issued,
        expires=waiver.expires,
        reason=waiver.reason,
        ticket=waiver.ticket,
        requested_by=waiver.requested_by,
        approved_by=waiver.approved_by,
    )


def _calls(partial: Partial, tally: Tally) -> Calls:
    buckets = partial.buckets.values()
    return Calls(
        in_logs=sum(bucket.calls for bucket in buckets),
        audited=sum(bucket.audited for bucket in buckets),
        connections_without_call=int(tally.situations["without_call"].sum()),
        audited_connections_without_call=tally.audited("without_call"),
        audited_connections=tally.audited("connections"),
        by_role={role.value: sum(bucket.by_role[role] for bucket in buckets) for role in Role},
    )


def _severe(findings: Path, fail_on: Severity) -> dict[Verdict, int]:
    """Count the unwaived findings at or above a severity, by verdict."""
    grave = [severity.value for severity in Severity if severity.rank <= fail_on.rank]
    counts = dict(
        pl.scan_parquet(findings)
        .filter(pl.col("severity").is_in(grave) & pl.col("waiver_id").is_null())
        .group_by("verdict")
        .len()
        .collect(engine="streaming")
        .iter_rows()
    )
    return {verdict: counts.get(verdict.value, 0) for verdict in Verdict}
