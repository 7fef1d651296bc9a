from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import geoip2.database
import geoip2.errors
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmdb_writer import MmdbF64, MmdbI32, MmdbU16, MmdbU32

from auditor.errors import GeoError
from auditor.geo.files import identity_of
from auditor.geo.mmdb import Database, Reader, open_database
from auditor.geo.schemas import Opinion, Said
from tests.geo.conftest import WriteDatabase
from tests.geo.kinds import ANONYMOUS, ASN, CITY, KINDS
from tests.geo.oracle import addresses_around
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
    records = {f"1.0.{number}.0/24": {**place, "network": str(number)} for number in range(200)}
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


def damaged(path: Path, old: bytes, new: bytes) -> Database:
    """Damage a file after it was opened, and describe it as it is then."""
    database = open_database(path, "location", AS_OF)
    assert path.read_bytes().count(old) == 1
    path.write_bytes(path.read_bytes().replace(old, new))
    return replace(database, identity=identity_of(path))


TWO = {"1.0.0.0/8": country("US"), "200.0.0.0/8": country("ZW")}
TEXT, DOUBLE = b"\x42ZW", b"\x62ZW"  # a text of two bytes, and a double of two, which cannot be


@pytest.mark.parametrize("reference", [False, True])
def test_damage_inside_is_an_error_at_the_look_up_and_never_a_null(
    write_database: WriteDatabase, *, reference: bool
) -> None:
    database = damaged(write_database(TWO, database_type="a maker's own"), TEXT, DOUBLE)
    assert asked(database, ["1.1.1.1"], reference=reference) == [Said("US")]
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        asked(database, ["1.1.1.1", "200.1.1.1"], reference=reference)
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        Reader(database).networks_of(pl.Series(["200.1.1.1"]))


def test_damage_inside_is_an_error_on_opening(write_database: WriteDatabase) -> None:
    path = write_database(TWO)
    path.write_bytes(path.read_bytes().replace(TEXT, DOUBLE))
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        open_database(path, None, AS_OF)


@pytest.mark.parametrize(
    "record",
    [
        {"country": "CN"},
        {"country": {"iso_code": MmdbU16(1)}},
        {"country": {"iso_code": True}},
        {"country": {"iso_code": ["CN"]}},
        {"country": {"iso_code": "CN"}, "traits": True},
        {"country": {"iso_code": "CN"}, "subdivisions": [MmdbU16(1)]},
        {"country": {"iso_code": "CN"}, "subdivisions": {"iso_code": "BJ"}},
        {"country": {"iso_code": "CN"}, "location": "Beijing"},
    ],
)
def test_a_record_of_another_shape_is_an_error_and_never_a_null(
    write_database: WriteDatabase, record: Mapping[str, Any]
) -> None:
    path = write_database({**TWO, "201.0.0.0/8": record})
    with pytest.raises(GeoError, match="is no whole MaxMind DB"):
        open_database(path, None, AS_OF)


@pytest.mark.parametrize(
    ("opinion", "good", "bad"),
    [
        ("location", {"country_code": "CN"}, {"country_code": MmdbU16(17230), "continent_code": "AS"}),
        ("location", {"country": "CN"}, {"country": {"iso_code": "CN"}}),
        ("network", {"asn": "AS1"}, {"asn": "a name"}),
        ("network", {"asn": "AS1"}, {"asn": {"number": "1"}}),
    ],
)
def test_what_a_database_is_asked_for_is_never_left_out(
    write_database: WriteDatabase, opinion: str, good: Mapping[str, Any], bad: Mapping[str, Any]
) -> None:
    path = write_database({"1.0.0.0/8": good, "2.0.0.0/8": bad}, database_type="a maker's own")
    with pytest.raises(GeoError, match=r"is no whole MaxMind DB|no country"):
        open_database(path, opinion, AS_OF)


def test_a_record_that_the_readers_read_in_different_ways_is_an_error(write_database: WriteDatabase) -> None:
    twice = {"country": {"iso_code": "CN"}, "cauntry": {"iso_code": "DE"}}
    path = write_database({**TWO, "201.0.0.0/8": twice}, database_type="a maker's own")
    database = damaged(path, b"cauntry", b"country")
    for ask in (lambda: asked(database, ["201.1.1.1"]), lambda: open_database(path, "location", AS_OF)):
        with pytest.raises(GeoError, match=r"its two readers read the record of 201.* in different ways"):
            ask()


