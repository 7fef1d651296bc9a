"""Rule folders: what is read, and what a person reads when something is wrong."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import NothingToAuditError, RuleSetError
from auditor.ruleset.loader import load_ruleset, packs_in
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import FenceRule

WriteRules = Callable[[Mapping[str, str]], Path]

RULE = """\
schema: auditor/rule@1
id: eu-fence
version: 1.0.0
title: EU calls stay
statement: They stay.
authority:
  - {kind: promise, cite: ours}
severity: high
effect: fence
in_force: {from: "2020-01-01T00:00:00Z"}
scope:
  home_region: [EU]
  roles: [media]
fence:
  allow: [EU27, CH]
tests:
  - name: a case
    given: [{id: c, role: media, home_region: EU, relay: [DE]}]
    expect: {c: compliant}
"""
GROUPS = """\
schema: auditor/groups@1
verified_on: 2026-11-22
groups:
  EU27:
    title: Member states
    members: [{code: DE}, {code: GB, until: "2020-01-31T23:00:00Z"}]
  EEA:
    title: The area
    include: [EU27]
"""
SOUND = {"eu-fence.yaml": RULE, "groups/europe.yaml": GROUPS}


def message_of(folder: Path) -> str:
    with pytest.raises(RuleSetError) as caught:
        load_ruleset([folder])
    return str(caught.value)


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


FAULTS = {
    "UK": (
        ("[EU27, CH]", "[EU27, UK]"),
        """\
