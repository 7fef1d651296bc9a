"""Lint: what is no fault in rules, and still wants a look. Each lint on a small folder; here, of rules."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditor.ruleset.lints.lint import LINTS, lint
from auditor.ruleset.loader import load_documented
from tests.ruleset.lint_folders import AS_OF, OWNED, QUIET, changed, found_in, grouped
from tests.ruleset.rule_files import WHOLE, WriteRules

NEVER = (
    OWNED.replace("eu-fence", "cn-never")
    .replace("effect: fence", "effect: never")
    .replace("fence:\n  allow: [EU27, CH]", "never:\n  in: [BY]")
)


def test_a_rule_that_has_all_that_it_should_is_passed_over(write_rules: WriteRules) -> None:
    assert found_in(write_rules(QUIET)) == []


RULE_REMARKS = {
    "nobody owns it": (
        changed(("owner: counsel\n", ""), ("approved: {by: counsel, on: 2026-11-20}\n", "")),
        """\
rules/eu-fence.yaml:2:5: eu-fence: has no owner and no approval [unowned]
  hint: name the `owner`, and in `approved` who approved it""",
    ),
    "nobody approved it": (
        changed(("approved: {by: counsel, on: 2026-11-20}\n", "")),
        """\
rules/eu-fence.yaml:2:5: eu-fence: has no approval [unowned]
  hint: name the `owner`, and in `approved` who approved it""",
    ),
    "it forbids an empty group": (
        changed(("allow: [EU27, CH]", "forbid: [NOWHERE]"))
        | grouped("  NOWHERE: {title: none, members: []}\n"),
        (
            "rules/eu-fence.yaml:17:3: eu-fence: can never fire: every country is allowed while it is in "
            "force [never-fires]"
        ),
    ),
    "its participants are nowhere": (
        changed(("  roles: [media]", "  participant: {in: [NOWHERE]}"))
        | grouped("  NOWHERE: {title: none, members: []}\n"),
        "rules/eu-fence.yaml:13:1: eu-fence: can never fire: its scope holds of no connection [never-fires]",
    ),
    "its exceptions excuse whatever is outside": (
        changed(
            ("allow: [EU27, CH]", "forbid: [BY]"),
            ("tests:", "exceptions: [{id: all, why: ours, allow: [BY, MD]}]\ntests:"),
        ),
        (
            "rules/eu-fence.yaml:18:1: eu-fence: can never fire: its exceptions, without a limit, take all "
            "that is outside [never-fires]"
        ),
    ),
    "it allows an empty group only": (
        changed(("[EU27, CH]", "[NOWHERE]")) | grouped("  NOWHERE: {title: none, members: []}\n"),
        """\
rules/eu-fence.yaml:17:3: eu-fence: there is no country in `NOWHERE` while it is in force: no relay can \
comply [allows-nothing]
  hint: name a country, or a group that has one then""",
    ),
    "it allows nothing for a time": (
        changed(("[EU27, CH]", "[LATER]"))
        | grouped('  LATER: {title: later, members: [{code: CH, from: "2023-07-10T00:00:00Z"}]}\n'),
        """\
rules/eu-fence.yaml:17:3: eu-fence: there is no country in `LATER` from 2020-01-01T00:00:00Z until \
2023-07-10T00:00:00Z: no relay can comply [allows-nothing]
  hint: name a country, or a group that has one then""",
    ),
    "its participants are everybody": (
        changed(("  roles: [media]", "  participant: {not_in: [NOWHERE]}"))
        | grouped("  NOWHERE: {title: none, members: []}\n"),
        """\
rules/eu-fence.yaml:15:3: eu-fence: `participant` leaves nobody out: `NOWHERE` has no country while the rule \
is in force [filter-always-holds]
  hint: leave it out""",
    ),
    "it names a group for counting by way of another": (
        changed(("[EU27, CH]", "[EU27, ALMOST]"))
        | grouped(
            "  GREATER_CHINA: {title: counted, members: [{code: CN}, {code: HK}, {code: MO}, {code: TW}]}\n"
            "  ALMOST: {title: almost, include: [GREATER_CHINA]}\n"
        ),
        """\
