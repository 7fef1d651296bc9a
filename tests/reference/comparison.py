"""Where the product and the reference disagree, in sentences."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tests.reference.clauses import AS_OF
from tests.reference.countries import ALL
from tests.reference.facts import FINDING_VERDICTS, WORST_FIRST
from tests.reference.reference import Judged, Measures, Result
from tests.reference.waiving import Found, overlay

BOUNDED = ("connections", "calls", "participants", "accounts", "minutes", "bytes")
WITHOUT = ("without_call", "without_participant", "without_account", "without_end", "without_bytes")
Origin = tuple[str, int]
"""A log's format, and the number of the record in it."""

MILLI_MINUTE = 0.001
"""Minutes are printed to thousandths; ours are exact."""


def disagreements(
    result: Result, findings: pl.DataFrame, summary: Mapping[str, Any], origins: Sequence[Origin]
) -> list[str]:
    """List everything in which `findings.parquet` and `summary.json` differ from the reference.

    `origins` are the records behind `result.judged`, in order.
    """
    judged = list(zip(origins, result.judged, strict=True))
    return [
        *differing("totals.connections", len(result.judged), summary["totals"]["connections"]),
        *differing("uncovered", result.uncovered, summary["uncovered"]),
        *differing("idle", sorted(result.idle), sorted(summary["idle"])),
        *_measures_differ("overall", result.proved, result.possible, summary["overall"]),
        *_rules_differ(result, {rule["rule_id"]: rule for rule in summary["rules"]}),
        *_findings_differ(result, findings, origins),
        *_call_findings_differ(result, findings, {row.connection["log"]: log for (log, _), row in judged}),
        *_waivers_differ(result, findings),
        *_exit_differs(result, findings, summary["exit_code"]),
    ]


def differing(what: str, expected: object, found: object) -> Iterator[str]:
    """Say that two values are not the same."""
    if expected != found:
        yield f"{what}: the reference says {expected!r}, the product {found!r}"


