"""MaxMind DB files: what they are, and what they say.

Design: GEOLOCATION.md, sections 4 and 11.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.files import Identity, identity_of, replaced
from auditor.geo.layouts import layout_of
from auditor.geo.readers import FETCH, Readers, damage_named
from auditor.geo.schemas import (
    MIN_CONFIDENCE,
    NO_IPV6,
    NO_RECORD,
    Layout,
    Opinion,
    Rank,
    Said,
    is_about_something_else,
    maker_of,
    opinion_implied,
    rank_of,
)
from auditor.geo.searchtree import Shape, read_tree
from auditor.geo.weighing import said_of

PROBED_RECORDS = 8000
"""So many different records are read on opening; of most country databases, all."""

_IPV4, _IPV6 = 4, 6
_FORMAT = 2
_CLOCK_SLACK = timedelta(days=1)
_GEOLITE_KEPT = timedelta(days=30)
_OPINION_HINT = "say what it knows: `--geo {}:PATH`".format(":PATH` or `--geo ".join(Opinion))
_KNOWN_BY = {
    Opinion.LOCATION: ("country", "name a Country, City or Enterprise database, or one with `country_code`"),
    Opinion.REGISTRATION: ("country", "name a database with `country.iso_code` or `country_code`"),
    Opinion.NETWORK: ("autonomous system", "name an ASN or ISP database"),
    Opinion.ANONYMITY: ("flag of an anonymiser", "name an Anonymous-IP or Anonymous-Plus database"),
}


@dataclass(frozen=True, slots=True)
class Database:
    """A MaxMind DB, as it was when it was opened.

    `opinion` is one of Opinion. `vendor` is whose the user says it is, where its type does not tell.
    """

    path: str
    identity: Identity
    database_type: str
    opinion: Opinion
    built_at: datetime
    ip_version: int
    description: str
    licence_note: str | None
    layout: Layout
    vendor: str | None = None

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return self.identity.sha256

    @property
    def bytes(self) -> int:
        """The size of the file."""
        return self.identity.bytes

    @property
    def schema_path(self) -> str:
        """Where in its records the country stands, or what else it knows."""
        return self.layout.schema_path

    @property
    def maker(self) -> str:
        """Whose opinion it is."""
        return self.vendor or maker_of(self.database_type)

    @property
    def rank(self) -> Rank | None:
        """Which of MaxMind's country databases it is, or none; a vendor's file only looks like one."""
        return None if self.vendor else rank_of(self.database_type)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a source said of some addresses: `said[index[i]]` of the i-th; null where none was asked."""

    index: pl.Series
    said: tuple[Said, ...]


def open_database(
    path: str | os.PathLike[str], opinion: str | None, as_of: datetime, vendor: str | None = None
) -> Database:
    """Open a database and find out what it is.

    Raises GeoError if the file is missing, empty, cut off, damaged or no MaxMind DB, was built later than a
    day after `as_of`, has in none of its records what it is to be asked for, or does not say what it knows
    while `opinion` is None.
    """
    shown = os.fspath(path)
    identity = identity_of(Path(shown))
    if not identity.bytes:
        raise GeoError(Fault(shown, "is empty", FETCH))
    with damage_named(shown):
        readers = Readers(Path(shown))
        facts = _facts_of(readers)
        with Path(shown).open("rb") as file:
            probed = read_tree(file, facts.shape).one_address_each(PROBED_RECORDS)
        records = readers.records(probed)
    if facts.built_at > as_of + _CLOCK_SLACK:
        raise GeoError(_from_the_future(shown, facts.built_at, as_of))
    known = _opinion_of(shown, facts.database_type, opinion)
    layout = layout_of(known, facts.database_type, records)
    if layout is None:
        raise GeoError(_nothing_known(shown, facts.database_type, known, len(records)))
    with damage_named(shown):
        readers.networks(pl.Series([str(address) for address in probed], dtype=pl.String), layout)
    return Database(
        path=shown,
        identity=identity,
        database_type=facts.database_type,
        opinion=known,
        built_at=facts.built_at,
        ip_version=facts.shape.ip_version,
        description=facts.description,
        licence_note=_licence_note(facts.database_type, as_of - facts.built_at),
        layout=layout,
        vendor=vendor,
    )


