"""What a ledger says near a call is what a plain reading of its recordings says."""

import itertools
import pickle
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import GeoError
from auditor.geo.ledger.book import LedgerBook, LedgerSaid
from auditor.geo.ledger.chain import name_of
from auditor.geo.ledger.ledger import Ledger, open_ledger
from auditor.geo.schemas import Opinion, Said
from tests.geo.ledger.making import BEGUN, DAY, LATER, SHA256, answer, forge, record_at, record_days

Recordings = Sequence[tuple[datetime, Sequence[dict[str, Any]]]]
MAX_AGE = 3 * DAY
FLOOR = 80
TICK = timedelta(microseconds=1)
ADDRESSES = ("1.1.1.1", "2a00::1")


def said_of(
    book: LedgerBook, at: datetime, *addresses: str | None, max_age: timedelta = MAX_AGE
) -> list[tuple[LedgerSaid, ...] | None]:
    index, answers = book.said(
        pl.Series(addresses, dtype=pl.String), [at], pl.Series([0] * len(addresses), dtype=pl.Int32), max_age
    )
    return [None if number is None else answers[number] for number in index]


def book_of(folder: Path, recordings: Recordings) -> LedgerBook:
    return LedgerBook(open_ledger(str(forge(folder, recordings)), LATER), FLOOR)


def plainly(recordings: Recordings, address: str, at: datetime) -> set[tuple[Any, ...]]:
    """Read row by row what every maker last said at an instant, and what it said next."""
    rows = [
        (observed_at, row)
        for observed_at, answers in recordings
        for row in answers
        if row["address"] == address
    ]
    told = set()
    for opinion, maker in {(row["opinion"], row["maker"]) for _, row in rows}:
        own = [(when, row) for when, row in rows if (row["opinion"], row["maker"]) == (opinion, maker)]
        last = max((when for when, _ in own if when <= at), default=None)
        following = min((when for when, _ in own if when > at), default=None)
        for when, row in own:
            if when in (last, following):
                near = abs(at - when) <= MAX_AGE and abs(when - row["build"]) <= MAX_AGE
                told.add((opinion, maker, when, row["source_sha256"], *plain_outcome(row, near=near)))
    return told


def plain_outcome(row: dict[str, Any], *, near: bool) -> tuple[str | None, str | None]:
    """Give the country as shown, and the reason why it does not count."""
    if row["prefix"] is None:
        shown, reason = None, "no_record"
    elif row["anycast"]:
        shown, reason = row["country"], "anycast"
    elif row["country"] is None:
        shown, reason = None, "continent_only" if row["continent"] else "no_country"
    elif row["country"] == "EU":
        shown, reason = "EU", "not_a_country"
    elif (row["confidence"] is not None or "Enterprise" in row["source"]) and (
        row["confidence"] or 0
    ) < FLOOR:
        shown, reason = row["country"], "low_confidence"
    else:
        shown, reason = row["country"], None
    return shown, reason if near else "stale_location"


def outcomes(said: Iterable[LedgerSaid] | None) -> list[tuple[Any, ...]]:
    return [
        (one.opinion, one.maker, one.observed_at, one.sha256, one.said.country, one.said.reason)
        for one in said or ()
    ]


ROWS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "prefix": st.sampled_from(["1.0.0.0/8", "2a00::/16"]),
        "opinion": st.sampled_from(["location", "registration"]),
        "source": st.sampled_from(["GeoIP2-Country", "GeoIP2-Enterprise"]),
        "maker": st.sampled_from(["MaxMind", "another"]),
        "source_sha256": st.sampled_from([SHA256, SHA256[::-1]]),
        "age": st.integers(-1, 5),
        "country": st.sampled_from(["DE", "CN", "EU", None]),
        "continent": st.sampled_from(["EU", None]),
        "anycast": st.booleans(),
        "confidence": st.sampled_from([None, 0, 79, 80, 100]),
    }
)
NOTHING = {"prefix": None, "country": None, "continent": None, "anycast": False, "confidence": None}


@st.composite
def recordings(draw: st.DrawFn) -> Recordings:
    days = draw(st.lists(st.integers(0, 12), unique=True, min_size=1, max_size=4).map(sorted))
    return [(BEGUN + day * DAY, draw(answers_at(BEGUN + day * DAY))) for day in days]


@st.composite
def answers_at(draw: st.DrawFn, observed_at: datetime) -> list[dict[str, Any]]:
    key = ("address", "opinion", "source_sha256")
    rows = draw(
        st.lists(ROWS, min_size=1, max_size=5, unique_by=lambda row: tuple(row[name] for name in key))
    )
    silent = draw(st.lists(st.booleans(), min_size=5, max_size=5))
    return [
        {**row, "build": observed_at - row["age"] * DAY, **(NOTHING if unknown else {})}
        for row, unknown in zip(rows, silent, strict=False)
    ]


@settings(max_examples=40)
@given(data=st.data(), made=recordings())
def test_the_ledger_says_what_a_plain_reading_of_it_says(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, made: Recordings
) -> None:
    plain = [(when, [{k: v for k, v in row.items() if k != "age"} for row in rows]) for when, rows in made]
    book = book_of(tmp_path_factory.mktemp("made") / "ledger", plain)
    cuts = sorted({*book.ledger.cuts(MAX_AGE)})
    instants = data.draw(st.lists(st.sampled_from(cuts), min_size=1, max_size=4))
    instants = [at + data.draw(st.sampled_from([-TICK, timedelta(0), TICK])) for at in instants]
    asked = list(itertools.product([*ADDRESSES, None, "9.9.9.9"], range(len(instants))))
    index, answers = book.said(
        pl.Series([address for address, _ in asked], dtype=pl.String),
        instants,
        pl.Series([number for _, number in asked], dtype=pl.Int32),
        MAX_AGE,
    )
    assert index.len() == len(asked)
    for (address, number), told in zip(asked, index, strict=True):
        if address is None:
            assert told is None
            continue
        found = outcomes(answers[told])
        assert set(found) == plainly(plain, address, instants[number])
        assert len(found) == len(set(found))


