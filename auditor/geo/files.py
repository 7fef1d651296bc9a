"""A file of evidence, as it lies on disk: what tells whether it is still the one that was read."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from auditor.errors import Fault, GeoError


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file this is: by its digest everywhere, by the rest on one machine."""

    sha256: str
    bytes: int
    inode: int
    mtime_ns: int


def identity_of(path: Path) -> Identity:
    """Stat and hash a file. Raises GeoError if it cannot be read."""
    if path.is_fifo() or path.is_char_device():  # to read one may have no end
        raise GeoError(Fault(str(path), "is no file", "write what it gives to a file first"))
    try:
        with path.open("rb") as opened:
            stat = path.stat()
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise GeoError(Fault(str(path), f"cannot be read: {error.strerror}")) from error
    return Identity(sha256, stat.st_size, stat.st_ino, stat.st_mtime_ns)


def fault_if_changed(path: str, then: Identity) -> Fault | None:
    """Tell whether a file was replaced or altered since then, on the same machine."""
    try:
        now = identity_of(Path(path))
    except GeoError as error:
        return error.faults[0]
    return None if now == then else replaced(path)


def replaced(path: str) -> Fault:
    """Say that a file is not the one that was read first."""
    return Fault(
        path, "is not the file that the audit began with: it was replaced or altered", "run it again"
    )
