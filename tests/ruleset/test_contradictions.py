"""A rule that wants what another forbids: found among all that is loaded together, and noted by both."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.ruleset.folders import with_packs
from auditor.ruleset.lints.lint import Found, lint
from auditor.ruleset.loader import load_documented
from tests.ruleset.rule_files import RULE, WriteRules

AS_OF = datetime(2026, 12, 1, tzinfo=UTC)
HEAD = RULE[: RULE.index("effect: ")] + 'in_force: {from: "2020-01-01T00:00:00Z"}\n'
TAIL = RULE[RULE.index("tests:") :]
RULES = Path(__file__).parents[2] / "rules"


def rule(name: str, body: str) -> dict[str, str]:
    return {f"{name}.yaml": f"{HEAD.replace('eu-fence', name)}{body}{TAIL}"}


WANTS = """\
effect: require
scope: {participant: {in: [RU]}}
require: {roles: [recording, storage], in: [RU]}
"""
FENCE = "effect: fence\nscope: {home_region: [EU], roles: [media, recording]}\nfence: {allow: [DE]}\n"
NEVER = "effect: never\nscope: {}\nnever: {in: [RU, BY]}\n"


def contradictions(folder: Path) -> list[Found]:
    documented = load_documented(with_packs([folder]))
    return [one for one in lint(documented, as_of=AS_OF) if one.lint == "contradiction"]


def test_a_requirement_and_a_fence_that_cannot_both_be_kept(write_rules: WriteRules) -> None:
    (one,) = contradictions(write_rules(rule("wants", WANTS) | rule("fence", FENCE)))
    assert str(one) == (
        "rules/wants.yaml:12:40: wants: contradicts `fence`: it wants `recording` in `RU`, where from "
        "2020-01-01 that rule lets none be [contradiction]\n"
        "  hint: say in a `conflict_note` of `wants` and `fence` why both are kept"
    )


@pytest.mark.parametrize(
    ("noting", "named"), [({"wants"}, "`fence`"), ({"fence"}, "`wants`"), ({"wants", "fence"}, None)]
)
def test_it_is_noted_only_when_both_say_why(
    write_rules: WriteRules, noting: set[str], named: str | None
) -> None:
    bodies = {"wants": WANTS, "fence": FENCE}
    files = {
        file: text
        for name, body in bodies.items()
        for file, text in rule(name, body + ("conflict_note: counsel knows\n" * (name in noting))).items()
    }
    (one,) = contradictions(write_rules(files))
    assert one.remark.is_noted is (named is None)
    hint = f"say in a `conflict_note` of {named} why both are kept" if named else None
    assert one.remark.hint == hint
    assert ("[contradiction, noted]" in str(one)) is one.remark.is_noted


PAIRS = {
    "never": (WANTS, NEVER, True),
    "no role in common": (WANTS, FENCE.replace("media, recording", "media, keys"), False),
    "a place in common": (WANTS, FENCE.replace("[DE]", "[DE, RU]"), False),
    "one forbids other places": (WANTS, NEVER.replace("RU, BY", "BY"), False),
    "one forbids one of two places": (WANTS.replace("in: [RU]}\n", "in: [RU, KZ]}\n"), NEVER, False),
    "a watch": (WANTS, NEVER.replace("never", "watch"), False),
    "home regions apart": (WANTS.replace("{part", "{home_region: [US], part"), FENCE, False),
    "home regions that meet": (WANTS.replace("{part", "{home_region: [US, EU], part"), FENCE, True),
    "all home regions but its own": (
        WANTS.replace("{part", "{home_region: {not_in: [EU]}, part"),
        FENCE,
        False,
    ),
    "all home regions but others": (
        WANTS.replace("{part", "{home_region: {not_in: [US]}, part"),
        FENCE.replace("[EU]", "{not_in: [EU]}"),
        True,
    ),
    "accounts apart": (
        WANTS.replace("{part", "{accounts: [a], part"),
        FENCE.replace("{home", "{accounts: [b, c], home"),
        False,
    ),
    "accounts that meet": (
        WANTS.replace("{part", "{accounts: [a, b], part"),
        FENCE.replace("{home", "{accounts: [b, c], home"),
        True,
    ),
    "labels apart": (
        WANTS.replace("{part", "{labels: {plan: [free]}, part"),
        FENCE.replace("{home", "{labels: {plan: [pro]}, home"),
        False,
    ),
    "labels of other kinds": (
        WANTS.replace("{part", "{labels: {plan: [free]}, part"),
        FENCE.replace("{home", "{labels: {cloud: [gov]}, home"),
        True,
    ),
    "an exception that always stands": (
        WANTS,
        FENCE + "exceptions: [{id: always, why: law, roles: [recording], allow: [RU]}]\n",
        False,
    ),
    "an exception that stands for other roles": (
        WANTS,
        FENCE + "exceptions: [{id: always, why: law, roles: [media], allow: [RU]}]\n",
        True,
    ),
    "an exception that stands at times": (
        WANTS,
        FENCE + "exceptions: [{id: at-times, why: law, when: {tier: [fallback]}, allow: [RU]}]\n",
        True,
    ),
    "an exception with a limit": (
        WANTS,
        FENCE + "exceptions: [{id: few, why: law, allow: [RU], limits: {connections_per_call: 1}}]\n",
        True,
    ),
}


@pytest.mark.parametrize(
    ("wants", "forbids", "contradict"),
    PAIRS.values(),
    ids=PAIRS,
)
def test_which_pairs_contradict_each_other(
    write_rules: WriteRules, wants: str, forbids: str, *, contradict: bool
) -> None:
    found = contradictions(write_rules(rule("wants", wants) | rule("forbids", forbids)))
    assert bool(found) is contradict


@pytest.mark.parametrize(("until", "contradict"), [("2020-06-01", False), ("2020-06-02", True)])
def test_rules_that_are_never_in_force_together_do_not(
    write_rules: WriteRules, until: str, *, contradict: bool
) -> None:
    start, end = (
        'in_force: {from: "2020-06-01T00:00:00Z"}',
        f'"2020-01-01T00:00:00Z", until: "{until}T00:00:00Z"',
    )
    wants = {
        name: text.replace('in_force: {from: "2020-01-01T00:00:00Z"}', start)
        for name, text in rule("wants", WANTS).items()
    }
    fence = {
        name: text.replace('"2020-01-01T00:00:00Z"', end, 1) for name, text in rule("fence", FENCE).items()
    }
    found = contradictions(write_rules(wants | fence))
    assert ["from 2020-06-01" in str(one) for one in found] == [True] * contradict


def test_rules_of_two_packs_are_set_side_by_side(write_rules: WriteRules) -> None:
    wants, fence = rule("wants", WANTS), rule("fence", FENCE)
    files = {f"packs/a/{name}": text for name, text in wants.items()}
    files |= {f"packs/b/{name}": text for name, text in fence.items()}
    assert [one.remark.about for one in contradictions(write_rules(files))] == ["wants"]


def test_scopes_that_no_participant_shares_meet_in_a_call(write_rules: WriteRules) -> None:
    fence = FENCE.replace("{home_region: [EU]", "{participant: {in: [DE]}")
    (one,) = contradictions(write_rules(rule("wants", WANTS) | rule("fence", fence)))
    assert "; not for one participant, but in a call shared by several [contradiction]" in str(one)


def test_a_scope_that_holds_of_nobody_contradicts_nothing(write_rules: WriteRules) -> None:
    groups = (
        "schema: auditor/groups@1\nverified_on: 2026-11-22\ngroups: {NOWHERE: {title: none, members: []}}\n"
    )
    fence = FENCE.replace("{home_region: [EU]", "{participant: {in: [NOWHERE]}")
    files = rule("wants", WANTS) | rule("fence", fence) | {"groups/g.yaml": groups}
    assert contradictions(write_rules(files)) == []


def test_scopes_that_share_participants_for_a_time_meet_in_one_connection(write_rules: WriteRules) -> None:
    groups = (
        "schema: auditor/groups@1\nverified_on: 2026-11-22\ngroups:\n"
        '  SOME: {title: some, members: [{code: DE}, {code: RU, until: "2023-01-01T00:00:00Z"}]}\n'
    )
    fence = FENCE.replace("{home_region: [EU]", "{participant: {in: [SOME]}")
    (one,) = contradictions(
        write_rules(rule("wants", WANTS) | rule("fence", fence) | {"groups/g.yaml": groups})
    )
    assert "in a call shared by several" not in one.remark.text


SHIPPED = {
    "cn-localisation": {
        "account-opt-in-example",
        "cn-exclusion",
        "cn-exclusion-account",
        "cn-exclusion-keys-observed",
        "eu-fence-fallback",
        "free-accounts",
        "gdpr-third-country-account",
        "gdpr-third-country-participant",
        "in-sector-storage",
        "itar-e2ee",
        "ru-localisation-abroad",
        "us-dsp-account",
        "us-dsp-participant",
        "us-gov-cloud",
        "us-home-fence",
    },
    "ru-localisation-store": {
        "account-opt-in-example",
        "eu-fence-fallback",
        "free-accounts",
        "gdpr-third-country-account",
        "gdpr-third-country-participant",
        "in-sector-storage",
        "itar-e2ee",
        "us-dsp-account",
        "us-dsp-participant",
        "us-gov-cloud",
        "us-home-fence",
    },
}
SHARED_ONLY = {
    ("cn-localisation", "cn-exclusion"),
    ("cn-localisation", "cn-exclusion-keys-observed"),
    ("cn-localisation", "gdpr-third-country-participant"),
    ("cn-localisation", "ru-localisation-abroad"),
    ("cn-localisation", "us-dsp-participant"),
    ("ru-localisation-store", "gdpr-third-country-participant"),
    ("ru-localisation-store", "us-dsp-participant"),
}


def pair_of(one: Found) -> tuple[str, str]:
    return one.remark.about, one.remark.text.split("`")[1]


def test_the_localisation_packs_contradict_the_fences_and_exclusions_and_all_of_them_say_so() -> None:
    found = contradictions(RULES)
    pairs = [pair_of(one) for one in found]
    assert sorted(pairs) == sorted((wants, other) for wants, others in SHIPPED.items() for other in others)
    assert {pair_of(one) for one in found if "in a call shared" in one.remark.text} == SHARED_ONLY
    assert all(one.remark.is_noted for one in found)


def test_without_its_note_a_shipped_rule_is_told_of_in_each_of_its_pairs(write_rules: WriteRules) -> None:
    files = {str(file.relative_to(RULES)): file.read_text(encoding="utf-8") for file in RULES.rglob("*.yaml")}
    files["us-home-fence.yaml"] = files["us-home-fence.yaml"].replace("conflict_note:", "owner:")
    found = contradictions(write_rules(files))
    assert {pair_of(one) for one in found if not one.remark.is_noted} == {
        ("cn-localisation", "us-home-fence"),
        ("ru-localisation-store", "us-home-fence"),
    }
