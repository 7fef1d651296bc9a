"""What the report says of the evidence of places, and of those on which sources disagree."""

import re
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.answers import DECLARED
from auditor.geo.candidates import PLACELESS, RELIED_ON, Answer, Level, combine
from auditor.geo.schemas import Opinion
from auditor.geo.weighing import said_of
from auditor.model import FINDING, LOCATION
from auditor.report.answers import LOW_CONFIDENCE, SET_ASIDE
from auditor.report.disagreement import LISTED_RELAYS, disagreement_counts, disagreements_in
from auditor.report.explain import explain_text, findings_with
from auditor.report.html import render_html
from auditor.report.source_ages import sources_of
from auditor.report.text import summary_text
from tests.report.conftest import Compare
from tests.report.maker import Recipe, Run
from tests.report.places import HOSTILE, TOO_FAR, placed
from tests.report.rows import Row, answer, aside, at, finding, location, sha
from tests.report.test_html import HOSTILE as HOSTILE_TEXTS
from tests.report.test_html import Page


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return placed().written_to(tmp_path_factory.mktemp("places"))


@pytest.fixture(scope="module")
def page(places: Run) -> Page:
    return Page(render_html(places.directory, places.manifest))


def _scrubbed(text: str) -> str:
    text = re.sub(r"(?:[0-9a-f]{4} ){15}[0-9a-f]{4}", "<sha-256>", text)
    return re.sub(r"(\.parquet / <sha-256> \| \d+ \| )[\d,]+", r"\1<bytes>", text)


def test_the_text_of_a_report_with_every_sort_of_evidence(page: Page, golden: Compare) -> None:
    golden("places-report.txt", _scrubbed(page.text))


def test_the_sentences_about_places(places: Run, golden: Compare) -> None:
    calls = ("call-100", "call-110", "call-200", "call-300", "call-400")
    rows = [findings_with(places.directory, call_id=call)[0] for call in calls]
    golden("places-explain.txt", explain_text(places.directory, places.manifest, rows) + "\n")


def test_the_terminal_tells_that_sources_disagree(places: Run, golden: Compare) -> None:
    text = summary_text(places.summary, places.manifest, str(places.directory))
    golden("places-summary.txt", text.replace(str(places.directory), "RUN") + "\n")


@pytest.mark.parametrize(
    ("country", "said"),
    [
        ("CN", "Sources contradict the operator’s own word on the place of 1 relay (section 10"),  # noqa: RUF001  the apostrophe of print
        ("DE", None),
    ],
)
def test_the_terminal_says_nothing_where_nothing_is_in_dispute(
    country: str, said: str | None, tmp_path: Path
) -> None:
    row = _relay([_inventory("DE"), _database(country)], reasons=["contested"] if said else ["agreed"])
    run = Recipe([finding(1)], locations=[row]).written_to(tmp_path)
    text = summary_text(run.summary, run.manifest, str(run.directory))
    assert ("Sources contradict" in text) is (said is not None)
    assert (said or "") in text


def test_the_terminal_tells_apart_who_is_contradicted(tmp_path: Path) -> None:
    makers = [_database("CN"), _database("HK", "DBIP")]
    rows = [_relay(makers, address="203.0.113.1", as_written=[]), _relay([_inventory("DE"), *makers])]
    for name, some, said in (
        ("others", rows[:1], "each other on the place of 1 relay (section 10 of the report)."),
        ("both", rows, "word on the place of 1 relay and each other on that of 1 relay"),
    ):
        (tmp_path / name).mkdir()
        run = Recipe([finding(1)], locations=some).written_to(tmp_path / name)
        assert said in summary_text(run.summary, run.manifest, str(run.directory)).replace("\n", " ")


def _inventory(country: str) -> Row:
    return answer(1, "inventory i.csv:2", country, "203.0.113.0/28", "2020-02-01", basis="contract")


def _database(country: str | None, source: str = "GeoIP2-Country", **values: object) -> Row:
    return answer(4, source, country, "203.0.113.0/24", "2020-04-07", **values)


def _declared(country: str) -> Row:
    return answer(4, DECLARED, country, None, None)


def _relay(answers: list[Row], **values: Any) -> Row:  # noqa: ANN401  any column
    return location(**({"answers": answers, "reasons": ["contested"]} | values))


