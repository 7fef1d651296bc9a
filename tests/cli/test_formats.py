"""`auditor formats …`, and logs of other formats through the whole audit, from the user's side."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from auditor.evidence.manifest import Manifest
from auditor.sources.registry import PRESETS, Kind, all_formats
from tests.cli.conftest import CHINA, GERMANY, HOME, SAMPLE, Invoke, WriteLog

PLACES = ["--geo", SAMPLE / "sample-country.mmdb", "--documentation-is-public"]
RULES = ["--rules", "rules", *PLACES, "--as-of", "2020-04-27T06:00:00Z"]
ACCOUNTS = "account_id,home_region,from,until\nus,US,,\n"
HEADER = "guid;tenant;user;src;relay;dc;began;pool\n"
DAY = "2020-04-05 12:00:00"
MAPPING = """
schema: auditor/mapping@1
id: edge
title: Nightly log of an edge
checked_against: documentation
input: {format: csv, delimiter: ";", null_values: ["", "-"]}
not_a_connection: [{when: {pool: p2p}, reason: direct}]
fields:
  call_id: {from: guid, required: true}
  account_id: tenant
  participant_id: {from: user, privacy: hash}
  client_ip: {from: src, privacy: network}
  started_at: {from: began, time: "%Y-%m-%d %H:%M:%S", zone: Europe/Berlin}
  tier: {from: pool, map: {main: primary}}
connections: [{role: media, relay_ip: relay, relay_site: dc, if_no_relay: none}]
warn: [{when: {pool: partial}, text: this log is one page of several}]
"""
ZEEK = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\torig_bytes"
    "\tresp_bytes\tconn_state\torig_ip_bytes\tresp_ip_bytes\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\tcount\tcount\n"
    f"1586080800.0\tC1\t198.51.100.200\t4000\t{CHINA}\t3478\tudp\t-\t60.0\t10\t20\tSF\t38\t48\n"
)

Run = Callable[..., Result]


def row(relay: str, *, site: str = "", user: str = "u1", pool: str = "main", began: str = DAY) -> str:
    return f"c-{relay};us;{user};198.51.100.77;{relay};{site};{began};{pool}\n"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "edge.yaml"
    path.write_text(MAPPING)
    return path


@pytest.fixture
def log(mapping: Path) -> Path:
    """Write a log of the mapping's, beside it."""
    path = mapping.with_suffix(".csv")
    path.write_text(HEADER + row(CHINA) + row(HOME))
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(b"an organisation's own secret key")
    return path


