import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import zstandard

from auditor.sources.csv import CsvSource
from auditor.sources.discover import log_of
from auditor.sources.interface import Source
from auditor.sources.jsondocs import JsonSource
from auditor.sources.linelog import LineSource
from auditor.sources.lines import Limits
from auditor.sources.mapping import load_mapping
from auditor.sources.ndjson import NdjsonSource
from auditor.sources.parquet import ParquetSource
from auditor.sources.zeek import ZeekSource
from tests.sources.samples import Whole


@dataclass(frozen=True)
class Read(Whole):
    """A whole log, with what it was read by."""

    source: Source

    @property
    def rejects(self) -> pl.DataFrame:
        return pl.concat([batch.rejects for batch in self.batches])

    @property
    def reasons(self) -> list[tuple[int, str, str | None]]:
        return self.rejects.select("record", "reason", "column").rows()

    @property
    def not_connections(self) -> dict[str, int]:
        counted = pl.concat([batch.not_connections for batch in self.batches])
        return dict(counted.group_by("reason").agg(pl.col("count").sum()).sort("reason").rows())

    @property
    def unread(self) -> list[tuple[str, str, int, int, str]]:
        """Column, reason, count, first record, its example."""
        found = pl.concat([batch.unread for batch in self.batches]).sort("first_record", maintain_order=True)
        counted = found.group_by("column", "reason").agg(
            pl.col("count").sum(), pl.col("first_record").first(), pl.col("example").first()
        )
        return sorted(counted.rows())

    @property
    def warnings(self) -> list[str]:
        return pl.concat([batch.warnings for batch in self.batches])["text"].to_list()

    @property
    def accounted(self) -> int:
        return (
            sum(batch.connection_records for batch in self.batches)
            + self.rejects.height
            + sum(self.not_connections.values())
        )

    def raw(self, row: Mapping[str, object]) -> bytes:
        record, offset = row["record"], row["byte_offset"]
        assert isinstance(record, int)
        assert offset is None or isinstance(offset, int)
        return self.source.raw_record(self.log, record=record, byte_offset=offset)


Reader = Callable[..., Read]


@pytest.fixture(scope="session")
def read() -> Reader:
    """Read a file as an audit does: plan, then each piece."""

    def read_log(
        path: Path, mapping: Path | None = None, *, limits: Limits | None = None, piece_bytes: int = 1 << 30
    ) -> Read:
        log = log_of(str(path), load_mapping(mapping) if mapping else None)
        held = limits or Limits()
        sources: dict[str, Source] = {
            "csv": CsvSource(held),
            "json": JsonSource(held),
            "jsonl": NdjsonSource(held),
            "parquet": ParquetSource(held),
            "lines": LineSource(held),
            "zeek": ZeekSource(held),
        }
        source = sources[log.format]
        pieces = source.plan(log, piece_bytes=piece_bytes).pieces
        return Read(log, [batch for piece in pieces for batch in source.batches(piece)], source)

    return read_log


@pytest.fixture(scope="session")
def packed() -> Mapping[str, Callable[[bytes], bytes]]:
    return {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}


Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a file and give its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write
