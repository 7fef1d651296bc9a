"""The rules that come with the program: their own cases, what those cases cover, and what they catch."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from auditor.errors import Fault
from auditor.model import Role, Verdict
from auditor.ruleset.cases import Given
from auditor.ruleset.groups import Groups
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.periods import periods_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import NeverRule, Rule, place_names
from auditor.ruleset.testing import failures_in

RULESET = load_ruleset([Path(__file__).parents[2] / "rules"])
RULES = pytest.mark.parametrize("rule", RULESET.rules, ids=lambda rule: rule.id)


def cases() -> Iterator[object]:
    for rule in RULESET.rules:
        for case in rule.tests:
            yield pytest.param(rule.model_copy(update={"tests": (case,)}), id=f"{rule.id}: {case.name}")


def failures(rule: Rule, groups: Groups = RULESET.groups) -> list[Fault]:
    """Run a rule's cases, whatever file it came from."""
    file = RULESET.file_of(rule)
    places = tuple(f"case {number}" for number in range(len(rule.tests)))
    moved = type(file)(file.path, file.kind, file.sha256, file.bytes, file.ids, places)
    return failures_in(rule, RuleSet.of([rule], groups, [moved]))


@pytest.mark.parametrize("rule", [*cases()])
def test_each_case_gets_the_verdicts_that_it_expects(rule: Rule) -> None:
    assert failures(rule) == []


def test_these_are_the_rules_that_are_shipped() -> None:
    assert [(rule.id, rule.effect, rule.severity) for rule in RULESET.rules] == [
        ("cn-exclusion", "never", "critical"),
        ("cn-exclusion-account", "never", "critical"),
        ("cn-exclusion-other", "never", "critical"),
        ("eu-home-fence", "fence", "high"),
        ("greater-china-watch", "watch", "low"),
        ("us-home-fence", "fence", "high"),
    ]


@RULES
def test_each_rule_shows_a_violation_compliance_and_doubt(rule: Rule) -> None:
    shown = {verdict for case in rule.tests for verdict in case.expect.values()}
    assert {Verdict.VIOLATION, Verdict.COMPLIANT, Verdict.INDETERMINATE} <= shown


@RULES
def test_each_role_of_a_rule_fires_in_some_case(rule: Rule) -> None:
    fires = (Verdict.VIOLATION, Verdict.INDETERMINATE)  # of an unlabelled relay nothing is proved
    fired = {given.role for given, verdict in expected(rule) if verdict in fires}
    assert set(rule.scope.roles or Role) <= fired


@RULES
def test_cases_stand_on_both_sides_of_each_date(rule: Rule) -> None:
    times = {given.at for given, _ in expected(rule)}
    for date in dates(rule):
        assert {date - timedelta(seconds=1), date} <= times, date


def expected(rule: Rule) -> Iterator[tuple[Given, Verdict]]:
    for case in rule.tests:
        for given in case.given:
            if given.id in case.expect:
                yield given, case.expect[given.id]


def dates(rule: Rule) -> set[datetime]:
    """Collect the dates of a rule, and those of its groups within its time."""
    named = [name for names in place_names(rule) for name in RULESET.groups.included(names)]
    members = [member for name in named for member in RULESET.groups.by_id[name].members]
    found = {
        at for member in members for at in (member.from_, member.until) if at and rule.in_force.covers(at)
    }
    return found | {at for at in (rule.in_force.from_, rule.in_force.until) if at}


def without_role(rule: Rule) -> Iterator[Rule]:
    roles = rule.scope.roles or ()
    for dropped in roles:
        kept = tuple(role for role in roles if role is not dropped)
        if kept and dropped is not Role.UNKNOWN:  # without it, an unlabelled relay is as open as before
            yield rule.model_copy(update={"scope": rule.scope.model_copy(update={"roles": kept})})


def without_filter(rule: Rule) -> Iterator[Rule]:
    for key in ("home_region", "participant", "roles"):
        if getattr(rule.scope, key) is not None:
            yield rule.model_copy(update={"scope": rule.scope.model_copy(update={key: None})})


def with_start_moved(rule: Rule) -> Iterator[Rule]:
    for moved in (timedelta(seconds=-1), timedelta(seconds=1)):
        force = rule.in_force.model_copy(update={"from_": rule.in_force.from_ + moved})
        yield rule.model_copy(update={"in_force": force})


def with_wider_body(rule: Rule) -> Iterator[Rule]:
    body = getattr(rule, rule.effect)
    for field in ("allow", "in_"):
        names = getattr(body, field, None)
        if names:
            wider = body.model_copy(update={field: (*names, "GB", "HK", "PR", "JP")})
            yield rule.model_copy(update={rule.effect.value: wider})


@RULES
@pytest.mark.parametrize("mutate", [without_role, without_filter, with_start_moved, with_wider_body])
def test_a_rule_that_was_changed_fails_its_cases(
    mutate: Callable[[Rule], Iterator[Rule]], rule: Rule
) -> None:
    for mutant in mutate(rule):
        assert failures(mutant), mutant


def groups_without_a_date(rule: Rule) -> Iterator[Groups]:
    for name in {name for names in place_names(rule) for name in RULESET.groups.included(names)}:
        group = RULESET.groups.by_id[name]
        for index, key in product(range(len(group.members)), ("from_", "until")):
            date = getattr(group.members[index], key)
            if not date or not rule.in_force.covers(date):
                continue
            members = list(group.members)
            members[index] = members[index].model_copy(update={key: None})
            yield Groups({**RULESET.groups.by_id, name: group.model_copy(update={"members": tuple(members)})})


@RULES
def test_a_rule_whose_groups_lost_a_date_fails_its_cases(rule: Rule) -> None:
    for groups in groups_without_a_date(rule):
        alters_nothing = periods_of([rule], groups) == periods_of([rule], RULESET.groups)
        assert alters_nothing or failures(rule, groups)


def test_the_china_of_another_law_fails_the_cases_of_the_exclusions() -> None:
    for rule in RULESET.rules:
        if isinstance(rule, NeverRule):
            swapped = rule.model_copy(update={"never": rule.never.model_copy(update={"in_": ("CN_US_DSP",)})})
            assert failures(swapped), rule.id
