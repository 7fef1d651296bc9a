from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from auditor.engine.findings import write_findings
from auditor.engine.incidents import incident_spans, incidents_of
from auditor.ruleset.waivers import Decided
from tests.engine.rows import NOON, raw_findings

DAY = timedelta(hours=24)
INSTANT = timedelta(microseconds=1)


def incidents(raw: pl.LazyFrame, folder: Path) -> pl.DataFrame:
    write_findings(raw, folder / "findings.parquet", folder, Decided((), {}))
    return incidents_of(folder / "findings.parquet")


@pytest.mark.parametrize(("gap", "expected"), [(DAY, [2]), (DAY + INSTANT, [1, 1])])
def test_a_gap_of_more_than_a_day_parts_incidents(
    tmp_path: Path, gap: timedelta, expected: list[int]
) -> None:
    found = incidents(raw_findings({}, {"started_at": NOON + gap}), tmp_path)
    assert found["connections_possible"].to_list() == expected


def test_a_chain_of_short_gaps_is_one_incident_however_long(tmp_path: Path) -> None:
    found = incidents(raw_findings(*({"started_at": NOON + DAY * number} for number in range(9))), tmp_path)
    assert found.select("first_started_at", "last_started_at").rows() == [(NOON, NOON + DAY * 8)]


@pytest.mark.parametrize(
    "change",
    [
        {"rule_id": "s"},
        {"place": "BJ-1"},
        {"place_kind": "name"},
        {"home_region": "EU"},
        {"home_region": None},
        {"place": None, "place_kind": "none"},
    ],
)
def test_what_differs_in_rule_place_or_region_is_another_incident(
    tmp_path: Path, change: dict[str, object]
) -> None:
    found = incidents(raw_findings({}, change), tmp_path)
    assert found["connections_possible"].to_list() == [1, 1]
    assert found["incident_id"].n_unique() == 2


def test_unknown_regions_and_places_are_equal_to_each_other(tmp_path: Path) -> None:
    unknown = {"home_region": None, "place": None, "place_kind": "none"}
    assert incidents(raw_findings(unknown, unknown), tmp_path)["connections_possible"].to_list() == [2]


def test_what_is_excused_neither_joins_nor_bridges_incidents(tmp_path: Path) -> None:
    raw = raw_findings({}, {"started_at": NOON + DAY, "verdict": "excused"}, {"started_at": NOON + DAY * 2})
    found = incidents(raw, tmp_path)
    assert found["connections_possible"].to_list() == [1, 1]
    ids = pl.read_parquet(tmp_path / "findings.parquet").select("verdict", "incident_id").rows()
    assert [verdict for verdict, incident in ids if incident is None] == ["excused"]


def test_one_unknown_country_makes_the_countries_of_an_incident_unknown(tmp_path: Path) -> None:
    known = raw_findings({"relay_countries": ["HK", "CN"]}, {"relay_countries": ["CN"]})
    assert incidents(known, tmp_path)["relay_countries"].to_list() == [["CN", "HK"]]
    unknown = raw_findings({"relay_countries": ["CN"]}, {"relay_countries": None})
    assert incidents(unknown, tmp_path)["relay_countries"].to_list() == [None]


def test_bounds_and_lists_are_those_of_the_findings(tmp_path: Path) -> None:
    minute = timedelta(minutes=1)
    raw = raw_findings(
        {"ended_at": NOON + minute, "tier": "fallback", "reasons": ["agreed"]},
        {"verdict": "indeterminate", "call_id": None, "ended_at": NOON + 2 * minute, "reasons": ["anycast"]},
        {
            "verdict": "indeterminate",
            "call_id": "d",
            "participant_id": None,
            "relay_ip": None,
            "role": "keys",
        },
    )
    assert incidents(raw, tmp_path).drop("incident_id", "first_started_at", "last_started_at").to_dicts() == [
        {
            "rule_id": "r",
            "rule_status": None,
            "severity": "high",
            "place": "192.0.2.0/24",
            "place_kind": "network",
            "home_region": "US",
            "calls_proved": 1,
            "calls_possible": 2,
            "findings_proved": 1,
            "findings_possible": 3,
            "connections_proved": 1,
            "connections_possible": 3,
            "participants_possible": 1,
            "accounts_possible": 1,
            "minutes_proved": 1.0,
            "minutes_possible": 3.0,
            "relays": ["192.0.2.1"],
            "relay_countries": ["CN"],
            "roles": ["keys", "media"],
            "tiers": ["fallback", "not logged"],
            "reasons": ["agreed", "anycast"],
            "list_entries": None,
            "findings_on_no_list": None,
            "same_connections_as": [],
        }
    ]


def test_durations_beyond_64_bits_are_added_up_exactly(tmp_path: Path) -> None:
    century = {"ended_at": NOON.replace(year=2099)}
    found = incidents(raw_findings(*[century] * 4_000), tmp_path)
    minutes = (NOON.replace(year=2099) - NOON) / timedelta(minutes=1)
    assert found["minutes_proved"].to_list() == [minutes * 4_000]


def test_incidents_name_each_other_only_where_the_graver_holds_all_of_the_other(tmp_path: Path) -> None:
    grave, mild = {"rule_id": "grave", "severity": "critical"}, {"rule_id": "mild"}
    apart = {"rule_id": "apart", "severity": "low"}
    raw = raw_findings(
        {**grave, "record": 1},
        {**grave, "record": 2},
        {**mild, "record": 1},
        {**apart, "record": 2},
        {**apart, "record": 3},
    )
    found = incidents(raw, tmp_path)
    names = dict(found.select("incident_id", "rule_id").iter_rows())
    beside = {
        rule: [names[other] for other in others]
        for rule, others in found.select("rule_id", "same_connections_as").iter_rows()
    }
    assert beside == {"grave": ["mild"], "mild": ["grave"], "apart": []}


def test_proved_incidents_come_first_and_then_the_gravest(tmp_path: Path) -> None:
    doubt = {"rule_id": "doubt", "severity": "critical", "verdict": "indeterminate"}
    raw = raw_findings(doubt, {"rule_id": "low", "severity": "low"}, {"rule_id": "high"})
    assert incidents(raw, tmp_path)["rule_id"].to_list() == ["high", "low", "doubt"]


def test_an_incident_has_the_same_name_whatever_joins_it_later() -> None:
    alone, joined = raw_findings({}), raw_findings({}, {"started_at": NOON + DAY})
    assert incident_spans(alone)["incident_id"].to_list() == incident_spans(joined)["incident_id"].to_list()
