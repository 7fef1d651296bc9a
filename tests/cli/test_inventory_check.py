"""`auditor inventory check`, and what an audit says of relay lists, through the real command line."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import Result

from tests.cli.conftest import SAMPLE, Invoke, WriteLog

HEADER = "home_region,tier,role,prefix,site,name,participants,from,until"
SINCE = "2020-03-16T00:00:00Z"
WriteList = Callable[..., Path]
Check = Callable[..., Result]

SPRING_2020 = (
    f"US,primary,,192.0.2.0/28,SJ-1,,,{SINCE},",
    f"US,primary,,192.0.2.16/28,NY-1,,,{SINCE},",
    f"US,fallback,media,192.0.2.64/28,TOR-1,,,{SINCE},2020-04-03T00:00:00Z",
    "US,fallback,media,203.0.113.80/28,TJ-1,,,2020-03-24T00:00:00Z,2020-04-07T00:00:00Z",
    "US,fallback,media,203.0.113.96/28,SZ-1,,,2020-03-24T00:00:00Z,2020-04-07T00:00:00Z",
    f"EU,primary,,198.51.100.0/28,FRA-1,,,{SINCE},",
    f"EU,fallback,,198.51.100.64/28,LON-1,,,{SINCE},",
    f"JP,fallback,,203.0.113.48/28,SG-1,,,{SINCE},",
    f"CN,primary,,203.0.113.112/28,SHA-1,,CN,{SINCE},",
)
"""Two Chinese sites stand on the fallback list of the US by mistake; that of China is for China."""


@pytest.fixture
def write_list(tmp_path: Path) -> WriteList:
    def write(*lines: str, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Make a folder of two rules, which are quicker to read than the shipped ones."""
    folder = tmp_path / "rules"
    folder.mkdir()
    bodies = {
        "china": "effect: never\nscope: {participant: {not_in: [CN]}}\nnever: {in: [CN]}\n",
        "home": "effect: fence\nscope: {home_region: [US], roles: [media]}\nfence: {allow: [US, CA]}\n",
    }
    for name, body in bodies.items():
        (folder / f"{name}.yaml").write_text(HEAD.format(name=name) + body + CASE)
    return folder


@pytest.fixture
def check(invoke: Invoke, rules: Path) -> Check:
    """Check lists with the evidence of the sample, against the two rules or those of another folder."""

    def run(*words: object, under: object = rules) -> Result:
        evidence = ["--geo", SAMPLE / "sample-country.mmdb", "--inventory", SAMPLE / "inventory.csv"]
        clock = ["--documentation-is-public", "--as-of", "2020-04-27T06:00:00Z"]
        return invoke("inventory", "check", *words, "--rules", under, *evidence, *clock)

    return run


