"""The rules and packs that come with the program: what is there, and that each is tested as code is."""

from pathlib import Path

import pytest

from auditor.model import Role
from auditor.ruleset.folders import packs_in, with_packs
from auditor.ruleset.loader import load_documented, load_ruleset
from auditor.ruleset.mutants.examination import examine
from auditor.ruleset.schema import Rule, place_names

FOLDER = Path(__file__).parents[2] / "rules"
ALL = load_documented(with_packs([FOLDER]))
RULES = pytest.mark.parametrize("rule", ALL.ruleset.rules, ids=lambda rule: rule.id)

DRAFTS = {
    "us-dsp",
    "gdpr-third-country",
    "itar-e2ee",
    "us-gov-cloud",
    "ru-localisation",
    "cn-localisation",
    "in-negative-list",
    "account-opt-in",
}


def test_this_is_the_default_set() -> None:
    assert [(rule.id, rule.effect, rule.severity) for rule in load_ruleset([FOLDER]).rules] == [
        ("cn-exclusion", "never", "critical"),
        ("cn-exclusion-account", "never", "critical"),
        ("cn-exclusion-other", "never", "critical"),
        ("eu-fence-fallback", "fence", "high"),
        ("greater-china-watch", "watch", "low"),
        ("us-home-fence", "fence", "high"),
    ]


def test_packs_that_rest_on_what_is_not_verified_are_drafts_and_no_others() -> None:
    packs = {pack.name: load_ruleset([pack]).rules for pack in packs_in(FOLDER)}
    assert packs.keys() == DRAFTS | {"key-custody", "key-region"}
    assert {name for name, rules in packs.items() if all(rule.is_draft for rule in rules)} == DRAFTS
    assert not any(rule.is_draft for name in packs.keys() - DRAFTS for rule in packs[name])
    assert not any(rule.is_draft for rule in load_ruleset([FOLDER]).rules)


@RULES
def test_its_cases_show_what_they_must_and_catch_every_mutant(rule: Rule) -> None:
    document = ALL.documents[ALL.ruleset.file_of(rule).path]
    examined = examine(rule, ALL.ruleset, document.place)
    assert [str(fault) for fault in examined.faults] == []
    assert examined.mutants
    assert examined.mutants == examined.caught


@RULES
def test_whoever_adopts_a_rule_owns_and_approves_it(rule: Rule) -> None:
    assert (rule.owner, rule.approved) == (None, None)
    assert all(authority.cite for authority in rule.authority)


@RULES
def test_no_fence_never_or_require_names_what_is_for_counting_only(rule: Rule) -> None:
    named = {name for names in place_names(rule) for name in names}
    assert "GREATER_CHINA" not in named or rule.effect == "watch"


def test_an_unlabelled_relay_cannot_slip_through_the_exclusion() -> None:
    exclusions = [rule for rule in ALL.ruleset.rules if rule.id in ("cn-exclusion", "cn-exclusion-other")]
    assert {role for rule in exclusions for role in rule.scope.roles or ()} == set(Role)


def test_no_group_is_named_china() -> None:
    assert "CHINA" not in ALL.ruleset.groups.by_id
