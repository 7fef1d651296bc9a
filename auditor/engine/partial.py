"""Partial results, and their merge: associative, commutative, and idempotent per shard and bucket."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar

Result = TypeVar("Result")

COUNTS = ("records", "connection_records", "connections", "rejects", "not_connections")


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What one shard gave: its counts, and the names and digests of the files that it wrote.

    `files` maps a kind (`findings`, `calls`, `situations`, `locations`, `rejects`) to (name, SHA-256) pairs.
    `not_connections`, `unread` and `warnings` are rows of the schemas of the same names.
    """

    shard: str
    source_file: str
    records: int
    connection_records: int
    connections: int
    rejects: int
    not_connections: int
    first_started_at: datetime | None
    last_started_at: datetime | None
    files: Mapping[str, tuple[tuple[str, str], ...]]
    not_connection_rows: tuple[Mapping[str, Any], ...] = ()
    unread_rows: tuple[Mapping[str, Any], ...] = ()
    warning_rows: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        accounted = self.connection_records + self.rejects + self.not_connections
        if accounted != self.records:
            raise AssertionError(
                f"{self.source_file}: {self.records:,} records were read and {accounted:,} accounted for"
            )

    def to_json(self) -> str:
        """Write the result as one line of text that `of_json` reads back."""
        return json.dumps(asdict(self), sort_keys=True, default=lambda value: value.isoformat())

    @classmethod
    def of_json(cls, text: str) -> "ShardResult":
        """Read a result back. Raises ValueError, KeyError, TypeError or AttributeError if it is none."""
        data = json.loads(text)
        for name in ("first_started_at", "last_started_at"):
            data[name] = datetime.fromisoformat(data[name]) if data[name] else None
        data["files"] = {
            kind: tuple((name, sha256) for name, sha256 in files) for kind, files in data["files"].items()
        }
        for name in ("not_connection_rows", "unread_rows", "warning_rows"):
            data[name] = tuple(data[name])
        return cls(**data)


@dataclass(frozen=True, slots=True)
class BucketResult:
    """Facts about whole calls in one bucket: distinct call ids, in all, by rule and by role.

    `calls_by_verdict` counts, for each `require` rule, the calls that are findings; `unobserved`, for each
    rule that must observe a role, the calls in which it was not. `files` as in ShardResult, of the kinds that
    `callpass.judge_calls` names.
    """

    bucket: str
    calls: int
    audited: int
    audited_by_rule: Mapping[str, int]
    by_role: Mapping[str, int]
    calls_by_verdict: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unobserved: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partial:
    """Results by shard and by bucket. Merging is a union, so that a repeated shard counts once."""

    shards: Mapping[str, ShardResult] = field(default_factory=dict)
    buckets: Mapping[str, BucketResult] = field(default_factory=dict)

    def __add__(self, other: "Partial") -> "Partial":
        return Partial(_union(self.shards, other.shards), _union(self.buckets, other.buckets))

    def total(self, count: str) -> int:
        """Add up one of COUNTS over all shards."""
        return sum(getattr(result, count) for result in self.shards.values())


def merge(partials: Iterable[Partial]) -> Partial:
    """Merge in any order, with any repetition. Raises AssertionError if one shard gave two results."""
    shards: dict[str, ShardResult] = {}
    buckets: dict[str, BucketResult] = {}
    for partial in partials:
        _merge_into(shards, partial.shards)
        _merge_into(buckets, partial.buckets)
    return Partial(shards, buckets)


def _union(one: Mapping[str, Result], other: Mapping[str, Result]) -> dict[str, Result]:
    whole = dict(one)
    _merge_into(whole, other)
    return whole


def _merge_into(whole: dict[str, Result], part: Mapping[str, Result]) -> None:
    for key, result in part.items():
        if whole.setdefault(key, result) != result:
            raise AssertionError(f"two runs of shard or bucket {key} gave different results")
