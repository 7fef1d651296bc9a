"""The two readers of MaxMind DB files, and what both make of one file. The only module that touches them.

The fast one works inside polars, and passes over what it is not asked for; the other decodes whole records,
and has the last word. Design: GEOLOCATION.md, section 11.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import maxminddb
import maxminddb_polars
import polars as pl
from maxminddb.decoder import Decoder

from auditor.errors import Fault, GeoError
from auditor.geo.decoded import Record, Row, record_in, row_of
from auditor.geo.frames import intern
from auditor.geo.schemas import Layout
from auditor.geo.searchtree import metadata_in

FETCH = "fetch the database again"
Address = IPv4Address | IPv6Address

_HELD_BYTES = 256 << 20
"""Up to this size a file is read into memory, and beyond it piece by piece. It is never mapped: a file that
is cut short while it is mapped kills the process."""

_REMEMBERED = 10_000
"""So many decoded records are kept: all of a country database, and the relays' of a finer one."""

_FAST_READER_FAILS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)
_DAMAGE = (
    *(maxminddb.InvalidDatabaseError, pl.exceptions.PolarsError, struct.error),
    *(
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        OverflowError,
        RecursionError,
        MemoryError,
    ),
)
"""What the readers make of a damaged file."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a file has for some addresses: `rows[index[i]]` for the i-th.

    A row is None where there is no record, and the index is null where nothing was asked.
    """

    index: pl.Series
    rows: Sequence[Row | None]


