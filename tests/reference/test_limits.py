"""The judge is judged: how uses count, by the examples of the design pages and at the edges of limits."""

from dataclasses import replace

import pytest

from tests.reference.fallback import (
    MAY,
    MICROSECOND,
    MINUTE,
    at_home,
    connection,
    initials,
    use,
    with_limits,
)


def test_of_three_uses_of_one_call_the_third_is_over() -> None:
    assert initials([use(), use(), use(), *at_home(199)])[:3] == "EEV"


def test_overflow_all_takes_the_excuse_from_every_use_of_the_call_and_from_no_other() -> None:
    rule = with_limits("all", connections_per_call=2)
    assert initials([use(), use(), use(), use("c-1")], rule=rule) == "VVVE"


def test_of_two_calls_among_a_hundred_the_earlier_is_excused() -> None:
    assert initials([use("z"), use("b", at=MAY + MINUTE), *at_home(98)])[:2] == "EV"


def test_of_calls_that_start_together_the_lower_id_comes_first() -> None:
    assert initials([use("b"), use("a"), *at_home(98)])[:2] == "VE"


def test_an_open_use_before_it_makes_a_use_open() -> None:
    assert initials([use("a", "DE US"), use("b"), *at_home(98)])[:2] == "EI"


def test_an_open_use_after_it_changes_nothing() -> None:
    assert initials([use("a"), use("b", "DE US"), *at_home(98)])[:2] == "EI"


@pytest.mark.parametrize(
    ("logged", "expected"),
    [
        ([("0a", 9, 1), ("0a", 10, 1)], "EV"),
        ([("0a", 10, 1), ("0a", 9, 1)], "VE"),
        ([("0b", 2, 1), ("0a", 3, 1)], "VE"),
        ([("0a", 2, 10), ("0a", 2, 9)], "VE"),
    ],
)
def test_ties_are_broken_by_log_then_record_then_part_as_numbers(
    logged: list[tuple[str, int, int]], expected: str
) -> None:
    uses = [replace(use(), log=log, record=record, part=part) for log, record, part in logged]
    assert initials(uses, rule=with_limits(connections_per_call=1)) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([30], "E"),
        ([30 + 1 / 60_000_000], "V"),
        ([15, 15], "EE"),
        ([15, 16, 0], "EVV"),
        ([None], "I"),
        ([1, None, 1], "EII"),
        ([31, None, 1], "VVV"),
        ([None, 31], "IV"),
    ],
)
def test_minutes_add_up_exactly_and_a_missing_end_is_up_to_a_day(
    minutes: list[float | None], expected: str
) -> None:
    uses = [use(minutes=each, at=MAY + n * MICROSECOND) for n, each in enumerate(minutes)]
    assert initials(uses, rule=with_limits(minutes_per_call=30)) == expected


def test_a_use_without_an_end_is_within_a_limit_of_a_whole_day() -> None:
    assert initials([use(minutes=None)], rule=with_limits(minutes_per_call=1440)) == "E"
    assert initials([use(minutes=None)], rule=with_limits(minutes_per_call=1439)) == "I"


@pytest.mark.parametrize(("calls", "expected"), [(100, "E" * 29 + "V"), (99, "E" * 28 + "VV")])
def test_a_share_is_taken_of_decimals(calls: int, expected: str) -> None:
    uses = [use(f"c-{number:02}") for number in range(30)]
    rule = with_limits(share_of_calls={"max": 0.29, "per": "account", "over": "day"})
    assert initials([*uses, *at_home(calls - 30)], rule=rule)[:30] == expected


def test_calls_that_are_only_possibly_in_scope_leave_a_share_open() -> None:
    rule = with_limits(share_of_calls={"max": 0.5, "per": "account", "over": "day"})
    assert initials([use("a"), *at_home(1)], rule=rule) == "EC"
    assert initials([use("a"), *at_home(1, home_region=None)], rule=rule) == "IC"
    assert initials([use("a"), *at_home(1, home_region="US")], rule=rule) == "Vn"
    assert initials([use("a"), *at_home(1, account_id="a-2")], rule=rule) == "VC"
    assert initials([use("a"), *at_home(1, account_id=None)], rule=rule) == "VC"


def test_a_call_is_of_the_day_of_its_earliest_connection_whoever_bears_it() -> None:
    rule = with_limits(share_of_calls={"max": 0.5, "per": "account", "over": "day"})
    eve = connection("DE", "a", at=MAY - MINUTE, account_id=None, role="edge_transit")
    assert initials([use("a"), *at_home(1)], rule=rule)[0] == "E"
    assert initials([use("a"), *at_home(1), eve], rule=rule)[0] == "V"
    assert initials([use("a"), *at_home(1), replace(eve, call_id="home-0")], rule=rule)[0] == "V"


def test_overflow_all_reaches_the_whole_day_of_the_account() -> None:
    share = {"max": 0.5, "per": "account", "over": "day"}
    calls = [use("a"), use("b", at=MAY + MINUTE), *at_home(1)]
    assert initials(calls, rule=with_limits(share_of_calls=share))[:2] == "EV"
    assert initials(calls, rule=with_limits("all", share_of_calls=share))[:2] == "VV"


def test_the_worst_of_several_limits_stands() -> None:
    rule = with_limits(connections_per_call=1, minutes_per_call=30)
    assert initials([use(minutes=None)], rule=rule) == "I"
    assert initials([use(at=MAY - MINUTE), use(minutes=None)], rule=rule) == "EV"


def test_a_use_without_the_id_that_a_limit_needs_is_open_and_counts_for_nobody() -> None:
    share = {"max": 0.5, "per": "account", "over": "day"}
    assert initials([use(None)], rule=with_limits(connections_per_call=1)) == "I"
    assert initials([use(None)], rule=with_limits()) == "E"
    assert initials([use(account_id=None)], rule=with_limits(connections_per_call=1)) == "E"
    assert initials([use(account_id=None)], rule=with_limits(share_of_calls=share)) == "I"
    assert initials([use(None), use("a"), *at_home(1)], rule=with_limits(share_of_calls=share))[:2] == "IE"


def test_a_use_that_is_itself_only_possible_is_at_worst_indeterminate() -> None:
    rule = with_limits(connections_per_call=1)
    assert initials([use(), use(relay="DE US")], rule=rule) == "EI"
    assert initials([use(), use(relay="US CN", failed_primaries=None)], rule=rule) == "EV"
