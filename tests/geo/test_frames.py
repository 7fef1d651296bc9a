import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.frames import Known, intern, places_among
from auditor.model import Schema

SCHEMA: Schema = {"text": pl.String, "number": pl.Int32}
ROWS = st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, 0, 1])))


def framed(rows: list[tuple[str | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(ROWS)
def test_distinct_rows_by_their_numbers_are_the_frame_again(
    rows: list[tuple[str | None, int | None]],
) -> None:
    index, distinct = intern(framed(rows))
    assert distinct[index].rows() == rows
    assert len(set(distinct.rows())) == distinct.height


@given(ROWS, ROWS)
def test_each_row_finds_its_like_or_nothing(
    rows: list[tuple[str | None, int | None]], known: list[tuple[str | None, int | None]]
) -> None:
    distinct = list(dict.fromkeys(known))
    places = places_among(framed(rows), framed(distinct))
    assert places.to_list() == [distinct.index(row) if row in distinct else None for row in rows]


@given(st.lists(ROWS))
def test_known_rows_keep_their_numbers_and_new_ones_get_the_next(
    batches: list[list[tuple[str | None, int | None]]],
) -> None:
    known = Known(SCHEMA)
    seen: list[tuple[str | None, int | None]] = []
    for rows in batches:
        before = len(seen)
        seen += [row for row in dict.fromkeys(rows) if row not in seen]
        numbers, new = known.numbers_of(framed(rows))
        assert numbers.to_list() == [seen.index(row) for row in rows]
        assert new.rows() == seen[before:]
        assert known.count == len(seen)
