"""Counts and incidents of hand-made findings, in plain Python: what the report's sums are held against."""

from collections.abc import Iterable
from typing import Any

from auditor.evidence.summary import Bounds, Measures, Minutes
from tests.report.rows import Row, ident, list_entry

_SEVERITIES = ("critical", "high", "medium", "low")


def _seconds(row: Row) -> float:
    return float((row["ended_at"] - row["started_at"]).total_seconds()) if row["ended_at"] else 0


def measures_of(findings: Iterable[Row]) -> Measures:
    worst: dict[object, Row] = {}
    affected = [row for row in findings if row["verdict"] != "excused"]
    for row in sorted(affected, key=lambda each: each["verdict"] == "violation"):
        if row["subject"] == "connection":
            worst[row["source_file"], row["record"], row["part"]] = row
    possible = list(worst.values())
    proved = [row for row in possible if row["verdict"] == "violation"]

    def distinct(column: str) -> Bounds:
        violating = [row for row in affected if row["verdict"] == "violation"]
        low, high = ({row[column] for row in rows} - {None} for rows in (violating, affected))
        return Bounds(proved=len(low), possible=len(high))

    def minutes(rows: list[Row]) -> float:
        return sum(map(_seconds, rows)) / 60

    def without(column: str) -> int:
        return sum(row[column] is None for row in possible)

    return Measures(
        connections=Bounds(proved=len(proved), possible=len(possible)),
        calls=distinct("call_id"),
        participants=distinct("participant_id"),
        accounts=distinct("account_id"),
        minutes=Minutes(proved=minutes(proved), possible=minutes(possible)),
        bytes=Bounds(
            proved=sum(row["bytes"] or 0 for row in proved),
            possible=sum(row["bytes"] or 0 for row in possible),
        ),
        without_call=without("call_id"),
        without_participant=without("participant_id"),
        without_account=without("account_id"),
        without_end=without("ended_at"),
        without_bytes=without("bytes"),
    )


def with_incidents(findings: list[Row], values: dict[str, Any]) -> tuple[list[Row], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in findings:
        if row["verdict"] in {"violation", "indeterminate"}:
            groups.setdefault(
                (row["rule_id"], row["relay_site"] or row["relay_network"], row["home_region"]), []
            ).append(row)
    names = {key: ident("I", key) for key in groups}
    places: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for key in groups:
        places.setdefault(key[1:], []).append(key)
    incidents = [
        _incident(names[key], rows, [names[other] for other in places[key[1:]] if other != key]) | values
        for key, rows in groups.items()
    ]
    incidents.sort(
        key=lambda row: (
            not row["calls_proved"],
            _SEVERITIES.index(row["severity"]),
            -row["calls_possible"],
            row["incident_id"],
        )
    )
    named = {row["finding_id"]: names[key] for key, rows in groups.items() for row in rows}
    marked = [row | {"incident_id": named.get(row["finding_id"])} for row in findings]
    marked.sort(key=lambda row: (row["rule_id"], row["started_at"], row["call_id"] or "", row["finding_id"]))
    return marked, incidents


def _incident(name: str, rows: list[Row], same: list[str]) -> Row:
    measures = measures_of(rows)
    first = rows[0]
    kind = next((kind for kind in ("site", "network") if first[f"relay_{kind}"]), "none")
    single = [row for row in rows if row["subject"] == "connection"]
    codes = [row["relay_countries"] for row in single]
    return {
        "incident_id": name,
        "rule_id": first["rule_id"],
        "severity": first["severity"],
        "place": first.get(f"relay_{kind}"),
        "place_kind": kind,
        "home_region": first["home_region"],
        "first_started_at": min(row["started_at"] for row in rows),
        "last_started_at": max(row["started_at"] for row in rows),
        "calls_proved": measures.calls.proved,
        "calls_possible": measures.calls.possible,
        "findings_proved": sum(row["verdict"] == "violation" for row in rows),
        "findings_possible": len(rows),
        "connections_proved": measures.connections.proved,
        "connections_possible": measures.connections.possible,
        "participants_possible": measures.participants.possible,
        "accounts_possible": measures.accounts.possible,
        "minutes_proved": measures.minutes.proved,
        "minutes_possible": measures.minutes.possible,
        "relays": sorted({row["relay_ip"] or "" for row in single}),
        "relay_countries": None if None in codes else sorted({code for each in codes for code in each}),
        "roles": sorted({row["role"] for row in single}),
        "tiers": sorted({row["tier"] or "not logged" for row in single}),
        "reasons": sorted({reason for row in rows for reason in row["reasons"]}),
        "list_entries": _entries(rows),
        "findings_on_no_list": _on_no_list(rows),
        "same_connections_as": same,
    }


def _entries(rows: list[Row]) -> list[Row] | None:
    given = [row["list_entries"] for row in rows if row["list_entries"] is not None]
    return (
        [list_entry(place) for place in sorted({place for each in given for place in each})]
        if given
        else None
    )


def _on_no_list(rows: list[Row]) -> int | None:
    given = [row["list_entries"] for row in rows if row["list_entries"] is not None]
    return sum(not each for each in given) if given else None
