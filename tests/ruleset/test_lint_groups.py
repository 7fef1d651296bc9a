"""Lints of groups, each on a small folder."""

from datetime import datetime, timedelta

import pytest

from tests.ruleset.lint_folders import AS_OF, QUIET, QUIET_GROUPS, changed, found_in, grouped
from tests.ruleset.rule_files import WriteRules

GROUP_REMARKS = {
    "CN": ("[{code: CN}]", "names `CN` and is silent on `HK`, `MO` and `TW`, which have codes of their own"),
    "US": (
        "[{code: US}]",
        ("names `US` and is silent on `AS`, `GU`, `MP`, `PR`, `UM` and `VI`, which have codes of their own"),
    ),
    "some outlying areas": (
        "[{code: US}, {code: PR}, {code: GU}]",
        "names `US`, `GU` and `PR` and is silent on `AS`, `MP`, `UM` and `VI`",
    ),
    "FR": (
        "[{code: FR}, {code: GP}, {code: RE}]",
        "names `FR`, `GP` and `RE` and is silent on `GF`, `MF`, `MQ` and `YT`",
    ),
    "NO": ("[{code: NO}]", "names `NO` and is silent on `SJ`, which has a code of its own"),
    "one of several questions answered": ("[{code: CN}, {code: HK}]", None),
    "answered by what it includes": ("[{code: GB}], include: [EU27]", None),
    "answered for a time": ('[{code: FI}, {code: AX, until: "2021-01-01T00:00:00Z"}]', None),
}


@pytest.mark.parametrize(("members", "text"), GROUP_REMARKS.values(), ids=GROUP_REMARKS)
def test_a_group_that_is_silent_on_territories_is_told_once_and_not_at_its_rules(
    write_rules: WriteRules, members: str, text: str | None
) -> None:
    files = QUIET | grouped(f"  MINE: {{title: mine, members: {members}}}\n")
    found = found_in(write_rules(files | changed(("[EU27, CH]", "[MINE]"))))
    expected = f"rules/groups/more.yaml:4:33: MINE: {text} [silent-on-territories]"
    assert [one.partition("\n")[0] for one in found] == ([expected] if text else [])


AGES = {
    "180 days": (AS_OF - timedelta(days=180), None),
    "181 days": (AS_OF - timedelta(days=181), "not verified since 2026-06-03, 181 days ago"),
    "tomorrow": (AS_OF + timedelta(days=1), None),
    "next week": (
        AS_OF + timedelta(days=7),
        "verified on 2026-12-08, a day that is still to come",
    ),
}


@pytest.mark.parametrize(("verified_at", "text"), AGES.values(), ids=AGES)
def test_groups_are_remarked_on_when_nobody_looked_at_them_for_180_days(
    write_rules: WriteRules, verified_at: datetime, text: str | None
) -> None:
    groups = QUIET_GROUPS.replace("2026-11-22", f"{verified_at:%Y-%m-%d}")
    found = found_in(write_rules({**QUIET, "groups/europe.yaml": groups}))
    expected = f"rules/groups/europe.yaml:2:14: EU27, EEA: {text} [not-verified-lately]"
    assert [one.partition("\n")[0] for one in found] == ([expected] if text else [])


@pytest.mark.parametrize(("days", "days_told"), [(-1, None), (0, 0), (1, 1), (90, 90), (91, None)], ids=str)
def test_a_member_that_leaves_within_90_days_is_told(
    write_rules: WriteRules, days: int, days_told: int | None
) -> None:
    ends = AS_OF + timedelta(days=days)
    until = f'until: "{ends:%Y-%m-%dT%H:%M:%SZ}"'
    group = f"  MINE: {{title: mine, members: [{{code: CH}}, {{code: BR, {until}}}]}}\n"
    found = found_in(write_rules(QUIET | grouped(group)))
    expected = (
        f"rules/groups/more.yaml:4:45: MINE: `BR` leaves it on {ends:%Y-%m-%d}, in {days_told} days "
        "[membership-ends]\n  hint: find out what holds from then on"
    )
    assert found == ([] if days_told is None else [expected])


def test_a_member_that_stays_by_another_entry_does_not_leave(write_rules: WriteRules) -> None:
    group = (
        '  MINE: {title: mine, members: [{code: BR, until: "2026-12-24T00:00:00Z"}, '
        '{code: BR, from: "2026-12-24T00:00:00Z"}]}\n'
    )
    assert found_in(write_rules(QUIET | grouped(group))) == []
