"""Rows of findings, before they have their ids, from as little as a test cares for."""

from collections.abc import Mapping
from datetime import UTC, datetime

import polars as pl

from auditor.engine.raw_findings import RAW_FINDING

NOON = datetime(2020, 4, 1, 12, tzinfo=UTC)


def raw_findings(*changes: Mapping[str, object]) -> pl.LazyFrame:
    """Make one raw finding for each of `changes`; records count from 1."""
    common: dict[str, object] = {
        "rule_id": "r",
        "rule_version": "1.0.0",
        "severity": "high",
        "subject": "connection",
        "verdict": "violation",
        "reasons": ["agreed"],
        "call_id": "c",
        "account_id": "a",
        "home_region": "US",
        "participant_id": "p",
        "role": "media",
        "relay_ip": "192.0.2.1",
        "relay_countries": ["CN"],
        "place": "192.0.2.0/24",
        "place_kind": "network",
        "started_at": NOON,
        "time_basis": "connection",
        "use_proved": True,
        "source_file": "a.csv",
        "part": 1,
        "watch": False,
    }
    rows = [{**common, "record": number, **change} for number, change in enumerate(changes, start=1)]
    return pl.LazyFrame(rows, schema=RAW_FINDING)
