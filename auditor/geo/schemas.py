"""What the databases of different makers know, and the words in which we read what they say.

Design: GEOLOCATION.md, section 4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import polars as pl

MIN_CONFIDENCE = 80
"""Below this, a country of an Enterprise database does not count."""

Path = tuple[str, ...]


class Opinion(StrEnum):
    """What a database knows of an address.

    Where it is; where its holder is registered; whose network it is in; whether it hides somebody else.
    """

    LOCATION = "location"
    REGISTRATION = "registration"
    NETWORK = "network"
    ANONYMITY = "anonymity"


class Rank(StrEnum):
    """MaxMind's country databases: the first that is there speaks for all of them."""

    ENTERPRISE = "Enterprise"
    CITY = "City"
    COUNTRY = "Country"


TYPES: Mapping[str, type[pl.DataType]] = {
    "country": pl.String,
    "continent": pl.String,
    "registered": pl.String,
    "represented": pl.String,
    "represented_type": pl.String,
    "confidence": pl.UInt8,
    "city": pl.String,
    "anycast": pl.Boolean,
    "also_anycast": pl.Boolean,
    "network": pl.UInt32,
    "organization": pl.String,
    "anonymous": pl.Boolean,
    "vpn": pl.Boolean,
    "public_proxy": pl.Boolean,
    "residential_proxy": pl.Boolean,
    "tor": pl.Boolean,
    "hosting": pl.Boolean,
}
"""Our words for what a record can say, with the types that they have in MaxMind's databases."""

FLAGS = frozenset(word for word, dtype in TYPES.items() if dtype == pl.Boolean)
"""Words for what is so or not so. Other makers write them as numbers or texts, too."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a record each of our words stands. A word that the records cannot have is left out.

    `types` has those that are other than in TYPES. `maps` are the parts of a record that are maps wherever
    they are, and `map_lists` those that are lists of maps, also where no word of ours stands in them.
    """

    paths: tuple[tuple[str, Path], ...]
    types: tuple[tuple[str, type[pl.DataType]], ...] = ()
    maps: tuple[str, ...] = ()
    map_lists: tuple[str, ...] = ()

    @property
    def schema_path(self) -> str:
        """Where the country stands, or whatever else the database is asked for first."""
        return ".".join(self.paths[0][1])

    @property
    def words(self) -> Mapping[str, type[pl.DataType]]:
        """All words, in order, with their types."""
        own = dict(self.types)
        return {word: own.get(word, TYPES[word]) for word, _ in self.paths}

    @property
    def record(self) -> pl.Struct:
        """What of a record to read."""
        tree: dict[str, Any] = {}
        for (_, path), dtype in zip(self.paths, self.words.values(), strict=True):
            node = tree
            for step in path[:-1]:
                node = node.setdefault(step, {})
            node[path[-1]] = dtype
        return _struct(tree)

    def without(self, word: str) -> "Layout":
        """Give the layout in which a word is not asked for."""
        return replace(self, paths=tuple(pair for pair in self.paths if pair[0] != word))


@dataclass(frozen=True, slots=True)
class Said:
    """What one database says of one address. `reason` is None where the country may count.

    `city` and `network` (such as `AS64496`) are only told. Names in hints are foreign text.
    """

    country: str | None = None
    reason: str | None = None
    why_not: str | None = None
    hints: tuple[str, ...] = ()
    city: str | None = None
    network: str | None = None


NO_RECORD = Said(reason="no_record", why_not="no record of this address")
NO_IPV6 = Said(reason="no_record", why_not="the database has no IPv6")

_KNOWN = re.compile(r"(?:GeoLite2|GeoIP2)-(?:Precision-)?(Enterprise|City|Country)(?:-.*)?")
_MAKERS = r"(?:GeoLite2|GeoIP2|GeoIP|DBIP)-"
_IMPLIED = (
    (re.compile(rf"{_MAKERS}(?:ASN|ISP)|ipinfo (?!.*country).*asn"), Opinion.NETWORK),
    (re.compile(rf"{_MAKERS}Anonymous"), Opinion.ANONYMITY),
    (re.compile(rf"{_MAKERS}(?:Connection|Domain|Residential|Static|User|Density|IP-Risk)"), None),
    (re.compile("GeoIP|GeoLite|DBIP|ipinfo "), Opinion.LOCATION),
)
"""What the beginning of a type says; the first that fits. None: something of which no use is made."""


def rank_of(database_type: str) -> Rank | None:
    """Say which of MaxMind's country databases this is, or none."""
    known = _KNOWN.fullmatch(database_type)
    return Rank(known[1]) if known else None


def maker_of(database_type: str) -> str:
    """Name whose opinion a database is: all of MaxMind's types are one opinion, any other is its own."""
    return "MaxMind" if database_type.startswith(("GeoIP", "GeoLite")) else database_type


def opinion_implied(database_type: str) -> Opinion | None:
    """Give the opinion that goes without saying, or None where the user must say it."""
    return next((opinion for begins, opinion in _IMPLIED if begins.match(database_type)), None)


def is_about_something_else(database_type: str) -> bool:
    """Tell whether the type alone says that no use can be made of the database."""
    return next((opinion is None for begins, opinion in _IMPLIED if begins.match(database_type)), False)


def value_at(record: Any, path: Path, *, strict: bool = False) -> Any:  # noqa: ANN401  any value of a foreign record
    """Walk down a record; None where the path ends early. If `strict`, ValueError where a map is none."""
    for step in path:
        if not isinstance(record, dict):
            if strict and record is not None:
                raise ValueError(f"`{step}` is looked for in what is no map")
            return None
        record = record.get(step)
    return record


def _struct(tree: Mapping[str, Any]) -> pl.Struct:
    return pl.Struct({name: _struct(node) if isinstance(node, dict) else node for name, node in tree.items()})
