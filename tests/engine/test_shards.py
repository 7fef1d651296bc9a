"""Any split and order of shards gives the same bytes, also when workers are killed and shards repeated."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest

from auditor.engine.audit import Means
from auditor.engine.job import Job, Shard
from auditor.engine.local import JudgeCalls, JudgeShard, LocalEngine, SlimShard
from auditor.engine.partial import Partial
from auditor.engine.partition import judge_shard
from auditor.engine.request import LocationSources, LogsAsked, Request
from auditor.errors import AuditorError
from tests.engine.conftest import AS_OF, Auditing, auditing, evidence_in


class Backwards(LocalEngine):
    """Judges the last shard first, and each of them twice."""

    def map(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        for shard in reversed(shards):
            yield function(job, shard)
            yield function(job, shard)


class Losing(LocalEngine):
    """Says nothing of the last shard."""

    def map(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        yield from super().map(function, job, shards[:-1])


class Forgetting(LocalEngine):
    """Loses the results of all shards before their calls are counted."""

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        for result in job.folder.glob("*.json"):
            result.unlink()
        yield from super().by_call(slim, judge, job, shards, buckets)


class ManyBuckets(LocalEngine):
    """Spreads the calls over seven buckets, whatever their number."""

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        yield from super().by_call(slim, judge, job, shards, buckets + 6)


class Scattered(LocalEngine):
    """Hands over what shards left in another order, and judges the last bucket first."""

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        yield from reversed(list(super().by_call(slim, judge, job, shards[::-1], buckets + 2)))


class Keeping(LocalEngine):
    """Keeps a copy of what shards wrote, as a killed audit would leave it."""

    def __init__(self, kept: Path) -> None:
        super().__init__()
        self._kept = kept

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        shutil.copytree(job.folder.parent, self._kept)
        yield from super().by_call(slim, judge, job, shards, buckets)


class Counting(LocalEngine):
    """Counts the shards that were judged already when it came to them."""

    finished = 0

    def map(self, function: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        self.finished = sum((job.folder / f"{shard.id}.json").exists() for shard in shards)
        yield from super().map(function, job, shards)


class Dying(LocalEngine):
    """Judges with a function whose process dies once for each shard."""

    def __init__(self, how: JudgeShard) -> None:
        super().__init__(workers=2)
        self.DEATHS = 1_000
        self._how = how

    def map(self, _: JudgeShard, job: Job, shards: Sequence[Shard]) -> Iterator[Partial]:
        yield from super().map(self._how, job, shards)


def die_before(job: Job, shard: Shard) -> Partial:
    """Die with a half-written file, before any is moved into its place."""
    if _first_time(job, shard):
        (job.folder / f".{shard.id}-findings-000000.parquet.1").write_bytes(b"half a file")
        os.kill(os.getpid(), signal.SIGKILL)
    return judge_shard(job, shard)


def die_between(job: Job, shard: Shard) -> Partial:
    """Die when the shard's files are in their places, and its result is not."""
    first = _first_time(job, shard)
    partial = judge_shard(job, shard)
    if first:
        (job.folder / f"{shard.id}.json").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return partial


def die_after(job: Job, shard: Shard) -> Partial:
    """Die when all is written, and nobody has been told."""
    first = _first_time(job, shard)
    partial = judge_shard(job, shard)
    if first:
        os.kill(os.getpid(), signal.SIGKILL)
    return partial


def _first_time(job: Job, shard: Shard) -> bool:
    mark = job.folder / f"died-{shard.id}"
    if mark.exists():
        return False
    mark.touch()
    return True


def means(engine: LocalEngine | None = None, *, piece_bytes: int = 1 << 30) -> Means:
    return Means(lambda: AS_OF, environ={}, engine=engine or LocalEngine(), piece_bytes=piece_bytes)


@pytest.fixture(scope="session")
def request_of(world: Path, whole_rules: Path) -> Request:
    """Ask for an audit under rules that need whole calls."""
    return Request(
        logs=(LogsAsked((str(world / "logs"),)),),
        rules=(str(whole_rules),),
        accounts=str(world / "accounts.csv"),
        location=LocationSources(
            geo=(str(world / "country.mmdb"),), inventory=(str(world / "inventory.csv"),)
        ),
    )


