"""The seam for log formats: one new format is one new file with one `Source`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from auditor.sources.circumstances import NOTHING_TOLD, Circumstances
from auditor.sources.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Log:
    """One file to read, under the name that the user gave it, and how to read it.

    `format` is that of the mapping's input, or the name of a reader.
    """

    path: str
    format: str
    mapping: Mapping
    told: Circumstances = NOTHING_TOLD

    @property
    def file(self) -> Path:
        """Where it lies."""
        return Path(self.path)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a log that can be read alone: `[start, stop)` in bytes, for Parquet in rows.

    `first_record` is the number of its first record in the file, from 1. `stop` is None for the whole of
    a file whose end is not known before it is read (compressed text).
    """

    log: Log
    start: int
    stop: int | None
    first_record: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A log, hashed and cut, in one reading. `sha256` is of the file as it lies on disk."""

    log: Log
    bytes: int
    sha256: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records, in order: each is in exactly one of connections, rejects and not-connections.

    `connection_records` counts the records that became connections. The frames have the schemas CONNECTION
    (and `label_` columns), REJECT, NOT_CONNECTION, UNREAD and WARNING of `model`. Null means *not logged*.
    """

    records: int
    connection_records: int
    connections: pl.DataFrame
    rejects: pl.DataFrame
    not_connections: pl.DataFrame
    unread: pl.DataFrame
    warnings: pl.DataFrame


class Source(Protocol):
    """Reads one format."""

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Hash the file and cut it into pieces of about `piece_bytes`, only where a record begins.

        The pieces together are the file, without overlap, and reading them in any order gives the same
        records with the same numbers. Raises SourceError if the file cannot be read or is not of this
        format, or if the mapping names columns that it does not have.
        """
        ...

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield a piece in order, in batches of bounded memory.

        One bad record never stops it and never vanishes. Raises SourceError only for what concerns the
        whole file (it cannot be opened, or its compression is broken).
        """
        ...

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch one record verbatim (for Parquet: its JSON). Raises SourceError if it is not there."""
        ...