HEAD = """\
schema: auditor/rule@1
id: {name}
version: 1.0.0
title: A rule named {name}
statement: What it says.
authority: [{{kind: promise, cite: ours}}]
severity: high
in_force: {{from: "2020-01-01T00:00:00Z"}}
"""
CASE = """\
tests:
  - name: a relay in China violates
    given: [{id: c, role: media, relay: [CN], participant: [US], home_region: US}]
    expect: {c: violation}
"""
TOLD = """\
list.csv:5: would break 3 rules
  203.0.113.80/28, site “TJ-1”: handed to clients of home region United States, as fallback, for media, from 24 March 2020 until 7 April 2020
  203.0.113.80/28 is placed in China (CN) by inventory inventory.csv:6 and GeoIP2-Country of 7 April 2020
    would break cn-exclusion 1.0.0 from 24 March 2020 until 7 April 2020: No relay in mainland China serves a participant outside it
    would break cn-exclusion-account 1.0.0 from 24 March 2020 until 7 April 2020: No relay in mainland China serves an account homed elsewhere
    would break us-home-fence 1.0.0 from 3 April 2020 until 7 April 2020: Calls of US accounts stay in the United States

list.csv:6: would break 3 rules
  203.0.113.96/28, site “SZ-1”: handed to clients of home region United States, as fallback, for media, from 24 March 2020 until 7 April 2020
  203.0.113.96/28 is placed in China (CN) by GeoIP2-Country of 7 April 2020
    would break cn-exclusion 1.0.0 from 24 March 2020 until 7 April 2020: No relay in mainland China serves a participant outside it
    would break cn-exclusion-account 1.0.0 from 24 March 2020 until 7 April 2020: No relay in mainland China serves an account homed elsewhere
    would break us-home-fence 1.0.0 from 3 April 2020 until 7 April 2020: Calls of US accounts stay in the United States

Noted, and no fault:
  no rule names the home region JP: only rules for all regions were asked
  list.csv:5: 203.0.113.80/28 is counted by greater-china-watch 1.0.0 from 24 March 2020 until 7 April 2020
  list.csv:6: 203.0.113.96/28 is counted by greater-china-watch 1.0.0 from 24 March 2020 until 7 April 2020
  list.csv:10: no rule is about 203.0.113.112/28 SHA-1 for clients of home region China
  list.csv:10: 203.0.113.112/28 is counted by greater-china-watch 1.0.0 since 16 March 2020

In the rules' own words:
  cn-exclusion 1.0.0 (critical): No relay in mainland China serves a participant outside it
    No relay in mainland China serves a participant outside it, keys included; congestion and
    fallback are no excuse. The rule is set to begin before the events of spring 2020, and before
    the promise of 3 April 2020 that it cites: counsel sets the date of the operator's own promise.
  cn-exclusion-account 1.0.0 (critical): No relay in mainland China serves an account homed elsewhere
    No relay in mainland China, in any role, serves a call of an account homed elsewhere; congestion
    and fallback are no excuse. The rule is set to begin before the events of spring 2020, and
    before the promise of 3 April 2020 that it cites: counsel sets the date of the operator's own
    promise.
  us-home-fence 1.0.0 (high): Calls of US accounts stay in the United States
    Every relay that carries media or signalling, hands out a key or records, for a call of an
    account homed in the US, is in the US. The promise cited speaks of North America; this rule is
    stricter by choice, so that a relay in Canada is outside.

2 of 9 entries would break a rule; 0 could not be determined; 6 would not; 1 under no rule
"""  # noqa: E501  as it is printed


def test_the_two_wrong_entries_of_spring_2020_are_named_and_no_other(
    check: Check, write_list: WriteList
) -> None:
    path = write_list(*SPRING_2020)
    result = check(path, under="rules")
    assert result.stdout.replace(f"{path.parent}/", "") == TOLD
    assert (result.exit_code, result.stderr) == (1, "")


