"""How the databases of different makers say where an address is, and what we make of what they say.

Design: GEOLOCATION.md, section 4.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import polars as pl

from auditor.countries import COUNTRIES

MIN_CONFIDENCE = 80
"""Below this, a country of an Enterprise database does not count."""

PROBED_RECORDS = 100

Path = tuple[str, ...]


class Opinion(StrEnum):
    """What a database knows: where an address is, or where its holder is registered."""

    LOCATION = "location"
    REGISTRATION = "registration"


class Rank(StrEnum):
    """MaxMind's country databases: the first that is there speaks for all of them."""

    ENTERPRISE = "Enterprise"
    CITY = "City"
    COUNTRY = "Country"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a record each of our words stands. A word that the records cannot have is left out."""

    paths: tuple[tuple[str, Path], ...]

    @property
    def schema_path(self) -> str:
        """Where the country stands."""
        return ".".join(dict(self.paths)["country"])

    @property
    def record(self) -> pl.Struct:
        """What of a record to read."""
        tree: dict[str, Any] = {}
        for word, path in self.paths:
            node = tree
            for step in path[:-1]:
                node = node.setdefault(step, {})
            node[path[-1]] = TYPES[word]
        return _struct(tree)


@dataclass(frozen=True, slots=True)
class Said:
    """What one database says of one address. `reason` is None where the country may count."""

    country: str | None = None
    reason: str | None = None
    why_not: str | None = None
    hints: tuple[str, ...] = ()


NO_RECORD = Said(reason="no_record", why_not="no record of this address")
NO_IPV6 = Said(reason="no_record", why_not="the database has no IPv6")

TYPES: Mapping[str, type[pl.DataType]] = {
    "country": pl.String,
    "continent": pl.String,
    "registered": pl.String,
    "represented": pl.String,
    "represented_type": pl.String,
    "confidence": pl.UInt8,
    "anycast": pl.Boolean,
    "also_anycast": pl.Boolean,
}
"""Our words for what a record can say, with their types."""

_COUNTRY_PATHS: tuple[Path, ...] = (("country", "iso_code"), ("country_code",), ("country",))
_NESTED_PATHS: tuple[tuple[str, Path], ...] = (
    ("continent", ("continent", "code")),
    ("registered", ("registered_country", "iso_code")),
    ("represented", ("represented_country", "iso_code")),
    ("represented_type", ("represented_country", "type")),
    ("anycast", ("traits", "is_anycast")),
)
_OWN_NESTED_PATHS = (*_NESTED_PATHS, ("also_anycast", ("is_anycast",)))
_FLAT_PATHS: tuple[tuple[str, Path], ...] = (
    ("continent", ("continent_code",)),
    ("anycast", ("is_anycast",)),
    ("also_anycast", ("traits", "is_anycast")),
)
"""Makers other than MaxMind may flag anycast in either place, and few records have a flag: both are read,
whether or not one of the first records has it."""

_MAXMIND = Layout((("country", _COUNTRY_PATHS[0]), *_NESTED_PATHS))
_ENTERPRISE = Layout((*_MAXMIND.paths, ("confidence", ("country", "confidence"))))
_KNOWN = re.compile(r"(?:GeoLite2|GeoIP2)-(?:Precision-)?(Enterprise|City|Country)(?:-.*)?")
_NO_COUNTRY = re.compile(
    r"(?:GeoLite2|GeoIP2|GeoIP|DBIP)-(?:ASN|ISP|Anonymous|Connection|Domain|Residential|Static|User|Density|"
    r"IP-Risk)"
)
_OPINION_IMPLIED = ("GeoIP", "GeoLite", "DBIP", "ipinfo ")
_TWO_CAPITALS = re.compile(r"[A-Z]{2}")


def rank_of(database_type: str) -> Rank | None:
    """Say which of MaxMind's country databases this is, or none."""
    known = _KNOWN.fullmatch(database_type)
    return Rank(known[1]) if known else None


def maker_of(database_type: str) -> str:
    """Name whose opinion a database is: all of MaxMind's types are one opinion, any other is its own."""
    return "MaxMind" if database_type.startswith(("GeoIP", "GeoLite")) else database_type


