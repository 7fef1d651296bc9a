"""What flows between the layers: words, frame schemas, and nothing else.

Column names are spelled here and nowhere else; every stage ends in a cast to its schema.
"""

from collections.abc import Mapping
from enum import StrEnum

import polars as pl


class Role(StrEnum):
    """What a relay did in a connection."""

    MEDIA = "media"
    TURN = "turn"
    SIGNALING = "signaling"
    KEYS = "keys"
    RECORDING = "recording"
    GATEWAY = "gateway"
    TRANSCRIPTION = "transcription"
    STORAGE = "storage"
    EDGE_TRANSIT = "edge_transit"
    UNKNOWN = "unknown"


class Tier(StrEnum):
    """From which list a relay was chosen."""

    PRIMARY = "primary"
    FALLBACK = "fallback"


class TimeBasis(StrEnum):
    """What the times of a connection are the times of."""

    CONNECTION = "connection"
    CALL = "call"
    WINDOW = "window"
    SAMPLE = "sample"
    INFERRED = "inferred"


class Severity(StrEnum):
    """How grave a violation of a rule is, gravest first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Count from 0, the gravest."""
        return list(Severity).index(self)


class Verdict(StrEnum):
    """What one rule says of one connection, worst first."""

    VIOLATION = "violation"
    INDETERMINATE = "indeterminate"
    EXCUSED = "excused"
    COMPLIANT = "compliant"
    NOT_APPLICABLE = "not_applicable"

    @property
    def rank(self) -> int:
        """Count from 0, the worst."""
        return _VERDICT_RANK[self]


_VERDICT_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}

FINDING_VERDICTS = (Verdict.VIOLATION, Verdict.INDETERMINATE, Verdict.EXCUSED)


class Subject(StrEnum):
    """What a finding is about.

    `call`: what a `require` rule says of a whole call; `unobserved`: a call, or the connections of a log
    without call ids, in which a role that must be observed has no record.
    """

    CONNECTION = "connection"
    CALL = "call"
    UNOBSERVED = "unobserved"


class BadValue(StrEnum):
    """Why a value or a record could not be read: a closed set."""

    MALFORMED = "malformed"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    NO_ZONE = "no_zone"
    AMBIGUOUS_TIME = "ambiguous_time"
    OUT_OF_RANGE = "out_of_range"
    UNMAPPED = "unmapped"
    END_BEFORE_START = "end_before_start"
    TRUNCATED = "truncated"


INSTANT = pl.Datetime("us", "UTC")
ROLE = pl.Enum(Role)
TIER = pl.Enum(Tier)
TIME_BASIS = pl.Enum(TimeBasis)
CODES = pl.List(pl.String)
"""Sorted country codes; a null list is *unknown*: all countries."""

Schema = Mapping[str, pl.DataType | type[pl.DataType]]

CONNECTION: Schema = {
    "source_file": pl.String,
    "record": pl.Int64,
    "last_record": pl.Int64,
    "part": pl.Int32,
    "byte_offset": pl.Int64,
    "call_id": pl.String,
    "session_id": pl.String,
    "account_id": pl.String,
    "home_region": pl.String,
    "participant_id": pl.String,
    "role": ROLE,
    "relay_ip": pl.String,
    "relay_port": pl.Int32,
    "relay_name": pl.String,
    "relay_site": pl.String,
    "relay_country_declared": pl.String,
    "client_ip": pl.String,
    "participant_country_declared": pl.String,
    "tier": TIER,
    "attempt": pl.Int32,
    "failed_primaries": pl.Int32,
    "selection_reason": pl.String,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "time_basis": TIME_BASIS,
    "bytes": pl.Int64,
    "use_proved": pl.Boolean,
    "extra": pl.String,
}
"""One row is one connection. `label_<key>` columns (String) may follow. Design: FORMATS.md, section 2."""

NEVER_NULL = ("source_file", "record", "part", "role", "started_at", "time_basis", "use_proved")

REJECT: Schema = {
    "source_file": pl.String,
    "record": pl.Int64,
    "byte_offset": pl.Int64,
    "reason": pl.String,
    "column": pl.String,
    "excerpt": pl.String,
}
"""One row per record that could not be read. `excerpt`: its first 4 KiB, bytes that are not UTF-8 escaped."""

NOT_CONNECTION: Schema = {
    "source_file": pl.String,
    "reason": pl.String,
    "count": pl.Int64,
    "first_record": pl.Int64,
}

UNREAD: Schema = {
    "source_file": pl.String,
    "column": pl.String,
    "reason": pl.String,
    "count": pl.Int64,
    "first_record": pl.Int64,
    "example": pl.String,
}

WARNING: Schema = {
    "source_file": pl.String,
    "text": pl.String,
    "count": pl.Int64,
    "first_record": pl.Int64,
}

RELAY_UNIT: Schema = {
    "relay_ip": pl.String,
    "relay_site": pl.String,
    "relay_name": pl.String,
    "relay_country_declared": pl.String,
    "role": ROLE,
    "location_period": pl.Int32,
}
"""What decides where a relay is: the unit of location. Any column but the last two may be null."""

CLIENT_UNIT: Schema = {
    "client_ip": pl.String,
    "participant_country_declared": pl.String,
    "location_period": pl.Int32,
}

ANSWER = pl.Struct(
    {
        "level": pl.Int8,
        "source": pl.String,
        "country": pl.String,
        "city": pl.String,
        "prefix": pl.String,
        "date": INSTANT,
        "observed_at": INSTANT,
        "sha256": pl.String,
        "basis": pl.String,
        "attested_by": pl.String,
        "transfer_basis": pl.String,
        "counted": pl.Boolean,
        "why_not": pl.String,
    }
)
"""What one source of evidence says of one address, also when it was not counted.

`city` is what a database calls the place, and judges nothing; `observed_at` is when a ledger recorded it.
`basis`, `attested_by` and `transfer_basis` are those of an inventory line, as written.
"""