GEOFEED = answer(5, "example geofeed", "CN", None, "2020-04-01")
CASES: list[tuple[str, list[Row], list[str], str | None]] = [
    ("the inventory and a database", [_inventory("DE"), _database("CN")], ["contested"], "operator"),
    ("the log and a database", [_declared("DE"), _database("CN")], ["contested"], "operator"),
    ("the inventory and a recording", [_inventory("DE"), answer(3, "ledger: x", "CN", None, None)],
     ["contested"], "operator"),
    ("the inventory and a cloud's list", [_inventory("DE"), answer(2, "AWS", "CN", None, None)],
     ["contested"], "operator"),
    ("the inventory and a geofeed", [_inventory("DE"), GEOFEED], ["geofeed"], "operator"),
    ("a database and a geofeed", [_database("DE"), GEOFEED], ["geofeed"], "others"),
    ("two databases", [_database("CN"), _database("HK", "DBIP")], ["contested"], "others"),
    ("two databases within a footprint", [_inventory("CN HK"), _database("CN"), _database("HK", "DBIP")],
     ["footprint"], None),
    ("two lines of the inventory", [_inventory("DE"), _inventory("CN")], ["contested"], "others"),
    ("one beyond a footprint", [_inventory("DE NL"), _database("CN")], ["contested"], "operator"),
    ("all agree", [_inventory("DE"), _database("DE")], ["agreed"], None),
    ("the database is too old", [_inventory("DE"), aside(_database("CN"), TOO_FAR)], ["single_source"], None),
    ("the operator decides alone", [_inventory("DE"), aside(_database("CN"), RELIED_ON)],
     ["single_source"], "operator"),
    ("the address is anycast", [_inventory("DE"), aside(_database("CN"), PLACELESS["anycast"])],
     ["single_source"], "operator"),
    ("too little confidence",
     [_inventory("DE"), aside(_database("CN"), f"{LOW_CONFIDENCE}55, the floor is 80")],
     ["single_source"], "operator"),
    ("a registration", [_inventory("DE"), aside(answer(None, "x", "CN", None, None), "the holder")],
     ["single_source"], None),
    ("no country at all", [_inventory("DE"), aside(_database("XX"), RELIED_ON)], ["single_source"], None),
    ("nothing was asked", [], ["no_source"], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "reasons", "group"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_a_conflict_with_the_operators_word_is_listed_apart(
    answers: list[Row], reasons: list[str], group: str | None
) -> None:
    found = disagreements_in(_locations([_relay(answers, reasons=reasons)]), _findings([]), {})
    counts = {"operator": found.of_operator.total, "others": found.of_others.total}
    assert counts == {name: int(name == group) for name in counts}
    assert disagreement_counts(_locations([_relay(answers, reasons=reasons)])) == (
        int(group is not None), int(group == "operator"),
    )  # fmt: skip


def _locations(rows: list[Row]) -> pl.LazyFrame:
    return pl.DataFrame(rows, schema=dict(LOCATION)).lazy()


def _findings(rows: list[Row]) -> pl.LazyFrame:
    return pl.DataFrame(rows, schema=dict(FINDING)).lazy()


SAID = st.builds(
    lambda level, source, country, counted: (
        answer(level, source, country, None, None, counted=counted)
        if counted
        else aside(answer(level, source, country, None, None), TOO_FAR)
    ),
    st.sampled_from([1, 2, 3, 4, 5, None]),
    st.sampled_from(["inventory i.csv:2", "a", "b", DECLARED]),
    st.sampled_from(["DE", "CN", "DE CN", "ZZ", None]),
    st.booleans(),
)


@given(
    st.lists(
        st.tuples(st.lists(SAID, max_size=4), st.sampled_from([["contested"], ["agreed"], []])), max_size=5
    )
)
def test_conflicts_are_those_that_a_reader_of_the_answers_finds(
    rows: list[tuple[list[Row], list[str]]],
) -> None:
    units = [
        _relay(answers, reasons=reasons, address=f"203.0.113.{number}", as_written=[])
        for number, (answers, reasons) in enumerate(rows)
    ]
    found = disagreements_in(_locations(units), _findings([]), {})

    def contradicted(answers: list[Row]) -> bool:
        said = [(each, set((each["country"] or "").split()) - {"ZZ"}) for each in answers if each["counted"]]
        own = {
            code for each, codes in said if each["level"] == 1 or each["source"] == DECLARED for code in codes
        }
        other = [codes for each, codes in said if each["level"] != 1 and each["source"] != DECLARED]
        return bool(own) and any(codes - own for codes in other)

    against = [contradicted(answers) for answers, _ in rows]
    contested = ["contested" in reasons for _, reasons in rows]
    assert found.of_operator.total == sum(against)
    assert found.of_others.total == sum(c and not a for c, a in zip(contested, against, strict=True))


def test_a_relay_in_several_roles_is_one_line_and_its_connections_add_up() -> None:
    answers = [_inventory("DE"), _database("CN")]
    rows = [_relay(answers, role=role, connections=count) for role, count in (("media", 5), ("keys", 7))]
    (line,) = disagreements_in(_locations(rows), _findings([]), {}).of_operator.rows
    assert (line.roles, line.connections) == (("meeting keys", "media"), 12)
    assert str(line.sentence) == (
        "Declared in Germany (DE) by the inventory, placed in China (CN) by GeoIP2-Country."
    )


APRIL = [at(f"2020-04-{day:02}") for day in (1, 5, 9, 13)]


@pytest.mark.parametrize(
    ("periods", "lines"),
    [
        ([(0, 1), (1, 2)], [(0, 2)]),
        ([(0, 1), (1, 2), (2, 3)], [(0, 3)]),
        ([(0, 1), (2, 3)], [(0, 1), (2, 3)]),
        ([(None, 0), (0, 1), (1, None)], [(None, None)]),
        ([(None, 0), (1, None)], [(1, None), (None, 0)]),
        ([(None, None)], [(None, None)]),
    ],
)
def test_periods_that_follow_each_other_and_say_the_same_are_one_line(
    periods: list[tuple[int | None, int | None]], lines: list[tuple[int | None, int | None]]
) -> None:
    def border(place: int | None) -> datetime | None:
        return None if place is None else APRIL[place]

    answers = [_inventory("DE"), _database("CN")]
    rows = [
        _relay(answers, role=role, period_from=border(start), period_until=border(end), connections=2)
        for start, end in periods
        for role in ("media", "keys")
    ]
    found = disagreements_in(_locations(rows[::-1]), _findings([]), {}).of_operator
    assert [(line.since, line.until) for line in found.rows] == [
        (border(start), border(end)) for start, end in lines
    ]
    assert found.connections == sum(line.connections for line in found.rows) == 4 * len(periods)
    other = _relay([_inventory("DE"), _database("US")], period_from=APRIL[0], period_until=APRIL[1])
    both = disagreements_in(_locations([*rows, other]), _findings([]), {}).of_operator
    assert (both.total, both.relays) == (len(lines) + 1, 1)


def test_those_behind_findings_of_never_rules_come_first_then_those_behind_others_then_by_connections() -> (
    None
):
    answers = [_inventory("DE"), _database("CN")]
    rows = [
        _relay(answers, address=f"203.0.113.{number}", as_written=[f"203.0.113.{number}"], connections=count,
               period_from=at("2020-04-01"), period_until=at("2020-05-01"))
        for number, count in ((1, 900), (2, 10), (3, 20), (4, 950))
    ]  # fmt: skip
    common = {"verdict": "indeterminate", "reasons": ["contested"]}
    found = [
        finding(1, relay_ip="203.0.113.2", **common),
        finding(2, "us-home-fence", relay_ip="203.0.113.2", **common),
        finding(3, "us-home-fence", relay_ip="203.0.113.3", **common),
        finding(4, relay_ip="203.0.113.4", started_at=at("2020-05-01"), **common),
        finding(5, "us-home-fence", relay_ip="203.0.113.4", verdict="excused"),
    ]
    effects = {"cn-exclusion": "never", "us-home-fence": "fence"}
    lines = disagreements_in(_locations(rows), _findings(found), effects).of_operator.rows
    assert [(line.relay, line.behind) for line in lines] == [
        ("203.0.113.2", ("1 finding under cn-exclusion", "1 finding under us-home-fence")),
        ("203.0.113.3", ("1 finding under us-home-fence",)),
        ("203.0.113.4", ()),
        ("203.0.113.1", ()),
    ]


def test_what_is_beyond_the_cap_is_counted(tmp_path: Path) -> None:
    rows = [
        _relay([_inventory("DE"), _database("CN")], address=f"10.0.0.{number}", as_written=[], connections=2)
        for number in range(LISTED_RELAYS + 7)
    ]
    group = disagreements_in(_locations(rows), _findings([]), {}).of_operator
    assert (len(group.rows), group.total, group.relays, group.left_out) == (50, 57, 57, 7)
    assert group.connections == 114
    run = Recipe([finding(1)], locations=rows).written_to(tmp_path)
    text = Page(render_html(run.directory, run.manifest)).text
    assert "contradicted (the first 50 of 57 lines): 57 relays, 114 connections." in text


def test_many_answers_of_one_relay_are_cut_and_counted() -> None:
    answers = [_inventory("DE"), *(_database("CN", f"maker-{number}") for number in range(20))]
    (line,) = disagreements_in(_locations([_relay(answers)]), _findings([]), {}).of_operator.rows
    assert (len(line.says), line.left_out) == (12, 9)
    assert line.says[0].declared


def test_a_report_about_no_call_tells_of_conflicts_in_a_sentence(tmp_path: Path) -> None:
    rows = [_relay([_inventory("DE"), _database("CN")]), location(site="x")]
    run = Recipe(locations=rows, audited=0, exit_code=4).written_to(tmp_path)
    text = Page(render_html(run.directory, run.manifest)).text
    assert "Sources disagree on the place of 1 relay; on 1 of them the operator’s own word" in text  # noqa: RUF001  the apostrophe of print
    assert "Table 9f" not in text


def test_a_report_on_which_sources_agree_has_no_table_of_conflicts(tmp_path: Path) -> None:
    run = Recipe([finding(1)], locations=[location()]).written_to(tmp_path)
    text = Page(render_html(run.directory, run.manifest)).text
    assert "Where sources disagree." not in text
    assert "Table 9f" not in text


def _answered(level: Level, code: str, **values: Any) -> Answer:  # noqa: ANN401  any field
    return Answer(f"source {level}", level, frozenset({code}), code, **values)


def test_the_words_for_what_was_set_aside_are_those_that_geo_writes() -> None:
    relied = combine([], [_answered(Level.ATTESTED, "DE", relied_on=True), _answered(Level.DATABASE, "CN")])
    assert relied.why_not == (None, RELIED_ON)
    for reason in PLACELESS:
        found = combine([reason], [_answered(Level.ATTESTED, "DE"), _answered(Level.DATABASE, "CN")])
        assert found.why_not[0] is None
        assert found.why_not[1] in SET_ASIDE
    said = said_of(Opinion.LOCATION, {"country": "CN", "confidence": 55}, 80)
    assert said.why_not is not None
    assert said.why_not.startswith(LOW_CONFIDENCE)


SOME = "; too far from some connections"
AGES = [
    ("2020-03-11", f"5 days before the first connection, 46 days before the last{SOME}"),
    ("2020-05-20", f"64 days after the first connection, 23 days after the last{SOME}"),
    ("2020-04-10", "24 days after the first connection, 16 days before the last"),
    (
        "2020-01-01",
        "75 days before the first connection, 116 days before the last; too far from every connection",
    ),
    ("2020-03-16", f"less than a day before the first connection, 41 days before the last{SOME}"),
]


@pytest.mark.parametrize(("built", "age"), AGES)
def test_the_age_of_a_database_is_told_against_the_time_of_the_logs(
    built: str, age: str, tmp_path: Path
) -> None:
    run = Recipe().written_to(tmp_path)
    database = run.manifest.databases[0].model_copy(update={"built_at": at(built)})
    manifest = run.manifest.model_copy(update={"databases": [database]})
    sources = sources_of(manifest, run.summary, _locations([]))
    assert sources.by_digest[database.sha256].age == age


def test_without_a_connection_no_age_is_told(tmp_path: Path) -> None:
    run = Recipe().written_to(tmp_path)
    totals = run.summary.totals.model_copy(update={"first_started_at": None, "last_started_at": None})
    sources = sources_of(run.manifest, run.summary.model_copy(update={"totals": totals}), _locations([]))
    assert [dated.age for dated in sources.by_digest.values()] == [""]


def test_what_a_source_counted_for_is_counted_once_a_relay_and_dated_by_its_periods(tmp_path: Path) -> None:
    said = {"sha256": sha("GeoIP2-Country")}
    rows = [
        location(answers=[_database("CN", **said), _database("CN", **said)], connections=12,
                 period_from=at("2020-04-01"), period_until=at("2020-04-10")),
        location(answers=[_database("CN", **said)], connections=3, role="keys",
                 period_from=at("2020-04-05"), period_until=at("2020-09-01")),
        location(answers=[aside(_database("CN", **said), TOO_FAR)], connections=99),
    ]  # fmt: skip
    run = Recipe([finding(1)], locations=rows).written_to(tmp_path)
    sources = sources_of(run.manifest, run.summary, _locations(rows))
    assert sources.by_digest[sha("GeoIP2-Country")].counted_for == "15 connections, 1 – 26 Apr 2020"  # noqa: RUF001  the dash of print


@pytest.mark.parametrize(
    ("recordings", "said"), [(28, "held 28 recordings, made from 20 March to 16 April"), (0, "no recording")]
)
def test_the_ledger_is_told_with_what_it_held(recordings: int, said: str, places: Run) -> None:
    ledger = places.manifest.ledger
    assert ledger is not None
    empty: dict[str, object] = {} if recordings else {"head": None, "first_observed_at": None}
    held = ledger.model_copy(update={"recordings": recordings, **empty})
    manifest = places.manifest.model_copy(update={"ledger": held})
    page = Page(render_html(places.directory, manifest))
    assert said in page.text
    assert ("The digest that ends it" in page.text) is bool(recordings)


def test_the_age_and_the_maker_of_every_source_stand_in_section_13(page: Page) -> None:
    databases = {row[0].split(".mmdb")[0]: row[1:] for row in page.tables["Table 12"][1:]}
    assert databases["geo/asn"][2] == "a hint only"
    assert databases["geo/anonymous"][2] == "participants only"
    assert databases["geo/old"][2] == "no relay"
    assert databases["geo/GeoIP2-City"][2].startswith("161 connections")
    assert "made by" in databases["geo/other"][0]
    lists = {row[0].split(".")[0]: row[1:] for row in page.tables["Table 12a"][1:]}
    assert lists["ranges/ip-ranges"][0] == "AWScloud ranges"
    assert lists["ranges/ip-ranges"][1] == "8,012"
    settings = {row[0]: row[1] for row in page.tables["Table 12b"][1:]}
    assert settings["Prefixes of translators (NAT64)"] == "2001:db8:64::/96"
    assert "decides alone" in settings["Operator’s word"]  # noqa: RUF001  the apostrophe of print
    assert [row[1] for row in page.tables["Table 11"][1:]] == ["inventory", "relay list"]


@pytest.mark.parametrize("text", HOSTILE_TEXTS[:6], ids=range(6))
def test_whatever_a_source_of_places_says_is_shown_as_text(text: str, tmp_path: Path, page: Page) -> None:
    said = {"city": text, "basis": text, "attested_by": text, "transfer_basis": text}
    hints = [f"{kind}:{text}" for kind in ("network", "registered", "region", "router", "flag", "represents")]
    rows = [
        location(site=text, name=text, reasons=["contested"], hints=[*hints, text],
                 answers=[_inventory("DE") | said | {"source": text},
                          _database("CN", text, **said, prefix=text),
                          aside(_database(text, text), text)])
    ]  # fmt: skip
    handed = {"list_entries": [f"{text}:7", text]}
    run = replace(
        placed(), locations=rows, findings=[finding(1, relay_site=text, relay_name=text, **handed)]
    ).written_to(tmp_path)
    shown = Page(render_html(run.directory, run.manifest))
    assert set(shown.tags) <= set(page.tags)
    assert not set("\0\u2028\u2029\u202e") & set(shown.source)
    assert shown.tags["script"] == 1


def test_hostile_names_reach_the_page_and_the_terminal_only_in_visible_form(page: Page, places: Run) -> None:
    assert "Evil[U+202E]" in page.text
    assert HOSTILE not in page.source
    text = explain_text(
        places.directory, places.manifest, findings_with(places.directory, call_id="call-200")
    )
    assert "Evil[U+202E]" in text
    assert not set("\0\u202e") & set(text)


def test_a_source_behind_no_finding_counts_no_violation_as_single(page: Page, tmp_path: Path) -> None:
    assert "on a single source of location" not in page.text
    for count, said in (
        (1, "1 finding that is a violation rests"),
        (2, "2 findings that are violations rest"),
    ):
        folder = tmp_path / str(count)
        folder.mkdir()
        run = Recipe([finding(number) for number in range(count)]).written_to(folder)
        assert f"{said} on a single source of location" in Page(render_html(run.directory, run.manifest)).text


def test_every_pair_of_reasons_and_levels_has_a_sentence() -> None:
    levels, reasons = [1, 2, 3, 4, 5, None], ["contested", "geofeed", "agreed", "single_source", "footprint"]
    for level, reason in product(levels, reasons):
        rows = [_relay([answer(level, "s", "CN", None, None), _database("US")], reasons=[reason])]
        found = disagreements_in(_locations(rows), _findings([]), {})
        for line in (*found.of_operator.rows, *found.of_others.rows):
            assert str(line.sentence).endswith(".")
            assert len(line.says) == 2
