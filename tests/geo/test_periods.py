from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.geo.files import Identity
from auditor.geo.mmdb import Database
from auditor.geo.periods import Period, Standing, edition_of, periods_of
from auditor.geo.schemas import Layout, Opinion

HEARD, SUPERSEDED, STALE, TOO_FAR = Standing.HEARD, Standing.SUPERSEDED, Standing.STALE, Standing.TOO_FAR
TICK = timedelta(microseconds=1)
DAYS_35 = timedelta(days=35)


def database(
    built_at: datetime, database_type: str = "GeoIP2-Country", opinion: Opinion = Opinion.LOCATION
) -> Database:
    return Database(
        path="x.mmdb",
        identity=Identity("0" * 64, 1, 1, 1),
        database_type=database_type,
        opinion=opinion,
        built_at=built_at,
        ip_version=6,
        description="",
        licence_note=None,
        layout=Layout((("country", ("country_code",)),)),
    )


def day(month: int, number: int = 1, **clock: int) -> datetime:
    return datetime(2020, month, number, **clock, tzinfo=UTC)


def period_at(periods: tuple[Period, ...], at: datetime) -> Period:
    holding = [
        p for p in periods if (not p.from_at or p.from_at <= at) and (not p.until_at or at < p.until_at)
    ]
    assert len(holding) == 1
    return holding[0]


def standings(at: datetime, *databases: Database, max_age: timedelta = DAYS_35) -> tuple[Standing, ...]:
    return period_at(periods_of([edition_of(one) for one in databases], (), max_age), at).standings


def test_without_evidence_there_is_one_period() -> None:
    assert periods_of([], (), DAYS_35) == (Period(None, None, ()),)


@pytest.mark.parametrize(
    ("at", "standing"),
    [
        (day(4) - DAYS_35 - TICK, STALE),
        (day(4) - DAYS_35, HEARD),
        (day(4), HEARD),
        (day(4) + DAYS_35, HEARD),
        (day(4) + DAYS_35 + TICK, STALE),
    ],
)
def test_an_age_of_exactly_the_maximum_counts(at: datetime, standing: Standing) -> None:
    assert standings(at, database(day(4))) == (standing,)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (day(4, 5, hour=11, minute=59, second=59), (HEARD, SUPERSEDED)),
        (day(4, 5, hour=12), (HEARD, SUPERSEDED)),  # a tie: the older build
        (day(4, 5, hour=12) + TICK, (SUPERSEDED, HEARD)),
        (day(4, 5, hour=12, second=1), (SUPERSEDED, HEARD)),
    ],
)
def test_between_two_builds_the_nearer_is_heard(at: datetime, expected: tuple[Standing, ...]) -> None:
    older, newer = database(day(4, 1)), database(day(4, 10))
    assert standings(at, older, newer) == expected
    assert standings(at, newer, older) == expected[::-1]


def test_a_middle_between_seconds_is_exact() -> None:
    older, newer = database(day(4, 1)), database(day(4, 1, second=1))
    middle = day(4, 1) + timedelta(milliseconds=500)
    assert standings(middle, older, newer) == (HEARD, SUPERSEDED)
    assert standings(middle + TICK, older, newer) == (SUPERSEDED, HEARD)


def test_enterprise_speaks_before_city_before_country_whatever_is_nearer() -> None:
    country, city = database(day(4, 10)), database(day(4, 8), "GeoLite2-City")
    enterprise = database(day(4, 1), "GeoIP2-Enterprise")
    assert standings(day(4, 10), country, city, enterprise) == (SUPERSEDED, SUPERSEDED, HEARD)
    assert standings(day(4, 10), country, city) == (SUPERSEDED, HEARD)
    assert standings(day(5, 10), country, city, enterprise) == (SUPERSEDED, HEARD, TOO_FAR)


