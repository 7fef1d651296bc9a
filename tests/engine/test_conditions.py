from pathlib import Path

import pytest

from auditor.engine.conditions import PRECEDENCE, ExitCode, Judged, conditions_of, exit_code_of
from auditor.engine.request import Limit, Limits
from auditor.evidence.summary import Bounds, Condition, Measures, Minutes, RuleResult, Totals

NONE = Bounds(proved=0, possible=0)


def rule(name: str, *, idle: bool) -> RuleResult:
    measures = Measures(
        connections=NONE,
        calls=NONE,
        participants=NONE,
        accounts=NONE,
        minutes=Minutes(proved=0, possible=0),
        bytes=NONE,
        without_call=0,
        without_participant=0,
        without_account=0,
        without_end=0,
        without_bytes=0,
    )
    return RuleResult(
        rule_id=name,
        version="1.0.0",
        title=name,
        effect="fence",
        severity="high",
        verdicts={},
        calls_audited=0,
        findings=0,
        findings_of_calls=0,
        measures=measures,
        idle=idle,
    )


def judged(**changes: object) -> Judged:
    facts: dict[str, object] = {
        "totals": Totals(
            files=1,
            records=100,
            connection_records=98,
            connections=98,
            rejects=2,
            not_connections=0,
            first_started_at=None,
            last_started_at=None,
        ),
        "rules": [rule("busy", idle=False), rule("idle", idle=True)],
        "expecting": frozenset[str](),
        "uncovered": 8,
        "violations": 0,
        "indeterminate": 0,
        "all_stale": False,
    }
    return Judged(**{**facts, **changes})  # type: ignore[arg-type]  # a record built from its fields


def names(found: list[Condition]) -> list[str]:
    return [condition.name for condition in found]


TWO_REJECTS = Limits(max_rejected=Limit.of("2"))


@pytest.mark.parametrize(
    ("changes", "limits", "expected"),
    [
        ({}, TWO_REJECTS, []),
        ({}, Limits(), ["rejects"]),
        ({}, Limits(max_rejected=Limit.of("1.9%")), ["rejects"]),
        ({}, Limits(max_rejected=Limit.of("2%")), []),
        ({"violations": 1}, TWO_REJECTS, ["violation"]),
        ({"misread": 1}, TWO_REJECTS, ["misread"]),
        ({"indeterminate": 1}, TWO_REJECTS, ["indeterminate"]),
        ({"indeterminate": 5}, Limits(max_rejected=Limit.of("2"), max_indeterminate=5), []),
        ({}, Limits(max_rejected=Limit.of("2"), max_uncovered=Limit.of("7")), ["uncovered"]),
        ({}, Limits(max_rejected=Limit.of("2"), max_uncovered=Limit.of("8")), []),
        ({"uncovered": 98}, TWO_REJECTS, ["nothing_covered"]),
        ({"expecting": frozenset({"idle", "busy"})}, TWO_REJECTS, ["idle"]),
        ({"all_stale": True}, TWO_REJECTS, ["all_stale"]),
        ({"violations": 1, "indeterminate": 1}, Limits(), ["violation", "rejects", "indeterminate"]),
    ],
)
def test_each_condition_holds_when_its_limit_is_passed(
    changes: dict[str, object], limits: Limits, expected: list[str]
) -> None:
    assert names(conditions_of(judged(**changes), limits)) == expected


def test_the_gravest_condition_gives_the_exit_code() -> None:
    found = conditions_of(judged(violations=1, indeterminate=1), Limits())
    assert [condition.code for condition in found] == [1, 4, 3]
    assert exit_code_of(found) is ExitCode.VIOLATION
    assert exit_code_of([]) is ExitCode.COMPLIANT


def test_a_condition_says_which_limit_and_by_how_much() -> None:
    found = conditions_of(judged(violations=1), Limits())
    assert [condition.text for condition in found] == [
        "1 violation at or above low without a waiver",
        "2 of 100 records could not be read; the limit is 0",
    ]


def test_the_precedence_names_every_code_that_an_audit_can_end_with() -> None:
    elsewhere = {ExitCode.USAGE, ExitCode.INTERRUPTED, ExitCode.PIPE_CLOSED}
    assert set(PRECEDENCE) == set(ExitCode) - elsewhere


def test_the_readme_lists_every_exit_code() -> None:
    readme = Path("README.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} |" in readme, f"exit code {int(code)}"
