import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import GeoError
from auditor.geo.databases import STANDARD_PLACES, find_databases, open_databases
from tests.geo.conftest import WriteDatabase

AS_OF = datetime(2020, 4, 10, tzinfo=UTC)
RECORDS = {"1.0.0.0/8": {"country": {"iso_code": "US"}}}


def test_the_command_line_comes_before_the_environment() -> None:
    found = find_databases(["a.mmdb", "registration:b.mmdb", "location:c:d.mmdb"], {"AUDITOR_GEO": "e.mmdb"})
    assert found == [("a.mmdb", None), ("b.mmdb", "registration"), ("c:d.mmdb", "location")]


def test_the_environment_names_several() -> None:
    value = os.pathsep.join(["a.mmdb", "b.mmdb", ""])
    assert find_databases([], {"AUDITOR_GEO": value}) == [("a.mmdb", None), ("b.mmdb", None)]


def test_a_folder_stands_for_its_country_databases(write_database: WriteDatabase, tmp_path: Path) -> None:
    city = write_database(RECORDS, name="city.mmdb", database_type="GeoLite2-City")
    write_database(
        {"1.0.0.0/8": {"autonomous_system_number": 1}}, name="asn.mmdb", database_type="GeoLite2-ASN"
    )
    broken = tmp_path / "broken.mmdb"
    broken.write_text("broken")
    (tmp_path / "notes.txt").touch()
    assert find_databases([str(tmp_path)], {}) == [(str(broken), None), (str(city), None)]
    assert find_databases([f"location:{tmp_path}"], {}) == [
        (str(broken), "location"),
        (str(city), "location"),
    ]


def test_a_folder_without_databases_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(GeoError, match="has no location database"):
        find_databases([str(tmp_path)], {})


def test_the_first_standard_place_that_has_one_is_used(write_database: WriteDatabase, tmp_path: Path) -> None:
    path = write_database(RECORDS)
    places = [str(tmp_path / "none"), str(tmp_path)]
    assert find_databases([], {}, places) == [(str(path), None)]
    assert STANDARD_PLACES == ("/usr/local/share/GeoIP", "/usr/share/GeoIP", "/var/lib/GeoIP")


def test_finding_none_tells_where_it_was_looked_for_and_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(GeoError) as caught:
        find_databases([], {"AUDITOR_GEO": ""}, [str(tmp_path)])
    text = str(caught.value)
    assert str(tmp_path) in text
    assert "geoipupdate" in text
    assert "--geo" in text


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(GeoError) as caught:
        open_databases([str(tmp_path / "b.mmdb"), str(tmp_path / "a.mmdb")], {}, AS_OF)
    assert [fault.place for fault in caught.value.faults] == [
        str(tmp_path / "a.mmdb"),
        str(tmp_path / "b.mmdb"),
    ]


def test_the_same_file_named_twice_is_one_database(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS)
    assert len(open_databases([str(path), str(path)], {}, AS_OF)) == 1


def test_the_same_file_cannot_be_two_opinions(write_database: WriteDatabase) -> None:
    path = write_database(RECORDS)
    with pytest.raises(GeoError, match="is both a location and a registration database"):
        open_databases([f"location:{path}", f"registration:{path}"], {}, AS_OF)