def test_every_other_type_is_an_opinion_of_its_own() -> None:
    one, other = database(day(4), "DBIP-Country-Lite"), database(day(4), "DBIP-City-Lite")
    assert standings(day(4), one, other, database(day(4))) == (HEARD, HEARD, HEARD)


@pytest.mark.parametrize("opinion", Opinion)
def test_of_the_editions_of_another_type_the_nearer_is_heard(opinion: Opinion) -> None:
    older = database(day(4), "DBIP-Country-Lite", opinion)
    newer = database(day(4, 11), "DBIP-Country-Lite", opinion)
    assert standings(day(4, 6), older, newer) == (HEARD, SUPERSEDED)
    assert standings(day(4, 6) + TICK, older, newer) == (SUPERSEDED, HEARD)
    assert standings(day(4, 6) + TICK, newer, older) == (HEARD, SUPERSEDED)


def test_one_file_as_location_and_one_as_registration_are_two_opinions() -> None:
    where = database(day(4), "acme", Opinion.LOCATION)
    holder = database(day(4, 2), "acme", Opinion.REGISTRATION)
    assert standings(day(4), where, holder) == (HEARD, HEARD)


def test_of_editions_alike_in_rank_age_and_build_none_is_chosen() -> None:
    one, other = database(day(4), "GeoLite2-Country"), database(day(4))
    assert standings(day(4), one, other) == standings(day(4), other, one) == (HEARD, HEARD)
    assert standings(day(9), one, other) == (STALE, STALE)
    assert standings(day(4), one, other, database(day(3, 31))) == (HEARD, HEARD, SUPERSEDED)
    assert standings(day(4), one, other, database(day(4), "GeoIP2-City")) == (SUPERSEDED, SUPERSEDED, HEARD)


def test_a_registration_database_never_speaks_for_a_location() -> None:
    holder = database(day(4), "GeoIP2-City", Opinion.REGISTRATION)
    assert standings(day(4), holder, database(day(4))) == (HEARD, HEARD)


def test_if_all_editions_are_stale_the_nearest_is_told() -> None:
    old, older = database(day(2)), database(day(1), "GeoIP2-Enterprise")
    assert standings(day(9), older, old) == (TOO_FAR, STALE)


def test_an_age_beyond_the_calendar_cuts_nothing() -> None:
    assert len(periods_of([edition_of(database(day(4)))], (), timedelta(days=9_999_999))) == 1


@dataclass(frozen=True, slots=True)
class Edition:
    hours: int
    database_type: str


EDITIONS = st.builds(
    Edition, st.integers(0, 24 * 90), st.sampled_from(["GeoIP2-Country", "GeoLite2-City", "DBIP-City"])
)


@settings(deadline=None, max_examples=200)
@given(st.lists(EDITIONS, max_size=6), st.integers(0, 40), st.integers(-2000, 4000), st.integers(-1, 1))
def test_periods_agree_with_a_choice_at_the_instant(
    editions: list[Edition], max_days: int, half_hours: int, ticks: int
) -> None:
    databases = [database(day(1) + timedelta(hours=e.hours), e.database_type) for e in editions]
    at, max_age = day(1) + timedelta(minutes=30 * half_hours) + ticks * TICK, timedelta(days=max_days)
    found = standings(at, *databases, max_age=max_age)
    near = [index for index, each in enumerate(databases) if abs(at - each.built_at) <= max_age]
    makers = {"GeoIP2-Country": "MaxMind", "GeoLite2-City": "MaxMind"}
    heard = set()
    for index in near:
        rivals = [
            (
                "City" not in databases[other].database_type,
                abs(at - databases[other].built_at),
                databases[other].built_at,
            )
            for other in near
            if makers.get(databases[other].database_type) == makers.get(databases[index].database_type)
        ]
        mine = databases[index]
        if ("City" not in mine.database_type, abs(at - mine.built_at), mine.built_at) == min(rivals):
            heard.add(index)
    assert {index for index, standing in enumerate(found) if standing is HEARD} == heard
