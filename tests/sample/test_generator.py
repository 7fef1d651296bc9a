import csv
import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sample_logs.generator.rules import RULES
from sample_logs.generator.truth import VERDICTS

FILES = (
    "accounts.csv",
    "inventory.csv",
    "ledger/chain.jsonl",
    "ledger/locations-2020-03-28T060000.000000Z.parquet",
    "relay-lists.csv",
    "sample-anonymous-ip.mmdb",
    "sample-country.mmdb",
    "sample-country_20200303.mmdb",
    "sample-geofeed_2020-04-01.csv",
    "sample-ip-ranges.json",
    "sample-isp.mmdb",
    "sample-vendor.mmdb",
    "spring-2020.csv",
    "spring-2020.ndjson",
    "spring-2020.parquet",
    "truth.json",
)
LOGS = ("spring-2020.csv", "spring-2020.ndjson", "spring-2020.parquet")
RULE_IDS = tuple(rule.id for rule in RULES)
NOT_YET = "eu-fence-fallback"
NEVER_PUBLIC = [
    *map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20")),
    *map(ip_network, ("10.0.0.0/8", "192.168.0.0/16", "192.88.99.0/24", "::ffff:192.0.2.0/120")),
]
MAX_SIZE = 4_000_000


@pytest.mark.parametrize("name", FILES)
def test_the_generator_writes_the_bundled_bytes(generated: Path, bundled: Path, name: str) -> None:
    assert (generated / name).read_bytes() == (bundled / name).read_bytes()


def test_the_generator_writes_nothing_else(generated: Path) -> None:
    written = (path.relative_to(generated) for path in generated.rglob("*") if path.is_file())
    assert sorted(map(str, written)) == sorted(FILES)


def test_the_sample_stays_small(bundled: Path) -> None:
    assert sum((bundled / name).stat().st_size for name in FILES) < MAX_SIZE


def test_the_records_of_each_file_add_up(truth: dict[str, Any]) -> None:
    for name in LOGS:
        file = truth["files"][name]
        apart = len(file["rejects"]) + sum(one["count"] for one in file["not_connections"])
        assert file["records"] == file["connection_records"] + apart, name


def test_the_files_add_up_to_the_totals(truth: dict[str, Any]) -> None:
    files = [truth["files"][name] for name in LOGS]
    for count in ("records", "connection_records", "connections"):
        assert truth["totals"][count] == sum(file[count] for file in files)
    assert truth["totals"]["rejects"] == sum(len(file["rejects"]) for file in files)


@pytest.mark.parametrize("rule", RULE_IDS)
def test_every_connection_has_one_verdict_of_each_rule(truth: dict[str, Any], rule: str) -> None:
    verdicts = truth["rules"][rule]["verdicts"]
    assert tuple(verdicts) == VERDICTS
    assert sum(verdicts.values()) == truth["totals"]["connections"]


@pytest.mark.parametrize("rule", [rule for rule in RULE_IDS if rule != NOT_YET])
def test_every_rule_in_force_has_something_to_say(truth: dict[str, Any], rule: str) -> None:
    verdicts = truth["rules"][rule]["verdicts"]
    assert all(verdicts[verdict] > 0 for verdict in ("violation", "indeterminate", "compliant"))


def test_a_rule_that_begins_after_the_sample_says_nothing(truth: dict[str, Any]) -> None:
    rule = truth["rules"][NOT_YET]
    assert rule["in_force_from"] > truth["totals"]["last_started_at"]
    assert rule["verdicts"]["not_applicable"] == truth["totals"]["connections"]


def test_uses_of_the_exception_stand_in_every_way_to_its_limits(truth: dict[str, Any]) -> None:
    uses = truth["uses"]["eu-fence-2020"]
    alone = {tuple(use["words"]) for use in uses}
    assert {
        ("exception:congestion",),
        ("exception:congestion", "late_declared"),
        ("exception:congestion", "over_limit:congestion:connections_per_call"),
        ("exception:congestion", "over_limit:congestion:minutes_per_call"),
        ("exception:congestion", "over_limit:congestion:share_of_calls"),
        ("exception:congestion", "limit_open:congestion:connections_per_call"),
        ("exception:congestion", "limit_open:congestion:minutes_per_call"),
        ("account_unknown", "exception:congestion"),
        ("call_unknown", "exception:congestion"),
    } <= alone
    assert {use["verdict"] for use in uses} == {"excused", "violation", "indeterminate"}


def test_the_excused_connections_are_uses(truth: dict[str, Any]) -> None:
    excused = truth["rules"]["eu-fence-2020"]["findings"]["excused"]
    uses = [use for use in truth["uses"]["eu-fence-2020"] if use["verdict"] == "excused"]
    assert {(log, record) for log, records in excused.items() for record in records} == {
        (use["log"], use["record"]) for use in uses
    }


