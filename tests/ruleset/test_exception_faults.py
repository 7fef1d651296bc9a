"""What a person reads when an exception of a fence is wrong."""

import pytest

from auditor.model import Role
from tests.ruleset.rule_files import EXCEPTIONS, WriteRules, message_of, spoilt

ROLES = ", ".join(f"`{role}`" for role in Role)
LIMITS = EXCEPTIONS[EXCEPTIONS.index("    limits") : EXCEPTIONS.index("    overflow")]

FAULTS = {
    "UK": (
        ("allow: [GB]", "allow: [UK]"),
        """\
rules/eu-fence.yaml:21:13: exceptions.1.allow.1: `UK` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `GB`?""",
    ),
    "EU as a country": (
        ("allow: [GB]", "allow: [EU]"),
        """\
rules/eu-fence.yaml:21:13: exceptions.1.allow.1: `EU` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: `EU` is no country; did you mean the group `EU27`?""",
    ),
    "a group that is none": (
        ("allow: [GB]", "allow: [EU72]"),
        """\
rules/eu-fence.yaml:21:13: exceptions.1.allow.1: `EU72` is neither a group nor an ISO 3166-1 alpha-2 code
  hint: did you mean `EU27`?""",
    ),
    "nothing allowed": (
        ("allow: [GB]", "allow: []"),
        """\
rules/eu-fence.yaml:21:5: exceptions.1.allow: is empty
  hint: give at least one""",
    ),
    "an id of capitals": (
        ("id: congestion", "id: Congestion"),
        """\
rules/eu-fence.yaml:17:9: exceptions.1.id: `Congestion` is no id of an exception
  hint: up to 64 of a to z, 0 to 9 and hyphens""",
    ),
    "a window that cannot be": (
        ("eu-congestion}", "EU congestion}"),
        """\
rules/eu-fence.yaml:20:66: exceptions.1.when.in_window: `EU congestion` is no id of a window
  hint: up to 64 of a to z, 0 to 9 and hyphens""",
    ),
    "a tier that is none": (
        ("tier: [fallback]", "tier: [falback]"),
        """\
rules/eu-fence.yaml:20:19: exceptions.1.when.tier.1: `falback` is none of `primary`, `fallback`
  hint: did you mean `fallback`?""",
    ),
    "a text for a list": (
        ("tier: [fallback]", "tier: fallback"),
        """\
rules/eu-fence.yaml:20:18: exceptions.1.when.tier: `fallback`: input should be a valid array
  hint: write a list, in brackets""",
    ),
    "no tier": (
        ("tier: [fallback]", "tier: []"),
        """\
rules/eu-fence.yaml:20:12: exceptions.1.when.tier: is empty
  hint: give at least one""",
    ),
    "a role that is none": (
        ("    roles: [media]", "    roles: [meida]"),
        f"""\
rules/eu-fence.yaml:19:13: exceptions.1.roles.1: `meida` is none of {ROLES}
  hint: did you mean `media`?""",
    ),
    "an overflow that is none": (
        ("overflow: all", "overflow: exces"),
        """\
rules/eu-fence.yaml:25:15: exceptions.1.overflow: `exces` is none of `excess`, `all`
  hint: did you mean `excess`?""",
    ),
    "a share per something else": (
        ("per: account", "per: acount"),
        "rules/eu-fence.yaml:24:40: exceptions.1.limits.share_of_calls.per: `acount` is not `account`",
    ),
    "a share over something else": (
        ("over: day", "over: week"),
        "rules/eu-fence.yaml:24:55: exceptions.1.limits.share_of_calls.over: `week` is not `day`",
    ),
    "a share above one": (
        ("max: 0.01", "max: 2"),
        """\
rules/eu-fence.yaml:24:29: exceptions.1.limits.share_of_calls.max: `2`: input should be less \
than or equal to 1""",
    ),
    "a share of nothing": (
        ("max: 0.01", "max: 0"),
        """\
rules/eu-fence.yaml:24:29: exceptions.1.limits.share_of_calls.max: `0`: input should be \
greater than 0""",
    ),
    "no connection at all": (
        ("connections_per_call: 2", "connections_per_call: 0"),
        """\
rules/eu-fence.yaml:23:29: exceptions.1.limits.connections_per_call: `0`: input should be \
greater than or equal to 1""",
    ),
    "fewer failures than none": (
        ("failed_primaries_min: 2", "failed_primaries_min: -1"),
        """\
rules/eu-fence.yaml:20:52: exceptions.1.when.failed_primaries_min: `-1`: input should be \
greater than or equal to 0""",
    ),
    "a condition that is none": (
        ("failed_primaries_min: 2", "failed_primaries: 2"),
        """\
rules/eu-fence.yaml:20:30: exceptions.1.when.failed_primaries: unknown key
  hint: did you mean `failed_primaries_min`?""",
    ),
    "an attempt before the first": (
        ("failed_primaries_min: 2", "attempt_min: 0"),
        """\
rules/eu-fence.yaml:20:43: exceptions.1.when.attempt_min: `0`: input should be greater than or \
equal to 1""",
    ),
    "overflow without limits": (
        (
            LIMITS,
            "",
        ),
        """\
rules/eu-fence.yaml:17:5: exceptions.1: `overflow` is given without `limits`
  hint: leave it out, or name the limits""",
    ),
    "limits that are blank would be none at all": (
        (LIMITS + "    overflow: all\n", "    limits:\n"),
        """\
rules/eu-fence.yaml:22:5: exceptions.1.limits: is blank
  hint: give it a value, or leave it out""",
    ),
    "empty limits": (
        (
            LIMITS,
            "    limits: {}\n",
        ),
        """\
rules/eu-fence.yaml:22:5: exceptions.1.limits: is empty
  hint: name a limit, or leave `limits` out""",
    ),
    "an approval on no day": (
        ("id: congestion", "id: congestion\n    approved: {by: counsel, on: 2026-13-01}"),
        """\
rules/eu-fence.yaml:18:33: exceptions.1.approved.on: `2026-13-01` is no day
  hint: write it as 2026-11-22""",
    ),
    "no reason why": (
        ("    why: Calls go on\n", ""),
        "rules/eu-fence.yaml:17:5: exceptions.1.why: is missing",
    ),
    "an id twice": (
        ("overflow: all\n", "overflow: all\n  - {id: congestion, why: again, allow: [CN]}\n"),
        """\
rules/eu-fence.yaml:16:1: exceptions: `congestion` stands twice
  hint: tell them apart""",
    ),
    "a never rule": (
        ("effect: fence\n", "effect: never\nnever: {in: [CN]}\n"),
        """\
rules/eu-fence.yaml:15:1: fence: unknown key
  hint: the effect is `never`, and so is the key of its body
rules/eu-fence.yaml:17:1: exceptions: a `never` rule has none
  hint: nothing excuses it
rules/waivers/w.yaml:3:7: rule: `eu-fence` is a `never` rule, which nothing excuses
  hint: take the waiver away""",
    ),
    "a watch rule": (
        ("effect: fence\n", "effect: watch\nwatch: {in: [CN]}\n"),
        """\
rules/eu-fence.yaml:15:1: fence: unknown key
  hint: the effect is `watch`, and so is the key of its body
rules/eu-fence.yaml:17:1: exceptions: a `watch` rule has none
  hint: only a `fence` has exceptions
rules/waivers/w.yaml:3:7: rule: `eu-fence` is a `watch` rule, which has no findings
  hint: take the waiver away""",
    ),
    "a require rule": (
        ("effect: fence\n", "effect: require\nrequire: {roles: [media], in: [DE]}\n"),
        """\
rules/eu-fence.yaml:15:1: fence: unknown key
  hint: the effect is `require`, and so is the key of its body
rules/eu-fence.yaml:17:1: exceptions: a `require` rule has none
  hint: only a `fence` has exceptions""",
    ),
}


@pytest.mark.parametrize(("change", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_an_exception_is_told_with_its_place(
    write_rules: WriteRules, change: tuple[str, str], message: str
) -> None:
    assert message_of(write_rules(spoilt("eu-fence.yaml", change))) == message
