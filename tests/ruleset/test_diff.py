"""What changed between two editions of rules, apart from cells."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from auditor.ruleset.tables.diff import Difference, Edition, differences
from auditor.ruleset.waiver_schema import Waiver
from auditor.ruleset.windows import Window, Windows

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]
Values = dict[str, Any]

UNCHANGED = "no decision changed; its version did"
LIMITS = {
    "connections_per_call": 2,
    "minutes_per_call": 30,
    "share_of_calls": {"max": 0.01, "per": "account", "over": "day"},
}


def _exception(**given: object) -> Values:
    return {"id": "e", "why": "x", "allow": ["GB"], "when": {"in_window": "w"}} | given


def _fence(*exceptions: Values, **given: object) -> Values:
    return {"fence": {"allow": ["US"]}, "exceptions": list(exceptions), **given}


def _edition(
    *rules: Rule,
    windows: tuple[Window, ...] = (),
    waivers: tuple[Waiver, ...] = (),
    is_single: bool = False,
) -> Edition:
    ruleset = RuleSet.of(rules, Groups({}), windows=Windows(windows), waivers=waivers)
    return Edition(tuple(Subject(rule, ruleset) for rule in ruleset.rules), is_single=is_single)


def _window(**given: str) -> Window:
    values = {
        "id": "w",
        "from": "2020-03-01T10:00:00Z",
        "until": "2020-03-01T12:00:00Z",
        "evidence": "x",
        "declared_by": "x",
        "declared_at": "2020-03-01T12:00:00Z",
    }
    return Window.model_validate({"regions": ["EU"], **values, **given}, strict=False)


@pytest.mark.parametrize(
    ("was", "becomes", "sentences"),
    [
        (_fence(_exception(limits=LIMITS)), _fence(_exception(limits=LIMITS)), (UNCHANGED,)),
        (
            _fence(_exception(limits=LIMITS)),
            _fence(_exception(limits=LIMITS | {"connections_per_call": 1, "minutes_per_call": 0.5})),
            (
                "exception e: at most 2 connections a call → at most 1 connection a call",
                "exception e: at most 30 minutes a call → at most 0.5 minutes a call",
            ),
        ),
        (
            _fence(_exception(limits={"connections_per_call": 2})),
            _fence(_exception(limits={"minutes_per_call": 1})),
            (
                "exception e: at most 2 connections a call → any number of connections a call",
                "exception e: any number of minutes a call → at most 1 minute a call",
            ),
        ),
        (
            _fence(_exception(limits=LIMITS)),
            _fence(_exception()),
            (
                "exception e: at most 2 connections a call → any number of connections a call",
                "exception e: at most 30 minutes a call → any number of minutes a call",
                (
                    "exception e: at most 1 % of the account's calls of a UTC day → "
                    "any share of the account's calls of a UTC day"
                ),
            ),
        ),
        (
            _fence(_exception(limits=LIMITS)),
            _fence(_exception(limits=LIMITS, overflow="all")),
            (
                (
                    "exception e: what is over a limit is not excused, and what came before it still is → "
                    "once a limit is over, nothing that it counts is excused"
                ),
            ),
        ),
        (
            _fence(),
            _fence(_exception(limits={"connections_per_call": 1})),
            (
                (
                    "From 1 January 2020: A relay in GB, in window w: "
                    "was a violation, now is excused within limits (e)."
                ),
                "exception e is new: it excuses at most 1 connection a call",
            ),
        ),
        (
            _fence(_exception()),
            _fence(),
            (
                ("From 1 January 2020: A relay in GB, in window w: was excused (e), now is a violation."),
                "exception e is gone",
            ),
        ),
        (
            _fence(scope={"must_observe": ["keys"]}),
            _fence(scope={"must_observe": ["recording"]}),
            (
                "a call need no longer have a record of the role keys",
                "each call must newly have a record of the role recording",
            ),
        ),
        (_fence(), _fence(severity="low"), ("severity: high → low",)),
        (_fence(), _fence(status="draft"), ("it becomes a draft",)),
        (_fence(status="draft"), _fence(), ("it is no longer a draft",)),
        (_fence(), _fence(expect_connections=True), ("it newly expects connections",)),
        ({"never": {"in": ["CN"]}}, {"watch": {"in": ["CN"]}}, ("effect: never → watch",)),
    ],
)
def test_a_rule_that_changes_is_told_in_sentences(
    make_rule: MakeRule, was: Values, becomes: Values, sentences: tuple[str, ...]
) -> None:
    old, new = (
        _edition(make_rule(**given, version=version))
        for given, version in ((was, "1.0.0"), (becomes, "1.1.0"))
    )
    (found,) = differences(old, new)
    assert _told(found) == sentences


def _told(found: Difference) -> tuple[str, ...]:
    cells = (f"{one.heading}: {sentence}" for one in found.periods for sentence in one.sentences)
    return (*cells, *found.remarks)


@pytest.mark.parametrize(
    ("was", "becomes", "heading"),
    [
        ({}, {"severity": "low"}, "rule 1.0.0"),
        ({}, {"severity": "low", "version": "1.1.0"}, "rule 1.0.0 → 1.1.0"),
        ({"status": "draft"}, {"severity": "low", "status": "draft"}, "rule 1.0.0 (draft)"),
        ({"status": "draft"}, {}, "rule 1.0.0 (draft) → 1.0.0"),
    ],
)
def test_the_heading_names_versions_and_drafts(
    make_rule: MakeRule, was: Values, becomes: Values, heading: str
) -> None:
    old, new = (_edition(make_rule(**_fence(), **given)) for given in (was, becomes))
    assert [one.heading for one in differences(old, new)] == [heading]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (_fence(), _fence(fence={"allow": ["US", "CA"]})),
        (_fence(_exception(limits=LIMITS)), _fence(_exception(limits=LIMITS, overflow="all"))),
        (_fence(), _fence(scope={"must_observe": ["keys"]})),
        ({"never": {"in": ["CN"]}}, {"watch": {"in": ["CN"]}}),
    ],
)
def test_decisions_that_change_under_the_same_version_are_remarked(
    make_rule: MakeRule, was: Values, becomes: Values
) -> None:
    (found,) = differences(_edition(make_rule(**was)), _edition(make_rule(**becomes)))
    assert found.remarks[-1] == "its version is still 1.0.0"
    assert not any("its words did" in remark for remark in found.remarks)


def test_a_rule_that_changes_by_its_groups_alone_is_told_so(
    make_rule: MakeRule, make_groups: MakeGroups
) -> None:
    rule = make_rule(fence={"allow": ["G"]})
    old, new = (
        Edition(
            (Subject(rule, RuleSet.of([rule], make_groups({"G": {"members": members}}))),), is_single=True
        )
        for members in ([{"code": "DE"}], [{"code": "DE"}, {"code": "FR"}])
    )
    (found,) = differences(old, new)
    assert found.remarks == ("its version is still 1.0.0: its groups changed, and its own file did not",)


@pytest.mark.parametrize(
    ("given", "remarks"),
    [
        ({}, []),
        ({"version": "1.1.0"}, ["no decision changed; its version did"]),
        (
            {
                "title": "Another",
                "statement": "Other words.",
                "authority": [{"kind": "promise", "cite": "y"}],
                "owner": "me@example.com",
                "approved": {"by": "me", "on": "2026-11-20"},
            },
            ["no decision changed; its words did: title, statement, authority, owner, approval"],
        ),
        ({"exceptions": [_exception(allow=["US"])]}, ["no decision changed; its words did: exceptions"]),
        ({"title": "Another", "severity": "low"}, ["severity: high → low"]),
    ],
)
def test_where_no_decision_changes_what_else_did_is_named(
    make_rule: MakeRule, given: Values, remarks: list[str]
) -> None:
    found = differences(_edition(make_rule(**_fence())), _edition(make_rule(**{**_fence(), **given})))
    assert [remark for one in found for remark in one.remarks] == remarks


def test_rules_come_and_go_and_are_told_by_id(make_rule: MakeRule) -> None:
    stays, goes, comes = (
        make_rule(never={"in": ["CN"]}, id=name, title=f"Rule {name}") for name in ("a", "b", "c")
    )
    newer = make_rule(never={"in": ["CN"]}, id="a", severity="low", version="1.1.0")
    old, new = _edition(stays, goes), _edition(newer, comes)
    assert differences(old, new) == [
        Difference("a 1.0.0 → 1.1.0", ("severity: high → low",)),
        Difference("b 1.0.0", ("no longer a rule: Rule b (from 1 January 2020)",)),
        Difference("c 1.0.0", ("a new rule: Rule c (from 1 January 2020)",)),
    ]
    assert [one.heading for one in differences(old, new, "b")] == ["b 1.0.0"]
    assert differences(old, new, "nowhere") == []


def test_a_file_beside_a_folder_is_compared_with_its_rule_alone(make_rule: MakeRule) -> None:
    one, other = (make_rule(never={"in": ["CN"]}, id=name) for name in ("a", "b"))
    single = _edition(make_rule(never={"in": ["CN"]}, id="a", severity="low"), is_single=True)
    assert differences(_edition(one, other), single) == [Difference("a 1.0.0", ("severity: high → low",))]


def test_two_files_are_compared_whatever_they_are_called(make_rule: MakeRule) -> None:
    one, other = (
        _edition(make_rule(never={"in": ["CN"]}, id=name, severity=severity), is_single=True)
        for name, severity in (("a", "high"), ("b", "low"))
    )
    assert differences(one, other) == [Difference("a 1.0.0 → b 1.0.0", ("severity: high → low",))]


@pytest.mark.parametrize(
    ("was", "becomes", "sentences"),
    [
        ([_window()], [_window(evidence="other words", declared_by="me")], ()),
        (
            [_window()],
            [_window(until="2020-03-01T13:00:00Z")],
            (
                (
                    "window w of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 12:00 UTC → "
                    "of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 13:00 UTC"
                ),
            ),
        ),
        (
            [_window()],
            [_window(declared_at="2020-03-02T12:00:01Z")],
            (
                (
                    "window w of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 12:00 UTC → "
                    "of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 12:00 UTC, declared late"
                ),
            ),
        ),
        (
            [],
            [_window()],
            ("window w of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 12:00 UTC is newly declared",),
        ),
        (
            [_window(), _window(id="nobody-asks")],
            [],
            (
                (
                    "window w of EU, from 1 March 2020, 10:00 UTC until 1 March 2020, 12:00 UTC "
                    "is no longer declared"
                ),
            ),
        ),
    ],
)
def test_windows_that_a_rule_asks_for_are_compared(
    make_rule: MakeRule, was: list[Window], becomes: list[Window], sentences: tuple[str, ...]
) -> None:
    rule = make_rule(**_fence(_exception()))
    found = differences(_edition(rule, windows=tuple(was)), _edition(rule, windows=tuple(becomes)))
    assert found == ([Difference("declared windows", sentences)] if sentences else [])


def _waiver(**given: object) -> Waiver:
    values = {
        "schema": "auditor/waiver@1",
        "id": "W-1",
        "rule": "rule",
        "match": {"account": "a"},
        "covers": {"from": "2020-03-01T00:00:00Z", "until": "2020-04-01T00:00:00Z"},
        "max_findings": 4,
        "issued": "2020-04-02T00:00:00Z",
        "expires": "2020-05-02T00:00:00Z",
        "reason": "a reason of more than twenty characters",
        "ticket": "T-1",
        "requested_by": "one",
        "approved_by": "another",
    }
    return Waiver.model_validate_json(json.dumps(values | given))


@pytest.mark.parametrize(
    ("was", "becomes", "remarks"),
    [
        ([_waiver()], [_waiver()], []),
        ([], [_waiver()], ["waiver W-1 of rule is new"]),
        ([_waiver()], [], ["waiver W-1 of rule is gone"]),
        (
            [_waiver()],
            [_waiver(max_findings=5, ticket="T-2")],
            ["waiver W-1 of rule changed: max_findings, ticket"],
        ),
        (
            [_waiver()],
            [_waiver(rule="other")],
            ["waiver W-1 of rule, now of other, changed"],
        ),
    ],
)
def test_waivers_that_came_went_or_changed_are_told(
    make_rule: MakeRule, was: list[Waiver], becomes: list[Waiver], remarks: list[str]
) -> None:
    rule = make_rule(**_fence())
    old, new = (_edition(rule, waivers=tuple(waivers)) for waivers in (was, becomes))
    assert differences(old, new) == ([Difference("waivers", tuple(remarks))] if remarks else [])


def test_waivers_of_other_rules_and_beside_single_files_are_not_compared(make_rule: MakeRule) -> None:
    rule = make_rule(**_fence())
    waived = _edition(rule, waivers=(_waiver(),))
    assert differences(_edition(rule), waived, "rule") != []
    assert differences(_edition(rule), waived, "another") == []
    assert differences(_edition(rule, is_single=True), waived) == []
