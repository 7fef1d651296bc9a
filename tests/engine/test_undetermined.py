import polars as pl

from auditor.engine.undetermined import only_stale, undetermined
from auditor.evidence.summary import Undetermined
from tests.engine.rows import raw_findings

DOUBT = {"verdict": "indeterminate"}


def doubts(*reasons: list[str]) -> pl.LazyFrame:
    return raw_findings(*({**DOUBT, "reasons": each} for each in reasons))


def test_each_reason_counts_its_connections_and_calls_most_first() -> None:
    raw = raw_findings(
        {**DOUBT, "reasons": ["anycast", "use_not_proved"]},
        {**DOUBT, "reasons": ["anycast"], "call_id": None},
        {**DOUBT, "reasons": ["masked"]},
    )
    assert undetermined(raw) == [
        Undetermined(reason="anycast", connections=2, calls=1),
        Undetermined(reason="masked", connections=1, calls=1),
        Undetermined(reason="use_not_proved", connections=1, calls=1),
    ]


def test_a_connection_in_doubt_under_two_rules_counts_once() -> None:
    doubt = {**DOUBT, "reasons": ["masked"], "record": 1}
    raw = raw_findings({**doubt, "rule_id": "r"}, {**doubt, "rule_id": "s"})
    assert undetermined(raw) == [Undetermined(reason="masked", connections=1, calls=1)]


def test_marks_violations_and_watches_are_no_doubts() -> None:
    raw = raw_findings(
        {**DOUBT, "reasons": ["masked", "spans_change", "late_declared"]},
        {"verdict": "violation", "reasons": ["agreed"]},
        {**DOUBT, "reasons": ["anycast"], "watch": True},
    )
    assert [one.reason for one in undetermined(raw)] == ["masked"]
    assert undetermined(raw_findings()) == []


def test_only_stale_is_what_age_alone_leaves_open() -> None:
    raw = doubts(
        ["stale_location"],
        ["participant:stale_location", "stale_location", "spans_change"],
        ["stale_location", "use_not_proved"],
        ["anycast"],
    )
    assert only_stale(raw).connections == 2
    assert only_stale(raw_findings()).connections == 0


def test_a_call_with_another_doubt_or_a_violation_is_not_left_open_by_age_alone() -> None:
    stale = {**DOUBT, "reasons": ["stale_location"]}
    raw = raw_findings(
        {**stale, "call_id": "only stale"},
        {**stale, "call_id": "masked too"},
        {**DOUBT, "reasons": ["masked"], "call_id": "masked too"},
        {**stale, "call_id": "proved"},
        {"verdict": "violation", "reasons": ["agreed"], "call_id": "proved"},
        {**stale, "call_id": None},
    )
    assert only_stale(raw) == Undetermined(reason="stale_location", connections=4, calls=1)


def test_a_connection_with_another_doubt_under_another_rule_is_not_left_open_by_age_alone() -> None:
    stale = {**DOUBT, "reasons": ["stale_location"], "record": 1}
    raw = raw_findings(stale, {**stale, "rule_id": "s", "reasons": ["masked"]})
    assert only_stale(raw) == Undetermined(reason="stale_location", connections=0, calls=0)
