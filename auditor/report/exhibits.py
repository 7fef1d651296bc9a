"""Findings in full, each with the record that it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from auditor.errors import Fault, RunError
from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import Summary
from auditor.report.explain import Explanation, background_of, explanation_of
from auditor.report.phrase import RECORD_LIMIT, visible
from auditor.report.placing import locations_of
from auditor.report.tables import Tables

LISTED_EXHIBITS = 25


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One finding in full, with the record that it rests on."""

    number: int
    finding_id: str
    rule_id: str
    explanation: Explanation
    record: str
    whole_length: int | None
    sha256: str


def exhibits_of(tables: Tables, manifest: Manifest, summary: Summary) -> tuple[Exhibit, ...]:
    """Explain each exhibited finding. Raises RunError for one that the run does not hold."""
    shown = tables.exhibits.sort("exhibit").head(LISTED_EXHIBITS).collect()
    wanted = pl.col("finding_id").is_in(shown["finding_id"].implode())
    rows = tables.findings.filter(wanted).collect(engine="streaming")
    background = background_of(manifest, summary, tables.incidents, rows.to_dicts())
    located = zip(rows.iter_rows(named=True), locations_of(rows, tables.locations), strict=True)
    by_id = {finding["finding_id"]: (finding, location) for finding, location in located}
    rules = {rule.rule_id: rule for rule in manifest.rules}
    found = []
    for row in shown.iter_rows(named=True):
        finding, location = by_id.get(row["finding_id"], (None, None))
        if finding is None or finding["rule_id"] not in rules:
            text = f"names a finding that the run does not hold: `{visible(row['finding_id'])}`"
            raise RunError(Fault("exhibits.parquet", text, "`auditor verify` says which file was altered"))
        rule = rules[finding["rule_id"]]
        explanation = explanation_of(finding, rule=rule, location=location, background=background)
        found.append(_exhibit(row, explanation, rule.rule_id))
    return tuple(found)


def _exhibit(row: Mapping[str, Any], explanation: Explanation, rule_id: str) -> Exhibit:
    record = row["excerpt"] or ""
    return Exhibit(
        number=row["exhibit"],
        finding_id=row["finding_id"],
        rule_id=rule_id,
        explanation=explanation,
        record=visible(record[:RECORD_LIMIT], RECORD_LIMIT),
        whole_length=len(record) if len(record) > RECORD_LIMIT else None,
        sha256=row["sha256"],
    )