def opinion_implied(database_type: str) -> Opinion | None:
    """Give the opinion that goes without saying, or None where the user must say it."""
    return Opinion.LOCATION if database_type.startswith(_OPINION_IMPLIED) else None


def is_about_something_else(database_type: str) -> bool:
    """Tell whether the type alone says that the database has no countries."""
    return bool(_NO_COUNTRY.match(database_type))


def layout_of(database_type: str, records: Iterable[Any]) -> Layout | None:
    """Find out where the records have their country; None where they have none.

    Of MaxMind's own types the type says it, unless the records say otherwise.
    """
    seen = [record for record in records if isinstance(record, dict)]
    country = next((path for path in _COUNTRY_PATHS if _has_code(seen, path)), None)
    rank = rank_of(database_type)
    if rank and country in (None, _COUNTRY_PATHS[0]):
        return _ENTERPRISE if rank is Rank.ENTERPRISE else _MAXMIND
    if rank or country is None:
        return None
    others = _OWN_NESTED_PATHS if len(country) > 1 else _FLAT_PATHS
    return Layout(
        (("country", country), *(pair for pair in others if _usable(seen, pair[1], TYPES[pair[0]])))
    )


def said_of(record: Mapping[str, Any]) -> Said:
    """Weigh one record, given as our words; absent words are None.

    A flag of anycast comes before the country, since the address is in many places at once. An absent
    confidence of an Enterprise record is as good as a low one: nobody vouches for it.
    """
    country, continent = record.get("country"), record.get("continent")
    hints = tuple(_hints(record))
    if record.get("anycast") or record.get("also_anycast"):
        return Said(country, "anycast", "flagged as anycast", hints)
    if country is None and continent is not None:
        only = f"continent:{continent}"
        return Said(
            None, "continent_only", f"the record names only the continent {continent}", (only, *hints)
        )
    if country is None:
        return Said(None, "no_country", "the record names no country", hints)
    if country not in COUNTRIES:
        return Said(country, "not_a_country", f"`{country}` is not the code of a country", hints)
    if "confidence" in record and (record["confidence"] or 0) < MIN_CONFIDENCE:
        confidence = "unknown" if record["confidence"] is None else record["confidence"]
        why_not = f"its confidence is {confidence}, the floor is {MIN_CONFIDENCE}"
        return Said(country, "low_confidence", why_not, (f"confidence:{country}:{confidence}", *hints))
    return Said(country, hints=hints)


def value_at(record: Any, path: Path, *, strict: bool = False) -> Any:  # noqa: ANN401  any value of a foreign record
    """Walk down a record; None where the path ends early. If `strict`, ValueError where a map is none."""
    for step in path:
        if not isinstance(record, dict):
            if strict and record is not None:
                raise ValueError(f"`{step}` is looked for in what is no map")
            return None
        record = record.get(step)
    return record


def _hints(record: Mapping[str, Any]) -> Iterable[str]:
    registered, represented = record.get("registered"), record.get("represented")
    if registered is not None and registered != record.get("country"):
        yield f"registered:{registered}"
    if represented is not None:
        kind = record.get("represented_type")
        yield f"represents:{represented}:{kind}" if kind else f"represents:{represented}"


def _has_code(records: list[Any], path: Path) -> bool:
    values = (value_at(record, path) for record in records)
    return any(isinstance(value, str) and _TWO_CAPITALS.fullmatch(value) for value in values)


def _usable(records: list[Any], path: Path, dtype: type[pl.DataType]) -> bool:
    """Tell whether nothing at `path` is of another type: the reader would fail on it."""
    wanted = bool if dtype == pl.Boolean else str
    try:
        values = [value_at(record, path, strict=True) for record in records]
    except ValueError:
        return False
    return all(value is None or isinstance(value, wanted) for value in values)


def _struct(tree: Mapping[str, Any]) -> pl.Struct:
    return pl.Struct({name: _struct(node) if isinstance(node, dict) else node for name, node in tree.items()})
