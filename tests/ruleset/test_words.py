"""Rules in plain words."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.words import sentences_of

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
