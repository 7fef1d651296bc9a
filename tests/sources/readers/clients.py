"""Client statistics made small, and how their logs are read."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from auditor.sources.interface import Log, Source
from auditor.sources.readers.reader import Reader
from tests.sources.samples import Whole

SAMPLES = Path(__file__).parents[3] / "sample_logs" / "formats"
T = 1_772_350_700_000
"""2026-03-01T07:38:20Z, in milliseconds."""

Json: TypeAlias = Any
"""Any value of JSON, also one that should not be there."""

WRONG: tuple[Any, ...] = (None, True, -1, 1.5, 1e300, "", "x", "9" * 400, "\ud800", [], {}, [[]], {"a": {}})


def log_of(reader: Reader, path: Path) -> Log:
    return Log(str(path), reader.name, reader.mapping)


def read(reader: Reader, path: Path, source: Source | None = None) -> Whole:
    log, source = log_of(reader, path), source or reader.source
    pieces = source.plan(log, piece_bytes=1 << 20).pieces
    whole = Whole(log, [batch for piece in pieces for batch in source.batches(piece)])
    assert whole.adds_up
    return whole


def shown(whole: Whole, *columns: str) -> list[tuple[Any, ...]]:
    return whole.connections.select(columns).rows()


def reasons(whole: Whole) -> list[tuple[int, str, str | None]]:
    return pl.concat([one.rejects for one in whole.batches]).select("record", "reason", "column").rows()


def aside(whole: Whole) -> dict[str, int]:
    frame = pl.concat([one.not_connections for one in whole.batches])
    return dict(frame.group_by("reason").agg(pl.col("count").sum()).sort("reason").rows())


def warnings(whole: Whole) -> set[str]:
    return set(pl.concat([one.warnings for one in whole.batches])["text"])


def unread(whole: Whole) -> list[tuple[str, str]]:
    return pl.concat([one.unread for one in whole.batches]).select("column", "reason").rows()


def candidate(kind: str | None, address: str | None, port: Json = 1000, **more: Json) -> dict[str, Any]:
    said = {"type": "local-candidate", "candidateType": kind, "address": address, "port": port, **more}
    return {name: value for name, value in said.items() if value is not None}


def pair(local: str, remote: str, count: int | None = 100, **more: Json) -> dict[str, Any]:
    ends = {"localCandidateId": local, "remoteCandidateId": remote}
    return {"type": "candidate-pair", **ends, "bytesSent": count, "bytesReceived": count, **more}


def transport(selected: str | None, **more: Json) -> dict[str, Any]:
    return {"type": "transport", "selectedCandidatePairId": selected, **more}


def leaves(value: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Name every place in a JSON value, the containers too."""
    yield path
    members: Any = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in members:
        yield from leaves(inner, (*path, key))


def replaced(value: Json, path: tuple[Any, ...], wrong: Json) -> Json:
    """Put another value into one place."""
    if not path:
        return wrong
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = wrong
    return copy
