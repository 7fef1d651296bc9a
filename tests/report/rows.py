"""Rows of a run's tables, made by hand: each with what most tests want, and changed by name."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from auditor.evidence.manifest import ExceptionApplied, RuleApplied, WindowApplied
from auditor.evidence.summary import WaiverResult
from auditor.model import ANSWER, FINDING, LIST_ENTRY, LOCATION

Row = dict[str, Any]

OF_ONE = (
    "role", "relay_ip", "relay_site", "relay_countries", "relay_network", "client_ip", "tier", "attempt",
    "failed_primaries", "participant_id", "participant_countries", "ended_at", "bytes", "use_proved",
)  # fmt: skip
"""What a finding about a whole call does not have."""

CLOCK = datetime(2020, 4, 27, 6, 0, 4, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sha(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def ident(letter: str, text: object) -> str:
    code = hashlib.sha256(str(text).encode()).hexdigest().upper()
    return f"{letter}-{code[:4]}-{code[4:8]}-{code[8:12]}-{code[12]}"


def finding(number: int, rule_id: str = "cn-exclusion", /, **values: Any) -> Row:  # noqa: ANN401  any column
    row: Row = dict.fromkeys(FINDING)
    row |= {
        "finding_id": ident("F", (number, rule_id)),
        "rule_id": rule_id,
        "rule_version": "1.0.0",
        "severity": "critical" if rule_id.startswith("cn-") else "high",
        "subject": "connection",
        "verdict": "violation",
        "reasons": ["single_source"],
        "call_id": f"call-{number}",
        "account_id": f"account-{number % 7}",
        "home_region": "US",
        "participant_id": f"participant-{number}",
        "participant_countries": ["US"],
        "role": "media",
        "relay_ip": "203.0.113.9",
        "relay_site": "TJ-1",
        "relay_countries": ["CN"],
        "relay_network": "203.0.113.0/24",
        "client_ip": "2001:db8::1",
        "started_at": at("2020-04-02T14:03:12"),
        "ended_at": at("2020-04-02T14:33:12"),
        "time_basis": "connection",
        "bytes": 2_500_000,
        "use_proved": True,
        "tier": "fallback",
        "attempt": 4,
        "failed_primaries": 3,
        "source_file": "logs/2020-04.csv",
        "record": number,
        "part": 0,
        "byte_offset": number * 120,
    }
    return row | values


def whole_call(number: int, rule_id: str, /, **values: Any) -> Row:  # noqa: ANN401  any column
    row = finding(number, rule_id, finding_id=ident("F", (number, rule_id, "call")), subject="call")
    return row | dict.fromkeys(OF_ONE) | {"reasons": ["none_inside"]} | values


def location(**values: object) -> Row:
    row: Row = dict.fromkeys(LOCATION)
    row |= {
        "address": "203.0.113.9",
        "as_written": ["203.0.113.9"],
        "site": "TJ-1",
        "role": "media",
        "kind": "documentation",
        "candidates": ["CN"],
        "key": "CN",
        "reasons": ["agreed"],
        "hints": [],
        "network": "203.0.113.0/24",
        "connections": 12,
        "answers": [
            answer(1, "inventory.csv, line 3", "CN", "203.0.113.0/28", "2020-03-24"),
            answer(4, "GeoIP2-Country", "CN", "203.0.113.0/24", "2020-04-07"),
        ],
    }
    return row | values


def answer(
    level: int | None,
    source: str,
    country: str | None,
    prefix: str | None,
    day: str | None,
    /,
    **values: object,
) -> Row:
    row: Row = dict.fromkeys(field.name for field in ANSWER.fields)
    row |= {
        "level": level,
        "source": source,
        "country": country,
        "prefix": prefix,
        "date": at(day) if day else None,
        "sha256": sha(source),
        "counted": True,
    }
    return row | values


def aside(answered: Row, why_not: str) -> Row:
    return answered | {"counted": False, "why_not": why_not}


def list_entry(place: str, **values: object) -> Row:
    row: Row = dict.fromkeys(field.name for field in LIST_ENTRY.fields)
    row |= {"entry": place, "home_region": "US", "tier": "fallback", "relay": "TJ-1"}
    row |= {"from": at("2020-03-24"), "until": at("2020-04-06")}
    return row | values


def rule(rule_id: str = "cn-exclusion", **values: object) -> RuleApplied:
    never = rule_id.startswith("cn-")
    facts: dict[str, Any] = {
        "rule_id": rule_id,
        "version": "1.0.0",
        "title": "China serves nobody outside it" if never else "Calls stay in their home region",
        "statement": "No relay in mainland China serves a participant elsewhere."
        if never
        else "Relays of an account stay in the region that was promised to it.",
        "authority": [{"kind": "promise", "cite": "Public statement of 3 April 2020"}],
        "severity": "critical" if never else "high",
        "effect": "never" if never else "fence",
        "in_force_from": at("2020-01-01"),
        "in_force_until": None,
        "in_words": [
            "Applies to media, signaling and keys of participants outside CN.",
            "Excludes the countries CN, always.",
        ]
        if never
        else ["Applies to accounts of the home region.", "Allows the countries of that region."],
        "file": f"rules/{rule_id}.yaml",
        "sha256": sha(rule_id),
        "cases": 12,
        "never_title": "Mainland China" if never else None,
    }
    return RuleApplied(**(facts | values))


def waiver(waiver_id: str, state: str = "used", **values: object) -> WaiverResult:
    facts: dict[str, Any] = {
        "waiver_id": waiver_id,
        "rule_id": "us-home-fence",
        "state": state,
        "fits": 3,
        "max_findings": 40,
        "expiring": False,
        "issued": at("2020-04-20"),
        "expires": at("2020-07-20"),
        "reason": "The customer agreed to it in writing",
        "ticket": f"LEG-{waiver_id}",
        "requested_by": "Jo Roe",
        "approved_by": "Max Doe",
    }
    return WaiverResult(**(facts | values))


def exception(exception_id: str = "congestion", **values: object) -> ExceptionApplied:
    facts: dict[str, Any] = {
        "exception_id": exception_id,
        "why": "Calls go on when primaries are full.",
        "allow": ["BR"],
        "roles": None,
        "tier": None,
        "attempt_min": None,
        "failed_primaries_min": None,
        "selection_reason": None,
        "in_window": None,
        "connections_per_call": None,
        "minutes_per_call": None,
        "share_of_calls": None,
        "overflow": "excess",
    }
    return ExceptionApplied(**(facts | values))


def window(window_id: str = "eu-1", **values: object) -> WindowApplied:
    facts: dict[str, Any] = {
        "id": window_id,
        "regions": ["EU"],
        "from_": at("2020-04-02T10:00:00"),
        "until": at("2020-04-02T12:00:00"),
        "evidence": "incident 7.",
        "declared_by": "noc",
        "declared_at": at("2020-04-02T13:00:00"),
        "late": False,
    }
    return WindowApplied(**(facts | values))


def reject(number: int, **values: object) -> Row:
    row = {
        "source_file": "logs/2020-04.csv",
        "record": number,
        "byte_offset": number * 120,
        "reason": "missing",
        "column": "started_at",
        "excerpt": "x,,y",
    }
    return row | values
