"""Connections outside the fence, by place and by time: each counted once, however many rules it concerns.

What rules say of whole calls is in no place, and is not counted here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import polars as pl

from auditor.model import Subject
from auditor.report.numerals import day, month, year
from auditor.report.places import country_name, region_name

_CONNECTION = ("source_file", "record", "part")
_MOST_REGIONS = 20
_MOST_PLACES = 6
_MOST_PERIODS = 62
_SHADES = 5
_AT_ONCE = 1_000_000

_SEVERAL = "several"
_OTHER = "other"
"""The places beyond the cap; a place is a code of two letters."""
_NAMED, _UNNAMED = "named ", "others"
"""How keys of home regions begin, and the key of those beyond the cap: a log may name a region anything."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time that one line stands for."""

    name: str
    every: str
    label: Callable[[date], str]


_PERIODS = (
    Period("day", "1d", partial(day, short=True)),
    Period("month", "1mo", month),
    Period("year", "1y", year),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table of counts: a label, a count for each column, proved and not determined in all."""

    label: str
    counts: tuple[int, ...]
    proved: int
    undetermined: int


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of connections with totals that add up; `shades` are log steps 0 to 5, one for each count."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    total: Line
    shades: tuple[tuple[int, ...], ...]
    period: str = ""

    def __post_init__(self) -> None:
        for line in (*self.lines, self.total):
            if sum(line.counts) != line.proved:
                raise AssertionError(f"{line.label}: {sum(line.counts):,} placed, {line.proved:,} proved")


def tallies_of(findings: pl.LazyFrame, *, at_once: int = _AT_ONCE) -> tuple[Table, Table]:
    """Count connections by home region and relay country, and by day and relay country.

    About `at_once` findings are held in memory at a time.
    """
    counts = _cells(findings, at_once)
    regions, days = (
        counts.group_by(by, "place", "proved").agg(pl.col("count").sum()) for by in ("region", "day")
    )
    places = _places(regions)
    return _matrix(regions, places), _timeline(days, places)


def _cells(findings: pl.LazyFrame, at_once: int) -> pl.DataFrame:
    """Count connections by all that the tables show, slice by slice: those of a record share a slice."""
    affected = findings.filter(
        pl.col("verdict").is_in(["violation", "indeterminate"]) & (pl.col("subject") == Subject.CONNECTION)
    )
    slices = -(-affected.select(pl.len()).collect(engine="streaming").item() // at_once) or 1
    cell = ("region", "day", "place", "proved")
    counts = [
        _connections(affected.filter(pl.col("record") % slices == each))
        .group_by(cell)
        .len("count")
        .collect(engine="streaming")
        for each in range(slices)
    ]
    return pl.concat(counts).group_by(cell).agg(pl.col("count").sum())


def _connections(affected: pl.LazyFrame) -> pl.LazyFrame:
    """Reduce findings to distinct connections; one is proved if any rule proves it outside."""
    codes = pl.col("relay_countries")
    place = pl.when(codes.list.len() == 1).then(codes.list.first()).otherwise(pl.lit(_SEVERAL))
    return (
        affected.select(
            *_CONNECTION,
            region="home_region",
            day=pl.col("started_at").dt.date(),
            place=place,
            proved=pl.col("verdict") == "violation",
        )
        .group_by(_CONNECTION)
        .agg(pl.col("region", "day", "place").first(), pl.col("proved").any())
    )


def _places(regions: pl.DataFrame) -> list[str]:
    """Order the places with proved connections by how many they have; those beyond the cap fall together."""
    counts = regions.filter("proved").group_by("place").agg(pl.col("count").sum())
    ordered = counts.sort("count", "place", descending=[True, False])["place"].to_list()
    return [place for place in ordered if place != _SEVERAL][:_MOST_PLACES]


def _headings(counts: pl.DataFrame, places: Sequence[str]) -> tuple[list[str], list[str]]:
    """Name the columns: the shown places, then what is wholly outside in several countries, then the rest."""
    proved = set(counts.filter("proved")["place"].to_list())
    keys = [*places]
    names = [country_name(place) for place in places]
    if _SEVERAL in proved:
        keys.append(_SEVERAL)
        names.append("More than one country")
    if proved - {*places, _SEVERAL}:
        keys.append(_OTHER)
        names.append("Other countries")
    return keys, names


def _matrix(regions: pl.DataFrame, places: Sequence[str]) -> Table:
    totals = regions.group_by("region").agg(pl.col("count").sum())
    known = totals.filter(pl.col("region").is_not_null()).sort("count", "region", descending=[True, False])
    shown = known["region"].head(_MOST_REGIONS).to_list()
    region = pl.col("region")
    folded = regions.with_columns(
        region=pl.when(region.is_in(shown))
        .then(_NAMED + region)
        .when(region.is_not_null())
        .then(pl.lit(_UNNAMED))
    )
    labels: list[tuple[str | None, str]] = [(f"{_NAMED}{name}", region_name(name)) for name in shown]
    if known.height > len(shown):
        labels.append((_UNNAMED, f"{known.height - len(shown)} other regions"))
    labels.append((None, "not known"))
    return _table(folded.rename({"region": "key"}), labels, places)


def _timeline(days: pl.DataFrame, places: Sequence[str]) -> Table:
    """Count by day; by month or year where there are too many days to read."""
    period = next((each for each in _PERIODS[:-1] if _periods_in(days, each) <= _MOST_PERIODS), _PERIODS[-1])
    folded = days.with_columns(key=pl.col("day").dt.truncate(period.every))
    keys: list[date] = folded["key"].unique().sort().to_list()
    return _table(folded, [(key, period.label(key)) for key in keys], places, period=period.name)


def _periods_in(days: pl.DataFrame, period: Period) -> int:
    return days["day"].dt.truncate(period.every).n_unique()


def _table(
    counts: pl.DataFrame, labels: Iterable[tuple[object, str]], places: Sequence[str], period: str = ""
) -> Table:
    keys, names = _headings(counts, places)
    shown = {*places, _SEVERAL}
    cells: dict[tuple[object, str], int] = {}
    undetermined: dict[object, int] = {}
    for key, place, proved, count in counts.select("key", "place", "proved", "count").iter_rows():
        if proved:
            column = place if place in shown else _OTHER
            cells[key, column] = cells.get((key, column), 0) + count
        else:
            undetermined[key] = undetermined.get(key, 0) + count
    lines = tuple(
        _line(label, [cells.get((key, column), 0) for column in keys], undetermined.get(key, 0))
        for key, label in labels
    )
    lines = tuple(line for line in lines if line.proved or line.undetermined)
    columns = range(len(keys))
    total = _line(
        "Total",
        [sum(line.counts[column] for line in lines) for column in columns],
        sum(line.undetermined for line in lines),
    )
    most = max((count for line in lines for count in line.counts), default=0)
    shades = tuple(tuple(_shade(count, most) for count in line.counts) for line in lines)
    return Table(tuple(names), lines, total, shades, period)


def _line(label: str, counts: Sequence[int], undetermined: int) -> Line:
    return Line(label, tuple(counts), sum(counts), undetermined)


def _shade(count: int, most: int) -> int:
    """Step by the logarithm of the count, from 1 for a single one to 5 for the most there is."""
    if not count:
        return 0
    if most == 1:
        return _SHADES
    return 1 + round((_SHADES - 1) * math.log(count) / math.log(most))


def rejects_by_reason(rejects: pl.LazyFrame) -> tuple[tuple[str, int], ...]:
    """Count records that could not be read, the most frequent reason first."""
    counts = rejects.group_by("reason").agg(pl.len().alias("count"))
    ordered = counts.sort("count", "reason", descending=[True, False]).collect(engine="streaming")
    return tuple(ordered.iter_rows())
