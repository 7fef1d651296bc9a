"""What the report says of a real run with a rule of every kind."""

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from auditor.report.html import render_html
from auditor.report.text import summary_text
from tests.report.conftest import Compare
from tests.report.real import RULES, Audited, World, connection
from tests.report.test_html import Page

Rows = Callable[[str], dict[str, list[str]]]


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audited:
    return World().audited(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="module")
def page(audited: Audited) -> Page:
    return Page(render_html(audited.directory, audited.manifest))


@pytest.fixture
def rows(page: Page) -> Rows:
    """Give the rows of a table, by the text of their first cell."""
    return lambda table: {row[0]: row[1:] for row in page.tables[table][1:]}


def test_the_page_of_a_real_run_is_well_formed(page: Page) -> None:
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    assert {target.removeprefix("#") for target in page.values("href")} <= set(ids)


def test_table_1_says_beside_the_bounds_what_is_waived(rows: Rows, audited: Audited) -> None:
    table = rows("Table 1a")
    assert table["eu-fence"] == ["2", "2", "3", "0"]
    assert table["ru-recording"] == ["0", "1", "2", "0"]
    *lines, total = [list(map(int, row)) for row in table.values()]
    assert [sum(column) for column in zip(*lines, strict=True)] == total
    (condition, _) = audited.summary.conditions
    assert condition.text.startswith(f"{total[0]} violations at or above low without a waiver")


def test_each_exception_is_counted_by_what_became_of_its_uses(rows: Rows) -> None:
    table = rows("Table 7")
    assert table["eu-fence, congestionCalls go on."] == [
        "4", "3", "1", "3",
        "at most 2 connections a call: 1 overat most 30 minutes a call: 1 open",
    ]  # fmt: skip
    assert table["eu-fence, handoverA relay was full."] == ["0", "0", "0", "0", "none"]


def test_every_waiver_is_told_with_its_persons(page: Page) -> None:
    rows = page.tables["Table 7a"][1:]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("W-voideu-fence", "void", "7"),
        ("W-expiredeu-fence", "expired but matching", "1"),
        ("W-expiringeu-fence", "used, expiring within 30 days", "1"),
        ("W-callru-recording", "used", "1"),
        ("W-usedeu-fence", "used", "1"),
        ("W-unusedeu-fence", "unused", "0"),
        ("W-earlyeu-fence", "not yet issued", "1"),
        ("W-goneeu-fence", "expired and matching nothing", "0"),
    ]
    assert {(row[5], row[6]) for row in rows} == {
        ("The customer agreed to it in writingLEG-7", "Jo RoeMax Doe")
    }
    begun = "begun from 1 Mar 2021, 00:00:00until 2 Mar 2021, 00:00:00"
    covers = {row[0]: row[1] for row in rows}
    assert covers["W-voideu-fence"] == f"account eu{begun}"
    assert covers["W-callru-recording"] == f"call r-outside{begun}"
    assert (
        "Used: W-call, W-expiring, W-used. Unused: W-unused. Expired but matching: W-expired. Void: W-void. "
        "Not yet issued: W-early. Expired and matching nothing: W-gone. Expiring within 30 days: W-expiring."
    ) in page.text


def test_every_waived_finding_is_listed_by_its_id(page: Page, audited: Audited) -> None:
    findings = pl.read_parquet(audited.directory / "findings.parquet")
    waived = findings.filter(pl.col("waiver_id").is_not_null())
    rows = page.tables["Table 7b"][1:]
    assert [row[0] for row in rows] == waived["finding_id"].to_list()
    assert [(row[1], row[5]) for row in rows] == [
        ("e-keys", "W-expiring"), ("e-primary", "W-used"), ("r-outside", "W-call"),
    ]  # fmt: skip


def test_every_excused_finding_is_listed_with_its_exception_and_its_window(
    page: Page, audited: Audited
) -> None:
    findings = pl.read_parquet(audited.directory / "findings.parquet")
    rows = page.tables["Table 7c"][1:]
    excused = findings.filter(pl.col("verdict") == "excused")
    assert [row[0] for row in rows] == excused["finding_id"].to_list()
    windows = {row[1]: row[5] for row in rows}
    assert windows["e-excused"] == "congestionwindow busy from 1 Mar 2021, 00:00:00"
    assert windows["e-late"] == "congestionwindow busy from 5 Mar 2021, 00:00:00, declared late"


def test_the_declared_windows_are_printed_with_who_declared_them(page: Page) -> None:
    assert page.tables["Table 8a"][1:] == [
        [
            "busyEuropean Union", "1 Mar 2021, 00:00:002 Mar 2021, 00:00:00", "incident 7",
            "noc1 Mar 2021, 01:00:00", "eu-fence, congestion",
        ],
        [
            "busyEuropean Union", "5 Mar 2021, 00:00:006 Mar 2021, 00:00:00", "incident 7",
            "noc1 Apr 2021, 00:00:00more than 24 hours after its end", "eu-fence, congestion",
        ],
    ]  # fmt: skip


def test_what_is_excused_is_in_no_bound_and_in_no_incident(audited: Audited) -> None:
    findings = pl.read_parquet(audited.directory / "findings.parquet")
    excused = findings.filter(pl.col("verdict") == "excused")
    assert (excused.height, excused["incident_id"].null_count()) == (4, 4)
    (fence,) = (rule for rule in audited.summary.rules if rule.rule_id == "eu-fence")
    others = findings.filter((pl.col("rule_id") == "eu-fence") & (pl.col("verdict") != "excused"))
    assert fence.measures.connections.possible == others.height


