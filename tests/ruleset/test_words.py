"""Rules in plain words."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.wording.words import sentences_of, waiver_sentence

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]


def test_a_shipped_rule_reads_like_this(shipped: RuleSet) -> None:
    rule = next(rule for rule in shipped.rules if rule.id == "cn-exclusion")
    assert sentences_of(rule, shipped) == [
        "It is about connections whose participant is outside CN_MAINLAND.",
        "It covers relays in the role media, signaling, keys, recording, turn, transcription or storage.",
        "It is in force from 1 January 2020.",
        "The relay must never be in CN_MAINLAND. Nothing excuses it.",
        "CN_MAINLAND (Mainland China) stands for CN.",
    ]
    assert shipped.never_title(rule) == "Mainland China"


def test_only_a_never_rule_has_a_title_for_where_nobody_may_be(shipped: RuleSet) -> None:
    titles = {rule.id: shipped.never_title(rule) for rule in shipped.rules}
    assert {rule_id for rule_id, title in titles.items() if title} == {
        "cn-exclusion",
        "cn-exclusion-account",
        "cn-exclusion-other",
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "It is about all connections."),
        ({}, "It covers relays in every role."),
        (
            {"scope": {"home_region": ["US", "EU"]}},
            "It is about connections of accounts with the home region US or EU.",
        ),
        (
            {"scope": {"home_region": {"not_in": ["CN"]}, "accounts": ["a", "b"]}},
            "It is about connections of accounts with a home region other than CN and of the account a or b.",
        ),
        ({"scope": {"participant": {"in": ["US"]}}}, "It is about connections whose participant is in US."),
        (
            {"in_force": {"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}},
            "It is in force from 1 January 2020 until 1 January 2021.",
        ),
        ({"fence": {"allow": ["US", "CA"]}}, "The relay must be in US or CA."),
        ({"fence": {"forbid": ["US", "CA"]}}, "The relay must not be in US or CA."),
        ({"never": {"in": ["CN"]}}, "The relay must never be in CN. Nothing excuses it."),
        ({"watch": {"in": ["CN"]}}, "Relays in CN are counted and shown. They are no findings."),
    ],
)
def test_each_part_of_a_rule_is_a_sentence(make_rule: MakeRule, given: dict[str, Any], sentence: str) -> None:
    body = {} if {"fence", "never", "watch"} & given.keys() else {"never": {"in": ["CN"]}}
    rule = make_rule(**body, **given)
    assert sentence in sentences_of(rule, RuleSet.of([rule], Groups({})))


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        (
            {"scope": {"labels": {"cloud": ["gov", "mil"], "plan": ["paid"]}}},
            ["It is about connections whose label cloud is gov or mil and whose label plan is paid."],
        ),
        (
            {"scope": {"must_observe": ["keys"]}},
            [
                (
                    "Each call in its scope must have a record of the role keys; "
                    "without one, whether the call complies is not determined."
                )
            ],
        ),
        (
            {"scope": {"must_observe": ["keys", "media"]}},
            [
                (
                    "Each call in its scope must have a record of each of the roles keys and media; "
                    "without one, whether the call complies is not determined."
                )
            ],
        ),
        (
            {"exceptions": [{"id": "e", "why": "It helps.", "allow": ["GB", "US"]}]},
            ["Exception e excuses a relay in GB or US. Why: It helps."],
        ),
        (
            {
                "exceptions": [
                    {
                        "id": "e",
                        "why": "calls go on",
                        "allow": ["GB"],
                        "roles": ["media", "turn"],
                        "when": {
                            "tier": ["fallback"],
                            "attempt_min": 3,
                            "failed_primaries_min": 2,
                            "selection_reason": ["busy"],
                            "in_window": "eu-congestion",
                        },
                        "limits": {
                            "connections_per_call": 1,
                            "minutes_per_call": 30,
                            "share_of_calls": {"max": 0.015, "per": "account", "over": "day"},
                        },
                        "overflow": "all",
                    },
                    {"id": "f", "why": "x", "allow": ["US"], "when": {"failed_primaries_min": 1}},
                ]
            },
            [
                (
                    "Exception e excuses a relay in the role media or turn in GB, if it was chosen as a "
                    "fallback relay, it was attempt 3 or a later one, at least 2 primary relays had failed "
                    "before, the reason logged for choosing it is busy and it began in a declared window "
                    "eu-congestion of the account's home region. Why: calls go on."
                ),
                (
                    "Exception e excuses at most 1 connection a call, at most 30 minutes a call and at most "
                    "1.5 % of the account's calls of a UTC day: once a limit is over, nothing that it counts "
                    "is excused."
                ),
                "Exception f excuses a relay in US, if at least 1 primary relay had failed before. Why: x.",
                "Exceptions are tried in this order: the first that fits takes the connection.",
            ],
        ),
    ],
)
def test_exceptions_labels_and_roles_to_observe_are_sentences(
    make_rule: MakeRule, given: dict[str, Any], sentences: list[str]
) -> None:
    rule = make_rule(fence={"allow": ["DE"]}, **given)
    said = sentences_of(rule, RuleSet.of([rule], Groups({})))
    place = said.index(sentences[0])
    assert said[place : place + len(sentences)] == sentences
    assert place == (0 if "label" in sentences[0] else 4)


def test_a_rule_about_calls_says_what_each_must_have(make_rule: MakeRule) -> None:
    rule = make_rule(require={"roles": ["recording", "storage"], "in": ["RU"]})
    said = sentences_of(rule, RuleSet.of([rule], Groups({})))
    assert said[3] == "Each call must have a relay in the role recording or storage in RU."


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"never": {"in": ["CN"]}}, "No waiver is possible."),
        ({"watch": {"in": ["CN"]}}, "It has no findings, and so nothing to waive."),
        (
            {"fence": {"allow": ["US"]}},
            (
                "A waiver can set findings aside: with a reason, approved by a second person, for no more "
                "than 180 days. The verdicts stay in every count."
            ),
        ),
    ],
)
def test_what_a_waiver_can_do_depends_on_the_effect(
    make_rule: MakeRule, body: dict[str, Any], sentence: str
) -> None:
    assert waiver_sentence(make_rule(**body)) == sentence


def test_whoever_asks_may_name_countries(make_rule: MakeRule, make_groups: MakeGroups) -> None:
    names = {"DE": "Germany", "FR": "France", "US": "America"}
    groups = make_groups(
        {"G": {"members": [{"code": "DE"}, {"code": "FR", "until": "2021-01-01T00:00:00Z"}]}}
    )
    exceptions = [{"id": "e", "why": "x", "allow": ["US"]}]
    rule = make_rule(fence={"allow": ["G", "DE"]}, exceptions=exceptions)
    assert sentences_of(rule, RuleSet.of([rule], groups), names.__getitem__)[3:] == [
        "The relay must be in G or Germany.",
        "Exception e excuses a relay in America. Why: x.",
        "G (G) stands for Germany and France; from 1 January 2021 no longer for France.",
    ]


def test_a_group_is_spelled_out_with_its_changes_within_the_rules_time(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    groups = make_groups(
        {
            "UNION": {
                "title": "Members",
                "members": [
                    {"code": "DE"},
                    {"code": "FR", "from": "1958-01-01T00:00:00Z"},
                    {"code": "GB", "until": "2020-01-31T23:00:00Z"},
                    {"code": "UA", "from": "2030-01-01T00:00:00Z"},
                    {"code": "MD", "from": "2030-01-01T00:00:00Z", "until": "2031-01-01T00:00:00Z"},
                    {"code": "AL", "from": "2040-01-01T00:00:00Z"},
                ],
            },
            "NOBODY": {"members": []},
        }
    )
    force = {"from": "2020-01-01T00:00:00Z", "until": "2035-01-01T00:00:00Z"}
    rule = make_rule(fence={"allow": ["UNION", "NOBODY", "CH"]}, in_force=force)
    assert sentences_of(rule, RuleSet.of([rule], groups))[-2:] == [
        (
            "UNION (Members) stands for DE, FR and GB; from 31 January 2020, 23:00 UTC no longer for GB; "
            "from 1 January 2030 also for MD and UA; from 1 January 2031 no longer for MD."
        ),
        "NOBODY (NOBODY) stands for no country.",
    ]
