from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import geoip2.database
import geoip2.errors
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmdb_writer import MmdbU16

from auditor.errors import GeoError
from auditor.geo.mmdb import Database, Reader, open_database
from auditor.geo.schemas import PROBED_RECORDS, Said
from tests.geo.conftest import WriteDatabase
from tests.geo.records import RECORDS, country

AS_OF = datetime(2020, 4, 10, tzinfo=UTC)

SAID = [
    ("1.1.1.1", Said("US")),
    ("1.2.1.1", Said("CN")),
    ("1.3.1.1", Said("DE", hints=("registered:US",))),
    ("1.4.1.1", Said(None, "anycast", "flagged as anycast")),
    ("1.5.1.1", Said(None, "no_country", "the record names no country", ("registered:RO",))),
    ("1.6.1.1", Said(None, "continent_only", "the record names only the continent AS", ("continent:AS",))),
    ("1.7.1.1", Said("EU", "not_a_country", "`EU` is not the code of a country")),
    ("1.8.1.1", Said("PH", hints=("represents:US:military",))),
    ("1.9.1.1", Said("US", "anycast", "flagged as anycast")),
    ("1.10.1.1", Said(None, "no_country", "the record names no country")),
    ("1.11.1.1", Said("", "not_a_country", "`` is not the code of a country")),
    ("1.12.1.1", Said("JP", hints=("represents:FR",))),
    ("9.9.9.9", Said(None, "no_record", "no record of this address")),
    ("2a00::1", Said("FR")),
    ("2b00::1", Said(None, "no_record", "no record of this address")),
]


def asked(database: Database, addresses: list[str | None], *, reference: bool = False) -> list[Said | None]:
    found = Reader(database).lookup(pl.Series(addresses, dtype=pl.String), reference=reference)
    return [None if index is None else found.said[index] for index in found.index]


@pytest.mark.parametrize(("address", "said"), SAID)
@pytest.mark.parametrize("reference", [False, True])
def test_each_kind_of_record_is_weighed(
    write_database: WriteDatabase, address: str, said: Said, *, reference: bool
) -> None:
    database = open_database(write_database(RECORDS), None, AS_OF)
    assert asked(database, [address], reference=reference) == [said]


def test_what_is_not_asked_is_not_answered(write_database: WriteDatabase) -> None:
    database = open_database(write_database(RECORDS), None, AS_OF)
    assert asked(database, [None, "1.1.1.1", None]) == [None, Said("US"), None]
    assert asked(database, []) == []


ENTERPRISE = {
    "1.1.0.0/16": {"country": {"iso_code": "US", "confidence": MmdbU16(80)}},
    "1.2.0.0/16": {"country": {"iso_code": "CN", "confidence": MmdbU16(79)}},
    "1.3.0.0/16": {"country": {"iso_code": "DE"}},
}


@pytest.mark.parametrize("reference", [False, True])
def test_an_enterprise_country_counts_from_the_floor_of_confidence(
    write_database: WriteDatabase, *, reference: bool
) -> None:
    path = write_database(ENTERPRISE, database_type="GeoIP2-Enterprise")
    found = asked(open_database(path, None, AS_OF), ["1.1.1.1", "1.2.1.1", "1.3.1.1"], reference=reference)
    assert [said and (said.country, said.reason, said.hints) for said in found] == [
        ("US", None, ()),
        ("CN", "low_confidence", ("confidence:CN:79",)),
        ("DE", "low_confidence", ("confidence:DE:unknown",)),
    ]


@pytest.mark.parametrize(
    ("record", "schema_path"),
    [
        ({"country_code": "CN"}, "country_code"),
        ({"country_code": "CN", "country": "China", "continent": "Asia"}, "country_code"),
        ({"country": "CN"}, "country"),
        ({"country": {"iso_code": "CN"}, "continent": {"code": "AS"}}, "country.iso_code"),
        (
            {"country": {"iso_code": "CN"}, "continent": "Asia", "traits": {"is_anycast": "no"}},
            "country.iso_code",
        ),
    ],
)
@pytest.mark.parametrize("reference", [False, True])
def test_other_schemas_are_found_out(
    write_database: WriteDatabase, record: Mapping[str, Any], schema_path: str, *, reference: bool
) -> None:
    path = write_database({"1.0.0.0/8": record}, database_type="a maker's own")
    database = open_database(path, "location", AS_OF)
    assert database.schema_path == schema_path
    assert asked(database, ["1.1.1.1"], reference=reference) == [Said("CN")]


