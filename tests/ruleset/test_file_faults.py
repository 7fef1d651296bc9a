"""What a person reads when a file of groups, windows or waivers is wrong."""

import pytest

from tests.ruleset.rule_files import SOUND, WINDOWS, WriteRules, message_of, spoilt

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
    assert message_of(write_rules(spoilt("groups/europe.yaml", change, SOUND))) == message


FILE_FAULTS = {
    "blank roles of a waiver would be all": (
        "waivers/w.yaml",
        ("account: a", "account: a, roles: "),
        """\
rules/waivers/w.yaml:4:21: match.roles: is blank
  hint: give it a value, or leave it out""",
    ),
    "a blank end of a window": (
        "windows/eu.yaml",
        ('until: "2021-03-02T00:00:00Z"', "until:"),
        "rules/windows/eu.yaml:6:5: windows.1.until: input should be a valid datetime",
    ),
    "a window of capitals": (
        "windows/eu.yaml",
        ("id: eu-congestion", "id: EU"),
        """\
rules/windows/eu.yaml:3:9: windows.1.id: `EU` is no id of a window
  hint: up to 64 of a to z, 0 to 9 and hyphens""",
    ),
    "a window that ends as it begins": (
        "windows/eu.yaml",
        ('until: "2021-03-02', 'until: "2021-03-01'),
        """\
rules/windows/eu.yaml:3:5: windows.1: `from`, 2021-03-01T00:00:00Z, is not before `until`, \
2021-03-01T00:00:00Z
  hint: an interval holds its `from`, and ends before its `until`""",
    ),
    "a window of no region": (
        "windows/eu.yaml",
        ("regions: [EU]", "regions: []"),
        """\
rules/windows/eu.yaml:4:5: windows.1.regions: is empty
  hint: give at least one""",
    ),
    "a region without brackets": (
        "windows/eu.yaml",
        ("regions: [EU]", "regions: EU"),
        """\
rules/windows/eu.yaml:4:14: windows.1.regions: `EU`: input should be a valid array
  hint: write a list, in brackets""",
    ),
    "a window that nobody declared": (
        "windows/eu.yaml",
        ("    declared_by: noc\n", ""),
        "rules/windows/eu.yaml:3:5: windows.1.declared_by: is missing",
    ),
    "a window declared at no time": (
        "windows/eu.yaml",
        ('declared_at: "2021-03-01T01:00:00Z"', "declared_at: yesterday"),
        """\
rules/windows/eu.yaml:9:18: windows.1.declared_at: `yesterday` is no instant with an offset (RFC 3339)
  hint: write it as 2020-04-03T00:00:00Z""",
    ),
    "a window without an end": (
        "windows/eu.yaml",
        ('    until: "2021-03-02T00:00:00Z"\n', ""),
        "rules/windows/eu.yaml:3:5: windows.1.until: is missing",
    ),
    "no windows": (
        "windows/eu.yaml",
        (
            WINDOWS[WINDOWS.index("windows:") :],
            "windows: []\n",
        ),
        """\
rules/windows/eu.yaml:2:1: windows: is empty
  hint: give at least one""",
    ),
    "another schema of windows": (
        "windows/eu.yaml",
        ("windows@1", "window@1"),
        "rules/windows/eu.yaml:1:9: schema: `auditor/window@1` is not `auditor/windows@1`",
    ),
    "a waiver of no rule": (
        "waivers/w.yaml",
        ("rule: eu-fence", "rule: eu-fense"),
        """\
rules/waivers/w.yaml:3:7: rule: `eu-fense` is no rule
  hint: did you mean `eu-fence`?""",
    ),
    "a waiver that covers no time": (
        "waivers/w.yaml",
        ('until: "2021-03-02', 'until: "2021-02-02'),
        """\
rules/waivers/w.yaml:5:1: covers: `from`, 2021-03-01T00:00:00Z, is not before `until`, 2021-02-02T00:00:00Z
  hint: an interval holds its `from`, and ends before its `until`""",
    ),
    "a waiver misspelt": (
        "waivers/w.yaml",
        ("ticket:", "tiket:"),
        """\
rules/waivers/w.yaml:1:1: ticket: is missing
rules/waivers/w.yaml:9:1: tiket: unknown key
  hint: did you mean `ticket`?""",
    ),
    "groups verified on no day": (
        "groups/europe.yaml",
        ("verified_on: 2026-11-22\n", ""),
        "rules/groups/europe.yaml:1:1: verified_on: is missing",
    ),
    "EU in a group": (
        "groups/europe.yaml",
        ("code: DE", "code: EU"),
        """\
rules/groups/europe.yaml:6:22: groups.EU27.members.1.code: `EU` is no ISO 3166-1 alpha-2 code
  hint: `EU` is no country; name the countries""",
    ),
    "a group of itself": (
        "groups/europe.yaml",
        ("include: [EU27]", "include: [EEA]"),
        "rules/groups/europe.yaml:9:5: groups.EEA.include: goes in a circle: `EEA` → `EEA`",
    ),
}


@pytest.mark.parametrize(("name", "change", "message"), FILE_FAULTS.values(), ids=FILE_FAULTS)
def test_a_fault_of_another_file_is_told_with_its_place(
    write_rules: WriteRules, name: str, change: tuple[str, str], message: str
) -> None:
    assert message_of(write_rules(spoilt(name, change))) == message
