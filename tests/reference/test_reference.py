"""The judge is judged: the examples of the design pages, and the reductions that keep it fast."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.countries import ALL
from tests.reference.files import DatabaseText, write_database
from tests.reference.judging import ROLES, Facts, judge
from tests.reference.kinds import kind_of
from tests.reference.logs import COUNTRIES
from tests.reference.places import Evidence
from tests.reference.reading import UnreadableError, read
from tests.reference.reference import with_account
from tests.reference.strategies import EDGES, groups_of_countries, rules_over
from tests.reference.world import AccountRow, Groups, InventoryRow, RuleDict, Settings

MAY_2026 = datetime(2026, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


GROUPS: Groups = {
    "US_STATES": {"members": [{"code": "US"}]},
    "CN_MAINLAND": {"members": [{"code": "CN"}]},
    "EU27": {
        "members": [
            {"code": "DE"},
            {"code": "RE"},
            {"code": "GB", "until": instant("2020-01-31T23:00:00Z")},
        ]
    },
    "EEA_GDPR": {
        "include": ["EU27"],
        "members": [
            {"code": "NO", "from": instant("2018-07-20T00:00:00Z")},
            {
                "code": "GB",
                "from": instant("2020-01-31T23:00:00Z"),
                "until": instant("2020-12-31T23:00:00Z"),
            },
        ],
    },
}
US_HOME: RuleDict = {
    "effect": "fence",
    "in_force": {"from": instant("2020-04-03T00:00:00Z")},
    "scope": {"home_region": ["US"], "roles": ["media", "signaling", "keys", "recording"]},
    "fence": {"allow": ["US_STATES"]},
}
EU_HOME: RuleDict = US_HOME | {
    "in_force": {"from": instant("2021-01-01T00:00:00Z")},
    "scope": US_HOME["scope"] | {"home_region": ["EU"]},
    "fence": {"allow": ["EEA_GDPR", "CH"]},
}
CN_EXCLUSION: RuleDict = {
    "effect": "never",
    "in_force": {"from": instant("2020-01-01T00:00:00Z")},
    "scope": {
        "roles": ["media", "signaling", "keys", "recording", "turn", "transcription", "storage"],
        "participant": {"not_in": ["CN_MAINLAND"]},
    },
    "never": {"in": ["CN_MAINLAND"]},
}
CN_ACCOUNT: RuleDict = CN_EXCLUSION | {"scope": {"home_region": {"not_in": ["CN"]}}}
IN = {"home_region": "US"}
OPEN = {"home_region": None}
OUT = {"home_region": "EU"}


def verdict(rule: RuleDict, relay: str, **given_facts: Any) -> str:  # noqa: ANN401  a table of facts
    at = given_facts.pop("at", MAY_2026)
    start = instant(at) if isinstance(at, str) else at
    facts: dict[str, Any] = {
        "role": "media",
        "home_region": None,
        "account_id": None,
        "use_proved": True,
        "end": start + MINUTE,
        "participant": "*",
    } | given_facts
    facts["participant"] = codes(facts["participant"])
    return judge(rule, GROUPS, Facts(start=start, relay=codes(relay), **facts)).verdict


def codes(text: str) -> frozenset[str]:
    return ALL if text == "*" else frozenset(text.split())


@pytest.mark.parametrize(
    ("relay", "scope", "expected"),
    [
        ("US", IN, "compliant"),
        ("US", OPEN, "compliant"),
        ("US", OUT, "not_applicable"),
        ("US CN", IN, "indeterminate"),
        ("US CN", OPEN, "indeterminate"),
        ("US CN", OUT, "not_applicable"),
        ("CN", IN, "violation"),
        ("CN", OPEN, "indeterminate"),
        ("CN", OUT, "not_applicable"),
    ],
)
def test_place_and_scope_give_the_verdict_of_the_table(
    relay: str, scope: dict[str, Any], expected: str
) -> None:
    assert verdict(US_HOME, relay, **scope) == expected


@pytest.mark.parametrize(("relay", "expected"), [("US", "compliant"), ("CN", "indeterminate")])
def test_a_use_that_is_not_proved_leaves_the_scope_open(relay: str, expected: str) -> None:
    assert verdict(US_HOME, relay, **IN, use_proved=False) == expected


@pytest.mark.parametrize(
    ("rule", "relay", "facts", "expected"),
    [
        (US_HOME, "CA", {**IN, "role": "keys"}, "violation"),
        (US_HOME, "PR", IN, "violation"),
        (US_HOME, "*", IN, "indeterminate"),
        (US_HOME, "CA CN", IN, "violation"),
        (US_HOME, "DE", {**IN, "role": "edge_transit"}, "not_applicable"),
        (US_HOME, "CA", {**IN, "at": "2020-04-02T23:58:00Z"}, "not_applicable"),
        (US_HOME, "CA", {**IN, "at": "2020-04-03T00:00:00Z"}, "violation"),
        (CN_EXCLUSION, "CN", {"participant": "US"}, "violation"),
        (CN_EXCLUSION, "CN", {"participant": "CN"}, "not_applicable"),
        (CN_EXCLUSION, "CN", {"participant": "HK"}, "violation"),
        (CN_EXCLUSION, "HK", {"participant": "US"}, "compliant"),
        (CN_EXCLUSION, "CN HK", {"participant": "US"}, "indeterminate"),
        (CN_EXCLUSION, "*", {"participant": "US"}, "indeterminate"),
        (CN_EXCLUSION, "CN", {}, "indeterminate"),
        (CN_EXCLUSION, "DE", {}, "compliant"),
        (CN_EXCLUSION, "CN", {"participant": "US", "role": "unknown"}, "indeterminate"),
        (CN_EXCLUSION, "CN", {"participant": "US", "at": "2019-12-31T23:00:00Z"}, "not_applicable"),
        (CN_EXCLUSION, "CN", {"participant": "US", "at": "2020-01-01T00:00:00Z"}, "violation"),
        (CN_ACCOUNT, "CN", {"home_region": "SG", "role": "unknown"}, "violation"),
        (CN_ACCOUNT, "CN", {"home_region": None}, "indeterminate"),
        (CN_ACCOUNT, "CN", {"home_region": "CN"}, "not_applicable"),
        *((EU_HOME, place, {"home_region": "EU"}, "compliant") for place in ("DE", "NO", "RE", "CH")),
        (EU_HOME, "GB", {"home_region": "EU", "at": "2021-01-01T00:00:00Z"}, "violation"),
        (EU_HOME, "GB", {"home_region": "EU", "at": "2020-12-31T22:59:59Z"}, "not_applicable"),
        (EU_HOME, "SG", {"home_region": "US"}, "not_applicable"),
        (EU_HOME, "DE CN", {"home_region": "EU"}, "indeterminate"),
    ],
)
def test_the_cases_of_the_first_packs_hold(
    rule: RuleDict, relay: str, facts: dict[str, Any], expected: str
) -> None:
    assert verdict(rule, relay, **facts) == expected


FROM = US_HOME["in_force"]["from"]
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (FROM - MINUTE, FROM, "not_applicable"),
        (FROM - MINUTE, FROM + MICROSECOND, "violation"),
        (FROM - MICROSECOND, None, "indeterminate"),
        (FROM - timedelta(hours=24), None, "not_applicable"),
        (FROM - timedelta(hours=24) + MICROSECOND, None, "indeterminate"),
        (FROM, FROM, "violation"),
    ],
)
def test_a_connection_is_judged_again_when_the_rule_comes_into_force_before_its_end(
    start: datetime, end: datetime | None, expected: str
) -> None:
    assert verdict(US_HOME, "CA", **IN, at=start, end=end) == expected


def test_only_what_a_later_instant_decides_spans_a_change() -> None:
    facts = Facts(FROM - MINUTE, FROM + MINUTE, "media", frozenset({"CA"}), ALL, "US", None, use_proved=True)
    assert judge(US_HOME, GROUPS, facts).spans_change
    assert not judge(CN_EXCLUSION, GROUPS, facts).spans_change


@st.composite
def judgements(draw: st.DrawFn) -> tuple[RuleDict, Groups, Facts]:
    groups = draw(groups_of_countries())
    candidates = st.sets(st.sampled_from((*COUNTRIES, "SG", "JP")), min_size=1, max_size=4).map(frozenset)
    start = draw(st.sampled_from(EDGES)) + draw(st.sampled_from((-MICROSECOND, MICROSECOND * 0)))
    end = draw(st.sampled_from((None, start, start + MINUTE, start + timedelta(days=40))))
    return (
        draw(rules_over(groups)),
        groups,
        Facts(
            start=start,
            end=end,
            role=draw(st.sampled_from(ROLES)),
            relay=draw(candidates),
            participant=draw(candidates),
            home_region=draw(st.sampled_from((None, "EU", "SG"))),
            account_id=draw(st.sampled_from((None, "a-1", "a-3"))),
            use_proved=draw(st.booleans()),
        ),
    )


@given(judgements())
def test_one_world_for_all_that_behave_alike_changes_no_verdict(
    case: tuple[RuleDict, Groups, Facts],
) -> None:
    rule, groups, facts = case
    assert judge(rule, groups, facts) == judge(rule, groups, facts, reduced=False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", "global"),
        ("::ffff:8.8.8.8", "global"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::808:808", "nat64"),
        ("64:ff9b:1::1", "nat64_local"),
        ("2002:808:808::1", "sixtofour"),
        ("2001::1", "teredo"),
        ("192.0.0.9", "anycast"),
        ("192.0.0.8", "protocol"),
        ("2001:1::3", "anycast"),
        ("2001:1::4", "protocol"),
        ("fec0::1", "private"),
        ("100.64.0.1", "shared"),
        ("2001:db8::1", "documentation"),
        ("2001:2::1", "benchmark"),
        ("::1", "loopback"),
        ("::", "this_network"),
        ("::8.8.8.8", "ipv4_compatible"),
        ("4000::1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("1.2.3...", "masked"),
        ("x.x.x.x", "masked"),
        ("8.8.8.0/24", "masked"),
        ("08.8.8.8", "unparsable"),
        ("fe80::1%eth0", "unparsable"),
        ("134744072", "unparsable"),
        ("8.8.8.8:443", "unparsable"),
        ("8.8.8.8 ", "unparsable"),
        ("relay1.example.com", "host_name"),
        (None, "absent"),
    ],
)
def test_the_longest_prefix_of_the_table_decides_the_kind(text: str | None, kind: str) -> None:
    assert kind_of(text).kind == kind


def test_embedded_addresses_are_those_of_their_standards() -> None:
    assert str(kind_of("2001:0:4136:e378:8000:63bf:3fff:fdd2").inner) == "192.0.2.45"
    assert str(kind_of("2002:c000:221::1").inner) == "192.0.2.33"
    assert str(kind_of("64:ff9b::c000:221").inner) == "192.0.2.33"


BUILT = datetime(2020, 3, 31, tzinfo=UTC)
LOG_LINE: dict[str, str | None] = {
    "call_id": "c-1",
    "account_id": "a-1",
    "home_region": None,
    "participant_id": None,
    "role": "media",
    "relay_ip": "81.2.69.142",
    "relay_name": None,
    "relay_site": None,
    "relay_country_declared": None,
    "client_ip": None,
    "participant_country_declared": None,
    "started_at": "2020-04-02T14:03:00Z",
    "ended_at": None,
    "bytes": None,
    "use_proved": None,
}


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    text = DatabaseText(
        "GeoIP2-Country",
        BUILT,
        {
            "81.2.69.0/24": {"country": {"iso_code": "GB"}},
            "89.160.20.0/24": {"traits": {"is_anycast": True}},
            "10.0.0.0/8": {"country": {"iso_code": "US"}},
        },
    )
    since = datetime(2020, 1, 1, tzinfo=UTC)
    inventory = (
        InventoryRow(("CN",), since, prefix="81.2.69.0/25", role="keys"),
        InventoryRow(("DE", "NL"), since, prefix="10.1.0.0/16"),
        InventoryRow(("FR",), since, site="San Jose, USA"),
        InventoryRow(("IE",), since, prefix="192.168.7.0/24", site="DUB-1"),
    )
    return Evidence([write_database(text, tmp_path / "country.mmdb")], inventory, Settings())


@pytest.mark.parametrize(
    ("fields", "candidates"),
    [
        ({}, "GB"),
        ({"relay_ip": "::ffff:81.2.69.142"}, "GB"),
        ({"relay_ip": "81.2.69.1", "role": "keys"}, "CN GB"),
        ({"relay_ip": "81.2.69.1"}, "GB"),
        ({"relay_ip": "89.160.20.1", "relay_country_declared": "DE"}, "*"),
        ({"relay_ip": "89.160.20.1", "relay_site": "San  jose, usa"}, "FR"),
        ({"relay_ip": "10.1.0.7"}, "DE NL"),
        ({"relay_ip": "10.2.0.7"}, "*"),
        ({"relay_ip": "64:ff9b::10.1.0.7"}, "*"),
        ({"relay_ip": "192.168.7.7"}, "IE"),
        ({"relay_ip": "192.168.7.7", "relay_site": "DUB-1"}, "IE"),
        ({"relay_ip": "192.168.7.7", "relay_site": "BJ-1"}, "*"),
        ({"relay_ip": "2002:5102:458e::1"}, "*"),
        ({"relay_ip": "64:ff9b::5102:458e"}, "GB"),
        ({"relay_ip": None, "relay_site": " san jose,  USA"}, "FR"),
        ({"relay_site": "San Jose, USA"}, "FR GB"),
        ({"relay_ip": "8.8.8.8"}, "*"),
        ({"started_at": "2020-05-05T00:00:00Z"}, "GB"),
        ({"started_at": "2020-05-05T00:00:00.000001Z"}, "*"),
    ],
)
def test_a_relay_is_where_the_evidence_leaves_it(
    evidence: Evidence, fields: dict[str, str | None], candidates: str
) -> None:
    assert evidence.relay_of(read(LOG_LINE | fields)).candidates == codes(candidates)


@pytest.mark.parametrize(
    ("client", "declared", "candidates"),
    [
        ("81.2.69.142", None, "GB"),
        ("81.2.69.142", "DE", "DE GB"),
        (None, "DE", "DE"),
        (None, None, "*"),
        ("10.1.0.7", "DE", "*"),
        ("2002:5102:458e::1", None, "GB"),
        ("89.160.20.1", "DE", "*"),
    ],
)
def test_a_participant_is_where_record_and_client_address_say(
    evidence: Evidence, client: str | None, declared: str | None, candidates: str
) -> None:
    line = LOG_LINE | {"client_ip": client, "participant_country_declared": declared}
    assert evidence.participant_of(read(line)).candidates == codes(candidates)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, "missing"),
        ("soon", "unreadable"),
        ("2020-04-02T14:03:00", "no_zone"),
        ("1999-12-31T23:59:59Z", "out_of_range"),
        ("2020-02-30T00:00:00Z", "unreadable"),
    ],
)
def test_a_record_without_a_start_is_a_reject(start: str | None, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(LOG_LINE | {"started_at": start})


def test_an_end_before_the_start_is_not_known() -> None:
    assert read(LOG_LINE | {"ended_at": "2020-04-02T14:02:59.999999Z"})["ended_at"] is None
    assert read(LOG_LINE | {"ended_at": "2020-04-02T14:03:00+00:00"})["ended_at"] is not None


def test_where_log_and_accounts_name_different_home_regions_nobody_knows() -> None:
    line = [AccountRow("a-1", "EU", until=instant("2020-04-02T14:03:01Z"), country="DE")]
    assert with_account(read(LOG_LINE), line)["home_region"] == "EU"
    assert with_account(read(LOG_LINE | {"home_region": "US"}), line)["home_region"] is None
    later = read(LOG_LINE | {"started_at": "2020-04-02T14:03:01Z"})
    assert with_account(later, line)["participant_country_declared"] is None