@settings(max_examples=25)
@given(made=recordings(), data=st.data())
def test_what_it_says_changes_only_at_its_cuts(
    tmp_path_factory: pytest.TempPathFactory, made: Recordings, data: st.DataObject
) -> None:
    plain = [(when, [{k: v for k, v in row.items() if k != "age"} for row in rows]) for when, rows in made]
    book = book_of(tmp_path_factory.mktemp("made") / "ledger", plain)
    cuts = [BEGUN - 99 * DAY, *sorted({*book.ledger.cuts(MAX_AGE)}), BEGUN + 99 * DAY]
    place = data.draw(st.integers(0, len(cuts) - 2))
    begin, end = cuts[place], cuts[place + 1] - TICK
    within = begin + data.draw(st.floats(0, 1)) * (end - begin)
    assert said_of(book, begin, *ADDRESSES) == said_of(book, end, *ADDRESSES)
    assert said_of(book, begin, *ADDRESSES) == said_of(book, within, *ADDRESSES)


def test_before_and_after_both_count_and_each_is_told_whole(tmp_path: Path) -> None:
    book = book_of(
        tmp_path / "ledger",
        [
            (BEGUN, [answer(country="DE", city="Frankfurt am Main", registered="US")]),
            (
                BEGUN + 2 * DAY,
                [answer(country="CN", source="GeoIP2-City", vendor="Somebody", maker="Somebody")],
            ),
        ],
    )
    first, second = said_of(book, BEGUN + DAY, "1.1.1.1")[0] or ()
    assert first == LedgerSaid(
        opinion=Opinion.LOCATION,
        source="GeoIP2-Country",
        maker="MaxMind",
        vendor=None,
        sha256=SHA256,
        built_at=BEGUN - DAY,
        observed_at=BEGUN,
        prefix="1.1.0.0/16",
        said=Said("DE", hints=("registered:US",), city="Frankfurt am Main"),
    )
    assert (second.vendor, second.said) == ("Somebody", Said("CN"))


def test_a_recording_too_far_from_the_call_is_told_as_stale(tmp_path: Path) -> None:
    book = book_of(tmp_path / "ledger", [(BEGUN, [answer(build=BEGUN - 3 * DAY)])])
    for at in (BEGUN - MAX_AGE, BEGUN, BEGUN + MAX_AGE):
        assert [one.said for one in said_of(book, at, "1.1.1.1")[0] or ()] == [Said("DE")]
    for at in (BEGUN - MAX_AGE - TICK, BEGUN + MAX_AGE + TICK):
        (said,) = (one.said for one in said_of(book, at, "1.1.1.1")[0] or ())
        assert said.reason == "stale_location"
        assert said.why_not == "it was recorded more than 3 days from the call"
        assert said.hints == ("stale:DE:>3d",)


def test_an_edition_that_was_old_when_it_was_recorded_is_told_as_stale(tmp_path: Path) -> None:
    book = book_of(tmp_path / "ledger", [(BEGUN, [answer(build=BEGUN - MAX_AGE - TICK)])])
    (said,) = (one.said for one in said_of(book, BEGUN, "1.1.1.1")[0] or ())
    assert (said.reason, said.why_not) == (
        "stale_location",
        "its edition was built more than 3 days from the recording",
    )


def test_an_address_that_was_never_recorded_has_no_answer(tmp_path: Path) -> None:
    book = book_of(tmp_path / "ledger", [(BEGUN, [answer()])])
    assert said_of(book, BEGUN, "1.1.1.2", None, "1.1.1.1")[:2] == [(), None]
    empty = LedgerBook(Ledger(str(tmp_path), (), None))
    assert said_of(empty, BEGUN, "1.1.1.1", None) == [(), None]


def test_any_max_age_holds(tmp_path: Path) -> None:
    book = book_of(tmp_path / "ledger", [(BEGUN, [answer(build=BEGUN)])])
    ever = timedelta(days=9999 * 366)
    assert [one.said for one in said_of(book, LATER, "1.1.1.1", max_age=ever)[0] or ()] == [Said("DE")]
    assert list(book.ledger.cuts(ever)) == [BEGUN]
    assert said_of(book, BEGUN, "1.1.1.1", max_age=timedelta(0))[0] is not None


def test_a_file_that_was_replaced_since_it_was_opened_is_not_read(tmp_path: Path) -> None:
    folder = record_days(tmp_path / "ledger", 2)
    ledger = open_ledger(str(folder), LATER)
    assert list(ledger.changes()) == []
    record_at(folder, BEGUN + 5 * DAY)
    assert list(ledger.changes()) == []
    (folder / name_of(BEGUN)).write_bytes((folder / name_of(BEGUN + DAY)).read_bytes())
    (folder / name_of(BEGUN + DAY)).unlink()
    assert len(list(ledger.changes())) == 2
    with pytest.raises(GeoError, match="is not the file"):
        LedgerBook(ledger)


def test_a_ledger_can_travel(tmp_path: Path) -> None:
    ledger = open_ledger(str(record_days(tmp_path / "ledger", 2)), LATER)
    assert pickle.loads(pickle.dumps(ledger)) == ledger  # noqa: S301  our own
