"""Each kind of address, as a relay's and as a client's: GEOLOCATION.md, section 1, row by row.

The databases have a record of every address there is, and the inventory a line: what is not to be asked would
answer, and wrongly.
"""

import csv
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.countries import candidates_of
from auditor.geo.addresses import classify
from auditor.geo.atlas import Atlas
from tests.geo.treatment.cases import BUILT, SINCE, Sources
from tests.geo.treatment.opening import all_located, atlas_of, located
from tests.reference.files import DatabaseText
from tests.reference.world import InventoryRow, Settings

with (Path(__file__).parent / "addresses.csv").open(encoding="utf-8", newline="") as file:
    ROWS = list(csv.DictReader(file))

NEVER = "KP"
"""Where the databases put every address that they are not to be asked about."""

EVERYWHERE = (
    *("0.0.0.0/1", "128.0.0.0/1", "2000::/3", "64::/16", "100::/8", "4000::/3", "5f00::/16"),
    *("fc00::/7", "fe80::/9", "ff00::/8"),
)
TRUE = {"1.1.1.0/24": "US", "2a00::/16": "DE", "192.0.2.0/24": "JP"}
RECORDS = {prefix: {"country": {"iso_code": NEVER}} for prefix in EVERYWHERE}
RECORDS |= {prefix: {"country": {"iso_code": code}} for prefix, code in TRUE.items()}
DATABASE = DatabaseText("GeoIP2-Country", BUILT, RECORDS)
PRIVATE = (
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10", "100.64.0.0/10"),
    *("169.254.0.0/16", "fe80::/10", "127.0.0.0/8", "::1/128"),
)
LINES = tuple(InventoryRow(("FR",), SINCE, prefix=prefix) for prefix in ("0.0.0.0/0", "::/0", *PRIVATE))
LINES += (InventoryRow(("FR",), SINCE, name="relay1.example.com"),)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return atlas_of(Sources((DATABASE,)), tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return atlas_of(Sources((DATABASE,), LINES), tmp_path_factory.mktemp("attested"))


Located = dict[str, dict[str, Any]]
"""What was found, by the text of the address."""


def all_of(atlas: Atlas, column: str, **more: str) -> Located:
    texts = [row["text"] for row in ROWS]
    return dict(zip(texts, all_located(atlas, [{column: text, **more} for text in texts]), strict=True))


@pytest.fixture(scope="module")
def relays(alone: Atlas) -> Located:
    return all_of(alone, "relay_ip")


@pytest.fixture(scope="module")
def relays_attested(attested: Atlas) -> Located:
    return all_of(attested, "relay_ip")


@pytest.fixture(scope="module")
def participants(alone: Atlas) -> Located:
    return all_of(alone, "client_ip")


each_row = pytest.mark.parametrize("row", ROWS, ids=[row["text"] for row in ROWS])


@each_row
def test_the_kind_is_decided_before_any_look_up(row: dict[str, str]) -> None:
    assert classify(pl.Series([row["text"]]))["kind"].item() == row["kind"]


@each_row
def test_a_relay_is_where_its_kind_of_address_lets_it_be(relays: Located, row: dict[str, str]) -> None:
    found = relays[row["text"]]
    assert (found["kind"], found["key"], found["reasons"]) == (row["kind"], row["relay"], [row["reason"]])


@each_row
def test_the_inventory_is_asked_about_the_kinds_that_an_operator_can_know(
    relays_attested: Located, row: dict[str, str]
) -> None:
    assert relays_attested[row["text"]]["key"] == row["attested"]


@each_row
def test_a_participant_is_where_its_kind_of_address_lets_it_be(
    participants: Located, row: dict[str, str]
) -> None:
    found = participants[row["text"]]
    assert found["key"] == row["participant"]
    assert row["participant_reason"] in ("", *found["reasons"])


def test_the_inventory_places_no_participant(attested: Atlas, participants: Located) -> None:
    found = all_of(attested, "client_ip")
    assert {text: row["key"] for text, row in found.items()} == {
        text: row["key"] for text, row in participants.items()
    }


def test_a_record_of_a_country_only_adds_to_what_an_address_says(alone: Atlas, participants: Located) -> None:
    for text, found in all_of(alone, "client_ip", participant_country_declared="DE").items():
        plain = candidates_of(participants[text]["key"])
        assert candidates_of(found["key"]) == plain | {"DE"}


def test_without_an_address_the_site_or_the_record_decides(alone: Atlas, tmp_path: Path) -> None:
    nowhere = located(alone, {"relay_ip": None})
    assert (nowhere["kind"], nowhere["key"], nowhere["reasons"]) == ("absent", "*", ["no_relay_address"])
    site = Sources((DATABASE,), (InventoryRow(("FR",), SINCE, site="PAR-1"),))
    assert located(atlas_of(site, tmp_path), {"relay_ip": None, "relay_site": "PAR-1"})["key"] == "FR"
    assert located(alone, {"client_ip": None})["key"] == "*"
    assert located(alone, {"client_ip": None, "participant_country_declared": "DE"})["key"] == "DE"


def test_an_address_of_6to4_names_the_router_as_a_hint(alone: Atlas) -> None:
    assert "router:1.1.1.1" in located(alone, {"relay_ip": "2002:101:101::1"})["hints"]


TRANSLATED = [
    ("2001:db8::/32", "2001:db8:c000:221::"),
    ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
    ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
    ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
    ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
    ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
    ("64:ff9b::/96", "64:ff9b::192.0.2.33"),
    ("64:ff9b:1::/48", "64:ff9b:1:c000:2:2100::"),
    ("2a01:0:0:1::/64", "2a01::1:c0:2:2100:0"),
]


@pytest.mark.parametrize(("prefix", "text"), TRANSLATED)
def test_a_translator_of_the_operator_is_seen_through(prefix: str, text: str, tmp_path: Path) -> None:
    settings = Settings(nat64_prefixes=(prefix,), documentation_is_public=True)
    public = atlas_of(Sources((DATABASE,), settings=settings), tmp_path)
    for columns in ({"relay_ip": text}, {"client_ip": text.upper()}):
        assert (located(public, columns)["key"], located(public, columns)["reasons"]) == (
            "JP",
            ["single_source"],
        )
    hidden = Sources((DATABASE,), settings=Settings(nat64_prefixes=(prefix,)))
    (tmp_path / "hidden").mkdir()
    found = located(atlas_of(hidden, tmp_path / "hidden"), {"relay_ip": text})
    assert (found["kind"], found["key"], found["reasons"]) == ("nat64", "*", ["embedded_not_public"])


def test_of_two_translators_the_longer_prefix_decides(tmp_path: Path) -> None:
    text, inside = "2a01:0:101:101::", "2a01:0:101:101:2:202:200:0"
    for number, (prefixes, keys) in enumerate(
        [
            (("2a01::/32",), ["US", "US"]),
            (("2a01::/32", "2a01:0:101:101::/64"), ["*", NEVER]),
            (("2a01:0:101:101::/64", "2a01::/32"), ["*", NEVER]),
        ]
    ):
        (folder := tmp_path / str(number)).mkdir()
        atlas = atlas_of(Sources((DATABASE,), settings=Settings(nat64_prefixes=prefixes)), folder)
        assert [located(atlas, {"relay_ip": one})["key"] for one in (text, inside)] == keys


def test_documentation_is_looked_up_where_it_is_declared_public(tmp_path: Path) -> None:
    settings = Settings(documentation_is_public=True)
    atlas = atlas_of(Sources((DATABASE,), settings=settings), tmp_path)
    for columns in (
        {"relay_ip": "192.0.2.33"},
        {"client_ip": "::ffff:192.0.2.33"},
        {"client_ip": "64:ff9b::c000:221"},
    ):
        assert located(atlas, columns)["key"] == "JP"
    assert located(atlas, {"relay_ip": "198.18.0.1"})["reasons"] == ["not_public"]