def test_a_waiver_of_each_kind_is_planted(truth: dict[str, Any]) -> None:
    states = [(waiver["state"], waiver["expiring"]) for waiver in truth["waivers"].values()]
    assert sorted(states) == [
        ("expired_but_matching", False),
        ("unused", False),
        ("used", False),
        ("used", True),
        ("void", False),
    ]


def test_what_a_waiver_waives_stays_among_the_findings(truth: dict[str, Any]) -> None:
    for waiver in truth["waivers"].values():
        findings = truth["rules"][waiver["rule"]]["findings"]
        for log, records in waiver["waives"].items():
            found = {*findings["violation"].get(log, []), *findings["indeterminate"].get(log, [])}
            assert found.issuperset(records)


@pytest.mark.parametrize("rule", RULE_IDS)
def test_the_listed_findings_are_those_that_were_counted(truth: dict[str, Any], rule: str) -> None:
    one = truth["rules"][rule]
    for verdict, records in one["findings"].items():
        assert sum(map(len, records.values())) == one["verdicts"][verdict]
    proved, possible = one["measures"]["proved"], one["measures"]["possible"]
    assert proved["connections"] == one["verdicts"]["violation"]
    assert possible["connections"] == one["verdicts"]["violation"] + one["verdicts"]["indeterminate"]
    assert proved["calls"] == len(one["proved_calls"])
    assert all(proved[amount] <= possible[amount] for amount in proved)


def test_no_finding_is_a_record_that_cannot_be_read(truth: dict[str, Any]) -> None:
    for name in LOGS:
        rejected = {reject["record"] for reject in truth["files"][name]["rejects"]}
        for rule in truth["rules"].values():
            for records in rule["findings"].values():
                assert not rejected.intersection(records.get(name, []))


def test_the_files_hold_as_many_records_as_the_truth_says(bundled: Path, truth: dict[str, Any]) -> None:
    ndjson = [line for line in (bundled / "spring-2020.ndjson").read_bytes().split(b"\n") if line]
    assert truth["files"]["spring-2020.ndjson"]["records"] == len(ndjson)
    rows = pl.read_parquet(bundled / "spring-2020.parquet").height
    assert truth["files"]["spring-2020.parquet"]["records"] == rows
    lines = (bundled / "spring-2020.csv").read_bytes().count(b"\n")
    broken_lines = truth["planted"]["quoted line break"] - _line_breaks_elsewhere(bundled)
    assert truth["files"]["spring-2020.csv"]["records"] == lines - broken_lines


def _line_breaks_elsewhere(bundled: Path) -> int:
    reasons = pl.read_parquet(bundled / "spring-2020.parquet")["selection_reason"].drop_nulls()
    ndjson = (bundled / "spring-2020.ndjson").read_text(encoding="utf-8", errors="replace")
    return len(reasons.filter(reasons.str.contains("\n"))) + ndjson.count("chosen by hand:\\n")


def test_planted_records_stand_where_the_truth_says(bundled: Path, truth: dict[str, Any]) -> None:
    lines = [line for line in (bundled / "spring-2020.ndjson").read_bytes().split(b"\n") if line]
    rejects = {reject["record"]: reject for reject in truth["files"]["spring-2020.ndjson"]["rejects"]}
    malformed = {record for record, line in enumerate(lines, start=1) if not _is_object(line)}
    assert malformed == {
        record for record, reject in rejects.items() if reject["reason"] in ("malformed", "truncated")
    }
    assert rejects[len(lines)]["reason"] == "truncated"
    started = {
        record: json.loads(lines[record - 1]).get("started_at") for record in rejects.keys() - malformed
    }
    assert {rejects[record]["reason"] for record, start in started.items() if start is None} == {"missing"}


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode()), dict)
    except ValueError:
        return False


def test_no_call_is_in_two_logs(bundled: Path) -> None:
    csv_calls = {row["call_id"] for row in _csv_rows(bundled)}
    parquet_calls = set(pl.read_parquet(bundled / "spring-2020.parquet")["call_id"].drop_nulls())
    text = (bundled / "spring-2020.ndjson").read_text(encoding="utf-8", errors="replace")
    assert not csv_calls & parquet_calls
    assert not any(call in text for call in (csv_calls | parquet_calls) - {""})


def test_no_address_of_the_sample_is_anybodys(bundled: Path) -> None:
    texts = {row[column] for row in _csv_rows(bundled) for column in ("relay_ip", "client_ip")}
    addresses = [address for address in map(_address, texts) if address]
    assert len(addresses) > 1_000
    assert [one for one in addresses if not any(one in network for network in NEVER_PUBLIC)] == []


def _address(text: str) -> Any:  # noqa: ANN401  an address of either family
    try:
        return ip_address(text)
    except ValueError:
        return None


def _csv_rows(bundled: Path) -> list[dict[str, str]]:
    text = (bundled / "spring-2020.csv").read_text(encoding="utf-8", errors="replace")
    rows = csv.DictReader(text.splitlines(keepends=True), restval="")
    return [row for row in rows if row["call_id"].startswith("c-")]
