"""The judge is judged: exceptions, windows and labels, by the examples of the design pages."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.reference.facts import Facts, Opinion
from tests.reference.fallback import (
    CONGESTED,
    CONGESTION,
    DAY,
    EU_FENCE,
    FALLBACK,
    GROUPS,
    MAY,
    MICROSECOND,
    MINUTE,
    at_home,
    connection,
    initials,
    instant,
    opinions,
    use,
    with_limits,
)
from tests.reference.whole import judge_all
from tests.reference.world import Window


@pytest.mark.parametrize(
    ("relay", "given", "expected"),
    [
        *((place, {}, "C") for place in ("DE", "NO", "RE", "CH")),
        ("GB", {"at": "2021-01-01T00:00:00Z", "tier": "primary"}, "V"),
        ("GB", {"at": "2020-12-31T22:59:59Z"}, "n"),
        *(("SG", {"role": role}, "V") for role in ("media", "signaling", "keys", "recording")),
        ("SG", {"home_region": "US"}, "n"),
        ("*", {}, "I"),
        ("DE CN", {}, "I"),
        ("US", FALLBACK | {"minutes": 30}, "E"),
        ("GB", FALLBACK | {"role": "signaling"}, "E"),
        ("US", FALLBACK | {"tier": "primary"}, "V"),
        ("US", FALLBACK | {"failed_primaries": 1}, "V"),
        ("US", FALLBACK | {"at": MAY + 30 * DAY}, "V"),
        ("US", FALLBACK | {"role": "keys"}, "V"),
        ("US", FALLBACK | {"role": "recording"}, "V"),
        ("CN", FALLBACK, "V"),
        ("US", FALLBACK | {"minutes": 31}, "V"),
        ("US", FALLBACK | {"at": "2023-07-09T23:58:00Z"}, "V"),
        ("US", FALLBACK | {"at": "2023-07-10T00:00:00Z"}, "E"),
        # What is not known is neither excused nor proved, and where no exception allows, that settles it.
        ("US", {"failed_primaries": 2}, "I"),
        ("US", {"tier": "fallback"}, "I"),
        ("US", FALLBACK | {"role": "unknown"}, "I"),
        ("US", FALLBACK | {"home_region": None}, "E"),
        ("US", {"tier": "primary"}, "V"),
        ("SG", {}, "V"),
        ("DE US", FALLBACK, "E"),
        ("US CN", FALLBACK, "I"),
        ("SG CN", FALLBACK, "V"),
        ("US", FALLBACK | {"use_proved": False}, "E"),
    ],
)
def test_the_cases_of_the_fence_with_an_exception_hold(
    relay: str, given: dict[str, Any], expected: str
) -> None:
    case = connection(relay, **given)
    company = [replace(facts, start=case.start, end=case.start) for facts in at_home(99)]
    assert initials([case, *company])[0] == expected


def test_the_first_exception_that_takes_a_connection_decides_and_no_later_one_is_tried() -> None:
    unlimited = {"id": "later", "roles": ["media"], "when": {"tier": ["fallback"]}, "allow": ["US", "SG"]}
    rule = with_limits(connections_per_call=1)
    rule |= {"exceptions": [*rule["exceptions"], unlimited]}
    cases = [use(), use(), use(failed_primaries=0), use(relay="SG")]
    assert initials(cases, rule=rule) == "EVEE"


@pytest.mark.parametrize(
    ("when", "given", "expected"),
    [
        ({"attempt_min": 2}, {"attempt": 2}, "E"),
        ({"attempt_min": 2}, {"attempt": 1}, "V"),
        ({"attempt_min": 2}, {}, "I"),
        ({"attempt_min": 1}, {}, "E"),
        ({"failed_primaries_min": 0}, {}, "E"),
        ({"selection_reason": ["full", "near"]}, {"selection_reason": "near"}, "E"),
        ({"selection_reason": ["full", "near"]}, {"selection_reason": "Near"}, "V"),
        ({"selection_reason": ["full", "near"]}, {}, "I"),
        ({"tier": ["primary", "fallback"]}, {}, "E"),
        ({"in_window": "nobody-declared-it"}, {}, "V"),
        ({}, {}, "E"),
    ],
)
def test_each_condition_holds_or_not_or_is_open(
    when: dict[str, Any], given: dict[str, Any], expected: str
) -> None:
    rule = EU_FENCE | {"exceptions": [CONGESTION | {"when": when, "limits": {}}]}
    assert initials([connection("US", **given)], rule=rule) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (CONGESTED["from"] - MICROSECOND, "n"),
        (MAY + 30 * DAY - MICROSECOND, "E"),
        (MAY + 30 * DAY, "V"),
    ],
)
def test_a_window_holds_from_its_start_until_before_its_end_and_is_looked_at_once(
    at: datetime, expected: str
) -> None:
    assert initials([use(at=at)], rule=with_limits()) == expected


def test_a_window_and_the_scope_hold_for_one_and_the_same_home_region() -> None:
    everywhere = with_limits() | {"scope": {"roles": ["media"]}}
    assert initials([use(home_region="US")], rule=everywhere) == "V"
    assert initials([use(home_region=None)], rule=everywhere) == "I"
    assert initials([use(home_region=None)], rule=with_limits()) == "E"


@pytest.mark.parametrize(
    ("declared_after", "others", "expected"),
    [
        (DAY, [], {"excused": False}),
        (DAY + MICROSECOND, [], {"excused": True}),
        (DAY + MICROSECOND, [CONGESTED], {"excused": False}),
        (DAY + MICROSECOND, [CONGESTED | {"regions": ["US"]}], {"excused": True}),
    ],
)
def test_what_leans_on_a_window_declared_more_than_a_day_after_its_end_is_marked(
    declared_after: timedelta, others: list[Window], expected: dict[str, bool]
) -> None:
    late = CONGESTED | {"until": MAY + MINUTE, "declared_at": MAY + MINUTE + declared_after}
    (opinion,) = opinions([use()], rule=with_limits(), windows=[late, *others])
    assert {opinion.verdict: opinion.late_declared} == expected


def test_what_leans_on_a_late_window_in_one_world_is_marked() -> None:
    late = CONGESTED | {"declared_at": MAY + 40 * DAY}
    said = opinions([use(relay="DE US"), use(relay="US CN")], rule=with_limits(), windows=[late])
    assert [(each.verdict, each.late_declared) for each in said] == [
        ("excused", True),
        ("indeterminate", True),
    ]


def test_what_needs_no_window_leans_on_none() -> None:
    late = CONGESTED | {"declared_at": MAY + 40 * DAY}
    at_home_and_never = [connection("DE"), use(relay="SG"), use(tier="primary")]
    assert [each.late_declared for each in opinions(at_home_and_never, windows=[late])] == [False] * 3


def test_an_exception_that_begins_or_ends_to_allow_a_place_is_seen_within_a_connection() -> None:
    change = instant("2023-07-10T00:00:00Z")
    begins, ends = use(at=change - MINUTE, minutes=2), use(at=change - MINUTE, minutes=2, relay="GB")
    groups = GROUPS | {"UK_ADEQUATE": {"members": [{"code": "GB", "until": change}]}}
    judged = judge_all(with_limits(), groups, [CONGESTED], [begins, replace(ends, record=2)]).connections
    assert [(each.verdict, each.spans_change) for each in judged] == [
        ("violation", False),
        ("violation", True),
    ]
    brief = replace(ends, end=change)
    assert judge_all(with_limits(), groups, [CONGESTED], [brief]).connections == (Opinion("excused"),)


def test_a_window_that_closes_within_a_connection_takes_no_excuse_back() -> None:
    assert initials([use(at=MAY + 30 * DAY - MINUTE, minutes=30)], rule=with_limits()) == "E"


@pytest.mark.parametrize(
    ("labels", "expected"), [({"cloud": "gov"}, "V"), ({"cloud": "com"}, "n"), ({}, "I")]
)
def test_labels_are_in_scope_out_of_it_or_open(labels: dict[str, str], expected: str) -> None:
    rule = EU_FENCE | {"scope": {"labels": {"cloud": ["gov", "mil"]}}}
    assert initials([connection("CN", labels=labels)], rule=rule) == expected


def test_what_leant_on_a_late_window_at_its_start_is_marked_though_it_comes_home_later() -> None:
    groups = GROUPS | {"EEA_GDPR": {"members": [{"code": "GB", "from": MAY}]}}
    late = CONGESTED | {"declared_at": MAY + 40 * DAY}
    comes_home = use(at=MAY - MINUTE, minutes=2, relay="GB")
    (opinion,) = judge_all(with_limits(), groups, [late], [comes_home]).connections
    assert opinion == Opinion("excused", frozenset({"late_declared"}))


@pytest.mark.parametrize(
    "empty", [replace(use(), relay=frozenset()), replace(use(), participant=frozenset())]
)
def test_an_empty_candidate_set_is_a_bug(empty: Facts) -> None:
    with pytest.raises(AssertionError, match="empty"):
        initials([empty])
