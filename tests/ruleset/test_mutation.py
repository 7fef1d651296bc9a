"""Mutants of rules: each mistake is made, and a fitting case, which is suggested, catches it."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.ruleset.cases import Case
from auditor.ruleset.groups import Groups
from auditor.ruleset.mutants.catching import case_against
from auditor.ruleset.mutants.edits import edits_of
from auditor.ruleset.mutants.mutation import Bench, Mutant, alters, mutants_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from tests.ruleset.whole_rules import AGAIN, CLAUSE, FENCE, FORBID, GROUPS, NEVER, REQUIRE, SCOPE, WATCH, WHOM

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Mapping[str, Any]]], Groups]

LISTS = {
    "fence": {"allow": ["DE"]},
    "scope": {"accounts": ["a-1", "a-2"], "labels": {"plan": ["paid", "free"], "cloud": ["gov"]}},
    "exceptions": [
        {
            "id": "again",
            "why": "calls go on",
            "when": {"tier": ["primary", "fallback"], "selection_reason": ["congestion", "failure"]},
            "allow": ["US"],
        }
    ],
}
MADE = [
    (SCOPE, "scope.roles: drop keys"),
    (SCOPE, "scope.roles: removed"),
    (SCOPE, "scope.home_region: drop CH"),
    (SCOPE, "scope.home_region: removed"),
    (FORBID, "scope.home_region.not_in: drop RU"),
    (WHOM, "scope.accounts: removed"),
    (SCOPE, "scope.participant: removed"),
    (SCOPE, "scope.participant.not_in: CN_US_DSP for CN_MAINLAND"),
    (SCOPE, "scope.participant.not_in: add TW"),
    (WHOM, "scope.labels.cloud: removed"),
    (WHOM, "scope.labels.plan: removed"),
    (SCOPE, "scope.must_observe: drop keys"),
    (SCOPE, "scope.must_observe: drop media"),
    (SCOPE, "fence.allow: drop DE"),
    (SCOPE, "fence.allow: drop DATED"),
    (SCOPE, "fence.allow: add CN_US_DSP"),
    (SCOPE, "fence.allow: add IN"),
    (FENCE, "exceptions.busy: removed"),
    (FENCE, "exceptions.busy.roles: drop signaling"),
    (FENCE, "exceptions.busy.roles: removed"),
    (FENCE, "exceptions.busy.allow: drop US"),
    (FENCE, "exceptions.busy.allow: add HK"),
    (FENCE, "exceptions.busy.when.tier: removed"),
    (AGAIN, "exceptions.again.when.attempt_min: removed"),
    (AGAIN, "exceptions.again.when.attempt_min: 1 more"),
    (AGAIN, "exceptions.again.when.attempt_min: 1 less"),
    (FENCE, "exceptions.busy.when.failed_primaries_min: removed"),
    (FENCE, "exceptions.busy.when.failed_primaries_min: 1 more"),
    (FENCE, "exceptions.busy.when.failed_primaries_min: 1 less"),
    (AGAIN, "exceptions.again.when.selection_reason: removed"),
    (FENCE, "exceptions.busy.when.in_window: removed"),
    (FENCE, "exceptions.busy.limits.connections_per_call: removed"),
    (FENCE, "exceptions.busy.limits.connections_per_call: 1 more"),
    (FENCE, "exceptions.busy.limits.connections_per_call: 1 less"),
    (FENCE, "exceptions.busy.limits.minutes_per_call: removed"),
    (FENCE, "exceptions.busy.limits.minutes_per_call: x1/2"),
    (FENCE, "exceptions.busy.limits.minutes_per_call: x2"),
    (FENCE, "exceptions.busy.limits.share_of_calls: removed"),
    (FENCE, "exceptions.busy.limits.share_of_calls: x1/2"),
    (FENCE, "exceptions.busy.limits.share_of_calls: x2"),
    (FENCE, "exceptions.busy.overflow: all"),
    (SCOPE, "in_force.from: 1 second earlier"),
    (SCOPE, "in_force.from: 1 second later"),
    (SCOPE, "in_force.until: 1 second earlier"),
    (SCOPE, "in_force.until: 1 second later"),
    (SCOPE, "in_force.until: removed"),
    (SCOPE, "groups.DATED.members.NO.from: 1 second earlier"),
    (SCOPE, "groups.DATED.members.NO.from: 1 second later"),
    (SCOPE, "groups.DATED.members.NO.from: removed"),
    (SCOPE, "groups.ENDING.members.GB.until: 1 second earlier"),
    (SCOPE, "groups.ENDING.members.GB.until: 1 second later"),
    (SCOPE, "groups.ENDING.members.GB.until: removed"),
    (FORBID, "fence.forbid: drop RU"),
    (FORBID, "fence.forbid: add DE"),
    (NEVER, "never.in: CN_US_DSP for CN_MAINLAND"),
    (NEVER, "never.in: add TW"),
    (REQUIRE, "require.roles: drop storage"),
    (REQUIRE, "require.in: CN_MAINLAND for CN_US_DSP"),
    (REQUIRE, "scope.participant.in: add US"),
    (WATCH, "watch.in: drop RU"),
    (LISTS, "scope.accounts: drop a-2"),
    (LISTS, "scope.labels.plan: drop free"),
    (LISTS, "exceptions.again.when.tier: drop fallback"),
    (LISTS, "exceptions.again.when.selection_reason: drop failure"),
]


@pytest.fixture
def subject(make_rule: MakeRule, make_groups: MakeGroups) -> Callable[[Mapping[str, Any]], Subject]:
    groups = make_groups(GROUPS)
    return lambda values: Subject(make_rule(**values), RuleSet.of([], groups))


MakeSubject = Callable[[Mapping[str, Any]], Subject]


def mutant_of(subject: Subject, name: str) -> Mutant:
    return {mutant.name: mutant for mutant in mutants_of(subject)}[name]


@pytest.mark.parametrize(("values", "name"), MADE, ids=[name for _, name in MADE])
def test_each_mistake_is_made_and_the_case_suggested_for_it_catches_it(
    subject: MakeSubject, values: Mapping[str, Any], name: str
) -> None:
    original = subject(values)
    mutant = mutant_of(original, name)
    assert alters(mutant.subject, original)
    assert Bench(original.rule.tests).catcher_of(mutant.subject) is None
    suggestion = case_against(mutant.subject, original, ())
    assert suggestion is not None
    bench = Bench([suggestion.case])
    assert bench.catcher_of(original) is None
    assert bench.catcher_of(mutant.subject) == suggestion.case


LIMITS = [
    {"connections_per_call": 2},
    {"minutes_per_call": 30},
    {"share_of_calls": {"max": 0.1, "per": "account", "over": "day"}},
    {"connections_per_call": 1, "share_of_calls": {"max": 0.1, "per": "account", "over": "day"}},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("change", ["add IN", "drop US"])
def test_which_of_two_like_exceptions_counts_a_use_is_shown_by_filling_one(
    subject: MakeSubject, limits: Mapping[str, Any], change: str
) -> None:
    one = {**CLAUSE, "when": {}, "roles": ["media"], "limits": limits}
    clauses = [{**one, "id": "one", "allow": ["US", "GB"]}, {**one, "id": "two", "allow": ["IN", "US"]}]
    original = subject({"fence": {"allow": ["DE"]}, "scope": {"roles": ["media"]}, "exceptions": clauses})
    mutant = mutant_of(original, f"exceptions.one.allow: {change}")
    suggestion = case_against(mutant.subject, original, ())
    assert suggestion is not None
    assert Bench([suggestion.case]).catcher_of(mutant.subject) == suggestion.case


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (SCOPE, "fence.allow: add EMPTY"),
        ({**FENCE, "scope": {"roles": CLAUSE["roles"]}}, "exceptions.busy.roles: removed"),
        ({**FENCE, "fence": {"allow": ["DE", "US"]}}, "exceptions.busy.allow: drop US"),
        (SCOPE, "scope.participant.not_in: add EQUAL"),
        (SCOPE, "scope.participant.not_in: add CN"),
        (NEVER, "never.in: add EQUAL"),
        ({"fence": {"allow": ["DE"]}, "scope": {"roles": ["media", "unknown"]}}, "scope.roles: drop unknown"),
        (
            {"fence": {"allow": ["DATED"]}, "in_force": {"from": "2024-01-01T00:00:00Z"}},
            "groups.DATED.members.NO.from: 1 second later",
        ),
    ],
)
def test_a_change_that_alters_nothing_makes_no_mutant(
    subject: MakeSubject, values: Mapping[str, Any], name: str
) -> None:
    original = subject(values)
    assert not alters(mutant_of(original, name).subject, original)


@pytest.mark.parametrize("values", [AGAIN, FENCE, LISTS, SCOPE, WHOM, NEVER, FORBID, REQUIRE])
def test_mutants_have_names_of_their_own(subject: MakeSubject, values: Mapping[str, Any]) -> None:
    names = [mutant.name for mutant in mutants_of(subject(values))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("values", [AGAIN, FENCE, LISTS, SCOPE, WHOM, NEVER, FORBID, REQUIRE])
def test_a_mutant_keeps_all_that_is_not_changed(subject: MakeSubject, values: Mapping[str, Any]) -> None:
    original = subject(values)
    for mutant in mutants_of(original):
        changed = [
            name
            for name in type(original.rule).model_fields
            if getattr(mutant.subject.rule, name) != getattr(original.rule, name)
        ]
        groups = mutant.subject.ruleset.groups.by_id
        changed += [
            name for name, group in GROUPS.items() if groups[name].members != _members(original, name)
        ]
        assert len(changed) == 1, mutant.name


def _members(subject: Subject, name: str) -> object:
    return subject.ruleset.groups.by_id[name].members


@pytest.mark.parametrize(
    ("values", "not_made"),
    [
        (
            {"fence": {"allow": ["DE"]}, "scope": {"roles": ["media"]}},
            {"fence.allow: drop DE", "scope.roles: drop media"},
        ),
        (WHOM, {"scope.accounts: drop a-1", "scope.labels.cloud: drop gov"}),
        (
            AGAIN,
            {
                "exceptions.again.when.selection_reason: drop congestion",
            },
        ),
        (FENCE, {"exceptions.busy.when.tier: drop fallback"}),
        (
            {
                "fence": {"allow": ["DE"]},
                "exceptions": [{**CLAUSE, "when": {"attempt_min": 1, "failed_primaries_min": 0}}],
            },
            {
                "exceptions.busy.when.attempt_min: 1 less",
                "exceptions.busy.when.failed_primaries_min: 1 less",
            },
        ),
        (
            {"fence": {"allow": ["DE"]}, "exceptions": [{**CLAUSE, "limits": {"connections_per_call": 1}}]},
            {"exceptions.busy.limits.connections_per_call: 1 less"},
        ),
        (
            {"never": {"in": ["CN"]}, "in_force": {"from": "0001-01-01T00:00:00Z"}},
            {"in_force.from: 1 second earlier"},
        ),
    ],
)
def test_what_no_file_could_say_is_not_made(
    subject: MakeSubject, values: Mapping[str, Any], not_made: set[str]
) -> None:
    original = subject(values)
    names = {edit.name for edit in edits_of(original.rule, original.ruleset.groups)}
    assert names
    assert not names & not_made


def test_a_share_of_all_calls_is_doubled_to_no_more_than_all(subject: MakeSubject) -> None:
    def clause(share: float) -> dict[str, Any]:
        limits = {"share_of_calls": {"max": share, "per": "account", "over": "day"}}
        return {"fence": {"allow": ["DE"]}, "exceptions": [{**CLAUSE, "limits": limits}]}

    name = "exceptions.busy.limits.share_of_calls: x2"
    edits = {one.name: one.value for one in edits_of(subject(clause(0.6)).rule, Groups({}))}
    assert edits[name] == 1
    assert name not in {one.name for one in edits_of(subject(clause(1)).rule, Groups({}))}


def test_two_stays_of_one_country_in_a_group_are_told_apart(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    members = [
        {"code": "GB", "until": "2020-01-01T00:00:00Z"},
        {"code": "GB", "from": "2021-01-01T00:00:00Z"},
    ]
    groups = make_groups({"TWICE": {"members": members}})
    names = {edit.name for edit in edits_of(make_rule(fence={"allow": ["TWICE"]}), groups)}
    assert {
        "groups.TWICE.members.GB[1].until: removed",
        "groups.TWICE.members.GB[2].from: removed",
    } <= names


def test_only_groups_that_the_rule_uses_are_changed(subject: MakeSubject) -> None:
    names = [mutant.name for mutant in mutants_of(subject(NEVER))]
    assert not [name for name in names if name.startswith("groups.")]


def test_what_was_caught_last_is_tried_first_and_nothing_is_lost(subject: MakeSubject) -> None:
    original = subject({"fence": {"allow": ["DE"]}})
    at_home, abroad = _case("de", "DE"), _case("fr", "FR")
    bench = Bench([at_home, abroad])
    without = mutant_of(original, "fence.allow: add DATED").subject
    elsewhere = subject({"fence": {"allow": ["FR"]}})
    assert bench.catcher_of(original) is None
    assert bench.catcher_of(elsewhere) == at_home
    assert bench.catcher_of(without) == abroad
    assert bench.catcher_of(elsewhere) == abroad
    assert bench.catcher_of(original) is None


def _case(name: str, relay: str) -> Case:
    verdict = "compliant" if relay == "DE" else "violation"
    given = {"id": "c", "role": "media", "relay": [relay]}
    return Case.model_validate({"name": name, "given": (given,), "expect": {"c": verdict}}, strict=False)
