"""A text log's bytes, decompressed where its suffix says so, in bounded memory."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import zstandard

from auditor.errors import Fault, SourceError

READ_BYTES = 1 << 20
ZSTD_FEED_BYTES = 1 << 10
"""Four bytes of zstd can stand for 128 KiB, so little is fed at a time."""
ZSTD_WINDOW_BYTES = 1 << 27


def is_compressed(path: Path) -> bool:
    """Say whether the suffix names a compression."""
    return path.suffix.lower() in DECOMPRESSORS


def read_stream(path: Path, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Yield the decompressed bytes from `start` up to `stop`, in blocks of no particular size.

    Concatenated members and frames are read whole. A broken or cut compression gives what comes before the
    break, and then raises SourceError, as does a file that cannot be read.
    """
    decompress = DECOMPRESSORS.get(path.suffix.lower())
    if decompress is None:
        return read_raw(path, start, stop)
    return _between(decompress(path), start, stop)


def read_raw(path: Path, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Yield the bytes as they lie on disk. Raises SourceError."""
    try:
        with path.open("rb") as file:
            file.seek(start)
            left = None if stop is None else stop - start
            while block := file.read(READ_BYTES if left is None else min(READ_BYTES, left)):
                left = None if left is None else left - len(block)
                yield block
    except OSError as error:
        raise SourceError(Fault(str(path), f"cannot be read: {error.strerror or error}")) from error


def _between(blocks: Iterator[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    at = 0
    for block in blocks:
        if stop is not None and at >= stop:
            return
        kept = block[max(0, start - at) : None if stop is None else stop - at]
        at += len(block)
        if kept:
            yield kept


class _Member(Protocol):
    """One gzip member or zstd frame, as it is decompressed."""

    @property
    def eof(self) -> bool:
        """Say whether it has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Give what was fed beyond its end."""
        ...

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Decompress what follows."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def feed(self, block: bytes) -> Iterator[bytes]:
        while block and not self.eof:
            yield self._member.decompress(block, READ_BYTES)
            block = self._member.unconsumed_tail


class _Zstd:
    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES).decompressobj()
        self._behind = b""

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data + self._behind

    def feed(self, block: bytes) -> Iterator[bytes]:
        for at in range(0, len(block), ZSTD_FEED_BYTES):
            yield self._frame.decompress(block[at : at + ZSTD_FEED_BYTES])
            if self.eof:
                self._behind = block[at + ZSTD_FEED_BYTES :]
                return


def _decompressed(path: Path, name: str, member_of: Callable[[], _Member]) -> Iterator[bytes]:
    """Decompress members one after the other; zeros that pad the last gzip member are left out."""
    member, begun, any_member = member_of(), False, False
    try:
        for read in read_raw(path):
            block = read
            while block:
                if not begun and any_member and not block.strip(b"\0"):
                    break
                begun = True
                yield from filter(None, member.feed(block))
                block = member.unused_data if member.eof else b""
                if member.eof:
                    member, begun, any_member = member_of(), False, True
    except (zlib.error, zstandard.ZstdError) as error:
        raise _broken(path, f"its {name} compression is broken: {error}") from error
    if begun or not any_member:
        raise _broken(
            path, f"its {name} compression ends before the end" if begun else f"holds no {name} data"
        )


def _broken(path: Path, text: str) -> SourceError:
    return SourceError(Fault(str(path), text, "fetch the file again: a log that is cut cannot be audited"))


DECOMPRESSORS: dict[str, Callable[[Path], Iterator[bytes]]] = {
    ".gz": lambda path: _decompressed(path, "gzip", _Gzip),
    ".zst": lambda path: _decompressed(path, "zstd", _Zstd),
}
