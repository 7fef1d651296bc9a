import ipaddress
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import geoip2.database
import geoip2.errors
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from auditor.countries import COUNTRIES, candidates_of
from auditor.errors import GeoError
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.geo.mmdb import Database, open_database
from auditor.model import CLIENT_UNIT, LOCATED, RELAY_UNIT, Role
from tests.geo.conftest import WriteDatabase, WriteInventory
from tests.geo.world import (
    AS_OF,
    BUILT,
    INVENTORY,
    RELAYS,
    located,
    participant,
    relay_units,
)


def test_an_inventory_alone_is_enough(write_inventory: WriteInventory) -> None:
    atlas = Atlas(AtlasSettings((), load_inventory([write_inventory(*INVENTORY)])))
    assert located(atlas, relay_ip="1.2.3.4")["key"] == "DE"
    assert located(atlas, relay_ip="1.1.1.1")["reasons"] == ["no_source"]
    assert participant(atlas, "1.1.1.1") == ("*", ["no_source"], [])


def test_every_opinion_counts_and_every_answer_is_kept(write_database: WriteDatabase) -> None:
    def one(name: str, code: str, **more: Any) -> Database:  # noqa: ANN401  of the writer
        path = write_database({"1.0.0.0/8": {"country": {"iso_code": code}}}, name=name, **more)
        return open_database(path, "registration" if name == "holder" else None, AS_OF)

    databases = (
        one("country", "US"),
        one("city", "CN", database_type="GeoLite2-City"),
        one("other", "DE", database_type="DBIP-Country"),
        one("holder", "FR", database_type="somebody's"),
    )
    found = located(Atlas(AtlasSettings(databases, None)), relay_ip="1.1.1.1")
    assert (found["key"], found["reasons"], found["hints"]) == ("CN DE", ["contested"], ["registered:FR"])
    assert [(answer["country"], answer["counted"], answer["level"]) for answer in found["answers"]] == [
        ("US", False, 4),
        ("CN", True, 4),
        ("DE", True, 4),
        ("FR", False, None),
    ]
    assert [answer["why_not"] for answer in found["answers"]] == [
        "another database of this maker is asked in its place",
        None,
        None,
        "it knows where the holder is registered, not where the address is",
    ]


def test_periods_are_numbered_to_the_microsecond(database: Database) -> None:
    atlas = Atlas(AtlasSettings((database,), None))
    tick = timedelta(microseconds=1)
    first, last = BUILT - timedelta(days=35), BUILT + timedelta(days=35)
    assert atlas.periods == ((None, first), (first, last + tick), (last + tick, None))
    frame = pl.DataFrame(
        {"at": [first - tick, first, last, last + tick, None]}, schema={"at": pl.Datetime("us", "UTC")}
    )
    assert frame.select(atlas.period_of(pl.col("at"))).to_series().to_list() == [0, 1, 1, 2, None]
    streamed = frame.lazy().select(atlas.period_of(pl.col("at"))).collect(engine="streaming").to_series()
    assert streamed.equals(pl.Series([0, 1, 1, 2, None], dtype=pl.Int32), check_dtypes=True)


def test_settings_travel(atlas_settings: AtlasSettings) -> None:
    carried = pickle.loads(pickle.dumps(atlas_settings))  # noqa: S301  our own bytes
    assert carried == atlas_settings
    assert hash(carried) == hash(atlas_settings)
    assert located(Atlas(carried), relay_ip="1.2.3.4")["key"] == "CN DE"


def test_a_replaced_database_is_an_error_before_and_after(
    database: Database, write_database: WriteDatabase
) -> None:
    atlas = Atlas(AtlasSettings((database,), None))
    atlas.verify_unchanged()
    assert located(atlas, relay_ip="1.1.1.1")["key"] == "US"
    write_database({"1.0.0.0/8": {"country": {"iso_code": "CN"}}})
    with pytest.raises(GeoError, match="it was replaced or altered"):
        atlas.verify_unchanged()
    with pytest.raises(GeoError, match="it was replaced or altered"):
        located(Atlas(AtlasSettings((database,), None)), relay_ip="1.1.1.1")


def test_an_altered_inventory_is_an_error(write_inventory: WriteInventory) -> None:
    atlas = Atlas(AtlasSettings((), load_inventory([write_inventory(*INVENTORY)])))
    atlas.verify_unchanged()
    write_inventory(*INVENTORY[:1])
    with pytest.raises(GeoError, match="replaced or altered"):
        atlas.verify_unchanged()


def test_a_remembered_relay_is_located_as_before(atlas_settings: AtlasSettings) -> None:
    atlas, fresh = Atlas(atlas_settings), Atlas(atlas_settings)
    relays = [relay for relay, _, _ in RELAYS]
    first = relay_units(atlas, relays[:20])
    both = relay_units(atlas, relays[10:] + relays[:15])
    atlas.locate_relays(first)
    assert_frame_equal(atlas.locate_relays(both), fresh.locate_relays(both))


TEXTS = (
    st.sampled_from([relay.get("relay_ip") for relay, _, _ in RELAYS])
    | st.integers(0, 2**32 - 1).map(lambda number: str(ipaddress.IPv4Address(number)))
    | st.text(max_size=8)
)
UNITS = st.lists(
    st.fixed_dictionaries(
        {
            "relay_ip": TEXTS,
            "relay_site": st.sampled_from([None, "FRA-1", "SJC-1", ""]),
            "relay_name": st.sampled_from([None, "turn.example.com", "other"]),
            "relay_country_declared": st.sampled_from([None, "DE", "XX"]),
            "role": st.sampled_from(Role),
            "location_period": st.integers(0, 2),
        }
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=UNITS)
def test_no_unit_is_lost_and_no_set_is_empty(atlas: Atlas, rows: list[dict[str, Any]]) -> None:
    units = pl.DataFrame(rows, schema=dict(RELAY_UNIT))
    found = atlas.locate_relays(units)
    assert_frame_equal(found.select(*RELAY_UNIT), units)
    assert found.schema == pl.Schema({**RELAY_UNIT, **LOCATED})
    assert all(candidates_of(key) <= COUNTRIES for key in found["key"])
    assert (found["reasons"].list.len() > 0).all()
    clients = units.select(
        pl.col("relay_ip").alias("client_ip"),
        pl.col("relay_country_declared").alias("participant_country_declared"),
        "location_period",
    )
    participants = atlas.locate_clients(clients)
    assert_frame_equal(participants.select(*CLIENT_UNIT), clients)
    assert all(candidates_of(key) <= COUNTRIES for key in participants["key"])
    assert (participants["reasons"].list.len() > 0).all()


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(0x01000000, 0x01FFFFFF), min_size=1, max_size=50))
def test_relays_agree_with_geoip2(database: Database, numbers: list[int]) -> None:
    atlas = Atlas(AtlasSettings((database,), None))
    addresses = [str(ipaddress.IPv4Address(number)) for number in numbers]
    found = atlas.locate_relays(relay_units(atlas, [{"relay_ip": address} for address in addresses]))
    with geoip2.database.Reader(Path(database.path)) as reader:
        for row in found.iter_rows(named=True):
            try:
                record = reader.country(row["relay_ip"])
            except geoip2.errors.AddressNotFoundError:
                assert row["reasons"] == ["no_record"]
            else:
                assert row["key"] == (record.country.iso_code or "*")
                assert row["network"] == str(record.traits.network)
