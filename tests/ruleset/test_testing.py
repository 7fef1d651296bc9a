"""Cases inside rule files: what passes, and what a person reads when one fails."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.ruleset.facts import Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.outcomes import CaseRun
from auditor.ruleset.ruleset import RuleSet, RulesFile
from auditor.ruleset.schema import Rule
from auditor.ruleset.testing import failures_in, failures_of, outcome_of

MakeRule = Callable[..., Rule]
Values = dict[str, Any]

SURE = {"id": "c", "role": "media", "home_region": "EU", "relay": ["CN"]}


BUSY: Values = {
    "fence": {"allow": ["DE"]},
    "exceptions": [{"id": "busy", "why": "calls go on", "allow": ["US"]}],
}
ABROAD: Values = {"role": "media", "relay": ["US"]}
HOME: Values = {"role": "media", "relay": ["DE"]}


def fence(*, overflow: str | None = None, when: Mapping[str, Any] | None = None, **limits: object) -> Values:
    """Give a fence whose one exception has these conditions and limits."""
    clause: dict[str, Any] = {**BUSY["exceptions"][0], "when": when or {}}
    clause |= {"limits": limits} if limits else {}
    clause |= {"overflow": overflow} if overflow else {}
    return {**BUSY, "exceptions": [clause]}


def messages(rule: Rule, *others: Rule) -> list[str]:
    places = tuple(f"rule.yaml:{line}:5" for line in range(17, 17 + len(rule.tests)))
    file = RulesFile("rule.yaml", "rule", "0" * 64, 1, (rule.id,), places)
    ruleset = RuleSet.of([rule, *others], Groups({}), [file])
    return [str(fault) for fault in failures_in(rule, ruleset)]


@pytest.mark.parametrize(
    ("given", "expect", "failures"),
    [
        (SURE, {"c": "violation"}, []),
        ({**SURE, "relay": ["DE"]}, {}, []),
        ({**SURE, "relay": "unknown"}, {}, []),
        (
            SURE,
            {},
            [
                (
                    "rule.yaml:17:5: tests.1, `a`: `c` is a violation that `expect` does not name\n"
                    "  hint: if it is right: `expect: {c: violation}`"
                )
            ],
        ),
        (
            SURE,
            {"c": "excused"},
            ["rule.yaml:17:5: tests.1, `a`: `c` is violation, and not excused as expected"],
        ),
        (
            {"id": "c", "role": "unknown", "relay": ["CN", "DE"]},
            {"c": "violation"},
            [
                (
                    "rule.yaml:17:5: tests.1, `a`: `c` is indeterminate, and not violation as expected\n"
                    "  hint: left open: relay, home_region, role"
                )
            ],
        ),
        (
            {**SURE, "at": "2019-12-31T23:59:59Z"},
            {"c": "not_applicable"},
            [
                (
                    "rule.yaml:17:5: tests.1, `a`: `c` is violation, and not not_applicable as expected\n"
                    "  hint: the rule changes while it lasts; with `minutes: 0` its start alone is judged"
                )
            ],
        ),
    ],
)
def test_a_case_fails_on_another_verdict_and_on_a_violation_that_it_does_not_name(
    make_rule: MakeRule, given: dict[str, Any], expect: dict[str, str], failures: list[str]
) -> None:
    rule = make_rule(
        fence={"forbid": ["CN"]},
        scope={"home_region": ["EU"], "roles": ["media"]},
        tests=[{"name": "a", "given": [given], "expect": expect}],
    )
    assert messages(rule) == failures


def test_what_a_case_leaves_out_is_as_the_design_says(make_rule: MakeRule) -> None:
    left_out = make_rule(never={"in": ["CN"]}).tests[0].given[0]
    assert left_out.at.isoformat() == "2026-05-01T00:00:00+00:00"
    assert (left_out.minutes, left_out.use_proved, left_out.participant) == (1, True, "unknown")
    assert (left_out.home_region, left_out.tier, left_out.attempt, left_out.call) == (None,) * 4


def test_a_case_names_its_account(make_rule: MakeRule) -> None:
    given = [
        {"id": "listed", "role": "media", "relay": ["CN"], "account": "a-1"},
        {"id": "other", "role": "media", "relay": ["CN"], "account": "a-2"},
        {"id": "nameless", "role": "media", "relay": ["CN"]},
    ]
    expect = {"listed": "violation", "other": "not_applicable", "nameless": "not_applicable"}
    tests = [{"name": "a", "given": given, "expect": expect}]
    rule = make_rule(never={"in": ["CN"]}, scope={"accounts": ["a-1"]}, tests=tests)
    assert messages(rule) == []


def test_the_cases_of_a_rule_do_not_depend_on_other_rules(make_rule: MakeRule) -> None:
    tests = [{"name": "a", "given": [SURE], "expect": {"c": "violation"}}]
    rule = make_rule(never={"in": ["CN"]}, tests=tests)
    other = make_rule(id="other", fence={"allow": ["CN"]}, in_force={"from": "2026-05-01T00:00:30Z"})
    assert messages(rule, other) == messages(rule) == []


def test_each_failure_is_told_at_its_own_case(make_rule: MakeRule) -> None:
    tests = [{"name": name, "given": [SURE], "expect": {"c": "compliant"}} for name in ("a", "b")]
    told = messages(make_rule(never={"in": ["CN"]}, tests=tests))
    assert [message.split(": ")[:2] for message in told] == [
        ["rule.yaml:17:5", "tests.1, `a`"],
        ["rule.yaml:18:5", "tests.2, `b`"],
    ]


SHARE = {"max": 0.5, "per": "account", "over": "day"}


@pytest.mark.parametrize(
    ("values", "given", "expect"),
    [
        (
            fence(connections_per_call=1),
            [{**ABROAD, "id": "a", "call": "k"}, {**ABROAD, "id": "b", "call": "k"}],
            {"a": "excused", "b": "violation"},
        ),
        (
            fence(connections_per_call=1, overflow="all"),
            [{**ABROAD, "id": "a", "call": "k"}, {**ABROAD, "id": "b", "call": "k"}],
            {"a": "violation", "b": "violation"},
        ),
        (fence(connections_per_call=1), [{**ABROAD, "id": "a", "repeat": 3}], {"a": "excused"}),
        (
            fence(connections_per_call=2),
            [
                {**ABROAD, "id": "a", "call": "k", "repeat": 2},
                {**ABROAD, "id": "b", "call": "k"},
            ],
            {"a": "excused", "b": "violation"},
        ),
        (
            fence(connections_per_call=1),
            [
                {**ABROAD, "id": "late", "call": "k", "at": "2026-05-01T00:00:01Z"},
                {**ABROAD, "id": "early", "call": "k"},
            ],
            {"early": "excused", "late": "violation"},
        ),
        (
            fence(connections_per_call=1),
            [{**ABROAD, "id": "a", "call": "k", "relay": ["DE", "US"]}, {**ABROAD, "id": "b", "call": "k"}],
            {"a": "excused", "b": "indeterminate"},
        ),
        (
            fence(minutes_per_call=30),
            [
                {**ABROAD, "id": "a", "minutes": 30},
                {**ABROAD, "id": "b", "minutes": 30.5},
                {**ABROAD, "id": "c", "minutes": "unknown"},
            ],
            {"a": "excused", "b": "violation", "c": "indeterminate"},
        ),
        (
            fence(share_of_calls=SHARE),
            [
                {**ABROAD, "id": "a", "call": "1"},
                {**ABROAD, "id": "b", "call": "2"},
                {**HOME, "id": "p", "call": "3"},
            ],
            {"a": "excused", "b": "violation", "p": "compliant"},
        ),
        (
            fence(share_of_calls=SHARE),
            [{**ABROAD, "id": "a", "repeat": 2, "call": "1"}, {**HOME, "id": "p", "repeat": 3}],
            {"a": "excused", "p": "compliant"},
        ),
        (
            fence(share_of_calls=SHARE),
            [
                {**ABROAD, "id": "a"},
                {**HOME, "id": "p"},
                {**ABROAD, "id": "other", "account": "other"},
            ],
            {"a": "excused", "other": "violation"},
        ),
    ],
    ids=[
        "what is over is not excused",
        "with overflow all, nothing in the counter is",
        "each repetition is a call of its own",
        "repetitions of one call count together",
        "uses are counted in the order of their starts",
        "a use that is open leaves the next one open",
        "minutes are exact, and open where no end is logged",
        "a share of the calls",
        "two uses are one call",
        "each account has its share",
    ],
)
def test_limits_are_counted_over_the_connections_of_a_case(
    make_rule: MakeRule, values: Values, given: list[Values], expect: dict[str, str]
) -> None:
    rule = make_rule(**values, tests=[{"name": "a", "given": given, "expect": expect}])
    assert messages(rule) == []


def test_a_limit_that_is_over_is_named_as_the_reason(make_rule: MakeRule) -> None:
    tests = [{"name": "a", "given": [{**ABROAD, "id": "c", "minutes": 31}], "expect": {"c": "excused"}}]
    assert messages(make_rule(**fence(minutes_per_call=30), tests=tests)) == [
        (
            "rule.yaml:17:5: tests.1, `a`: `c` is violation, and not excused as expected\n"
            "  hint: exception busy: minutes_per_call is over"
        )
    ]


def test_one_verdict_too_many_among_repetitions_fails_the_case_once(make_rule: MakeRule) -> None:
    given = [{**ABROAD, "id": "c", "call": "k", "repeat": 3}]
    tests = [{"name": "a", "given": given, "expect": {"c": "excused"}}]
    (message,) = messages(make_rule(**fence(connections_per_call=1), tests=tests))
    assert "`c` is violation, and not excused as expected" in message


def test_a_use_that_lasts_until_it_is_one_no_more_is_a_violation(
    make_rule: MakeRule, make_groups: Callable[[Mapping[str, Values]], Groups]
) -> None:
    groups = make_groups({"ADEQUATE": {"members": [{"code": "US", "until": "2026-05-01T00:00:30Z"}]}})
    clause = {"id": "busy", "why": "why", "allow": ["ADEQUATE"], "limits": {"connections_per_call": 1}}
    given = [{**ABROAD, "id": "whole"}, {**ABROAD, "id": "start", "minutes": 0}]
    expect = {"whole": "violation", "start": "excused"}
    rule = make_rule(
        fence={"allow": ["DE"]}, exceptions=[clause], tests=[{"name": "a", "given": given, "expect": expect}]
    )
    facts = Facts.of(RuleSet.of([rule], groups))
    assert list(failures_of(rule, rule.tests[0], facts)) == []
    assert outcome_of(rule, rule.tests[0], facts).connections["whole"][0].spans_change


def test_windows_hold_where_a_case_says_so(make_rule: MakeRule) -> None:
    given = [
        {**ABROAD, "id": "in", "windows": ["w"]},
        {**ABROAD, "id": "out"},
        {**ABROAD, "id": "x", "windows": ["v"]},
    ]
    expect = {"in": "excused", "out": "violation", "x": "violation"}
    tests = [{"name": "a", "given": given, "expect": expect}]
    assert messages(make_rule(**fence(when={"in_window": "w"}), tests=tests)) == []


def test_labels_are_those_that_a_case_gives(make_rule: MakeRule) -> None:
    given = [
        {**ABROAD, "id": "named", "labels": {"cloud": "gov", "other": "x"}},
        {**ABROAD, "id": "other", "labels": {"cloud": "public"}},
        {**ABROAD, "id": "none"},
    ]
    expect = {"named": "violation", "other": "not_applicable", "none": "indeterminate"}
    tests = [{"name": "a", "given": given, "expect": expect}]
    assert messages(make_rule(never={"in": ["US"]}, scope={"labels": {"cloud": ["gov"]}}, tests=tests)) == []


REQUIRE = {"require": {"roles": ["recording"], "in": ["DE"]}}
STORED = {"role": "recording", "relay": ["DE"]}
LOST = {"role": "recording", "relay": ["US"]}


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ([{**STORED, "id": "s"}], {"s": "compliant"}),
        ([{**LOST, "id": "s", "repeat": 2}], {"s": "violation"}),
        ([{**HOME, "id": "m"}], {"m": "indeterminate"}),
        (
            [{**LOST, "id": "l", "call": "k"}, {**STORED, "id": "s", "call": "k"}],
            {"l": "compliant", "s": "compliant", "k": "compliant"},
        ),
        ([{**LOST, "id": "l", "call": "k"}, {**HOME, "id": "m", "call": "k"}], {"k": "violation"}),
        ([{**LOST, "id": "l", "call": "k"}, {**STORED, "id": "s"}], {"k": "violation", "s": "compliant"}),
        ([{**HOME, "id": "m", "call": "k"}], {"k": "indeterminate"}),
    ],
)
def test_the_connections_of_a_call_bear_the_verdict_that_a_requirement_gives_it(
    make_rule: MakeRule, given: list[Values], expect: dict[str, str]
) -> None:
    rule = make_rule(**REQUIRE, tests=[{"name": "a", "given": given, "expect": expect}])
    assert messages(rule) == []


def test_a_call_has_another_verdict_than_expected(make_rule: MakeRule) -> None:
    tests = [{"name": "a", "given": [{**LOST, "id": "l", "call": "k"}], "expect": {"k": "compliant"}}]
    assert messages(make_rule(**REQUIRE, tests=tests)) == [
        "rule.yaml:17:5: tests.1, `a`: call `k` is violation, and not compliant as expected"
    ]


def test_a_call_that_violates_and_is_not_named_fails_at_its_connections(make_rule: MakeRule) -> None:
    tests = [{"name": "a", "given": [{**LOST, "id": "l", "call": "k"}], "expect": {}}]
    (message,) = messages(make_rule(**REQUIRE, tests=tests))
    assert "`l` is a violation that `expect` does not name" in message


@pytest.mark.parametrize(
    ("given", "call"),
    [
        ([{**HOME, "id": "m", "call": "k"}], "indeterminate"),
        (
            [{**HOME, "id": "m", "call": "k"}, {"id": "k2", "role": "keys", "relay": ["DE"], "call": "k"}],
            "compliant",
        ),
        (
            [
                {**HOME, "id": "m", "call": "k"},
                {"id": "k2", "role": "keys", "relay": ["DE"], "call": "k", "use_proved": False},
            ],
            "indeterminate",
        ),
        (
            [{**HOME, "id": "m", "call": "k"}, {"id": "k2", "role": "keys", "relay": ["DE"], "call": "j"}],
            "indeterminate",
        ),
        ([{**HOME, "id": "m", "call": "k", "role": "turn"}], "not_applicable"),
    ],
    ids=["no record", "a record", "perhaps not used", "of another call", "out of scope"],
)
def test_a_call_lacks_the_record_of_a_role_that_must_be_observed(
    make_rule: MakeRule, given: list[Values], call: str
) -> None:
    scope = {"roles": ["media", "keys"], "must_observe": ["keys"]}
    tests = [{"name": "a", "given": given, "expect": {"k": call}}]
    assert messages(make_rule(fence={"allow": ["DE"]}, scope=scope, tests=tests)) == []


def test_a_case_of_very_many_connections_is_counted_whole(make_rule: MakeRule) -> None:
    given = [{**ABROAD, "id": "c", "repeat": 50_000}, {**HOME, "id": "p", "repeat": 50_000}]
    tests = [{"name": "a", "given": given, "expect": {"c": "excused", "p": "compliant"}}]
    assert messages(make_rule(**fence(share_of_calls=SHARE), tests=tests)) == []


def test_what_is_counted_alike_is_counted_once(make_rule: MakeRule) -> None:
    given = [{**ABROAD, "id": "a", "call": "k"}, {**ABROAD, "id": "b", "call": "k"}]
    tests = [{"name": "a", "given": given, "expect": {}}]
    rules = [make_rule(**fence(connections_per_call=limit), tests=tests) for limit in (1, 2, 1)]
    run = CaseRun(rules[0].tests[0])
    found = [run.outcome(rule, Facts.of(RuleSet.of([rule], Groups({})))).connections["b"] for rule in rules]
    assert [one.verdict for (one,) in found] == ["violation", "excused", "violation"]
