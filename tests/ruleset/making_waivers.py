"""Waivers and findings made by hand."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from auditor.model import FINDING, cast_to
from auditor.ruleset.waiver_schema import Waiver

VALUES: Mapping[str, Any] = {
    "schema": "auditor/waiver@1",
    "id": "W-2026-014",
    "rule": "us-home-fence",
    "match": {"account": "acme"},
    "covers": {"from": "2026-03-01T00:00:00Z", "until": "2026-03-08T00:00:00Z"},
    "max_findings": 40,
    "issued": "2026-03-10T00:00:00Z",
    "expires": "2026-06-10T00:00:00Z",
    "reason": "the customer agreed to it in writing",
    "ticket": "LEG-7",
    "requested_by": "Jo Roe",
    "approved_by": "Max Doe",
}
"""A sound waiver: `acme`, in the first week of March 2026, counting from 10 March to 10 June."""

IN_FORCE = datetime(2026, 4, 1, tzinfo=UTC)

FINDING_VALUES: Mapping[str, Any] = {
    "finding_id": "F-0000-0000-0000-0",
    "incident_id": "I-0000-0000-0000-0",
    "rule_id": "us-home-fence",
    "verdict": "violation",
    "call_id": "call",
    "account_id": "acme",
    "relay_ip": "203.0.113.7",
    "role": "media",
    "started_at": datetime(2026, 3, 2, tzinfo=UTC),
}
"""A finding that the waiver fits."""


def waiver(**changes: object) -> Waiver:
    """Make a sound waiver that differs in what is given."""
    return Waiver.model_validate_json(json.dumps({**VALUES, **changes}))


def findings(*rows: Mapping[str, Any]) -> pl.LazyFrame:
    """Make findings, each of which differs in what is given."""
    return findings_of([{**FINDING_VALUES, **row} for row in rows])


def findings_of(rows: Sequence[Mapping[str, Any]]) -> pl.LazyFrame:
    """Make findings of exactly these values; all others are null."""
    schema = {name: FINDING[name] for name in FINDING_VALUES}
    return cast_to(pl.DataFrame(list(rows), schema=schema), FINDING).lazy()
