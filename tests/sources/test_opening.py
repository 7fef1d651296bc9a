import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.cells import Cells
from auditor.sources.mapping import Level, Mapping, load_mapping
from auditor.sources.objects import Wanted, cells_of
from auditor.sources.opening import opened

ODD = "odd"
NAMES = ("a", "b")
LEVELS = {
    "s": Level("s", "sessions"),
    "g": Level("g", 's.deep."seg.ments"'),
    "tag": Level("tag", "s.tags"),
    "t": Level("t", "g.tuples", ",", NAMES),
    "w": Level("w", "s.site", ";"),
    "x": Level("x", "extra.rows"),
    "y": Level("y", "x"),
}
CHAINS = (("s", "g"), ("s", "tag"), ("s", "g", "t"), ("s", "w"), ("x", "y"), ("x", "s"))
LEAVES = ("id", "extra.name", "s.id", "s.who", 's."n.n".v', "g.i", "tag", "t.a", "t.b", "w", "y")

MAPPING = """
schema: auditor/mapping@1
id: nested
title: t
input: {format: jsonl, null_values: ["-"]}
fields: {started_at: {from: id, time: epoch_s}, call_id: [id, extra.name]}
connections:
  - {each: {s: sessions, g: 's.deep."seg.ments"'}, labels: {a: s.id, b: s.who, c: 's."n.n".v', d: g.i}}
  - {each: {s: sessions, tag: s.tags}, labels: {a: tag}}
  - {each: {s: sessions, g: 's.deep."seg.ments"', t: {in: g.tuples, split: ",", names: [a, b]}},
     labels: {a: t.a, b: t.b}}
  - {each: {s: sessions, w: {in: s.site, split: ";"}}, labels: {a: w}}
  - {each: {x: extra.rows, y: x}, labels: {a: y}}
  - {each: {x: extra.rows, s: sessions}, labels: {a: s.id}}
"""


@pytest.fixture(scope="session")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    path = tmp_path_factory.mktemp("mapping") / "nested.yaml"
    path.write_text(MAPPING)
    return load_mapping(path)


SCALARS = st.sampled_from(
    [None, True, 7, 2**70, "", "-", "u", " v ", "[1]", "[x]", '{"a":1}', "a,b", "a,b,c", "x;;y", "é"]
)
KEYS = (
    "id",
    "who",
    "n.n",
    "v",
    "deep",
    "seg.ments",
    "tuples",
    "tags",
    "site",
    "rows",
    "i",
    "sessions",
    "name",
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=6,
)


def rarely(odd: st.SearchStrategy[Any], usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda number: odd if number == 7 else usual)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    named = {name.replace("__", "."): rarely(ANYTHING, values) for name, values in fields.items()}
    return rarely(st.fixed_dictionaries({}, optional=named), st.fixed_dictionaries(named))


