"""The page as a reader, a browser and an adversary meet it."""

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.evidence.manifest import OutputFile, RunFacts
from auditor.report.html import render_html
from auditor.report.write import write_report
from tests.report.conftest import Compare
from tests.report.maker import Recipe, Run
from tests.report.rows import answer, at, finding, location, reject, rule, waiver, whole_call
from tests.report.story import spring

VOID = {"meta", "br"}
BETWEEN = {"dd": ": ", "span": " ", "a": " ", "br": " / ", "small": ", ", "li": " - "}
BETWEEN |= dict.fromkeys(("td", "th"), " | ") | dict.fromkeys(("dt", "p", "h3", "tr"), "\n")


class Page(HTMLParser):
    """The page as parsed: tags in order, ids, targets, the cells of each table, the text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.stack: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.words: list[str] = []
        self.feed(source)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.extend((tag, name, value) for name, value in attrs)
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "table":
            self.rows: list[list[str]] = []
            self.caption = ""
        elif tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")
        self.words.append(BETWEEN.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag
        if tag == "table":
            self.tables[self.caption.split(".")[0]] = self.rows

    def handle_data(self, data: str) -> None:
        if {"style", "script", "title"} & set(self.stack):
            return
        self.words.append(data)
        if "caption" in self.stack:
            self.caption += data
        elif {"td", "th"} & set(self.stack):
            self.rows[-1][-1] += data

    def values(self, name: str) -> list[str]:
        return [value or "" for _, key, value in self.attributes if key == name]

    @property
    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.words).splitlines())
        return "\n".join(line for line in lines if line) + "\n"


@pytest.fixture(scope="module")
def page(run: Run) -> Page:
    return Page(render_html(run.directory, run.manifest))


def _number(cell: str) -> int:
    return int(cell.replace(",", "")) if cell != "·" else 0


def test_the_page_is_well_formed_and_every_link_has_a_target(page: Page) -> None:
    ids = page.values("id")
    assert Counter(ids).most_common(1)[0][1] == 1
    assert {target.removeprefix("#") for target in page.values("href")} <= set(ids)


def test_the_page_has_no_script_no_style_attribute_and_no_handler(page: Page) -> None:
    assert page.tags["script"] == 1
    assert ("script", "type", "application/json") in page.attributes
    assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]
    assert not page.values("src")
    assert not re.search(r"url\((?!data:)", page.source)


def test_the_policy_allows_this_style_sheet_and_nothing_else(page: Page) -> None:
    style = re.search(r"<style>(.*?)</style>", page.source, re.DOTALL)
    assert style
    digest = b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    policy = next(
        value for _, name, value in page.attributes if name == "content" and value and "default-src" in value
    )
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_only_two_values_are_printed_without_escaping() -> None:
    folder = Path(__file__).parents[2] / "auditor" / "report" / "templates"
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("*.j2")]
    assert sum(source.count("|safe") for source in sources) == 2
    assert not any(word in source for source in sources for word in ("autoescape", "Markup"))


def test_the_digest_is_that_of_the_block(page: Page) -> None:
    block = re.search(r'id="report-data">(.*?)</script>', page.source, re.DOTALL)
    assert block
    data = json.loads(block.group(1))
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest in page.text.replace(" ", "")
    assert digest[:16] in page.source.split("</style>")[0]


def test_the_sums_of_the_tables_are_those_of_the_summary(page: Page, run: Run) -> None:
    overall, totals = run.summary.overall, run.summary.totals
    for name in ("Table 4", "Table 4a"):
        body = [[_number(cell) for cell in row[1:]] for row in page.tables[name][1:]]
        *lines, total = body
        assert [sum(column) for column in zip(*lines, strict=True)] == total
        assert total[-2] == sum(total[:-2]) == overall.connections.proved
        assert total[-2] + total[-1] == overall.connections.possible
    for row in page.tables["Table 9"][1:]:
        *verdicts, connections = map(_number, row[1:])
        assert sum(verdicts) == connections == totals.connections
    *parts, records = (_number(row[1]) for row in page.tables["Table 9a"][1:])
    assert sum(parts) == records == totals.records
    assert sum(_number(row[2]) for row in page.tables["Table 9b"][1:]) == totals.rejects
    assert len(page.tables["Table 5"]) - 1 == sum(rule.findings for rule in run.summary.rules)


def test_incidents_over_the_same_connections_share_a_row(page: Page) -> None:
    first = page.tables["Table 2"][1]
    assert re.fullmatch(r"cn-exclusionI-\S+also us-home-fenceI-\S+", first[1])
    assert len(page.tables["Table 2"]) - 1 == 8


def test_watch_rules_are_noted_and_never_in_the_bounds(page: Page) -> None:
    assert page.tables["Table 9d"][1][0].startswith("greater-china-watch")
    for name in ("Table 1", "Table 9"):
        assert not [row for row in page.tables[name] if row[0].startswith("greater-china-watch")]


def test_the_text_of_a_whole_report(page: Page, golden: Compare) -> None:
    scrubbed = re.sub(r"(?:[0-9a-f]{4} ){15}[0-9a-f]{4}", "<sha-256>", page.text)
    golden("report.txt", re.sub(r"(\.parquet / <sha-256> \| \d+ \| )[\d,]+", r"\1<bytes>", scrubbed))


def test_the_same_run_gives_the_same_bytes_whatever_the_run_itself_was_like(run: Run) -> None:
    later = RunFacts(
        command=["auditor", "audit", "--out", "elsewhere"],
        working_directory="elsewhere",
        started_at=at("2031-01-01"),
        finished_at=at("2031-01-02"),
        platform="another",
        python="3.13",
    )
    written = OutputFile(name="report.html", rows=None, bytes=1, sha256="0" * 64)
    again = run.manifest.model_copy(update={"run": later, "outputs": [*run.manifest.outputs, written]})
    assert render_html(run.directory, run.manifest) == render_html(run.directory, again)


def test_what_is_in_the_logs_is_not_said_to_be_judged(page: Page, tmp_path: Path) -> None:
    assert "Connections judged" not in page.text
    assert "Connections in the logs: 21,204, 37 fell under no rule; 8 records could not be read" in page.text
    run = Recipe(rejects=[reject(1)]).written_to(tmp_path)
    text = Page(render_html(run.directory, run.manifest)).text
    assert "5,000, each fell under a rule; 1 record could not be read" in text


def test_a_relay_on_which_sources_disagree_twice_is_told_apart_by_role_and_time(tmp_path: Path) -> None:
    said = [answer(4, "GeoIP2-Country", "CN", None, "2020-04-07"), answer(4, "DBIP", "US", None, None)]
    contested: dict[str, Any] = {"reasons": ["contested"], "answers": said}
    rows = [
        location(**contested),
        location(**contested, role="keys", period_from=at("2020-04-01"), connections=3),
    ]
    run = Recipe([finding(1)], locations=rows).written_to(tmp_path)
    lines = Page(render_html(run.directory, run.manifest)).tables["Table 9g"][1:]
    relay = "203.0.113.9site TJ-1"
    assert [line[0] for line in lines] == [
        f"{relay}mediaat any time", f"{relay}meeting keysfrom 1 Apr 2020, 00:00:00",
    ]  # fmt: skip


def test_a_synthetic_run_says_so_on_the_cover_and_on_every_printed_page(tmp_path: Path) -> None:
    run = replace(spring(), settings={"documentation_is_public": True}).written_to(tmp_path)
    source = render_html(run.directory, run.manifest)
    assert "Synthetic sample: no evidence" in Page(source).text
    assert '@top-right { content: "Synthetic\\000020sample\\00003a' in source


def test_a_run_on_real_databases_carries_no_notice(page: Page) -> None:
    assert "Synthetic" not in page.text


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{7*7}}{% raw %}",
    "line\u2028separator",
    "\u202egnp.exe",
    "nul\0inside",
    "javascript:alert(1)",
    '=HYPERLINK("https://x")',
    "x" * 100_000,
    "\u202e\u202d\u2066\u2069 \u0639\u0631\u0628\u064a",
)
LOGGED = (
    "call_id", "session_id", "account_id", "home_region", "participant_id", "relay_ip", "relay_name",
    "relay_site", "relay_network", "client_ip", "participant_country_declared", "relay_country_declared",
    "selection_reason", "source_file",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_log_holds_is_shown_as_text(text: str, tmp_path: Path, page: Page) -> None:
    named = dict.fromkeys(LOGGED, text)
    run = Recipe(
        [finding(number, **named) for number in range(3)],
        locations=[
            location(
                address=text, as_written=[text], site=text, name=text, reasons=["contested"], hints=[text]
            )
        ],
        rejects=[reject(1, source_file=text, excerpt=text)],
        record=text,
    ).written_to(tmp_path)
    shown = Page(render_html(run.directory, run.manifest))
    assert set(shown.tags) <= set(page.tags) | {"pre"}
    assert not set("\0\u2028\u2029\u202e\u202d\u2066\u2069") & set(shown.source)
    assert "49" not in shown.tables["Table 2"][1][2]
    start = text[:3] if text.isprintable() else ""
    assert start in shown.tables["Table 2"][1][2]
    assert len(shown.source) < 500_000


@pytest.mark.parametrize("text", HOSTILE[:6], ids=range(6))
def test_whatever_a_path_or_a_database_says_is_shown_as_text(text: str, run: Run, page: Page) -> None:
    inputs = [run.manifest.inputs[0].model_copy(update={"path": text, "mapping": text})]
    databases = [
        run.manifest.databases[0].model_copy(update={"path": text, "description": text, "licence_note": text})
    ]
    manifest = run.manifest.model_copy(update={"inputs": inputs, "databases": databases})
    shown = Page(render_html(run.directory, manifest))
    assert set(shown.tags) == set(page.tags)
    assert not set("\0\u2028\u2029\u202e") & set(shown.source)
    assert shown.tags["script"] == 1


@pytest.mark.parametrize("text", HOSTILE[:6], ids=range(6))
def test_whatever_a_waiver_says_is_shown_as_text(text: str, tmp_path: Path, page: Page) -> None:
    said = dict.fromkeys(("reason", "ticket", "requested_by", "approved_by"), text)
    run = Recipe(
        [finding(1, "us-home-fence", waiver_id="W-1")],
        waivers=(waiver("W-1", **said), waiver("W-2", "void", **said)),
    ).written_to(tmp_path)
    shown = Page(render_html(run.directory, run.manifest))
    assert set(shown.tags) <= set(page.tags)
    assert not set("\0\u2028\u2029\u202e") & set(shown.source)
    assert len(shown.tables["Table 7a"]) == 3


def test_no_decision_on_a_waiver_is_offered_where_none_is_possible(tmp_path: Path) -> None:
    findings = [finding(1), finding(2, "us-home-fence"), finding(3, "us-home-fence", verdict="excused")]
    run = Recipe(findings).written_to(tmp_path)
    rows = Page(render_html(run.directory, run.manifest)).tables["Table 5"][1:]
    assert ["W" in row[-1] for row in rows] == [False, True, False]


def test_an_incident_of_connections_and_of_whole_calls_says_both(tmp_path: Path) -> None:
    nowhere = {"relay_site": None, "relay_network": None, "relay_ip": None, "relay_countries": None}
    findings = [finding(1, "ru-recording", **nowhere), whole_call(2, "ru-recording")]
    rules = (rule("ru-recording", effect="require"),)
    run = Recipe(findings, rules=rules).written_to(tmp_path)
    (row,) = Page(render_html(run.directory, run.manifest)).tables["Table 2"][1:]
    assert row[2] == "any country1 finding of a whole call"


def test_findings_beyond_the_cap_cost_no_more_page(tmp_path: Path) -> None:
    sizes = []
    for index, count in enumerate((520, 5_200)):
        folder = tmp_path / str(index)
        folder.mkdir()
        run = Recipe(
            [finding(number, started_at=at("2020-04-02")) for number in range(count)], audited=9_000
        ).written_to(folder)
        source = render_html(run.directory, run.manifest)
        assert len(Page(source).tables["Table 5"]) == 501
        sizes.append(len(source))
    assert max(sizes) < 1_000_000
    assert max(sizes) - min(sizes) < 2_000


def test_waived_and_excused_findings_are_listed_beyond_the_cap_of_the_register(tmp_path: Path) -> None:
    findings = [
        *(finding(number, "us-home-fence", waiver_id="W-1") for number in range(30)),
        *(finding(100 + number, "us-home-fence", verdict="excused", reasons=[]) for number in range(1_005)),
    ]
    run = Recipe(findings, settings={"max_listed": 5}).written_to(tmp_path)
    page = Page(render_html(run.directory, run.manifest))
    assert len(page.tables["Table 5"]) - 1 == 5
    assert len(page.tables["Table 7b"]) - 1 == 30
    assert len(page.tables["Table 7c"]) - 1 == 1_000
    assert "The first 1,000 of 1,005; 5 more are in findings.parquet." in page.text


def test_every_incident_is_in_the_register_before_any_has_two(tmp_path: Path) -> None:
    findings = [finding(number, relay_site=f"S-{number % 30}") for number in range(300)]
    run = Recipe(findings, settings={"max_listed": 40}).written_to(tmp_path)
    rows = Page(render_html(run.directory, run.manifest)).tables["Table 5"][1:]
    incidents = Counter(re.search(r"Incident (\d+)", row[1]).group(1) for row in rows)  # type: ignore[union-attr]  # each has one
    assert len(rows) == 40
    assert sorted(incidents.values()) == [1] * 20 + [2] * 10


def test_the_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    run = spring().written_to(tmp_path)
    path = write_report(run.directory, run.manifest)
    assert path.read_text(encoding="utf-8") == render_html(run.directory, run.manifest)
    whole = path.read_bytes()
    (tmp_path / "incidents.parquet").write_bytes(b"")
    with pytest.raises(pl.exceptions.ComputeError):
        write_report(run.directory, run.manifest)
    assert path.read_bytes() == whole
    assert not list(tmp_path.glob("*.partial"))
