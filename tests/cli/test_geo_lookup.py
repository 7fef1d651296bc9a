"""`auditor geo lookup` and `auditor geo status`, from the user's side."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import CHINA, SAMPLE, Invoke

DATABASE = SAMPLE / "sample-country.mmdb"
IN_TIME, TOO_LATE = "2020-04-05T10:00:00Z", "2021-04-05T10:00:00Z"
PLACES = ["--geo", DATABASE, "--documentation-is-public"]
AWS = {
    "syncToken": "1585742400",
    "createDate": "2020-04-01-12-00-00",
    "prefixes": [
        {
            "ip_prefix": "192.0.2.224/27",
            "region": "eu-central-1",
            "service": "AMAZON",
            "network_border_group": "eu-central-1",
        }
    ],
    "ipv6_prefixes": [],
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "relays.csv"
    path.write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n"
        "192.0.2.224/28,FRA-1,,DE,,2020-01-01T00:00:00Z,,noc@example.com,contract\n"
        ",,*.edge.example,NL,keys,2020-01-01T00:00:00Z,,noc@example.com,contract\n"
    )
    return path


@pytest.fixture
def aws(tmp_path: Path) -> Path:
    path = tmp_path / "ip-ranges.json"
    path.write_text(json.dumps(AWS))
    return path


def test_each_source_says_its_word(invoke: Invoke, inventory: Path, aws: Path) -> None:
    done = invoke(
        *("geo", "lookup", CHINA, *PLACES, "--at", IN_TIME, "--inventory", inventory, "--cloud-ranges", aws)
    )
    assert done.exit_code == 0
    relay, participant = done.stdout.split("  as a participant: ")
    assert "as a relay: China (CN) or Germany (DE)" in relay
    assert "inventory relays.csv:2" in relay
    assert "GeoIP2-Country, built 7 April 2020" in relay
    assert "AWS address ranges, published 1 April 2020, 192.0.2.224/27: DE" in relay
    assert "The sources disagree" in relay
    assert participant.startswith("China (CN)")  # neither the inventory nor a cloud places a person


def test_the_operators_word_alone_decides_where_that_is_asked(invoke: Invoke, inventory: Path) -> None:
    words = ["geo", "lookup", CHINA, *PLACES, "--at", IN_TIME, "--inventory", inventory]
    assert "as a relay: Germany (DE)" in invoke(*words, "--trust", "inventory").stdout


def test_what_is_too_old_leaves_every_country_open(invoke: Invoke) -> None:
    done = invoke("geo", "lookup", CHINA, *PLACES, "--at", TOO_LATE)
    assert "as a relay: any country" in done.stdout
    assert "363 days from the call, says China (CN)" in done.stdout.replace("which is ", "")
    assert (
        "as a relay: China"
        in invoke("geo", "lookup", CHINA, *PLACES, "--at", TOO_LATE, "--max-age-days", 400).stdout
    )


def test_a_site_or_a_name_is_explained_without_an_address(invoke: Invoke, inventory: Path) -> None:
    words = ["geo", "lookup", "--at", IN_TIME, "--inventory", inventory]
    assert "Netherlands" in invoke(*words, "--name", "a.edge.example", "--role", "keys").stdout
    assert "as a relay: any country" in invoke(*words, "--name", "a.edge.example", "--role", "media").stdout
    assert "as a relay: any country" in invoke(*words, "--site", "eu-central-1").stdout
    assert "Germany" in invoke(*words, "--site", "EU-Central-1", "--site-names", "aws").stdout


def test_a_provider_whose_regions_are_not_known_is_a_fault(invoke: Invoke) -> None:
    done = invoke("geo", "lookup", "--site", "x", "--site-names", "asw", *PLACES)
    assert (done.exit_code, "did you mean `aws`?" in done.stderr) == (2, True)


def test_nothing_to_explain_is_a_wrong_command_line(invoke: Invoke) -> None:
    assert invoke("geo", "lookup", *PLACES).exit_code == 2


def test_the_status_tells_of_each_file(invoke: Invoke, inventory: Path, aws: Path) -> None:
    done = invoke(
        *("geo", "status", "--geo", DATABASE, "--inventory", inventory, "--cloud-ranges", aws, "--csv")
    )
    assert done.exit_code == 0
    rows = {row["what"]: row for row in csv.DictReader(done.stdout.splitlines())}
    assert rows["GeoIP2-Country"]["dated"] == "2020-04-07"
    assert rows["GeoIP2-Country"]["counts_now"] == "no: more than 35 days"
    assert rows["AWS (cloud)"]["note"] == "1 prefixes"
    assert rows["inventory"]["note"] == "2 lines"


def test_the_status_tells_all_that_is_wrong(invoke: Invoke, tmp_path: Path, aws: Path) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(DATABASE.read_bytes()[:-200])
    aws.write_text("{}")
    done = invoke("geo", "status", "--geo", DATABASE, "--geo", broken, "--cloud-ranges", aws)
    assert done.exit_code == 6
    assert "GeoIP2-Country" in done.stdout
    assert "broken.mmdb: " in done.stderr
    assert "ip-ranges.json" in done.stderr


def test_nothing_at_all_is_no_good_status(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("geo", "status", "--geo", tmp_path)
    assert (done.exit_code, "has no database" in done.stderr) == (6, True)


def test_the_configuration_says_what_options_do_not(invoke: Invoke, tmp_path: Path, inventory: Path) -> None:
    config = tmp_path / "auditor.toml"
    config.write_text(
        f'[location]\ndatabases = ["{DATABASE.absolute()}"]\ninventory = ["{inventory.name}"]\n'
        "documentation_is_public = true\n"
    )
    words = ["geo", "lookup", CHINA, "--at", IN_TIME, "--config", config]
    assert "China (CN) or Germany (DE)" in invoke(*words).stdout
    empty = tmp_path / "empty.csv"
    empty.write_text("prefix,site,name,country,role,from,until,attested_by,basis\n")
    assert "as a relay: China (CN) (" in invoke(*words, "--inventory", empty).stdout
