# ruff: noqa: RUF001  dates stand with the dashes of print
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.countries import COUNTRIES
from auditor.engine.judging import DOUBT_WORDS
from auditor.engine.undetermined import MARKED, MARKS
from auditor.model import BadValue, Subject
from auditor.report.catalogue import REJECTS
from auditor.report.numerals import days_between, instant, megabytes, one_decimal, percent
from auditor.report.phrase import Logged, fill, visible
from auditor.report.places import countries_text, country_name, region_name
from auditor.report.reasons import REASONS, is_mark, reason_of
from auditor.ruleset.verdicts import LimitKind
from auditor.ruleset.wholecall import CALL_PLACE_OPEN, CALL_SCOPE_OPEN, NONE_INSIDE


@pytest.mark.parametrize(
    ("part", "of", "text"),
    [
        (0, 10, "0 %"), (10, 10, "100 %"), (0, 0, "0 %"), (1, 3, "33.3 %"), (92, 6004, "1.5 %"),
        (1486, 2184530, "0.068 %"), (1, 10**9, "less than 0.001 %"), (99_999, 100_000, "more than 99.9 %"),
    ],
)  # fmt: skip
def test_a_share_never_rounds_a_doubt_away(part: int, of: int, text: str) -> None:
    assert percent(part, of).replace("\xa0", " ") == text


@given(st.integers(1, 10**12), st.data())
def test_only_nothing_is_no_percent_and_only_all_is_a_hundred(of: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, of))
    text = percent(part, of).replace("\xa0", " ")
    assert (text == "0 %") is (part == 0)
    assert (text == "100 %") is (part == of)
    assert text not in {"0.000 %", "100.0 %"}


def test_what_is_little_is_not_nothing() -> None:
    assert [one_decimal(0), one_decimal(0.01), one_decimal(1234.56)] == ["0.0", "< 0.1", "1,234.6"]
    assert megabytes(1) == "< 0.1"


@given(st.text(max_size=300))
def test_shown_text_has_nothing_hidden(text: str) -> None:
    shown = visible(text)
    assert not {unicodedata.category(character) for character in shown} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_plain_text_is_shown_unchanged(text: str) -> None:
    assert visible(text) == text


def test_text_that_is_cut_says_how_long_it_was() -> None:
    assert visible("a" * 1_000, 5) == "aaaaa… [cut: 1,000 characters in all]"


def test_a_value_with_braces_is_no_template() -> None:
    assert str(fill("{a} and {b}", a=Logged("{b}"), b="x")) == "{b} and x"


@pytest.mark.parametrize(
    ("first", "last", "text", "short"),
    [
        ("2020-03-16", "2020-03-16", "16 March 2020", "16 Mar 2020"),
        ("2020-03-16", "2020-03-18", "16 to 18 March 2020", "16 – 18 Mar 2020"),
        ("2020-03-16", "2020-04-26", "16 March to 26 April 2020", "16 Mar – 26 Apr 2020"),
        ("2019-12-31", "2020-01-01", "31 December 2019 to 1 January 2020", "31 Dec 2019 – 1 Jan 2020"),
    ],
)
def test_a_stretch_of_days_says_nothing_twice(first: str, last: str, text: str, short: str) -> None:
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, last))
    assert days_between(begin, end) == text
    assert days_between(begin, end, short=True) == short


def test_another_zone_is_turned_into_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert instant(datetime(2020, 4, 2, 3, 0, tzinfo=tokyo)) == "1 April 2020, 18:00:00 UTC"


def test_every_country_has_a_name() -> None:
    assert all(country_name(code) != code for code in COUNTRIES)
    assert [country_name(code) for code in ("HK", "MO", "TW", "CN")] == [
        "Hong Kong SAR",
        "Macao SAR",
        "Taiwan",
        "China",
    ]


@pytest.mark.parametrize(
    ("codes", "text"),
    [
        (None, "any country"),
        (["CN"], "China"),
        (["CN", "SG"], "China or Singapore"),
        (["CN", "SG", "US"], "China, Singapore or United States"),
    ],
)
def test_a_candidate_set_is_printed_in_full(codes: list[str] | None, text: str) -> None:
    assert countries_text(codes) == text


def test_a_large_candidate_set_names_each_code() -> None:
    codes = sorted(COUNTRIES)[:13]
    assert all(code in countries_text(codes) for code in codes)


def test_a_region_of_the_operator_keeps_its_name() -> None:
    assert [region_name(name) for name in (None, "EU", "US", "APAC\u202e")] == [
        "not known", "European Union", "United States", "APAC[U+202E]",
    ]  # fmt: skip


def test_an_unknown_reason_is_shown_as_it_is_and_never_lost() -> None:
    assert reason_of("a_new_reason").text == "a_new_reason"
    assert reason_of("not_observed:keys").text == "No record of the role meeting keys in the call"
    assert reason_of("participant:no_record").brief == "Participant: in no source"
    assert all(reason.brief and reason.text and reason.settled_by for reason in REASONS.values())


def test_every_word_that_the_engine_writes_for_a_doubt_has_a_sentence() -> None:
    words = {*DOUBT_WORDS.values(), "call_unknown", NONE_INSIDE, CALL_SCOPE_OPEN, CALL_PLACE_OPEN}
    assert not words - set(REASONS)
    assert not {word for word in (*words, *MARKS) if reason_of(word).brief == word}
    assert {word for word in words if is_mark(word)} == set()


@pytest.mark.parametrize("kind", LimitKind)
def test_every_limit_has_words_and_says_what_would_settle_it(kind: LimitKind) -> None:
    still_open, over = reason_of(f"limit_open:x:{kind}"), reason_of(f"over_limit:x:{kind}")
    assert str(kind) not in f"{still_open.brief}{still_open.text}{over.brief}{over.text}"
    assert "exception x" in still_open.text
    assert "exception x" in over.text
    assert still_open.settled_by != reason_of("no such reason").settled_by


def test_what_tells_of_a_verdict_is_no_doubt() -> None:
    marks = [*MARKS, *(f"{beginning}x" for beginning in MARKED), "agreed", "single_source", "declared_only"]
    assert all(is_mark(mark) for mark in marks)
    assert not any(
        is_mark(doubt) for doubt in ("limit_open:x:minutes_per_call", "not_observed:keys", "none_inside")
    )


def test_a_limit_that_nobody_knows_is_shown_as_it_is() -> None:
    assert reason_of("over_limit:x:new_limit").text == "over_limit:x:new_limit"
    assert reason_of("limit_open:x").text == "limit_open:x"


def test_every_reason_for_a_reject_has_words() -> None:
    assert set(REJECTS) == set(BadValue)


def test_every_word_for_a_doubt_or_a_mark_is_in_the_docs() -> None:
    docs = Path("docs/run-directory.md").read_text(encoding="utf-8")
    words = {*DOUBT_WORDS.values(), *MARKS, "call_unknown", NONE_INSIDE, CALL_SCOPE_OPEN, CALL_PLACE_OPEN}
    assert not {word for word in words if f"`{word}`" not in docs}
    assert all(f"`{beginning}<" in docs for beginning in (*MARKED, "limit_open:", "not_observed:"))
    assert all(f"| `{subject}` |" in docs for subject in Subject)
