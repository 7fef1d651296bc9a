from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.partial import BucketResult, Partial, ShardResult, merge

AT = datetime(2020, 4, 1, tzinfo=UTC)


def result(shard: str, records: int = 3) -> ShardResult:
    return ShardResult(
        shard=shard,
        source_file="a.csv",
        records=records,
        connection_records=records - 1,
        connections=records,
        rejects=1,
        not_connections=0,
        first_started_at=AT,
        last_started_at=None,
        files={"findings": ((f"{shard}-0", "00"), (f"{shard}-1", "01"))},
        unread_rows=({"source_file": "a.csv", "column": "bytes", "reason": "unreadable", "count": 1},),
    )


def bucket(name: str) -> BucketResult:
    return BucketResult(name, calls=1, audited=1, audited_by_rule={"r": 1}, by_role={"media": 1})


PARTIALS = st.builds(
    Partial,
    st.sets(st.sampled_from("abcdef")).map(lambda names: {name: result(name) for name in names}),
    st.sets(st.sampled_from("012")).map(lambda names: {name: bucket(name) for name in names}),
)


@given(PARTIALS, PARTIALS, PARTIALS)
def test_the_order_in_which_partials_arrive_is_invisible(a: Partial, b: Partial, c: Partial) -> None:
    assert (a + b) + c == a + (b + c) == c + (b + a) == merge([b, c, a])


@given(PARTIALS)
def test_a_repeated_shard_counts_once(partial: Partial) -> None:
    assert partial + partial == partial
    assert (partial + partial).total("records") == 3 * len(partial.shards)


def test_two_results_of_one_shard_are_a_bug_and_not_a_choice() -> None:
    with pytest.raises(AssertionError, match="different results"):
        merge([Partial({"a": result("a")}), Partial({"a": result("a", records=4)})])


def test_a_result_that_does_not_account_for_every_record_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="3 records were read and 2 accounted for"):
        ShardResult("a", "a.csv", 3, 1, 1, 1, 0, None, None, {})


def test_a_result_survives_being_written() -> None:
    assert ShardResult.of_json(result("a").to_json()) == result("a")
