"""Where the records of a database have what we ask for: the type does not tell, the records do.

Design: GEOLOCATION.md, section 4.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from auditor.geo.schemas import FLAGS, TYPES, Layout, Opinion, Path, Rank, rank_of, value_at

_Paths = tuple[tuple[str, Path], ...]

_COUNTRY_PATHS: tuple[Path, ...] = (("country", "iso_code"), ("country_code",), ("country",))
_NESTED: _Paths = (
    ("continent", ("continent", "code")),
    ("registered", ("registered_country", "iso_code")),
    ("represented", ("represented_country", "iso_code")),
    ("represented_type", ("represented_country", "type")),
    ("anycast", ("traits", "is_anycast")),
)
_CITY: _Paths = (("city", ("city", "names", "en")),)
_OWN_NESTED: _Paths = (*_NESTED, ("also_anycast", ("is_anycast",)), *_CITY)
_FLAT: _Paths = (
    ("continent", ("continent_code",)),
    ("anycast", ("is_anycast",)),
    ("also_anycast", ("traits", "is_anycast")),
    ("city", ("city",)),
)
"""Makers other than MaxMind may flag anycast in either place, and few records have a flag: both are read,
whether or not one of the records that were looked at has it."""

_COUNTRY: _Paths = (("country", _COUNTRY_PATHS[0]), *_NESTED)
_MAXMIND: Mapping[Rank, _Paths] = {
    Rank.COUNTRY: _COUNTRY,
    Rank.CITY: (*_COUNTRY, *_CITY),
    Rank.ENTERPRISE: (*_COUNTRY, *_CITY, ("confidence", ("country", "confidence"))),
}
_MAPS = (
    *("city", "continent", "country", "location", "postal"),
    *("registered_country", "represented_country", "traits"),
)
_NETWORK: tuple[_Paths, ...] = (
    (
        ("network", ("autonomous_system_number",)),
        ("organization", ("autonomous_system_organization",)),
    ),
    (
        ("network", ("traits", "autonomous_system_number")),
        ("organization", ("traits", "autonomous_system_organization")),
    ),
    (("network", ("asn",)), ("organization", ("as_name",))),
    (("network", ("asn",)), ("organization", ("name",))),
)
_ANONYMITY: _Paths = (
    ("anonymous", ("is_anonymous",)),
    ("vpn", ("is_anonymous_vpn",)),
    ("public_proxy", ("is_public_proxy",)),
    ("residential_proxy", ("is_residential_proxy",)),
    ("tor", ("is_tor_exit_node",)),
    ("hosting", ("is_hosting_provider",)),
)
_ASKED_FOR = frozenset({"country", "network"})
_TWO_CAPITALS = re.compile(r"[A-Z]{2}")
_WRITTEN = ((bool, pl.Boolean), (int, pl.Int64), (float, pl.Float64), (str, pl.String))
"""How a value of Python is read inside polars. A bool is an int too, and so comes first."""


def layout_of(opinion: Opinion, database_type: str, records: Sequence[Any]) -> Layout | None:
    """Find out where the records have what a database of this opinion is asked for; None where nowhere."""
    seen = [record for record in records if isinstance(record, dict)]
    if opinion is Opinion.NETWORK:
        return _network_layout(database_type, seen)
    if opinion is Opinion.ANONYMITY:
        return _anonymity_layout(database_type, seen)
    return _country_layout(database_type, seen)


def _country_layout(database_type: str, seen: Sequence[Any]) -> Layout | None:
    """Of MaxMind's own types the type says where the country is, unless the records say otherwise."""
    country = next((path for path in _COUNTRY_PATHS if _has_code(seen, path)), None)
    rank = rank_of(database_type)
    if rank and country in (None, _COUNTRY_PATHS[0]):
        return Layout(_MAXMIND[rank], maps=_MAPS, map_lists=("subdivisions",))
    if rank or country is None:
        return None
    return _read_as_written((("country", country), *(_OWN_NESTED if len(country) > 1 else _FLAT)), seen)


def _network_layout(database_type: str, seen: Sequence[Any]) -> Layout | None:
    present = (paths for paths in _NETWORK if any(_values(seen, path) for _, path in paths))
    paths = next(present, None)
    if paths is None:
        return None
    if paths is _NETWORK[0] and database_type.startswith(("GeoIP", "GeoLite")):
        return Layout(paths)
    return _read_as_written(paths, seen)


def _anonymity_layout(database_type: str, seen: Sequence[Any]) -> Layout | None:
    if not any(_values(seen, path) for _, path in _ANONYMITY):
        return None
    return Layout(_ANONYMITY) if database_type.startswith("GeoIP") else _read_as_written(_ANONYMITY, seen)


def _read_as_written(paths: _Paths, seen: Sequence[Any]) -> Layout:
    """Leave out what some record has in another form; read flags and numbers as they are written.

    Never left out is what the database is asked for, and a flag, but where no record has room for it.
    """
    usable = tuple(pair for pair in paths if pair[0] in _ASKED_FOR or _usable(seen, *pair))
    types = ((word, _type_of(_values(seen, path))) for word, path in usable if TYPES[word] != pl.String)
    return Layout(usable, tuple((word, dtype) for word, dtype in types if dtype))


def _usable(seen: Sequence[Any], word: str, path: Path) -> bool:
    """Tell whether reading a word makes sense: the reader fails on a value of another type."""
    if word in FLAGS:
        holders = [value_at(record, path[:-1]) for record in seen]
        held = [holder for holder in holders if holder is not None]
        return not held or any(isinstance(holder, dict) for holder in held)
    try:
        values = [value_at(record, path, strict=True) for record in seen]
    except ValueError:
        return False
    texts_only = TYPES[word] == pl.String
    return all(value is None or isinstance(value, str) for value in values) if texts_only else True


def _type_of(values: Sequence[Any]) -> type[pl.DataType] | None:
    """Give the type in which values are written, if there are any and it is one."""
    kinds = {next((dtype for kind, dtype in _WRITTEN if isinstance(value, kind)), None) for value in values}
    return kinds.pop() if len(kinds) == 1 else None


def _has_code(seen: Iterable[Any], path: Path) -> bool:
    return any(isinstance(value, str) and _TWO_CAPITALS.fullmatch(value) for value in _values(seen, path))


def _values(seen: Iterable[Any], path: Path) -> list[Any]:
    values = (value_at(record, path) for record in seen)
    return [value for value in values if value is not None]
