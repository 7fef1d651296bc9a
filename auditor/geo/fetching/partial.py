"""A partial archive: what of an edition has come so far, kept beside its place for the next try."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

_ARCHIVE, _LABEL, _FRESH = ".part", ".part.json", ".new"
_KEPT = timedelta(days=7)


class Label(BaseModel):
    """What a partial archive is part of. `total` is null where the server did not say."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    md5: str
    etag: str
    total: int | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Partial:
    """The files beside the place of an edition in which a new one is made."""

    folder: Path
    edition: str

    @property
    def archive(self) -> Path:
        """The archive, as far as it has come."""
        return self.folder / f".{self.edition}{_ARCHIVE}"

    @property
    def fresh(self) -> Path:
        """The database from the archive, before it is put in its place."""
        return self.folder / f".{self.edition}{_FRESH}"

    @property
    def size(self) -> int:
        """How many bytes have come."""
        try:
            return self.archive.stat().st_size
        except FileNotFoundError:
            return 0

    def label_for(self, md5: str) -> Label | None:
        """Read what there is of the edition with this digest; anything else is thrown away."""
        try:
            label = Label.model_validate_json(self._label.read_bytes())
        except (FileNotFoundError, ValidationError):
            label = None
        if label is None or label.md5 != md5 or self.size > (label.total or self.size):
            self.discard()
            return None
        return label

    @contextmanager
    def begun(self, label: Label | None) -> Iterator[BinaryIO]:
        """Open an empty archive; without a label it is not taken up after a break."""
        self.discard()
        with self.archive.open("xb") as file:
            if label:
                self._label.write_text(label.model_dump_json(), encoding="utf-8")
            yield file

    @contextmanager
    def continued(self) -> Iterator[BinaryIO]:
        """Open the archive at its end."""
        with self.archive.open("ab") as file:
            yield file

    def discard(self) -> None:
        """Throw away what has come. The label goes first: an archive without one is never taken up."""
        for path in (self._label, self.archive, self.fresh):
            path.unlink(missing_ok=True)

    @property
    def _label(self) -> Path:
        return self.folder / f".{self.edition}{_LABEL}"


def clean(folder: Path, editions: tuple[str, ...], as_of: datetime) -> None:
    """Throw away what killed updates left of other editions than these, if nobody has come back to it.

    Superseded GeoLite data may not be kept, neither in parts.
    """
    for suffix in (_ARCHIVE, _LABEL, _FRESH):
        for path in folder.glob(f".*{suffix}"):
            edition = path.name.removeprefix(".").removesuffix(suffix)
            if edition not in editions and path.stat().st_mtime < (as_of - _KEPT).timestamp():
                path.unlink()


def sync(path: Path) -> None:
    """Make sure that a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
