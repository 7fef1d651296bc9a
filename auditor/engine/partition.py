"""One shard → its files and its counts: pure but for its own files, and idempotent."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from auditor.engine.adding import added, counted
from auditor.engine.files import Files
from auditor.engine.job import Job, Shard
from auditor.engine.judging import TALLY, Judge, Judged, judge_of
from auditor.engine.partial import Partial, ShardResult
from auditor.engine.pending import calls_in, finding_of_logs, members_in, unobserved_in, uses_in
from auditor.engine.raw_findings import raw_findings
from auditor.engine.wholecalls import WholeCalls
from auditor.evidence.digests import sha256_of_file
from auditor.model import NOT_CONNECTION, RELAY_UNIT, UNREAD, WARNING
from auditor.ruleset.situation import SITUATION
from auditor.sources.interface import Batch
from auditor.sources.registry import source_of

FOR_CALLS = ("calls", "members", "uses")
"""What of a shard the second pass reads."""


def judge_shard(job: Job, shard: Shard) -> Partial:
    """Read, locate and judge one shard; write its files into the job's folder.

    A shard that was finished before, by this job, is not done again. Raises SourceError and GeoError.
    """
    finished = _finished(job, shard)
    if finished is None or not _is_whole(job, finished):
        finished = _judge_shard(job, shard)
    return Partial(shards={shard.id: finished})


def slim_shard(job: Job, shard: Shard) -> Iterator[tuple[str, pl.DataFrame]]:
    """Give what the second pass needs of a judged shard: frames of the kinds `calls`, `members`, `uses`.

    See `pending`. Addresses are left behind, except those of findings.
    """
    result = _finished(job, shard)
    if result is None:
        raise AssertionError(f"shard {shard.id} is slimmed before it is judged")
    for kind in FOR_CALLS:
        for name, _ in result.files.get(kind, ()):
            yield kind, pl.read_parquet(job.folder / name)


def leave(judge: Judge, judged: Judged, sha256: str, files: Files) -> None:
    """Write the findings of a judged batch, and what of it waits for the second pass.

    `sha256` is the digest of the log; it orders the uses of exceptions.
    """
    wants = WholeCalls.of(judge.ruleset)
    files.write("findings", raw_findings(judge, judged))
    files.write("calls", calls_in(judge, judged, wants), even_empty=True)
    if wants.members:
        files.write("members", members_in(judged, wants), even_empty=True)
    if wants.limited:
        uses = uses_in(judge, judged, wants)
        files.write("uses", uses.with_columns(source_digest=pl.lit(sha256)) if uses.width else uses)
    if wants.observes:
        bystanders = unobserved_in(judge, judged, wants)
        files.write("findings", bystanders)
        files.write("unobserved", finding_of_logs(bystanders))


def _judge_shard(job: Job, shard: Shard) -> ShardResult:
    judge, files = judge_of(job), Files(job.folder, shard.id)
    gathered = _Gathered()
    for batch in source_of(shard.piece.log).batches(shard.piece):
        judged = judge.judge(batch.connections, shard.piece.log)
        gathered.add(batch, judged)
        leave(judge, judged, shard.sha256, files)
        files.write("rejects", batch.rejects)
    files.write("situations", gathered.situations(), even_empty=True)
    files.write("locations", gathered.locations(), even_empty=True)
    result = gathered.result(shard, files.written)
    _replace(_result_path(job, shard), result.to_json().encode())
    return result


class _Gathered:
    """What a shard's batches add up to."""

    def __init__(self) -> None:
        self.records = self.connection_records = self.connections = self.rejects = 0
        self._situations: list[pl.DataFrame] = []
        self._locations: list[pl.DataFrame] = []
        self._rows: dict[str, list[pl.DataFrame]] = {"not_connections": [], "unread": [], "warnings": []}
        self._first: list[datetime] = []
        self._last: list[datetime] = []

    def add(self, batch: Batch, judged: Judged) -> None:
        """Take in one more batch, in the order of the shard."""
        self.records += batch.records
        self.connection_records += batch.connection_records
        self.connections += batch.connections.height
        self.rejects += batch.rejects.height
        self._situations = [added([*self._situations, judged.situations], SITUATION, TALLY)]
        counted = judged.relays.select(*RELAY_UNIT).with_row_index("__relay")
        used = judged.relay.rename("__relay").value_counts(name="connections")
        seen = counted.join(used, on="__relay", how="left", validate="1:1").drop("__relay")
        self._locations = [
            added(
                [*self._locations, seen.with_columns(pl.col("connections").cast(pl.Int64))],
                tuple(RELAY_UNIT),
                ("connections",),
            )
        ]
        self._rows["not_connections"].append(batch.not_connections)
        self._rows["unread"].append(batch.unread)
        self._rows["warnings"] += [frame for frame in (batch.warnings, judged.warnings) if frame.height]
        if batch.connections.height:
            self._first.append(batch.connections["started_at"].min())  # type: ignore[arg-type]  # a Datetime column
            self._last.append(batch.connections["started_at"].max())  # type: ignore[arg-type]

    def situations(self) -> pl.DataFrame:
        return self._situations[0] if self._situations else pl.DataFrame()

    def locations(self) -> pl.DataFrame:
        """Give the relay units of all batches with their connections."""
        return (
            self._locations[0]
            if self._locations
            else pl.DataFrame(schema={**RELAY_UNIT, "connections": pl.Int64})
        )

    def result(self, shard: Shard, files: dict[str, tuple[tuple[str, str], ...]]) -> ShardResult:
        """Give the counts of all batches beside the files that were written."""
        rows = {
            "not_connections": counted(
                self._rows["not_connections"], NOT_CONNECTION, ("source_file", "reason")
            ),
            "unread": counted(self._rows["unread"], UNREAD, ("source_file", "column", "reason")),
            "warnings": counted(self._rows["warnings"], WARNING, ("source_file", "text")),
        }
        return ShardResult(
            shard=shard.id,
            source_file=shard.piece.log.path,
            records=self.records,
            connection_records=self.connection_records,
            connections=self.connections,
            rejects=self.rejects,
            not_connections=int(rows["not_connections"]["count"].sum()),
            first_started_at=min(self._first, default=None),
            last_started_at=max(self._last, default=None),
            files=files,
            not_connection_rows=tuple(rows["not_connections"].to_dicts()),
            unread_rows=tuple(rows["unread"].to_dicts()),
            warning_rows=tuple(rows["warnings"].to_dicts()),
        )


def _finished(job: Job, shard: Shard) -> ShardResult | None:
    """Read the result of a shard that was judged before, if there is one."""
    try:
        result = ShardResult.of_json(_result_path(job, shard).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return result if result.shard == shard.id else None


def _is_whole(job: Job, result: ShardResult) -> bool:
    """Tell whether the files of a result are what was written: a power cut may have cut them off."""
    files = [file for written in result.files.values() for file in written]
    try:
        return all(sha256_of_file(job.folder / name) == digest for name, digest in files)
    except OSError:
        return False


def _result_path(job: Job, shard: Shard) -> Path:
    return job.folder / f"{shard.id}.json"


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or absent."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
