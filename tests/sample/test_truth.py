"""The audit of the bundled sample says exactly what was planted in it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from auditor.cli.main import app
from auditor.ruleset.loader import load_documented
from auditor.ruleset.mutants.examination import examine
from sample_logs.generator.regions import CHINESE_FALLBACK
from sample_logs.generator.waivers import CLOCK

Truth = dict[str, Any]

MIDWAY = datetime(2020, 3, 20, 12, tzinfo=UTC)
"""Right between the two editions: here the older one still speaks."""

COUNTED = {"exception", "over_limit", "limit_open", "call_unknown", "account_unknown", "late_declared"}
"""What a finding says of exceptions and their limits."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "run"
    done = CliRunner().invoke(app, ["demo", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def summary(run: Path) -> Truth:
    found: Truth = json.loads((run / "summary.json").read_text())
    return found


def base(path: str) -> str:
    return path.rpartition("/")[2]


def test_every_record_is_accounted_for(truth: Truth, summary: Truth) -> None:
    planted = {key: value for key, value in truth["totals"].items() if key != "calls"}
    assert summary["totals"] == planted
    assert summary["calls"]["in_logs"] == truth["totals"]["calls"]
    assert summary["uncovered"] == truth["uncovered"]


def test_the_rejects_are_those_planted(truth: Truth, run: Path) -> None:
    rejects = pl.read_parquet(run / "rejects.parquet")
    found = {
        (base(row["source_file"]), row["record"], row["reason"], row["column"]) for row in rejects.to_dicts()
    }
    planted = {
        (name, reject["record"], reject["reason"], reject["column"])
        for name, file in truth["files"].items()
        for reject in file["rejects"]
    }
    assert found == planted
    assert rejects.height == len(planted)


@pytest.mark.parametrize(
    ("noted", "planted", "keys"),
    [
        ("not_connections", "not_connections", ("reason", "count", "first_record")),
        ("unread_values", "unread", ("column", "reason", "count", "first_record")),
    ],
)
def test_what_is_noted_beside_connections_is_what_was_planted(
    truth: Truth, summary: Truth, noted: str, planted: str, keys: tuple[str, ...]
) -> None:
    found = {(base(row["source_file"]), *(row[key] for key in keys)) for row in summary[noted]}
    expected = {
        (name, *(row[key] for key in keys)) for name, file in truth["files"].items() for row in file[planted]
    }
    assert found == expected


def test_each_rule_gives_each_verdict_as_often_as_planted(truth: Truth, summary: Truth) -> None:
    found = {rule["rule_id"]: rule["verdicts"] for rule in summary["rules"]}
    assert found == {name: rule["verdicts"] for name, rule in truth["rules"].items()}


def test_the_bounds_are_those_planted(truth: Truth, summary: Truth) -> None:
    found = {rule["rule_id"]: rule["measures"] for rule in summary["rules"]} | {"overall": summary["overall"]}
    planted = {name: rule["measures"] for name, rule in truth["rules"].items()}
    planted["overall"] = truth["overall"].get("measures", truth["overall"])
    for name, measures in planted.items():
        assert found[name] == as_measures(measures), name


def as_measures(planted: Truth) -> Truth:
    bounds = ("proved", "possible")
    measures: Truth = {
        name: {bound: planted[bound][name] for bound in bounds}
        for name in ("connections", "calls", "participants", "accounts", "bytes")
    }
    measures["minutes"] = {bound: round(planted[bound]["seconds"] / 60, 3) for bound in bounds}
    return measures | {name: count for name, count in planted.items() if name.startswith("without_")}


def test_the_findings_are_the_records_planted(truth: Truth, run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    found = {
        (row["rule_id"], row["verdict"], base(row["source_file"]), row["record"])
        for row in findings.to_dicts()
    }
    planted = {
        (rule_id, verdict, name, record)
        for rule_id, rule in truth["rules"].items()
        if rule_id != "greater-china-watch"
        for verdict, files in rule["findings"].items()
        for name, records in files.items()
        for record in records
    }
    assert found == planted
    assert findings.height == len(planted)


def test_the_proved_calls_are_those_planted(truth: Truth, run: Path) -> None:
    proved = pl.read_parquet(run / "findings.parquet").filter(pl.col("verdict") == "violation")
    for rule_id, rule in truth["rules"].items():
        if rule_id != "greater-china-watch":
            calls = proved.filter(pl.col("rule_id") == rule_id)["call_id"].drop_nulls().unique().sort()
            assert calls.to_list() == rule["proved_calls"], rule_id


def test_a_watch_is_counted_and_is_no_finding(summary: Truth, run: Path) -> None:
    (watch,) = [rule for rule in summary["rules"] if rule["effect"] == "watch"]
    assert watch["measures"]["connections"]["proved"] > 0
    findings = pl.read_parquet(run / "findings.parquet")
    assert findings.filter(pl.col("rule_id") == watch["rule_id"]).is_empty()


def test_the_exceptions_and_limits_stand_as_planted(truth: Truth, run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    found = {
        (row["rule_id"], base(row["source_file"]), row["record"]): (row["verdict"], words)
        for row in findings.to_dicts()
        if (words := sorted(word for word in row["reasons"] if word.partition(":")[0] in COUNTED))
    }
    planted = {
        (rule_id, use["log"], use["record"]): (use["verdict"], use["words"])
        for rule_id, uses in truth["uses"].items()
        for use in uses
    }
    assert found == planted


@pytest.mark.parametrize("word", ["tier_unknown", "failed_primaries_unknown"])
def test_a_condition_that_is_not_logged_leaves_a_fallback_open(run: Path, word: str) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    open_ones = findings.filter(pl.col("reasons").list.contains(word))
    assert open_ones.select("rule_id", "verdict").rows() == [("eu-fence-2020", "indeterminate")]


def test_the_waivers_do_what_was_planted(truth: Truth, summary: Truth, run: Path) -> None:
    found = {
        waiver["waiver_id"]: (waiver["rule_id"], waiver["state"], waiver["expiring"], waiver["fits"])
        for waiver in summary["waivers"]
    }
    assert found == {
        name: (waiver["rule"], waiver["state"], waiver["expiring"], waiver["fits"])
        for name, waiver in truth["waivers"].items()
    }
    waived = pl.read_parquet(run / "findings.parquet").filter(pl.col("waiver_id").is_not_null())
    assert {
        (row["waiver_id"], row["rule_id"], base(row["source_file"]), row["record"])
        for row in waived.to_dicts()
    } == {
        (name, waiver["rule"], log, record)
        for name, waiver in truth["waivers"].items()
        for log, records in waiver["waives"].items()
        for record in records
    }


def test_the_planted_waivers_are_judged_at_the_clock_of_the_demo(summary: Truth) -> None:
    assert datetime.fromisoformat(summary["as_of"]) == CLOCK


def test_the_rule_of_a_later_year_is_idle(summary: Truth) -> None:
    assert summary["idle"] == ["eu-fence-fallback"]


def test_the_rules_of_the_sample_are_tested_like_code(bundled: Path) -> None:
    loaded = load_documented([bundled.parent / "rules", bundled / "rules"])
    (rule,) = [rule for rule in loaded.ruleset.rules if rule.id == "eu-fence-2020"]
    document = loaded.documents[loaded.ruleset.file_of(rule).path]
    done = examine(rule, loaded.ruleset, document.place, with_mutants=True)
    assert done.faults == ()
    assert (done.accepted, done.caught) == (0, done.mutants)


def test_the_findings_name_the_list_entries_planted(truth: Truth, run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    assert findings["list_entries"].null_count() == 0
    found: dict[tuple[str, int], set[str]] = {
        (base(row["source_file"]), row["record"]): {base(entry) for entry in row["list_entries"]}
        for row in findings.to_dicts()
    }
    planted: dict[tuple[str, int], set[str]] = {place: set() for place in found}
    for entry, files in truth["listed"].items():
        for place in places(files):
            planted[place].add(entry)
    assert found == planted


def places(files: dict[str, list[int]]) -> set[tuple[str, int]]:
    return {(name, record) for name, records in files.items() for record in records}


def test_no_list_allowed_the_keys_from_beijing(run: Path) -> None:
    keys = pl.read_parquet(run / "incidents.parquet").filter(
        pl.col("home_region") != "CN", pl.col("findings_proved") > 0, place="BJ-1"
    )
    assert keys.height > 10
    assert set(keys["list_entries"].list.len()) == {0}
    assert keys["findings_on_no_list"].to_list() == keys["findings_possible"].to_list()


def test_an_incident_of_the_mistake_names_the_entry_and_since_when(run: Path) -> None:
    incidents = pl.read_parquet(run / "incidents.parquet")
    entries = (
        incidents.filter(home_region="EU", place="SZ-1")
        .explode("list_entries", empty_as_null=True)["list_entries"]
        .drop_nulls()
        .struct.unnest()
        .unique()
    )
    assert entries.select("relay", "tier", "from", "until").rows() == [
        ("203.0.113.96/28 SZ-1", "fallback", *CHINESE_FALLBACK)
    ]


def test_some_excused_fallbacks_were_on_a_list_and_some_violations_on_none(run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet").with_columns(
        listed=pl.col("list_entries").list.len()
    )
    excused = findings.filter(verdict="excused")
    assert excused["listed"].min() == 1
    home = findings.filter(rule_id="us-home-fence", verdict="violation", tier="fallback")
    assert set(home.filter(pl.col("relay_site").is_in(["TOR-1", "VAN-1", "AMS-1"]))["listed"]) == {0}
    assert set(home.filter(relay_site="TJ-1")["listed"]) == {1}


@pytest.mark.parametrize("word", ["contested", "stale_location", "geofeed"])
def test_the_doubts_about_places_are_those_planted(truth: Truth, run: Path, word: str) -> None:
    locations = pl.read_parquet(run / "locations.parquet").filter(pl.col("reasons").list.contains(word))
    found = locations.group_by("address").agg(pl.col("connections").sum())
    assert dict(found.iter_rows()) == truth["places"][word]
    assert found.height > 0


def test_a_relay_that_moved_is_judged_by_the_nearer_edition(run: Path) -> None:
    locations = pl.read_parquet(run / "locations.parquet").filter(site="MAD-1")
    before = locations.filter(pl.col("period_from") <= MIDWAY)
    after = locations.filter(pl.col("period_from") > MIDWAY)
    assert (set(before["key"]), set(after["key"])) == ({"ES"}, {"US"})
    assert before["period_until"].max() == after["period_from"].min()


def test_a_list_that_grows_too_old_leaves_a_hint(run: Path) -> None:
    stale = pl.read_parquet(run / "locations.parquet").filter(
        pl.col("reasons").list.contains("stale_location")
    )
    assert set(stale["key"]) == {"*"}
    hints = stale.select("site", hint=pl.col("hints").list.filter(pl.element().str.starts_with("stale:")))
    told = hints.explode("hint", empty_as_null=True).drop_nulls("hint")
    assert set(told.rows()) == {("CLOUD-1", "stale:DE:>35d"), ("POZ-1", "stale:PL:>35d")}


def test_a_participant_behind_a_vpn_may_be_anywhere(truth: Truth, run: Path) -> None:
    findings = pl.read_parquet(run / "findings.parquet")
    found = findings.filter(pl.col("reasons").list.contains("participant:anonymised"))
    assert set(found["rule_id"]) == {"cn-exclusion"}
    assert set(found["verdict"]) == {"indeterminate"}
    behind = {(base(row["source_file"]), row["record"]) for row in found.to_dicts()}
    open_ones = places(truth["rules"]["cn-exclusion"]["findings"]["indeterminate"])
    assert behind == places(truth["anonymised"]) & open_ones
    assert behind


def test_relays_without_a_site_gather_by_their_network(run: Path) -> None:
    incidents = pl.read_parquet(run / "incidents.parquet").filter(place_kind="network")
    assert "AS64511" in set(incidents["place"])


def test_the_operator_is_contradicted_about_relays_of_three_sites(run: Path) -> None:
    answer = pl.col("answers").struct
    told = (
        pl.read_parquet(run / "locations.parquet")
        .filter(pl.col("reasons").list.contains("contested"))
        .explode("answers", empty_as_null=True)
        .filter(answer.field("counted"))
    )
    attested = told.filter(answer.field("level") == 1)
    assert {"FRA-2", "HKG-2", "VIE-1"} <= set(attested["site"])
    others = told.filter(answer.field("level") == 4, pl.col("site") == "HKG-2")
    assert {one["country"] for one in others["answers"]} == {"CN", "HK"}


def test_the_report_says_that_the_sample_is_no_evidence(truth: Truth, run: Path) -> None:
    report = (run / "report.html").read_text()
    assert "Synthetic sample: no evidence" in report
    proved, possible = (truth["overall"][bound]["calls"] for bound in ("proved", "possible"))
    assert f"At least {proved} and at most {possible} of the" in report
