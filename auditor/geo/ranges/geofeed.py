"""RFC 8805 geofeeds: what the holder of addresses says of where they are used.

Design: GEOLOCATION.md, section 8.
"""

import csv
import io
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import PurePath

from auditor.countries import COUNTRIES
from auditor.errors import Fault
from auditor.geo.ranges.published import Collector, Published, printable
from auditor.geo.schemas import Said
from auditor.geo.stretches import BITS

FIELDS = ("prefix", "country", "region", "city", "postal")

_DATE = re.compile(r"(?<!\d)(\d{4})(-?)(\d\d)\2(\d\d)(?!\d)", re.ASCII)
_EDGES = " ._-"
_COUNTRY = re.compile(r"[A-Z]{2}")
_CITY_LENGTH = 100
_NAMED = "name the file after its publisher and the day that it is of: `example-net_2026-11-24.csv`"


def read_geofeed(shown: str, text: str) -> Published:
    """Read a whole geofeed, which is dated by its name. Raises NotPublishedError with all its faults."""
    feed = Collector(shown)
    publisher, published_at = _named(feed)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for fields in reader:
            _read_line(feed, reader.line_num, [field.strip() for field in fields])
    except csv.Error as error:
        feed.faults.append(Fault(f"{shown}:{reader.line_num}:1", f"is not CSV: {error}"))
    return feed.published(publisher, published_at)


def _read_line(feed: Collector, line: int, fields: list[str]) -> None:
    """Read one line; fields at its end may be missing."""
    if not any(fields) or fields[0].startswith("#"):
        return
    if len(fields) > len(FIELDS) and any(fields[len(FIELDS) :]):
        feed.fault("line", f"has {len(fields)} fields, a geofeed has {len(FIELDS)}", line=line)
        return
    prefix, country, _, city, _ = (*fields, *[""] * len(FIELDS))[: len(FIELDS)]
    country = country.upper()
    if country and not _COUNTRY.fullmatch(country):
        feed.fault("country", f"`{printable(country)}` is no two-letter code", line=line)
        return
    if not prefix:
        feed.fault("prefix", "is missing", line=line)
        return
    feed.add(_with_length(prefix), _said(country, city[:_CITY_LENGTH] or None), "prefix", line=line)


def _with_length(prefix: str) -> str:
    """Make a prefix of a bare address."""
    return prefix if "/" in prefix else f"{prefix}/{BITS[6 if ':' in prefix else 4]}"


@cache
def _said(country: str, city: str | None) -> Said:
    if not country:
        return Said(why_not="the geofeed names no country for this prefix", city=city)
    if country not in COUNTRIES:
        why_not = f"`{country}` is not the code of a country"
        return Said(country, "not_a_country", why_not, city=city)
    return Said(country, city=city)


def _named(feed: Collector) -> tuple[str, datetime | None]:
    """Read the publisher and the day from the file's name; a copy would change any other date."""
    stem = PurePath(feed.shown).stem
    found = list(_DATE.finditer(stem))
    if len(found) != 1:
        feed.fault("name of the file", "has several dates" if found else "has no date", _NAMED)
        return stem, None
    before, after = stem[: found[0].start()], stem[found[0].end() :]
    publisher = " ".join(part for part in (before.strip(_EDGES), after.strip(_EDGES)) if part)
    if not publisher:
        feed.fault("name of the file", "is only a date", _NAMED)
    try:
        year, _, month, day = found[0].groups()
        return publisher, datetime(int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        feed.fault("name of the file", f"`{found[0][0]}` is no date", _NAMED)
        return publisher, None
