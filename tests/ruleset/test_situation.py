"""Connections → situations: nothing that a rule asks is lost, and nothing that no rule asks is kept."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from auditor.countries import COUNTRIES, candidates_of
from auditor.model import INSTANT, ROLE, TIER, Role
from auditor.ruleset.facts import NOT_NAMED, Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.periods import Periods
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.situation import SITUATION, Situation, add_situation, situation_of

MakeRule = Callable[..., Rule]

SCHEMA: Mapping[str, Any] = {
    "role": ROLE,
    "home_region": pl.String,
    "account_id": pl.String,
    "relay_key": pl.String,
    "participant_key": pl.String,
    "use_proved": pl.Boolean,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "call_id": pl.String,
    "tier": TIER,
    "attempt": pl.Int32,
    "failed_primaries": pl.Int32,
    "selection_reason": pl.String,
}
NOON = datetime(2020, 4, 3, 12, tzinfo=UTC)
PLAIN = {
    "role": "media",
    "home_region": "US",
    "account_id": "a-1",
    "relay_key": "US",
    "participant_key": "*",
    "use_proved": True,
    "started_at": NOON,
    "ended_at": NOON + timedelta(hours=1),
}


def connections(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**PLAIN, **row} for row in rows], schema=dict(SCHEMA))


def situations(facts: Facts, *rows: Mapping[str, Any]) -> list[Situation]:
    placed = add_situation(connections(*rows), facts)
    return [situation_of(row, facts) for row in placed.iter_rows(named=True)]


def facts_of(*rules: Rule) -> Facts:
    return Facts.of(RuleSet.of(rules, Groups({})))


def test_what_no_rule_asks_becomes_a_constant(make_rule: MakeRule) -> None:
    facts = facts_of(make_rule(never={"in": ["CN"]}))
    many = situations(
        facts,
        {"home_region": None, "account_id": None, "participant_key": "DE FR"},
        {"home_region": "EU", "account_id": "a-2", "participant_key": "US"},
        {"ended_at": None},
        {"started_at": NOON + timedelta(days=30), "ended_at": NOON + timedelta(days=60)},
    )
    assert set(many) == {
        Situation(
            role=Role.MEDIA,
            home_region=NOT_NAMED,
            account_lists=frozenset(),
            relay=candidates_of(facts.alike.key("US")),
            participant=COUNTRIES,
            use_proved=True,
            starts_in=1,
            ends_by=1,
            end_known=True,
        )
    }


def test_the_original_columns_stay_as_they_are(make_rule: MakeRule) -> None:
    frame = connections({}, {"home_region": None, "ended_at": None, "account_id": None})
    placed = add_situation(frame, facts_of(make_rule(never={"in": ["CN"]})))
    assert_frame_equal(placed.select(frame.columns), frame)
    assert placed.columns == [*frame.columns, *SITUATION]


def test_regions_that_no_rule_names_are_one_and_not_knowing_is_another(make_rule: MakeRule) -> None:
    facts = facts_of(make_rule(never={"in": ["CN"]}, scope={"home_region": {"not_in": ["CN"]}}))
    regions = [{"home_region": region} for region in ("CN", "US", "EU", "", None)]
    kept = [one.home_region for one in situations(facts, *regions)]
    assert kept == ["CN", NOT_NAMED, NOT_NAMED, NOT_NAMED, None]


def test_an_account_becomes_the_rules_that_list_it(make_rule: MakeRule) -> None:
    facts = facts_of(
        make_rule(id="second", never={"in": ["CN"]}, scope={"accounts": ["a-1", "a-2"]}),
        make_rule(id="first", never={"in": ["CN"]}, scope={"accounts": ["a-1"]}),
    )
    accounts = [{"account_id": account} for account in ("a-1", "a-2", "a-3", None)]
    placed = add_situation(connections(*accounts), facts)
    assert placed["situation_account_lists"].to_list() == ["first second", "second", "", None]
    assert situation_of(placed.row(0, named=True), facts).account_lists == frozenset({"first", "second"})
    assert situation_of(placed.row(3, named=True), facts).account_lists is None


FROM, UNTIL = NOON, NOON + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("started_at", "ended_at", "lived"),
    [
        (FROM - timedelta(seconds=1), FROM - timedelta(seconds=1), (0, 0, True)),
        (FROM - timedelta(seconds=1), FROM, (0, 0, True)),
        (FROM - timedelta(seconds=1), FROM + timedelta(microseconds=1), (0, 1, True)),
        (FROM, FROM, (1, 1, True)),
        (FROM, UNTIL, (1, 1, True)),
        (FROM, UNTIL + timedelta(seconds=1), (1, 2, True)),
        (FROM - timedelta(hours=1), UNTIL + timedelta(hours=1), (0, 2, True)),
        (FROM - timedelta(hours=24), None, (0, 0, True)),
        (FROM - timedelta(hours=24, microseconds=-1), None, (0, 1, False)),
        (FROM - timedelta(hours=1), None, (0, 2, False)),
        (UNTIL, None, (2, 2, True)),
    ],
)
def test_periods_are_half_open_and_an_end_is_not_lived_to_see(
    make_rule: MakeRule, started_at: datetime, ended_at: datetime | None, lived: tuple[int, int, bool]
) -> None:
    force = {"from": "2020-04-03T12:00:00Z", "until": "2020-04-03T12:00:10Z"}
    facts = facts_of(make_rule(never={"in": ["CN"]}, in_force=force))
    (situation,) = situations(facts, {"started_at": started_at, "ended_at": ended_at})
    assert (situation.starts_in, situation.ends_by, situation.end_known) == lived


INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2020, 1, 3), timezones=st.just(UTC))  # noqa: DTZ001  hypothesis adds the zone


TIMES = st.lists(st.tuples(INSTANTS, INSTANTS | st.none()), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(st.sets(INSTANTS, max_size=5), TIMES)
def test_frames_and_single_instants_agree_on_periods(
    cuts: set[datetime], times: list[tuple[datetime, datetime | None]]
) -> None:
    # Some ends lie on cuts, and some starts: the borders are where the two could differ.
    edges = sorted(cuts)
    times = times + [(edge, edge) for edge in edges] + [(edges[0], edge) for edge in edges]
    times = [(start, end if end is None else max(start, end)) for start, end in times]
    nothing = Facts.of(RuleSet.of((), Groups({})))
    facts = replace(nothing, periods=Periods(tuple(edges), {}))
    found = situations(facts, *({"started_at": start, "ended_at": end} for start, end in times))
    for situation, (start, end) in zip(found, times, strict=True):
        latest = start + timedelta(hours=24) if end is None else end
        assert situation.starts_in == facts.periods.period_of(start)
        assert situation.ends_by == facts.periods.last_entered(start, latest)


def test_an_empty_frame_has_the_columns_of_a_full_one(make_rule: MakeRule) -> None:
    scope = {"accounts": ["a"], "home_region": ["US"], "participant": {"in": ["US"]}}
    facts = facts_of(make_rule(never={"in": ["CN"]}, scope=scope))
    full = add_situation(connections({}), facts)
    assert add_situation(connections().clear(), facts).schema == full.schema


def test_keys_of_candidates_are_read_back(make_rule: MakeRule) -> None:
    facts = facts_of(make_rule(never={"in": ["CN"]}, scope={"participant": {"not_in": ["CN"]}}))
    (situation,) = situations(facts, {"relay_key": "*", "participant_key": "CN FR"})
    assert (situation.relay, situation.participant) == (COUNTRIES, candidates_of(facts.alike.key("CN FR")))
    assert len(situation.participant) == 2


def test_countries_that_no_rule_tells_apart_are_one_situation(make_rule: MakeRule) -> None:
    facts = facts_of(make_rule(never={"in": ["CN"]}))
    found = situations(facts, *({"relay_key": key} for key in ("DE", "FR", "DE FR", "CN", "CN FR", "*")))
    assert len(set(found[:3])) == 1
    assert len(set(found)) == 4


def test_a_situation_cannot_end_before_it_starts() -> None:
    with pytest.raises(AssertionError, match="before it starts"):
        Situation(Role.MEDIA, None, None, COUNTRIES, COUNTRIES, True, 2, 1, True)  # noqa: FBT003  a value of nine fields
