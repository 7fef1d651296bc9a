"""The location ledger: what a database said of some relays when it was recorded, in a chain of one line.

Design: GEOLOCATION.md, section 8. The edition that was asked is in no file of the sample.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from .evidence import RECORDED
from .places import SITES, relays_of

LEDGER = "ledger"
_ASKED = datetime(2020, 3, 24, tzinfo=UTC)
_INSTANT = pl.Datetime("us", "UTC")
_COLUMNS: dict[str, type[pl.DataType] | pl.DataType] = {
    **dict.fromkeys(
        ("address", "prefix", "opinion", "source", "maker", "vendor", "source_sha256"), pl.String
    ),
    "build": _INSTANT,
    **dict.fromkeys(("country", "city", "registered", "represented", "represented_type"), pl.String),
    "continent": pl.String,
    "anycast": pl.Boolean,
    "confidence": pl.UInt8,
    "observed_at": _INSTANT,
}


def write_ledger(folder: Path) -> None:
    """Write one recording, and the chain that names it."""
    folder.mkdir(exist_ok=True)
    path = folder / f"locations-{RECORDED:%Y-%m-%dT%H%M%S.%f}Z.parquet"
    rows = [
        _row(address, site.prefix, site.said.recorded)
        for site in SITES.values()
        if site.said.recorded
        for address in relays_of(site)
    ]
    pl.DataFrame(rows, schema=_COLUMNS).write_parquet(path, compression="zstd")
    link = {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "prev": None}
    (folder / "chain.jsonl").write_text(json.dumps(link) + "\n", encoding="utf-8")


def _row(address: str, prefix: str, country: str) -> dict[str, Any]:
    return {
        "address": address,
        "prefix": prefix,
        "opinion": "location",
        "source": "GeoIP2-Country",
        "maker": "MaxMind",
        "source_sha256": hashlib.sha256(b"an edition that nobody kept").hexdigest(),
        "build": _ASKED,
        "country": country,
        "registered": country,
        "continent": "EU",
        "anycast": False,
        "observed_at": RECORDED,
    }
