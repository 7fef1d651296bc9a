"""The planted truth, counted from what was planted and not from what was written."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .evidence import ANONYMISED, CONTESTED, DOUBTED, STALE
from .handed import LISTS, handed
from .judging import Judged, Log, judged_in, read_in
from .rules import RULES, Rule
from .values import Connection
from .waivers import WAIVERS, Waiver

VERDICTS = ("violation", "indeterminate", "excused", "compliant", "not_applicable")
FOUND = VERDICTS[:2]
LISTED = VERDICTS[:3]


def truth_of(logs: Sequence[Log]) -> dict[str, Any]:
    """State all that an audit of these logs has to find."""
    judged = judged_in(logs)
    files = {log.name: _file(log) for log in logs}
    return {
        "schema": "auditor/sample-truth@1",
        "label": "synthetic: invented by the generator, evidence of nothing",
        "settings": {"documentation_is_public": True, "max_age_days": 35},
        "totals": _totals(files.values(), judged),
        "files": files,
        "rules": {rule.id: _rule(rule, judged) for rule in RULES},
        "overall": _measures(judged, [rule.id for rule in RULES if not rule.watch]),
        "uncovered": sum(_uncovered(one) for one in judged),
        "uses": {rule.id: _uses(rule, judged) for rule in RULES if rule.leave},
        "waivers": {waiver.id: _waived(waiver, judged) for waiver in WAIVERS},
        "listed": _listed(judged),
        "places": {word: _doubted(word, judged) for word in (CONTESTED, STALE, DOUBTED)},
        "anonymised": _records(one for one in judged if ANONYMISED in one.connection.participant_words),
        "planted": dict(sorted(Counter(one.connection.story for one in judged).items())),
    }


def _listed(judged: Iterable[Judged]) -> dict[str, dict[str, list[int]]]:
    """List under each entry of the relay lists, as `file:line`, the findings whose relay it allowed."""
    found = [
        one for one in judged if any(one.verdicts[rule.id] in LISTED for rule in RULES if not rule.watch)
    ]
    allowed = {
        f"{LISTS}:{entry.line}": _records(one for one in found if entry.allows(one.connection))
        for entry in handed()
    }
    return {entry: records for entry, records in allowed.items() if records}


def _doubted(word: str, judged: Iterable[Judged]) -> dict[str, int]:
    """Count the connections of each relay whose place is in doubt for this reason."""
    relays = [
        f"{relay.ip or relay.site}"
        for relay, at in ((one.connection.relay, one.connection.facts.started_at) for one in judged)
        if word in relay.words_at(at)
    ]
    return dict(sorted(Counter(relays).items()))


def _uses(rule: Rule, judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """List the possible uses of a rule's exception."""
    return [
        {
            "log": one.log,
            "record": one.record,
            "verdict": one.verdicts[rule.id],
            "words": list(one.words[rule.id]),
        }
        for one in judged
        if rule.id in one.words
    ]


def _waived(waiver: Waiver, judged: Iterable[Judged]) -> dict[str, Any]:
    fitting = [one for one in judged if one.verdicts[waiver.rule] in FOUND and waiver.fits(one.connection)]
    state = waiver.state(len(fitting))
    return {
        "rule": waiver.rule,
        "state": state,
        "expiring": waiver.expiring,
        "fits": len(fitting),
        "waives": _records(fitting) if state == "used" else {},
    }


def _file(log: Log) -> dict[str, Any]:
    numbered = log.numbered()
    blank = [record for record, entry in numbered if entry.connection is None]
    rejects = [(record, entry.reject) for record, entry in numbered if entry.reject]
    connections = len(list(read_in(log)))
    others = {"header": [1] if log.header else [], "blank": blank}
    return {
        "records": len(numbered) + log.header,
        "connection_records": connections,
        "connections": connections,
        "rejects": [
            {"record": record, "reason": reject.reason, "column": reject.column} for record, reject in rejects
        ],
        "not_connections": [
            {"reason": reason, "count": len(records), "first_record": records[0]}
            for reason, records in others.items()
            if records
        ],
        "unread": _unread(log),
    }


