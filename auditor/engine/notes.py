"""What is noted beside the connections: what is none, what could not be read, and what is not certain."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from auditor.engine.adding import counted
from auditor.engine.partial import Partial, ShardResult
from auditor.evidence.summary import NotConnections, UnreadValues, Warned
from auditor.geo.ledger.ledger import Ledger
from auditor.model import NOT_CONNECTION, UNREAD, WARNING
from auditor.ruleset.ruleset import RuleSet
from auditor.sources.detection import is_as_marked, other_mark
from auditor.sources.interface import Log

NO_CONTENT = ("header", "type_row", "comment", "blank")
"""Records that are part of a log's form, and tell of nothing."""

_NOT_KNOWN = (*NO_CONTENT, "other_event", "no_relay", "not_ours")
"""Reasons for which a log of quite another format would be set aside too."""

_LATER = "after the clock of the run"


def notes_of(partial: Partial, warnings: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Add up what is noted beside the connections, over all shards."""
    kinds = {
        "not_connections": ("not_connection_rows", NOT_CONNECTION, ("source_file", "reason"), NotConnections),
        "unread_values": ("unread_rows", UNREAD, ("source_file", "column", "reason"), UnreadValues),
        "warnings": ("warning_rows", WARNING, ("source_file", "text"), Warned),
    }
    notes = {}
    for name, (attribute, schema, keys, kind) in kinds.items():
        rows = [row for shard in partial.shards.values() for row in getattr(shard, attribute)]
        if kind is Warned:
            rows += warnings
        whole = counted([pl.DataFrame(rows, schema=schema)], schema, keys)
        notes[name] = [kind(**row) for row in whole.iter_rows(named=True)]
    return notes


def declared_after(ruleset: RuleSet, as_of: datetime) -> list[dict[str, Any]]:
    """Warn of windows whose declaration the run's clock had not seen yet."""
    paths = {window: file.path for file in ruleset.files if file.kind == "windows" for window in file.ids}
    texts = {
        (
            paths[window.id],
            f"window `{window.id}` was declared at {window.declared_at:%Y-%m-%dT%H:%M:%SZ}, {_LATER}",
        )
        for window in ruleset.windows.declared
        if window.declared_at > as_of
    }
    return [
        {"source_file": path, "text": text, "count": 1, "first_record": None} for path, text in sorted(texts)
    ]


def recorded_after(ledger: Ledger | None) -> list[dict[str, Any]]:
    """Warn of recordings of places that the run's clock had not seen yet: they are left out."""
    if ledger is None or not ledger.later:
        return []
    text = f"recordings of the ledger were made {_LATER}, and are left out"
    return [{"source_file": ledger.path, "text": text, "count": ledger.later, "first_record": None}]


def left_out(paths: Sequence[str]) -> list[dict[str, Any]]:
    """Warn of files in named folders that nobody read."""
    text = "lies in a named folder and was not read: neither its name nor what is in it says that it is a log"
    return [{"source_file": path, "text": text, "count": 1, "first_record": None} for path in paths]


def fruitless(partial: Partial, logs: Mapping[str, Log]) -> list[dict[str, Any]]:
    """Warn of logs that have records of which none became a connection."""
    return [
        {"source_file": path, "text": _nothing_of(logs[path]), "count": 1, "first_record": None}
        for path, shards in sorted(_by_log(partial).items())
        if _is_fruitless(shards)
    ]


def _nothing_of(log: Log) -> str:
    text = f"none of its records became a connection, read as `{log.mapping.id}`"
    other = other_mark(log)
    return f"{text}; {other}" if other else text


def misread(partial: Partial, logs: Mapping[str, Log]) -> int:
    """Count logs without a connection of which nothing tells that they are what they were read as."""
    found = 0
    for path, shards in _by_log(partial).items():
        reasons = {row["reason"] for shard in shards for row in shard.not_connection_rows}
        if _is_fruitless(shards) and reasons <= set(_NOT_KNOWN):
            found += not is_as_marked(logs[path])
    return found


def _by_log(partial: Partial) -> Mapping[str, list[ShardResult]]:
    found: dict[str, list[ShardResult]] = defaultdict(list)
    for shard in partial.shards.values():
        found[shard.source_file].append(shard)
    return found


def _is_fruitless(shards: Sequence[ShardResult]) -> bool:
    """Tell whether there are records beyond the log's form, and no connection."""
    rows = [row for shard in shards for row in shard.not_connection_rows]
    form = sum(row["count"] for row in rows if row["reason"] in NO_CONTENT)
    records = sum(shard.records for shard in shards)
    return records > form and not any(shard.connection_records for shard in shards)


def after_the_clock(partial: Partial, as_of: datetime) -> list[dict[str, Any]]:
    """Warn of logs that tell of connections which the run's clock had not seen yet."""
    last: dict[str, datetime] = {}
    for shard in partial.shards.values():
        if shard.last_started_at is not None and shard.last_started_at > as_of:
            last[shard.source_file] = max(shard.last_started_at, last.get(shard.source_file, as_of))
    return [
        {
            "source_file": path,
            "text": f"its last connection starts at {at:%Y-%m-%dT%H:%M:%SZ}, {_LATER}",
            "count": 1,
            "first_record": None,
        }
        for path, at in last.items()
    ]
