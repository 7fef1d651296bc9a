"""Text files from outside, and what a misspelt word in them may mean."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from auditor.errors import Fault


def read_text(path: Path, shown: str) -> tuple[bytes, str] | Fault:
    """Read a UTF-8 file, its byte order mark left out: its bytes, and its text.

    What is no regular file is a fault: a pipe could be read only once, or never end.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            return Fault(shown, "is no file", "write what it gives to a file first")
        raw = path.read_bytes()
        return raw, raw.decode("utf-8-sig")
    except OSError as error:
        return Fault(shown, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return Fault(f"{shown}:{line}:1", "is not UTF-8", "save the file as UTF-8")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Suggest a known word, as a hint, or nothing."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else None
