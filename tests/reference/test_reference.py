"""The judge is judged: the examples of the design pages, and the reductions that keep it fast."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.clauses import COUNTRIES, EDGES, groups_of_countries, rules_over
from tests.reference.countries import ALL
from tests.reference.facts import ROLES, Facts, Opinion
from tests.reference.judging import outcomes_of
from tests.reference.whole import judge_all
from tests.reference.world import Groups, RuleDict

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
    return judge(rule, Facts(start=start, relay=codes(relay), **facts)).verdict


def judge(rule: RuleDict, facts: Facts) -> Opinion:
    return judge_all(rule, GROUPS, [], [facts]).connections[0]


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
    assert judge(US_HOME, facts).spans_change
    assert not judge(CN_EXCLUSION, facts).spans_change


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
    assert outcomes_of(rule, groups, [], facts) == outcomes_of(rule, groups, [], facts, reduced=False)
