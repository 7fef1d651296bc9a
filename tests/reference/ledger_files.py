"""Write a ledger of recordings, as its format is documented: GEOLOCATION.md, section 8."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import polars as pl

from auditor.model import Schema
from tests.reference.world import Recorded, Recording, maker_of

_TIME = pl.Datetime("us", "UTC")
_TEXTS = ("country", "city", "registered", "represented", "represented_type", "continent")
RECORDED: Schema = {
    **dict.fromkeys(
        ("address", "prefix", "opinion", "source", "maker", "vendor", "source_sha256"), pl.String
    ),
    "build": _TIME,
    **dict.fromkeys(_TEXTS, pl.String),
    "anycast": pl.Boolean,
    "confidence": pl.UInt8,
    "observed_at": _TIME,
}


def write_ledger(ledger: Sequence[Recording], folder: Path) -> Path | None:
    """Write the ledger, if there is anything in it: a file a recording, and the chain."""
    if not ledger:
        return None
    folder.mkdir(parents=True)
    lines: list[bytes] = []
    for recording in sorted(ledger, key=lambda one: one.observed_at):
        path = folder / f"locations-{recording.observed_at:%Y-%m-%dT%H%M%S.%f}Z.parquet"
        rows = [_row(row, recording.observed_at) for row in recording.rows]
        pl.DataFrame(rows, schema=dict(RECORDED)).write_parquet(path)
        link = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        prev = hashlib.sha256(lines[-1]).hexdigest() if lines else None
        lines.append(json.dumps(link | {"prev": prev}).encode() + b"\n")
    (folder / "chain.jsonl").write_bytes(b"".join(lines))
    return folder


def _row(row: Recorded, observed_at: datetime) -> dict[str, Any]:
    return {
        "address": row.address,
        "prefix": str(ip_network(row.address)),
        "opinion": "location",
        "source": row.database_type,
        "maker": maker_of(row.database_type, row.vendor),
        "vendor": row.vendor,
        "source_sha256": hashlib.sha256(f"{row.database_type} {row.built_at}".encode()).hexdigest(),
        "build": row.built_at,
        "country": row.country,
        "continent": row.continent,
        "anycast": row.anycast,
        "confidence": row.confidence,
        "observed_at": observed_at,
    }
