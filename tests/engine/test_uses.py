"""How much of an exception is used: tables of small counts, one letter a use."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model import INSTANT
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.limits import IN_SCOPE, USE, calls_of, count_in_calls, count_in_days, days_of
from auditor.ruleset.verdicts import LimitKind, LimitStatus

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 2, tzinfo=UTC)
MINUTE, MICROSECOND = timedelta(minutes=1), timedelta(microseconds=1)
LETTERS = {LimitStatus.WITHIN: "w", LimitStatus.OPEN: "o", LimitStatus.OVER: "V"}
Row = Mapping[str, object]


def clause(overflow: str = "excess", **limits: Any) -> ExceptionClause:  # noqa: ANN401  as the YAML says it
    written = {"id": "e", "why": "to go on", "allow": ["US"], "limits": limits, "overflow": overflow}
    return ExceptionClause.model_validate_json(json.dumps(written))


def uses(*rows: Row) -> pl.DataFrame:
    """Make one sure use of a minute for each of `rows`, all of one call; records count from 1."""
    usual: Row = {
        "call_id": "c",
        "account_id": "a",
        "started_at": NOON,
        "ended_at": NOON + MINUTE,
        "source_digest": "0a",
        "part": 1,
        "is_sure": True,
    }
    made = [{**usual, "record": number, **row} for number, row in enumerate(rows, start=1)]
    return pl.DataFrame(made, schema=dict(USE))


def letters(counted: pl.DataFrame, kind: LimitKind) -> str:
    """Spell the statuses in the order in which the rows were given."""
    return "".join(LETTERS[LimitStatus(status)] for status in counted.sort("given")[kind])


def in_calls(kind: LimitKind, limit: float, *rows: Row, overflow: str = "excess") -> str:
    given = uses(*rows).with_row_index("given")
    shuffled = given.sample(fraction=1, shuffle=True, seed=len(rows))
    return letters(count_in_calls(shuffled, clause(overflow, **{kind: limit})), kind)


SURE: Row = {}
MAYBE: Row = {"is_sure": False}


@pytest.mark.parametrize(
    ("rows", "limit", "excess", "everything"),
    [
        ([SURE], 1, "w", "w"),
        ([SURE, SURE], 1, "wV", "VV"),
        ([SURE, SURE, SURE], 2, "wwV", "VVV"),
        # A possible use is over, if it is one.
        ([MAYBE, SURE], 1, "wo", "Vo"),
        ([MAYBE, SURE], 2, "ww", "ww"),
        ([SURE, MAYBE, SURE], 1, "wVV", "VVV"),
        ([MAYBE, MAYBE], 1, "wo", "oo"),
        ([SURE, MAYBE, SURE], 2, "wwo", "oVo"),
        # What is over the limit counts, too: the third is over by the first two.
        ([SURE, SURE, MAYBE, SURE], 1, "wVVV", "VVVV"),
    ],
)
def test_connections_count_up_to_the_limit_and_what_is_possible_leaves_it_open(
    rows: list[Row], limit: int, excess: str, everything: str
) -> None:
    later = [{"started_at": NOON + number * MINUTE, **row} for number, row in enumerate(rows)]
    assert in_calls(LimitKind.CONNECTIONS, limit, *later) == excess
    assert in_calls(LimitKind.CONNECTIONS, limit, *later, overflow="all") == everything


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"started_at": NOON, "source_digest": "ff"}, {"started_at": NOON + MICROSECOND}),
        ({"source_digest": "0a", "record": 9}, {"source_digest": "0b", "record": 1}),
        ({"record": 9, "part": 2}, {"record": 10, "part": 1}),
        ({"record": 9, "part": 9}, {"record": 9, "part": 10}),
    ],
)
def test_uses_are_ordered_by_start_then_log_then_record_and_part_as_numbers(first: Row, second: Row) -> None:
    assert in_calls(LimitKind.CONNECTIONS, 1, first, second) == "wV"
    assert in_calls(LimitKind.CONNECTIONS, 1, second, first) == "Vw"


def lasting(minutes: float | None) -> Row:
    return {"ended_at": None if minutes is None else NOON + minutes * MINUTE}


@pytest.mark.parametrize(
    ("minutes", "limit", "expected"),
    [
        ([30], 30, "w"),
        ([30 + 1 / 60_000_000], 30, "V"),
        ([0.1, 0.2], 0.3, "ww"),
        ([0, 0, 0], 0.000001, "www"),
        ([20, 10, 1], 30, "wwV"),
        ([None], 1_439, "o"),
        ([None], 1_440, "w"),
        ([20, None, 5], 30, "woo"),
        ([20, None, 11], 30, "woV"),
        ([None, 31], 30, "oV"),
    ],
)
def test_minutes_are_exact_and_a_missing_end_is_an_interval(
    minutes: list[float | None], limit: float, expected: str
) -> None:
    assert in_calls(LimitKind.MINUTES, limit, *map(lasting, minutes)) == expected


def test_all_overflows_with_the_minutes_of_the_whole_call() -> None:
    assert in_calls(LimitKind.MINUTES, 30, *map(lasting, [20, 11]), overflow="all") == "VV"
    assert in_calls(LimitKind.MINUTES, 30, *map(lasting, [20, None]), overflow="all") == "oo"


def test_durations_that_run_over_64_bits_are_over_every_limit() -> None:
    begun = datetime(1, 1, 1, tzinfo=UTC)
    century = {"started_at": begun, "ended_at": datetime(9999, 12, 31, tzinfo=UTC)}
    assert set(in_calls(LimitKind.MINUTES, 525_600, *[century] * 60, overflow="all")) == {"V"}


def test_calls_and_their_order_are_their_own() -> None:
    rows = [{"call_id": "c"}, {"call_id": "d"}, {"call_id": "c"}, {"call_id": "d"}]
    assert in_calls(LimitKind.CONNECTIONS, 1, *rows) == "wwVV"


def test_an_exception_without_a_limit_of_the_kind_is_within_it() -> None:
    counted = count_in_calls(uses(SURE, SURE), clause(connections_per_call=1))
    assert counted[LimitKind.MINUTES].to_list() == [LimitStatus.WITHIN] * 2
    assert count_in_days(days(1, 1), clause(connections_per_call=1))[LimitKind.SHARE].to_list() == [0]


# --- shares -------------------------------------------------------------------------------------------------


def days(with_use: int, of: int, *, surely: int | None = None, **changes: object) -> pl.DataFrame:
    """Make the calls with a use of one account and day, in order, among `of` calls in scope."""
    usual: Row = {
        "account_id": "a",
        "day": NOON.date(),
        "is_sure": True,
        "surely_in_scope": True,
        "surely": of if surely is None else surely,
        "possibly": of,
    }
    rows = [
        {**usual, "call_id": f"c-{number:04}", "call_started_at": NOON + number * MINUTE, **changes}
        for number in range(with_use)
    ]
    return pl.DataFrame(
        rows, schema_overrides={"call_started_at": INSTANT, "surely": pl.Int64, "possibly": pl.Int64}
    )


def in_days(calls: pl.DataFrame, share: float, overflow: str = "excess") -> str:
    limit = {"max": share, "per": "account", "over": "day"}
    shuffled = calls.with_row_index("given").sample(fraction=1, shuffle=True, seed=7)
    return letters(count_in_days(shuffled, clause(overflow, share_of_calls=limit)), LimitKind.SHARE)


@pytest.mark.parametrize(
    ("share", "calls", "allowed"),
    [
        (0.29, 100, 29),  # 0.29 * 100 is 28.999999999999996
        (0.57, 100, 57),
        (0.07, 100, 7),  # 0.07 * 100 is 7.000000000000001
        (0.01, 99, 0),
        (0.01, 100, 1),
        (0.01, 199, 1),
        (1, 3, 3),
        (0.000000001, 1_000, 0),
        (0.333333333, 3, 0),
    ],
)
def test_a_share_is_rounded_down_in_decimals(share: float, calls: int, allowed: int) -> None:
    use = min(calls, allowed + 2)
    assert in_days(days(use, calls), share) == "w" * allowed + "V" * (use - allowed)
    assert in_days(days(use, calls), share, "all") == ("V" if use > allowed else "w") * use


def test_the_most_calls_that_a_day_may_have_are_counted_without_a_limit() -> None:
    assert in_days(days(1, 2**62), 0.999999999) == "w"


@pytest.mark.parametrize(
    ("sure", "surely", "possibly", "share", "expected"),
    [
        # 2 of 4 calls surely in scope may, and of 6 possibly in scope 3.
        ("sss", 4, 6, 0.5, "wwo"),
        ("ssss", 4, 6, 0.5, "wwoV"),
        ("mss", 4, 6, 0.5, "wwo"),
        ("mssss", 4, 6, 0.5, "wwooV"),
        ("mmm", 4, 6, 0.5, "wwo"),
    ],
)
def test_a_share_is_settled_only_where_both_counts_are(
    sure: str, surely: int, possibly: int, share: float, expected: str
) -> None:
    calls = days(len(sure), possibly, surely=surely).with_columns(
        is_sure=pl.Series([one == "s" for one in sure])
    )
    assert in_days(calls, share) == expected


def test_the_call_of_a_use_is_among_the_calls_of_its_day_also_where_its_scope_is_open() -> None:
    assert in_days(days(1, 2, surely=1, surely_in_scope=False), 0.5) == "w"
    assert in_days(days(1, 2, surely=1, surely_in_scope=True), 0.5) == "o"


def test_calls_are_ordered_by_start_and_then_by_id() -> None:
    backwards = days(3, 3).with_columns(call_id=pl.Series(["c-3", "c-2", "c-1"]))
    assert in_days(backwards, 0.67) == "wwV"
    at_once = days(3, 3, call_started_at=NOON).with_columns(call_id=pl.Series(["c-2", "c-10", "c-1"]))
    assert in_days(at_once, 0.67) == "Vww"


def test_accounts_and_days_have_counters_of_their_own() -> None:
    calls = pl.concat(
        [days(2, 2), days(1, 2).with_columns(account_id=pl.lit("b")), days(1, 2, day=MIDNIGHT.date())]
    )
    assert in_days(calls, 0.5) == "wVww"


# --- the calls of a day -------------------------------------------------------------------------------------


def in_scope(*rows: tuple[str, str | None, datetime, bool | None]) -> pl.DataFrame:
    """Make connections of call, account, start, and scope: None is open."""
    made = [
        (call, account, started_at, scope is not False, scope is True)
        for call, account, started_at, scope in rows
    ]
    return pl.DataFrame(made, schema=dict(IN_SCOPE), orient="row")


def day_counts(rows: pl.DataFrame) -> dict[tuple[str, date], tuple[int, int]]:
    counted = days_of(calls_of(rows)).select("account_id", "day", "surely", "possibly")
    return {(account, day): (surely, possibly) for account, day, surely, possibly in counted.iter_rows()}


def test_a_call_lies_on_the_day_of_its_earliest_connection_whoever_made_it_and_in_scope_or_not() -> None:
    before = MIDNIGHT - MICROSECOND
    rows = in_scope(
        *(("c", "a", MIDNIGHT, True), ("c", "a", before, False)),
        *(("d", "a", MIDNIGHT, True), ("d", "b", before, False)),
        *(("e", "a", MIDNIGHT, True), ("e", None, before, True)),
        ("f", "a", MIDNIGHT, True),
    )
    assert day_counts(rows) == {("a", NOON.date()): (3, 3), ("a", MIDNIGHT.date()): (1, 1)}


def test_a_call_of_two_accounts_is_counted_for_each() -> None:
    rows = in_scope(("c", "a", NOON, True), ("c", "b", NOON, None), ("c", "c", NOON, False))
    assert day_counts(rows) == {("a", NOON.date()): (1, 1), ("b", NOON.date()): (0, 1)}


def test_a_call_is_as_surely_in_scope_as_the_surest_of_its_connections() -> None:
    rows = in_scope(
        ("c", "a", NOON, None), ("c", "a", NOON, True), ("d", "a", NOON, None), ("e", "a", NOON, False)
    )
    assert day_counts(rows) == {("a", NOON.date()): (1, 2)}


CALLS = st.lists(
    st.tuples(
        st.sampled_from("cdefg"),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([NOON, MIDNIGHT, MIDNIGHT - MICROSECOND]),
        st.sampled_from([True, False, None]),
    ),
    max_size=20,
)


@given(CALLS, st.integers(1, 4))
def test_days_counted_bucket_by_bucket_add_up(rows: list[Any], buckets: int) -> None:
    whole = in_scope(*rows)
    parts = [whole.filter(pl.col("call_id").hash() % buckets == bucket) for bucket in range(buckets)]
    counted = pl.concat([days_of(calls_of(part)) for part in parts])
    added = counted.group_by("account_id", "day").agg(pl.col("surely", "possibly").sum())
    assert {(account, day): counts for account, day, *counts in added.iter_rows()} == {
        key: list(counts) for key, counts in day_counts(whole).items()
    }
