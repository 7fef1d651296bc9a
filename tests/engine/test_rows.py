import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.rows import distinct

CELLS = st.one_of(st.none(), st.sampled_from(["a", "b"]))
ROWS = st.lists(st.tuples(CELLS, CELLS, st.integers(0, 3)), max_size=30)


@given(ROWS)
def test_every_row_finds_its_own_combination_again(rows: list[tuple[str | None, str | None, int]]) -> None:
    frame = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.String, "z": pl.Int64}, orient="row")
    found, index = distinct(frame, ("x", "y"))
    assert found[index].rows() == frame.select("x", "y").rows()
    assert len(set(found.rows())) == found.height


def test_combinations_come_in_the_order_of_the_rows() -> None:
    frame = pl.DataFrame({"x": ["b", None, "a", None], "y": [1, 1, 1, 1]})
    found, index = distinct(frame, ("x", "y"))
    assert found["x"].to_list() == ["b", None, "a"]
    assert index.to_list() == [0, 1, 2, 1]