def test_a_draft_is_marked_wherever_its_rule_is_named(page: Page) -> None:
    for table in ("Table 1", "Table 1a", "Table 2", "Table 5", "Table 8", "Table 9"):
        named = [cell for row in page.tables[table] for cell in row if "us-draft" in cell]
        assert named
        assert all("us-draft draft" in cell or "us-draft 1.0.0 draft" in cell for cell in named)
    assert "us-draft: The title of us-draft draft" in page.text
    assert "This rule is a draft: counsel has still to confirm what it rests on." in page.text
    assert "The rule us-draft is a draft" in page.text


def test_findings_about_whole_calls_name_no_relay(page: Page) -> None:
    of_calls = [row for row in page.tables["Table 5"] if row[5] == "whole call"]
    assert len(of_calls) == 7
    assert {row[6] for row in of_calls} == {"no single relay"}
    (incident,) = (row for row in page.tables["Table 2"] if "ru-recording" in row[1])
    assert incident[2] == "no single relay3 findings of whole calls"
    assert incident[4:6] == ["1", "3"]


def test_the_tables_of_places_count_connections_and_no_whole_calls(page: Page, audited: Audited) -> None:
    findings = pl.read_parquet(audited.directory / "findings.parquet")
    affected = findings.filter(
        (pl.col("subject") == "connection") & pl.col("verdict").is_in(["violation", "indeterminate"])
    )
    for table in ("Table 4", "Table 4a"):
        *_, total = page.tables[table]
        connections = affected.unique(["source_file", "record", "part"]).height
        assert int(total[-2]) + int(total[-1]) == connections
    assert "What rules say of whole calls names no single relay" in page.text


def test_each_doubt_says_which_column_would_settle_it(rows: Rows) -> None:
    cures = {
        code: cells[-1]
        for reason, cells in rows("Table 6").items()
        for code in ("tier_unknown", "call_unknown", "limit_open:congestion:minutes_per_call")
        if reason.endswith(code)
    }
    assert cures == {
        "tier_unknown": "The column tier",
        "call_unknown": "The column call_id",
        "limit_open:congestion:minutes_per_call": (
            "The column ended_at of the uses in the call, or what leaves other uses open"
        ),
    }


def test_no_reason_is_told_in_the_machines_words_alone(page: Page) -> None:
    for table in ("Table 2", "Table 5"):
        cells = [cell for row in page.tables[table][1:] for cell in row]
        assert not [cell for cell in cells if re.search(r"[a-z]+_[a-z]+|exception:|limit_open:", cell)]


def test_an_exhibit_of_a_whole_call_shows_its_first_connection_and_no_location_evidence(page: Page) -> None:
    exhibits = re.split(r"\nExhibit A-\d+ ", page.text)[1:]
    of_calls = [text for text in exhibits if "as a whole" in text.splitlines()[1]]
    assert len(of_calls) == 7
    for text in of_calls:
        assert "All its connections, under each rule: auditor explain RUN --call " in text
        assert "The first connection in scope was read from" in text
        assert "Location evidence" not in text
    (violation,) = (text for text in of_calls if "VIOLATION" in text)
    assert "none of these can be in RU" in violation
    assert "Waiver: covered by W-call" in violation


def test_the_terminal_of_a_real_run(audited: Audited, golden: Compare) -> None:
    text = summary_text(audited.summary, audited.manifest, str(audited.directory))
    golden("summary-real.txt", text.replace(str(audited.directory), "RUN") + "\n")


def test_a_log_without_call_ids_that_lacks_a_role_is_told_and_never_none(tmp_path: Path) -> None:
    rule = next(rule for rule in RULES if rule["id"] == "keys-on-record")
    world = World([connection(None, "us", "media", "11.0.1.1")], [rule], waivers=())
    audited = world.audited(tmp_path)
    page = Page(render_html(audited.directory, audited.manifest))
    assert audited.summary.exit_code == 3
    assert "that none did could not be determined." in page.text
    assert "In 1 log the connections without a call ID have no record of the role meeting keys" in page.text
    (finding,) = page.tables["Table 5"][1:]
    assert finding[5:7] == ["connections without a call ID", "no single relay"]
    assert page.tables["Table 6"][1][1:3] == ["0", "0"]
    assert "No record of the role meeting keys among the connections of this log" in page.text
    text = summary_text(audited.summary, audited.manifest, str(audited.directory))
    assert "–  No record: meeting keys" in text  # noqa: RUF001  the dash of print


def test_a_requirement_alone_counts_calls_and_places_no_relay(tmp_path: Path) -> None:
    rule = next(rule for rule in RULES if rule["id"] == "ru-recording")
    world = World([connection("r", "ru", "recording", "11.0.2.1")], [rule], waivers=())
    audited = world.audited(tmp_path)
    page = Page(render_html(audited.directory, audited.manifest))
    (finding,) = pl.read_parquet(audited.directory / "findings.parquet")["finding_id"]
    assert f"lacked a relay that a rule requires: finding {finding}, on 1 March 2021." in page.text
    assert "No connection is outside the fence or not determined." in page.text
    assert "any country" not in page.text
