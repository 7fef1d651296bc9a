"""`auditor inventory new`, from the user's side."""

import csv
from pathlib import Path

from tests.cli.conftest import HOME, SAMPLE, Invoke

RULES = ["--rules", "rules", "--geo", SAMPLE / "sample-country.mmdb", "--documentation-is-public"]


def test_what_nothing_places_is_listed_to_be_attested(invoke: Invoke, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = [("", "Berlin  (Top)"), ("", "Berlin  (Top)"), ("", "a,b\x1b"), (HOME, "known by address")]
    lines = [f'c{n},us,media,{ip},"{site}",2020-04-05T10:00:00Z' for n, (ip, site) in enumerate(rows)]
    log.write_text("\n".join(["call_id,account_id,role,relay_ip,relay_site,started_at", *lines]) + "\n")
    run = tmp_path / "run"
    assert invoke("audit", log, *RULES, "--out", run, "--as-of", "2020-04-27T06:00:00Z").exit_code in (1, 3)
    done = invoke("inventory", "new", run)
    assert done.exit_code == 0
    drafts = list(csv.DictReader(done.stdout.splitlines()))
    assert [draft["site"] for draft in drafts] == ["Berlin  (Top)", "a,b\\u001b"]
    assert {(draft["country"], draft["from"]) for draft in drafts} == {("", "2020-04-05T00:00:00Z")}
    assert "2 to attest, of 3 connections" in done.stderr
    inventory = tmp_path / "sites.csv"
    inventory.write_text(done.stdout)
    refused = invoke("audit", log, *RULES, "--out", tmp_path / "next", "--inventory", inventory)
    assert (refused.exit_code, "country: is missing" in refused.stderr) == (6, True)


def test_a_run_that_places_everything_has_nothing_to_attest(invoke: Invoke, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(f"call_id,account_id,role,relay_ip,started_at\nc,us,media,{HOME},2020-04-05T10:00:00Z\n")
    run = tmp_path / "run"
    invoke("audit", log, *RULES, "--out", run, "--as-of", "2020-04-27T06:00:00Z")
    done = invoke("inventory", "new", run)
    assert (done.exit_code, done.stdout) == (0, "")
