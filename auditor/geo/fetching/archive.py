"""An archive as the server sends it: a compressed tar with one database in it.

Nothing in it decides where anything is written, and nothing in it is read whole into memory.
"""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from auditor.geo.fetching.errors import ArchiveError

_BLOCK = tarfile.BLOCKSIZE
_STEP = 1 << 20
_PADDING = bytes(_BLOCK)
_WITHOUT_CONTENT = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
)


@dataclass(frozen=True, slots=True)
class Caps:
    """How large things from a server may be, in bytes: the archive, and all that it unpacks to."""

    archive: int = 2 << 30
    unpacked: int = 4 << 30


def unpack(archive: Path, database: Path, caps: Caps) -> str:
    """Write the one database of `archive` to `database`, and give its MD5.

    Raises ArchiveError if the archive is damaged, has no database in it or several, names a place outside
    itself, or is larger unpacked than the caps allow.
    """
    digest = hashlib.md5(
        usedforsecurity=False
    )  # what the server gives; that it is the server is TLS's to say
    found = False
    with _damage_named(), gzip.open(archive) as packed, database.open("wb") as fresh:
        for member in _members(_Capped(packed, caps.unpacked)):
            if not member.header.name.endswith(".mmdb"):
                continue
            if found:
                raise ArchiveError("the archive has several databases in it")
            found = True
            for block in member.blocks():
                digest.update(block)
                fresh.write(block)
    if not found:
        raise ArchiveError("the archive has no database in it")
    return digest.hexdigest()


class _Capped:
    """Reads exactly, and not beyond a cap."""

    def __init__(self, file: gzip.GzipFile, cap: int) -> None:
        self._file: BinaryIO = file  # type: ignore[assignment]  # it reads as one; its stub does not say so
        self._left = cap

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        self._left -= size
        if self._left < 0:
            raise ArchiveError("the archive unpacks to more than a database can be")
        return self._file.read(size)

    def exactly(self, size: int) -> bytes:
        """Read `size` bytes."""
        read = self.read(size)
        if len(read) != size:
            raise EOFError
        return read


@dataclass(slots=True)
class _Member:
    """A member of an archive, its content not yet read."""

    header: tarfile.TarInfo
    source: _Capped
    left: int

    def blocks(self) -> Iterator[bytes]:
        while self.left:
            block = self.source.exactly(min(_STEP, self.left))
            self.left -= len(block)
            yield block


def _members(source: _Capped) -> Iterator[_Member]:
    """Yield the members, in order. Extended headers are passed over: no database needs them.

    The library's own reader takes them into memory, however long they say that they are.
    """
    while (block := source.read(_BLOCK)) and block != _PADDING:
        if len(block) != _BLOCK:
            raise EOFError
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        if header.size < 0:
            raise tarfile.HeaderError
        _refuse_to_leave(header)
        size = 0 if header.type in _WITHOUT_CONTENT else header.size
        member = _Member(header, source, size)
        yield member
        for _ in member.blocks():
            pass
        source.exactly(-size % _BLOCK)


def _refuse_to_leave(header: tarfile.TarInfo) -> None:
    if header.name.startswith("/") or ".." in header.name.split("/"):
        raise ArchiveError("the archive names a place outside itself")
    if header.name.endswith(".mmdb") and not header.isreg():
        raise ArchiveError("the database in the archive is no file")


@contextmanager
def _damage_named() -> Iterator[None]:
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError, tarfile.HeaderError) as error:
        raise ArchiveError(f"the archive is damaged or cut off: {type(error).__name__}") from None
