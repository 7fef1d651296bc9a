"""Holding a ledger: alone while it is written, together with others while it is read."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from auditor.errors import Fault, GeoError

PATIENCE_SECONDS = 60.0
"""Longer than a recording holds a ledger, by far."""

_PAUSE_SECONDS = 0.05


@contextmanager
def held(chain: Path, *, alone: bool, patience: float = PATIENCE_SECONDS) -> Iterator[IO[bytes]]:
    """Open the chain and hold the ledger; `alone` makes one where there is none, and may append to it.

    Raises GeoError if somebody else does not let it go within so many seconds, or if it cannot be opened.
    """
    try:
        opened = chain.open("a+b" if alone else "rb", buffering=0)
    except OSError as error:
        raise GeoError(Fault(str(chain), f"cannot be opened: {error.strerror}")) from error
    with opened:
        until = time.monotonic() + patience
        while not _taken(opened, fcntl.LOCK_EX if alone else fcntl.LOCK_SH):
            if time.monotonic() >= until:
                hint = "wait for it to end, then run this again"
                raise GeoError(Fault(str(chain), f"is held by another recording for {patience:g} s", hint))
            time.sleep(_PAUSE_SECONDS)
        yield opened


def _taken(opened: IO[bytes], how: int) -> bool:
    try:
        fcntl.flock(opened, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