def lists(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return rarely(st.just([]), st.lists(elements, min_size=1, max_size=2))


SEGMENTS = objects(i=SCALARS, tuples=rarely(SCALARS, lists(SCALARS)))
SESSIONS = objects(
    id=SCALARS,
    who=SCALARS,
    n__n=objects(v=SCALARS),
    deep=objects(seg__ments=lists(rarely(SCALARS, SEGMENTS))),
    tags=lists(SCALARS),
    site=SCALARS,
)
DOCUMENTS = objects(
    id=SCALARS,
    sessions=lists(rarely(SCALARS, SESSIONS)),
    extra=objects(name=SCALARS, rows=lists(lists(SCALARS))),
)


@dataclass(frozen=True)
class Row:
    """A row of the reference: what each alias stands for in it."""

    origin: int
    elements: dict[str, Any]
    unopened: bool


class Barred(Exception):  # noqa: N818  it is how the reference says that there is no way
    pass


def is_nothing(it: object) -> bool:
    return it is None or (isinstance(it, str) and it.strip() in ("", "-"))


def descend(it: Any, path: str) -> Any:  # noqa: ANN401
    names = path.replace('"seg.ments"', "seg_ments").replace('"n.n"', "n_n").split(".") if path else []
    for name in names:
        if is_nothing(it):
            return None
        if not isinstance(it, dict):
            raise Barred
        it = it.get({"seg_ments": "seg.ments", "n_n": "n.n"}.get(name, name))
    return it


def at(row: Row, document: Any, path: str) -> Any:  # noqa: ANN401
    alias, _, rest = path.partition(".")
    return descend(row.elements[alias], rest) if alias in row.elements else descend(document, path)


def elements_of(it: Any, level: Level) -> list[Any]:  # noqa: ANN401
    """List the elements of what stands at a level's path. Raises Barred if it holds none."""
    if is_nothing(it):
        return []
    if level.names:
        return it if isinstance(it, list) else [it]
    if level.split:
        if isinstance(it, list | dict):
            raise Barred
        return [part for part in text_of(it).split(level.split) if part.strip()]
    if not isinstance(it, list):
        raise Barred
    return it


def text_of(it: object) -> str:
    return it if isinstance(it, str) else json.dumps(it)


def needs_object(alias: str) -> bool:
    return alias in ("s", "g")


def opened_slowly(documents: Sequence[Any], levels: Sequence[Level], *, keep_empty: bool) -> list[Row]:
    rows = [Row(number, {}, unopened=False) for number in range(len(documents))]
    for level in levels:
        rows = [one for row in rows for one in _opened_row(row, documents[row.origin], level, keep_empty)]
    return rows


def _opened_row(row: Row, document: Any, level: Level, keep_empty: bool) -> Iterator[Row]:  # noqa: ANN401, FBT001
    try:
        elements = elements_of(at(row, document, level.path), level)
    except Barred:
        yield Row(row.origin, {**row.elements, level.alias: None}, unopened=True)
        return
    for element in elements:
        unopened = row.unopened or (
            needs_object(level.alias) and not (isinstance(element, dict) or is_nothing(element))
        )
        it = element
        if level.names:
            nested = isinstance(element, list | dict)
            parts = [] if nested or is_nothing(element) else text_of(element).split(level.split or "")
            unopened = row.unopened or nested or len(parts) > len(level.names)
            it = dict(zip(level.names, parts, strict=False))
        yield Row(row.origin, {**row.elements, level.alias: it}, unopened)
    if (keep_empty or row.unopened) and not elements:
        yield Row(row.origin, {**row.elements, level.alias: None}, row.unopened)


def seen_slowly(row: Row, document: Any, path: str) -> str | None:  # noqa: ANN401
    try:
        it = at(row, document, path)
    except Barred:
        return ODD
    if isinstance(it, list | dict):
        return ODD
    return None if is_nothing(it) else text_of(it)


def seen(cells: Cells, path: str) -> list[str | None]:
    if path not in cells.columns.columns:
        return [None] * cells.height
    odd = cells.not_scalar.get(path)
    return [
        ODD if odd is not None and odd[row] else value
        for row, value in enumerate(cells.columns[path].to_list())
    ]


@given(st.lists(DOCUMENTS, max_size=3), st.sampled_from(CHAINS), st.booleans())
def test_fast_and_slow_opening_agree(
    mapping: Mapping,
    documents: list[Any],
    chain: tuple[str, ...],
    keep_empty: bool,  # noqa: FBT001  hypothesis gives it
) -> None:
    levels = [LEVELS[alias] for alias in chain]
    lines = pl.Series([json.dumps(document) for document in documents], dtype=pl.String)
    cells, bad = cells_of(
        lines, b"".join(line.encode() + b"\n" for line in lines), Wanted(mapping), frozenset()
    )
    assert not bad.any()
    origin, found = opened(cells, levels, keep_empty=keep_empty)
    expected = opened_slowly(documents, levels, keep_empty=keep_empty)
    assert origin.to_list() == [row.origin for row in expected]
    unopened = found.unopened.to_list() if found.unopened is not None else [False] * found.height
    assert unopened == [row.unopened for row in expected]
    for path in LEAVES:
        alias = path.partition(".")[0]
        if alias in chain or alias not in LEVELS:
            slow = [seen_slowly(row, documents[row.origin], path) for row in expected]
            readable = [not row.unopened for row in expected]
            fast = seen(found, path)
            assert [one for one, ok in zip(fast, readable, strict=True) if ok] == [
                one for one, ok in zip(slow, readable, strict=True) if ok
            ], path
