"""The relay lists of the sample, checked before and after their mistake."""

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli.main import app

WRONG = {"TJ-1": "US", "SZ-1": "EU"}
AFTERWARDS, BEFOREHAND = "2020-04-27T06:00:00Z", "2020-03-23T18:00:00Z"
ONE_EDITION = ("--geo", "sample-country.mmdb")
KNOWN_BEFOREHAND = (
    *("--geo", "sample-country_20200303.mmdb", "--geo", "location@sample-vendor:sample-vendor.mmdb"),
    *("--cloud-ranges", "sample-ip-ranges.json"),
)
KNOWN = (
    *KNOWN_BEFOREHAND,
    *("--geo", "sample-country.mmdb", "--geo", "sample-isp.mmdb", "--geo", "sample-anonymous-ip.mmdb"),
    *("--geofeed", "sample-geofeed_2020-04-01.csv", "--ledger", "ledger"),
)


def check(sample: Path, known: tuple[str, ...], as_of: str, *more: str) -> Result:
    there = [_in(sample, word) for word in known]
    rules = ["--rules", str(sample.parent / "rules"), "--rules", str(sample / "rules")]
    words = ["--inventory", str(sample / "inventory.csv"), "--documentation-is-public", "--as-of", as_of]
    return CliRunner().invoke(
        app, ["inventory", "check", str(sample / "relay-lists.csv"), *rules, *there, *words, *more]
    )


def _in(sample: Path, word: str) -> str:
    if word.startswith("--"):
        return word
    opinion, colon, name = word.rpartition(":")
    return f"{opinion}{colon}{sample / name}"


@pytest.fixture(scope="module")
def wrong_lines(bundled: Path) -> list[str]:
    """Name the entries of the mistake by where they stand."""
    path = bundled / "relay-lists.csv"
    lines = enumerate(csv.DictReader(path.read_text(encoding="utf-8").splitlines()), start=2)
    return [f"{path}:{number}" for number, line in lines if WRONG.get(line["site"]) == line["home_region"]]


def test_the_mistake_is_two_entries(wrong_lines: list[str]) -> None:
    assert len(wrong_lines) == 2


@pytest.mark.parametrize(
    ("known", "as_of"),
    [(KNOWN, AFTERWARDS), (ONE_EDITION, AFTERWARDS), (KNOWN_BEFOREHAND, BEFOREHAND)],
    ids=["afterwards", "by one edition alone", "beforehand"],
)
def test_the_check_names_exactly_the_two_wrong_entries(
    bundled: Path, wrong_lines: list[str], known: tuple[str, ...], as_of: str
) -> None:
    told = check(bundled, known, as_of)
    assert told.exit_code == 1, told.output
    named = [line.partition(": would break ")[0] for line in told.stdout.splitlines() if line[:1].strip()]
    assert [place for place in named if place.startswith(str(bundled))] == wrong_lines
    assert "2 of 72 entries would break a rule; 0 could not be determined" in told.stdout


def test_no_other_entry_is_worse_than_excused(bundled: Path, wrong_lines: list[str]) -> None:
    table = check(bundled, KNOWN, AFTERWARDS, "--csv").stdout
    rows = [row for row in csv.DictReader(table.splitlines()) if row["effect"] != "watch"]
    worse = {row["entry"] for row in rows if row["verdict"] in ("violation", "indeterminate")}
    assert worse == set(wrong_lines)
    excused = {row["relays"] for row in rows if row["verdict"] == "excused"}
    assert excused == {"192.0.2.16/28", "3fff:0:2::/48"}


def test_each_wrong_entry_breaks_the_fence_of_its_region_and_both_about_china(
    bundled: Path, wrong_lines: list[str]
) -> None:
    table = check(bundled, KNOWN, AFTERWARDS, "--csv").stdout
    broken = [row for row in csv.DictReader(table.splitlines()) if row["verdict"] == "violation"]
    china = {("cn-exclusion", "2020-03-24T00:00:00Z"), ("cn-exclusion-account", "2020-03-24T00:00:00Z")}
    found = [
        {(row["rule"], row["from"]) for row in broken if row["entry"] == entry and row["effect"] != "watch"}
        for entry in wrong_lines
    ]
    assert found == [
        china | {("us-home-fence", "2020-04-03T00:00:00Z")},
        china | {("eu-fence-2020", "2020-03-24T00:00:00Z")},
    ]
