"""The files of evidence say what the generator counts on, and say when."""

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import maxminddb
import polars as pl
import pytest

from sample_logs.generator.database import DESCRIPTION
from sample_logs.generator.evidence import (
    APRIL,
    CLOUD,
    GEOFEED,
    MARCH,
    MAX_AGE,
    RECORDED,
    VENDOR,
    Said,
    edition_at,
    located,
    placed,
)
from sample_logs.generator.facts import EVERYWHERE
from sample_logs.generator.places import (
    BEHIND_A_VPN,
    HOSTED,
    ON_PREMISES_PREFIX,
    SITES,
    UNLISTED_CLIENTS,
    client_networks,
)

EDITIONS = (("sample-country_20200303.mmdb", "march"), ("sample-country.mmdb", "april"))
LEDGER = "locations-2020-03-28T060000.000000Z.parquet"
DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:", "3fff:0:")
MIDWAY = datetime(2020, 3, 20, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def records(path: Path, *networks: str) -> Iterator[Any]:
    with maxminddb.open_database(path) as database:
        yield from [database.get(ip_network(network)[1]) for network in networks]


def country(record: Any) -> str | None:  # noqa: ANN401  a record of the database
    return record.get("country", {}).get("iso_code") if record else None


@pytest.mark.parametrize(
    ("name", "database_type", "built_at"),
    [
        ("sample-country_20200303.mmdb", "GeoIP2-Country", MARCH),
        ("sample-country.mmdb", "GeoIP2-Country", APRIL),
        ("sample-vendor.mmdb", "sample-vendor country", VENDOR),
        ("sample-isp.mmdb", "GeoIP2-ISP", APRIL),
        ("sample-anonymous-ip.mmdb", "GeoIP2-Anonymous-IP", APRIL),
    ],
)
def test_a_database_says_what_it_is_and_that_it_is_no_evidence(
    bundled: Path, name: str, database_type: str, built_at: datetime
) -> None:
    with maxminddb.open_database(bundled / name) as database:
        metadata = database.metadata()
    assert metadata.description == {"en": DESCRIPTION}
    assert (metadata.database_type, metadata.ip_version) == (database_type, 6)
    assert datetime.fromtimestamp(metadata.build_epoch, UTC) == built_at


def test_every_connection_is_near_enough_to_an_edition(truth: dict[str, Any]) -> None:
    assert timedelta(days=truth["settings"]["max_age_days"]) == MAX_AGE
    for start in (truth["totals"]["first_started_at"], truth["totals"]["last_started_at"]):
        assert abs(datetime.fromisoformat(start) - APRIL) <= MAX_AGE


@pytest.mark.parametrize("code", SITES)
def test_each_edition_places_a_site_where_it_was_planned(bundled: Path, code: str) -> None:
    site = SITES[code]
    for name, edition in EDITIONS:
        found = {country(record) for record in records(bundled / name, *site.prefixes)}
        assert found == {getattr(site.said, edition)}, edition


def test_the_other_maker_knows_the_sites_that_were_planned(bundled: Path) -> None:
    for site in SITES.values():
        said = {
            record and record["country_code"]
            for record in records(bundled / "sample-vendor.mmdb", *site.prefixes)
        }
        assert said == {site.said.vendor}, site.code


def test_every_site_is_in_a_network_of_those_reserved_for_documentation(bundled: Path) -> None:
    for site in SITES.values():
        for record in records(bundled / "sample-isp.mmdb", *site.prefixes):
            assert 64496 <= record["autonomous_system_number"] <= 64511


def test_all_prefixes_of_the_evidence_are_reserved_for_documentation(bundled: Path) -> None:
    files = ("inventory.csv", "relay-lists.csv", "sample-geofeed_2020-04-01.csv", "sample-ip-ranges.json")
    text = "".join((bundled / name).read_text(encoding="utf-8") for name in files)
    prefixes = set(re.findall(r"[0-9a-f:.]+/[0-9]+", text)) - {ON_PREMISES_PREFIX}
    assert len(prefixes) > 40
    assert {prefix for prefix in prefixes if not prefix.startswith(DOCUMENTATION)} == set()


def test_of_two_odd_clients_one_hides(bundled: Path) -> None:
    hiding, hosted = records(bundled / "sample-anonymous-ip.mmdb", BEHIND_A_VPN, HOSTED)
    assert hiding == {"is_anonymous": True, "is_anonymous_vpn": True}
    assert hosted == {"is_hosting_provider": True}


def test_both_editions_place_clients_where_they_were_planned(bundled: Path) -> None:
    for name, _ in EDITIONS:
        for code, networks in client_networks().items():
            assert {country(record) for record in records(bundled / name, *networks)} == {code}
        assert [*records(bundled / name, UNLISTED_CLIENTS)] == [None]


def test_the_operator_attests_what_was_planned(bundled: Path) -> None:
    lines = list(csv.DictReader((bundled / "inventory.csv").read_text(encoding="utf-8").splitlines()))
    attested = {line["prefix"]: line["country"] for line in lines if line["prefix"]}
    planned = {site.prefix: site.said.attested for site in SITES.values() if site.said.attested}
    assert planned.items() <= attested.items()
    assert {line["prefix"] for line in lines} & {site.prefix for site in SITES.values()} == planned.keys()


def test_the_cloud_and_the_holder_publish_what_was_planned(bundled: Path) -> None:
    ranges = json.loads((bundled / "sample-ip-ranges.json").read_text(encoding="utf-8"))
    assert {one["ip_prefix"] for one in ranges["prefixes"]} == {
        site.prefix for site in SITES.values() if site.said.cloud
    }
    assert datetime.fromtimestamp(int(ranges["syncToken"]), UTC) == CLOUD
    feed = (bundled / f"sample-geofeed_{GEOFEED:%Y-%m-%d}.csv").read_text(encoding="utf-8").splitlines()
    planned = {f"{site.prefix},{site.said.geofeed},,," for site in SITES.values() if site.said.geofeed}
    assert (feed[0][0], set(feed[1:])) == ("#", planned)


def test_the_ledger_recorded_what_was_planned(bundled: Path) -> None:
    link = json.loads((bundled / "ledger" / "chain.jsonl").read_text(encoding="utf-8"))
    recording = bundled / "ledger" / LEDGER
    assert link == {
        "file": LEDGER,
        "sha256": hashlib.sha256(recording.read_bytes()).hexdigest(),
        "prev": None,
    }
    rows = pl.read_parquet(recording)
    assert set(rows.select("prefix", "country").rows()) == {
        (site.prefix, site.said.recorded) for site in SITES.values() if site.said.recorded
    }
    assert set(rows["observed_at"]) == {RECORDED}


@pytest.mark.parametrize(
    ("said", "at", "open_then", "words"),
    [
        (placed("DE"), MIDWAY, "DE", ""),
        (Said(march="ES", april="US"), MIDWAY, "ES", ""),
        (Said(march="ES", april="US"), MIDWAY + TICK, "US", ""),
        (placed("CN", attested="HK"), MIDWAY, "CN HK", "contested"),
        (placed("DE", attested="DE NL"), MIDWAY, "DE NL", ""),
        (placed("JP", vendor="KR"), VENDOR + MAX_AGE, "JP KR", "contested"),
        (placed("JP", vendor="KR"), VENDOR + MAX_AGE + TICK, "JP", ""),
        (Said(cloud="DE"), CLOUD + MAX_AGE, "DE", ""),
        (Said(cloud="DE"), CLOUD + MAX_AGE + TICK, "*", "stale_location"),
        (Said(vendor="PL"), VENDOR + MAX_AGE + TICK, "*", "stale_location"),
        (Said(recorded="DE"), RECORDED + MAX_AGE, "DE", ""),
        (placed("DE", geofeed="US"), GEOFEED, "DE US", "geofeed"),
        (placed("DE", geofeed="DE"), GEOFEED, "DE", ""),
        (Said(geofeed="US"), GEOFEED, "*", ""),
        (Said(), MIDWAY, "*", ""),
        (Said(), VENDOR + MAX_AGE + TICK, "*", "stale_location"),
        (Said(asked=False), VENDOR + MAX_AGE + TICK, "*", ""),
        (Said(anycast=True, april="US", march="US", vendor="US"), MIDWAY, "*", ""),
        (Said(anycast=True, attested="DE NL"), MIDWAY, "DE NL", ""),
        (Said(attested="CA", attested_until=MIDWAY), MIDWAY - TICK, "CA", ""),
        (Said(attested="CA", attested_until=MIDWAY), MIDWAY, "*", ""),
    ],
)
def test_what_is_heard_leaves_open(said: Said, at: datetime, open_then: str, words: str) -> None:
    found = located(said, None, at)
    assert found.open == (EVERYWHERE if open_then == "*" else frozenset(open_then.split()))
    assert found.words == frozenset(words.split())


def test_the_older_edition_speaks_right_between_two() -> None:
    assert (edition_at(MIDWAY), edition_at(MIDWAY + TICK)) == (MARCH, APRIL)


def test_what_the_log_declares_counts_too() -> None:
    assert located(placed("SG"), "CN", MIDWAY).open == {"CN", "SG"}
