"""Files that are whole or absent, each named by what it is about, its kind and its number."""

import os
from pathlib import Path

import polars as pl

from auditor.evidence.digests import sha256_of_file

Written = dict[str, tuple[tuple[str, str], ...]]
"""For each kind the (name, SHA-256) of its files, in order."""


class Files:
    """The files of one shard or bucket, moved into place when whole."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self.written: Written = {}

    def write(self, kind: str, frame: pl.DataFrame, *, even_empty: bool = False) -> None:
        """Write the next file of a kind; nothing for no rows, unless the kind needs one file at least."""
        if frame.is_empty() and not (even_empty and kind not in self.written):
            return
        before = self.written.get(kind, ())
        name = f"{self._owner}-{kind}-{len(before):06}.parquet"
        temporary = self._folder / f".{name}.{os.getpid()}"
        frame.write_parquet(temporary, compression="lz4")
        digest = sha256_of_file(temporary)
        temporary.replace(self._folder / name)
        self.written[kind] = (*before, (name, digest))
