"""Exceptions: what they take in each world that is left open, and what limits and windows add to it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.countries import COUNTRIES
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.evaluator import judge, settle
from auditor.ruleset.facts import Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import LimitKind, LimitStatus, Use
from auditor.ruleset.windows import Held, Window, Windows

MakeRule = Callable[..., Rule]

V, I, E, C, NA = Verdict  # noqa: E741  as the design's tables write them, worst first
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CONGESTION: dict[str, Any] = {
    "id": "congestion",
    "why": "calls go on",
    "roles": ["media"],
    "when": {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "w"},
    "allow": ["US"],
}
HELD_IN_EU = frozenset({Held("w", "EU", late=False)})
TAKEN: dict[str, Any] = {"tier": Tier.FALLBACK, "failed_primaries": 1, "windows": HELD_IN_EU}
"""What of a situation the exception asks; its count of failures is in the class that it wants."""


def excepting(make_rule: MakeRule, *exceptions: dict[str, Any], **scope: object) -> tuple[Rule, Facts]:
    """Make a fence around Germany, and the facts that it asks for when two windows are declared."""
    rule = make_rule(fence={"allow": ["DE"]}, exceptions=list(exceptions or [CONGESTION]), scope=scope)
    windows = [
        Window.model_validate_json(
            json.dumps(
                {
                    "id": "w",
                    "regions": [region],
                    "from": "2026-05-01T00:00:00Z",
                    "until": "2026-05-02T00:00:00Z",
                }
                | {"evidence": "x", "declared_by": "noc", "declared_at": "2026-05-01T00:00:00Z"}
            )
        )
        for region in ("EU", "US")
    ]
    return rule, Facts.of(RuleSet.of([rule], Groups({}), windows=Windows(tuple(windows))))


def use(facts: Facts, relay: str, **changes: object) -> Situation:
    """Put a connection into the situation in which the exception takes it, but for what changes."""
    period = facts.periods.period_of(NOON)
    taken = Situation(
        role=Role.MEDIA,
        home_region="EU",
        account_lists=frozenset(),
        relay=frozenset(relay.split()),
        participant=COUNTRIES,
        use_proved=True,
        starts_in=period,
        ends_by=period,
        end_known=True,
        **TAKEN,
    )
    return replace(taken, **changes)  # type: ignore[arg-type]  # fields of the situation by name


@pytest.mark.parametrize(
    ("relay", "changes", "verdict"),
    [
        ("DE", {}, C),
        ("US", {}, E),
        ("SG", {}, V),
        # No world violates.
        ("DE US", {}, E),
        # Some world does: the exception allows no relay in Singapore.
        ("US SG", {}, I),
        ("DE SG", {}, I),
        ("DE US SG", {}, I),
        # A condition that does not hold leaves the fence as it is.
        ("US", {"tier": Tier.PRIMARY}, V),
        ("US", {"failed_primaries": 0}, V),
        ("US", {"windows": frozenset()}, V),
        ("US", {"role": Role.KEYS}, V),
        ("DE US", {"tier": Tier.PRIMARY}, I),
        # What is not known is never excused,
        ("US", {"tier": None}, I),
        ("US", {"failed_primaries": None}, I),
        ("US", {"role": Role.UNKNOWN}, I),
        ("DE US", {"tier": None}, I),
        ("US", {"home_region": None}, I),
        # unless something else that is known refuses it already,
        ("US", {"tier": None, "failed_primaries": 0}, V),
        ("US", {"tier": Tier.PRIMARY, "failed_primaries": None}, V),
        ("US", {"tier": None, "windows": frozenset()}, V),
        # and where no exception allows the place, it violates whatever is missing.
        ("SG", {"tier": None, "failed_primaries": None, "home_region": None, "role": Role.UNKNOWN}, V),
        ("SG CN", {"tier": None}, V),
        # A use that may not be one of the rule's, or not a use at all, excuses as surely.
        ("US", {"use_proved": False}, E),
        ("US", {"use_proved": False, "tier": None}, I),
    ],
)
def test_an_exception_excuses_only_where_no_world_violates(
    make_rule: MakeRule, relay: str, changes: dict[str, Any], verdict: Verdict
) -> None:
    rule, facts = excepting(make_rule)
    assert judge(rule, use(facts, relay, **changes), facts).verdict is verdict


@pytest.mark.parametrize(
    ("home_region", "held_in", "scope", "verdict"),
    [
        # The region that is not known is one and the same for the scope and for the window.
        (None, ["EU"], ["EU"], E),
        (None, ["EU"], ["EU", "US"], I),
        (None, ["EU", "US"], ["EU", "US"], E),
        (None, ["US"], ["EU"], I),
        (None, [], ["EU"], I),
        ("EU", ["US"], ["EU"], V),
        ("US", ["US"], ["EU"], NA),
    ],
)
def test_a_region_that_is_not_known_is_one_for_scope_and_window(
    make_rule: MakeRule, home_region: str | None, held_in: list[str], scope: list[str], verdict: Verdict
) -> None:
    rule, facts = excepting(make_rule, home_region=scope)
    held = frozenset(Held("w", region, late=False) for region in held_in)
    situation = use(facts, "US", home_region=home_region, windows=held)
    assert judge(rule, situation, facts).verdict is verdict


def test_the_first_exception_that_takes_a_connection_decides(make_rule: MakeRule) -> None:
    limited = {**CONGESTION, "limits": {"connections_per_call": 1}}
    later = {"id": "later", "why": "always", "allow": ["US", "SG"]}
    rule, facts = excepting(make_rule, limited, later)
    first = judge(rule, use(facts, "US"), facts)
    assert (first.exceptions, first.uses) == (("congestion",), (Use(0, is_sure=True),))
    second = judge(rule, use(facts, "US", tier=Tier.PRIMARY), facts)
    assert (second.verdict, second.exceptions, second.uses) == (E, ("later",), ())
    either = judge(rule, use(facts, "US", tier=None), facts)
    assert (either.exceptions, either.uses) == (("congestion", "later"), (Use(0, is_sure=False),))


@pytest.mark.parametrize(
    ("statuses", "sure", "perhaps_inside", "perhaps_primary"),
    [
        ({LimitStatus.WITHIN}, E, E, I),
        ({LimitStatus.OPEN}, I, I, I),
        ({LimitStatus.WITHIN, LimitStatus.OPEN}, I, I, I),
        # Over its limits, a use is no better than what no exception takes.
        ({LimitStatus.OVER}, V, I, V),
        ({LimitStatus.OPEN, LimitStatus.OVER}, V, I, V),
        ({LimitStatus.WITHIN, LimitStatus.NO_ACCOUNT}, I, I, I),
    ],
)
def test_the_worst_of_the_limits_stands_in_each_world(
    make_rule: MakeRule,
    statuses: set[LimitStatus],
    sure: Verdict,
    perhaps_inside: Verdict,
    perhaps_primary: Verdict,
) -> None:
    limits = {"connections_per_call": 1, "minutes_per_call": 30}
    rule, facts = excepting(make_rule, {**CONGESTION, "limits": limits})
    first, second, *_ = sorted(statuses) * 2
    counted = {0: {LimitKind.CONNECTIONS: first, LimitKind.MINUTES: second}}
    said = [
        settle(rule, situation, facts, counted).verdict
        for situation in (use(facts, "US"), use(facts, "DE US"), use(facts, "US", tier=None))
    ]
    assert said == [sure, perhaps_inside, perhaps_primary]


def test_without_a_call_id_no_use_is_counted_and_none_is_pending(make_rule: MakeRule) -> None:
    rule, facts = excepting(make_rule, {**CONGESTION, "limits": {"connections_per_call": 9}})
    judgement = judge(rule, use(facts, "US", call_known=False), facts)
    assert (judgement.verdict, judgement.is_pending) == (I, False)
    assert [status for _, _, status in judgement.limits] == [LimitStatus.NO_CALL]


@pytest.mark.parametrize(("late", "marked"), [([True], True), ([True, False], False), ([], False)])
def test_what_leans_on_a_late_window_is_marked(
    make_rule: MakeRule, late: list[bool], *, marked: bool
) -> None:
    rule, facts = excepting(make_rule)
    held = frozenset(Held("w", "EU", late=one) for one in late)
    assert judge(rule, use(facts, "US", windows=held), facts).late_declared is marked
    assert not judge(rule, use(facts, "SG", windows=held), facts).late_declared
