"""Words that sentences about rules are made of."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from auditor.ruleset.groups import BEGINNING
from auditor.ruleset.wording.phrases import (
    at_least_words,
    counted,
    instant_words,
    number_words,
    stretch_words,
)

NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NEW_YEAR, "1 January 2020"),
        (NEW_YEAR - timedelta(hours=1), "31 December 2019, 23:00 UTC"),
        (NEW_YEAR + timedelta(seconds=5), "1 January 2020, 00:00:05 UTC"),
        (NEW_YEAR + timedelta(microseconds=7), "1 January 2020, 00:00:00.000007 UTC"),
        (datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "31 December 2019, 23:00 UTC"),
    ],
)
def test_an_instant_is_as_short_as_it_may_be(at: datetime, words: str) -> None:
    assert instant_words(at) == words


def test_a_stretch_may_be_open_on_either_side() -> None:
    assert stretch_words(BEGINNING, None) == "at any time"
    assert stretch_words(BEGINNING, NEW_YEAR) == "before 1 January 2020"
    assert stretch_words(NEW_YEAR, None) == "from 1 January 2020"
    assert stretch_words(NEW_YEAR, NEW_YEAR + timedelta(days=1)) == "from 1 January 2020 until 2 January 2020"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([1], "1"),
        ([2], "2 to 4"),
        ([5], "5 or more"),
        ([1, 2], "1 to 4"),
        ([2, 5], "2 or more"),
        ([1, 5], "1 or 5 or more"),
    ],
)
def test_classes_of_a_number_are_ranges(chosen: list[int], words: str) -> None:
    assert at_least_words((1, 2, 5), chosen) == words


@pytest.mark.parametrize(
    ("number", "words"), [("30", "30"), ("0.50", "0.5"), ("1E+2", "100"), ("0.000001", "0.000001")]
)
def test_a_number_is_exact_and_plain(number: str, words: str) -> None:
    assert number_words(Decimal(number)) == words


def test_one_is_singular() -> None:
    assert (counted(1, "minute"), counted(Decimal("0.5"), "minute")) == ("1 minute", "0.5 minutes")
