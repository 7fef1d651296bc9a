"""`chain.jsonl`: one line for each recording, each with the digest of the line before.

A line that is changed, taken out, put in or moved breaks the link of the line that follows it; lines taken
from the end are missed by whoever knows the head, the digest of the last line.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.errors import Fault

CHAIN = "chain.jsonl"

_KEYS = ("file", "sha256", "prev")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"locations-(\d{4}-\d\d-\d\dT\d{6}\.\d{6})Z\.parquet")
_STAMP = "%Y-%m-%dT%H%M%S.%f"
_LINE = '`{"file": …, "sha256": …, "prev": …}`'
_RESTORE = "bring the chain back from a copy; what was recorded since then cannot be vouched for"


@dataclass(frozen=True, slots=True)
class Link:
    """One line of the chain: a recording, its digest, and that of the line before; None for the first."""

    file: str
    sha256: str
    prev: str | None

    @property
    def line(self) -> bytes:
        """The one way to write it, with the line break."""
        return (json.dumps({key: getattr(self, key) for key in _KEYS}) + "\n").encode()

    @property
    def digest(self) -> str:
        """What the next line has as `prev`: the SHA-256 that `tail -n 1 chain.jsonl | sha256sum` gives."""
        return hashlib.sha256(self.line).hexdigest()

    @property
    def observed_at(self) -> datetime:
        """When the recording was made, by its name."""
        return instant_of(self.file)


def name_of(observed_at: datetime) -> str:
    """Name a recording by its instant."""
    return f"locations-{observed_at.astimezone(UTC):{_STAMP}}Z.parquet"


def instant_of(name: str) -> datetime:
    """Read the instant in the name of a recording. Raises ValueError if it is none."""
    stamp = _NAME.fullmatch(name)
    if stamp is None:
        raise ValueError(f"`{name}` is not the name of a recording")
    return datetime.strptime(stamp[1], _STAMP).replace(tzinfo=UTC)


def part_of(recording: Path) -> Path:
    """Say where a recording lies until the chain names it."""
    return recording.with_name(f".{recording.name}.part")


def read_chain(shown: str, raw: bytes) -> tuple[Link, ...] | list[Fault]:
    """Read all lines and walk their links; all that is wrong with them is returned together."""
    *lines, tail = raw.split(b"\n")
    read = [_read_line(f"{shown}:{number}", line) for number, line in enumerate(lines, start=1)]
    links = [link for link in read if isinstance(link, Link)]
    faults = [fault for fault in read if isinstance(fault, Fault)]
    if not faults:
        faults += _broken(shown, links)
    if tail:
        hint = "record again: a recording that was cut short is finished where all of it is there"
        faults.append(Fault(f"{shown}:{len(lines) + 1}", "the line is cut off", hint))
    return faults or tuple(links)


def _broken(shown: str, links: Sequence[Link]) -> Iterator[Fault]:
    """Find lines that do not follow the one before."""
    before: Link | None = None
    for number, link in enumerate(links, start=1):
        place = f"{shown}:{number}"
        if before is None and link.prev is not None:
            yield Fault(place, "the first line has a `prev`: lines before it were taken out", _RESTORE)
        if before is not None and link.prev != before.digest:
            text = f"the chain is broken: `prev` is not the digest of line {number - 1}"
            hint = "a line was changed, taken out, put in or moved here; "
            yield Fault(place, text, hint + _RESTORE)
        if before is not None and link.observed_at <= before.observed_at:
            yield Fault(place, f"`{link.file}` is no later than `{before.file}`, before it", _RESTORE)
        before = link


def _read_line(place: str, line: bytes) -> Link | Fault:
    try:
        data = json.loads(line, object_pairs_hook=_distinct)
    except _EqualKeysError as error:
        return Fault(place, str(error), _RESTORE)
    except (ValueError, RecursionError):
        return Fault(place, "is not JSON", _RESTORE)
    link = _link_of(data)
    if link is None:
        return Fault(place, f"is not of the form {_LINE}", _RESTORE)
    if link.line != line + b"\n":
        return Fault(place, "is not written as `auditor geo record` writes it: it was changed", _RESTORE)
    return link


def _link_of(data: Any) -> Link | None:  # noqa: ANN401  any JSON value
    if not isinstance(data, dict) or tuple(data) != _KEYS:
        return None
    file, sha256, prev = data.values()
    if not (isinstance(file, str) and isinstance(sha256, str) and _DIGEST.fullmatch(sha256)):
        return None
    if prev is not None and not (isinstance(prev, str) and _DIGEST.fullmatch(prev)):
        return None
    try:
        instant_of(file)
    except ValueError:
        return None
    return Link(file, sha256, prev)


class _EqualKeysError(ValueError):
    """A key stands twice."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _EqualKeysError(f"the key `{key}` stands twice")
        found[key] = value
    return found