class Reader:
    """Answers from one database, in the process where it runs.

    A country of lower confidence than `min_confidence`, in percent, does not count. Raises GeoError on
    opening if the file is not, by its digest, the one described.
    """

    def __init__(self, database: Database, min_confidence: int = MIN_CONFIDENCE) -> None:
        self.database = database
        self._min_confidence = min_confidence
        path = Path(database.path)
        if identity_of(path).sha256 != database.sha256:
            raise GeoError(replaced(database.path))
        with damage_named(database.path):
            self._readers = Readers(path)

    def lookup(self, addresses: pl.Series, *, with_city: bool = False, reference: bool = False) -> Lookup:
        """Ask for each of `addresses`: canonical texts of addresses, or null, which asks nothing.

        The city is only told where it is asked for: it makes many different answers of few. With `reference`,
        one by one through maxminddb; the answers are the same. Raises GeoError where the file is damaged
        inside.
        """
        layout = self.database.layout if with_city else self.database.layout.without("city")
        able = self._able(addresses)
        with damage_named(self.database.path):
            answers = (self._readers.one_by_one if reference else self._readers.answers)(able, layout)
        said = [NO_RECORD if row is None else self._weighed(row) for row in answers.rows]
        unable = addresses.is_not_null() & able.is_null()
        index = pl.when(unable).then(pl.lit(len(said), pl.UInt32)).otherwise(answers.index)
        return Lookup(pl.select(index.alias("index")).to_series(), (*said, NO_IPV6))

    def networks_of(self, addresses: pl.Series) -> pl.Series:
        """Give the network of the record that answers for each address; null without one, and for null."""
        with damage_named(self.database.path):
            networks = self._readers.networks(self._able(addresses), self.database.layout)
        return pl.Series(networks, dtype=pl.String)

    def _able(self, addresses: pl.Series) -> pl.Series:
        """Leave out what the database cannot be asked about: readers fail on IPv6 in an IPv4-only file."""
        texts = addresses.cast(pl.String)
        if self.database.ip_version != _IPV4:
            return texts
        return pl.select(pl.when(~texts.str.contains(":", literal=True)).then(texts)).to_series()

    def _weighed(self, row: Mapping[str, Any]) -> Said:
        return said_of(self.database.opinion, row, self._min_confidence)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the metadata say."""

    shape: Shape
    database_type: str
    built_at: datetime
    description: str


def _facts_of(readers: Readers) -> _Facts:
    """Take the metadata at their word, where it is one. Raises ValueError, TypeError or OverflowError."""
    metadata: Any = readers.metadata  # whose declared types are not looked after by the reader
    numbers = (metadata.node_count, metadata.record_size, metadata.ip_version, metadata.build_epoch)
    if any(type(number) is not int or number < 0 for number in numbers):
        raise TypeError("its metadata have no numbers where they should")
    if metadata.ip_version not in (_IPV4, _IPV6) or metadata.binary_format_major_version != _FORMAT:
        raise ValueError("its metadata are of a version that nobody knows")
    if not isinstance(metadata.database_type, str) or not isinstance(metadata.description, dict):
        raise TypeError("its metadata have no texts where they should")
    return _Facts(
        Shape(metadata.node_count, metadata.record_size, metadata.ip_version),
        metadata.database_type,
        datetime.fromtimestamp(metadata.build_epoch, UTC),
        str(metadata.description.get("en", "")),
    )


def _opinion_of(shown: str, database_type: str, opinion: str | None) -> Opinion:
    known = Opinion(opinion) if opinion else opinion_implied(database_type)
    if known is not None:
        return known
    if is_about_something_else(database_type):
        hint = "name a Country, City, Enterprise, ASN, ISP, Anonymous-IP or Anonymous-Plus database"
        raise GeoError(
            Fault(shown, f"is of the type `{database_type}`, which tells nothing that counts", hint)
        )
    raise GeoError(Fault(shown, f"is of the unknown type `{database_type}`", _OPINION_HINT))


def _from_the_future(shown: str, built_at: datetime, as_of: datetime) -> Fault:
    text = f"was built on {built_at:%Y-%m-%d}, which is later than the audit's clock, {as_of:%Y-%m-%d}"
    return Fault(shown, text, "set the clock, or `--as-of`, right")


def _licence_note(database_type: str, age: timedelta) -> str | None:
    if not database_type.startswith("GeoLite"):
        return None
    note = "GeoLite data of MaxMind: the report must name its source"
    if age <= _GEOLITE_KEPT:
        return note
    return f"{note}; this edition is {age.days} days old, and GeoLite editions are to be kept current"


def _nothing_known(shown: str, database_type: str, opinion: Opinion, probed: int) -> Fault:
    what, hint = _KNOWN_BY[opinion]
    text = f"no {what} in {probed:,} of its records; its type is `{database_type}`"
    return Fault(shown, text, hint)