def test_a_file_cut_short_while_it_is_read_kills_nobody(write_database: WriteDatabase) -> None:
    reader = Reader(open_database(write_database(RECORDS), None, AS_OF))
    with Path(reader.database.path).open("r+b") as file:
        file.truncate(10)
    assert reader.networks_of(pl.Series(["1.2.3.4"])).to_list() == ["1.2.0.0/16"]
    assert reader.lookup(pl.Series(["1.2.3.4"]), reference=True).said[0].country == "CN"


def test_another_file_in_its_place_is_not_asked(write_database: WriteDatabase) -> None:
    database = open_database(write_database(RECORDS), None, AS_OF)
    write_database({"1.0.0.0/8": country("CN")})
    with pytest.raises(GeoError, match="it was replaced or altered"):
        Reader(database)


def said_by(path: Path, addresses: list[str], opinion: str | None = None) -> list[Said | None]:
    """Ask a database with both readers."""
    database = open_database(path, opinion, AS_OF)
    found = asked(database, list(addresses))
    assert found == asked(database, list(addresses), reference=True)
    return found


NOT_PLACES = "it knows networks, not places"


def test_an_asn_database_tells_whose_network_it_is(write_database: WriteDatabase) -> None:
    path = write_database(ASN.records, database_type=ASN.database_type)
    long = "x" * 500
    assert open_database(path, None, AS_OF).opinion is Opinion.NETWORK
    assert said_by(path, ["1.1.1.1", "1.2.1.1", "1.3.1.1", "2a00::1", "9.9.9.9"]) == [
        Said(why_not=NOT_PLACES, hints=("network:AS64496 Example Org",), network="AS64496"),
        Said(why_not=NOT_PLACES, hints=("network:AS4200000000 Späte Netze",), network="AS4200000000"),
        Said(why_not=NOT_PLACES, hints=("network:AS64500",), network="AS64500"),
        Said(why_not=NOT_PLACES, hints=("network:Nameless",)),
        Said(None, "no_record", "no record of this address"),
    ]
    named = write_database({"1.0.0.0/8": {"asn": "AS1", "name": long}}, database_type="own", name="b.mmdb")
    (said,) = said_by(named, ["1.1.1.1"], "network")
    assert said is not None
    assert said.network == "AS1"
    assert len(said.hints[0]) < 200


@pytest.mark.parametrize("number", [MmdbU16(7), MmdbU32(7), MmdbI32(7), "7", "AS7"])
@pytest.mark.parametrize("key", ["autonomous_system_number", "asn"])
def test_the_number_of_a_network_may_be_written_in_any_way(
    write_database: WriteDatabase, key: str, number: object
) -> None:
    path = write_database({"1.0.0.0/8": {key: number}}, database_type="a maker's own")
    assert said_by(path, ["1.1.1.1"], "network") == [
        Said(why_not=NOT_PLACES, hints=("network:AS7",), network="AS7")
    ]


def test_who_hides_behind_an_address_leaves_every_country_open(write_database: WriteDatabase) -> None:
    path = write_database(ANONYMOUS.records, database_type=ANONYMOUS.database_type)
    found = said_by(path, ["1.1.1.1", "1.2.1.1", "1.3.1.1", "1.4.1.1", "1.5.1.1", "2a00::1"])
    assert [said and (said.country, said.reason, said.hints) for said in found] == [
        (None, "anonymised", ("anonymous:vpn",)),
        (None, "anonymised", ("anonymous:public_proxy", "anonymous:tor")),
        (None, "anonymised", ("anonymous",)),
        (None, None, ("hosting",)),
        (None, "anonymised", ("anonymous:residential_proxy", "hosting")),
        (None, None, ()),
    ]
    assert all(said and said.why_not for said in found)


