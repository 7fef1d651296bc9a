"""What a person reads when a rule file is wrong: its keys, its body, its names."""

import pytest

from auditor.model import Role
from tests.ruleset.rule_files import RULE, SOUND, WriteRules, message_of, spoilt

ROLES = ", ".join(f"`{role}`" for role in Role)

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
    "no such severity": (
        ("severity: high", "severity: hihg"),
        """\
rules/eu-fence.yaml:8:11: severity: `hihg` is none of `critical`, `high`, `medium`, `low`
  hint: did you mean `high`?""",
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
  hint: it is one of `fence`, `never`, `require`, `watch`""",
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
        """\
rules/eu-fence.yaml:12:16: scope.home_region: `EU`: input should be a valid array
  hint: write a list, in brackets""",
    ),
    "unknown role": (
        ("roles: [media]", "roles: [meida]"),
        f"""\
rules/eu-fence.yaml:13:11: scope.roles.1: `meida` is none of {ROLES}
  hint: did you mean `media`?""",
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
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_rule_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert message_of(write_rules(spoilt("eu-fence.yaml", change, SOUND))) == message
