"""SHA-256 of files and of canonical values."""

import hashlib
import json
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def sha256_of_file(path: Path) -> str:
    """Hash a file's bytes as they lie on disk. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Write JSON with sorted keys and no blanks, so that equal values have equal texts."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def sha256_of_value(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Hash the canonical JSON of a value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
