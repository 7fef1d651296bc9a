"""`manifest.json`: what a run read, with which settings and programs, and what it wrote; written last."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from auditor.evidence.summary import Contract


class RunFacts(Contract):
    """What differs between two runs over the same evidence; nothing else in a run directory does."""

    command: list[str]
    working_directory: str
    started_at: datetime
    finished_at: datetime
    platform: str
    python: str


class InputFile(Contract):
    """One log. `mapping` is the id of its mapping; the digests are SHA-256 in hex."""

    path: str
    format: str
    bytes: int
    sha256: str
    mapping: str
    mapping_sha256: str
    records: int
    connection_records: int
    connections: int
    rejects: int
    not_connections: int
    first_started_at: datetime | None
    last_started_at: datetime | None


class EvidenceFile(Contract):
    """A rule, group, mapping, accounts, or inventory file."""

    kind: str
    path: str
    bytes: int
    sha256: str


class Database(Contract):
    """A location database, as opened."""

    path: str
    sha256: str
    bytes: int
    database_type: str
    opinion: str
    built_at: datetime
    ip_version: int
    description: str
    licence_note: str | None
    schema_path: str


class RuleApplied(Contract):
    """One rule in the words of its file."""

    rule_id: str
    version: str
    title: str
    statement: str
    authority: list[dict[str, str]]
    severity: str
    effect: str
    in_force_from: datetime
    in_force_until: datetime | None
    in_words: list[str]
    file: str
    sha256: str
    cases: int
    never_title: str | None = None
    """Under `never`: the titles of the excluded groups, for the second sentence of the lead."""


class Settings(Contract):
    """The options that a result depends on, as they were in force."""

    as_of: datetime
    max_age_days: int
    fail_on: str
    max_rejected: str
    max_uncovered: str | None
    max_indeterminate: int
    documentation_is_public: bool
    skip_rule_tests: bool
    max_listed: int


class OutputFile(Contract):
    """One file of the run directory. `rows` is null where the file is no table."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


class Manifest(Contract):
    """The whole manifest. All but `run` and `outputs` of the report is a function of inputs and settings."""

    schema_: Literal["auditor/manifest@1"] = Field(default="auditor/manifest@1", alias="schema")
    run_id: str
    run: RunFacts
    versions: dict[str, str]
    settings: Settings
    inputs: list[InputFile]
    not_read: list[dict[str, str]]
    """Logs that were not read again, as another has the same digest: `path` and `same_as`."""
    evidence: list[EvidenceFile]
    databases: list[Database]
    rules: list[RuleApplied]
    outputs: list[OutputFile]
