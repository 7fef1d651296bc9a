"""Cells gathered into rows: each cell is in one row, with what it bears."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from auditor.ruleset.tables.gathering import Axes, Row, Values, gather, gather_tightly

Labels = dict[Values, str]


@st.composite
def _tables(draw: st.DrawFn) -> tuple[Axes, Labels]:
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    axes: Axes = {f"axis {place}": tuple(range(size)) for place, size in enumerate(sizes)}
    labels = {values: draw(st.sampled_from("ab")) for values in product(*axes.values())}
    return axes, labels


def _rows_of(values: Values, axes: Axes, rows: list[Row[str]]) -> list[str]:
    cell = dict(zip(axes, values, strict=True))
    return [row.label for row in rows if all(cell[name] in chosen for name, chosen in row.where)]


@given(_tables())
def test_each_cell_is_in_one_row_with_its_label(table: tuple[Axes, Labels]) -> None:
    axes, labels = table
    for rows in (gather(axes, labels), gather_tightly(axes, labels)):
        assert {values: _rows_of(values, axes, rows) for values in labels} == {
            values: [label] for values, label in labels.items()
        }


@given(_tables())
def test_another_order_may_give_fewer_rows_and_never_more(table: tuple[Axes, Labels]) -> None:
    axes, labels = table
    assert len(gather_tightly(axes, labels)) <= len(gather(axes, labels))


def test_what_does_not_matter_is_not_named() -> None:
    axes: Axes = {"colour": ("red", "blue"), "size": (1, 2, 3)}
    labels = {values: "big" if values[1] == 3 else "small" for values in product(*axes.values())}
    (small, big) = gather(axes, labels)
    assert (small.where, small.label) == ((("size", (1, 2)),), "small")
    assert (big.values("size"), big.values("colour")) == ((3,), None)


def test_the_order_that_tells_most_comes_first() -> None:
    axes: Axes = {"tier": ("p", "f"), "failed": (0, 2)}
    labels: Labels = {("p", 0): "no", ("p", 2): "yes", ("f", 0): "no", ("f", 2): "maybe"}
    assert [row.where for row in gather_tightly(axes, labels)] == [
        (("failed", (0,)),),
        (("failed", (2,)), ("tier", ("p",))),
        (("failed", (2,)), ("tier", ("f",))),
    ]


def test_of_many_coordinates_one_order_is_tried() -> None:
    axes: Axes = {f"axis {place}": (False, True) for place in range(7)}
    labels = {values: "odd" if sum(map(bool, values)) % 2 else "even" for values in product(*axes.values())}
    assert gather_tightly(axes, labels) == gather(axes, labels)
