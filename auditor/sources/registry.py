"""The formats that can be read, by name."""

from collections.abc import Mapping

from auditor.sources.csv import CsvSource
from auditor.sources.interface import Log, Source
from auditor.sources.ndjson import NdjsonSource
from auditor.sources.parquet import ParquetSource

SOURCES: Mapping[str, Source] = {"csv": CsvSource(), "jsonl": NdjsonSource(), "parquet": ParquetSource()}


def source_of(log: Log) -> Source:
    """Choose the source for a log's format."""
    return SOURCES[log.format]
