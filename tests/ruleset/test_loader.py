"""Rule folders: what is read, and that all faults of all files are told at once."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import NothingToAuditError, RuleSetError
from auditor.ruleset.loader import load_ruleset, packs_in
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import FenceRule
from tests.ruleset.rule_files import GROUPS, RULE, SOUND, WriteRules, message_of


def test_a_sound_folder_becomes_a_rule_set(write_rules: WriteRules) -> None:
    ruleset = load_ruleset([write_rules(SOUND)])
    (rule,) = ruleset.rules
    assert isinstance(rule, FenceRule)
    assert rule.fence.allow == ("EU27", "CH")
    groups, file = ruleset.files
    assert (groups.path, groups.kind, groups.ids) == ("rules/groups/europe.yaml", "groups", ("EU27", "EEA"))
    assert (file.path, file.kind, file.ids, file.bytes) == (
        "rules/eu-fence.yaml",
        "rule",
        ("eu-fence",),
        len(RULE),
    )
    assert file.case_places == ("rules/eu-fence.yaml:17:5",)
    assert ruleset.file_of(rule) is file


def test_norway_is_no_boolean(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"eu-fence.yaml": RULE.replace("[EU27, CH]", "[EU27, NO]")})
    (rule,) = load_ruleset([folder]).rules
    assert isinstance(rule, FenceRule)
    assert rule.fence.allow == ("EU27", "NO")


def test_all_faults_of_all_files_are_told_together_in_order(write_rules: WriteRules) -> None:
    faulty = RULE.replace("[EU27, CH]", "[UK]").replace("severity", "severty").replace("eu-fence", "other")
    files = {
        "eu-fence.yaml": faulty,
        "second.yaml": RULE.replace("id: eu-fence", "id: second").replace("effect: fence\n", ""),
        "groups/europe.yaml": GROUPS.replace("code: DE", "code: EL"),
        "groups/more.yaml": GROUPS,
        "notes.yml": "",
    }
    assert (
        message_of(write_rules(files))
        == """\
rules/eu-fence.yaml:1:1: severity: is missing
rules/eu-fence.yaml:2:5: id: `other` is not the name of the file
  hint: name the file `other.yaml`, or the rule `eu-fence`
rules/eu-fence.yaml:8:1: severty: unknown key
  hint: did you mean `severity`?
rules/eu-fence.yaml:15:11: fence.allow.1: `UK` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?
rules/groups/europe.yaml:6:22: groups.EU27.members.1.code: `EL` is no ISO 3166-1 alpha-2 code
  hint: did you mean `GR`?
rules/groups/more.yaml:4:3: `EU27` stands also in rules/groups/europe.yaml:4:3
  hint: ids are unique among all that is loaded
rules/groups/more.yaml:7:3: `EEA` stands also in rules/groups/europe.yaml:7:3
  hint: ids are unique among all that is loaded
rules/notes.yml: ends in `.yml`
  hint: name it `.yaml`, or it would not be read
rules/second.yaml:1:1: effect: is missing
  hint: it is one of `fence`, `never`, `require`, `watch`"""
    )


def test_a_group_file_that_cannot_be_read_makes_no_names_unknown(write_rules: WriteRules) -> None:
    files = {"eu-fence.yaml": RULE.replace("CH", "UK"), "groups/europe.yaml": "groups: ["}
    assert (
        message_of(write_rules(files))
        == """\
