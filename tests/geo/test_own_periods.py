"""What is located once for a stretch of time is what would be located at each instant in it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.model import LOCATED, RELAY_UNIT, Role
from tests.geo.conftest import WriteInventory

DAY = datetime(2020, 4, 1, tzinfo=UTC)
DAYS = 6
SUBJECTS = ["10.1.0.0/16", "198.51.100.0/24", "198.51.100.128/25", "S", "T", "*.example.com", "a.example.com"]
RELAYS = [
    {"relay_ip": "10.1.2.3"},
    {"relay_ip": "10.1.2.3", "relay_site": "S"},
    {"relay_ip": "198.51.100.1"},
    {"relay_ip": "198.51.100.200", "relay_site": "t"},
    {"relay_ip": "a.example.com"},
    {"relay_name": "b.example.com", "relay_site": "S"},
    {"relay_ip": "not an address"},
    {},
]
ROLES = st.sampled_from(["", "media", "keys"])
LINES = st.lists(
    st.tuples(st.sampled_from(SUBJECTS), ROLES, st.integers(0, DAYS - 1), st.integers(1, DAYS)),
    max_size=6,
    unique_by=lambda line: line[:2],
)


def written(line: tuple[str, str, int, int], number: int) -> str:
    subject, role, since, lasting = line
    place = SUBJECTS.index(subject)
    columns = [subject if low <= place < high else "" for low, high in ((0, 3), (3, 5), (5, 7))]
    until = DAY + timedelta(days=since + lasting)
    times = f"{DAY + timedelta(days=since):%Y-%m-%dT%H:%M:%SZ},{until:%Y-%m-%dT%H:%M:%SZ}"
    return f"{','.join(columns)},{('DE', 'CN', 'US')[number % 3]},{role},{times},,"


def units_of(atlas: Atlas) -> pl.DataFrame:
    rows = [
        {"role": role, "location_period": period, **relay}
        for relay in RELAYS
        for role in (Role.MEDIA, Role.KEYS, Role.UNKNOWN)
        for period in range(len(atlas.periods))
    ]
    return pl.DataFrame(rows, schema=dict(RELAY_UNIT))


def by_itself(settings: AtlasSettings, units: pl.DataFrame) -> list[tuple[object, ...]]:
    """Locate the units of each period by an atlas that knows of no other period."""
    parts = units.with_row_index().partition_by("location_period")
    located = [
        Atlas(settings).locate_relays(part.drop("index")).hstack(part.select("index")) for part in parts
    ]
    return pl.concat(located).sort("index").select(*LOCATED).rows()


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES)
def test_within_an_own_period_nothing_changes_and_it_reaches_as_far_as_it_says(
    write_inventory: WriteInventory, lines: Sequence[tuple[str, str, int, int]]
) -> None:
    path = write_inventory(*(written(line, number) for number, line in enumerate(lines)))
    sources = AtlasSettings((), load_inventory([path]))
    atlas = Atlas(sources)
    units = units_of(atlas)
    own = atlas.own_periods(units)
    assert atlas.locate_relays(units).select(*LOCATED).rows() == by_itself(sources, units)
    for (first, until), period in zip(own.rows(), units["location_period"], strict=True):
        assert first <= period < until
    again = atlas.own_periods(units.with_columns(own["location_period"]))
    assert again.rows() == own.rows()


def test_what_changes_elsewhere_ends_no_own_period(write_inventory: WriteInventory) -> None:
    path = write_inventory(
        *(written(("198.51.100.0/24", role, day, 1), 0) for day, role in enumerate(("media", "keys"))),
        written(("S", "", 4, 2), 1),
    )
    atlas = Atlas(AtlasSettings((), load_inventory([path])))
    relays = [{"relay_ip": "198.51.100.1"}, {"relay_ip": "198.51.101.1"}, {"relay_site": "S"}]
    at = pl.DataFrame({"at": [DAY + timedelta(days=4)]}).select(atlas.period_of(pl.col("at"))).item()
    units = pl.DataFrame(
        [{"role": "media", "location_period": at, **relay} for relay in relays], schema=dict(RELAY_UNIT)
    )
    stretches = [
        (atlas.periods[first][0], atlas.periods[until - 1][1])
        for first, until in atlas.own_periods(units).iter_rows()
    ]
    days = [DAY + timedelta(days=day) for day in (2, 4, 6)]
    assert stretches == [(days[0], None), (None, None), (days[1], days[2])]
