"""Which connections each record has: the entries of the mapping that are of it, opened to their elements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from auditor.sources.cells import Cells
from auditor.sources.circumstances import Circumstances
from auditor.sources.ends import Flow, flows_of
from auditor.sources.mapping import Level, Mapping, Part
from auditor.sources.opening import opened
from auditor.sources.parts import PartRead, read_part


@dataclass(frozen=True, slots=True)
class Use:
    """What was read for one entry of the mapping: `rows` has the record of each of its rows, by position.

    `foreign` are the records that it looked at and that are of no relay of ours.
    """

    part: Part
    rows: pl.Series
    read: PartRead
    foreign: pl.Series


def uses_of(cells: Cells, mapping: Mapping, told: Circumstances) -> list[Use]:
    """Read every entry of the mapping, in order."""
    known: dict[tuple[Level, ...], tuple[pl.Series, Cells]] = {}
    uses: list[Use] = []
    for part in mapping.parts:
        if part.each not in known:
            known[part.each] = _elements(cells, part.each)
        uses.extend(_uses(part, *known[part.each], mapping, told))
    return uses


def foreign_rows(uses: Sequence[Use]) -> pl.Series:
    """List the records of no relay of ours."""
    rows = [use.foreign for use in uses if len(use.foreign)]
    return pl.concat(rows).unique() if rows else pl.Series(dtype=pl.get_index_type())


def _elements(cells: Cells, each: tuple[Level, ...]) -> tuple[pl.Series, Cells]:
    if each:
        return opened(cells, each, keep_empty=False)
    return pl.int_range(cells.height, dtype=pl.get_index_type(), eager=True), cells


def _uses(part: Part, rows: pl.Series, cells: Cells, mapping: Mapping, told: Circumstances) -> Iterator[Use]:
    if part.when is not None:
        holds = part.when.holds(cells)
        rows, cells = rows.filter(holds), cells.filtered(holds)
    if not part.relay_among:
        yield Use(part, rows, read_part(part, cells, mapping), rows.clear())
        return
    flow = flows_of(part, cells, mapping, told)
    yield _of_flow(part, rows, flow, mapping)


def _of_flow(part: Part, rows: pl.Series, flow: Flow, mapping: Mapping) -> Use:
    told = replace(part, columns={**part.columns, **flow.columns})
    read = read_part(told, flow.cells, mapping)
    read.columns["use_proved"] &= flow.proved
    read.hints.extend(flow.hints)
    return Use(part, rows.gather(flow.rows), read, rows.gather(flow.foreign))
