"""The further sources of evidence in the reference, and relay lists, by the words of the design pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.reference.countries import ALL
from tests.reference.files import DatabaseText, write_database
from tests.reference.kinds import kind_of
from tests.reference.lists import entries_allowing
from tests.reference.places import Evidence
from tests.reference.world import (
    Connection,
    Geofeed,
    InventoryRow,
    ListRow,
    RangeList,
    Recorded,
    Recording,
    Settings,
    World,
)

CALL = datetime(2020, 4, 2, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ADDRESS = "81.2.69.142"
SOMEBODY: Connection = {
    "role": "media",
    "relay_ip": ADDRESS,
    "relay_name": None,
    "relay_site": None,
    "relay_country_declared": None,
    "client_ip": None,
    "participant_country_declared": None,
    "home_region": "EU",
    "tier": "fallback",
    "started_at": CALL,
}
NETWORK = "81.2.69.0/24"
GB = DatabaseText("GeoIP2-Country", CALL, {NETWORK: {"country": {"iso_code": "GB"}}})
AWS_DE = RangeList("AWS", CALL, {NETWORK: "eu-central-1"})
OTHER = replace(AWS_DE, entries={NETWORK: "us-east-1"})
SINCE = CALL - 30 * DAY


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("2001:db8:c000:221::", "2001:db8::/32"),
        ("2001:db8:1c0:2:21::", "2001:db8:100::/40"),
        ("2001:db8:122:c000:2:2100::", "2001:db8:122::/48"),
        ("2001:db8:122:3c0:0:221::", "2001:db8:122:300::/56"),
        ("2001:db8:122:344:c0:2:2100:0", "2001:db8:122:344::/64"),
        ("2001:db8:122:344::192.0.2.33", "2001:db8:122:344::/96"),
    ],
)
def test_the_translated_addresses_of_the_standard_are_read(text: str, prefix: str) -> None:
    found = kind_of(text, [prefix])
    assert (found.kind, str(found.inner)) == ("nat64", "192.0.2.33")
    assert kind_of(text).kind == "documentation"


def spelled(codes: frozenset[str]) -> str:
    return "*" if codes == ALL else " ".join(sorted(codes))


@pytest.fixture
def gb(tmp_path: Path) -> World:
    return World(rules=(), databases=(write_database(GB, tmp_path / "gb.mmdb"),))


def relay(world: World, **fields: Any) -> str:  # noqa: ANN401  whatever a column holds
    evidence = Evidence(world)
    found = spelled(evidence.relay_of(SOMEBODY | fields).candidates)
    evidence.close()
    return found


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({}, "GB"),
        ({"ranges": (AWS_DE,)}, "DE GB"),
        ({"ranges": (replace(AWS_DE, entries={NETWORK: "eu-central-1/eu-central-1-waw-1"}),)}, "GB PL"),
        ({"ranges": (replace(AWS_DE, entries={NETWORK: "GLOBAL"}),)}, "*"),
        ({"ranges": (replace(AWS_DE, entries={NETWORK: "GLOBAL", "81.2.69.142/32": "us-east-1"}),)}, "GB US"),
        ({"ranges": (replace(AWS_DE, entries={NETWORK: "atlantis-1"}),)}, "GB"),
        ({"ranges": (replace(AWS_DE, published_at=CALL - 35 * DAY),)}, "DE GB"),
        ({"ranges": (replace(AWS_DE, published_at=CALL - 35 * DAY - TICK),)}, "GB"),
        (
            {"ranges": (AWS_DE, replace(AWS_DE, published_at=CALL - DAY, entries={NETWORK: "us-east-1"}))},
            "DE GB",
        ),
        ({"geofeeds": (Geofeed("a", CALL, {NETWORK: "FR"}),)}, "FR GB"),
        ({"geofeeds": (Geofeed("a", CALL, {NETWORK: ""}),)}, "GB"),
        ({"geofeeds": (Geofeed("a", CALL + 36 * DAY, {NETWORK: "FR"}),)}, "GB"),
        ({"geofeeds": (Geofeed("a", CALL, {"9.9.9.0/24": "FR"}),)}, "GB"),
    ],
)
def test_providers_lists_count_and_geofeeds_only_add(
    gb: World, sources: dict[str, Any], expected: str
) -> None:
    assert relay(replace(gb, **sources)) == expected


def test_a_geofeed_alone_places_nothing() -> None:
    assert relay(World(rules=(), geofeeds=(Geofeed("a", CALL, {NETWORK: "FR"}),))) == "*"


def recorded(days: float, country: str | None, built: float = 0, **said: Any) -> Recording:  # noqa: ANN401  a record's fields
    at = CALL + days * DAY
    row = Recorded(ADDRESS, "GeoIP2-Country", at - built * DAY, country, **said)
    return Recording(at, (row,))


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ([recorded(0, "DE")], "DE GB"),
        ([recorded(-35, "DE")], "DE GB"),
        ([recorded(-35.1, "DE")], "GB"),
        ([recorded(-1, "DE", built=36)], "GB"),
        ([recorded(-2, "US"), recorded(-1, "DE"), recorded(1, "FR"), recorded(2, "CN")], "DE FR GB"),
        ([recorded(-1, "DE"), recorded(0, "FR")], "FR GB"),
        ([recorded(-1, None, anycast=True)], "*"),
        ([recorded(-1, "ZZ")], "GB"),
        ([Recording(CALL, (Recorded("81.2.69.143", "GeoIP2-Country", CALL, "DE"),))], "GB"),
    ],
)
def test_the_recordings_around_a_call_count(gb: World, ledger: list[Recording], expected: str) -> None:
    assert relay(replace(gb, ledger=tuple(ledger))) == expected


@pytest.mark.parametrize(
    ("trust", "basis", "expected"),
    [
        ("all", "contract", "DE GB"),
        ("inventory", "contract", "DE"),
        ("inventory", "assumed", "DE GB"),
        ("inventory", "provider_statement", "DE GB"),
    ],
)
def test_a_firm_word_of_the_operator_stands_alone_where_it_is_trusted(
    gb: World, trust: str, basis: str, expected: str
) -> None:
    rows = (InventoryRow(("DE",), SINCE, prefix=NETWORK, basis=basis),)
    assert relay(replace(gb, inventory=rows, settings=Settings(trust=trust))) == expected


def test_a_name_of_a_region_counts_where_sites_are_named_so(gb: World) -> None:
    named = replace(gb, settings=Settings(site_names=("aws", "twilio")))
    assert relay(gb, relay_site="EU-Central-1") == "GB"
    assert relay(named, relay_site="EU-Central-1") == "DE GB"
    assert relay(named, relay_ip=None, relay_site="ie1-ix") == "GB IE"
    assert relay(named, relay_ip=None, relay_site="gll") == "*"


def participant(world: World, client: str, **fields: Any) -> str:  # noqa: ANN401  whatever a column holds
    evidence = Evidence(world)
    found = spelled(evidence.participant_of(SOMEBODY | {"client_ip": client} | fields).candidates)
    evidence.close()
    return found


def test_only_databases_and_doubts_place_participants(gb: World) -> None:
    everything = replace(
        gb,
        inventory=(InventoryRow(("DE",), SINCE, prefix=NETWORK),),
        ranges=(AWS_DE,),
        ledger=(recorded(0, "CN"),),
        geofeeds=(Geofeed("a", CALL, {NETWORK: "FR"}),),
    )
    assert participant(everything, ADDRESS) == "FR GB"


@pytest.mark.parametrize(
    ("record", "built", "expected"),
    [
        ({"is_anonymous": True, "is_anonymous_vpn": True}, CALL, "*"),
        ({"is_tor_exit_node": True}, CALL, "*"),
        ({"is_hosting_provider": True}, CALL, "GB"),
        ({}, CALL, "GB"),
        ({"is_anonymous_vpn": True}, CALL - 36 * DAY, "GB"),
    ],
)
def test_who_hides_may_be_anywhere(
    gb: World, tmp_path: Path, record: dict[str, Any], built: datetime, expected: str
) -> None:
    text = DatabaseText("GeoIP2-Anonymous-IP", built, {NETWORK: record}, opinion="anonymity")
    proxies = write_database(text, tmp_path / "proxies.mmdb")
    world = replace(gb, databases=(*gb.databases, proxies))
    assert participant(world, ADDRESS) == expected
    assert relay(world) == "GB"


@pytest.mark.parametrize(
    ("entry", "fields", "is_allowed"),
    [
        ({"prefix": NETWORK}, {}, True),
        ({"prefix": NETWORK}, {"relay_ip": "::ffff:81.2.69.1"}, True),
        ({"prefix": NETWORK}, {"relay_ip": "64:ff9b::81.2.69.1"}, True),
        ({"prefix": "64:ff9b::/96"}, {"relay_ip": "64:ff9b::81.2.69.1"}, True),
        ({"prefix": "10.0.0.0/8"}, {"relay_ip": "64:ff9b::10.0.0.1"}, True),
        ({"prefix": "64:ff9b::/96"}, {"relay_ip": "64:ff9b::10.0.0.1"}, True),
        ({"prefix": NETWORK}, {"relay_ip": "81.2.70.1"}, False),
        ({"prefix": NETWORK}, {"home_region": "US"}, False),
        ({"prefix": NETWORK, "tier": "primary"}, {}, False),
        ({"prefix": NETWORK, "tier": "primary"}, {"tier": None}, True),
        ({"prefix": NETWORK, "role": "keys"}, {}, False),
        ({"prefix": NETWORK, "role": "keys"}, {"role": "unknown"}, True),
        ({"prefix": NETWORK, "participants": ("FR", "DE")}, {}, True),
        ({"prefix": NETWORK, "participants": ("FR",)}, {}, False),
        ({"prefix": NETWORK}, {"started_at": SINCE}, True),
        ({"prefix": NETWORK}, {"started_at": SINCE - TICK}, False),
        ({"prefix": NETWORK, "until": CALL}, {}, False),
        ({"site": "BJ-1"}, {}, False),
        ({"site": "BJ-1"}, {"relay_site": " bj-1"}, True),
        ({"site": "BJ-1", "prefix": NETWORK}, {}, True),
        ({"site": "BJ-1", "prefix": NETWORK}, {"relay_site": "SH-1"}, False),
        ({"name": "*.example.net"}, {"relay_name": "a.example.net"}, True),
        ({"name": "*.example.net"}, {"relay_ip": "a.example.net"}, True),
    ],
)
def test_an_entry_allows_what_a_client_was_handed(
    entry: dict[str, Any],
    fields: dict[str, Any],
    is_allowed: bool,  # noqa: FBT001  of a table
) -> None:
    rows = [ListRow("EU", SINCE, **entry)]
    assert entries_allowing(rows, SOMEBODY | fields, frozenset({"DE"}), Settings()) == (
        [2] if is_allowed else []
    )
