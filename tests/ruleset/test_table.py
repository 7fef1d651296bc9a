"""Decision tables: they say what the evaluator says of every connection of which all is known."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import RuleSetError
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.cases import Given
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import NOT_NAMED, Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.table import Axes, Cell, Subject, axes_of, table_of
from auditor.ruleset.testing import situation_in
from auditor.ruleset.verdicts import LimitKind, LimitStatus
from auditor.ruleset.wholecall import call_facts, judge_call
from tests.ruleset.random_rules import CONNECTIONS, GROUPS, RULES, Values

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]
Value = TypeVar("Value")


def _of_class(value: int, classes: tuple[int, ...]) -> int:
    return max(least for least in classes if least <= value)


def _first(value: Value, groups: Mapping[Value, tuple[Value, ...]]) -> Value | None:
    return next((first for first, alike in groups.items() if value in alike), None)


def cell_of(connection: Given, axes: Axes) -> Cell:
    """Find the cell that stands for a connection, by the axes alone."""
    windows = frozenset(connection.windows) & frozenset().union(*axes.windows)
    return Cell(
        at=max(at for at in axes.instants if at <= connection.at),
        role=_first(connection.role, axes.roles) or Role.UNKNOWN,
        home_region=connection.home_region if connection.home_region in axes.home_regions else NOT_NAMED,
        account=_first(connection.account, axes.accounts) or NOT_NAMED,
        labels=tuple(
            (key, value if (value := connection.labels[key]) in values else NOT_NAMED)
            for key, values in axes.labels.items()
        ),
        participant=_first(connection.participant[0], axes.participants) or "",
        tier=connection.tier if connection.tier in axes.tiers else None,
        attempt=_of_class(connection.attempt or 1, axes.attempts),
        failed_primaries=_of_class(connection.failed_primaries or 0, axes.failed_primaries),
        selection_reason=connection.selection_reason
        if connection.selection_reason in axes.selection_reasons
        else NOT_NAMED,
        windows=windows,
        relay=_first(connection.relay[0], axes.relays) or "",
    )


def _judged(rule: Rule, connection: Given, facts: Facts) -> Verdict:
    situation = situation_in(connection, facts)
    if isinstance(rule, RequireRule):
        return judge_call(rule, call_facts(rule, situation, facts)).verdict
    within = dict.fromkeys(LimitKind, LimitStatus.WITHIN)
    return judge(rule, situation, facts, counted=dict.fromkeys(range(len(clauses_of(rule))), within)).verdict


@settings(max_examples=60)
@given(values=RULES, connection=CONNECTIONS)
def test_a_table_says_of_each_connection_what_the_evaluator_says(
    make_rule: MakeRule, make_groups: MakeGroups, values: Values, connection: Given
) -> None:
    rule = make_rule(**values)
    subject = Subject(rule, RuleSet.of([rule], make_groups(GROUPS)))
    axes = axes_of([subject])
    assert table_of(subject, axes)[cell_of(connection, axes)].verdict is _judged(
        rule, connection, subject.facts()
    )


@settings(max_examples=30)
@given(both=st.tuples(RULES, RULES), connection=CONNECTIONS)
def test_it_says_so_on_the_axes_of_two_rules_too(
    make_rule: MakeRule, make_groups: MakeGroups, both: tuple[Values, Values], connection: Given
) -> None:
    rules = [make_rule(**values) for values in both]
    subjects = [Subject(rule, RuleSet.of([rule], make_groups(GROUPS))) for rule in rules]
    axes = axes_of(subjects)
    for subject in subjects:
        decision = table_of(subject, axes)[cell_of(connection, axes)]
        assert decision.verdict is _judged(subject.rule, connection, subject.facts())


@settings(max_examples=20)
@given(values=RULES)
def test_a_rule_and_its_copy_have_equal_tables(
    make_rule: MakeRule, make_groups: MakeGroups, values: Values
) -> None:
    rule = make_rule(**values)
    copy = make_rule(**values, id="copy", title="Another title", version="2.0.0")
    subjects = [Subject(one, RuleSet.of([one], make_groups(GROUPS))) for one in (rule, copy)]
    axes = axes_of(subjects)
    assert table_of(subjects[0], axes) == table_of(subjects[1], axes)


def test_a_later_start_changes_exactly_the_cells_between(make_rule: MakeRule) -> None:
    early, late = (
        make_rule(fence={"allow": ["US"]}, in_force={"from": f"2020-0{month}-01T00:00:00Z"})
        for month in (1, 2)
    )
    subjects = [Subject(rule, RuleSet.of([rule], Groups({}))) for rule in (early, late)]
    axes = axes_of(subjects)
    was, becomes = (table_of(subject, axes) for subject in subjects)
    january = datetime(2020, 1, 1, tzinfo=UTC)
    assert {cell for cell in was if was[cell] != becomes[cell]} == {
        cell for cell in was if cell.at == january
    }
    assert {becomes[cell].verdict for cell in becomes if cell.at == january} == {Verdict.NOT_APPLICABLE}


def test_a_cell_tells_which_exception_excuses_it(make_rule: MakeRule) -> None:
    exceptions = [
        {"id": "first", "why": "x", "allow": ["GB"], "when": {"tier": ["fallback"]}},
        {"id": "second", "why": "x", "allow": ["GB"]},
    ]
    rule = make_rule(fence={"allow": ["US"]}, exceptions=exceptions, scope={"roles": ["media"]})
    table = table_of(Subject(rule, RuleSet.of([rule], Groups({}))))
    excused = {
        (cell.tier, decision.clause.id)
        for cell, decision in table.items()
        if decision.clause and cell.relay == "GB" and cell.role is Role.MEDIA
    }
    assert excused == {(Tier.FALLBACK, "first"), (Tier.PRIMARY, "second")}


def test_where_the_role_is_unknown_an_exception_for_some_roles_does_not_excuse(make_rule: MakeRule) -> None:
    exception = {"id": "some", "why": "x", "allow": ["GB"], "roles": ["media"]}
    rule = make_rule(fence={"allow": ["US"]}, exceptions=[exception])
    table = table_of(Subject(rule, RuleSet.of([rule], Groups({}))))
    said = {
        cell.role: decision.verdict
        for cell, decision in table.items()
        if cell.relay == "GB" and cell.at.year == 2020
    }
    assert said == {
        Role.MEDIA: Verdict.EXCUSED,
        Role.TURN: Verdict.VIOLATION,
        Role.UNKNOWN: Verdict.INDETERMINATE,
    }


def test_accounts_that_no_rule_tells_apart_stand_together(make_rule: MakeRule) -> None:
    both = [
        make_rule(never={"in": ["CN"]}, scope={"accounts": names}) for names in (["a", "b"], ["a", "b", "c"])
    ]
    axes = axes_of([Subject(rule, RuleSet.of([rule], Groups({}))) for rule in both])
    assert axes.accounts == {"a": ("a", "b"), "c": ("c",), NOT_NAMED: (NOT_NAMED,)}


@pytest.mark.parametrize(("windows", "attempts"), [(20, 0), (12, 20)])
def test_a_table_that_nobody_could_read_is_refused(make_rule: MakeRule, windows: int, attempts: int) -> None:
    whens: list[Values] = [{"in_window": f"w{number}"} for number in range(windows)]
    whens += [{"attempt_min": number + 2} for number in range(attempts)]
    exceptions = [
        {"id": f"e{number}", "why": "x", "allow": ["GB"], "when": when} for number, when in enumerate(whens)
    ]
    rule = make_rule(fence={"allow": ["US"]}, exceptions=exceptions)
    with pytest.raises(
        RuleSetError, match=r"rule: the decision table has .* cells or more, and at most 500,000"
    ):
        table_of(Subject(rule, RuleSet.of([rule], Groups({}))))


def test_a_table_has_as_many_cells_as_its_axes_say(make_rule: MakeRule) -> None:
    rule = make_rule(fence={"allow": ["US"]}, scope={"labels": {"cloud": ["gov"], "plan": ["free"]}})
    subject = Subject(rule, RuleSet.of([rule], Groups({})))
    assert len(table_of(subject)) == len(axes_of([subject])) == 2 * 2 * 2 * 2 * 2
