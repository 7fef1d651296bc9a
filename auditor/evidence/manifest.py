"""`manifest.json`: what a run read, with which settings and programs, and what it wrote; written last."""

import json
from datetime import datetime
from typing import Literal

from pydantic import Field

from auditor.evidence.digests import sha256_of_value
from auditor.evidence.summary import Contract


class RunFacts(Contract):
    """What differs between two runs over the same evidence; nothing else in a run directory does."""

    command: list[str]
    working_directory: str
    started_at: datetime
    finished_at: datetime
    platform: str
    python: str


class ToldOfLog(Contract):
    """What was said of a log beside it. `kept` names each column that is a keyed hash, or a network only.

    `privacy` is what the user said of that, `kept` what came of it and of the mapping's own words.
    """

    zone: str | None = None
    server_start: datetime | None = None
    relay_public_addresses: dict[str, str] = Field(default_factory=dict)
    privacy: dict[str, str] = Field(default_factory=dict)
    kept: dict[str, str] = Field(default_factory=dict)


class InputFile(Contract):
    """One log. `mapping` is the id of its mapping or the name of its reader; digests are SHA-256 in hex."""

    path: str
    format: str
    bytes: int
    sha256: str
    mapping: str
    mapping_sha256: str
    mapping_kind: str | None = None
    """`columns` (our own names), `preset`, `reader`, or `mapping`: the user's, at `mapping_file`."""
    mapping_file: str | None = None
    recognized_by: str | None = None
    """By what it showed of itself, where nobody said how to read it and its suffix did not tell."""
    checked_against: str | None = None
    """`documentation`, `source_code` or `real_log`: what the mapping or reader was tried on."""
    told: ToldOfLog = Field(default_factory=ToldOfLog)
    records: int
    connection_records: int
    connections: int
    rejects: int
    not_connections: int
    first_started_at: datetime | None
    last_started_at: datetime | None


class EvidenceFile(Contract):
    """A file that the audit read beside the logs: of rules, accounts, relays, places, or a mapping."""

    kind: str
    path: str
    bytes: int
    sha256: str


class Database(Contract):
    """A database, as opened. `vendor` is who made it, where its own type says somebody else or nothing."""

    path: str
    sha256: str
    bytes: int
    database_type: str
    vendor: str | None = None
    opinion: str
    built_at: datetime
    ip_version: int
    description: str
    licence_note: str | None
    schema_path: str


class RangeList(Contract):
    """A list of prefixes as it was published: `form` is `cloud` or `geofeed`; `entries` counts prefixes."""

    path: str
    sha256: str
    bytes: int
    form: str
    publisher: str
    published_at: datetime
    entries: int


class LedgerApplied(Contract):
    """The location ledger, as it stood: `head` is the digest that ends its chain, null if it is empty."""

    path: str
    recordings: int
    head: str | None
    first_observed_at: datetime | None
    last_observed_at: datetime | None


class ExceptionApplied(Contract):
    """One exception of a rule, as its file has it: conditions and limits that are null ask for nothing."""

    exception_id: str
    why: str
    allow: list[str]
    roles: list[str] | None
    tier: list[str] | None
    attempt_min: int | None
    failed_primaries_min: int | None
    selection_reason: list[str] | None
    in_window: str | None
    connections_per_call: int | None
    minutes_per_call: str | None
    share_of_calls: str | None
    overflow: str


class RequirementApplied(Contract):
    """What a `require` rule asks of each call. `places` are titles of groups, and codes of countries."""

    roles: list[str]
    places: list[str]


class RuleApplied(Contract):
    """One rule in the words of its file."""

    rule_id: str
    version: str
    title: str
    statement: str
    authority: list[dict[str, str]]
    severity: str
    effect: str
    status: str | None = None
    """`draft`: counsel has still to confirm what the rule rests on."""
    in_force_from: datetime
    in_force_until: datetime | None
    in_words: list[str]
    file: str
    sha256: str
    cases: int
    never_title: str | None = None
    """Under `never`: the titles of the excluded groups, for the second sentence of the lead."""
    exceptions: list[ExceptionApplied] = Field(default_factory=list)
    """In the order in which they are tried."""
    requirement: RequirementApplied | None = None


class WindowApplied(Contract):
    """One declared window, as its file has it. `late`: declared more than 24 hours after its end."""

    id: str
    regions: list[str]
    from_: datetime = Field(alias="from")
    until: datetime
    evidence: str
    declared_by: str
    declared_at: datetime
    late: bool


class WaiverApplied(Contract):
    """Which findings a waiver is about, as its file has it: what is null asks for nothing.

    It covers those that begin from `covers_from`, and before `covers_until`.
    """

    waiver_id: str
    call: str | None
    account: str | None
    relay_in: list[str] | None
    roles: list[str] | None
    covers_from: datetime
    covers_until: datetime


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
    allow_draft: bool = False
    max_listed: int
    rules: list[str]
    geo: list[str]
    accounts: str | None
    inventory: list[str]
    mapping: str | None = None
    """Of manifests of before each log named its own."""
    privacy_key: str | None = None
    privacy_key_fingerprint: str | None = None
    """Tells whether two runs hashed with one key, and not what it is."""
    cloud_ranges: list[str] = Field(default_factory=list)
    geofeeds: list[str] = Field(default_factory=list)
    ledger: str | None = None
    site_names: list[str] = Field(default_factory=list)
    nat64_prefixes: list[str] = Field(default_factory=list)
    min_confidence: int = 80
    trust: str = "all"
    relay_lists: list[str] = Field(default_factory=list)


class OutputFile(Contract):
    """One file of the run directory. `rows` is null where the file is no table."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


class Manifest(Contract):
    """The whole manifest. All but `run` is a function of inputs, settings and versions.

    `self_sha256` is the digest of all the rest, so that one flipped byte of the manifest is found too.
    """

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
    ranges: list[RangeList] = Field(default_factory=list)
    ledger: LedgerApplied | None = None
    rules: list[RuleApplied]
    windows: list[WindowApplied] = Field(default_factory=list)
    """All that are declared, in order of their ids, then of their starts."""
    waivers: list[WaiverApplied] = Field(default_factory=list)
    """In order of their ids. What became of them is in the summary."""
    outputs: list[OutputFile]
    self_sha256: str = ""

    def sealed(self) -> "Manifest":
        """Fill in the digest of all the rest."""
        rest = self.model_dump(mode="json", by_alias=True, exclude={"self_sha256"})
        return self.model_copy(update={"self_sha256": sha256_of_value(rest)})

    def to_text(self) -> str:
        """Write the manifest in the one form in which it is valid."""
        data = self.model_dump(mode="json", by_alias=True)
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
