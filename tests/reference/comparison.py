"""Where the product and the reference disagree, in sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tests.reference.countries import ALL
from tests.reference.judging import WORST_FIRST
from tests.reference.reference import Judged, Measures, Result

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
    return [
        *differing("totals.connections", len(result.judged), summary["totals"]["connections"]),
        *differing("uncovered", result.uncovered, summary["uncovered"]),
        *differing("idle", sorted(result.idle), sorted(summary["idle"])),
        *_measures_differ("overall", result.proved, result.possible, summary["overall"]),
        *_rules_differ(result, {rule["rule_id"]: rule for rule in summary["rules"]}),
        *_findings_differ(result, findings, origins),
        *_exit_differs(result, summary["exit_code"]),
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
        listed = 0 if rule_id in result.watches else sum(expected.verdicts[word] for word in WORST_FIRST[:3])
        yield from differing(f"{rule_id}: findings", listed, found["findings"])
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
    expected = {
        (origin, 1, rule_id): finding_of(row, rule_id, participant_asked=result.participant_asked)
        for origin, row in zip(origins, result.judged, strict=True)
        for rule_id, opinion in row.opinions.items()
        if rule_id not in result.watches and opinion.verdict in WORST_FIRST[:3]
    }
    found = {
        (origin_of(row), row["part"], row["rule_id"]): {
            "verdict": row["verdict"],
            "relay": spelled(row["relay_countries"]),
            "participant": spelled(row["participant_countries"]),
            "home_region": row["home_region"],
        }
        for row in findings.iter_rows(named=True)
    }
    yield from differing("findings, rows", len(found), findings.height)
    for key in sorted(expected.keys() | found.keys()):
        yield from differing(f"finding {key}", expected.get(key), found.get(key))
    for row in findings.iter_rows(named=True):
        judged = dict(zip(origins, result.judged, strict=True)).get(origin_of(row))
        if judged and judged.opinions[row["rule_id"]].spans_change and "spans_change" not in row["reasons"]:
            yield f"finding {origin_of(row)}, {row['rule_id']}: a later instant decided, and it is not marked"


def finding_of(row: Judged, rule_id: str, *, participant_asked: bool) -> dict[str, object]:
    """Say what a finding must say; clients are located only if a rule asks for the participant."""
    return {
        "verdict": row.verdict(rule_id),
        "relay": spelled(row.relay.candidates),
        "participant": spelled(row.participant.candidates if participant_asked else None),
        "home_region": row.connection["home_region"],
    }


def origin_of(row: Mapping[str, Any]) -> Origin:
    """Say which record a row of the product is about."""
    return row["source_file"].rpartition(".")[2], row["record"]


def spelled(codes: Iterable[str] | None) -> str:
    """Spell a candidate set as one text; null is unknown, and so all."""
    return "*" if codes is None or ALL.issubset(codes) else " ".join(sorted(codes))


def _exit_differs(result: Result, code: int) -> Iterator[str]:
    """Say that the exit code is one that these verdicts cannot have."""
    covered = any(not total.idle for rule, total in result.rules.items() if rule not in result.watches)
    if result.proved.connections:
        possible = {1}
    elif not covered:
        possible = {4}
    else:
        possible = {3, 4} if result.possible.connections else {0, 4}
    if code not in possible:
        yield f"exit code: the reference says one of {sorted(possible)}, the product {code}"
