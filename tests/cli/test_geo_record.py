"""`auditor geo record` and `auditor geo verify`, from the user's side."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from netaddr import IPNetwork, IPSet

from auditor.geo.ledger.chain import name_of
from tests.cli.conftest import HEADER, Invoke, WriteLog
from tests.geo.conftest import Writer
from tests.geo.ledger.making import DAY, answer, forge, lines_of, write_lines

Edition = Callable[..., Path]
NOW = datetime.now(UTC).replace(microsecond=0)
RECORDS = {
    "1.0.0.0/8": {"country": {"iso_code": "DE"}, "continent": {"code": "EU"}},
    "1.2.0.0/16": {"country": {"iso_code": "CN"}, "registered_country": {"iso_code": "SG"}},
    "1.3.0.0/16": {"traits": {"is_anycast": True}},
    "2a00::/16": {"country": {"iso_code": "FR"}},
}


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    """Write an edition of a database, built yesterday unless it is said when."""

    def write(
        records: Mapping[str, Any] = RECORDS,
        *,
        name: str = "country.mmdb",
        database_type: str = "GeoIP2-Country",
        built_at: datetime = NOW - DAY,
    ) -> Path:
        writer = Writer(ip_version=6, database_type=database_type, ipv4_compatible=True)
        writer.built_at = built_at
        for prefix in sorted(records, key=lambda prefix: IPNetwork(prefix).prefixlen):
            writer.insert_network(IPSet([prefix]), records[prefix])
        writer.to_db_file(str(tmp_path / name))
        return tmp_path / name

    return write


def recorded_in(ledger: Path) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(path) for path in sorted(ledger.glob("*.parquet")))


def test_what_the_database_says_of_each_relay_is_kept_with_its_evidence(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger, geo = tmp_path / "ledger", edition()
    log = write_log("1.1.1.1", "1.2.3.4", "1.3.1.1", "2A00:0::1", "9.9.9.9", "1.1.1.1", "::ffff:1.1.1.2")
    before = datetime.now(UTC)
    done = invoke("geo", "record", log, "--ledger", ledger, "--geo", geo)
    assert done.exit_code == 0, done.output
    rows = recorded_in(ledger)
    told = ("address", "prefix", "country", "continent", "registered", "anycast")
    assert rows.select(told).rows() == [
        ("1.1.1.1", "1.0.0.0/15", "DE", "EU", None, False),
        ("1.1.1.2", "1.0.0.0/15", "DE", "EU", None, False),
        ("1.2.3.4", "1.2.0.0/16", "CN", None, "SG", False),
        ("1.3.1.1", "1.3.0.0/16", None, None, None, True),
        ("2a00::1", "2a00::/16", "FR", None, None, False),
        ("9.9.9.9", None, None, None, None, False),
    ]
    digest = hashlib.sha256(geo.read_bytes()).hexdigest()
    made_by = ("opinion", "source", "maker", "vendor", "source_sha256", "build")
    assert rows.select(made_by).unique().rows() == [
        ("location", "GeoIP2-Country", "MaxMind", None, digest, NOW - DAY)
    ]
    (observed_at,) = rows["observed_at"].unique()
    assert before <= observed_at <= datetime.now(UTC)
    assert [path.name for path in ledger.glob("*.parquet")] == [name_of(observed_at)]
    assert f"Recorded 6 relays as placed by GeoIP2-Country of {NOW - DAY:%Y-%m-%d}: " in done.stderr


def test_clients_are_never_recorded(invoke: Invoke, edition: Edition, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(
        f"{HEADER},client_ip,participant_id\n"
        "c1,us,media,1.1.1.1,2020-04-05T10:00:00Z,2020-04-05T10:05:00Z,1.2.3.4,somebody\n"
    )
    assert invoke("geo", "record", log, "--ledger", tmp_path / "ledger", "--geo", edition()).exit_code == 0
    assert recorded_in(tmp_path / "ledger")["address"].to_list() == ["1.1.1.1"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "ledger").iterdir())
    assert b"1.2.3.4" not in written
    assert b"somebody" not in written


def test_the_head_is_printed_and_anyone_can_compute_it(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger, words = tmp_path / "ledger", ["--geo", edition()]
    heads = [
        invoke("geo", "record", write_log("1.1.1.1"), "--ledger", ledger, *words).stdout for _ in range(2)
    ]
    chain = (ledger / "chain.jsonl").read_bytes().splitlines(keepends=True)
    assert heads == [f"{hashlib.sha256(line).hexdigest()}\n" for line in chain]
    assert [json.loads(line)["prev"] for line in chain] == [None, heads[0].strip()]
    verified = invoke("geo", "verify", ledger, "--head", heads[0].strip())
    assert verified.exit_code == 0
    assert "2 recordings are as recorded" in verified.stdout
    assert f"head {heads[1].strip()}" in verified.stdout


def test_quiet_says_nothing_but_the_head_when_all_went_well(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    words = ["--ledger", tmp_path / "ledger", "--geo", edition(), "--quiet"]
    done = invoke("geo", "record", write_log("1.1.1.1", "ragged,"), *words)
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch("[0-9a-f]{64}\n", done.stdout)


def test_what_is_not_recorded_is_counted(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    log = write_log("1.1.1.1", "10.0.0.1", "turn.example.com", "1.2.3.x", "192.0.2.1")
    with log.open("a") as file:
        file.write("ragged\n")
    done = invoke("geo", "record", log, "--ledger", tmp_path / "ledger", "--geo", edition())
    assert done.exit_code == 0
    assert "Not recorded: 4 of the relays, as names or not public addresses" in done.stderr
    assert "Not recorded: relays in 1 of 7 records, which cannot be read" in done.stderr
    assert recorded_in(tmp_path / "ledger")["address"].to_list() == ["1.1.1.1"]


def test_behind_a_translator_the_inner_address_is_recorded(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger, words = tmp_path / "ledger", ["--nat64-prefix", "2a00:64::/96"]
    log = write_log("64:ff9b::1.2.3.4", "2a00:64::102:305", "64:ff9b::10.0.0.1")
    done = invoke("geo", "record", log, "--ledger", ledger, "--geo", edition(), *words)
    assert done.exit_code == 0, done.output
    assert recorded_in(ledger).select("address", "country").rows() == [("1.2.3.4", "CN"), ("1.2.3.5", "CN")]


def test_logs_are_read_as_their_mapping_says(invoke: Invoke, edition: Edition, tmp_path: Path) -> None:
    log, mapping = tmp_path / "log.txt", tmp_path / "mapping.yaml"
    log.write_text("when;server\n2020-04-05T10:00:00Z;1.2.3.4\n")
    mapping.write_text(
        "schema: auditor/mapping@1\nid: mapping\ntitle: own\ninput: {format: csv, delimiter: ';'}\n"
        "fields:\n  started_at: {from: when, time: iso8601}\n"
        "connections:\n  - {role: media, relay_ip: server}\n"
    )
    words = ["--mapping", mapping, "--ledger", tmp_path / "ledger", "--geo", edition()]
    done = invoke("geo", "record", log, *words)
    assert done.exit_code == 0, done.output
    assert recorded_in(tmp_path / "ledger")["address"].to_list() == ["1.2.3.4"]


def test_each_maker_and_opinion_is_asked_in_its_newest_edition(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    flat, nested = {"1.0.0.0/8": {"country_code": "US"}}, {"1.0.0.0/8": {"country": {"iso_code": "US"}}}
    old = edition(name="old.mmdb", built_at=NOW - 30 * DAY)
    others = [
        f"registration:{edition(flat, name='holders.mmdb', database_type='iptoasn')}",
        f"location@Somebody:{edition(nested, name='vendor.mmdb')}",
    ]
    geo = [word for path in (old, edition(), *others) for word in ("--geo", path)]
    done = invoke("geo", "record", write_log("1.1.1.1"), "--ledger", tmp_path / "ledger", *geo)
    assert done.exit_code == 0, done.output
    rows = recorded_in(tmp_path / "ledger").select("opinion", "maker", "vendor", "country", "build")
    assert sorted(rows.rows()) == [
        ("location", "MaxMind", None, "DE", NOW - DAY),
        ("location", "Somebody", "Somebody", "US", NOW - DAY),
        ("registration", "iptoasn", None, "US", NOW - DAY),
    ]
    assert f"Not asked: GeoIP2-Country of {NOW - 30 * DAY:%Y-%m-%d}" in done.stderr


def test_an_old_edition_is_recorded_and_said_to_be_old(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    geo = edition(built_at=NOW - 36 * DAY)
    done = invoke("geo", "record", write_log("1.1.1.1"), "--ledger", tmp_path / "ledger", "--geo", geo)
    assert done.exit_code == 0
    assert "an audit does not count what it says" in done.stderr


@pytest.mark.parametrize("relays", [["10.0.0.1", "turn.example.com"], []])
def test_6_no_relay_to_record_and_no_ledger_is_begun(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path, *, relays: list[str]
) -> None:
    done = invoke("geo", "record", write_log(*relays), "--ledger", tmp_path / "ledger", "--geo", edition())
    assert (done.exit_code, done.stdout) == (6, "")
    assert f"no relay with a public address in {1 + len(relays)} records" in done.stderr
    assert not (tmp_path / "ledger").exists()


@pytest.mark.parametrize("damage", ["empty", "text", "cut"])
def test_6_a_database_that_cannot_be_read_and_nothing_is_recorded(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path, damage: str
) -> None:
    geo = edition()
    content = {"empty": b"", "text": b"no database\n", "cut": geo.read_bytes()[:-200]}[damage]
    geo.write_bytes(content)
    done = invoke("geo", "record", write_log("1.1.1.1"), "--ledger", tmp_path / "ledger", "--geo", geo)
    assert done.exit_code == 6
    assert str(geo) in done.stderr
    assert not (tmp_path / "ledger").exists()


def test_6_a_broken_ledger_is_not_added_to_and_the_place_is_named(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    words = ["geo", "record", write_log("1.1.1.1"), "--ledger", ledger, "--geo", edition()]
    for _ in range(3):
        assert invoke(*words).exit_code == 0
    first, second, third = lines_of(ledger)
    write_lines(ledger, [first, second.replace(b'"sha256": "', b'"sha256": "0')[:-1], third])
    write_lines(ledger, [first, third])
    for command in (words, ["geo", "verify", ledger]):
        done = invoke(*command)
        assert (done.exit_code, done.stdout) == (6, "")
        assert "chain.jsonl:2: the chain is broken: `prev` is not the digest of line 1" in done.stderr
        assert "hint: a line was changed, taken out, put in or moved here" in done.stderr
    assert lines_of(ledger) == [first, third]


def test_6_a_recording_of_a_time_that_has_not_come(
    invoke: Invoke, write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger = forge(tmp_path / "ledger", [(NOW + 9 * DAY, [answer()])])
    verified = invoke("geo", "verify", ledger)
    assert verified.exit_code == 6
    assert "1 of its recordings are later than the clock" in verified.stderr
    done = invoke("geo", "record", write_log("1.1.1.1"), "--ledger", ledger, "--geo", edition())
    assert done.exit_code == 6
    assert "and the last recording is of" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["geo", "record", "log.csv"],
        ["geo", "record", "log.csv", "--ledger", "x", "--as-of", "2020-04-01T00:00:00Z"],
        ["geo", "record", "--ledger", "x"],
        ["geo", "verify"],
    ],
)
def test_2_a_wrong_command_line_and_a_time_cannot_be_given(invoke: Invoke, words: list[str]) -> None:
    assert invoke(*words).exit_code == 2


@pytest.mark.parametrize("command", ["record", "verify"])
def test_each_command_has_help_with_an_example(invoke: Invoke, command: str) -> None:
    done = invoke("geo", command, "--help")
    assert done.exit_code == 0
    assert f"auditor geo {command} " in done.stdout.partition("Example")[2]


def test_verify_tells_of_an_empty_ledger_and_of_what_is_none(invoke: Invoke, tmp_path: Path) -> None:
    none = invoke("geo", "verify", tmp_path)
    assert none.exit_code == 6
    assert "is no location ledger" in none.stderr
    (tmp_path / "chain.jsonl").write_bytes(b"")
    assert "nothing is recorded yet" in invoke("geo", "verify", tmp_path).stdout


def test_what_one_process_recorded_is_evidence_in_a_later_audit(
    write_log: WriteLog, edition: Edition, tmp_path: Path
) -> None:
    ledger, log = tmp_path / "ledger", write_log("1.1.1.1", "1.2.3.4", day=f"{NOW - DAY:%Y-%m-%d}")
    (tmp_path / "accounts.csv").write_text("account_id,home_region,from,until\nus,US,,\n")

    def auditor(*words: object) -> int:
        line = [sys.executable, "-m", "auditor", *map(str, words)]
        return subprocess.run(line, check=False, capture_output=True).returncode

    assert auditor("geo", "record", log, "--ledger", ledger, "--geo", edition(name="a.mmdb")) == 0
    moved = {"1.0.0.0/8": {"country": {"iso_code": "US"}}}
    later = edition(moved, name="b.mmdb", built_at=NOW - timedelta(hours=1))
    found = {}
    for name, words in (("alone", []), ("with", ["--ledger", ledger])):
        out = tmp_path / name
        told = ["--geo", later, "--accounts", tmp_path / "accounts.csv", "--out", out, *words]
        found[name] = auditor("audit", log, "--rules", "rules", *told)
    assert found == {"alone": 0, "with": 3}
    located = pl.read_parquet(tmp_path / "with" / "locations.parquet")
    assert located.sort("address").select("address", "key", "reasons").rows() == [
        ("1.1.1.1", "DE US", ["contested"]),
        ("1.2.3.4", "CN US", ["contested"]),
    ]
    answers = located.sort("address").explode("answers").unnest("answers").filter(pl.col("level") == 3)
    assert answers.select("country", "counted", "prefix").rows() == [
        ("DE", True, "1.0.0.0/15"),
        ("CN", True, "1.2.0.0/16"),
    ]
    assert answers["observed_at"].null_count() == 0
