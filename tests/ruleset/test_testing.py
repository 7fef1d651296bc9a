"""Cases inside rule files: what passes, and what a person reads when one fails."""

from collections.abc import Callable
from typing import Any

import pytest

from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet, RulesFile
from auditor.ruleset.schema import Rule
from auditor.ruleset.testing import failures_in

MakeRule = Callable[..., Rule]

SURE = {"id": "c", "role": "media", "home_region": "EU", "relay": ["CN"]}


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