class Readers:
    """Both readers of one file. They raise what damage makes them raise: see `damage_named`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole = open_whole(path)
        self.metadata = self._whole.metadata()
        with path.open("rb") as file:
            _demand_whole(metadata_in(file)[1])

    def answers(self, addresses: pl.Series, layout: Layout) -> Answers:
        """Look up canonical texts of addresses; null asks nothing.

        Each different answer is confirmed for one of its addresses. Where the fast reader fails, the other
        decides.
        """
        try:
            found = self._at_once(addresses, layout)
        except _FAST_READER_FAILS:
            return self.one_by_one(addresses, layout)
        index, distinct = intern(found)
        rows = list(_rows(distinct))
        asked = pl.DataFrame({"index": index, "address": addresses}).drop_nulls("address")
        for number, address in asked.unique("index", keep="first").iter_rows():
            _agree(address, rows[number], row_of(self._record(address), layout))
        return Answers(pl.select(pl.when(addresses.is_not_null()).then(index)).to_series(), rows)

    def one_by_one(self, addresses: pl.Series, layout: Layout) -> Answers:
        """Look up as `answers` does, record by record."""
        numbers: dict[str, int] = {}
        rows: list[Row | None] = []
        index: list[int | None] = []
        for address in addresses:
            if address is None:
                index.append(None)
                continue
            row = row_of(self._record(address), layout)
            number = numbers.setdefault(repr(row), len(rows))
            if number == len(rows):
                rows.append(row)
            index.append(number)
        return Answers(pl.Series(index, dtype=pl.UInt32), rows)

    def networks(self, addresses: pl.Series, layout: Layout) -> list[str | None]:
        """Give the network of the record of each address; None without one, and for null.

        All records are decoded for it, so that each answer of the fast reader is confirmed.
        """
        try:
            fast: Sequence[Row | None] | None = list(_rows(self._at_once(addresses, layout)))
        except _FAST_READER_FAILS:
            fast = None
        networks: list[str | None] = []
        for place, address in enumerate(addresses):
            network, record = (None, None) if address is None else self._with_network(address)
            row = row_of(record, layout)
            if fast is not None:
                _agree(address, fast[place], row)
            networks.append(network)
        return networks

    def records(self, addresses: Iterable[Address]) -> list[Record | None]:
        """Give the whole records of addresses; None without one."""
        return [self._record(str(address)) for address in addresses]

    def _at_once(self, addresses: pl.Series, layout: Layout) -> pl.DataFrame:
        """Look up inside polars: `found`, and the words of the layout; null where nothing is asked."""
        record = looked_up(pl.col("address"), self._path, layout.record)
        frame = pl.DataFrame({"address": addresses.cast(pl.String)}).select("address", record=record)
        return frame.select(
            found=pl.when(pl.col("address").is_not_null()).then(pl.col("record").is_not_null()),
            **{word: _field(path) for word, path in layout.paths},
        )

    def _record(self, address: str) -> Record | None:
        return record_in(self._whole.get(ip_address(address)))  # as text, it takes more than addresses

    def _with_network(self, address: str) -> tuple[str | None, Record | None]:
        known = ip_address(address)
        value, length = self._whole.get_with_prefix_len(known)
        record = record_in(value)
        if record is None:
            return None, None
        length = min(max(length, 0), known.max_prefixlen)
        host_bits = known.max_prefixlen - length
        return f"{type(known)(int(known) >> host_bits << host_bits)}/{length}", record


def looked_up(addresses: pl.Expr, path: Path, record: Mapping[str, Any] | pl.Struct) -> pl.Expr:
    """Look addresses up inside polars, as structs; null for a miss, and for text that is no address.

    The expression is bound to this file on this machine: build it where it runs.
    """
    dtype = record if isinstance(record, pl.Struct) else pl.Struct(dict(record))
    return maxminddb_polars.lookup(addresses, path, dtype=dtype, strict=False)


def type_of(path: Path) -> str | None:
    """Tell the type of a database by its metadata alone; None of a file that cannot be read."""
    if not path.is_file():  # to open a pipe waits for a writer that may never come
        return None
    try:
        with damage_named(str(path)), path.open("rb") as file:
            metadata, _ = Decoder(metadata_in(file)[1]).decode(0)
    except GeoError:
        return None
    database_type = metadata.get("database_type") if isinstance(metadata, dict) else None
    return database_type if isinstance(database_type, str) else None


def open_whole(path: Path) -> maxminddb.Reader:
    """Open with the reader in Python: the one in C can corrupt memory when a file is damaged."""
    held = path.stat().st_size <= _HELD_BYTES
    return _Remembering(str(path), maxminddb.MODE_MEMORY if held else maxminddb.MODE_FILE)


class _Remembering(maxminddb.Reader):
    """Decodes a record once, however many networks point to it; what it gives is shared, and only read.

    Should the reader come to decode by another method, everything is decoded each time, and no less right.
    """

    def __init__(self, database: str, mode: int) -> None:
        super().__init__(database, mode)
        self._decoded = lru_cache(_REMEMBERED)(super()._resolve_data_pointer)

    def _resolve_data_pointer(self, pointer: int) -> Any:  # noqa: ANN401  whatever a foreign file holds
        return self._decoded(pointer)


@contextmanager
def damage_named(shown: str) -> Iterator[None]:
    """Turn whatever a reader makes of a damaged file into an error that names the file."""
    try:
        yield
    except _DAMAGE as error:
        words = (str(error) or type(error).__name__).splitlines()[0]
        raise GeoError(Fault(shown, f"is no whole MaxMind DB: {words}", FETCH)) from error


def _demand_whole(metadata: bytes) -> None:
    """Raise ValueError if metadata are cut off: the reader takes what is left of a number for the number."""
    _, end = Decoder(metadata).decode(0)
    if end > len(metadata):
        raise ValueError("its metadata are cut off")


def _agree(address: str | None, fast: Row | None, whole: Row | None) -> None:
    if fast != whole:
        raise ValueError(f"its two readers read the record of {address} in different ways")


def _rows(found: pl.DataFrame) -> Iterator[Row | None]:
    words = [word for word in found.columns if word != "found"]
    for row in found.iter_rows(named=True):
        yield {word: row[word] for word in words} if row["found"] else None


def _field(path: tuple[str, ...]) -> pl.Expr:
    field = pl.col("record")
    for step in path:
        field = field.struct.field(step)
    return field