rules/eu-fence.yaml:15:17: fence.allow.2: `UK` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "EL": (
        ("[EU27, CH]", "[EL]"),
        """\
rules/eu-fence.yaml:15:11: fence.allow.1: `EL` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GR`?""",
    ),
    "EU as a country": (
        ("[EU27, CH]", "[EU]"),
        """\
rules/eu-fence.yaml:15:11: fence.allow.1: `EU` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: `EU` is no country; did you mean the group `EU27`?""",
    ),
    "lower case": (
        ("[EU27, CH]", "[ch]"),
        """\
rules/eu-fence.yaml:15:11: fence.allow.1: `ch` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `CH`?""",
    ),
    "unknown group": (
        ("[EU27, CH]", "[EU72]"),
        """\
rules/eu-fence.yaml:15:11: fence.allow.1: `EU72` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `EU27`?""",
    ),
    "unknown group of a participant": (
        ("  roles: [media]", "  participant: {in: [EEE]}"),
        """\
rules/eu-fence.yaml:13:22: scope.participant.in.1: `EEE` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `EEA`?""",
    ),
    "a name twice": (
        ("[EU27, CH]", "[CH, CH]"),
        """\
rules/eu-fence.yaml:15:3: fence.allow: `CH` stands twice
  hint: leave one of them out""",
    ),
    "nothing allowed": (
        ("[EU27, CH]", "[]"),
        """\
rules/eu-fence.yaml:15:3: fence.allow: is empty
  hint: give at least one""",
    ),
    "unknown key": (
        ("severity: high", "severity: high\nowenr: me"),
        """\
rules/eu-fence.yaml:9:1: owenr: unknown key
  hint: did you mean `owner`?""",
    ),
    "a key twice": (
        ("effect: fence", "severity: low\neffect: fence"),
        'rules/eu-fence.yaml:9:1: found duplicate key "severity" with value "low" (original value: "high")',
    ),
    "missing key": (("severity: high\n", ""), "rules/eu-fence.yaml:1:1: severity: is missing"),
    "a key of a later language": (
        ("severity: high", "severity: high\nexceptions: []"),
        "rules/eu-fence.yaml:9:1: exceptions: unknown key",
    ),
    "no such severity": (
        ("severity: high", "severity: hihg"),
        "rules/eu-fence.yaml:8:11: severity: `hihg`: input should be 'critical', 'high', 'medium' or 'low'",
    ),
    "no such effect": (
        ("effect: fence", "effect: fense"),
        """\
rules/eu-fence.yaml:9:9: effect: `fense` is no effect
  hint: did you mean `fence`?""",
    ),
    "no effect": (
        ("effect: fence\n", ""),
        """\
rules/eu-fence.yaml:1:1: effect: is missing
  hint: it is one of `fence`, `never`, `watch`""",
    ),
    "the body of another effect": (
        ("effect: fence", "effect: never"),
        """\
rules/eu-fence.yaml:1:1: never: is missing
rules/eu-fence.yaml:14:1: fence: unknown key
  hint: the effect is `never`, and so is the key of its body""",
    ),
    "allow and forbid": (
        ("  allow:", "  forbid: [CN]\n  allow:"),
        "rules/eu-fence.yaml:14:1: fence: needs either `allow` or `forbid`",
    ),
    "in and not_in": (
        ("  roles: [media]", "  participant: {in: [DE], not_in: [CN]}"),
        "rules/eu-fence.yaml:13:3: scope.participant: needs either `in` or `not_in`",
    ),
    "a text for a list": (
        ("home_region: [EU]", "home_region: EU"),
        "rules/eu-fence.yaml:12:16: scope.home_region: `EU`: input should be a valid array",
    ),
    "unknown role": (
        ("roles: [media]", "roles: [meida]"),
        (
            "rules/eu-fence.yaml:13:11: scope.roles.1: `meida`: input should be 'media', 'turn', "
            "'signaling', 'keys', 'recording', 'gateway', 'transcription', 'storage', 'edge_transit' "
            "or 'unknown'"
        ),
    ),
    "naive instant": (
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00"),
        """\
rules/eu-fence.yaml:10:18: in_force.from: `2020-01-01T00:00:00` is no instant with an offset (RFC 3339)
  hint: write it as 2020-04-03T00:00:00Z""",
    ),
    "an instant that does not exist": (
        ("2020-01-01T00:00:00Z", "2020-02-30T00:00:00Z"),
        """\
rules/eu-fence.yaml:10:18: in_force.from: `2020-02-30T00:00:00Z` is no instant that exists
  hint: write it as 2020-04-03T00:00:00Z""",
    ),
    "an end before the start": (
        ('00Z"}', '00Z", until: "2020-01-01T01:00:00+01:00"}'),
        """\
rules/eu-fence.yaml:10:1: in_force: `from`, 2020-01-01T00:00:00Z, is not before `until`, 2020-01-01T00:00:00Z
  hint: an interval holds its `from`, and ends before its `until`""",
    ),
    "another name": (
        ("id: eu-fence", "id: us-fence"),
        """\
rules/eu-fence.yaml:2:5: id: `us-fence` is not the name of the file
  hint: name the file `us-fence.yaml`, or the rule `eu-fence`""",
    ),
    "a version of two numbers": (
        ("version: 1.0.0", 'version: "1.0"'),
        """\
rules/eu-fence.yaml:3:10: version: `1.0` is no version
  hint: write it as 1.0.0""",
    ),
    "no authority": (
        ("  - {kind: promise, cite: ours}", "  []"),
        """\
rules/eu-fence.yaml:6:1: authority: is empty
  hint: give at least one""",
    ),
    "no case": (
        (RULE[RULE.index("  - name") :], "  []\n"),
        """\
rules/eu-fence.yaml:16:1: tests: is empty
  hint: give at least one""",
    ),
    "a case expects what is not given": (
        ("expect: {c:", "expect: {d:"),
        """\
rules/eu-fence.yaml:19:5: tests.1.expect: `d` is no connection of this case
  hint: given are: c""",
    ),
    "an id twice in a case": (
        ("given: [", "given: [{id: c, role: media, relay: [DE]}, "),
        """\
rules/eu-fence.yaml:18:5: tests.1.given: `c` stands twice
  hint: tell them apart""",
    ),
    "a case without a place": (
        ("relay: [DE]", "relay: []"),
        """\
rules/eu-fence.yaml:18:51: tests.1.given.1.relay: is empty
  hint: give at least one""",
    ),
    "a case in no country": (
        ("relay: [DE]", "relay: [UK]"),
        """\
rules/eu-fence.yaml:18:59: tests.1.given.1.relay.1: `UK` is no ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "a case longer than any time": (
        ("relay: [DE]", "relay: [DE], minutes: .inf"),
        "rules/eu-fence.yaml:18:73: tests.1.given.1.minutes: `inf`: input should be a finite number",
    ),
    "a case in a far year": (
        ("relay: [DE]", 'relay: [DE], at: "9999-12-31T23:59:59Z"'),
        "rules/eu-fence.yaml:18:13: tests.1.given.1: `at` is not in the years 1970 to 2200",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_rule_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert RULE.count(change[0]) == 1
    assert message_of(write_rules(SOUND | {"eu-fence.yaml": RULE.replace(*change)})) == message


GROUP_FAULTS = {
    "a code that is none": (
        ("code: DE", "code: UK"),
        """\
rules/groups/europe.yaml:6:22: groups.EU27.members.1.code: `UK` is no ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "an unknown include": (
        ("include: [EU27]", "include: [EU72]"),
        """\
rules/groups/europe.yaml:9:15: groups.EEA.include.1: `EU72` is no group
  hint: did you mean `EU27`?""",
    ),
    "a circle": (
        ("    title: Member states", "    title: Member states\n    include: [EEA]"),
        "rules/groups/europe.yaml:10:5: groups.EEA.include: goes in a circle: `EEA` → `EU27` → `EEA`",
    ),
    "itself": (
        ("include: [EU27]", "include: [EEA]"),
        "rules/groups/europe.yaml:9:5: groups.EEA.include: goes in a circle: `EEA` → `EEA`",
    ),
    "empty without a word": (
        ("    include: [EU27]\n", ""),
        """\
rules/groups/europe.yaml:7:3: groups.EEA: `members` is missing
  hint: an empty group says so: `members: []`""",
    ),
    "an id like a code": (
        ("  EEA:", "  EA:"),
        """\
rules/groups/europe.yaml:7:3: groups.EA: `EA` is no id of a group
  hint: 3 to 64 of A to Z, 0 to 9 and underscores""",
    ),
    "no day": (
        ("2026-11-22", "2026-11-31"),
        """\
rules/groups/europe.yaml:2:14: verified_on: `2026-11-31` is no day
  hint: write it as 2026-11-22""",
    ),
    "an end before the start": (
        ("code: GB,", 'code: GB, from: "2021-01-01T00:00:00Z",'),
        """\
rules/groups/europe.yaml:6:27: groups.EU27.members.2: `from`, 2021-01-01T00:00:00Z, is not before `until`, \
2020-01-31T23:00:00Z
  hint: an interval holds its `from`, and ends before its `until`""",
    ),
}


@pytest.mark.parametrize(("change", "message"), GROUP_FAULTS.values(), ids=GROUP_FAULTS)
def test_a_fault_of_a_group_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert GROUPS.count(change[0]) == 1
    assert message_of(write_rules(SOUND | {"groups/europe.yaml": GROUPS.replace(*change)})) == message


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
  hint: it is one of `fence`, `never`, `watch`"""
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


@pytest.mark.parametrize("stray", ["windows/w.yaml", "groups/deeper/g.yaml", "group/g.yml", "a/b/c.yaml"])
def test_a_file_where_nothing_is_read_is_a_fault(write_rules: WriteRules, stray: str) -> None:
    assert message_of(write_rules(SOUND | {stray: RULE})) == (
        f"rules/{stray}: stands in a folder that is not read\n"
        "  hint: rules stand in the folder itself, groups in `groups/`"
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
