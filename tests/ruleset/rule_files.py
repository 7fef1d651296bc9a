"""Sound files of rules, groups, windows and waivers, for tests to spoil."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditor.errors import RuleSetError
from auditor.ruleset.loader import load_ruleset

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
EXCEPTIONS = """\
exceptions:
  - id: congestion
    why: Calls go on
    roles: [media]
    when: {tier: [fallback], failed_primaries_min: 2, in_window: eu-congestion}
    allow: [GB]
    limits:
      connections_per_call: 2
      share_of_calls: {max: 0.01, per: account, over: day}
    overflow: all
"""
WINDOWS = """\
schema: auditor/windows@1
windows:
  - id: eu-congestion
    regions: [EU]
    from: "2021-03-01T00:00:00Z"
    until: "2021-03-02T00:00:00Z"
    evidence: incident 7
    declared_by: noc
    declared_at: "2021-03-01T01:00:00Z"
"""
WAIVER = """\
schema: auditor/waiver@1
id: W-1
rule: eu-fence
match: {account: a}
covers: {from: "2021-03-01T00:00:00Z", until: "2021-03-02T00:00:00Z"}
expires: "2021-04-01T00:00:00Z"
max_findings: 4
reason: A reason of more than twenty characters
ticket: T-1
requested_by: A
approved_by: B
issued: "2021-03-03T00:00:00Z"
"""
SOUND = {"eu-fence.yaml": RULE, "groups/europe.yaml": GROUPS}
WHOLE = SOUND | {
    "eu-fence.yaml": RULE.replace("tests:\n", f"{EXCEPTIONS}tests:\n"),
    "windows/eu.yaml": WINDOWS,
    "waivers/w.yaml": WAIVER,
}


def message_of(*folders: Path) -> str:
    """Load what is faulty, and give what a person reads."""
    with pytest.raises(RuleSetError) as caught:
        load_ruleset(folders)
    return str(caught.value)


def spoilt(name: str, change: tuple[str, str], files: Mapping[str, str] = WHOLE) -> dict[str, str]:
    """Replace the one place of a file at which a text stands."""
    assert files[name].count(change[0]) == 1, change
    return {**files, name: files[name].replace(*change)}