def _rules_differ(result: Result, rules: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from differing("rules", sorted(result.rules), sorted(rules))
    for rule_id, expected in result.rules.items():
        found = rules[rule_id]
        verdicts = {verdict: found["verdicts"].get(verdict, 0) for verdict in WORST_FIRST}
        yield from differing(f"{rule_id}: verdicts", expected.verdicts, verdicts)
        yield from differing(f"{rule_id}: calls_audited", expected.calls_audited, found["calls_audited"])
        yield from differing(f"{rule_id}: idle", expected.idle, found["idle"])
        yield from differing(f"{rule_id}: findings", findings_of(result, rule_id), found["findings"])
        yield from _measures_differ(rule_id, expected.proved, expected.possible, found["measures"])


def _measures_differ(
    what: str, proved: Measures, possible: Measures, found: Mapping[str, Any]
) -> Iterator[str]:
    for name in BOUNDED:
        for side, measures in (("proved", proved), ("possible", possible)):
            expected, said = getattr(measures, name), found[name][side]
            if abs(float(expected) - said) > MILLI_MINUTE if name == "minutes" else expected != said:
                yield f"{what}: {name} {side}: the reference says {expected}, the product {said}"
    for name in WITHOUT:
        yield from differing(f"{what}: {name}", getattr(possible, name), found[name])


def _findings_differ(result: Result, findings: pl.DataFrame, origins: Sequence[Origin]) -> Iterator[str]:
    of_connections = findings.filter(pl.col("subject") == "connection")
    judged = dict(zip(origins, result.judged, strict=True))
    expected = {
        (origin, 1, rule_id): finding_of(row, rule_id, participant_asked=result.participant_asked)
        for origin, row in judged.items()
        for rule_id in row.opinions
        if is_finding(result, row, rule_id)
    }
    found = {
        (origin_of(row), row["part"], row["rule_id"]): {
            "verdict": row["verdict"],
            "relay": spelled(row["relay_countries"]),
            "participant": spelled(row["participant_countries"]),
            "home_region": row["home_region"],
            "late_declared": "late_declared" in row["reasons"],
            "allowed_by": lines_of(row["list_entries"]),
        }
        for row in of_connections.iter_rows(named=True)
    }
    yield from differing("findings, rows", len(found), of_connections.height)
    for key in sorted(expected.keys() | found.keys()):
        yield from differing(f"finding {key}", expected.get(key), found.get(key))
    for row in of_connections.iter_rows(named=True):
        one = judged.get(origin_of(row))
        if one and one.opinions[row["rule_id"]].spans_change and "spans_change" not in row["reasons"]:
            yield f"finding {origin_of(row)}, {row['rule_id']}: a later instant decided, and it is not marked"


def _call_findings_differ(result: Result, findings: pl.DataFrame, logs: Mapping[str, str]) -> Iterator[str]:
    """Compare the findings that are about whole calls, or about a log; `logs` are formats by digest."""
    expected = Counter(
        (rule_id, logs.get(subject, subject), opinion.verdict, frozenset(opinion.reasons))
        for rule_id, calls in result.calls.items()
        for (_, subject), opinion in calls.items()
    )
    found = Counter(
        (
            row["rule_id"],
            row["source_file"].rpartition(".")[2] if row["call_id"] is None else row["call_id"],
            row["verdict"],
            frozenset(word for word in row["reasons"] if word.startswith("not_observed:")),
        )
        for row in findings.filter(pl.col("subject") != "connection").iter_rows(named=True)
    )
    yield from differing("findings of calls", expected - found, found - expected)


def _waivers_differ(result: Result, findings: pl.DataFrame) -> Iterator[str]:
    """Lay the waivers over the findings of the product, which are compared elsewhere."""
    columns = [
        findings[column]
        for column in ("rule_id", "verdict", "started_at", "call_id", "account_id", "relay_ip", "role")
    ]
    decided = overlay(result.waivers, [Found(*row) for row in zip(*columns, strict=True)], AS_OF)
    yield from differing("waiver ids", list(decided.waived_by), findings["waiver_id"].to_list())


def findings_of(result: Result, rule_id: str) -> int:
    """Count the findings of a rule: of connections, and of calls."""
    return sum(is_finding(result, row, rule_id) for row in result.judged) + len(result.calls[rule_id])


def is_finding(result: Result, row: Judged, rule_id: str) -> bool:
    """Tell whether a connection is a finding: where a call is judged, only one that has no call."""
    if rule_id in result.watches or (rule_id in result.requires and row.connection["call_id"] is not None):
        return False
    return row.verdict(rule_id) in FINDING_VERDICTS


def finding_of(row: Judged, rule_id: str, *, participant_asked: bool) -> dict[str, object]:
    """Say what a finding must say; clients are located only if a rule asks for the participant."""
    return {
        "verdict": row.verdict(rule_id),
        "relay": spelled(row.relay.candidates),
        "participant": spelled(row.participant.candidates if participant_asked else None),
        "home_region": row.connection["home_region"],
        "late_declared": row.opinions[rule_id].late_declared,
        "allowed_by": row.allowed_by,
    }


def lines_of(entries: Iterable[str] | None) -> list[int] | None:
    """Read the lines of list entries, which are written `file:line`."""
    return None if entries is None else sorted(int(entry.rpartition(":")[2]) for entry in entries)


def origin_of(row: Mapping[str, Any]) -> Origin:
    """Say which record a row of the product is about."""
    return row["source_file"].rpartition(".")[2], row["record"]


def spelled(codes: Iterable[str] | None) -> str:
    """Spell a candidate set as one text; null is unknown, and so all."""
    return "*" if codes is None or ALL.issubset(codes) else " ".join(sorted(codes))


def _exit_differs(result: Result, findings: pl.DataFrame, code: int) -> Iterator[str]:
    """Say that the exit code is one that these verdicts cannot have."""
    covered = any(not total.idle for rule, total in result.rules.items() if rule not in result.watches)
    unwaived = set(findings.filter(pl.col("waiver_id").is_null())["verdict"])
    if "violation" in unwaived:
        possible = {1}
    elif not covered:
        possible = {4}
    else:
        possible = {3, 4} if "indeterminate" in unwaived else {0, 4}
    if code not in possible:
        yield f"exit code: the reference says one of {sorted(possible)}, the product {code}"
