"""Lints of exceptions, each on a small folder."""

import pytest

from auditor.ruleset.lints.lint import lint
from auditor.ruleset.loader import load_documented
from tests.ruleset.lint_folders import AS_OF, OWNED, QUIET, changed, grouped
from tests.ruleset.rule_files import WriteRules

WITH_EXCEPTION = OWNED.replace(
    "tests:\n",
    """\
exceptions:
  - {id: first, why: ours, roles: [media], when: {tier: [fallback]}, allow: [RS]}
  - {id: second, why: ours, when: {tier: [fallback], failed_primaries_min: 2}, allow: [RS, MD]}
tests:
""",
)
WINDOW = """\
schema: auditor/windows@1
windows:
  - {id: eu-congestion, regions: [EU], from: "2021-03-01T00:00:00Z", until: "2021-03-02T00:00:00Z",
     evidence: incident 7, declared_by: noc, declared_at: "2021-03-01T01:00:00Z"}
"""

NEVER = "exception-never-applies"

EXCEPTION_REMARKS = {
    "none of its roles is one of the rule": (
        (("why: ours, roles: [media]", "why: ours, roles: [keys, recording]"),),
        (
            "exceptions.1.roles",
            (
                "exception `first` can never apply: the rule is about none of its roles, `keys` and "
                "`recording` [exception-never-applies]"
            ),
        ),
    ),
    "all of its places are allowed anyway": (
        (("allow: [RS]", "allow: [DE, CH]"),),
        (
            "exceptions.1.allow",
            (
                "exception `first` can never apply: the rule allows all of its places anyway "
                "[exception-never-applies]"
            ),
        ),
    ),
    "its places have members at other times only": (
        (("allow: [RS]", "allow: [SOON_OVER]"),),
        (
            "exceptions.1.allow",
            (
                "exception `first` can never apply: there is no country in `SOON_OVER` while the rule is in "
                "force [exception-never-applies]"
            ),
        ),
    ),
    "those before it take all that it could": (
        (("when: {tier: [fallback]}, allow: [RS]", "allow: [RS, MD]"),),
        (
            "exceptions.2",
            (
                "exception `second` can never apply: an exception before it takes all that it could take "
                "[exception-never-applies]"
            ),
        ),
    ),
    "nobody declared its window": (
        (("failed_primaries_min: 2", "in_window: eu-congestio"),),
        (
            "exceptions.2.when.in_window",
            (
                "no window bears the id `eu-congestio`: exception `second` never applies [unknown-window]\n"
                "  hint: did you mean `eu-congestion`?"
            ),
        ),
    ),
    "no count of failures is too small": (
        (("failed_primaries_min: 2", "failed_primaries_min: 0"),),
        (
            "exceptions.2.when.failed_primaries_min",
            (
                "`failed_primaries_min: 0` of exception `second` leaves nothing out: no count is less "
                "[condition-always-holds]\n  hint: leave it out, or ask for more"
            ),
        ),
    ),
    "no attempt is too early": (
        (("failed_primaries_min: 2", "attempt_min: 1"),),
        (
            "exceptions.2.when.attempt_min",
            (
                "`attempt_min: 1` of exception `second` leaves nothing out: the first attempt is 1 "
                "[condition-always-holds]\n  hint: leave it out, or ask for more"
            ),
        ),
    ),
    "it names every tier": (
        (("tier: [fallback], f", "tier: [fallback, primary], f"),),
        (
            "exceptions.2.when.tier",
            (
                "`tier` of exception `second` leaves nothing out: it names every tier "
                "[condition-always-holds]\n  hint: leave it out, or ask for more"
            ),
        ),
    ),
    "its share is all calls": (
        (
            (
                "allow: [RS, MD]",
                "allow: [RS, MD], limits: {share_of_calls: {max: 1, per: account, over: day}}",
            ),
        ),
        (
            "exceptions.2.limits.share_of_calls",
            (
                "`share_of_calls` of exception `second` leaves nothing out: no share is more than 1 "
                "[condition-always-holds]\n  hint: leave it out, or ask for more"
            ),
        ),
    ),
}


@pytest.mark.parametrize(("changes", "remark"), EXCEPTION_REMARKS.values(), ids=EXCEPTION_REMARKS)
def test_an_exception_is_remarked_on_where(
    write_rules: WriteRules, changes: tuple[tuple[str, str], ...], remark: tuple[str, str]
) -> None:
    over = '  SOON_OVER: {title: over, members: [{code: RS, until: "2019-01-01T00:00:00Z"}]}\n'
    files = QUIET | grouped(over) | {"windows/eu.yaml": WINDOW} | changed(*changes, rule=WITH_EXCEPTION)
    documented = load_documented([write_rules(files)])
    (one,) = lint(documented, as_of=AS_OF)
    key, text = remark
    loc = tuple(int(step) - 1 if step.isdecimal() else step for step in key.split("."))
    place = documented.documents["rules/eu-fence.yaml"].place(loc)
    assert str(one) == f"{place}: eu-fence: {text}"


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        (WINDOW, None),
        (WINDOW.replace("[EU]", "[US]"), NEVER),
        (WINDOW.replace("2021", "2019"), NEVER),
        (WINDOW.replace("2021-03-01", "2019-12-01").replace("2021-03-02", "2020-01-01"), NEVER),
        (WINDOW.replace("2021-03-01", "2019-12-01").replace("2021-03-02", "2020-01-02"), None),
    ],
)
def test_a_window_of_another_region_or_time_opens_no_exception(
    write_rules: WriteRules, window: str, reason: str | None
) -> None:
    rule = WITH_EXCEPTION.replace("failed_primaries_min: 2", "in_window: eu-congestion")
    folder = write_rules(QUIET | {"eu-fence.yaml": rule, "windows/eu.yaml": window})
    found = lint(load_documented([folder]), as_of=AS_OF)
    assert [one.lint for one in found] == ([reason] if reason else [])
