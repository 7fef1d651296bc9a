"""What the cases of a rule must show: what is missing is said, and a case suggested that shows it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditor.documents import Loc
from auditor.ruleset.cases import Case
from auditor.ruleset.groups import Groups
from auditor.ruleset.mutants.edits import SITES
from auditor.ruleset.mutants.examination import Examination, examine
from auditor.ruleset.mutants.requirements import demands_of, gaps_in
from auditor.ruleset.ruleset import RuleSet, RulesFile
from auditor.ruleset.schema import Rule
from auditor.ruleset.table import Subject
from tests.ruleset.whole_rules import (
    AGAIN,
    CLAUSE,
    FENCE,
    FORBID,
    GROUPS,
    NEVER,
    ODD,
    REQUIRE,
    SCOPE,
    WATCH,
    WHOM,
)

MakeRule = Callable[..., Rule]
MakeSubject = Callable[[Mapping[str, Any]], Subject]

EVERY = pytest.mark.parametrize(
    "values",
    [FENCE, AGAIN, ODD, FORBID, NEVER, REQUIRE, SCOPE, WATCH, WHOM],
    ids=[
        "limits",
        "conditions",
        "odd texts",
        "forbid",
        "never",
        "require",
        "must_observe",
        "watch",
        "labels",
    ],
)
LIMITED = {"fence": {"allow": ["DE"]}, "scope": {"roles": ["media"]}, "exceptions": [{**CLAUSE, "when": {}}]}


@pytest.fixture
def subject(
    make_rule: MakeRule, make_groups: Callable[[Mapping[str, Mapping[str, Any]]], Groups]
) -> MakeSubject:
    groups = make_groups(GROUPS)
    return lambda values: Subject(make_rule(**values), RuleSet.of([], groups))


def texts(subject: Subject) -> list[str]:
    return [gap.text for gap in gaps_in(subject)]


def with_cases(subject: Subject, cases: tuple[Case, ...]) -> Subject:
    return replace(subject, rule=subject.rule.model_copy(update={"tests": cases}))


def filled(subject: Subject) -> Subject:
    """Add to the cases of a rule all that are suggested."""
    suggested = tuple(gap.suggestion.case for gap in gaps_in(subject) if gap.suggestion)
    return with_cases(subject, (*subject.rule.tests, *suggested))


@EVERY
def test_the_cases_suggested_fill_every_gap(subject: MakeSubject, values: Mapping[str, Any]) -> None:
    lacking = subject(values)
    gaps = gaps_in(lacking)
    assert len(gaps) == len(list(demands_of(lacking)))
    assert all(gap.suggestion or gap.filled_by for gap in gaps)
    assert texts(filled(lacking)) == []


@EVERY
def test_no_case_is_suggested_twice(subject: MakeSubject, values: Mapping[str, Any]) -> None:
    cases = [gap.suggestion.case for gap in gaps_in(subject(values)) if gap.suggestion]
    assert len({case.name for case in cases}) == len(cases)
    assert len({repr(case.given) for case in cases}) == len(cases)


def test_a_case_that_is_suggested_has_no_name_that_is_there(subject: MakeSubject) -> None:
    lacking = subject(NEVER)
    (taken, *_) = [gap.suggestion.case.name for gap in gaps_in(lacking) if gap.suggestion]
    named = lacking.rule.tests[0].model_copy(update={"name": taken})
    names = {gap.suggestion.case.name for gap in gaps_in(with_cases(lacking, (named,))) if gap.suggestion}
    assert f"{taken} (2)" in names
    assert taken not in names


def test_all_that_a_fence_with_an_exception_must_show_is_named(subject: MakeSubject) -> None:
    assert texts(subject(FENCE)) == [
        "no case fires for role media",
        "no case fires for role signaling",
        "no case fires for role keys",
        "no case expects `violation`",
        "no case expects `compliant`",
        "no case expects `indeterminate`",
        "no case is excused by exception `busy`",
        "no case is one step beyond `tier` of exception `busy`",
        "no case is one step beyond `failed_primaries_min` of exception `busy`",
        "no case is one step beyond `in_window` of exception `busy`",
        "no case is one step beyond `connections_per_call` of exception `busy`",
        "no case is one step beyond `minutes_per_call` of exception `busy`",
        "no case is one step beyond `share_of_calls` of exception `busy`",
        "no connection shortly before 2021-01-01T00:00:00Z would have another verdict from then on",
        "no connection from 2021-01-01T00:00:00Z on would have had another verdict before",
        "no connection shortly before 2027-01-01T00:00:00Z would have another verdict from then on",
        "no connection from 2027-01-01T00:00:00Z on would have had another verdict before",
        "no connection shortly before 2030-01-01T00:00:00Z would have another verdict from then on",
        "no connection from 2030-01-01T00:00:00Z on would have had another verdict before",
    ]


def test_a_role_that_must_be_observed_needs_a_call_without_it(subject: MakeSubject) -> None:
    assert [text for text in texts(subject(SCOPE)) if "record" in text] == [
        "no call is left undetermined for want of a record of role keys",
        "no call is left undetermined for want of a record of role media",
    ]


def test_a_date_outside_the_time_in_force_needs_no_case(subject: MakeSubject) -> None:
    late = subject({"fence": {"allow": ["DATED"]}, "in_force": {"from": "2024-01-01T00:00:00Z"}})
    assert [text for text in texts(late) if "2023" in text] == []


def test_a_condition_that_always_holds_has_nothing_beyond_it(subject: MakeSubject) -> None:
    always = {**CLAUSE, "when": {"attempt_min": 1, "failed_primaries_min": 0}, "limits": None}
    rule = subject({"fence": {"allow": ["DE"]}, "exceptions": [always]})
    assert [text for text in texts(rule) if "beyond" in text] == []


def test_a_verdict_that_can_never_be_has_no_suggestion(subject: MakeSubject) -> None:
    gaps = {gap.text: gap.suggestion for gap in gaps_in(subject({"never": {"in": ["EMPTY"]}}))}
    assert gaps["no case expects `violation`"] is None
    assert gaps["no case expects `compliant`"] is not None


def test_a_connection_that_expect_does_not_name_shows_nothing(subject: MakeSubject) -> None:
    given = [{"id": "c", "role": "media", "relay": ["CN"]}, {"id": "d", "role": "media", "relay": ["DE"]}]
    tests = [{"name": "a", "given": given, "expect": {"c": "violation"}}]
    assert "no case expects `compliant`" in texts(subject({**NEVER, "tests": tests}))
    assert "no case expects `violation`" not in texts(subject({**NEVER, "tests": tests}))


@pytest.mark.parametrize(
    ("relay", "at", "minutes", "shown"),
    [
        ("FR", "2023-07-09T23:59:59Z", 0, set()),
        ("NO", "2023-07-09T23:59:59Z", 0, {"shortly before"}),
        ("NO", "2023-07-09T23:59:30Z", 1, set()),
        ("NO", "2019-12-31T23:59:59Z", 0, set()),
        ("NO", "2023-07-10T00:00:00Z", 0, {"on would"}),
        ("FR", "2023-07-10T00:00:00Z", 0, set()),
    ],
    ids=["its verdict stays", "before", "goes on after", "too early", "from then on", "its verdict stayed"],
)
def test_a_side_of_a_date_is_shown_by_what_is_judged_otherwise_on_the_other(
    subject: MakeSubject, relay: str, at: str, minutes: int, shown: set[str]
) -> None:
    given = {"id": "c", "role": "media", "relay": [relay], "at": at, "minutes": minutes}
    tests = [{"name": "a", "given": [given], "expect": {"c": "compliant"}}]
    rule = subject({"fence": {"allow": ["DATED"]}, "tests": tests})
    missing = [text for text in texts(rule) if "2023" in text]
    assert {
        side for side in ("shortly before", "on would") if not re.search(side, " ".join(missing))
    } == shown


def test_of_a_required_role_a_call_that_violates_is_enough(subject: MakeSubject) -> None:
    given = [{"id": "c", "call": "k", "role": "recording", "relay": ["FR"], "participant": ["DE"]}]
    tests = [{"name": "a", "given": given, "expect": {"k": "violation"}}]
    rule = subject({**REQUIRE, "tests": tests})
    assert "no case fires for role recording" not in texts(rule)
    assert "no case fires for role storage" in texts(rule)


def test_an_unlabelled_role_fires_where_it_is_left_open(subject: MakeSubject) -> None:
    tests = [
        {
            "name": "a",
            "given": [{"id": "c", "role": "unknown", "relay": ["CN"]}],
            "expect": {"c": "violation"},
        }
    ]
    assert "no case fires for role unknown" not in texts(subject({**NEVER, "tests": tests}))


def place_of(loc: Loc) -> str:
    return ".".join(map(str, loc))


def told_by(examination: Examination) -> list[str]:
    """Take apart what one case would mend: each thing that is missing, and each mutant with its key."""
    told: list[str] = []
    for fault in examination.faults:
        for part in fault.text.removeprefix("tests: ").split("; "):
            head, is_of_mutants, named = part.partition("catches the mutant")
            key = ""
            for name in re.findall(r"`([^`]*)`", named):
                key, change = name.rsplit(": ", 1) if ": " in name else (key, name)
                told.append(f"{head}{is_of_mutants} `{key}: {change}`")
            told += [] if is_of_mutants else [part]
    return told


def examined(subject: Subject) -> Examination:
    rule = subject.rule
    file = RulesFile("r.yaml", "rule", "0" * 64, 1, (rule.id,), tuple(map(str, range(len(rule.tests)))))
    return examine(rule, RuleSet.of([rule], subject.ruleset.groups, [file]), place_of)


@EVERY
def test_with_all_that_is_suggested_the_tests_of_a_rule_are_whole(
    subject: MakeSubject, values: Mapping[str, Any]
) -> None:
    """Suggestions are read back from the words of the faults, as a person would paste them."""
    lacking = subject(values)
    pasted = [_pasted(fault.hint) for fault in examined(lacking).faults if "\n" in (fault.hint or "")]
    whole = examined(with_cases(lacking, (*lacking.rule.tests, *pasted)))
    assert whole.faults == ()
    assert (whole.mutants, whole.accepted) == (whole.caught, 0)


def _pasted(hint: str | None) -> Case:
    from ruamel.yaml import YAML  # noqa: PLC0415  the reader of rule files, on a part of one

    _, _, lines = (hint or "").partition("\n")
    (values,) = YAML(typ="safe", pure=True).load(lines)
    return Case.model_validate_json(json.dumps(values))


def test_a_rule_whose_cases_fail_is_tried_no_further(subject: MakeSubject) -> None:
    given = [{"id": "c", "role": "media", "relay": ["CN"]}]
    tests = [{"name": "a", "given": given, "expect": {"c": "compliant"}}]
    done = examined(subject({**NEVER, "tests": tests}))
    assert [fault.text for fault in done.faults] == [
        "tests.1, `a`: `c` is violation, and not compliant as expected"
    ]
    assert done.mutants is None


def test_a_mutant_that_survives_may_be_accepted(subject: MakeSubject) -> None:
    lacking = subject({**WATCH, "accepted_mutants": [{"mutant": "watch.in: add DE", "reason": "for now"}]})
    done = examined(lacking)
    assert done.accepted == 1
    assert "no case catches the mutant `watch.in: add DE`" not in told_by(done)
    assert "no case catches the mutant `watch.in: add GB`" in told_by(done)


@pytest.mark.parametrize(
    ("mutant", "text", "hint"),
    [
        ("watch.in: ad DE", "names no mutant of this rule", "did you mean `watch.in: add DE`?"),
        ("scope.roles: removed", "names no mutant of this rule", "leave the entry out"),
        ("watch.in: drop CN", "is caught by a case", "leave the entry out"),
    ],
)
def test_an_entry_that_accepts_nothing_is_a_fault(
    subject: MakeSubject, mutant: str, text: str, hint: str
) -> None:
    tests = [
        {"name": "a", "given": [{"id": "c", "role": "media", "relay": ["CN"]}], "expect": {"c": "violation"}}
    ]
    accepted = [{"mutant": mutant, "reason": "it seemed so"}]
    faults = examined(subject({**WATCH, "tests": tests, "accepted_mutants": accepted})).faults
    (fault,) = [fault for fault in faults if fault.place.startswith("accepted_mutants")]
    assert (fault.place, fault.text, fault.hint) == (
        "accepted_mutants.0.mutant",
        f"accepted_mutants.1.mutant: `{mutant}` {text}",
        hint,
    )


def test_an_entry_that_stands_twice_is_a_fault(subject: MakeSubject) -> None:
    accepted = [{"mutant": "watch.in: add DE", "reason": reason} for reason in ("one", "other")]
    faults = examined(subject({**WATCH, "accepted_mutants": accepted})).faults
    assert "accepted_mutants.2.mutant: `watch.in: add DE` stands twice" in [fault.text for fault in faults]


def test_a_share_that_needs_more_calls_than_a_case_can_have_gets_no_suggestion(subject: MakeSubject) -> None:
    limits = {"share_of_calls": {"max": 0.000001, "per": "account", "over": "day"}}
    rule = subject({**LIMITED, "exceptions": [{**CLAUSE, "when": {}, "limits": limits}]})
    gaps = {gap.text: gap.suggestion for gap in gaps_in(rule)}
    assert gaps["no case is excused by exception `busy`"] is None


def test_a_rule_that_is_older_than_any_case_may_be_gets_no_suggestion_for_its_start(
    subject: MakeSubject,
) -> None:
    gaps = gaps_in(subject({**NEVER, "in_force": {"from": "0001-01-01T00:00:01Z"}}))
    assert [gap.suggestion for gap in gaps if "shortly before 0001" in gap.text] == [None]


def test_one_case_is_suggested_for_all_places_that_a_rule_treats_alike(subject: MakeSubject) -> None:
    unlimited = {"id": "busy", "why": "calls go on", "allow": ["US", "GB"], "when": {"tier": ["fallback"]}}
    rule = subject({"fence": {"allow": ["DE", "FR", "NO"]}, "exceptions": [unlimited]})
    done = examined(rule)
    for key in ("fence.allow: drop", "exceptions.busy.allow: drop", "exceptions.busy.allow: add"):
        assert len([fault for fault in done.faults if f"`{key} " in fault.text]) == 1, key
    relays = [_pasted(fault.hint).given[0].relay for fault in done.faults]
    assert tuple(sorted({*SITES} - {"DE", "US", "GB"})) in relays
    assert ("DE", "FR", "NO") in relays
    assert ("GB", "US") in relays


def test_one_case_is_suggested_for_all_roles_that_are_missing_and_told_alike(subject: MakeSubject) -> None:
    given = [{"id": "c", "role": "media", "relay": ["CN"]}]
    tests = [{"name": "a", "given": given, "expect": {"c": "violation"}}]
    scope = {"roles": ["signaling", "media", "keys", "unknown"]}
    gaps = gaps_in(subject({**NEVER, "scope": scope, "tests": tests}))
    fires = {gap.text.rpartition(" ")[2]: gap for gap in gaps if "fires" in gap.text}
    assert fires.keys() == {"signaling", "keys", "unknown"}
    suggestion = fires["signaling"].suggestion
    assert suggestion is not None
    assert [given.role for given in suggestion.case.given] == ["signaling", "keys"]
    assert fires["keys"].filled_by == fires["signaling"].text


def test_one_case_is_suggested_for_all_participants_that_a_rule_treats_alike(subject: MakeSubject) -> None:
    rule = subject({"fence": {"allow": ["DE"]}, "scope": {"participant": {"not_in": ["CN", "RU"]}}})
    faults = [fault for fault in examined(rule).faults if "`scope.participant.not_in: add " in fault.text]
    assert len(faults) == 1
    assert set(_pasted(faults[0].hint).given[0].participant) >= {*SITES} - {"CN", "RU"}


def test_all_that_a_case_mends_is_told_at_once(subject: MakeSubject) -> None:
    faults = examined(subject(FENCE)).faults
    cases = [fault.hint for fault in faults]
    assert len(set(cases)) == len(cases)
    told = told_by(examined(subject(FENCE)))
    assert len(told) == len(set(told))
    assert len(told) > 2 * len(faults)


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        (
            "exceptions.busy.limits.share_of_calls: x1/2",
            "this search found no case; write one, or list it in `accepted_mutants` with the reason",
        ),
        (
            "no case is excused by exception `busy`",
            "this search found no case; write one, unless what it asks can never come to be",
        ),
    ],
)
def test_what_the_search_found_no_case_for_says_so(subject: MakeSubject, missing: str, hint: str) -> None:
    limits = {"share_of_calls": {"max": 0.000001, "per": "account", "over": "day"}}
    tests = [
        {"name": "a", "given": [{"id": "c", "role": "media", "relay": ["DE"]}], "expect": {"c": "compliant"}}
    ]
    clauses = [{**CLAUSE, "when": {}, "limits": limits}]
    faults = examined(subject({**LIMITED, "exceptions": clauses, "tests": tests})).faults
    assert [fault.hint for fault in faults if missing in fault.text] == [hint]


CRUCIAL = [
    ("a relay in Singapore is outside, in each role", "no case fires for role signaling"),
    (
        "the rule binds from its first instant, and not before",
        "no case catches the mutant `in_force.from: 1 second later`",
    ),
    (
        "the third fallback of one call is over, and leaves the first two excused",
        "no case catches the mutant `exceptions.congestion.limits.connections_per_call: 1 more`",
    ),
    (
        "Great Britain is adequate until the decision expires",
        "no case catches the mutant `groups.UK_ADEQUATE.members.GB.until: 1 second earlier`",
    ),
]


@pytest.mark.parametrize(("removed", "told"), CRUCIAL, ids=[told for _, told in CRUCIAL])
def test_a_case_that_is_removed_from_the_european_fence_is_missed(
    shipped: RuleSet, removed: str, told: str
) -> None:
    rule = next(rule for rule in shipped.rules if rule.id == "eu-fence-fallback")
    used = ("EU27", "EEA_GDPR", "UK_ADEQUATE", "US_DPF")
    groups = Groups({name: shipped.groups.by_id[name] for name in used})
    left = tuple(case for case in rule.tests if case.name != removed)
    assert len(left) == len(rule.tests) - 1
    done = examined(with_cases(Subject(rule, RuleSet.of([], groups)), left))
    assert told in told_by(done)