@pytest.fixture(scope="module")
def run(request_of: Request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audit everything in one go."""
    return auditing(request_of, tmp_path_factory.mktemp("whole"))("whole", means=means())


@pytest.fixture(scope="module")
def whole(run: Path) -> dict[str, bytes]:
    return evidence_in(run)


def test_two_audits_of_the_same_give_the_same_bytes(audited: Auditing, whole: dict[str, bytes]) -> None:
    assert evidence_in(audited("again", means=means())) == whole


@pytest.mark.parametrize("piece_bytes", [500, 3_000, 12_000])
def test_how_logs_are_cut_is_invisible(audited: Auditing, whole: dict[str, bytes], piece_bytes: int) -> None:
    assert evidence_in(audited("cut", means=means(piece_bytes=piece_bytes))) == whole


def test_the_order_and_repetition_of_shards_is_invisible(audited: Auditing, whole: dict[str, bytes]) -> None:
    assert evidence_in(audited("backwards", means=means(Backwards(), piece_bytes=3_000))) == whole


def test_the_number_of_buckets_is_invisible(audited: Auditing, whole: dict[str, bytes]) -> None:
    assert evidence_in(audited("buckets", means=means(ManyBuckets(), piece_bytes=3_000))) == whole


def test_the_order_of_buckets_and_of_what_is_in_them_is_invisible(
    audited: Auditing, whole: dict[str, bytes]
) -> None:
    assert evidence_in(audited("scattered", means=means(Scattered(), piece_bytes=3_000))) == whole


def test_the_number_of_workers_is_invisible(audited: Auditing, whole: dict[str, bytes]) -> None:
    engine = LocalEngine(workers=2)
    assert evidence_in(audited("workers", means=means(engine, piece_bytes=12_000))) == whole


def test_what_is_compared_has_everything_that_needs_whole_calls(run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    assert set(findings.select("rule_id", "subject").unique().rows()) == {
        ("us-fence", "connection"),
        ("kept-in-america", "connection"),
        ("kept-in-america", "call"),
        ("keys-are-logged", "connection"),
        ("keys-are-logged", "unobserved"),
    }
    words = {word.partition(":")[0] for reasons in findings["reasons"] for word in reasons}
    assert words >= {"exception", "over_limit", "limit_open", "not_observed", "late_declared", "none_inside"}
    assert words >= {"call_unknown", "account_unknown"}
    assert findings.filter(pl.col("call_id").str.starts_with("shared"))["source_file"].n_unique() == 3
    waived = findings.filter(pl.col("waiver_id") == "W-1")
    assert set(waived["rule_id"]) == {"us-fence"}


@pytest.mark.parametrize("how", [die_before, die_between, die_after])
def test_killed_workers_lose_and_double_nothing(
    audited: Auditing, whole: dict[str, bytes], how: JudgeShard
) -> None:
    assert evidence_in(audited("killed", means=means(Dying(how), piece_bytes=12_000))) == whole


def test_what_a_killed_audit_left_is_taken_up(
    audited: Auditing, whole: dict[str, bytes], tmp_path: Path
) -> None:
    audited("killed", means=means(Keeping(tmp_path / ".again.work" / "shards")))
    counting = Counting()
    assert evidence_in(audited("again", means=means(counting))) == whole
    assert counting.finished == 3


@pytest.mark.parametrize(
    "change", [{"max_age_days": 0}, {"accounts": None}, {"documentation_is_public": True}]
)
def test_what_an_audit_on_other_grounds_left_is_not_taken_up(
    audited: Auditing, tmp_path: Path, change: dict[str, object]
) -> None:
    audited("killed", means=means(Keeping(tmp_path / ".again.work" / "shards")))
    counting = Counting()
    again = evidence_in(audited("again", means=means(counting), **change))
    assert counting.finished == 0
    assert again == evidence_in(audited("clean", means=means(), **change))


def test_the_findings_are_sorted_and_named_once(run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    keys = ["rule_id", "started_at", "call_id", "finding_id"]
    assert findings.height > 100
    assert findings.select(keys).rows() == findings.select(keys).sort(keys, nulls_last=True).rows()
    assert findings["finding_id"].n_unique() == findings.height


def test_every_violation_and_doubt_is_in_one_incident_and_no_other_finding(run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    incidents = pl.read_parquet(run / "incidents.parquet")
    gathered = findings.filter(pl.col("verdict").is_in(["violation", "indeterminate"]))
    assert gathered["incident_id"].null_count() == 0
    assert set(gathered["incident_id"]) == set(incidents["incident_id"])
    assert findings.filter(pl.col("verdict") == "excused")["incident_id"].unique().to_list() == [None]
    assert incidents["findings_possible"].sum() == gathered.height
    of_connections = gathered.filter(pl.col("subject") == "connection")
    assert incidents["connections_possible"].sum() == of_connections.height


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("*-findings-*.parquet", cut_off),
        ("*-calls-*.parquet", Path.unlink),
        ("*.json", cut_off),
        ("*.json", lambda path: path.write_text("[]")),
        ("*.json", lambda path: path.write_text("{}")),
    ],
)
def test_what_was_left_is_taken_up_only_where_it_is_whole(
    audited: Auditing, tmp_path: Path, kind: str, damage: Callable[[Path], object]
) -> None:
    left = tmp_path / ".again.work" / "shards"
    first = evidence_in(audited("killed", means=means(Keeping(left))))
    for path in list(left.rglob(kind)):
        damage(path)
    counting = Counting()
    assert evidence_in(audited("again", means=means(counting))) == first


def test_an_engine_that_loses_a_shard_ends_the_run(audited: Auditing) -> None:
    with pytest.raises(AssertionError, match="1 shards gave no result"):
        audited("lost", means=means(Losing(), piece_bytes=3_000))


def test_a_shard_is_judged_before_its_calls_are_counted(audited: Auditing) -> None:
    with pytest.raises(AssertionError, match="slimmed before it is judged"):
        audited("early", means=means(Forgetting()))


def die_always(job: Job, _: Shard) -> Partial:
    """Die whatever the shard is."""
    (job.folder / "tried").touch()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_workers_that_die_again_and_again_end_the_run_with_a_way_out(
    audited: Auditing, tmp_path: Path
) -> None:
    engine = Dying(die_always)
    engine.DEATHS = 2
    with pytest.raises(AuditorError, match=r"killed 2 times in a row\n  hint: .*fewer workers"):
        audited("dead", means=means(engine))
    assert list(tmp_path.iterdir()) == []
