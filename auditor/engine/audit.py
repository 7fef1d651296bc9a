"""The whole audit: logs in, evidence files and a manifest out."""

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from auditor.engine.callpass import buckets_for, judge_calls
from auditor.engine.ground import lay_ground
from auditor.engine.job import Job, Observer, Shard, SideFile, Silence
from auditor.engine.judging import judge_of
from auditor.engine.local import Engine, LocalEngine
from auditor.engine.notes import NO_CONTENT
from auditor.engine.partial import Partial, merge
from auditor.engine.partition import judge_shard, slim_shard
from auditor.engine.planning import PIECE_BYTES, Planned, plan_logs
from auditor.engine.record import Ground, manifest_of
from auditor.engine.request import Request, named_in
from auditor.engine.resolving import resolve
from auditor.engine.settle import Whole, summary_of, write_evidence
from auditor.engine.wholecalls import WholeCalls
from auditor.errors import Fault, GeoError, NothingToAuditError
from auditor.evidence.manifest import Manifest, RunFacts
from auditor.evidence.run import OpenRun
from auditor.evidence.summary import Summary
from auditor.geo.files import fault_if_changed
from auditor.geo.relay_lists import RelayLists

Clock = Callable[[], datetime]
_FOLDER_NAME = 24


@dataclass(frozen=True, slots=True)
class Means:
    """How an audit is carried out; nothing of it shows in a result."""

    clock: Clock
    command: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    engine: Engine = field(default_factory=LocalEngine)
    observer: Observer = field(default_factory=Silence)
    piece_bytes: int = PIECE_BYTES


@dataclass(frozen=True, slots=True)
class Audited:
    """An audit whose evidence files are written; the manifest still lacks its outputs."""

    summary: Summary
    manifest: Manifest


def audit(request: Request, run: OpenRun, means: Means, *, as_of: datetime) -> Audited:
    """Read, locate, judge; then settle what needs all shards, or whole calls.

    Writes all files of the run directory but the report and the manifest. Raises AuditorError for what a
    user can mend, and AssertionError where counts do not add up.
    """
    begun_at = means.clock()
    ground = lay_ground(request, means.environ, as_of=as_of)
    job = job_of(ground, run.shards)
    job.folder.mkdir(parents=True, exist_ok=True)
    judge = judge_of(job)
    planned = plan_logs(ground.logs, means.observer, piece_bytes=means.piece_bytes)
    shards = planned.shards()
    judged = _judge_shards(job, shards, means)
    _refuse_silence(request, judged)
    partial = _judge_calls(job, shards, judged, means)
    means.observer.begin("Writing the evidence", 0)
    whole = replace(_whole(job, shards, partial, planned), relay_lists=ground.relay_lists)
    waivers = write_evidence(whole, run.directory, as_of=as_of)
    number = ground.report_number(planned)
    summary = summary_of(
        whole, run.directory, waivers, report_number=number, limits=request.limits, as_of=as_of
    )
    (run.directory / "summary.json").write_text(summary.to_text(), encoding="utf-8")
    planned.verify_unchanged()
    judge.atlas.verify_unchanged()
    _require_unchanged(ground.relay_lists)
    return Audited(summary, manifest_of(ground, planned, partial, _facts(means, begun_at)))


def job_of(ground: Ground, folder: Path) -> Job:
    """Say what is to be done with every shard.

    What is left of an earlier audit of the same place is taken up only where it had the same ground: each
    has a folder of its own below `folder`.
    """
    accounts = [file for file in ground.side_files if file.kind == "accounts"]
    return Job(
        id=ground.digest,
        ruleset=ground.ruleset,
        atlas=ground.atlas,
        accounts=SideFile(accounts[0].path, accounts[0].sha256, accounts[0].bytes) if accounts else None,
        directory=str(folder / ground.digest[:_FOLDER_NAME]),
    )


def _require_unchanged(lists: RelayLists | None) -> None:
    """Raise GeoError if a relay list is no longer what was read."""
    files = lists.files if lists else ()
    faults = [fault for file in files if (fault := fault_if_changed(file.path, file.identity))]
    if faults:
        raise GeoError.of(faults)


def _judge_shards(job: Job, shards: Sequence[Shard], means: Means) -> Partial:
    sizes = {shard.id: shard.bytes for shard in shards}
    means.observer.begin("Judging connections", sum(sizes.values()))
    partials = []
    for partial in means.engine.map(judge_shard, job, shards):
        partials.append(partial)
        means.observer.advance(sum(sizes[shard] for shard in partial.shards))
    whole = merge(partials)
    if set(whole.shards) != set(sizes):
        raise AssertionError(f"{len(sizes) - len(whole.shards):,} shards gave no result")
    return whole


def _judge_calls(job: Job, shards: Sequence[Shard], judged: Partial, means: Means) -> Partial:
    buckets = buckets_for(judged.total("connections"), WholeCalls.of(job.ruleset))
    means.observer.begin("Counting calls", buckets)
    whole = judged
    for partial in means.engine.by_call(slim_shard, judge_calls, job, shards, buckets):
        whole += partial
        means.observer.advance(1)
    return whole


def _whole(job: Job, shards: Sequence[Shard], partial: Partial, planned: Planned) -> Whole:
    kinds = ("findings", "unobserved", "situations", "locations", "rejects")
    files = {
        kind: [
            job.folder / name for shard in shards for name, _ in partial.shards[shard.id].files.get(kind, ())
        ]
        for kind in kinds
    }
    logs = {reading.plan.log.path: reading.plan.log for reading in planned.readings}
    resolved = resolve(job, partial.buckets)
    return Whole(job, judge_of(job), partial, resolved, files, logs, planned.left_out)


def _refuse_silence(request: Request, judged: Partial) -> None:
    rows = [row for shard in judged.shards.values() for row in shard.not_connection_rows]
    empty = sum(row["count"] for row in rows if row["reason"] in NO_CONTENT)
    if judged.total("records") == empty:
        text = "holds no records but a header" if empty else "holds no records"
        hint = "an empty log is no proof that there were no calls: look why nothing was written"
        raise NothingToAuditError(Fault(named_in(request.logs), text, hint))


def _facts(means: Means, begun_at: datetime) -> RunFacts:
    return RunFacts(
        command=list(means.command),
        working_directory=str(Path.cwd()),
        started_at=begun_at,
        finished_at=means.clock(),
        platform=platform.platform(),
        python=sys.version.split()[0],
    )
