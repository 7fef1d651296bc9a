"""A log that is one JSON document: its whole text, and where in the file each part of it lies."""

from dataclasses import dataclass

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Log
from auditor.sources.lines import BOM
from auditor.sources.stream import read_stream

MOST_BYTES = 512 << 20


@dataclass(slots=True)
class Document:
    """A text, bytes that are not UTF-8 as lone surrogates; offsets are asked for in rising order."""

    text: str
    _at: int = 0
    _offset: int = 0

    def offset_of(self, at: int) -> int:
        """Say at which byte of the file a character stands."""
        self._offset += len(self.raw(self._at, at))
        self._at = at
        return self._offset

    def raw(self, start: int, stop: int | None = None) -> bytes:
        """Give a part as it stands in the file."""
        return self.text[start:stop].encode("utf-8", "surrogateescape")


def read_document(log: Log, most_bytes: int = MOST_BYTES) -> Document:
    """Read a whole file. Raises SourceError if it cannot be read, or is too large to be held."""
    held, data = 0, []
    for block in read_stream(log.file):
        held += len(block)
        if held > most_bytes:
            text = f"is one JSON document of more than {most_bytes:,} bytes, and is not read"
            raise SourceError(Fault(log.path, text, "write one peer connection or report a file"))
        data.append(block)
    whole = b"".join(data)
    begins = len(BOM) if whole.startswith(BOM) else 0
    return Document(whole[begins:].decode("utf-8", "surrogateescape"), 0, begins)
