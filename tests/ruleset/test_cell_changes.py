"""Where two rules differ: every cell that changed is told, and no other."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings

from auditor.model import Role, Verdict
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Cell, Subject, table_of
from auditor.ruleset.tables.cell_changes import Change, Comparison
from auditor.ruleset.tables.coordinates import condition_coordinates, scope_coordinates
from auditor.ruleset.tables.gathering import Row
from auditor.ruleset.tables.spread import Said
from tests.ruleset.random_rules import GROUPS, RULES, Values

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]


def _coordinates(cell: Cell) -> dict[str, object]:
    """Name the coordinates of a cell, independently of how tables are laid out."""
    return {
        "home region": cell.home_region,
        "account": cell.account,
        **{f"label {key}": value for key, value in cell.labels},
        "participant": cell.participant,
        "role": cell.role,
        "relay": cell.relay,
        "tier": cell.tier,
        "attempt": cell.attempt,
        "failed primaries": cell.failed_primaries,
        "selection reason": cell.selection_reason,
        **{f"window {name}": name in cell.windows for name in ("eu-congestion", "us-congestion")},
    }


def _told(cell: Cell, lasting: list[tuple[Row[Change], tuple[datetime, ...]]]) -> list[Change]:
    where = _coordinates(cell)
    return [
        row.label
        for row, instants in lasting
        if cell.at in instants and all(where[name] in values for name, values in row.where)
    ]


@settings(max_examples=25)
@given(was=RULES, becomes=RULES)
def test_every_cell_that_changed_is_told_once_and_no_other(
    make_rule: MakeRule, make_groups: MakeGroups, was: Values, becomes: Values
) -> None:
    old, new = (
        Subject(rule, RuleSet.of([rule], make_groups(GROUPS)))
        for rule in (make_rule(**was), make_rule(**becomes))
    )
    comparison = Comparison.of(old, new)
    lasting = comparison.lasting()
    before, after = (table_of(subject, comparison.axes) for subject in (old, new))
    names = {*scope_coordinates(comparison.axes), *condition_coordinates(comparison.axes)}
    assert {name for row, _ in lasting for name, _ in row.where} <= names
    scopes = [subject.rule.scope.roles for subject in (old, new)]
    left_out = all(roles is not None and Role.UNKNOWN not in roles for roles in scopes)
    for cell, decision in before.items():
        if left_out and cell.role is Role.UNKNOWN:
            continue
        change = Change(Said.of(decision), Said.of(after[cell]))
        told = _told(cell, lasting)
        if change.was != change.becomes:
            assert told == [change]
        elif {change.was.verdict, change.becomes.verdict} != {Verdict.NOT_APPLICABLE}:
            assert told == []


@pytest.mark.parametrize(
    ("was", "becomes", "sentences"),
    [
        ({"allow": ["US"]}, {"allow": ["US"]}, []),
        ({"allow": ["US"]}, {"allow": ["US", "CA"]}, ["from 1 January 2020: CA: violation → compliant"]),
        (
            {"allow": ["US"]},
            {"forbid": ["CN"]},
            ["from 1 January 2020: elsewhere: violation → compliant"],
        ),
        (
            {"allow": ["US"]},
            {"forbid": ["US"]},
            [
                "from 1 January 2020: US: compliant → violation",
                "from 1 January 2020: elsewhere: violation → compliant",
            ],
        ),
    ],
)
def test_a_fence_that_changes_is_told_by_its_places(
    make_rule: MakeRule, was: Values, becomes: Values, sentences: list[str]
) -> None:
    assert _sentences({"fence": was}, {"fence": becomes}, make_rule) == sentences


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        (
            {"roles": ["media"]},
            {"roles": ["media", "keys"]},
            "from 1 January 2020: US, keys: not_applicable → compliant",
        ),
        (
            {"home_region": ["EU"]},
            {"home_region": ["EU", "US"]},
            "from 1 January 2020: US, home region US: not_applicable → compliant",
        ),
        (
            {"home_region": ["EU"]},
            {},
            "from 1 January 2020: US, home region other than EU: not_applicable → compliant",
        ),
        (
            {"accounts": ["a"]},
            {"accounts": ["a", "b", "c"]},
            "from 1 January 2020: US, account b or c: not_applicable → compliant",
        ),
        (
            {"labels": {"cloud": ["gov"]}},
            {"labels": {"cloud": ["gov", "com"]}},
            "from 1 January 2020: US, label cloud com: not_applicable → compliant",
        ),
        (
            {"participant": {"in": ["DE"]}},
            {"participant": {"in": ["DE", "FR"]}},
            "from 1 January 2020: US, participant in FR: not_applicable → compliant",
        ),
        (
            {"participant": {"in": ["DE"]}},
            {},
            "from 1 January 2020: US, participant elsewhere: not_applicable → compliant",
        ),
    ],
)
def test_a_scope_that_changes_is_told_by_whom_it_is_about(
    make_rule: MakeRule, was: Values, becomes: Values, sentence: str
) -> None:
    fence = {"fence": {"allow": ["US"]}}
    sentences = _sentences({**fence, "scope": was}, {**fence, "scope": becomes}, make_rule)
    assert sentence in sentences
    assert len(sentences) == 2  # inside, and outside


def test_what_is_in_scope_before_and_after_goes_without_saying(make_rule: MakeRule) -> None:
    scope = {"home_region": ["EU"], "accounts": ["a"], "participant": {"in": ["DE"]}, "roles": ["media"]}
    was, becomes = ({"fence": {"allow": allow}, "scope": scope} for allow in (["US"], ["US", "CA"]))
    assert _sentences(was, becomes, make_rule) == ["from 1 January 2020: CA, media: violation → compliant"]


def test_conditions_are_told_where_an_exception_asks_them(make_rule: MakeRule) -> None:
    def fence(**when: object) -> Values:
        exception = {"id": "e", "why": "x", "allow": ["GB"], "when": when}
        return {"fence": {"allow": ["DE"]}, "exceptions": [exception], "scope": {"roles": ["media"]}}

    was, becomes = fence(tier=["fallback"], attempt_min=3), fence(tier=["fallback"], attempt_min=2)
    assert _sentences(was, becomes, make_rule) == [
        "from 1 January 2020: GB, media, fallback, attempt 2: violation → excused (e)"
    ]
    was, becomes = (
        fence(in_window="one", selection_reason=["x"]),
        fence(in_window="two", selection_reason=["x"]),
    )
    assert _sentences(was, becomes, make_rule) == [
        (
            "from 1 January 2020: GB, media, selection reason x, outside window one, in window two: "
            "violation → excused (e)"
        ),
        (
            "from 1 January 2020: GB, media, selection reason x, in window one, outside window two: "
            "excused (e) → violation"
        ),
    ]


def test_a_later_start_is_told_by_the_time_between(make_rule: MakeRule) -> None:
    was, becomes = (
        {"watch": {"in": ["CN"]}, "in_force": {"from": f"2020-0{month}-01T00:00:00Z"}} for month in (1, 2)
    )
    assert _sentences(was, becomes, make_rule) == [
        "from 1 January 2020 until 1 February 2020: CN: violation → not_applicable",
        "from 1 January 2020 until 1 February 2020: elsewhere: compliant → not_applicable",
    ]


def test_of_many_accounts_some_are_named(make_rule: MakeRule) -> None:
    def of(*accounts: str) -> Values:
        return {"never": {"in": ["CN"]}, "scope": {"accounts": list(accounts)}}

    assert _sentences(of("z"), of(*"abcdefghz"), make_rule) == [
        "from 1 January 2020: CN, account a, b, c, d, e, f or 2 more: not_applicable → violation",
        "from 1 January 2020: elsewhere, account a, b, c, d, e, f or 2 more: not_applicable → compliant",
    ]


def test_what_lasts_longer_is_told_once(make_rule: MakeRule, make_groups: MakeGroups) -> None:
    old, new = (
        Subject(rule, RuleSet.of([rule], make_groups({"G": {"members": members}})))
        for rule, members in (
            (make_rule(fence={"allow": ["G"]}), [{"code": "DE"}]),
            (
                make_rule(fence={"allow": ["G"]}),
                [{"code": "DE"}, {"code": "FR"}, {"code": "IT", "from": "2022-01-01T00:00:00Z"}],
            ),
        )
    )
    assert list(Comparison.of(old, new).sentences()) == [
        "from 1 January 2020: FR: violation → compliant",
        "from 1 January 2022: IT: violation → compliant",
    ]


def test_the_unknown_role_is_told_where_a_rule_names_it(make_rule: MakeRule) -> None:
    was, becomes = (
        {"never": {"in": ["CN"]}, "scope": {"roles": roles}} for roles in (["media"], ["media", "unknown"])
    )
    assert _sentences(was, becomes, make_rule) == []
    was, becomes = (
        {"never": {"in": codes}, "scope": {"roles": ["unknown"]}} for codes in (["CN"], ["CN", "HK"])
    )
    assert _sentences(was, becomes, make_rule) == [
        "from 1 January 2020: HK, unknown: compliant → indeterminate"
    ]


def test_a_rule_for_every_role_is_more_than_one_for_all_that_have_names(make_rule: MakeRule) -> None:
    named = [str(role) for role in Role if role is not Role.UNKNOWN]
    was, becomes = {"never": {"in": ["CN"]}, "scope": {"roles": named}}, {"never": {"in": ["CN"]}}
    assert _sentences(was, becomes, make_rule) == [
        "from 1 January 2020: CN, unknown: indeterminate → violation"
    ]


def _sentences(was: Values, becomes: Values, make_rule: MakeRule) -> list[str]:
    old, new = (
        Subject(rule, RuleSet.of([rule], Groups({}))) for rule in (make_rule(**was), make_rule(**becomes))
    )
    return list(Comparison.of(old, new).sentences())
