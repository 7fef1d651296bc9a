"""What a person reads when a case of a rule is wrong."""

import pytest

from auditor.model import Role
from tests.ruleset.rule_files import WriteRules, message_of, spoilt

ROLES = ", ".join(f"`{role}`" for role in Role)

FAULTS = {
    "a case expects what is not given": (
        ("expect: {c:", "expect: {d:"),
        """\
rules/eu-fence.yaml:29:5: tests.1.expect: `d` is no connection and no call of this case
  hint: given are: c""",
    ),
    "an id twice in a case": (
        ("given: [", "given: [{id: c, role: media, relay: [DE]}, "),
        """\
rules/eu-fence.yaml:28:5: tests.1.given: `c` stands twice
  hint: tell them apart""",
    ),
    "a case without a place": (
        ("relay: [DE]", "relay: []"),
        """\
rules/eu-fence.yaml:28:51: tests.1.given.1.relay: is empty
  hint: give at least one""",
    ),
    "a case in no country": (
        ("relay: [DE]", "relay: [UK]"),
        """\
rules/eu-fence.yaml:28:59: tests.1.given.1.relay.1: `UK` is no ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "a case longer than any time": (
        ("relay: [DE]", "relay: [DE], minutes: .inf"),
        "rules/eu-fence.yaml:28:73: tests.1.given.1.minutes: `inf`: input should be a finite number",
    ),
    "a case in a far year": (
        ("relay: [DE]", 'relay: [DE], at: "9999-12-31T23:59:59Z"'),
        "rules/eu-fence.yaml:28:13: tests.1.given.1: `at` is not in the years 1970 to 2200",
    ),
    "EU as a country": (
        ("relay: [DE]", "relay: [DE], participant: [EU]"),
        """\
rules/eu-fence.yaml:28:78: tests.1.given.1.participant.1: `EU` is no ISO 3166-1 alpha-2 code
  hint: `EU` is no country; name the countries""",
    ),
    "EL": (
        ("relay: [DE]", "relay: [EL]"),
        """\
rules/eu-fence.yaml:28:59: tests.1.given.1.relay.1: `EL` is no ISO 3166-1 alpha-2 code
  hint: did you mean `GR`?""",
    ),
    "a country without brackets": (
        ("relay: [DE]", "relay: DE"),
        """\
rules/eu-fence.yaml:28:58: tests.1.given.1.relay: `DE` is neither a list of codes nor `unknown`
  hint: write `[DE]`""",
    ),
    "a word that is not unknown": (
        ("relay: [DE]", "relay: unknwon"),
        """\
rules/eu-fence.yaml:28:58: tests.1.given.1.relay: `unknwon` is neither a list of codes nor `unknown`
  hint: did you mean `unknown`?""",
    ),
    "a role that is none": (
        ("role: media, home", "role: meda, home"),
        f"""\
rules/eu-fence.yaml:28:27: tests.1.given.1.role: `meda` is none of {ROLES}
  hint: did you mean `media`?""",
    ),
    "a window that cannot be": (
        ("relay: [DE]", "relay: [DE], windows: [EU-Congestion]"),
        """\
rules/eu-fence.yaml:28:74: tests.1.given.1.windows.1: `EU-Congestion` is no id of a window
  hint: up to 64 of a to z, 0 to 9 and hyphens""",
    ),
    "a window twice": (
        ("relay: [DE]", "relay: [DE], windows: [eu, eu]"),
        """\
rules/eu-fence.yaml:28:64: tests.1.given.1.windows: `eu` stands twice
  hint: leave one of them out""",
    ),
    "a label of several values": (
        ("relay: [DE]", "relay: [DE], labels: {cloud: [gov]}"),
        "rules/eu-fence.yaml:28:73: tests.1.given.1.labels.cloud: input should be a valid string",
    ),
    "a label that cannot be": (
        ("relay: [DE]", "relay: [DE], labels: {Cloud: gov}"),
        """\
rules/eu-fence.yaml:28:80: tests.1.given.1.labels.Cloud: `Cloud` is no name of a label
  hint: up to 64 of a to z, 0 to 9 and underscores""",
    ),
    "no repetition": (
        ("relay: [DE]", "relay: [DE], repeat: 0"),
        "rules/eu-fence.yaml:28:72: tests.1.given.1.repeat: `0`: input should be greater than or equal to 1",
    ),
    "too many repetitions": (
        ("relay: [DE]", "relay: [DE], repeat: 1000000"),
        """\
rules/eu-fence.yaml:28:72: tests.1.given.1.repeat: `1000000`: input should be less than or \
equal to 100000""",
    ),
    "minutes in words": (
        ("relay: [DE]", "relay: [DE], minutes: lots"),
        "rules/eu-fence.yaml:28:73: tests.1.given.1.minutes: `lots` is neither a number nor `unknown`",
    ),
    "unknown minutes misspelt": (
        ("relay: [DE]", "relay: [DE], minutes: unkown"),
        """\
rules/eu-fence.yaml:28:73: tests.1.given.1.minutes: `unkown` is neither a number nor `unknown`
  hint: did you mean `unknown`?""",
    ),
    "less than no minutes": (
        ("relay: [DE]", "relay: [DE], minutes: -1"),
        """\
rules/eu-fence.yaml:28:73: tests.1.given.1.minutes: `-1`: input should be greater than or \
equal to 0""",
    ),
    "minutes as a list": (
        ("relay: [DE]", "relay: [DE], minutes: [1]"),
        "rules/eu-fence.yaml:28:64: tests.1.given.1.minutes: input should be a valid number",
    ),
    "a key that is none": (
        ("relay: [DE]", "relay: [DE], particpant: [DE]"),
        """\
rules/eu-fence.yaml:28:64: tests.1.given.1.particpant: unknown key
  hint: did you mean `participant`?""",
    ),
    "a name of a connection and of a call": (
        ("relay: [DE]", "relay: [DE], call: c"),
        """\
rules/eu-fence.yaml:29:5: tests.1.expect: `c` is both a connection and a call of this case
  hint: tell them apart""",
    ),
    "a name of neither": (
        ("relay: [DE]}]\n    expect: {c:", "relay: [DE], call: k}]\n    expect: {d:"),
        """\
rules/eu-fence.yaml:29:5: tests.1.expect: `d` is no connection and no call of this case
  hint: given are: c, k""",
    ),
    "a verdict misspelt": (
        ("expect: {c: compliant", "expect: {c: complaint"),
        """\
rules/eu-fence.yaml:29:17: tests.1.expect.c: `complaint` is none of `violation`, `indeterminate`, \
`excused`, `compliant`, `not_applicable`
  hint: did you mean `compliant`?""",
    ),
    "a word that is no verdict": (
        ("expect: {c: compliant", "expect: {c: waived"),
        """\
rules/eu-fence.yaml:29:17: tests.1.expect.c: `waived` is none of `violation`, `indeterminate`, \
`excused`, `compliant`, `not_applicable`""",
    ),
    "no expectation": (
        ("    expect: {c: compliant}\n", ""),
        "rules/eu-fence.yaml:27:5: tests.1.expect: is missing",
    ),
    "two cases of one name": (
        (
            "tests:\n",
            "tests:\n  - {name: a case, given: [{id: c, role: media, relay: [DE]}], expect: {}}\n",
        ),
        """\
rules/eu-fence.yaml:26:1: tests: `a case` stands twice
  hint: tell them apart""",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_case_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert message_of(write_rules(spoilt("eu-fence.yaml", change))) == message
