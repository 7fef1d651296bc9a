"""Decision tables for a person, and in long form."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from auditor.countries import COUNTRIES
from auditor.model import Role
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject, axes_of, table_of
from auditor.ruleset.tables.table_rows import table_rows
from auditor.ruleset.tables.table_text import table_text

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]

GOLDEN = Path(__file__).parent / "golden"
GROUPS = {
    "UNION": {"title": "Members", "members": [{"code": "DE"}, {"code": "FR"}]},
    "ALLIES": {"title": "Allies", "members": [{"code": "US", "from": "2023-07-10T00:00:00Z"}]},
}
FENCE = {
    "fence": {"allow": ["UNION", "CH"]},
    "scope": {"home_region": ["EU"], "roles": ["media", "keys"], "must_observe": ["keys"]},
    "exceptions": [
        {
            "id": "congestion",
            "why": "x",
            "roles": ["media"],
            "when": {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "busy"},
            "allow": ["ALLIES"],
            "limits": {"connections_per_call": 2},
        }
    ],
}


def test_the_table_of_a_fence_reads_like_this(make_rule: MakeRule, make_groups: MakeGroups) -> None:
    rule = make_rule(**FENCE)
    text = table_text(Subject(rule, RuleSet.of([rule], make_groups(GROUPS))))
    assert text == (GOLDEN / "decision-table.txt").read_text(encoding="utf-8")


def test_periods_that_read_alike_are_one_and_the_groups_tell_their_changes(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    groups = {"G": {"members": [{"code": "DE"}, {"code": "FR", "from": "2021-01-01T00:00:00Z"}]}}
    rule = make_rule(fence={"allow": ["G"]})
    assert (
        table_text(Subject(rule, RuleSet.of([rule], make_groups(groups))))
        == """\
rule 1.0.0: A rule

Before 1 January 2020
  every connection: not_applicable

From 1 January 2020
  relay      verdict
  G          compliant
  elsewhere  violation

G (G) stands for DE; from 1 January 2021 also for FR.
Elsewhere is every country that the rule does not name at the time.
Where the evidence leaves several rows open: a violation if all of them say so, indeterminate if
some do, else the worst of what they say.
"""
    )


def test_a_rule_about_calls_says_what_a_row_is(make_rule: MakeRule) -> None:
    rule = make_rule(require={"roles": ["recording"], "in": ["RU"]})
    text = table_text(Subject(rule, RuleSet.of([rule], Groups({}))))
    assert re.search(r"\n  recording +RU +compliant\n +elsewhere +violation\n", text)
    assert "A row tells of a call with this one connection." in text


def test_a_role_that_is_required_and_out_of_scope_tells_of_a_call_in_scope(make_rule: MakeRule) -> None:
    require = {"roles": ["recording", "media"], "in": ["RU"]}
    rule = make_rule(require=require, scope={"roles": ["media"]})
    text = table_text(Subject(rule, RuleSet.of([rule], Groups({}))))
    assert re.search(r"\n  media or recording +RU +compliant\n +elsewhere +violation\n", text)
    assert (
        "The rule requires the role recording, which is out of its scope: such a row tells of a call in "
        "scope, with this connection." in " ".join(text.split())
    )
    within = make_rule(require=require, scope={"roles": ["media", "recording"]})
    assert "out of its scope" not in table_text(Subject(within, RuleSet.of([within], Groups({}))))


def test_what_a_watch_counts_is_noted_and_no_finding(make_rule: MakeRule) -> None:
    rule = make_rule(watch={"in": ["CN"]}, scope={"roles": ["media"]}, status="draft")
    text = table_text(Subject(rule, RuleSet.of([rule], Groups({}))))
    assert text.startswith("rule 1.0.0 (draft): A rule\n")
    assert re.search(r"\n  media +CN +noted\n +elsewhere +compliant\n", text)
    assert re.search(r"\n  unknown +CN +perhaps noted\n", text)
    assert "\nWhat is noted is counted and shown. It is no finding.\n" in text
    assert "violation" not in text
    assert "indeterminate" not in text


def test_an_exception_without_limits_says_so(make_rule: MakeRule) -> None:
    exception = {"id": "e", "why": "x", "allow": ["GB"]}
    rule = make_rule(fence={"allow": ["US"]}, exceptions=[exception])
    text = table_text(Subject(rule, RuleSet.of([rule], Groups({}))))
    assert "\n  GB         excused (e)\n" in text
    assert "\nException e excuses any number of uses.\n" in text


def test_in_long_form_every_cell_is_a_row_that_spells_all_out(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    rule = make_rule(**FENCE)
    subject = Subject(rule, RuleSet.of([rule], make_groups(GROUPS)))
    columns, rows = table_rows(subject)
    lines = [dict(zip(columns, row, strict=True)) for row in rows]
    assert len(lines) == len(axes_of([subject]))
    assert sorted({line["verdict"] for line in lines}) == sorted(
        {str(decision.verdict) for decision in table_of(subject).values()}
    )
    assert {code for line in lines for code in line["relays"].split()} == COUNTRIES
    assert {role for line in lines for role in line["roles"].split()} == set(Role)
    (excused,) = [line for line in lines if line["exception"]]
    assert excused == {
        "rule": "rule",
        "version": "1.0.0",
        "from": "2023-07-10T00:00:00Z",
        "until": "",
        "roles": "media",
        "home_region": "EU",
        "accounts": "any",
        "participants": "any",
        "tier": "fallback",
        "attempt": "any",
        "failed_primaries": "2+",
        "selection_reason": "any",
        "windows": "busy",
        "relays": "US",
        "verdict": "excused",
        "exception": "congestion",
        "connections_per_call": "2",
        "minutes_per_call": "",
        "share_of_calls": "",
        "overflow": "excess",
    }


def test_in_long_form_what_a_rule_does_not_name_is_all_but_what_it_names(make_rule: MakeRule) -> None:
    scope = {"home_region": ["EU", "US"], "accounts": ["a", "b"], "labels": {"cloud": ["gov"]}}
    exception = {
        "id": "e",
        "why": "x",
        "allow": ["GB"],
        "when": {"attempt_min": 3, "selection_reason": ["r"], "in_window": "w"},
        "limits": {"share_of_calls": {"max": 0.01, "per": "account", "over": "day"}},
    }
    force = {"from": "2020-01-01T00:00:00.5Z"}
    rule = make_rule(fence={"allow": ["US"]}, scope=scope, exceptions=[exception], in_force=force)
    columns, rows = table_rows(Subject(rule, RuleSet.of([rule], Groups({}))))
    lines = [dict(zip(columns, row, strict=True)) for row in rows]
    values = {name: {line[name] for line in lines} for name in columns}
    assert values["home_region"] == {"EU", "US", "all but EU US"}
    assert values["accounts"] == {"a b", "all but a b"}
    assert values["label_cloud"] == {"gov", "all but gov"}
    assert values["attempt"] == {"1-2", "3+"}
    assert values["selection_reason"] == {"r", "all but r"}
    assert values["windows"] == {"none", "w"}
    assert values["share_of_calls"] == {"", "0.01"}
    assert values["from"] == {"", "2020-01-01T00:00:00.500000Z"}
