"""MaxMind DB files: what they are, and what they say. The only module that touches their readers.

Design: GEOLOCATION.md, sections 4 and 11.
"""

import itertools
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import maxminddb
import maxminddb_polars
import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.files import Identity, identity_of, replaced
from auditor.geo.frames import intern
from auditor.geo.schemas import (
    NO_IPV6,
    NO_RECORD,
    PROBED_RECORDS,
    TYPES,
    Layout,
    Opinion,
    Said,
    is_about_something_else,
    layout_of,
    opinion_implied,
    said_of,
    value_at,
)

_IPV4 = 4
_CLOCK_SLACK = timedelta(days=1)
_GEOLITE_KEPT = timedelta(days=30)
_DAMAGE = (
    maxminddb.InvalidDatabaseError,
    pl.exceptions.PolarsError,
    *(
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        MemoryError,
        struct.error,
    ),
)
"""What the readers make of a damaged file."""

_FETCH = "fetch the database again"
_OPINION_HINT = "say what it knows: `--geo location:PATH` or `--geo registration:PATH`"


@dataclass(frozen=True, slots=True)
class Database:
    """A location database, as it was when it was opened.

    `opinion` is `location` or `registration`.
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
        """Where in its records the country stands."""
        return self.layout.schema_path


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a database said of some addresses: `said[index[i]]` of the i-th; null where none was asked."""

    index: pl.Series
    said: tuple[Said, ...]


def open_database(path: str | os.PathLike[str], opinion: str | None, as_of: datetime) -> Database:
    """Open a database and find out what it is.

    Raises GeoError if the file is missing, empty, cut off or no MaxMind DB, was built later than a day after
    `as_of`, has no country in its first records, or does not say what it knows while `opinion` is None.
    """
    shown = os.fspath(path)
    identity = identity_of(Path(shown))
    if not identity.bytes:
        raise GeoError(Fault(shown, "is empty", _FETCH))
    with _damage_named(shown), _open(shown) as reader:
        metadata = reader.metadata()
        database_type, description = str(metadata.database_type), str(metadata.description.get("en", ""))
        ip_version, built_at = int(metadata.ip_version), datetime.fromtimestamp(metadata.build_epoch, UTC)
        records = [record for _, record in itertools.islice(reader, PROBED_RECORDS)]
    if built_at > as_of + _CLOCK_SLACK:
        raise GeoError(_from_the_future(shown, built_at, as_of))
    layout = layout_of(database_type, records)
    if layout is None:
        raise GeoError(_no_country(shown, database_type))
    known = Opinion(opinion) if opinion else opinion_implied(database_type)
    if known is None:
        raise GeoError(Fault(shown, f"is of the unknown type `{database_type}`", _OPINION_HINT))
    return Database(
        path=shown,
        identity=identity,
        database_type=database_type,
        opinion=known,
        built_at=built_at,
        ip_version=ip_version,
        description=description,
        licence_note=_licence_note(database_type, as_of - built_at),
        layout=layout,
    )


def has_countries(path: Path) -> bool:
    """Tell whether a file may be a country database; one that cannot be read may be."""
    try:
        with _open(str(path)) as reader:
            return not is_about_something_else(str(reader.metadata().database_type))
    except _DAMAGE:
        return True


def looked_up(addresses: pl.Expr, path: Path, record: Mapping[str, Any] | pl.Struct) -> pl.Expr:
    """Look addresses up inside polars, as structs; null for a miss, and for text that is no address.

    The expression is bound to this file on this machine: build it where it runs.
    """
    dtype = record if isinstance(record, pl.Struct) else pl.Struct(dict(record))
    return maxminddb_polars.lookup(addresses, path, dtype=dtype, strict=False)