def test_a_flat_file_may_have_continents_and_anycast(write_database: WriteDatabase) -> None:
    records = {
        "1.1.0.0/16": {"country_code": "CN", "continent_code": "AS"},
        "1.2.0.0/16": {"continent_code": "AS"},
        "1.3.0.0/16": {"country_code": "US", "is_anycast": True},
    }
    database = open_database(write_database(records, database_type="flat"), "location", AS_OF)
    reasons = [said and said.reason for said in asked(database, ["1.1.0.1", "1.2.0.1", "1.3.0.1"])]
    assert reasons == [None, "continent_only", "anycast"]


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("flag", [{"is_anycast": True}, {"traits": {"is_anycast": True}}])
@pytest.mark.parametrize("place", [{"country_code": "CN"}, {"country": "CN"}, country("CN")])
def test_anycast_is_seen_wherever_it_stands_and_however_late(
    write_database: WriteDatabase, place: Mapping[str, Any], flag: Mapping[str, Any], *, reference: bool
) -> None:
    records = {
        f"1.0.{number}.0/24": {**place, "network": str(number)} for number in range(2 * PROBED_RECORDS)
    }
    path = write_database({**records, "2.0.0.0/24": {**place, **flag}}, database_type="a maker's own")
    said = asked(open_database(path, "location", AS_OF), ["1.0.0.1", "2.0.0.1"], reference=reference)
    assert [each and each.reason for each in said] == [None, "anycast"]


@pytest.mark.parametrize("reference", [False, True])
def test_an_ipv4_database_is_not_asked_about_ipv6(write_database: WriteDatabase, *, reference: bool) -> None:
    path = write_database({"1.0.0.0/8": country("US")}, ip_version=4)
    database = open_database(path, None, AS_OF)
    found = asked(database, ["2a00::1", "1.1.1.1", None], reference=reference)
    assert found == [Said(None, "no_record", "the database has no IPv6"), Said("US"), None]
    assert Reader(database).networks_of(pl.Series(["2a00::1", "1.1.1.1"])).to_list() == [None, "1.0.0.0/8"]


def test_the_network_is_that_of_the_record(write_database: WriteDatabase) -> None:
    reader = Reader(open_database(write_database(RECORDS), None, AS_OF))
    addresses = pl.Series(["1.2.3.4", "1.200.0.1", "9.9.9.9", "2a00:1::1"])
    assert reader.networks_of(addresses).to_list() == ["1.2.0.0/16", "1.128.0.0/9", None, "2a00::/16"]


ADDRESSES = (
    st.integers(0, 2**24 - 1).map(lambda low: str(IPv4Address(1 << 24 | low)))
    | st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number)))
    | st.integers(0, 2**109 - 1).map(lambda low: str(IPv6Address(0x2A << 120 | low)))
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(addresses=st.lists(ADDRESSES, min_size=1, max_size=50))
def test_both_readers_and_geoip2_agree(write_database: WriteDatabase, addresses: list[str]) -> None:
    path = write_database(RECORDS)
    database = open_database(path, None, AS_OF)
    fast = asked(database, list(addresses))
    assert fast == asked(database, list(addresses), reference=True)
    with geoip2.database.Reader(path) as reader:
        for address, said in zip(addresses, fast, strict=True):
            assert said is not None
            try:
                record = reader.country(address)
            except geoip2.errors.AddressNotFoundError:
                assert said.reason == "no_record"
            else:
                assert record.country.iso_code == said.country
                assert (record.traits.is_anycast is True) == (said.reason == "anycast")


@pytest.mark.parametrize("reference", [False, True])
def test_damage_inside_is_an_error_at_the_look_up_and_never_a_null(
    write_database: WriteDatabase, *, reference: bool
) -> None:
    records = {f"1.{octet}.0.0/16": country("US") for octet in range(150)}
    path = write_database({**records, "200.0.0.0/8": country("ZW")}, database_type="a maker's own")
    text, double = b"\x42ZW", b"\x62ZW"  # a text of two bytes, and a double of two, which cannot be
    assert path.read_bytes().count(text) == 1
    path.write_bytes(path.read_bytes().replace(text, double))
    database = open_database(path, "location", AS_OF)
    assert asked(database, ["1.1.1.1"], reference=reference) == [Said("US")]
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        asked(database, ["1.1.1.1", "200.1.1.1"], reference=reference)


@pytest.mark.parametrize("reference", [False, True])
def test_a_record_of_another_shape_is_an_error_and_never_a_null(
    write_database: WriteDatabase, *, reference: bool
) -> None:
    records: dict[str, Any] = {f"1.{octet}.0.0/16": country("US") for octet in range(150)}
    records["200.0.0.0/8"] = {"country": "CN"}
    path = write_database(records, database_type="a maker's own")
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        asked(open_database(path, "location", AS_OF), ["200.1.1.1"], reference=reference)


def test_another_file_in_its_place_is_not_asked(write_database: WriteDatabase) -> None:
    database = open_database(write_database(RECORDS), None, AS_OF)
    write_database({"1.0.0.0/8": country("CN")})
    with pytest.raises(GeoError, match="it was replaced or altered"):
        Reader(database)