@pytest.mark.parametrize("opinion", ["location", "anonymity"])
@pytest.mark.parametrize(
    ("flag", "is_set", "is_odd"),
    [
        (True, True, False),
        (False, False, False),
        (MmdbU16(1), True, False),
        (MmdbU16(0), False, False),
        (MmdbI32(-1), True, True),
        (MmdbF64(0.0), False, False),
        (MmdbF64(1.0), True, False),
        ("true", True, False),
        (" Yes ", True, False),
        ("No", False, False),
        ("", False, False),
        ("maybe", True, True),
        (["x"], True, True),
        ({"x": "y"}, True, True),
    ],
)
def test_a_flag_that_is_not_plainly_unset_is_set(
    write_database: WriteDatabase, opinion: str, flag: object, *, is_set: bool, is_odd: bool
) -> None:
    key = {"location": "is_anycast", "anonymity": "is_anonymous_vpn"}[opinion]
    records = {"1.0.0.0/8": {"country_code": "CN", key: flag}, "2.0.0.0/8": {"country_code": "CN"}}
    path = write_database(records, database_type="a maker's own")
    odd, other = said_by(path, ["1.1.1.1", "2.1.1.1"], opinion)
    assert odd is not None
    assert other is not None
    assert (odd.reason in {"anycast", "anonymised"}, other.reason) == (is_set, None)
    assert any(hint.startswith("flag:") for hint in odd.hints) is is_odd


def test_flags_written_in_several_ways_are_all_read(write_database: WriteDatabase) -> None:
    flags = [True, MmdbU16(1), "1", MmdbU16(0), False, "maybe"]
    records = {
        f"1.{n}.0.0/16": {"country_code": "CN", "is_anycast": flag, "n": str(n)}
        for n, flag in enumerate(flags)
    }
    path = write_database(records, database_type="a maker's own")
    found = said_by(path, [f"1.{number}.1.1" for number in range(len(flags))], "location")
    assert [said and said.reason == "anycast" for said in found] == [True, True, True, False, False, True]


def test_a_city_is_told_only_where_it_is_asked_for(write_database: WriteDatabase) -> None:
    path = write_database(CITY.records, database_type=CITY.database_type, ip_version=4)
    reader, addresses = Reader(open_database(path, None, AS_OF)), pl.Series(["1.1.1.1", "1.2.1.1", "1.3.1.1"])
    for reference in (False, True):
        told = reader.lookup(addresses, with_city=True, reference=reference)
        kept = reader.lookup(addresses, reference=reference)
        assert [told.said[index].city for index in told.index] == ["Frankfurt", "Paris", None]
        assert [kept.said[index].city for index in kept.index] == [None, None, None]


def test_the_floor_of_confidence_is_the_readers(write_database: WriteDatabase) -> None:
    database = open_database(write_database(ENTERPRISE, database_type="GeoIP2-Enterprise"), None, AS_OF)
    for floor, counts in ((0, [True, True, True]), (79, [True, True, False]), (81, [False, False, False])):
        lookup = Reader(database, floor).lookup(pl.Series(["1.1.1.1", "1.2.1.1", "1.3.1.1"]))
        assert [lookup.said[index].reason is None for index in lookup.index] == counts


def test_a_confidence_that_is_none_does_not_count(write_database: WriteDatabase) -> None:
    records = {"1.0.0.0/8": {"country": {"iso_code": "US", "confidence": MmdbU16(300)}}}
    (said,) = said_by(write_database(records, database_type="GeoIP2-Enterprise"), ["1.1.1.1"])
    assert said is not None
    assert said.reason == "low_confidence"


@pytest.mark.parametrize("name", KINDS)
def test_both_readers_say_the_same_of_each_kind_of_database(write_database: WriteDatabase, name: str) -> None:
    kind = KINDS[name]
    path = write_database(kind.records, database_type=kind.database_type, ip_version=kind.ip_version)
    found = said_by(path, addresses_around(list(kind.records)), kind.opinion)
    assert len(set(found)) > len(kind.records) // 2


def test_a_vendors_file_of_a_type_of_maxmind_is_its_own_opinion(write_database: WriteDatabase) -> None:
    path = write_database({"1.0.0.0/8": country("CN")})
    own, theirs = open_database(path, None, AS_OF), open_database(path, "location", AS_OF, "Acme")
    assert (own.maker, own.rank) == ("MaxMind", "Country")
    assert (theirs.maker, theirs.rank) == ("Acme", None)
    assert asked(theirs, ["1.1.1.1"]) == [Said("CN")]