class Reader:
    """Answers from one database, in the process where it runs.

    Raises GeoError on opening if the file is not, by its digest, the one described.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._path = Path(database.path)
        self._record = looked_up(pl.col("address"), self._path, database.layout.record)
        if identity_of(self._path).sha256 != database.sha256:
            raise GeoError(replaced(database.path))
        with _damage_named(database.path):
            self._reader = _open(database.path)

    def lookup(self, addresses: pl.Series, *, reference: bool = False) -> Lookup:
        """Ask for each of `addresses`: canonical texts of addresses, or null, which asks nothing.

        With `reference`, one by one through maxminddb; the answers are the same. Raises GeoError where the
        file is damaged inside.
        """
        frame = pl.DataFrame({"address": addresses.cast(pl.String)})
        with _damage_named(self.database.path):
            words = self._one_by_one(frame) if reference else self._at_once(frame)
        index, distinct = intern(frame.select(asked=pl.col("address").is_not_null()).hstack(words))
        said = tuple(_weighed(row, self._words) for row in distinct.iter_rows(named=True))
        asked = pl.select(pl.when(frame["address"].is_not_null()).then(index)).to_series()
        return Lookup(asked, said)

    def networks_of(self, addresses: pl.Series) -> pl.Series:
        """Give the network of the record that answers for each of distinct addresses; null without one."""
        with _damage_named(self.database.path):
            return pl.Series([self._network_of(address) for address in addresses], dtype=pl.String)

    def _network_of(self, address: str) -> str | None:
        if not self._answers_for(address):
            return None
        known = ip_address(address)  # as an object: as text, the reader takes more than addresses
        record, length = self._reader.get_with_prefix_len(known)
        if record is None:
            return None
        length = min(max(length, 0), known.max_prefixlen)
        host_bits = known.max_prefixlen - length
        return f"{type(known)(int(known) >> host_bits << host_bits)}/{length}"

    @property
    def _words(self) -> tuple[str, ...]:
        return tuple(word for word, _ in self.database.layout.paths)

    def _answers_for(self, address: str) -> bool:
        return self.database.ip_version != _IPV4 or ":" not in address

    def _at_once(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Look up with the plugin, which fails on IPv6 in an IPv4-only file: those are not asked."""
        address = pl.col("address")
        if self.database.ip_version == _IPV4:
            frame = frame.with_columns(
                address=pl.when(~address.str.contains(":", literal=True)).then(address)
            )
            unable = frame["address"].is_null()
        else:
            unable = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True)
        found = frame.select(record=self._record)
        return found.select(
            unable.alias("unable"),
            found=pl.col("record").is_not_null(),
            **{word: _field(path) for word, path in self.database.layout.paths},
        )

    def _one_by_one(self, frame: pl.DataFrame) -> pl.DataFrame:
        rows = [self._row_of(address) for address in frame["address"]]
        schema = {"unable": pl.Boolean, "found": pl.Boolean}
        types = {word: TYPES[word] for word in self._words}
        return pl.DataFrame(rows, schema={**schema, **types}, strict=True)

    def _row_of(self, address: str | None) -> dict[str, Any]:
        if address is None or not self._answers_for(address):
            return {"unable": self.database.ip_version == _IPV4, "found": False}
        record = self._reader.get(ip_address(address))
        words = {word: value_at(record, path, strict=True) for word, path in self.database.layout.paths}
        return {"unable": False, "found": record is not None, **words}


def _weighed(row: Mapping[str, Any], words: tuple[str, ...]) -> Said:
    if row["unable"]:
        return NO_IPV6
    return said_of({word: row[word] for word in words}) if row["found"] else NO_RECORD


def _field(path: tuple[str, ...]) -> pl.Expr:
    field = pl.col("record")
    for step in path:
        field = field.struct.field(step)
    return field


def _open(path: str) -> maxminddb.Reader:
    """Open with the reader in Python: the one in C can corrupt memory when a file is damaged."""
    return maxminddb.open_database(path, maxminddb.MODE_MMAP)


@contextmanager
def _damage_named(shown: str) -> Iterator[None]:
    """Turn whatever a reader makes of a damaged file into an error that names the file."""
    try:
        yield
    except _DAMAGE as error:
        words = (str(error) or type(error).__name__).splitlines()[0]
        raise GeoError(Fault(shown, f"is no whole MaxMind DB: {words}", _FETCH)) from error


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


def _no_country(shown: str, database_type: str) -> Fault:
    text = f"no country in its first {PROBED_RECORDS} records; its type is `{database_type}`"
    return Fault(shown, text, "name a Country, City or Enterprise database, or one with `country_code`")
