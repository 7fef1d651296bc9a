"""What decides where an address is, and what of it names a run, through the real command line."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CHINA, GERMANY, SAMPLE, Invoke, WriteLog


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "ex_2020-04-01.csv"
    path.write_text("198.51.100.0/24,FR\n")
    return path


def test_the_date_of_a_list_is_part_of_what_a_run_rests_on(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], feed: Path, tmp_path: Path
) -> None:
    log, names = write_log(GERMANY), []
    older = feed.rename(tmp_path / "ex_2020-03-20.csv")
    newer = tmp_path / "ex_2020-04-01.csv"
    newer.write_bytes(older.read_bytes())
    for path in (older, newer):
        assert invoke("audit", log, *evidence, "--overwrite", "--geofeed", path).exit_code in (1, 3)
        names.append(json.loads((tmp_path / "run" / "manifest.json").read_text())["run_id"])
    assert names[0] != names[1]


def test_the_order_in_which_databases_are_named_is_invisible(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], tmp_path: Path
) -> None:
    log, seen = write_log(CHINA, GERMANY), []
    other = f"location@sample-vendor:{SAMPLE / 'sample-vendor.mmdb'}"
    start = evidence.index("--geo")
    rest = [*evidence[:start], *evidence[start + 2 :]]
    for geo in ([evidence[start + 1], other], [other, evidence[start + 1]]):
        words = [word for one in geo for word in ("--geo", one)]
        assert invoke("audit", log, *rest, *words, "--overwrite").exit_code == 1
        seen.append((tmp_path / "run" / "locations.parquet").read_bytes())
    assert seen[0] == seen[1]


def test_an_empty_variable_names_no_folder(
    invoke: Invoke, write_log: WriteLog, evidence: list[object]
) -> None:
    done = invoke("audit", write_log(CHINA), *evidence, "--geo", "")
    assert (done.exit_code, "`--geo` names nothing" in done.stderr) == (6, True)


def test_networks_may_stand_beside_an_inventory_without_a_location_database(
    invoke: Invoke, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory.csv"
    inventory.write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n"
        "198.51.100.0/24,,,DE,,2020-01-01T00:00:00Z,,noc@example.com,contract\n"
    )
    words = ["--inventory", inventory, "--geo", SAMPLE / "sample-isp.mmdb", "--documentation-is-public"]
    done = invoke("geo", "lookup", GERMANY, *words, "--at", "2020-04-05T00:00:00Z")
    assert (done.exit_code, "Germany (DE)" in done.stdout) == (0, True)