rules/eu-fence.yaml:15:17: fence.allow.2: `UK` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?
rules/groups/europe.yaml:1:10: expected the node content, but found '<stream end>'"""
    )


def test_a_rule_in_two_folders_is_a_fault(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND | {"packs/a/eu-fence.yaml": RULE})
    with pytest.raises(RuleSetError, match=r"`eu-fence` stands also in rules/eu-fence\.yaml:2:1"):
        load_ruleset([folder, folder / "packs" / "a"])


def test_a_folder_named_twice_is_read_once(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND)
    assert load_ruleset([folder, folder / ".." / "rules"]) == load_ruleset([folder])


def test_a_pack_is_read_when_it_is_named_and_sees_the_groups_around_it(write_rules: WriteRules) -> None:
    pack = RULE.replace("id: eu-fence", "id: in-a-pack")
    own = GROUPS.replace("EU27:", "OWN:").replace("EEA:", "ALSO:")
    folder = write_rules(SOUND | {"packs/a/in-a-pack.yaml": pack, "packs/a/groups/own.yaml": own})
    assert [rule.id for rule in load_ruleset([folder]).rules] == ["eu-fence"]
    assert packs_in(folder) == (folder / "packs" / "a",)
    ruleset = load_ruleset(packs_in(folder))
    assert [rule.id for rule in ruleset.rules] == ["in-a-pack"]
    assert sorted(ruleset.groups.by_id) == ["ALSO", "EEA", "EU27", "OWN"]
    assert [rule.id for rule in load_ruleset([folder, *packs_in(folder)]).rules] == ["eu-fence", "in-a-pack"]


@pytest.mark.parametrize(
    "stray", ["windows/deeper/w.yaml", "groups/deeper/g.yaml", "group/g.yml", "a/b/c.yaml"]
)
def test_a_file_where_nothing_is_read_is_a_fault(write_rules: WriteRules, stray: str) -> None:
    assert message_of(write_rules(SOUND | {stray: RULE})) == (
        f"rules/{stray}: stands in a folder that is not read\n"
        "  hint: rules stand in the folder itself, other files in `groups/`, `windows/` and `waivers/`"
    )


def test_other_files_and_hidden_ones_are_no_rules(write_rules: WriteRules) -> None:
    others = {"README.md": "#", ".git/x.yaml": "x", "notes/a.txt": "", ".hidden.yaml": "x"}
    assert load_ruleset([write_rules(SOUND | others)]) == load_ruleset([write_rules(SOUND)])


PACK = "rules/packs/a"


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ([], "no rules folder is named\n  hint: name one"),
        (["rules"], f"rules: holds no rules\n  hint: name a pack itself, as `{PACK}`"),
        ([PACK, "rules"], f"rules: holds no rules\n  hint: name a pack itself, as `{PACK}`"),
        (["empty"], "empty: holds no rules\n  hint: a rule is a file `ID.yaml` in this folder"),
        (["none"], "none: there is no such folder\n  hint: rules are looked for in folders"),
        (
            [f"{PACK}/eu-fence.yaml"],
            f"{PACK}/eu-fence.yaml: is no folder\n  hint: name the folder that it lies in: `{PACK}`",
        ),
    ],
)
def test_silence_is_no_rule_set(write_rules: WriteRules, folders: list[str], message: str) -> None:
    write_rules({"groups/europe.yaml": GROUPS, "packs/a/eu-fence.yaml": RULE, "../empty/notes.txt": ""})
    with pytest.raises(NothingToAuditError) as caught:
        load_ruleset([Path(folder) for folder in folders])
    assert str(caught.value) == message


def test_a_file_that_is_not_there_any_more_is_a_fault(write_rules: WriteRules) -> None:
    folder = write_rules(SOUND)
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / "groups" / "loop.yaml").symlink_to("loop.yaml")
    assert message_of(folder) == (
        "rules/gone.yaml: cannot be read: No such file or directory\n"
        "rules/groups/loop.yaml: cannot be read: Too many levels of symbolic links"
    )


HOSTILE = st.sampled_from(
    [
        "",
        ":",
        "[",
        "}",
        "- ",
        "? ",
        "&a ",
        "*a",
        "!!x ",
        "<<: {a: b}",
        "\t",
        "\0",
        '"',
        "'",
        "\ud7ff",
        "1e999",
        "~",
    ]
) | st.text(max_size=5)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(RULE)), cut=st.integers(0, 30), inserted=HOSTILE, in_groups=st.booleans())
def test_whatever_stands_in_a_file_it_is_loaded_or_refused(
    write_rules: WriteRules, place: int, cut: int, inserted: str, *, in_groups: bool
) -> None:
    name, text = ("groups/europe.yaml", GROUPS) if in_groups else ("eu-fence.yaml", RULE)
    folder = write_rules(SOUND | {name: text[:place] + inserted + text[place + cut :]})
    outcome: RuleSet | RuleSetError
    try:
        outcome = load_ruleset([folder])
    except RuleSetError as error:
        outcome = error
    assert outcome.rules if isinstance(outcome, RuleSet) else str(outcome)
