"""The countries of cloud providers' regions: only those that somebody has confirmed.

Design: GEOLOCATION.md, section 7.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from auditor.errors import Fault
from auditor.geo.schemas import Said
from auditor.tables import Line, read_table

TABLE = "regions.csv"
GLOBAL = "GLOBAL"
"""What AWS calls an address that it announces from many places; Google writes it small."""

_COLUMNS = ("provider", "region", "country", "checked_on")


@cache
def regions() -> Mapping[tuple[str, str], str]:
    """Give the country of each provider's region, by the provider's own name for it."""
    return {(row["provider"], row["region"]): row["country"] for row in rows_of(TABLE, _COLUMNS)}


@cache
def said_of_region(provider: str, region: str) -> Said:
    """Say where a provider's region is. One that is not in the table may be anywhere."""
    hints = (f"region:{provider} {region}",)
    if region.upper() == GLOBAL:
        why_not = f"{provider} announces the address from many places"
        return Said(reason="provider_global", why_not=why_not, hints=hints)
    country = regions().get((provider, region))
    if country is None:
        why_not = f"nobody has confirmed yet where {provider}'s region `{region}` is"
        return Said(reason="unknown_region", why_not=why_not, hints=hints)
    return Said(country, hints=hints)


def rows_of(name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Read a table of this package, whose fields are all filled."""
    for line in read_table(Path(__file__).parent / name, required=columns, optional=()):
        if isinstance(line, Fault):
            raise AssertionError(str(line))  # noqa: TRY004  our own table is faulty, not the type of anything
        yield _filled(line)


def _filled(line: Line) -> dict[str, str]:
    return {column: value for column, value in line.fields.items() if value is not None}
