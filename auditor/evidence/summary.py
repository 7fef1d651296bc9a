"""`summary.json`: the machine-readable result, a contract of its own with a published schema."""

import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Contract(BaseModel):
    """Written and read strictly; unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bounds(Contract):
    """How many at least (*proved*: violation) and at most (*possible*: violation or indeterminate)."""

    proved: int
    possible: int


class Minutes(Contract):
    """Bounds in minutes, added up exactly in microseconds and rounded to thousandths."""

    proved: float
    possible: float


class Measures(Contract):
    """How much was affected, each as a pair of bounds.

    `without_*` counts the affected (possible) connections that lack the value, and so are in no such bound.
    """

    connections: Bounds
    calls: Bounds
    participants: Bounds
    accounts: Bounds
    minutes: Minutes
    bytes: Bounds
    without_call: int
    without_participant: int
    without_account: int
    without_end: int
    without_bytes: int


class Totals(Contract):
    """It adds up: records = connection_records + rejects + not_connections."""

    files: int
    records: int
    connection_records: int
    connections: int
    rejects: int
    not_connections: int
    first_started_at: datetime | None
    last_started_at: datetime | None


class Calls(Contract):
    """Distinct call ids. `audited` had a connection surely or possibly in scope of a rule (not a watch)."""

    in_logs: int
    audited: int
    connections_without_call: int
    audited_connections_without_call: int
    audited_connections: int
    by_role: dict[str, int]


class RuleResult(Contract):
    """What one rule said. `verdicts` counts connections and adds up to `totals.connections`."""

    rule_id: str
    version: str
    title: str
    effect: str
    severity: str
    verdicts: dict[str, int]
    calls_audited: int
    status: str | None = None
    """`draft`: counsel has still to confirm what the rule rests on."""
    findings: int
    findings_of_calls: int
    """Of these, how many are about whole calls, or about the connections of a log without call ids."""
    measures: Measures
    idle: bool


class WaiverResult(Contract):
    """What became of one waiver. `fits` counts the findings that it is about, also where it does not count.

    `state` is `used`, `unused`, `expired`, `expired_but_matching`, `not_yet_issued` or `void` (it fits more
    than `max_findings`); `expiring`: it counts at the clock of the run, and expires within 30 days.
    """

    waiver_id: str
    rule_id: str
    state: str
    fits: int
    max_findings: int
    expiring: bool
    issued: datetime
    expires: datetime
    reason: str
    ticket: str
    requested_by: str
    approved_by: str


class Undetermined(Contract):
    """One reason for not determining, over all rules but watches: a connection may have several."""

    reason: str
    connections: int
    calls: int


class Condition(Contract):
    """A condition for an exit code that held, with a sentence that says which limit and by how much."""

    code: int
    name: str
    text: str


class NotConnections(Contract):
    """Records that are no connections, by reason."""

    source_file: str
    reason: str
    count: int
    first_record: int


class UnreadValues(Contract):
    """Optional values that could not be read, and so are null."""

    source_file: str
    column: str
    reason: str
    count: int
    first_record: int
    example: str | None


class Warned(Contract):
    """Readable, but not whole or not certain."""

    source_file: str
    text: str
    count: int
    first_record: int | None


class Summary(Contract):
    """The result of one run."""

    schema_: Literal["auditor/summary@1"] = Field(default="auditor/summary@1", alias="schema")
    report_number: str
    as_of: datetime
    totals: Totals
    calls: Calls
    rules: list[RuleResult]
    overall: Measures
    uncovered: int
    idle: list[str]
    undetermined: list[Undetermined]
    only_stale: Undetermined
    waivers: list[WaiverResult]
    conditions: list[Condition]
    exit_code: int
    not_connections: list[NotConnections]
    unread_values: list[UnreadValues]
    warnings: list[Warned]

    def to_text(self) -> str:
        """Write the summary as JSON, with sorted keys."""
        return (
            json.dumps(
                self.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True, ensure_ascii=False
            )
            + "\n"
        )
