"""What the report and the terminal say of sites and host names that nothing places."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.model import LOCATION
from auditor.report.html import render_html
from auditor.report.phrase import visible
from auditor.report.text import summary_text
from auditor.report.unplaced import LISTED_STRINGS, unplaced_in
from tests.report.conftest import Compare
from tests.report.maker import Recipe, Run
from tests.report.rows import Row, finding, location
from tests.report.test_html import HOSTILE, Page

UNKNOWN_SITE: dict[str, Any] = {
    "relay_ip": None,
    "relay_countries": None,
    "relay_network": None,
    "verdict": "indeterminate",
    "reasons": ["unknown_site"],
}


def _unplaced(**values: Any) -> Row:  # noqa: ANN401  any column
    """Describe a relay without an address, by what the log has in its place."""
    row: Row = {"address": None, "as_written": [], "site": None, "kind": "absent", "network": None}
    row |= {"candidates": None, "key": "*", "answers": []}
    reasons = [
        *(["hostname_only"] if values.get("name") or values.get("kind") == "host_name" else []),
        *(["unknown_site"] if values.get("site") else []),
    ]
    return location(**(row | {"reasons": reasons} | values))


FRANKFURT = {"site": "FRA-9", "name": "turn9.example.net"}
SEEN = [
    _unplaced(site="United States (SC Top)", connections=1_200),
    _unplaced(site="United States (SC Top)", role="keys", connections=34),
    _unplaced(name="turn8.example.net", connections=7),
    _unplaced(**FRANKFURT, connections=40),
    _unplaced(kind="host_name", as_written=["turn7.example.net"], connections=8),
    _unplaced(name="no name!", connections=2),
    _unplaced(site="Berlin  (Top)", connections=1),
    _unplaced(site="berlin (Top)", connections=1),
    location(site="TJ-1", connections=9_999),
    _unplaced(site="at an address", address="10.0.0.1", kind="private", reasons=["private_relay"]),
    _unplaced(reasons=["no_relay_address"], connections=9_999),
]


def _locations(rows: list[Row]) -> pl.LazyFrame:
    return pl.DataFrame(rows, schema=dict(LOCATION)).lazy()


def _run(directory: Path, locations: list[Row], *, in_doubt: bool = True) -> Run:
    doubt = UNKNOWN_SITE if in_doubt else {}
    return Recipe([finding(number, **doubt) for number in range(3)], locations=locations).written_to(
        directory
    )


def _summary(run: Run) -> str:
    text = summary_text(run.summary, run.manifest, str(run.directory))
    return text.replace(str(run.directory), "RUN")


def test_strings_are_listed_as_written_by_the_connections_of_all_their_roles() -> None:
    found = unplaced_in(_locations(SEEN))
    assert [(row.text, row.beside, row.kind, row.connections, row.drafted) for row in found.rows] == [
        ("United States (SC Top)", None, "site", 1_234, True),
        ("FRA-9", "turn9.example.net", "site and host name", 40, True),
        ("turn7.example.net", None, "host name, given as an address", 8, False),
        ("turn8.example.net", None, "host name", 7, True),
        ("no name!", None, "given as a host name, but none", 2, False),
        ("Berlin  (Top)", None, "site", 1, True),
        ("berlin (Top)", None, "site", 1, True),
    ]
    assert (found.total, found.left_out) == (7, 0)


def test_the_order_of_the_rows_changes_nothing() -> None:
    assert unplaced_in(_locations(SEEN)) == unplaced_in(_locations(SEEN[::-1]))


def test_a_relay_that_is_placed_or_has_no_name_needs_no_line() -> None:
    assert unplaced_in(_locations(SEEN[-3:])).total == 0
    assert unplaced_in(_locations([])).total == 0


def test_section_7_names_what_needs_a_place(tmp_path: Path, golden: Compare) -> None:
    run = _run(tmp_path, SEEN)
    text = Page(render_html(run.directory, run.manifest)).text
    section = text[text.index("Table 6.") :]
    golden("unplaced-report.txt", section[: section.index("8Excused and waived")])


def test_the_terminal_names_the_first_three(tmp_path: Path, golden: Compare) -> None:
    golden("unplaced-summary.txt", _summary(_run(tmp_path, SEEN)) + "\n")


@pytest.mark.parametrize(
    ("locations", "in_doubt"),
    [(SEEN[-3:], True), (SEEN, False)],
    ids=["all is placed", "all is determined"],
)
def test_nothing_is_said_where_nothing_needs_a_place(
    locations: list[Row], *, in_doubt: bool, tmp_path: Path
) -> None:
    run = _run(tmp_path, locations, in_doubt=in_doubt)
    page = Page(render_html(run.directory, run.manifest))
    assert "Table 6a" not in page.text
    assert ("Table 6" in page.tables) is in_doubt
    assert "nothing places" not in _summary(run)


def test_what_is_beyond_the_cap_is_counted(tmp_path: Path) -> None:
    rows = [_unplaced(site=f"site {number}", connections=1_000 - number) for number in range(LISTED_STRINGS)]
    for more, said in (1, "1 more is in"), (2, "2 more are in"):
        (tmp_path / str(more)).mkdir()
        extra = [_unplaced(site=f"rare {number}", connections=1) for number in range(more)]
        run = _run(tmp_path / str(more), [*extra, *rows])
        page = Page(render_html(run.directory, run.manifest))
        assert f"(the first 50 of {50 + more}; {said} locations.parquet)" in page.text
        assert [row[0] for row in page.tables["Table 6a"][1:]] == [f"site {n}" for n in range(50)]
        assert f"\n  and {47 + more} more, in section 7 of the report\n" in _summary(run)


def test_the_command_is_not_named_for_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "instead").mkdir()
    instead = _run(
        tmp_path / "instead", [_unplaced(kind="host_name", as_written=["turn7.example.net"], connections=8)]
    )
    assert "  8  turn7.example.net\n\n" in _summary(instead)
    assert "has no line there" in Page(render_html(instead.directory, instead.manifest)).text
    (tmp_path / "a site").mkdir()
    site = _run(tmp_path / "a site", SEEN[:1])
    text = summary_text(site.summary, site.manifest, str(site.directory))
    assert f"  lines to be filled in: auditor inventory new '{site.directory}'\n" in text
    assert "has no line there" not in Page(render_html(site.directory, site.manifest)).text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_log_has_for_a_site_or_a_name_is_shown_as_text(text: str, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = _run(tmp_path / "plain", [_unplaced(site="a", name="b"), _unplaced(name="c")])
    hostile = _run(tmp_path, [_unplaced(site=text, name=text), _unplaced(name=text)])
    page = Page(render_html(hostile.directory, hostile.manifest))
    assert page.tags == Page(render_html(plain.directory, plain.manifest)).tags
    assert not set("\0\u2028\u2029\u202e") & set(page.source)
    assert visible(text)[:12] in page.text
    said = _summary(hostile)
    assert not set("\0\u2028\u2029\u202e") & set(said)
    assert visible(text)[:12] in said
    assert max(map(len, said.splitlines())) < 250