def test_lists_without_them_are_fine_and_quiet_says_nothing(check: Check, write_list: WriteList) -> None:
    path = write_list(*SPRING_2020[:2], *SPRING_2020[5:])
    told = check(path)
    assert (told.exit_code, told.stdout.splitlines()[-1]) == (
        0,
        "0 of 6 entries would break a rule; 0 could not be determined; 5 would not; 1 under no rule",
    )
    quiet = check(path, "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_quiet_speaks_where_something_is_wrong(check: Check, write_list: WriteList) -> None:
    assert "SZ-1" in check(write_list(*SPRING_2020), "--quiet").stdout


def test_what_nobody_can_place_is_not_determined(check: Check, write_list: WriteList) -> None:
    result = check(write_list(f"US,,media,203.0.113.192/28,NEW-1,,,{SINCE},", f"US,,media,,SJ-9,,,{SINCE},"))
    assert result.exit_code == 3
    assert "list.csv:2: may break 2 rules" in result.stdout
    assert "the place of 203.0.113.192/28 is not known: in no source" in result.stdout
    assert "the place of SJ-9 is not known: unknown site" in result.stdout
    assert result.stdout.endswith(
        "0 of 2 entries would break a rule; 2 could not be determined; 0 would not\n"
    )


def test_an_entry_without_participants_says_that_it_counts_as_handed_to_everybody(
    check: Check, write_list: WriteList
) -> None:
    result = check(write_list(f"CN,,media,203.0.113.112/28,SHA-1,,,{SINCE},"))
    assert result.exit_code == 1
    assert "  hint: `participants` is empty, so the entry counts as handed to everybody\n" in result.stdout


def test_an_exception_is_noted_with_its_name(check: Check, write_list: WriteList) -> None:
    line = "EU,fallback,media,198.51.100.64/28,LON-1,,,2021-06-01T00:00:00Z,"
    result = check(write_list(line), "--max-age-days", "9999", under="rules")
    assert result.exit_code == 0
    leans = "198.51.100.64/28 leans on exception congestion of eu-fence-fallback 1.0.0"
    assert f"list.csv:2: {leans} from 1 June 2021 on\n" in result.stdout


def test_entries_under_no_rule_at_all_are_no_clean_bill(check: Check, write_list: WriteList) -> None:
    result = check(write_list(f"CN,,media,203.0.113.112/28,SHA-1,,CN,{SINCE},"))
    assert result.exit_code == 4
    assert result.stdout.endswith("None of 1 entry falls under any rule: nothing was judged.\n")


def test_since_leaves_out_what_was_before(check: Check, write_list: WriteList) -> None:
    since = ["--since", "2020-04-10T00:00:00Z"]
    result = check(write_list(*SPRING_2020), *since)
    assert result.exit_code == 0
    assert result.stdout.endswith(
        "0 of 6 entries would break a rule; 0 could not be determined; 5 would not; 1 under no rule; "
        "3 more had ended before\n"
    )
    over = check(write_list(SPRING_2020[3]), *since)
    assert (over.exit_code, over.stdout) == (4, "No entry holds at that time: nothing was judged.\n")


def test_the_table_has_a_row_for_each_concern_and_each_rule_without_one(
    check: Check, write_list: WriteList, tmp_path: Path
) -> None:
    result = check(write_list(*SPRING_2020), "--csv")
    assert result.exit_code == 1
    (tmp_path / "table.csv").write_text(result.stdout)
    table = pl.read_csv(tmp_path / "table.csv", infer_schema=False)
    assert table.filter(pl.col("effect") != "watch").select("entry", "rule").unique().height == 9 * 2
    broken = table.filter((pl.col("verdict") == "violation") & (pl.col("effect") != "watch"))
    assert broken["relay"].unique().sort().to_list() == ["203.0.113.80/28 TJ-1", "203.0.113.96/28 SZ-1"]
    fence = broken.filter(pl.col("rule") == "home").row(0, named=True)
    assert (fence["from"], fence["until"]) == ("2020-03-24T00:00:00Z", "2020-04-07T00:00:00Z")
    assert (fence["countries"], fence["relays"], fence["roles"]) == ("CN", "203.0.113.80/28", "media")


def test_the_lists_of_the_configuration_are_checked_where_none_is_named(
    invoke: Invoke, rules: Path, write_list: WriteList, tmp_path: Path
) -> None:
    write_list(*SPRING_2020)
    inventory, database = (SAMPLE.absolute() / name for name in ("inventory.csv", "sample-country.mmdb"))
    config = tmp_path / "auditor.toml"
    config.write_text(
        "[location]\nrelay_lists = ['list.csv']\ndocumentation_is_public = true\n"
        f"inventory = ['{inventory}']\ndatabases = ['{database}']\n"
    )
    clock = ["--as-of", "2020-04-27T06:00:00Z"]
    result = invoke("inventory", "check", "--config", config, "--rules", rules, *clock)
    assert result.exit_code == 1
    assert "list.csv:5: would break 2 rules" in result.stdout


def test_drafts_are_refused_unless_they_are_asked_for(
    check: Check, rules: Path, write_list: WriteList
) -> None:
    text = (rules / "china.yaml").read_text()
    (rules / "china.yaml").write_text(text.replace("severity", "status: draft\nseverity"))
    lists = write_list(*SPRING_2020)
    refused = check(lists)
    assert (refused.exit_code, refused.stdout) == (5, "")
    assert "`china` is a draft" in refused.stderr
    allowed = check(lists, "--allow-draft")
    assert allowed.exit_code == 1
    assert "would break china 1.0.0 (draft)" in allowed.stdout


def test_rules_that_fail_their_own_cases_judge_no_list(
    check: Check, rules: Path, write_list: WriteList
) -> None:
    text = (rules / "china.yaml").read_text()
    (rules / "china.yaml").write_text(text.replace("{c: violation}", "{c: compliant}"))
    assert check(write_list(*SPRING_2020)).exit_code == 5
    assert check(write_list(*SPRING_2020), "--skip-rule-tests").exit_code == 1


def test_what_is_missing_or_faulty_is_said(check: Check, write_list: WriteList, tmp_path: Path) -> None:
    assert check(tmp_path / "nowhere.csv").exit_code == 6
    empty = check(write_list())
    assert (empty.exit_code, "holds no entries" in empty.stderr) == (6, True)
    faulty = check(write_list(f"US,primary,relay,,X,,,{SINCE},"))
    assert (faulty.exit_code, "role: unknown word `relay`" in faulty.stderr) == (6, True)
    none = check()
    assert (none.exit_code, "no relay lists" in none.stderr) == (6, True)
    assert check(write_list(*SPRING_2020), "--since", "yesterday").exit_code == 2


def test_hostile_words_steer_neither_terminal_nor_spreadsheet(check: Check, write_list: WriteList) -> None:
    path = write_list(f'"=cmd|x",,media,,"\x1b[31mSJ\u202e{"x" * 400}",,,{SINCE},')
    told = check(path)
    assert told.exit_code == 3
    assert not {"\x1b", "\u202e"} & set(told.stdout)
    assert "x" * 300 not in told.stdout
    rows = check(path, "--csv").stdout
    assert ",'=cmd|x," in rows


# An audit that has the lists.


def test_an_audit_says_which_entry_allowed_a_relay_and_since_when(
    invoke: Invoke, write_log: WriteLog, write_list: WriteList, evidence: list[object], tmp_path: Path
) -> None:
    log = write_log("203.0.113.81", "203.0.113.97", "203.0.113.65", day="2020-03-25")
    result = invoke("audit", log, *evidence, "--skip-rule-tests", "--relay-lists", write_list(*SPRING_2020))
    assert result.exit_code == 1
    findings = pl.read_parquet(tmp_path / "run" / "findings.parquet")
    by_relay = dict(findings.select("relay_ip", pl.col("list_entries").list.join(" ")).iter_rows())
    named = {relay: Path(entries).name for relay, entries in by_relay.items()}
    assert named == {"203.0.113.81": "list.csv:5", "203.0.113.97": "list.csv:6", "203.0.113.65": ""}
    incidents = pl.read_parquet(tmp_path / "run" / "incidents.parquet")
    for incident in incidents.to_dicts():  # the three relays lie in one network, and so in one incident
        begins = [f"{one['from']:%Y-%m-%d}" for one in incident["list_entries"]]
        assert (begins, incident["findings_on_no_list"]) == (["2020-03-24"] * 2, 1)
    assert incidents.height == 2


def test_an_audit_without_lists_says_nothing_of_them(
    invoke: Invoke, write_log: WriteLog, evidence: list[object], tmp_path: Path
) -> None:
    log = write_log("203.0.113.81", day="2020-03-25")
    assert invoke("audit", log, *evidence, "--skip-rule-tests").exit_code == 1
    incidents = pl.read_parquet(tmp_path / "run" / "incidents.parquet")
    assert set(incidents.select("list_entries", "findings_on_no_list").rows()) == {(None, None)}


def test_many_notes_do_not_hide_what_is_wrong(check: Check, write_list: WriteList) -> None:
    lines = [f"EU,primary,,198.51.100.0/28,FRA-1,,,{SINCE}," for _ in range(50)]
    wrong = "US,fallback,media,203.0.113.80/28,TJ-1,,,2020-03-24T00:00:00Z,2020-04-07T00:00:00Z"
    chinese = [f"CN,primary,,203.0.113.112/28,SHA-1,,CN,{SINCE}," for _ in range(50)]
    done = check(write_list(*lines, *chinese, wrong))
    assert done.exit_code == 1
    assert "list.csv:102: would break" in done.stdout
    assert "and 12 more notes: --csv has all" in done.stdout
    assert done.stdout.count("no rule is about") == 38


@pytest.mark.parametrize(("written", "meant"), [("us", "US"), ("USA", "US")])
def test_a_home_region_that_is_most_likely_misspelt_is_a_fault(
    check: Check, write_list: WriteList, written: str, meant: str
) -> None:
    done = check(write_list(f"{written},primary,,192.0.2.0/28,SJ-1,,,{SINCE},"))
    assert (done.exit_code, f"a rule names `{meant}`" in done.stderr) == (6, True)


def test_a_home_region_that_no_rule_names_is_told(check: Check, write_list: WriteList) -> None:
    done = check(write_list(f"MARS,primary,,192.0.2.0/28,SJ-1,,,{SINCE},"))
    assert "no rule names the home region MARS" in done.stdout
