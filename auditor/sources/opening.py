"""Arrays and packed texts within records, opened: a row per element. Design: FORMATS.md, section 3.2.

A column that can be opened has lists, of scalars or of structs that are flat: a field for each path into the
element, as the mapping spells it (`callee."@odata.type"`), be it a scalar or an array to open in its turn.
ITSELF is the field of the element itself, where it is no object; NOT_SCALAR lists the other fields in which
something stands that is not what they are for, and ITSELF where that is so of the element.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from auditor.sources.cells import Cells
from auditor.sources.mapping import Level
from auditor.sources.reading import constant

ITSELF = ""
NOT_SCALAR = "$not_scalar"
_OPENED = pl.List(pl.Struct({"$opened": pl.Boolean}))
"""What is left of an array once it is open: whether there was one. Its elements are not carried along."""


def opened(cells: Cells, levels: Sequence[Level], *, keep_empty: bool) -> tuple[pl.Series, Cells]:
    """Open arrays, one level after the other: give the origin of each row, and the cells of the rows.

    Beside the columns that were there, each leaf of an element has a column `alias.leaf`, and an element that
    is itself a value a column `alias`. With `keep_empty` what has no element stays as one row with nulls,
    else it gives none. Where something stands that cannot be opened, or could not be, one row stays either
    way, and is marked in `Cells.unopened`.
    """
    rows = pl.int_range(cells.height, dtype=pl.get_index_type(), eager=True)
    for level in levels:
        origin, cells = _opened(cells, level, keep_empty=keep_empty)
        rows = rows.gather(origin)
    return rows, cells


def _opened(cells: Cells, level: Level, *, keep_empty: bool) -> tuple[pl.Series, Cells]:
    lists, barred = _lists_of(cells, level)
    frame = pl.DataFrame({"barred": barred, "element": lists}).with_row_index("row")
    if not keep_empty:
        marked = pl.lit(value=False) if cells.unopened is None else pl.lit(cells.unopened)
        frame = frame.filter(pl.col("barred") | marked | (pl.col("element").list.len() > 0))
    frame = frame.explode("element", empty_as_null=True, keep_nulls=True)
    leaves = _leaves_of(frame["element"], level)
    read = Cells.of(pl.DataFrame(leaves.columns), cells.null_values, {}).columns
    parents = replace(cells, columns=cells.columns.with_columns(_emptied(cells.columns, level.path)))
    around = parents.gathered(frame["row"], **{column.name: column for column in read.iter_columns()})
    masks = [around.unopened, frame["barred"], leaves.unopened]
    return frame["row"], replace(
        around, not_scalar={**around.not_scalar, **leaves.not_scalar}, unopened=_any_of(masks)
    )


def _lists_of(cells: Cells, level: Level) -> tuple[pl.Series, pl.Series]:
    """Give the elements of each row as lists, and a mask of the rows in which something else stands."""
    none = constant(None, cells.height, pl.String).cast(pl.List(pl.String))
    nowhere = constant(False, cells.height, pl.Boolean)  # noqa: FBT003  a value
    barred = cells.not_scalar.get(level.path, nowhere)
    if level.path not in cells.columns.columns:
        return none, barred
    column = cells.columns[level.path]
    if column.dtype == _OPENED:
        raise AssertionError(f"`{level.path}` is open already")
    lists = _listed(column, level)
    if lists is None:
        return none, barred | column.is_not_null()
    if barred.any():
        lists = lists.to_frame("lists").select(pl.when(~pl.lit(barred)).then("lists")).to_series()
    return lists, barred


def _listed(column: pl.Series, level: Level) -> pl.Series | None:
    """Make lists of what stands in a column, or None if it is of a type that holds no elements."""
    frame, it = column.to_frame("it"), pl.col("it")
    if isinstance(column.dtype, pl.Array):
        return _listed(column.arr.to_list(), level)
    if level.split is None or isinstance(column.dtype, pl.List):
        return column if isinstance(column.dtype, pl.List) else None
    if column.dtype != pl.String:
        return None
    if level.names:
        return frame.select(pl.when(it.is_not_null()).then(pl.concat_list(it))).to_series()
    parts = pl.element().filter(pl.element().str.strip_chars() != "")
    return frame.select(it.str.split(level.split).list.eval(parts)).to_series()


def _emptied(columns: pl.DataFrame, path: str) -> list[pl.Series]:
    if path not in columns.columns or not columns.schema[path].is_nested():
        return []
    there = columns[path].is_not_null()
    empty = pl.Series([[]], dtype=_OPENED)
    marker = there.to_frame("there").select(pl.when("there").then(pl.lit(empty)))
    return [marker.to_series().alias(path)]


def _any_of(masks: Sequence[pl.Series | None]) -> pl.Series | None:
    """Tell where any of some masks is true; None if it is so nowhere."""
    found = [mask for mask in masks if mask is not None and mask.any()]
    if not found:
        return None
    frame = pl.DataFrame({str(number): mask for number, mask in enumerate(found)})
    return frame.select(pl.any_horizontal(pl.all())).to_series()


@dataclass(frozen=True, slots=True)
class _Leaves:
    """The columns of elements, a row each, and the masks that belong to them."""

    columns: dict[str, pl.Series]
    not_scalar: dict[str, pl.Series] = field(default_factory=dict)
    unopened: pl.Series | None = None


def _leaves_of(elements: pl.Series, level: Level) -> _Leaves:
    if not isinstance(elements.dtype, pl.Struct):
        leaves = _Leaves({level.alias: elements})
    else:
        fields = {name: elements.struct.field(name) for name in elements.struct.fields}
        leaves = _named(level.alias, fields, fields.pop(NOT_SCALAR, None))
    return _parted(leaves, level) if level.names else leaves


def _named(alias: str, fields: dict[str, pl.Series], noted: pl.Series | None) -> _Leaves:
    """Call the fields of elements by their alias, and lay out what is noted of them as masks."""
    names = {name: f"{alias}.{name}" if name else alias for name in fields}
    columns = {names[name]: column for name, column in fields.items()}
    if noted is None or not noted.count():
        return _Leaves(columns)
    masks = {name: noted.list.contains(name).fill_null(value=False) for name in (*names, ITSELF)}
    not_scalar = {names[name]: mask for name, mask in masks.items() if name in names and mask.any()}
    return _Leaves(columns, not_scalar, None if ITSELF in names else masks[ITSELF])


def _parted(leaves: _Leaves, level: Level) -> _Leaves:
    """Part texts into named values: what is missing at the end is null, and too many are no element."""
    texts = leaves.columns[level.alias].cast(pl.String, strict=False)
    parts = texts.str.split(level.split or "")
    columns = {
        f"{level.alias}.{name}": parts.list.get(number, null_on_oob=True)
        for number, name in enumerate(level.names)
    }
    too_many = (parts.list.len() > len(level.names)).fill_null(value=False)
    return _Leaves(columns, unopened=_any_of([too_many, leaves.not_scalar.get(level.alias), leaves.unopened]))
