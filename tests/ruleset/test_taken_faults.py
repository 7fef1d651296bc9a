"""What a person reads when a rule that extends another is wrong: each fault once, where its key stands."""

import pytest

from auditor.ruleset.loader import load_ruleset
from tests.ruleset.rule_files import RULE, SOUND, WHOLE, WriteRules, message_of

HEAD = "schema: auditor/rule@1\nid: kid\nversion: 1.0.0\nextends: eu-fence\n"
KID = HEAD + RULE[RULE.index("tests:") :]
SPOILT_TWICE = RULE.replace("severity: high", "severity: hihg").replace("[EU27, CH]", "[EU27, UK]")

FAULTS = {
    "a rule that is not there": (
        {"kid.yaml": KID.replace("extends: eu-fence", "extends: eu-fense")},
        """\
rules/kid.yaml:4:10: extends: `eu-fense` is no rule that is loaded
  hint: did you mean `eu-fence`?""",
    ),
    "itself": (
        {"kid.yaml": KID.replace("extends: eu-fence", "extends: kid")},
        "rules/kid.yaml:4:10: extends: goes in a circle: `kid` → `kid`",
    ),
    "each other": (
        {"kid.yaml": KID, "eu-fence.yaml": RULE.replace("severity: high", "severity: high\nextends: kid")},
        """\
rules/eu-fence.yaml:9:10: extends: goes in a circle: `eu-fence` → `kid` → `eu-fence`
rules/kid.yaml:4:10: extends: goes in a circle: `kid` → `eu-fence` → `kid`""",
    ),
    "faulty keys": (
        {"kid.yaml": KID, "eu-fence.yaml": SPOILT_TWICE},
        """\
rules/eu-fence.yaml:8:11: severity: `hihg` is none of `critical`, `high`, `medium`, `low`
  hint: did you mean `high`?
rules/eu-fence.yaml:15:17: fence.allow.2: `UK` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "faulty keys, through another that extends": (
        {
            "grandkid.yaml": KID.replace("id: kid", "id: grandkid").replace(": eu-fence\nt", ": kid\nt"),
            "kid.yaml": KID,
            "eu-fence.yaml": RULE.replace("severity: high", "severity: hihg"),
        },
        """\
rules/eu-fence.yaml:8:11: severity: `hihg` is none of `critical`, `high`, `medium`, `low`
  hint: did you mean `high`?""",
    ),
    "keys that are missing": (
        {"kid.yaml": KID, "eu-fence.yaml": RULE.replace("severity: high\neffect: fence\n", "")},
        """\
rules/eu-fence.yaml:1:1: effect: is missing
  hint: it is one of `fence`, `never`, `require`, `watch`
rules/eu-fence.yaml:1:1: severity: is missing""",
    ),
    "a key that is missing, and one of its own that is wrong": (
        {
            "kid.yaml": KID.replace("version: 1.0.0", 'version: "1"') + "owner: ''\n",
            "eu-fence.yaml": RULE.replace("severity: high\n", ""),
        },
        """\
rules/eu-fence.yaml:1:1: severity: is missing
rules/kid.yaml:3:10: version: `1` is no version
  hint: write it as 1.0.0
rules/kid.yaml:9:8: owner: is blank""",
    ),
    "no version of its own, which no rule takes from another": (
        {"kid.yaml": KID.replace("version: 1.0.0\n", "")},
        "rules/kid.yaml:1:1: version: is missing",
    ),
    "no version anywhere, which each rule says for itself": (
        {
            "kid.yaml": KID.replace("version: 1.0.0\n", ""),
            "eu-fence.yaml": RULE.replace("version: 1.0.0\n", ""),
        },
        """\
rules/eu-fence.yaml:1:1: version: is missing
rules/kid.yaml:1:1: version: is missing""",
    ),
    "a file that is no YAML": (
        {"kid.yaml": KID, "eu-fence.yaml": RULE + "x: ["},
        "rules/eu-fence.yaml:20:5: expected the node content, but found '<stream end>'",
    ),
    "a key that only it cannot have": (
        {
            "kid.yaml": KID + "statement: s\neffect: watch\nwatch: {in: [CN]}\n",
            "eu-fence.yaml": RULE.replace("  roles: [media]\n", "  must_observe: [keys]\n"),
        },
        """\
rules/kid.yaml:4:10: scope: a `watch` has no findings, and so no `must_observe`; \
it is taken from rules/eu-fence.yaml:11:1
  hint: leave it out""",
    ),
    "another meaning, without words of its own": (
        {"kid.yaml": KID + "fence: {allow: [EU27]}\n"},
        """\
rules/kid.yaml:1:1: statement: is missing
  hint: it means something else than `eu-fence`, and says so in its own words""",
    ),
    "a fence, more mildly": (
        {"kid.yaml": KID + "statement: s\nfence: {allow: [EU27, CH, US]}\n"},
        """\
rules/kid.yaml:4:10: extends: from 2020-01-01T00:00:00Z, media, relay in US, home region EU, \
participant in AD: violation under `eu-fence`, compliant under `kid`
  hint: a rule that extends another may only tighten it; write a rule of its own for anything else""",
    ),
}


@pytest.mark.parametrize(("files", "message"), FAULTS.values(), ids=FAULTS)
def test_a_rule_that_extends(write_rules: WriteRules, files: dict[str, str], message: str) -> None:
    assert message_of(write_rules(SOUND | files)) == message


def test_a_never_rule_may_extend_a_fence_and_leaves_its_exceptions(write_rules: WriteRules) -> None:
    never = KID + 'statement: s\neffect: never\nnever: {in: [AQ]}\nin_force: {from: "2019-01-01T00:00:00Z"}\n'
    text = message_of(write_rules(WHOLE | {"kid.yaml": never}))
    assert text.startswith("rules/kid.yaml:4:10: extends: ")
    assert "exceptions: " not in text


def test_a_rule_takes_what_it_does_not_give(write_rules: WriteRules) -> None:
    eu, kid = load_ruleset([write_rules(WHOLE | {"kid.yaml": KID + "severity: critical\n"})]).rules
    assert (kid.id, kid.severity, kid.title, kid.scope) == ("kid", "critical", eu.title, eu.scope)


def test_an_approval_is_of_one_rule_alone(write_rules: WriteRules) -> None:
    approved = RULE.replace("severity: high", "severity: high\napproved: {by: Counsel, on: 2026-01-10}")
    eu, kid = load_ruleset([write_rules(SOUND | {"eu-fence.yaml": approved, "kid.yaml": KID})]).rules
    assert eu.approved is not None
    assert kid.approved is None
