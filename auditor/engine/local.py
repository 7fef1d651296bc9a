"""Where shards are judged: the seam, and the engine that runs on one machine."""

import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Protocol

import polars as pl

from auditor.engine.job import Job, Shard
from auditor.engine.partial import Partial
from auditor.errors import AuditorError, Fault

JudgeShard = Callable[[Job, Shard], Partial]
SlimShard = Callable[[Job, Shard], Iterator[tuple[str, pl.DataFrame]]]
JudgeCalls = Callable[[Job, Mapping[str, pl.DataFrame], str], Partial]


class Engine(Protocol):
    """Runs functions over shards, each at least once and in any order."""

    def map(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        """Yield the partial result of each shard, at least once."""
        ...

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        """Yield the partial result of each bucket: a set of calls with all their rows."""
        ...


class LocalEngine:
    """Judges shards one after the other, or in `workers` processes of this machine.

    polars uses all cores within one process. A worker that is killed is replaced, and what it had not
    finished is done again; after so many deaths in a row without any progress AuditorError is raised.
    """

    DEATHS = 3

    def __init__(self, workers: int = 1) -> None:
        self._workers = workers

    def map(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        """Yield the partial result of each shard, in any order."""
        if self._workers == 1:
            yield from (function(job, shard) for shard in shards)
            return
        left, deaths = {shard.id: shard for shard in shards}, 0
        while left:
            try:
                for partial in self._in_processes(function, job, list(left.values())):
                    deaths = 0
                    for done in partial.shards:
                        left.pop(done, None)
                    yield partial
            except BrokenProcessPool:
                deaths += 1
                if deaths >= self.DEATHS:
                    raise AuditorError(self._fault()) from None

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        """Yield the partial result of each bucket, in order; one bucket is in memory at a time."""
        parts: dict[int, dict[str, list[Path]]] = {bucket: defaultdict(list) for bucket in range(buckets)}
        for shard in shards:
            for number, (kind, frame) in enumerate(slim(job, shard)):
                for bucket, part in _parts(frame, buckets):
                    path = job.folder / f"part-{bucket}-{kind}-{shard.id}-{number}.parquet"
                    part.write_parquet(path, compression="lz4")
                    parts[bucket][kind].append(path)
        for bucket, by_kind in parts.items():
            frames = {
                kind: pl.concat(pl.read_parquet(path) for path in paths) for kind, paths in by_kind.items()
            }
            for path in (path for paths in by_kind.values() for path in paths):
                path.unlink()
            if "calls" in frames:
                yield judge(job, frames, str(bucket))

    def _in_processes(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        # polars' threads do not survive a fork
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(self._workers, len(shards)), mp_context=spawn) as pool:
            running = [pool.submit(function, job, shard) for shard in shards]
            try:
                for done in as_completed(running):
                    yield done.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _fault(self) -> Fault:
        text = f"a worker process was killed {self.DEATHS} times in a row"
        return Fault(f"--workers {self._workers}", text, "memory may have run out: give fewer workers")


def _parts(frame: pl.DataFrame, buckets: int) -> Iterator[tuple[int, pl.DataFrame]]:
    """Cut a frame by its calls; all rows of one call are in one bucket."""
    if buckets == 1:
        yield 0, frame
        return
    placed = frame.with_columns(bucket=pl.col("call_id").hash() % buckets)
    for (bucket,), part in placed.partition_by("bucket", as_dict=True, include_key=False).items():
        yield int(str(bucket)), part
