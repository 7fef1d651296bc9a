"""One rule, found by its id and loaded with what is beside it."""

from pathlib import Path

import pytest

from auditor.errors import NothingToAuditError, RuleSetError, UsageError
from auditor.ruleset.single import find_rule, load_rule, unknown_rule
from tests.ruleset.rule_files import GROUPS, RULE, SOUND, WriteRules

PACKED = RULE.replace("id: eu-fence", "id: packed")
CHILD = """\
schema: auditor/rule@1
id: child
version: 1.0.0
extends: eu-fence
tests:
  - name: a case
    given: [{id: c, role: media, home_region: EU, relay: [DE]}]
    expect: {c: compliant}
"""


def test_a_rule_is_found_in_the_folder_with_its_groups(write_rules: WriteRules) -> None:
    subject = find_rule("eu-fence", [write_rules(SOUND)])
    assert subject.rule.id == "eu-fence"
    assert set(subject.ruleset.groups.by_id) == {"EU27", "EEA"}


def test_a_rule_is_found_in_a_pack_with_the_groups_around_it(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"packs/one/packed.yaml": PACKED})
    assert find_rule("packed", [folder]).rule.id == "packed"


def test_a_rule_is_found_where_the_folder_holds_only_packs(write_rules: WriteRules) -> None:
    folder = write_rules({"groups/europe.yaml": GROUPS, "packs/one/packed.yaml": PACKED})
    assert find_rule("packed", [folder]).rule.id == "packed"


def test_faults_of_other_rules_are_no_hindrance(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"other.yaml": "schema: [\n", "waivers/w.yaml": "schema: [\n"})
    assert find_rule("eu-fence", [folder]).rule.id == "eu-fence"


def test_faults_of_its_own_are_told(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"eu-fence.yaml": RULE.replace("[EU27, CH]", "[UK]")})
    with pytest.raises(RuleSetError, match="`UK` is neither a group nor an ISO 3166-1 alpha-2 code"):
        find_rule("eu-fence", [folder])


@pytest.mark.parametrize("place", ["child.yaml", "packs/one/child.yaml"])
def test_the_rule_that_it_extends_is_loaded_too(write_rules: WriteRules, place: str) -> None:
    subject = find_rule("child", [write_rules(SOUND | {place: CHILD})])
    assert [rule.id for rule in subject.ruleset.rules] == ["child", "eu-fence"]
    assert subject.rule.title == "EU calls stay"


def test_a_circle_of_rules_ends_in_a_fault(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"child.yaml": CHILD.replace("extends: eu-fence", "extends: child")})
    with pytest.raises(RuleSetError, match="goes in a circle"):
        find_rule("child", [folder])


def test_an_unknown_id_is_told_with_what_may_be_meant(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND)
    with pytest.raises(
        UsageError, match=r"`eu-fense` is no rule that is there\n  hint: did you mean `eu-fence`\?"
    ):
        find_rule("eu-fense", [folder])
    with pytest.raises(UsageError, match="hint: `auditor rules list` names all"):
        find_rule("zzz", [folder])


def test_an_id_that_two_files_bear_is_a_fault(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"packs/one/eu-fence.yaml": RULE})
    with pytest.raises(RuleSetError, match="`eu-fence` stands also in"):
        find_rule("eu-fence", [folder])
    assert find_rule("eu-fence", [folder / "packs/one"]).rule.id == "eu-fence"


def test_a_folder_without_rules_is_told_as_ever(write_rules: WriteRules) -> None:
    folder = write_rules({"groups/europe.yaml": GROUPS})
    with pytest.raises(NothingToAuditError, match="rules: holds no rules"):
        find_rule("eu-fence", [folder])
    with pytest.raises(NothingToAuditError, match="nowhere: there is no such folder"):
        find_rule("eu-fence", [Path("nowhere")])


def test_a_file_that_is_not_there_is_told(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND)
    with pytest.raises(RuleSetError, match=r"rules/nothing\.yaml: cannot be read: No such file"):
        load_rule(folder / "nothing.yaml")


def test_a_rule_sees_the_groups_of_every_folder_that_is_named(write_rules: WriteRules) -> None:
    folder = write_rules({"groups/europe.yaml": GROUPS, "more/packed.yaml": PACKED})
    subject = find_rule("packed", [folder, folder / "more"])
    assert subject.rule.id == "packed"
    assert "EEA" in subject.ruleset.groups.by_id


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("eu-fence", "eu-fence-fallback"),
        ("eu", "eu-fence-fallback"),
        ("us-fence", "us-home-fence"),
        ("us-home-fense", "us-home-fence"),
        ("cm-exclusion", "cn-exclusion"),
        ("cn-exclusion-acount", "cn-exclusion-account"),
    ],
)
def test_what_begins_with_the_same_words_is_meant_first(written: str, meant: str) -> None:
    known = ["cn-exclusion", "cn-exclusion-account", "eu-fence-fallback", "us-home-fence"]
    assert unknown_rule(written, known).hint == f"did you mean `{meant}`?"
