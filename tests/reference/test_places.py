"""Locating, reading and joining in the reference, by the examples of the design pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.reference.countries import ALL
from tests.reference.files import DatabaseText, write_database
from tests.reference.kinds import kind_of
from tests.reference.places import Evidence
from tests.reference.reading import COLUMNS, UnreadableError, read
from tests.reference.reference import with_account
from tests.reference.world import AccountRow, InventoryRow, World


def codes(text: str) -> frozenset[str]:
    return ALL if text == "*" else frozenset(text.split())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("8.8.8.8", "global"),
        ("::ffff:8.8.8.8", "global"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::808:808", "nat64"),
        ("64:ff9b:1::1", "nat64_local"),
        ("2002:808:808::1", "sixtofour"),
        ("2001::1", "teredo"),
        ("192.0.0.9", "anycast"),
        ("192.0.0.8", "protocol"),
        ("2001:1::3", "anycast"),
        ("2001:1::4", "protocol"),
        ("fec0::1", "private"),
        ("100.64.0.1", "shared"),
        ("2001:db8::1", "documentation"),
        ("2001:2::1", "benchmark"),
        ("::1", "loopback"),
        ("::", "this_network"),
        ("::8.8.8.8", "ipv4_compatible"),
        ("4000::1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("1.2.3...", "masked"),
        ("x.x.x.x", "masked"),
        ("8.8.8.0/24", "masked"),
        ("08.8.8.8", "unparsable"),
        ("fe80::1%eth0", "unparsable"),
        ("134744072", "unparsable"),
        ("8.8.8.8:443", "unparsable"),
        ("8.8.8.8 ", "unparsable"),
        ("relay1.example.com", "host_name"),
        (None, "absent"),
    ],
)
def test_the_longest_prefix_of_the_table_decides_the_kind(text: str | None, kind: str) -> None:
    assert kind_of(text).kind == kind


def test_embedded_addresses_are_those_of_their_standards() -> None:
    assert str(kind_of("2001:0:4136:e378:8000:63bf:3fff:fdd2").inner) == "192.0.2.45"
    assert str(kind_of("2002:c000:221::1").inner) == "192.0.2.33"
    assert str(kind_of("64:ff9b::c000:221").inner) == "192.0.2.33"


BUILT = datetime(2020, 3, 31, tzinfo=UTC)
LOG_LINE: dict[str, str | None] = dict.fromkeys(COLUMNS) | {
    "call_id": "c-1",
    "account_id": "a-1",
    "home_region": None,
    "participant_id": None,
    "role": "media",
    "relay_ip": "81.2.69.142",
    "relay_name": None,
    "relay_site": None,
    "relay_country_declared": None,
    "client_ip": None,
    "participant_country_declared": None,
    "started_at": "2020-04-02T14:03:00Z",
    "ended_at": None,
    "bytes": None,
    "use_proved": None,
}


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Evidence]:
    text = DatabaseText(
        "GeoIP2-Country",
        BUILT,
        {
            "81.2.69.0/24": {"country": {"iso_code": "GB"}},
            "89.160.20.0/24": {"traits": {"is_anycast": True}},
            "10.0.0.0/8": {"country": {"iso_code": "US"}},
        },
    )
    since = datetime(2020, 1, 1, tzinfo=UTC)
    inventory = (
        InventoryRow(("CN",), since, prefix="81.2.69.0/25", role="keys"),
        InventoryRow(("DE", "NL"), since, prefix="10.1.0.0/16"),
        InventoryRow(("FR",), since, site="San Jose, USA"),
        InventoryRow(("IE",), since, prefix="192.168.7.0/24", site="DUB-1"),
        InventoryRow(("CN",), since, prefix="172.16.0.0/12", site="SHA-1"),
        InventoryRow(("DE",), since, prefix="172.16.1.0/24", site="FRA-1", role="media"),
        InventoryRow(("CN",), since, prefix="192.0.0.0/7"),
    )
    database = write_database(text, tmp_path / "country.mmdb")
    opened = Evidence(World(rules=(), databases=(database,), inventory=inventory))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("fields", "candidates"),
    [
        ({}, "GB"),
        ({"relay_ip": "::ffff:81.2.69.142"}, "GB"),
        ({"relay_ip": "81.2.69.1", "role": "keys"}, "CN GB"),
        ({"relay_ip": "81.2.69.1"}, "GB"),
        ({"relay_ip": "89.160.20.1", "relay_country_declared": "DE"}, "*"),
        ({"relay_ip": "89.160.20.1", "relay_site": "San  jose, usa"}, "FR"),
        ({"relay_ip": "10.1.0.7"}, "DE NL"),
        ({"relay_ip": "10.2.0.7"}, "*"),
        ({"relay_ip": "64:ff9b::10.1.0.7"}, "*"),
        ({"relay_ip": "192.168.7.7"}, "IE"),
        ({"relay_ip": "192.168.7.7", "relay_site": "DUB-1"}, "IE"),
        ({"relay_ip": "192.168.7.7", "relay_site": "BJ-1"}, "*"),
        ({"relay_ip": "192.168.8.7"}, "*"),
        ({"relay_ip": "172.16.1.1"}, "*"),
        ({"relay_ip": "172.16.1.1", "role": "keys"}, "CN"),
        ({"relay_ip": "172.16.1.1", "relay_site": "FRA-1"}, "DE"),
        ({"relay_ip": "172.16.2.1"}, "CN"),
        ({"relay_ip": "2002:5102:458e::1"}, "*"),
        ({"relay_ip": "64:ff9b::5102:458e"}, "GB"),
        ({"relay_ip": None, "relay_site": " san jose,  USA"}, "FR"),
        ({"relay_site": "San Jose, USA"}, "FR GB"),
        ({"relay_ip": "8.8.8.8"}, "*"),
        ({"started_at": "2020-05-05T00:00:00Z"}, "GB"),
        ({"started_at": "2020-05-05T00:00:00.000001Z"}, "*"),
    ],
)
def test_a_relay_is_where_the_evidence_leaves_it(
    evidence: Evidence, fields: dict[str, str | None], candidates: str
) -> None:
    assert evidence.relay_of(read(LOG_LINE | fields)).candidates == codes(candidates)


@pytest.mark.parametrize(
    ("client", "declared", "candidates"),
    [
        ("81.2.69.142", None, "GB"),
        ("81.2.69.142", "DE", "DE GB"),
        (None, "DE", "DE"),
        (None, None, "*"),
        ("10.1.0.7", "DE", "*"),
        ("2002:5102:458e::1", None, "GB"),
        ("89.160.20.1", "DE", "*"),
    ],
)
def test_a_participant_is_where_record_and_client_address_say(
    evidence: Evidence, client: str | None, declared: str | None, candidates: str
) -> None:
    line = LOG_LINE | {"client_ip": client, "participant_country_declared": declared}
    assert evidence.participant_of(read(line)).candidates == codes(candidates)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (None, "missing"),
        ("soon", "unreadable"),
        ("2020-04-02T14:03:00", "no_zone"),
        ("1999-12-31T23:59:59Z", "out_of_range"),
        ("2020-02-30T00:00:00Z", "unreadable"),
    ],
)
def test_a_record_without_a_start_is_a_reject(start: str | None, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read(LOG_LINE | {"started_at": start})


def test_an_end_before_the_start_is_not_known() -> None:
    assert read(LOG_LINE | {"ended_at": "2020-04-02T14:02:59.999999Z"})["ended_at"] is None
    assert read(LOG_LINE | {"ended_at": "2020-04-02T14:03:00+00:00"})["ended_at"] is not None


def test_where_log_and_accounts_name_different_home_regions_nobody_knows() -> None:
    line = [AccountRow("a-1", "EU", until=datetime(2020, 4, 2, 14, 3, 1, tzinfo=UTC), country="DE")]
    assert with_account(read(LOG_LINE), line)["home_region"] == "EU"
    assert with_account(read(LOG_LINE | {"home_region": "US"}), line)["home_region"] is None
    later = read(LOG_LINE | {"started_at": "2020-04-02T14:03:01Z"})
    assert with_account(later, line)["participant_country_declared"] is None
