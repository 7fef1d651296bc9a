"""What a published list says, once it is read: prefixes, and what is said of each."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network
from typing import NamedTuple

from auditor.errors import Fault
from auditor.geo.schemas import Said
from auditor.geo.stretches import Block, block_of

_MAPPED = block_of("::ffff:0:0/96")
_OF_PREFIX = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}")
_SHOWN = 80


class Entry(NamedTuple):
    """One prefix of a list, and what the list says of it."""

    block: Block
    said: Said


@dataclass(frozen=True, slots=True)
class Published:
    """A whole list. `entries` has each prefix once; `publisher` is whose list it is."""

    publisher: str
    published_at: datetime
    entries: tuple[Entry, ...]


class NotPublishedError(Exception):
    """Why a file cannot be read as a published list: all its faults."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


class Collector:
    """Gathers what is said of each prefix of one file, and what is wrong with it."""

    def __init__(self, shown: str) -> None:
        self.shown = shown
        self.faults: list[Fault] = []
        self._said: dict[Block, tuple[Said, str]] = {}

    def add(self, prefix: str, said: Said, key: str, *, line: int | None = None) -> None:
        """Take in a prefix. It may stand twice only if the same place is named both times.

        `key` is where it stands in a JSON file, or the name of its field in a line.
        """
        try:
            block = block_of(prefix)
        except ValueError:
            text, hint = _wrong_with(prefix)
            self.fault(key, text, hint, line=line)
            return
        if block.version == _MAPPED.version and _MAPPED.first <= block.first < _MAPPED.end:
            self.fault(key, f"`{prefix}` is IPv4 in another dress", "write it as IPv4", line=line)
            return
        known, first = self._said.setdefault(block, (said, key if line is None else f"line {line}"))
        if known is not said and replace(known, city=None) != replace(said, city=None):
            text = f"`{prefix}` is said to be in another place at {first}"
            self.fault(key, text, "which of the two holds is not for us to choose", line=line)

    def fault(self, key: str, text: str, hint: str | None = None, *, line: int | None = None) -> None:
        """Note what is wrong at a place."""
        place = self.shown if line is None else f"{self.shown}:{line}:1"
        self.faults.append(Fault(place, f"{key}: {text}", hint))

    def published(self, publisher: str, published_at: datetime | None) -> Published:
        """Close the list. Raises NotPublishedError with all that is wrong, or if nothing is in it."""
        if not self.faults and not self._said:
            hint = "fetch it again: a list that is empty is evidence of nothing"
            self.faults.append(Fault(self.shown, "names no prefix", hint))
        if self.faults or published_at is None:
            raise NotPublishedError(*self.faults)
        entries = tuple(Entry(block, said) for block, (said, _) in self._said.items())
        return Published(publisher, published_at, entries)


def printable(text: str) -> str:
    """Show foreign text in a sentence: escaped where it cannot be printed, and not at any length."""
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _wrong_with(prefix: str) -> tuple[str, str]:
    """Say why a text is no prefix, and how to go on."""
    try:
        if _OF_PREFIX.fullmatch(prefix):
            network = ip_network(prefix, strict=False)
            return f"`{prefix}` has host bits set", f"the network is `{network}`"
    except ValueError:
        pass
    return f"`{printable(prefix)}` is no prefix", "such as `203.0.113.0/24`"
