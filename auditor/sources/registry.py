"""The formats that can be read, and what their names mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from auditor.errors import Fault
from auditor.sources.csv import CsvSource
from auditor.sources.interface import Log, Source
from auditor.sources.jsondocs import JsonSource
from auditor.sources.linelog import LineSource
from auditor.sources.mapping import CANONICAL, load_mapping
from auditor.sources.mapping import Mapping as LogMapping
from auditor.sources.ndjson import NdjsonSource
from auditor.sources.parquet import ParquetSource
from auditor.sources.privacy import Guarded
from auditor.sources.readers import (
    coturn,
    getstats,
    jicofo,
    jvb,
    livekit_log,
    rtcstats,
    rtpengine,
    webrtc_internals,
)
from auditor.sources.readers.reader import Reader
from auditor.sources.zeek import ZeekSource
from auditor.text import nearest

PRESETS = Path(__file__).parent / "presets"

_MODULES = (coturn, getstats, jicofo, jvb, livekit_log, rtcstats, rtpengine, webrtc_internals)
READERS: Mapping[str, Reader] = {module.READER.name: module.READER for module in _MODULES}

SOURCES: Mapping[str, Source] = {
    "csv": CsvSource(),
    "json": JsonSource(),
    "jsonl": NdjsonSource(),
    "parquet": ParquetSource(),
    "lines": LineSource(),
    "zeek": ZeekSource(),
    **{reader.name: reader.source for reader in READERS.values()},
}
"""By `Log.format`: what a mapping calls the form of its input, and each reader by its name."""


class Kind(StrEnum):
    """What makes connections of a log: a shipped mapping, a reader, a mapping of the user's, or nothing."""

    PRESET = "preset"
    READER = "reader"
    MAPPING = "mapping"
    COLUMNS = "columns"
    """The log has our own column names."""


@dataclass(frozen=True, slots=True)
class Format:
    """What makes connections of a log, complete. `path` is where its mapping lies, if it is a file."""

    kind: Kind
    mapping: LogMapping
    path: Path | None = None

    @property
    def name(self) -> str:
        """Give the name by which it is asked for."""
        return self.mapping.id


COLUMNS = Format(Kind.COLUMNS, CANONICAL)
"""Logs with our own column names, of which the suffix tells the form."""


def source_of(log: Log) -> Source:
    """Choose the source for a log's format; nothing leaves it that is not to be kept."""
    return Guarded(SOURCES[log.format])


def format_names() -> tuple[str, ...]:
    """Name all formats that have a name, in order."""
    return tuple(sorted({COLUMNS.name, *READERS, *(path.stem for path in PRESETS.glob("*.yaml"))}))


def format_named(name: str, place: str) -> Format | Fault:
    """Say what a name means; for one that means nothing, a fault at `place`, with the nearest name.

    Raises SourceError if a preset that came with the program is faulty.
    """
    if name == COLUMNS.name:
        return COLUMNS
    if name in READERS:
        return Format(Kind.READER, READERS[name].mapping)
    if name in format_names():
        return _preset(name)
    known = f"`auditor formats list` tells all: {', '.join(format_names())}"
    return Fault(place, f"`{name}` is no format", nearest(name, format_names()) or known)


def all_formats() -> Iterator[Format]:
    """Give all formats that have a name, in order. Raises SourceError as `format_named` does."""
    for name in format_names():
        found = format_named(name, name)
        if isinstance(found, Format):
            yield found


def format_of(path: Path) -> Format:
    """Take a mapping file of the user's. Raises SourceError with all its faults."""
    return Format(Kind.MAPPING, load_mapping(path), path)


@cache
def _preset(name: str) -> Format:
    path = PRESETS / f"{name}.yaml"
    return Format(Kind.PRESET, load_mapping(path), path)
