import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditor.errors import Fault, GeoError
from auditor.geo.databases import NamedFile, describe_all, find_databases, open_databases
from auditor.geo.standard_places import STANDARD_PLACES
from tests.geo.conftest import WriteDatabase
from tests.geo.kinds import ASN

AS_OF = datetime(2020, 4, 10, tzinfo=UTC)
RECORDS = {"1.0.0.0/8": {"country": {"iso_code": "US"}}}


def test_the_command_line_comes_before_the_environment() -> None:
    values = ["a.mmdb", "registration:b.mmdb", "location:c:d.mmdb", "location@Acme Ltd:e.mmdb", "network:f"]
    assert find_databases(values, {"AUDITOR_GEO": "g.mmdb"}) == [
        NamedFile("a.mmdb"),
        NamedFile("b.mmdb", "registration"),
        NamedFile("c:d.mmdb", "location"),
        NamedFile("e.mmdb", "location", "Acme Ltd"),
        NamedFile("f", "network"),
    ]


@pytest.mark.parametrize("path", ["other:a.mmdb", "C:\\a.mmdb", "user@host:a.mmdb", ":a.mmdb", "location"])
def test_what_does_not_begin_with_an_opinion_is_a_path(path: str) -> None:
    assert find_databases([path], {}) == [NamedFile(path)]


def test_a_vendor_without_a_name_is_a_fault() -> None:
    with pytest.raises(GeoError, match="names no vendor after the `@`"):
        find_databases(["location@:a.mmdb"], {})


def test_the_environment_names_several() -> None:
    value = os.pathsep.join(["a.mmdb", "b.mmdb", ""])
    assert find_databases([], {"AUDITOR_GEO": value}) == [NamedFile("a.mmdb"), NamedFile("b.mmdb")]


def test_a_folder_stands_for_its_databases_of_use(write_database: WriteDatabase, tmp_path: Path) -> None:
    city = write_database(RECORDS, name="city.mmdb", database_type="GeoLite2-City")
    asn = write_database(ASN.records, name="asn.mmdb", database_type=ASN.database_type)
    write_database({"1.0.0.0/8": {"domain": "a.test"}}, name="domain.mmdb", database_type="GeoIP2-Domain")
    broken = tmp_path / "broken.mmdb"
    broken.write_text("broken")
    (tmp_path / "notes.txt").touch()
    files = [str(asn), str(broken), str(city)]
    assert find_databases([str(tmp_path)], {}) == [NamedFile(file) for file in files]
    named = find_databases([f"location@Acme:{tmp_path}"], {})
    assert named == [NamedFile(file, "location", "Acme") for file in files]


def test_a_folder_without_databases_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(GeoError, match="has no database"):
        find_databases([str(tmp_path)], {})


def test_the_first_standard_place_with_a_location_database_is_used(
    write_database: WriteDatabase, tmp_path: Path
) -> None:
    for place in ("asn", "both"):
        (tmp_path / place).mkdir()
        write_database(ASN.records, name=f"{place}/asn.mmdb", database_type=ASN.database_type)
    write_database(RECORDS, name="both/country.mmdb")
    places = [str(tmp_path / place) for place in ("none", "asn", "both")]
    both = [NamedFile(str(tmp_path / "both" / name)) for name in ("asn.mmdb", "country.mmdb")]
    assert find_databases([], {}, places) == both
    assert find_databases([], {}, places[:2]) == [NamedFile(str(tmp_path / "asn" / "asn.mmdb"))]
    assert STANDARD_PLACES == ("/usr/local/share/GeoIP", "/usr/share/GeoIP", "/var/lib/GeoIP")


def test_finding_none_tells_where_it_was_looked_for_and_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(GeoError) as caught:
        find_databases([], {"AUDITOR_GEO": ""}, [str(tmp_path)])
    text = str(caught.value)
    assert str(tmp_path) in text
    assert "auditor geo update" in text
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
    with pytest.raises(GeoError, match="is named as a location database and as a registration database"):
        open_databases([f"location:{path}", f"registration:{path}"], {}, AS_OF)


def test_other_databases_are_no_location_database(write_database: WriteDatabase) -> None:
    path = str(write_database(ASN.records, database_type=ASN.database_type))
    with pytest.raises(GeoError, match=r"no location database: only .* \(network\)"):
        open_databases([path], {}, AS_OF)
    assert [found.opinion for found in open_databases([path], {}, AS_OF, location_needed=False)] == [
        "network"
    ]


def test_each_file_is_described_or_what_is_wrong_with_it(
    write_database: WriteDatabase, tmp_path: Path
) -> None:
    path, none = str(write_database(RECORDS)), str(tmp_path / "none.mmdb")
    first, fault, last = describe_all([path, none, f"location@Acme:{path}"], {}, AS_OF)
    assert isinstance(fault, Fault)
    assert (fault.place, fault.text) == (none, "cannot be read: No such file or directory")
    assert not isinstance(first, Fault)
    assert not isinstance(last, Fault)
    assert (first.maker, last.maker) == ("MaxMind", "Acme")


def test_where_updates_are_put_comes_before_the_usual_places(
    tmp_path: Path, write_database: WriteDatabase
) -> None:
    written = write_database(RECORDS)
    assert [file.path for file in find_databases([], {"GEOIPUPDATE_DB_DIR": str(tmp_path)})] == [str(written)]
