from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.geo.mmdb import Database, open_database
from tests.geo.conftest import WriteDatabase, WriteInventory
from tests.geo.world import AS_OF, BUILT, RELAYS, STALE, located, participant


@pytest.mark.parametrize(("relay", "key", "reasons"), RELAYS)
def test_each_relay_is_located(atlas: Atlas, relay: dict[str, Any], key: str, reasons: list[str]) -> None:
    found = located(atlas, **relay)
    assert (found["key"], found["reasons"]) == (key, reasons)


def test_a_relay_is_located_with_its_evidence(atlas: Atlas, database: Database) -> None:
    found = located(atlas, relay_ip="1.2.3.4", relay_country_declared="ZZ")
    assert (found["kind"], found["address"]) == ("global", "1.2.3.4")
    assert (found["network"], found["incident_network"]) == ("1.2.0.0/16", "1.2.3.0/24")
    attested, said, declared = found["answers"]
    assert attested["source"] == "inventory inventory.csv:4"
    assert (attested["level"], attested["country"], attested["prefix"]) == (1, "DE", "1.2.3.0/24")
    assert attested["counted"]
    assert said == {
        "level": 4,
        "source": "GeoIP2-Country",
        "country": "CN",
        "city": None,
        "prefix": "1.2.0.0/16",
        "date": BUILT,
        "observed_at": None,
        "sha256": database.sha256,
        "basis": None,
        "attested_by": None,
        "transfer_basis": None,
        "counted": True,
        "why_not": None,
    }
    assert declared["source"] == "relay_country_declared"
    assert (declared["counted"], declared["why_not"]) == (False, "`ZZ` is not the code of a country")


def test_a_relay_that_nothing_was_asked_about_has_no_answers(database: Database) -> None:
    assert located(Atlas(AtlasSettings((database,), None)), relay_ip="x")["answers"] == []


def test_hints_change_no_set(atlas: Atlas) -> None:
    assert located(atlas, relay_ip="1.1.1.1")["hints"] == ["registered:CN"]
    assert located(atlas, relay_ip="1.4.1.1")["hints"] == ["continent:EU"]
    assert located(atlas, relay_ip="2002:101:101::1")["hints"] == ["router:1.1.1.1"]


def test_an_edition_too_far_from_the_call_does_not_count(atlas: Atlas) -> None:
    found = located(atlas, relay_ip="1.1.1.1", at=STALE)
    assert (found["key"], found["reasons"], found["hints"]) == ("*", ["stale_location"], ["stale:US:>35d"])
    assert found["answers"][1]["why_not"] == "it was built more than 35 days from the call"
    assert located(atlas, relay_ip="9.9.9.9", at=STALE)["reasons"] == ["stale_location"]
    assert located(atlas, relay_ip="1.3.1.1", at=STALE)["reasons"] == ["stale_location"]
    assert located(atlas, relay_ip="1.2.3.4", at=STALE)["key"] == "DE"
    assert located(atlas, relay_ip="1.1.1.1", relay_country_declared="US", at=STALE)["hints"] == []


def test_private_lines_at_odds_are_told_in_the_evidence(
    database: Database, write_inventory: WriteInventory
) -> None:
    since = "2020-01-01T00:00:00Z,,,"
    path = write_inventory(f"10.0.0.0/24,FRA,,DE,media,{since}", f"10.0.0.0/24,SHA,,CN,,{since}")
    atlas = Atlas(AtlasSettings((database,), load_inventory([path])))
    found = located(atlas, relay_ip="10.0.0.5")
    assert (found["key"], found["reasons"]) == ("*", ["private_relay"])
    why_not = "the lines of the inventory for this private address name different countries"
    assert [answer["why_not"] for answer in found["answers"]] == [why_not]
    assert located(atlas, relay_ip="10.0.0.5", relay_site="FRA")["key"] == "DE"
    assert located(atlas, relay_ip="::ffff:10.0.0.5")["key"] == "*"


@pytest.mark.parametrize(
    ("types", "other", "outcome"),
    [
        (("GeoLite2-Country", "GeoIP2-Country"), "CN", ("CN US", ["contested"])),
        (("GeoLite2-Country", "GeoIP2-Country"), "US", ("US", ["single_source"])),
        (("DBIP-Country", "DBIP-Country"), "CN", ("CN US", ["contested"])),
        (("DBIP-Country", "DBIP-Country"), "US", ("US", ["single_source"])),
        (("DBIP-Country", "GeoIP2-Country"), "US", ("US", ["agreed"])),
    ],
)
def test_editions_of_one_second_both_count_and_are_one_source(
    write_database: WriteDatabase, types: tuple[str, str], other: str, outcome: tuple[str, list[str]]
) -> None:
    databases = [
        open_database(
            write_database(
                {"1.1.0.0/16": {"country": {"iso_code": code}}}, name=f"{number}.mmdb", database_type=kind
            ),
            None,
            AS_OF,
        )
        for number, (code, kind) in enumerate(zip(("US", other), types, strict=True))
    ]
    for order in (databases, databases[::-1]):
        atlas = Atlas(AtlasSettings(tuple(order), None))
        found = located(atlas, relay_ip="1.1.1.1")
        assert (found["key"], found["reasons"]) == outcome
        assert participant(atlas, "1.1.1.1")[:2] == outcome


def test_a_line_of_the_inventory_ends(atlas: Atlas) -> None:
    last = datetime(2020, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    assert located(atlas, relay_ip="turn.example.com", at=last)["key"] == "SE"
    assert located(atlas, relay_ip="turn.example.com", at=last + timedelta(microseconds=1))["key"] == "*"


def test_documentation_is_looked_up_only_when_it_is_made_public(database: Database) -> None:
    public = Atlas(AtlasSettings((database,), None, documentation_is_public=True))
    assert located(public, relay_ip="192.0.2.1")["key"] == "JP"
    assert participant(public, "192.0.2.1")[0] == "JP"
    assert participant(Atlas(AtlasSettings((database,), None)), "192.0.2.1") == ("*", ["not_public"], [])


def test_what_a_stale_edition_could_not_place_is_no_hint(write_database: WriteDatabase) -> None:
    records = {"1.1.0.0/16": {"country": {"iso_code": "US"}}}  # without a confidence
    path = write_database(records, database_type="GeoIP2-Enterprise")
    atlas = Atlas(AtlasSettings((open_database(path, None, AS_OF),), None))
    found = located(atlas, relay_ip="1.1.1.1", at=STALE)
    assert (found["reasons"], found["hints"], found["answers"][0]["country"]) == (
        ["stale_location"],
        [],
        "US",
    )