rules/eu-fence.yaml:17:17: eu-fence: names `GREATER_CHINA` by way of `ALMOST`, which is for counting only \
[greater-china]
  hint: name the group that the law or the promise means, such as `CN_MAINLAND`""",
    ),
    "it names a country, and not its parts": (
        changed(("[EU27, CH]", "[EU27, FI]")),
        """\
rules/eu-fence.yaml:17:17: eu-fence: names `FI` and is silent on `AX`, which has a code of its own \
[silent-on-territories]
  hint: name those that are meant; if none is, say so in the title or in a comment""",
    ),
}


@pytest.mark.parametrize(("files", "remark"), RULE_REMARKS.values(), ids=RULE_REMARKS)
def test_a_rule_is_remarked_on_where(write_rules: WriteRules, files: Mapping[str, str], remark: str) -> None:
    assert found_in(write_rules({**QUIET, **files})) == [remark]


@pytest.mark.parametrize("place", ["NOWHERE", "SOON_OVER"])
def test_a_never_of_no_country_while_it_is_in_force_never_fires(write_rules: WriteRules, place: str) -> None:
    groups = grouped(
        "  NOWHERE: {title: none, members: []}\n"
        '  SOON_OVER: {title: over, members: [{code: BY, until: "2019-01-01T00:00:00Z"}]}\n'
    )
    files = QUIET | groups | {"cn-never.yaml": NEVER.replace("[BY]", f"[{place}]")}
    assert found_in(write_rules(files)) == [
        (
            f"rules/cn-never.yaml:17:3: cn-never: can never fire: there is no country in `{place}` while it "
            "is in force [never-fires]"
        )
    ]


def test_a_rule_that_only_observes_can_fire(write_rules: WriteRules) -> None:
    observing = NEVER.replace("[BY]", "[NOWHERE]").replace("  roles: [media]", "  must_observe: [keys]")
    files = QUIET | {"cn-never.yaml": observing} | grouped("  NOWHERE: {title: none, members: []}\n")
    assert found_in(write_rules(files)) == []


@pytest.mark.parametrize(("limits", "fires"), [("", False), (", limits: {connections_per_call: 1}", True)])
def test_what_is_over_a_limit_can_fire(write_rules: WriteRules, limits: str, *, fires: bool) -> None:
    exceptions = f"exceptions: [{{id: all, why: ours, allow: [BY]{limits}}}]\ntests:"
    found = found_in(
        write_rules(QUIET | changed(("allow: [EU27, CH]", "forbid: [BY]"), ("tests:", exceptions)))
    )
    assert ["[never-fires]" in one for one in found] == [True] * (not fires)


@pytest.mark.parametrize("effect", ["never", "watch"])
def test_only_a_watch_may_name_the_group_for_counting(write_rules: WriteRules, effect: str) -> None:
    china = "  GREATER_CHINA: {title: counted, members: [{code: CN}, {code: HK}, {code: MO}, {code: TW}]}\n"
    rule = NEVER.replace("[BY]", "[GREATER_CHINA]").replace("effect: never", f"effect: {effect}")
    files = QUIET | grouped(china) | {"cn-never.yaml": rule.replace("\nnever:", f"\n{effect}:")}
    assert ["greater-china" in one for one in found_in(write_rules(files))] == [True] * (effect == "never")


def test_what_is_found_is_in_the_order_of_its_places(write_rules: WriteRules) -> None:
    found = lint(load_documented([write_rules(WHOLE)]), as_of=AS_OF)
    assert [(one.lint, one.remark.place) for one in found] == [
        ("unowned", "rules/eu-fence.yaml:2:5"),
        ("silent-on-territories", "rules/eu-fence.yaml:21:13"),
        ("silent-on-territories", "rules/groups/europe.yaml:6:27"),
    ]


def test_each_lint_is_on_the_page_and_no_other() -> None:
    page = Path("docs/rules-in-an-editor.md").read_text(encoding="utf-8")
    rows = page[page.index("## Lint") :].splitlines()
    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == list(LINTS)


def test_each_lint_is_shown_by_some_test() -> None:
    files = [*Path(__file__).parent.glob("test_lint*.py"), Path(__file__).parent / "test_contradictions.py"]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    assert [name for name in LINTS if f"[{name}" not in text] == []
