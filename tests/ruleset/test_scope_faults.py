"""What a person reads when the scope of a rule, or what stands around it, is wrong."""

import pytest

from auditor.model import Role
from tests.ruleset.rule_files import WriteRules, message_of, spoilt

ROLES = ", ".join(f"`{role}`" for role in Role)

FAULTS = {
    "roles that are blank": (
        ("  roles: [media]\nfence", "  roles:\nfence"),
        """\
rules/eu-fence.yaml:13:3: scope.roles: is blank
  hint: give it a value, or leave it out""",
    ),
    "a severity that is blank": (
        ("severity: high", "severity:"),
        "rules/eu-fence.yaml:8:1: severity: is none of `critical`, `high`, `medium`, `low`",
    ),
    "a key that holds a list": (
        ("severity: high", "? [[severity]]\n: high"),
        """\
rules/eu-fence.yaml: has a key that is a list or a mapping
  hint: a key is a word""",
    ),
    "must_observe with unknown": (
        ("  roles: [media]\nfence", "  roles: [media]\n  must_observe: [keys, unknown]\nfence"),
        """\
rules/eu-fence.yaml:14:3: scope.must_observe: `unknown` can never be observed
  hint: name the roles that a log records""",
    ),
    "must_observe with nothing": (
        ("  roles: [media]\nfence", "  roles: [media]\n  must_observe: []\nfence"),
        """\
rules/eu-fence.yaml:14:3: scope.must_observe: is empty
  hint: give at least one""",
    ),
    "must_observe misspelt": (
        ("  roles: [media]\nfence", "  roles: [media]\n  must_observe: [key]\nfence"),
        f"""\
rules/eu-fence.yaml:14:18: scope.must_observe.1: `key` is none of {ROLES}
  hint: did you mean `keys`?""",
    ),
    "no labels": (
        ("  roles: [media]\nfence", "  labels: {}\nfence"),
        """\
rules/eu-fence.yaml:13:3: scope.labels: is empty
  hint: give at least one""",
    ),
    "no values of a label": (
        ("  roles: [media]\nfence", "  labels: {cloud: []}\nfence"),
        """\
rules/eu-fence.yaml:13:12: scope.labels.cloud: is empty
  hint: give at least one""",
    ),
    "a value of a label without brackets": (
        ("  roles: [media]\nfence", "  labels: {cloud: gov}\nfence"),
        """\
rules/eu-fence.yaml:13:19: scope.labels.cloud: `gov`: input should be a valid array
  hint: write a list, in brackets""",
    ),
    "a label that cannot be": (
        ("  roles: [media]\nfence", "  labels: {Cloud: [gov]}\nfence"),
        """\
rules/eu-fence.yaml:13:12: scope.labels.Cloud: `Cloud` is no name of a label
  hint: up to 64 of a to z, 0 to 9 and underscores""",
    ),
    "a truth for a text": (
        ("  roles: [media]\nfence", "  labels: {paid: [true]}\nfence"),
        """\
rules/eu-fence.yaml:13:19: scope.labels.paid.1: `true`: input should be a valid string
  hint: put it in quotes""",
    ),
    "EL of participants": (
        ("  roles: [media]\nfence", "  participant: {not_in: [EL]}\nfence"),
        """\
rules/eu-fence.yaml:13:26: scope.participant.not_in.1: `EL` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GR`?""",
    ),
    "no accounts": (
        ("  roles: [media]\nfence", "  accounts: []\nfence"),
        """\
rules/eu-fence.yaml:13:3: scope.accounts: is empty
  hint: give at least one""",
    ),
    "an account that is a number": (
        ("  roles: [media]\nfence", "  accounts: [1001]\nfence"),
        """\
rules/eu-fence.yaml:13:14: scope.accounts.1: `1001`: input should be a valid string
  hint: put it in quotes""",
    ),
    "a role twice": (
        ("  roles: [media]\nfence", "  roles: [media, media]\nfence"),
        """\
rules/eu-fence.yaml:13:3: scope.roles: `media` stands twice
  hint: leave one of them out""",
    ),
    "a status that is none": (
        ("severity: high", "severity: high\nstatus: final"),
        "rules/eu-fence.yaml:9:9: status: `final` is not `draft`",
    ),
    "a severity of capitals": (
        ("severity: high", "severity: HIGH"),
        """\
rules/eu-fence.yaml:8:11: severity: `HIGH` is none of `critical`, `high`, `medium`, `low`
  hint: did you mean `high`?""",
    ),
    "a severity that is a number": (
        ("severity: high", "severity: 3"),
        "rules/eu-fence.yaml:8:11: severity: `3` is none of `critical`, `high`, `medium`, `low`",
    ),
    "an authority of no kind": (
        ("kind: promise", "kind: promis"),
        """\
rules/eu-fence.yaml:7:12: authority.1.kind: `promis` is none of `law`, `promise`, `contract`, `finding`
  hint: did you mean `promise`?""",
    ),
    "another schema": (
        ("auditor/rule@1", "auditor/rule@2"),
        "rules/eu-fence.yaml:1:9: schema: `auditor/rule@2` is not `auditor/rule@1`",
    ),
    "mutants that are words": (
        ("tests:", "accepted_mutants: [no owner]\ntests:"),
        "rules/eu-fence.yaml:26:20: accepted_mutants.1: `no owner`: input should be an object",
    ),
    "a mutant without a reason": (
        ("tests:", "accepted_mutants: [{mutant: a}]\ntests:"),
        "rules/eu-fence.yaml:26:20: accepted_mutants.1.reason: is missing",
    ),
    "a mutant of a blank reason": (
        ("tests:", "accepted_mutants: [{mutant: a, reason: ''}]\ntests:"),
        "rules/eu-fence.yaml:26:40: accepted_mutants.1.reason: is blank",
    ),
    "a mutant of an unknown key": (
        ("tests:", "accepted_mutants: [{mutant: a, reasno: b}]\ntests:"),
        """\
rules/eu-fence.yaml:26:20: accepted_mutants.1.reason: is missing
rules/eu-fence.yaml:26:32: accepted_mutants.1.reasno: unknown key
  hint: did you mean `reason`?""",
    ),
    "a conflict note of nothing": (
        ("severity: high", "severity: high\nconflict_note: ''"),
        "rules/eu-fence.yaml:9:16: conflict_note: is blank",
    ),
    "an effect that is a list": (
        ("effect: fence", "effect: [fence]"),
        """\
rules/eu-fence.yaml:9:1: effect: is no word
  hint: it is one of `fence`, `never`, `require`, `watch`""",
    ),
    "the effect and other things": (
        ("effect: fence\nin_force: {from", "effect: fense\nin_force: {form"),
        """\
rules/eu-fence.yaml:9:9: effect: `fense` is no effect
  hint: did you mean `fence`?
rules/eu-fence.yaml:10:1: in_force.from: is missing
rules/eu-fence.yaml:10:12: in_force.form: unknown key
  hint: did you mean `from`?""",
    ),
    "an approval on no day": (
        ("severity: high", "severity: high\napproved: {by: counsel, on: tomorrow}"),
        """\
rules/eu-fence.yaml:9:29: approved.on: `tomorrow` is no day
  hint: write it as 2026-11-22""",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_scope_or_a_key_around_it_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert message_of(write_rules(spoilt("eu-fence.yaml", change))) == message