def _unread(log: Log) -> list[dict[str, Any]]:
    records = defaultdict(list)
    for record, connection in read_in(log):
        for unread in connection.unread:
            records[unread.column, unread.reason].append(record)
    return [
        {"column": column, "reason": reason, "count": len(found), "first_record": found[0]}
        for (column, reason), found in sorted(records.items())
    ]


def _totals(files: Iterable[Mapping[str, Any]], judged: Sequence[Judged]) -> dict[str, Any]:
    listed = list(files)
    starts = [one.connection.facts.started_at for one in judged]
    return {
        "files": len(listed),
        "records": sum(file["records"] for file in listed),
        "connection_records": sum(file["connection_records"] for file in listed),
        "connections": len(judged),
        "rejects": sum(len(file["rejects"]) for file in listed),
        "not_connections": sum(one["count"] for file in listed for one in file["not_connections"]),
        "first_started_at": _written(min(starts)),
        "last_started_at": _written(max(starts)),
        "calls": len(_ids(judged, "call_id")),
    }


def _rule(rule: Rule, judged: Sequence[Judged]) -> dict[str, Any]:
    counts = Counter(one.verdicts[rule.id] for one in judged)
    by_verdict = {verdict: [one for one in judged if one.verdicts[rule.id] == verdict] for verdict in LISTED}
    return {
        "in_force_from": _written(rule.in_force_from),
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS},
        "measures": _measures(judged, [rule.id]),
        "proved_calls": sorted(_ids(by_verdict["violation"], "call_id")),
        "findings": {verdict: _records(found) for verdict, found in by_verdict.items()},
    }


def _records(found: Iterable[Judged]) -> dict[str, list[int]]:
    records = defaultdict(list)
    for one in found:
        records[one.log].append(one.record)
    return dict(records)


def _measures(judged: Iterable[Judged], rules: Sequence[str]) -> dict[str, Any]:
    """Count how much was affected under any of the rules, at least and at most."""
    affected = [(one, {one.verdicts[rule] for rule in rules}) for one in judged]
    possible = [one for one, verdicts in affected if verdicts & set(FOUND)]
    proved = [one for one, verdicts in affected if "violation" in verdicts]
    return {
        "proved": _amounts(proved),
        "possible": _amounts(possible),
        "without_call": _without(possible, "call_id"),
        "without_participant": _without(possible, "participant_id"),
        "without_account": _without(possible, "account_id"),
        "without_end": sum(one.connection.facts.ended_at is None for one in possible),
        "without_bytes": sum(not isinstance(one.connection.logged["bytes"], int) for one in possible),
    }


def _amounts(affected: Sequence[Judged]) -> dict[str, int]:
    sizes = [one.connection.logged["bytes"] for one in affected]
    return {
        "connections": len(affected),
        "calls": len(_ids(affected, "call_id")),
        "participants": len(_ids(affected, "participant_id")),
        "accounts": len(_ids(affected, "account_id")),
        "seconds": sum(_seconds(one.connection) for one in affected),
        "bytes": sum(size for size in sizes if isinstance(size, int)),
    }


def _ids(judged: Iterable[Judged], column: str) -> set[str]:
    return {str(one.connection.logged[column]) for one in judged if one.connection.logged[column]}


def _without(judged: Iterable[Judged], column: str) -> int:
    return sum(one.connection.logged[column] is None for one in judged)


def _seconds(connection: Connection) -> int:
    facts = connection.facts
    return int((facts.ended_at - facts.started_at).total_seconds()) if facts.ended_at else 0


def _uncovered(one: Judged) -> bool:
    return all(one.verdicts[rule.id] == "not_applicable" for rule in RULES if not rule.watch)


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
