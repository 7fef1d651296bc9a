"""Judges plain facts by the real engine: by all of it but reading logs and locating addresses."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from auditor.countries import key_of
from auditor.engine.callpass import judge_calls
from auditor.engine.files import Files, Written
from auditor.engine.job import Job, Shard
from auditor.engine.judging import Judged, Located, judge_of
from auditor.engine.local import LocalEngine
from auditor.engine.partial import Partial, merge
from auditor.engine.partition import FOR_CALLS, leave
from auditor.engine.pending import finding_of_logs
from auditor.engine.raw_findings import MEMBER, RAW_FINDING
from auditor.engine.resolving import Resolved, resolve, verdicts_in
from auditor.evidence.tables import scan_tables
from auditor.geo.atlas import AtlasSettings
from auditor.model import CONNECTION, LOCATED, WARNING, Schema, Subject, cast_to
from auditor.ruleset.group_schema import Group
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RULE_OF_EFFECT
from auditor.ruleset.windows import Window, Windows
from auditor.sources.discover import log_of
from auditor.sources.interface import Piece
from tests.reference.facts import FINDING_VERDICTS, Facts, Opinion
from tests.reference.files import FRAME_OF_A_RULE, FRAME_OF_A_WINDOW, text_of
from tests.reference.meetings import LOGS
from tests.reference.world import Groups as PlainGroups
from tests.reference.world import RuleDict
from tests.reference.world import Window as PlainWindow

Key = tuple[str, int, int]
"""A connection: its log, record and part."""

Call = tuple[str, str]
"""What a finding is about, and a call id or, where there is none, a log."""

PLACED: Schema = {**CONNECTION, "relay_key": pl.String, "participant_key": pl.String}
NAMES = dict(zip(LOGS, ("z.csv", "a.csv"), strict=True))
"""The logs are in another order by their names than by their digests."""

NOWHERE = pl.DataFrame([{"key": "*", "kind": "none", "reasons": [], "hints": []}], schema=dict(LOCATED))
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Means:
    """How the work is split up: nothing of it may show in what is said.

    `cut`: each log is judged in two batches; `backwards`: the last log is judged first; `at_once`: so many
    calls of accounts, and uses, are in memory at once.
    """

    buckets: int = 1
    cut: bool = False
    backwards: bool = False
    at_once: int = 1_000


@dataclass(frozen=True, slots=True)
class Said:
    """What the engine says under one rule: of each connection, and of calls.

    `waited` counts the verdicts of the connections that waited for the second pass; `tallied` is what the
    tally of a run has of them.
    """

    connections: Mapping[Key, Opinion]
    calls: Mapping[Call, Opinion]
    waited: Mapping[str, int]
    tallied: Mapping[str, int]


def ruleset_of(rules: Sequence[RuleDict], groups: PlainGroups, windows: Sequence[PlainWindow]) -> RuleSet:
    """Read plain values as the loader would."""
    return RuleSet.of(
        [RULE_OF_EFFECT[rule["effect"]].model_validate_json(_json(FRAME_OF_A_RULE | rule)) for rule in rules],
        Groups(
            {
                name: Group.model_validate_json(_json({"title": name, **group}))
                for name, group in groups.items()
            }
        ),
        windows=Windows(
            tuple(Window.model_validate_json(_json(FRAME_OF_A_WINDOW | window)) for window in windows)
        ),
    )


def judged_by_engine(ruleset: RuleSet, connections: Sequence[Facts], folder: Path, means: Means) -> "Run":
    """Judge connections of the two LOGS, and then what needs their whole calls and days."""
    job = Job(f"job {next(_NUMBERS)}", ruleset, AtlasSettings((), None), None, str(folder))
    logs = sorted({facts.log for facts in connections}, reverse=means.backwards)
    shards = [
        JudgedLog.of(job, log, [one for one in connections if one.log == log], cut=means.cut) for log in logs
    ]
    partial = _by_call(job, shards, means)
    resolved = resolve(job, partial.buckets, calls_at_once=means.at_once, uses_at_once=means.at_once)
    return Run(job, tuple(shards), partial, resolved, _raw(job, shards, resolved))


@dataclass(frozen=True, slots=True)
class JudgedLog:
    """One log, judged in batches, and the files that it left."""

    log: str
    batches: tuple[Judged, ...]
    written: Written

    @classmethod
    def of(cls, job: Job, log: str, connections: Sequence[Facts], *, cut: bool) -> "JudgedLog":
        judge, files = judge_of(job), Files(job.folder, f"shard-{log[:2]}")
        batches = []
        half = len(connections) // 2 if cut else 0
        for part in (connections[half:], connections[:half]):
            if part:
                judged = judge.judge_located(located(part), pl.DataFrame(schema=WARNING))
                leave(judge, judged, log, files)
                batches.append(judged)
        return cls(log, tuple(batches), files.written)

    def paths(self, job: Job, kind: str) -> list[Path]:
        return [job.folder / name for name, _ in self.written.get(kind, ())]


def located(connections: Sequence[Facts]) -> Located:
    """Write facts as the frames of a batch; everything has one location, and says nothing of it."""
    rows = pl.DataFrame(
        [_row(facts) for facts in connections], schema=dict(PLACED) | {"label_cloud": pl.String}
    )
    if rows["label_cloud"].null_count() == rows.height:
        rows = rows.drop("label_cloud")
    first = pl.zeros(rows.height, dtype=pl.UInt32, eager=True)
    return Located(connections=rows, relays=NOWHERE, relay=first, clients=NOWHERE, client=first)


def _row(facts: Facts) -> dict[str, Any]:
    return {
        "source_file": NAMES[facts.log],
        "record": facts.record,
        "last_record": facts.record,
        "part": facts.part,
        "call_id": facts.call_id,
        "account_id": facts.account_id,
        "home_region": facts.home_region,
        "role": facts.role,
        "tier": facts.tier,
        "attempt": facts.attempt,
        "failed_primaries": facts.failed_primaries,
        "selection_reason": facts.selection_reason,
        "started_at": facts.start,
        "ended_at": facts.end,
        "time_basis": "connection",
        "use_proved": facts.use_proved,
        "relay_key": key_of(facts.relay),
        "participant_key": key_of(facts.participant),
        "label_cloud": facts.labels.get("cloud"),
    }


def _by_call(job: Job, shards: Sequence[JudgedLog], means: Means) -> Partial:
    by_name = {shard.log: shard for shard in shards}

    def slim(_: Job, shard: Shard) -> Iterator[tuple[str, pl.DataFrame]]:
        for kind in FOR_CALLS:
            for path in by_name[shard.id].paths(job, kind):
                yield kind, pl.read_parquet(path)

    pieces = [Shard(shard.log, Piece(log_of("a.csv", None), 0, None, 1), shard.log, 0) for shard in shards]
    return merge(LocalEngine().by_call(slim, judge_calls, job, pieces, means.buckets))


def _raw(job: Job, shards: Sequence[JudgedLog], resolved: Resolved) -> pl.DataFrame:
    """Give all raw rows, as the writing of findings takes them."""
    findings = [path for shard in shards for path in shard.paths(job, "findings")]
    unobserved = [pl.read_parquet(path) for shard in shards for path in shard.paths(job, "unobserved")]
    of_logs = finding_of_logs(pl.concat([pl.DataFrame(schema=RAW_FINDING), *unobserved]))
    files = scan_tables([*findings, *resolved.raw], RAW_FINDING).collect()
    return pl.concat([cast_to(files, RAW_FINDING), of_logs])


@dataclass(frozen=True, slots=True)
class Run:
    """All that the engine made of some connections. `raw` has its raw rows, schema RAW_FINDING."""

    job: Job
    shards: tuple[JudgedLog, ...]
    partial: Partial
    resolved: Resolved
    raw: pl.DataFrame

    def said(self) -> list[Said]:
        """Give what is said under each rule, in their order."""
        return [self._said_under(place) for place in range(len(self.job.ruleset.rules))]

    def _said_under(self, place: int) -> Said:
        rule = self.job.ruleset.rules[place]
        of_rule = self.raw.filter(pl.col("rule_id") == rule.id)
        found = _opinions(of_rule.filter(pl.col("subject").is_in([Subject.CONNECTION.value, MEMBER])))
        alone = {key: one for shard in self.shards for key, one in _alone(shard, place)}
        settled = {key: one for key, one in alone.items() if one is not None}
        kept = FINDING_VERDICTS[: 2 if rule.effect == "watch" else 3]
        for key, opinion in settled.items():
            assert found.get(key) == (opinion if opinion.verdict in kept else None), key
        members = _members(self.job, place, self.partial)
        waited = {
            key: found.get(key, Opinion(members[key])) if key in members else found[key]
            for key in alone.keys() - settled.keys()
        }
        assert found.keys() <= alone.keys()
        assert all(waited[key].verdict == verdict for key, verdict in members.items())
        return Said(
            connections=settled | waited,
            calls=_calls(of_rule),
            tallied=self._tallied(place),
            waited=Counter(one.verdict for one in waited.values()),
        )

    def _tallied(self, place: int) -> Counter[str]:
        tallied: Counter[str] = Counter()
        for text, connections in self.resolved.counts.select("resolved", "connections").iter_rows():
            if place in verdicts_in(text):
                tallied[verdicts_in(text)[place]] += connections
        return tallied


def _alone(shard: JudgedLog, place: int) -> Iterator[tuple[Key, Opinion | None]]:
    """Give what is said of each connection before its call is whole; None: it waits."""
    for judged in shard.batches:
        keys = judged.connections.select(pl.lit(shard.log), "record", "part").rows()
        for key, situation in zip(keys, judged.situation, strict=True):
            one = judged.judgements[situation][place]
            words = {f"not_observed:{role}" for role in one.not_observed}
            words |= {"spans_change"} if one.spans_change else set()
            words |= {"late_declared"} if one.late_declared else set()
            yield key, None if one.is_pending else Opinion(one.verdict, frozenset(words))


def _opinions(rows: pl.DataFrame) -> dict[Key, Opinion]:
    logs = {name: log for log, name in NAMES.items()}
    found = {
        (logs[row["source_file"]], row["record"], row["part"]): _opinion(row)
        for row in rows.iter_rows(named=True)
    }
    assert len(found) == rows.height, "a connection has two findings of one rule"
    return found


def _calls(rows: pl.DataFrame) -> dict[Call, Opinion]:
    logs = {name: log for log, name in NAMES.items()}
    about_calls = rows.filter(pl.col("subject").is_in([Subject.CALL.value, Subject.UNOBSERVED.value]))
    found = {
        (row["subject"], row["call_id"] or logs[row["source_file"]]): _opinion(row)
        for row in about_calls.iter_rows(named=True)
    }
    assert len(found) == about_calls.height, "a call has two findings of one rule"
    return found


def _opinion(row: Mapping[str, Any]) -> Opinion:
    words = [word for word in row["reasons"] if word.startswith("not_observed:") or word in WORDS]
    return Opinion(row["verdict"], frozenset(words))


WORDS = ("spans_change", "late_declared")


def _members(job: Job, place: int, partial: Partial) -> dict[Key, str]:
    """Read the verdicts that connections have from their whole calls."""
    logs = {name: log for log, name in NAMES.items()}
    names = [name for bucket in partial.buckets.values() for name, _ in bucket.files.get("verdicts", ())]
    frames = [pl.read_parquet(job.folder / name) for name in names]
    return {
        (logs[source_file], record, part): verdict
        for frame in frames
        for source_file, record, part, verdict in frame.filter(pl.col("place_of_rule") == place)
        .select("source_file", "record", "part", "verdict")
        .iter_rows()
    }


def _json(value: object) -> str:
    return json.dumps(value, default=text_of)
