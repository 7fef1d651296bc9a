"""How the tests of readers of server logs read a log, and how they spoil one."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from auditor.sources.circumstances import Circumstances
from auditor.sources.interface import Batch, Log, Piece
from auditor.sources.lines import USUAL, Limits
from auditor.sources.readers.reader import Reader
from auditor.sources.readers.serverlines import ServerLog


@dataclass(frozen=True)
class Found:
    """What became of a log."""

    batches: list[Batch]

    def _frame(self, name: str) -> pl.DataFrame:
        frames: list[pl.DataFrame] = [getattr(batch, name) for batch in self.batches]
        return pl.concat(frames)

    @property
    def connections(self) -> list[dict[str, Any]]:
        """Give the connections, in order, without what is null."""
        rows = self._frame("connections").drop("source_file").sort("record", "part").to_dicts()
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    @property
    def only(self) -> dict[str, Any]:
        (connection,) = self.connections
        return connection

    @property
    def rejects(self) -> list[tuple[int, str, str | None]]:
        return self._frame("rejects").sort("record").select("record", "reason", "column").rows()

    @property
    def not_connections(self) -> dict[str, int]:
        counted = self._frame("not_connections").group_by("reason").agg(pl.col("count").sum())
        return dict(counted.sort("reason").rows())

    @property
    def unread(self) -> list[tuple[str, str, str]]:
        return self._frame("unread").select("column", "reason", "example").rows()

    @property
    def warnings(self) -> dict[str, int]:
        return dict(self._frame("warnings").group_by("text").agg(pl.col("count").sum()).rows())

    @property
    def records(self) -> int:
        assert all(
            batch.records
            == batch.connection_records + batch.rejects.height + int(batch.not_connections["count"].sum())
            for batch in self.batches
        )
        return sum(batch.records for batch in self.batches)


def log_of(reader: Reader, path: Path, content: str | bytes, **told: Any) -> Log:  # noqa: ANN401  as Circumstances takes
    """Write a log."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Log(str(path), reader.name, reader.mapping, Circumstances(**told))


def found_in(reader: Reader, log: Log, limits: Limits = USUAL) -> Found:
    """Read a log as it lies."""
    assert isinstance(reader.source, ServerLog)
    return Found(list(replace(reader.source, limits=limits).batches(Piece(log, 0, None, 1))))


def identities(found: Found) -> set[tuple[Any, ...]]:
    names = ("record", "part", "role", "relay_ip", "relay_port", "relay_name", "relay_site", "client_ip")
    return {tuple(row.get(name) for name in names) for row in found.connections}


def beginnings_of(line: str) -> str:
    """Give a log of all beginnings of a line, the whole line last, as if each had been cut on its way."""
    return "".join(f"{line[:end]}\n" for end in range(1, len(line) + 1))


def lines_in(content: bytes) -> int:
    return content.count(b"\n") + (not content.endswith(b"\n") and content != b"")


def _swapped(data: bytes, chance: random.Random) -> bytes:
    lines = data.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _flipped(data: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return bytes(spoilt)


def _stuffed(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    stuff = (
        b"[" * 5_000,
        b'{"a":' * 5_000,
        b"\xff\x00\xfe",
        b"9" * 5_000,
        b'"',
        b"\r",
        b"\xed\xa0\x80",
        b"\\ud800",
    )
    return data[:at] + chance.choice(stuff) + data[at:]


def _doubled(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    return data[:end] + data[start:]


def _dropped(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randrange(1, 200) :]


Spoil = Callable[[bytes, random.Random], bytes]
SPOILT: dict[str, Spoil] = {
    "swapped": _swapped,
    "flipped": _flipped,
    "stuffed": _stuffed,
    "doubled": _doubled,
    "dropped": _dropped,
}
TINY = Limits(chunk_bytes=64, record_bytes=20_000)
