"""Lines of an inventory that at one time name different countries for the same thing."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from auditor.errors import Fault
from auditor.geo.attested import Attested, InventoryFile, Lines
from auditor.model import Role

Places = Mapping[InventoryFile, Mapping[str, int]]
"""The places of the columns of each file, from 0."""

_THINGS = (("prefix", "prefix"), ("site", "site_key"), ("name", "name_key"))
"""What a line places: the column that says it, and what it is compared by."""


def overlaps(lines: Lines, columns: Places) -> Iterator[Fault]:
    """Find all such lines."""
    several: dict[tuple[str, str, Role | None], list[int]] = {}
    for column, compared in _THINGS:
        keys, roles = _keys_of(lines, compared), lines.column("role")
        for place in _repeated(keys):
            several.setdefault((column, keys[place] or "", roles[place]), []).append(place)
    together = [(thing, places) for thing, places in several.items() if len(places) > 1]
    for (column, key, _), members in sorted(together, key=lambda item: item[1][1]):
        yield from _overlaps_within(column, key, [lines[place] for place in members], columns)


def _repeated(keys: Sequence[str | None]) -> Sequence[int]:
    """Pick the places of keys that stand there more than once."""
    known = pl.Series(keys, dtype=pl.String)
    return (known.is_duplicated() & known.is_not_null()).arg_true().to_list()


def _keys_of(lines: Lines, compared: str) -> Sequence[str | None]:
    """Name what lines place. A private prefix may be used at several sites."""
    keys: Sequence[str | None] = lines.column(compared)
    if compared != "prefix":
        return keys
    rows = zip(keys, lines.column("private"), lines.column("site_key"), strict=True)
    return [f"{prefix} {site or ''}" if private else prefix for prefix, private, site in rows]


def _overlaps_within(column: str, key: str, members: Sequence[Attested], columns: Places) -> Iterator[Fault]:
    latest: dict[tuple[str, ...], Attested] = {}
    for line in sorted(members, key=lambda member: member.from_at):
        for earlier in latest.values():
            if earlier.countries != line.countries and earlier.holds_at(line.from_at):
                place = f"{line.file.path}:{line.line}:{columns[line.file][column] + 1}"
                here, there = " ".join(line.countries), " ".join(earlier.countries)
                text = (
                    f"{column}: `{key.strip()}` is in {here} here, and at the same time in {there} "
                    f"at {earlier.file.path}:{earlier.line}"
                )
                yield Fault(place, text, "end the one where the other begins")
        known = latest.get(line.countries)
        if known is None or _ends_later(line, known):
            latest[line.countries] = line


def _ends_later(one: Attested, other: Attested) -> bool:
    return other.until_at is not None and (one.until_at is None or one.until_at > other.until_at)
