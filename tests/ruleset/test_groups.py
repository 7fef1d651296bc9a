"""Dated groups, and how their dates cut time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.ruleset.groups import BEGINNING, Groups
from auditor.ruleset.periods import changes_of, periods_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]

LEFT = "2020-01-31T23:00:00Z"
ENDED = "2020-12-31T23:00:00Z"
UNION = {
    "UNION": {"members": [{"code": "DE"}, {"code": "GB", "until": LEFT}]},
    "LAW": {"include": ["UNION"], "members": [{"code": "GB", "from": LEFT, "until": ENDED}, {"code": "NO"}]},
    "NOBODY": {"members": []},
}


def instant(written: str) -> datetime:
    return datetime.fromisoformat(written)


@pytest.mark.parametrize(
    ("names", "at", "codes"),
    [
        (["UNION"], "2020-01-31T22:59:59.999999Z", {"DE", "GB"}),
        (["UNION"], LEFT, {"DE"}),
        (["LAW"], LEFT, {"DE", "GB", "NO"}),
        (["LAW"], ENDED, {"DE", "NO"}),
        (["LAW", "CH"], ENDED, {"DE", "NO", "CH"}),
        (["NOBODY"], ENDED, set()),
        (["DE"], ENDED, {"DE"}),
    ],
)
def test_members_are_those_of_the_instant(
    make_groups: MakeGroups, names: list[str], at: str, codes: set[str]
) -> None:
    assert make_groups(UNION).members(names, instant(at)) == codes


def test_a_code_that_passes_from_one_entry_to_another_changes_nothing(make_groups: MakeGroups) -> None:
    groups = make_groups(UNION)
    assert groups.changes(["UNION"]) == (instant(LEFT),)
    assert groups.changes(["LAW"]) == (instant(ENDED),)
    assert groups.changes(["LAW", "GB"]) == ()


def test_groups_are_listed_once_however_often_they_are_included(make_groups: MakeGroups) -> None:
    diamond = {
        "TOP": {"include": ["LEFT", "RIGHT"]},
        "LEFT": {"include": ["BASE"]},
        "RIGHT": {"include": ["BASE"]},
        "BASE": {"members": [{"code": "US"}]},
    }
    groups = make_groups(diamond)
    assert groups.included(["TOP"]) == ("TOP", "LEFT", "BASE", "RIGHT")
    assert groups.members(["TOP"], BEGINNING) == {"US"}


def test_a_chain_of_a_thousand_groups_is_no_deep_recursion(make_groups: MakeGroups) -> None:
    chain: dict[str, Any] = {f"G{number}_": {"include": [f"G{number + 1}_"]} for number in range(5000)}
    chain["G5000_"] = {"members": [{"code": "US"}]}
    assert make_groups(chain).members(["G0_"], BEGINNING) == {"US"}


def test_only_changes_within_the_rules_force_cut_time(make_rule: MakeRule, make_groups: MakeGroups) -> None:
    groups = make_groups(UNION)
    body = {"fence": {"allow": ["UNION"]}, "scope": {"participant": {"in": ["LAW"]}}}
    whole = make_rule(**body, in_force={"from": "2020-01-01T00:00:00Z"})
    late = make_rule(**body, in_force={"from": "2020-06-01T00:00:00Z", "until": "2020-09-01T00:00:00Z"})
    assert changes_of(whole, groups) == (datetime(2020, 1, 1, tzinfo=UTC), instant(LEFT), instant(ENDED))
    assert changes_of(late, groups) == (datetime(2020, 6, 1, tzinfo=UTC), datetime(2020, 9, 1, tzinfo=UTC))


def test_each_period_begins_at_its_cut_and_has_its_own_members(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    rule = make_rule(fence={"allow": ["UNION"]}, in_force={"from": "2020-01-01T00:00:00Z"})
    periods = periods_of([rule], make_groups(UNION))
    assert [periods.begin(period) for period in range(3)] == [
        BEGINNING,
        datetime(2020, 1, 1, tzinfo=UTC),
        instant(LEFT),
    ]
    assert [periods.period_of(periods.begin(period)) for period in range(3)] == [0, 1, 2]
    members = [periods.members(("UNION",), period) for period in range(3)]
    assert members == [{"DE", "GB"}, {"DE", "GB"}, {"DE"}]


def test_a_digest_depends_on_what_files_hold_and_not_on_their_order(shipped: RuleSet) -> None:
    again = RuleSet.of(reversed(shipped.rules), shipped.groups, reversed(shipped.files))
    fewer = RuleSet.of(shipped.rules, shipped.groups, shipped.files[1:])
    assert again == shipped
    assert fewer.digest != shipped.digest