@pytest.fixture
def audited(invoke: Invoke, tmp_path: Path) -> Run:
    """Audit into `run`, over what was there."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(ACCOUNTS)

    def run(*words: object) -> Result:
        return invoke(
            "audit", *words, *RULES, "--accounts", accounts, "--out", tmp_path / "run", "--overwrite"
        )

    return run


def joined(done: Result) -> str:
    """Give what was printed, in one line."""
    return " ".join(done.stdout.split())


def manifest(folder: Path) -> Any:  # noqa: ANN401  any JSON value
    return json.loads((folder / "run" / "manifest.json").read_text())


def summary(folder: Path) -> Any:  # noqa: ANN401  any JSON value
    return json.loads((folder / "run" / "summary.json").read_text())


def test_all_formats_are_listed_with_what_they_were_checked_against(invoke: Invoke) -> None:
    done = invoke("formats", "list")
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert lines[0].split() == ["name", "kind", "checked", "against", "title"]
    assert [line.split()[:2] for line in lines[1:]] == [[one.name, one.kind] for one in all_formats()]


@pytest.mark.parametrize("preset", sorted(PRESETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_preset_is_shown_as_its_file_has_it(invoke: Invoke, preset: Path) -> None:
    assert invoke("formats", "show", preset.stem).stdout == preset.read_text()


def test_of_a_reader_is_told_what_it_is_and_where_its_page_is(invoke: Invoke) -> None:
    readers = [one for one in all_formats() if one.kind is Kind.READER]
    assert readers
    for reader in readers:
        shown = invoke("formats", "show", reader.name).stdout
        assert reader.mapping.title in shown
        assert f"docs/formats/{reader.name}.md" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("formats", "show", "zek-conn"),
        ("formats", "check", "zek-conn", "a.log"),
        ("audit", "a.log", "--format", "zek-conn"),
    ],
)
def test_a_name_that_is_none_is_a_wrong_command_line(invoke: Invoke, words: tuple[str, ...]) -> None:
    done = invoke(*words)
    assert (done.exit_code, "did you mean `zeek-conn`?" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("audit", "a.csv", "--format", "x.yaml"), "--mapping x.yaml"),
        (("audit", "a.csv", "--mapping", "zeek-conn"), "--format zeek-conn"),
    ],
)
def test_a_format_and_a_mapping_file_that_are_taken_for_each_other_are_told_apart(
    invoke: Invoke, words: tuple[str, ...], hint: str
) -> None:
    done = invoke(*words)
    assert (done.exit_code, f"hint: {hint}\n" in done.stderr) == (2, True), done.stderr


def test_the_name_of_a_mapping_file_without_its_suffix_is_told_the_file(
    invoke: Invoke, mapping: Path, log: Path
) -> None:
    done = invoke("formats", "check", mapping.with_suffix(""), log)
    assert (done.exit_code, f"hint: did you mean `{mapping}`?" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("a.csv", "--format", "coturn", "--mapping", "a.yaml"), "so does `--mapping`"),
        (("--format", "coturn"), "none is named"),
        ((), "name a log"),
        (("a.csv", "--zone", "Mars"), "`Mars` is no time zone"),
        (("a.csv", "--privacy", "call_id"), "no pair of two words"),
        (("a.csv", "--privacy", "call_id=hide"), "`hide` is none of keep, hash, network"),
        (("a.csv", "--privacy", "relay_ip=keep"), "`relay_ip` is none of"),
        (("a.csv", "--privacy", "client_ip=hash"), "`hash` is for"),
        (("a.csv", "--relay-public-address", "10.0.0.1=home"), "`home` is no address"),
        (("a.csv", "--server-start", "2026-03-01T00:00:00"), "has no offset"),
    ],
)
def test_what_an_option_cannot_mean_is_a_wrong_command_line(
    invoke: Invoke, words: tuple[str, ...], told: str
) -> None:
    done = invoke("audit", *words)
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


def test_each_log_is_told_what_it_may_be(invoke: Invoke, tmp_path: Path, write_log: WriteLog) -> None:
    zeek, ours = tmp_path / "conn.log", write_log(CHINA)
    zeek.write_text(ZEEK)
    done = invoke("formats", "detect", zeek, ours)
    assert done.exit_code == 0
    assert f"{zeek}: zeek-conn (" in done.stdout
    assert f"{ours}: canonical (" in done.stdout
    none = tmp_path / "none.log"
    none.write_text("hello\n")
    assert invoke("formats", "detect", zeek, none).exit_code == 4
    assert invoke("formats", "detect", tmp_path / "gone.log").exit_code == 6


def test_what_a_mapping_makes_of_a_log_is_shown_before_an_audit(
    invoke: Invoke, tmp_path: Path, mapping: Path
) -> None:
    log = tmp_path / "odd\x1b.csv"
    masked = row("198.51.100.x", site="Berlin\x1b[31m", pool="partial")
    unread = row(GERMANY, pool="spare")
    log.write_text(
        HEADER + row(CHINA) + masked + unread + row("-", pool="p2p") + row(CHINA, began="soon\x1b"), "utf-8"
    )
    done = invoke("formats", "check", mapping, log)
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "edge: Nightly log of an edge; checked against documentation only" in text
    assert "6 records, of which 3 became 3 connections, 1 could not be read and 2 are no connection" in text
    assert f"relay_ip: {CHINA}" in text
    assert "client_ip: 198.51.100.0/24" in text
    assert "1 unreadable (started_at): a required value cannot be read; first record 6" in text
    assert "2 of tier: unmapped" in text
    assert "such as `partial`" not in text  # where anything is protected, nothing is shown as it stands
    assert "relay_site 66.7 %" in text
    assert "this log is one page of several" in text
    assert "are masked: nobody can place them" in text
    assert "\x1b" not in text
    assert "u1" not in text


def test_one_log_of_several_that_gives_nothing_ends_a_check_with_4(
    invoke: Invoke, tmp_path: Path, mapping: Path, log: Path
) -> None:
    aside, form = tmp_path / "aside.csv", tmp_path / "form.csv"
    aside.write_text(HEADER + row("-", pool="p2p"))
    form.write_text(HEADER)
    assert invoke("formats", "check", mapping, log, form).exit_code == 0
    done = invoke("formats", "check", mapping, log, aside)
    assert (done.exit_code, "aside.csv: none of its records became a connection" in joined(done)) == (4, True)


def test_a_log_that_gives_nothing_is_told_whose_mark_it_bears(invoke: Invoke, tmp_path: Path) -> None:
    log = tmp_path / "conn.log"
    log.write_text(ZEEK)
    done = invoke("formats", "check", "jvb", log)
    assert done.exit_code == 4
    assert "became a connection; it bears the mark of `zeek-conn`: --format zeek-conn" in joined(done)


def test_connections_that_name_no_place_at_all_are_told_of(
    invoke: Invoke, tmp_path: Path, mapping: Path
) -> None:
    mapping.write_text(MAPPING.replace("if_no_relay: none", "if_no_relay: keep"))
    log, told = tmp_path / "edge.csv", "every connection is without address, site and host name"
    for rows, expected in ((row(""), True), (row("") + row("", site="Berlin"), False), (row(CHINA), False)):
        log.write_text(HEADER + rows)
        done = invoke("formats", "check", mapping, log)
        assert (done.exit_code, told in joined(done)) == (0, expected), done.stdout


def test_one_connection_is_not_numbered_and_an_untried_mapping_is_said_to_be_so(
    invoke: Invoke, tmp_path: Path, mapping: Path, log: Path
) -> None:
    mapping.write_text(MAPPING.replace("checked_against: documentation\n", ""))
    done = invoke("formats", "check", mapping, log)
    assert "The first 2 connections:" in done.stdout
    assert "an edge; it does not say what it was checked against\n" in done.stdout
    one = tmp_path / "one.csv"
    one.write_text(HEADER + row(CHINA))
    assert "The first connection:" in invoke("formats", "check", mapping, one).stdout


def test_what_is_told_of_a_list_is_told_once_and_of_records_with_their_number(
    invoke: Invoke, tmp_path: Path
) -> None:
    mapping, log = tmp_path / "m.yaml", tmp_path / "log.json"
    warn = "[{when: {$document.next: {not: null}}, text: paged}, {when: {p: {not: null}}, text: odd}]"
    mapping.write_text(
        "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: json, records: [rows]}\n"
        "fields: {started_at: {from: at, time: iso8601}, relay_ip: r, role: {const: media}}\n"
        f"warn: {warn}\n"
    )
    record = {"at": "2020-04-05T12:00:00Z", "r": CHINA, "p": 1}
    log.write_text(json.dumps({"next": "x", "rows": [record] * 3}))
    done = invoke("formats", "check", mapping, log)
    assert ("  paged\n" in done.stdout, "  odd (3 times)\n" in done.stdout) == (True, True), done.stdout


def test_times_without_a_zone_are_asked_for(invoke: Invoke, tmp_path: Path, mapping: Path) -> None:
    mapping.write_text(MAPPING.replace('"%Y-%m-%d %H:%M:%S", zone: Europe/Berlin', "iso8601"))
    log = tmp_path / "edge.csv"
    log.write_text(HEADER + row(CHINA, began="2020-04-05T12:00:00"))
    done = invoke("formats", "check", mapping, log)
    assert (done.exit_code, "1 time without an offset: say of which zone" in done.stdout) == (4, True)
    done = invoke("formats", "check", mapping, log, "--zone", "Asia/Tokyo")
    assert (done.exit_code, "started_at: 2020-04-05T03:00:00Z" in done.stdout) == (0, True)


def test_sites_without_a_line_are_written_as_an_inventory_to_be_filled(
    invoke: Invoke, tmp_path: Path, mapping: Path
) -> None:
    log, sites = tmp_path / "edge.csv", tmp_path / "sites.csv"
    log.write_text(HEADER + row("", site="Mars (Top)") + row("", site="Berlin") * 2 + row(CHINA))
    done = invoke("formats", "check", mapping, log, "--sites", sites)
    assert done.exit_code == 0
    assert "  2  Berlin\n  1  Mars (Top)" in done.stdout
    drafts = list(csv.DictReader(sites.read_text().splitlines()))
    assert [(draft["site"], draft["country"]) for draft in drafts] == [("Berlin", ""), ("Mars (Top)", "")]
    assert {draft["from"] for draft in drafts} == {"2020-04-05T00:00:00Z"}
    again = invoke("formats", "check", mapping, log, "--sites", sites)
    assert (again.exit_code, "is there already" in again.stderr) == (2, True)
    known = tmp_path / "known.csv"
    known.write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n"
        ",berlin,,DE,,2020-01-01T00:00:00Z,,noc,contract\n"
    )
    done = invoke("formats", "check", mapping, log, "--inventory", known)
    assert "  1  Mars (Top)" in done.stdout
    assert "Berlin\n" not in done.stdout.partition("Sites and host names")[2]


def test_a_faulty_mapping_and_a_log_that_it_does_not_fit_end_with_6(
    invoke: Invoke, tmp_path: Path, mapping: Path, write_log: WriteLog
) -> None:
    assert invoke("formats", "check", mapping, write_log(CHINA)).exit_code == 6
    mapping.write_text(MAPPING.replace("relay_ip:", "relay_pi:"))
    done = invoke("formats", "check", mapping, write_log(CHINA))
    assert (done.exit_code, "did you mean `relay_ip`?" in done.stderr) == (6, True)
    assert invoke("formats", "check", tmp_path / "none.yaml", write_log(CHINA)).exit_code == 6


def test_a_log_is_audited_by_the_name_of_its_format(audited: Run, tmp_path: Path) -> None:
    log = tmp_path / "any name"
    log.write_text(ZEEK)
    assert audited(log, "--format", "zeek-conn").exit_code in (1, 3, 4)
    [read] = manifest(tmp_path)["inputs"]
    assert (read["mapping"], read["mapping_kind"], read["recognized_by"]) == ("zeek-conn", "preset", None)
    assert (read["checked_against"], read["connection_records"]) == ("real_log", 1)


def test_what_a_log_shows_of_itself_is_said_where_nobody_named_it(audited: Run, tmp_path: Path) -> None:
    log = tmp_path / "conn.log"
    log.write_text(ZEEK)
    done = audited(log)
    assert "Recognized, as no format was named: 1 log of zeek-conn (`#fields`" in " ".join(
        done.stderr.split()
    )
    [read] = manifest(tmp_path)["inputs"]
    assert read["mapping"] == "zeek-conn"
    assert "#fields" in read["recognized_by"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "Table 10a" in report
    assert "not named, but recognized" in report


def test_a_log_that_could_be_two_is_not_audited(audited: Run, tmp_path: Path) -> None:
    log = tmp_path / "flows.csv"
    log.write_text("srcaddr dstaddr start end interface-id sIP dIP sTime\n")
    done = audited(log)
    assert (done.exit_code, "bears the marks of several formats" in done.stderr) == (6, True)
    assert not (tmp_path / "run").exists()


def test_logs_of_several_formats_stand_in_the_configuration(
    audited: Run, tmp_path: Path, log: Path, key: Path
) -> None:
    (tmp_path / "zeek").mkdir()
    (tmp_path / "zeek" / "conn.log").write_text(ZEEK)
    config = tmp_path / "auditor.toml"
    config.write_text(
        '[[logs]]\npaths = ["edge*.csv"]\nmapping = "edge.yaml"\nzone = "Europe/Berlin"\n'
        '[[logs]]\npaths = ["zeek/"]\nformat = "zeek-conn"\n'
        'relay_public_address = {"10.0.0.1" = "192.0.2.1"}\n'
    )
    done = audited("--config", config, "--privacy-key", key)
    assert done.exit_code == 1, done.stderr
    read = {Path(one["path"]).name: one for one in manifest(tmp_path)["inputs"]}
    assert {name: one["mapping"] for name, one in read.items()} == {
        "edge.csv": "edge",
        "conn.log": "zeek-conn",
    }
    assert read["edge.csv"]["mapping_file"] == str(tmp_path / "edge.yaml")
    assert read["edge.csv"]["told"]["zone"] == "Europe/Berlin"
    assert read["edge.csv"]["told"]["kept"] == {"participant_id": "hash", "client_ip": "network"}
    assert read["conn.log"]["told"]["relay_public_addresses"] == {"10.0.0.1": "192.0.2.1"}
    named = audited(log, "--config", config)
    assert (named.exit_code, "has no column `started_at`" in named.stderr) == (6, True)


def test_a_finished_run_reads_its_logs_again_as_it_read_them(
    audited: Run, invoke: Invoke, log: Path, key: Path
) -> None:
    words = ["--mapping", log.with_suffix(".yaml"), "--privacy-key", key]
    assert audited(log, *words).exit_code == 1
    run = log.parent / "run"
    done = invoke("explain", run, "--call", f"c-{HOME}")
    assert done.exit_code == 0, done.stderr
    same = invoke("rules", "backtest", "rules", "--against", run)
    assert (same.exit_code, " changed: " in same.stdout) == (0, False), same.stdout
    key.write_bytes(b"another key that is long enough!")
    other = invoke("explain", run, "--call", f"c-{HOME}")
    assert (other.exit_code, "another key" in other.stderr) == (6, True)


def test_a_run_of_another_edition_of_a_format_is_not_read_again(
    audited: Run, invoke: Invoke, tmp_path: Path
) -> None:
    log = tmp_path / "conn.log"
    log.write_text(ZEEK)
    audited(log)
    path = tmp_path / "run" / "manifest.json"
    found = Manifest.model_validate_json(path.read_text())
    inputs = [one.model_copy(update={"mapping_sha256": "0" * 64}) for one in found.inputs]
    path.write_text(found.model_copy(update={"inputs": inputs}).sealed().to_text())
    done = invoke("rules", "backtest", "rules", "--against", tmp_path / "run")
    assert (done.exit_code, "another edition of `zeek-conn`" in done.stderr) == (6, True)


def test_what_is_to_be_hashed_needs_a_key_and_the_key_is_written_nowhere(
    audited: Run, tmp_path: Path, mapping: Path, log: Path, key: Path
) -> None:
    refused = audited(log, "--mapping", mapping)
    assert (refused.exit_code, "--privacy-key FILE" in refused.stderr) == (6, True)
    assert audited(log, "--mapping", mapping, "--privacy-key", key).exit_code == 1
    secret = key.read_bytes()
    for file in (tmp_path / "run").iterdir():
        content = file.read_bytes()
        assert secret not in content
        assert secret.hex().encode() not in content
    kept = manifest(tmp_path)
    assert kept["settings"]["privacy_key_fingerprint"]
    first = kept["run_id"]
    assert audited(log, "--mapping", mapping, "--privacy", "participant_id=keep").exit_code == 1
    assert manifest(tmp_path)["run_id"] != first
    assert manifest(tmp_path)["settings"]["privacy_key_fingerprint"] is None


@pytest.mark.parametrize("name", [one.name for one in all_formats() if one.kind is not Kind.COLUMNS])
def test_a_log_of_another_format_never_gives_a_connection(
    invoke: Invoke, tmp_path: Path, name: str, write_log: WriteLog
) -> None:
    other = tmp_path / "events.json"
    other.write_text('{"event": "join", "at": "2020-04-05T10:00:00Z", "ip": "192.0.2.1"}\n' * 3)
    told = ["--zone", "UTC", "--server-start", "2020-04-05T00:00:00Z"]
    for log in (write_log(GERMANY), other):
        assert invoke("formats", "check", name, log, *told).exit_code in (4, 6)


def test_a_log_that_gave_nothing_is_not_hidden_by_one_that_gave_something(
    audited: Run, tmp_path: Path, write_log: WriteLog
) -> None:
    (tmp_path / "edge.yaml").write_text(MAPPING)
    good = write_log(HOME)
    assert audited(good).exit_code == 0
    empty, aside = tmp_path / "edge.csv", tmp_path / "aside.csv"
    empty.write_text(HEADER + row("", site=""))
    aside.write_text(HEADER + row("-", pool="p2p"))
    config = tmp_path / "auditor.toml"
    told = 'privacy = {participant_id = "keep"}\nmapping = "edge.yaml"\n'
    for path, code in ((empty, 4), (aside, 0)):
        config.write_text(f'[[logs]]\npaths = ["{good.name}"]\n[[logs]]\npaths = ["{path.name}"]\n{told}')
        done = audited("--config", config)
        assert done.exit_code == code, done.stderr
        texts = [one["text"] for one in summary(tmp_path)["warnings"] if one["source_file"] == str(path)]
        assert texts == ["none of its records became a connection, read as `edge`"]


def test_a_log_with_the_mark_of_its_format_that_gives_nothing_is_not_taken_for_misread(
    audited: Run, tmp_path: Path
) -> None:
    log = tmp_path / "events.json"
    events = '{"events": [{"call_sid": "CA1", "edge": "x", "level": "INFO", "group": "g", "name": "n"}]}'
    for text, misread in ((events, False), ('{"events": [{}]}', True)):
        log.write_text(text)
        done = audited(log, "--format", "twilio-call-events")
        assert done.exit_code == 4, done.stderr
        names = [one["name"] for one in summary(tmp_path)["conditions"]]
        assert ("misread" in names, "nothing_covered" in names) == (misread, True)
    log.write_text(ZEEK)
    audited(log, "--format", "jvb")
    texts = [one["text"] for one in summary(tmp_path)["warnings"]]
    other = "it bears the mark of `zeek-conn`: --format zeek-conn"
    assert f"none of its records became a connection, read as `jvb`; {other}" in texts


def test_of_a_flow_only_the_relay_is_recorded(invoke: Invoke, tmp_path: Path) -> None:
    log, inventory = tmp_path / "conn.log", tmp_path / "relays.csv"
    log.write_text(ZEEK)
    words = ["geo", "record", log, *PLACES, "--ledger", tmp_path / "ledger"]
    refused = invoke(*words)
    assert (refused.exit_code, "clients are not recorded" in refused.stderr) == (6, True)
    inventory.write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis,kind\n"
        f"{CHINA}/32,,,CN,,2020-01-01T00:00:00Z,,noc,contract,relay\n"
    )
    done = invoke(*words, "--inventory", inventory)
    assert (done.exit_code, "Recorded 1 relay" in done.stderr) == (0, True), done.stderr
