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
from auditor.ruleset.tables.cell_changes import Comparison
from auditor.ruleset.tables.change_words import Change
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
        (
            {"allow": ["US"]},
            {"allow": ["US", "CA"]},
            [("From 1 January 2020: A relay in CA: was a violation, now complies.")],
        ),
        (
            {"allow": ["US"]},
            {"forbid": ["CN"]},
            ["From 1 January 2020: A relay elsewhere: was a violation, now complies."],
        ),
        (
            {"allow": ["US"]},
            {"forbid": ["US"]},
            [
                "From 1 January 2020: A relay in US: complied, now is a violation.",
                "From 1 January 2020: A relay elsewhere: was a violation, now complies.",
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
            "From 1 January 2020: A relay in US in the role keys: was not applicable, now complies.",
        ),
        (
            {"home_region": ["EU"]},
            {"home_region": ["EU", "US"]},
            (
                "From 1 January 2020: A relay in US, of accounts with the home region US: "
                "was not applicable, now complies."
            ),
        ),
        (
            {"home_region": ["EU"]},
            {},
            (
                "From 1 January 2020: A relay in US, of accounts with a home region other than EU: "
                "was not applicable, now complies."
            ),
        ),
        (
            {"accounts": ["a"]},
            {"accounts": ["a", "b", "c"]},
            "From 1 January 2020: A relay in US, of the account b or c: was not applicable, now complies.",
        ),
        (
            {"labels": {"cloud": ["gov"]}},
            {"labels": {"cloud": ["gov", "com"]}},
            "From 1 January 2020: A relay in US, with the label cloud com: was not applicable, now complies.",
        ),
        (
            {"participant": {"in": ["DE"]}},
            {"participant": {"in": ["DE", "FR"]}},
            "From 1 January 2020: A relay in US, with a participant in FR: was not applicable, now complies.",
        ),
        (
            {"participant": {"in": ["DE"]}},
            {},
            (
                "From 1 January 2020: A relay in US, with a participant elsewhere: "
                "was not applicable, now complies."
            ),
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
    assert _sentences(was, becomes, make_rule) == [
        ("From 1 January 2020: A relay in CA in the role media: was a violation, now complies.")
    ]


def test_conditions_are_told_where_an_exception_asks_them(make_rule: MakeRule) -> None:
    def fence(**when: object) -> Values:
        exception = {"id": "e", "why": "x", "allow": ["GB"], "when": when}
        return {"fence": {"allow": ["DE"]}, "exceptions": [exception], "scope": {"roles": ["media"]}}

    was, becomes = fence(tier=["fallback"], attempt_min=3), fence(tier=["fallback"], attempt_min=2)
    assert _sentences(was, becomes, make_rule) == [
        (
            "From 1 January 2020: A relay in GB in the role media, chosen as a fallback relay at attempt 2: "
            "was a violation, now is excused (e)."
        )
    ]
    was, becomes = (
        fence(in_window="one", selection_reason=["x"]),
        fence(in_window="two", selection_reason=["x"]),
    )
    assert _sentences(was, becomes, make_rule) == [
        (
            "From 1 January 2020: A relay in GB in the role media, with selection reason x, "
            "outside window one, in window two: was a violation, now is excused (e)."
        ),
        (
            "From 1 January 2020: A relay in GB in the role media, with selection reason x, "
            "in window one, outside window two: was excused (e), now is a violation."
        ),
    ]


def test_a_later_start_is_told_by_the_time_between(make_rule: MakeRule) -> None:
    was, becomes = (
        {"watch": {"in": ["CN"]}, "in_force": {"from": f"2020-0{month}-01T00:00:00Z"}} for month in (1, 2)
    )
    assert _sentences(was, becomes, make_rule) == [
        "From 1 January 2020 until 1 February 2020: A relay in CN: was noted, now is not applicable.",
        "From 1 January 2020 until 1 February 2020: A relay elsewhere: complied, now is not applicable.",
    ]


def test_what_lasts_as_long_is_told_under_one_heading(make_rule: MakeRule) -> None:
    old, new = (
        Subject(rule, RuleSet.of([rule], Groups({})))
        for rule in (make_rule(fence={"allow": ["US"]}), make_rule(fence={"allow": ["CA"]}))
    )
    (period,) = Comparison.of(old, new).periods({"US": "America", "CA": "Canada"}.__getitem__)
    assert (period.heading, period.sentences) == (
        "From 1 January 2020",
        (
            "A relay in America: complied, now is a violation.",
            "A relay in Canada: was a violation, now complies.",
        ),
    )


def test_of_a_rule_about_calls_the_call_is_told(make_rule: MakeRule) -> None:
    was, becomes = (
        {"require": {"roles": ["recording"], "in": codes}, "scope": {"roles": ["media"]}}
        for codes in (["RU"], ["RU", "BY"])
    )
    assert _sentences(was, becomes, make_rule) == [
        (
            "From 1 January 2020: A call in scope, with a relay in BY in the role recording: "
            "was a violation, now complies."
        )
    ]


def test_how_a_relay_was_chosen_is_told_in_one_breath(make_rule: MakeRule) -> None:
    exception = {
        "id": "e",
        "why": "x",
        "allow": ["GB"],
        "when": {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "w"},
    }
    fence = {"fence": {"allow": ["DE"]}, "scope": {"accounts": ["a"]}}
    assert _sentences(fence, {**fence, "exceptions": [exception]}, make_rule) == [
        (
            "From 1 January 2020: A relay in GB, chosen as a fallback relay after 2 or more failed "
            "primaries, in window w: was a violation, now is excused (e)."
        )
    ]


def test_what_a_watch_counts_is_noted(make_rule: MakeRule) -> None:
    was, becomes = (
        {"watch": {"in": codes}, "scope": {"roles": ["unknown"]}} for codes in (["CN"], ["CN", "HK"])
    )
    assert _sentences(was, becomes, make_rule) == [
        "From 1 January 2020: A relay in HK in the role unknown: complied, now is perhaps noted."
    ]


def test_of_many_accounts_some_are_named(make_rule: MakeRule) -> None:
    def of(*accounts: str) -> Values:
        return {"never": {"in": ["CN"]}, "scope": {"accounts": list(accounts)}}

    assert _sentences(of("z"), of(*"abcdefghz"), make_rule) == [
        (
            "From 1 January 2020: A relay in CN, of the account a, b, c, d, e, f or 2 more: "
            "was not applicable, now is a violation."
        ),
        (
            "From 1 January 2020: A relay elsewhere, of the account a, b, c, d, e, f or 2 more: "
            "was not applicable, now complies."
        ),
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
    assert _told_of(Comparison.of(old, new)) == [
        "From 1 January 2020: A relay in FR: was a violation, now complies.",
        "From 1 January 2022: A relay in IT: was a violation, now complies.",
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
        "From 1 January 2020: A relay in HK in the role unknown: complied, now is indeterminate."
    ]


def test_a_rule_for_every_role_is_more_than_one_for_all_that_have_names(make_rule: MakeRule) -> None:
    named = [str(role) for role in Role if role is not Role.UNKNOWN]
    was, becomes = {"never": {"in": ["CN"]}, "scope": {"roles": named}}, {"never": {"in": ["CN"]}}
    assert _sentences(was, becomes, make_rule) == [
        "From 1 January 2020: A relay in CN in the role unknown: was indeterminate, now is a violation."
    ]


def _sentences(was: Values, becomes: Values, make_rule: MakeRule) -> list[str]:
    old, new = (
        Subject(rule, RuleSet.of([rule], Groups({}))) for rule in (make_rule(**was), make_rule(**becomes))
    )
    return _told_of(Comparison.of(old, new))


def _told_of(comparison: Comparison) -> list[str]:
    return [
        f"{period.heading}: {sentence}" for period in comparison.periods() for sentence in period.sentences
    ]
