from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MmdbU32

from auditor.errors import GeoError
from auditor.geo.mmdb import open_database
from auditor.geo.schemas import opinion_implied
from tests.geo.conftest import WriteDatabase
from tests.geo.records import RECORDS

AS_OF = datetime(2020, 4, 10, tzinfo=UTC)


def test_a_database_says_what_it_is(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS, built_at=datetime(2020, 4, 1, 12, 30, tzinfo=UTC))
    database = open_database(path, None, AS_OF)
    assert (database.database_type, database.opinion, database.ip_version) == (
        "GeoIP2-Country",
        "location",
        6,
    )
    assert database.built_at == datetime(2020, 4, 1, 12, 30, tzinfo=UTC)
    assert (database.description, database.schema_path) == ("made by a test", "country.iso_code")
    assert (database.bytes, len(database.sha256)) == (path.stat().st_size, 64)
    assert database.licence_note is None


def test_a_geolite_file_tells_of_its_licence_and_its_age(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS, database_type="GeoLite2-Country")
    fresh = open_database(path, None, AS_OF).licence_note
    old = open_database(path, None, AS_OF + timedelta(days=30)).licence_note
    assert fresh is not None
    assert old is not None
    assert "days old" not in fresh
    assert "39 days old" in old


def fault_of(path: Path, opinion: str | None = None, as_of: datetime = AS_OF) -> str:
    with pytest.raises(GeoError) as caught:
        open_database(path, opinion, as_of)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.mmdb") == "cannot be read: No such file or directory"
    assert fault_of(tmp_path) == "cannot be read: Is a directory"


def test_an_empty_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "empty.mmdb"
    path.touch()
    assert fault_of(path) == "is empty\n  hint: fetch the database again"


def test_metadata_of_other_types_are_a_fault(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS)
    whole = path.read_bytes()
    at = whole.rindex(b"description") + len("description")
    path.write_bytes(whole[:at] + b"\x40" + whole[at + 1 :])  # a text in place of the map
    assert fault_of(path).startswith("is no whole MaxMind DB: ")


@pytest.mark.parametrize("text", ["x", "no database\n" * 1000])
def test_another_file_is_a_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.mmdb"
    path.write_text(text)
    assert fault_of(path).startswith("is no whole MaxMind DB: ")


def test_a_file_cut_anywhere_is_a_fault(write_database: WriteDatabase, tmp_path: Path) -> None:
    whole = write_database(RECORDS).read_bytes()
    for length in [*range(1, len(whole), 97), *range(len(whole) - 30, len(whole))]:
        path = tmp_path / "cut.mmdb"
        path.write_bytes(whole[:length])
        assert fault_of(path).startswith("is no whole MaxMind DB: "), length


def test_a_build_date_later_than_the_clock_by_more_than_a_day_is_a_fault(
    write_database: WriteDatabase,
) -> None:
    path = write_database(RECORDS, built_at=AS_OF + timedelta(days=1))
    assert open_database(path, None, AS_OF).built_at == AS_OF + timedelta(days=1)
    assert fault_of(path, as_of=AS_OF - timedelta(seconds=1)).startswith(
        "was built on 2020-04-11, which is later than the audit's clock, 2020-04-09"
    )


@pytest.mark.parametrize(
    ("database_type", "record", "opinion", "says"),
    [
        (
            "GeoLite2-ASN",
            {"autonomous_system_number": MmdbU32(1)},
            "location",
            "no country in 1 of its records",
        ),
        ("GeoLite2-Country", {"country_code": "CN"}, None, "no country in 1 of its records"),
        ("somebody's", {"country": {"code": "CN"}}, "location", "no country in 1 of its records"),
        ("GeoIP2-ISP", {"isp": "x"}, None, "no autonomous system in 1 of its records"),
        ("GeoIP2-Country", {"country": {"iso_code": "CN"}}, "network", "no autonomous system in 1 of its"),
        ("GeoIP2-Anonymous-IP", {"a": "b"}, None, "no flag of an anonymiser in 1 of its records"),
        (
            "GeoIP2-Connection-Type",
            {"connection_type": "Cable"},
            None,
            "is of the type `GeoIP2-Connection-Type`",
        ),
    ],
)
def test_a_database_that_does_not_know_what_it_is_asked_is_a_fault(
    write_database: WriteDatabase, database_type: str, record: dict[str, Any], opinion: str | None, says: str
) -> None:
    path = write_database({"1.0.0.0/8": record}, database_type=database_type)
    assert fault_of(path, opinion).startswith(says)


@pytest.mark.parametrize(
    ("database_type", "opinion"),
    [
        ("GeoLite2-Country", "location"),
        ("GeoIP2-City", "location"),
        ("DBIP-City-Lite", "location"),
        ("ipinfo country_asn", "location"),
        ("ipinfo standard_asn", "network"),
        ("GeoLite2-ASN", "network"),
        ("GeoIP2-ISP", "network"),
        ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", "network"),
        ("GeoIP2-Anonymous-IP", "anonymity"),
        ("GeoIP-Anonymous-Plus", "anonymity"),
        ("GeoIP2-Connection-Type", None),
        ("GeoIP2-Domain", None),
        ("somebody's", None),
    ],
)
def test_the_type_tells_what_a_database_knows(database_type: str, opinion: str | None) -> None:
    assert opinion_implied(database_type) == opinion


def test_a_maxmind_country_database_may_begin_with_records_without_country(
    write_database: WriteDatabase,
) -> None:
    path = write_database({"1.0.0.0/8": {"traits": {"is_anycast": True}}})
    assert open_database(path, None, AS_OF).schema_path == "country.iso_code"


def test_the_opinion_of_an_unknown_type_must_be_said(write_database: WriteDatabase) -> None:
    path = write_database({"1.0.0.0/8": {"country_code": "CN"}}, database_type="somebody's")
    assert fault_of(path) == (
        "is of the unknown type `somebody's`\n"
        "  hint: say what it knows: `--geo location:PATH` or `--geo registration:PATH` or "
        "`--geo network:PATH` or `--geo anonymity:PATH`"
    )
    assert open_database(path, "registration", AS_OF).opinion == "registration"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"node_count", b"\x42\x01\x01"),  # a text
        (b"record_size", b"\xa1\x14"),  # 20 bits
        (b"ip_version", b"\xa1\x05"),
        (b"build_epoch", b"\x08\x02"),  # longer than the file
        (b"database_type", b"\xa1\x05"),
        (b"binary_format_major_version", b"\xa1\x03"),
    ],
)
def test_metadata_that_lie_are_a_fault(write_database: WriteDatabase, key: bytes, value: bytes) -> None:
    path = write_database(RECORDS)
    whole = path.read_bytes()
    at = whole.rindex(key) + len(key)
    path.write_bytes(whole[:at] + value + whole[at + len(value) :])
    assert fault_of(path).startswith("is no whole MaxMind DB: ")
