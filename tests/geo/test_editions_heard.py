"""Which editions speak, where several could: adding a source never takes a country away."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import GeoError
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.databases import open_databases
from auditor.geo.ranges.files import open_geofeeds
from tests.geo.conftest import WriteDatabase
from tests.geo.world import AS_OF, BUILT, located, participant

CN, DE = ({"country": {"iso_code": code}} for code in ("CN", "DE"))
ELSEWHERE = {"9.9.9.0/24": DE}
DAY = timedelta(days=1)
VPN = {"is_anonymous": True, "is_anonymous_vpn": True}


def atlas_of(*paths: Path, **settings: Any) -> Atlas:  # noqa: ANN401  fields of the settings by name
    return Atlas(AtlasSettings(open_databases([str(path) for path in paths], {}, AS_OF), None, **settings))


def test_a_product_without_a_record_does_not_silence_one_that_names_a_country(
    write_database: WriteDatabase,
) -> None:
    country = write_database({"1.2.0.0/16": CN})
    europe = write_database(ELSEWHERE, name="europe.mmdb", database_type="GeoIP2-City-Europe")
    for paths in ((country, europe), (europe, country)):
        assert located(atlas_of(*paths), relay_ip="1.2.3.4")["key"] == "CN"
        assert participant(atlas_of(*paths), "1.2.3.4")[0] == "CN"


def test_an_unsure_edition_does_not_silence_another(write_database: WriteDatabase) -> None:
    country = write_database({"1.2.0.0/16": CN})
    unsure = {"1.2.0.0/16": {"country": {"iso_code": "US", "confidence": 20}}}
    enterprise = write_database(unsure, name="e.mmdb", database_type="GeoIP2-Enterprise")
    found = located(atlas_of(country, enterprise), relay_ip="1.2.3.4")
    assert (found["key"], found["hints"]) == ("CN", ["confidence:US:20"])


def test_an_edition_that_speaks_is_not_contradicted_by_an_older_one(write_database: WriteDatabase) -> None:
    newer = write_database({"1.2.0.0/16": DE}, name="newer.mmdb")
    older = write_database({"1.2.0.0/16": CN}, name="older.mmdb", built_at=BUILT - 10 * DAY)
    assert located(atlas_of(newer, older), relay_ip="1.2.3.4")["key"] == "DE"
    assert participant(atlas_of(newer, older), "1.2.3.4")[0] == "DE"


def test_each_sort_of_anonymiser_database_is_heard(write_database: WriteDatabase) -> None:
    places = write_database({"1.2.0.0/16": DE})
    flags = write_database(
        {"1.2.0.0/16": VPN}, name="a.mmdb", database_type="GeoIP2-Anonymous-IP", built_at=BUILT - DAY
    )
    plus = write_database({"9.9.9.0/24": VPN}, name="p.mmdb", database_type="GeoIP-Anonymous-Plus")
    assert participant(atlas_of(places, plus), "1.2.3.4")[0] == "DE"
    assert participant(atlas_of(places, flags, plus), "1.2.3.4")[:2] == ("*", ["anonymised"])


def test_a_database_of_anonymisers_that_is_too_old_is_only_told(write_database: WriteDatabase) -> None:
    places = write_database({"1.2.0.0/16": DE})
    flags = write_database(
        {"1.2.0.0/16": VPN}, name="a.mmdb", database_type="GeoIP2-Anonymous-IP", built_at=BUILT - 40 * DAY
    )
    found = participant(atlas_of(places, flags), "1.2.3.4")
    assert found == ("DE", ["single_source"], ["stale_anonymity"])


def test_two_files_of_a_type_that_tells_no_maker_have_to_say_whose_they_are(
    write_database: WriteDatabase,
) -> None:
    one, other = (
        write_database(
            {"1.2.0.0/16": {"country_code": code}}, name=f"{code}.mmdb", database_type="ipv4-country"
        )
        for code in ("DE", "CN")
    )
    with pytest.raises(GeoError, match="nothing tells whose the two are"):
        open_databases([f"location:{one}", f"location:{other}"], {}, AS_OF)
    named = open_databases([f"location@a:{one}", f"location@b:{other}"], {}, AS_OF)
    assert located(Atlas(AtlasSettings(named, None)), relay_ip="1.2.3.4")["key"] == "CN DE"


def test_the_same_list_of_another_day_is_another_edition(
    write_database: WriteDatabase, tmp_path: Path
) -> None:
    feeds = [tmp_path / f"ex_{day}.csv" for day in ("2020-01-01", "2020-04-01")]
    for feed in feeds:
        feed.write_text("1.2.0.0/16,CN\n")
    database = write_database({"1.2.0.0/16": DE})
    for paths in (feeds, feeds[::-1]):
        opened = open_geofeeds([str(path) for path in paths], datetime(2020, 12, 1, tzinfo=UTC))
        assert len(opened) == 2
        assert located(atlas_of(database, ranges=opened), relay_ip="1.2.3.4")["key"] == "CN DE"
