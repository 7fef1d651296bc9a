"""What the logs of a run were, and how each was read → the manifest."""

from collections import defaultdict
from collections.abc import Iterable

from auditor.engine.logsets import LogSet, Way
from auditor.engine.partial import COUNTS, Partial, ShardResult
from auditor.engine.planning import Planned
from auditor.evidence.manifest import InputFile, ToldOfLog
from auditor.sources.interface import Plan
from auditor.sources.privacy import fingerprint_of, modes_of
from auditor.sources.registry import Kind


def inputs_of(planned: Planned, partial: Partial) -> list[InputFile]:
    """Describe each log: what was counted in it, and how it was read."""
    shards: dict[str, list[ShardResult]] = defaultdict(list)
    for result in partial.shards.values():
        shards[result.source_file].append(result)
    return [_input(reading.plan, reading.way, shards[reading.plan.log.path]) for reading in planned.readings]


def _input(plan: Plan, way: Way, shards: list[ShardResult]) -> InputFile:
    return InputFile(
        path=plan.log.path,
        format=plan.log.format,
        bytes=plan.bytes,
        sha256=plan.sha256,
        mapping=plan.log.mapping.id,
        mapping_sha256=plan.log.mapping.sha256,
        mapping_kind=way.format.kind,
        mapping_file=str(way.format.path) if way.format.kind is Kind.MAPPING else None,
        recognized_by=way.why,
        checked_against=plan.log.mapping.checked_against,
        told=_told(plan, way),
        **{count: sum(getattr(result, count) for result in shards) for count in COUNTS},
        first_started_at=min((one.first_started_at for one in shards if one.first_started_at), default=None),
        last_started_at=max((one.last_started_at for one in shards if one.last_started_at), default=None),
    )


def _told(plan: Plan, way: Way) -> ToldOfLog:
    return ToldOfLog(
        zone=way.told.zone,
        server_start=way.told.server_start,
        relay_public_addresses=dict(way.told.public_addresses),
        privacy=dict(way.told.privacy),
        kept=dict(modes_of(plan.log)),
    )


def key_fingerprint(logs: Iterable[LogSet]) -> str | None:
    """Name the key without giving it away; all sets of logs have the same."""
    keys = {one.circumstances.privacy_key for one in logs} - {None}
    return next((fingerprint_of(key) for key in keys if key), None)