LIST_ENTRY = pl.Struct(
    {
        "entry": pl.String,
        "home_region": pl.String,
        "tier": pl.String,
        "role": pl.String,
        "relay": pl.String,
        "from": INSTANT,
        "until": INSTANT,
    }
)
"""An entry of a relay list that clients were handed: `entry` is `file:line`; null asks for nothing."""

LOCATED: Schema = {
    "kind": pl.String,
    "address": pl.String,
    "key": pl.String,
    "reasons": pl.List(pl.String),
    "hints": pl.List(pl.String),
    "network": pl.String,
    "incident_network": pl.String,
    "answers": pl.List(ANSWER),
}
"""What `geo` adds to a relay unit; to a client unit only `key`, `reasons` and `hints`.

`key` names the candidate set (`countries.key_of`), `address` is the canonical text or null, `network` the
longest prefix that a database answered for, `incident_network` the /24 or /48 of the address.
"""

LOCATION: Schema = {
    "address": pl.String,
    "as_written": pl.List(pl.String),
    "site": pl.String,
    "name": pl.String,
    "declared": pl.String,
    "role": pl.String,
    "kind": pl.String,
    "period_from": INSTANT,
    "period_until": INSTANT,
    "candidates": CODES,
    "key": pl.String,
    "reasons": pl.List(pl.String),
    "hints": pl.List(pl.String),
    "network": pl.String,
    "connections": pl.Int64,
    "answers": pl.List(ANSWER),
}
"""`locations.parquet`: one row per relay unit. Client addresses are never written here."""

FINDING: Schema = {
    "finding_id": pl.String,
    "rule_id": pl.String,
    "rule_version": pl.String,
    "rule_status": pl.String,
    "severity": pl.String,
    "subject": pl.String,
    "verdict": pl.String,
    "reasons": pl.List(pl.String),
    "waiver_id": pl.String,
    "call_id": pl.String,
    "session_id": pl.String,
    "account_id": pl.String,
    "home_region": pl.String,
    "participant_id": pl.String,
    "participant_countries": CODES,
    "role": pl.String,
    "relay_ip": pl.String,
    "relay_name": pl.String,
    "relay_site": pl.String,
    "relay_country_declared": pl.String,
    "relay_countries": CODES,
    "relay_network": pl.String,
    "client_ip": pl.String,
    "participant_country_declared": pl.String,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "time_basis": pl.String,
    "bytes": pl.Int64,
    "use_proved": pl.Boolean,
    "tier": pl.String,
    "attempt": pl.Int32,
    "failed_primaries": pl.Int32,
    "selection_reason": pl.String,
    "list_entries": pl.List(pl.String),
    "incident_id": pl.String,
    "place": pl.String,
    "place_kind": pl.String,
    "source_file": pl.String,
    "record": pl.Int64,
    "part": pl.Int32,
    "byte_offset": pl.Int64,
}
"""`findings.parquet`: sorted by rule_id, started_at, call_id, finding_id. Null codes are *unknown*.

`subject` is a Subject; a finding of a whole call has the record and the start of its first connection in
scope, and neither role nor relay nor participant.

`place` is that by which incidents gather: the relay's site, else its name, else its network.

`list_entries` names the entries of relay lists, as `file:line`, that allowed the relay then: empty where none
did, null where no lists were given, or the finding is about no single relay.
"""

INCIDENT: Schema = {
    "incident_id": pl.String,
    "rule_id": pl.String,
    "rule_status": pl.String,
    "severity": pl.String,
    "place": pl.String,
    "place_kind": pl.String,
    "home_region": pl.String,
    "first_started_at": INSTANT,
    "last_started_at": INSTANT,
    "calls_proved": pl.Int64,
    "calls_possible": pl.Int64,
    "findings_proved": pl.Int64,
    "findings_possible": pl.Int64,
    "connections_proved": pl.Int64,
    "connections_possible": pl.Int64,
    "participants_possible": pl.Int64,
    "accounts_possible": pl.Int64,
    "minutes_proved": pl.Float64,
    "minutes_possible": pl.Float64,
    "relays": pl.List(pl.String),
    "relay_countries": CODES,
    "roles": pl.List(pl.String),
    "tiers": pl.List(pl.String),
    "reasons": pl.List(pl.String),
    "list_entries": pl.List(LIST_ENTRY),
    "findings_on_no_list": pl.Int64,
    "same_connections_as": pl.List(pl.String),
}
"""`incidents.parquet`, in the order of the report: proved first, then severity, then possible calls.

Findings of whole calls are no connections, and tell of no participants: with any of them
`participants_possible` is null.

`place_kind` is `site`, `name`, `network` or `none`; `tiers` holds `not logged` for a null tier;
`relay_countries` is the union over the findings, null if one of them is unknown; `same_connections_as`
names the incidents of other rules that rest on the same connections.

`list_entries` are those of its findings, and `findings_on_no_list` counts the findings that no entry allowed;
both are null where no lists were given.
"""

EXHIBIT: Schema = {
    "exhibit": pl.Int64,
    "finding_id": pl.String,
    "source_file": pl.String,
    "record": pl.Int64,
    "byte_offset": pl.Int64,
    "excerpt": pl.String,
    "sha256": pl.String,
}
"""`exhibits.parquet`: the records behind the report's exhibits, verbatim. `sha256` is of the raw record."""


def cast_to(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Select and cast the columns of `schema`; a missing one becomes null; any other is left out."""
    return frame.select(
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )
