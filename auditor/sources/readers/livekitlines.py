"""What a line of LiveKit's server log says, and the pairs of addresses in it that ICE has selected."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.sources.readers.serverlines import Grammar, host_of

_GAP = r"(?:\s|#011)+"
"""Columns are parted by tabs, which terminals show as blanks and syslog as #011."""

_LEVELS = "DEBUG|INFO|WARN|ERROR|DPANIC|PANIC|FATAL"
_CALLER = re.compile(r"\S+:\d+")
_CANDIDATE = re.compile(
    r"\[(?P<side>local|remote)\](?P<marks>(?:\[[^\]]*\])*) \S+ (?P<type>\S+) (?P<address>\S*)"
    r"(?:\s+related (?P<related>\S*))?"
)
_SELECTED = re.compile(r"\[selected(?::(\d{1,9}))?\]")
"""Early versions do not number the selections."""

_SAYS_SELECTED = "[selected"
_CANDIDATES = "Candidates"
_RELAYED = "relay"
_HIDDEN = ("0.0.0.0", "::")  # noqa: S104  written for an address, not listened on

GRAMMAR = Grammar(
    line=rf'^(?:\d{{4}}-\d\d-\d\dT\S+?{_GAP}(?:{_LEVELS}){_GAP}|\{{.*"(?:msg|level)":.*\}}\s*$)',
    continued=r"^(?:\s|goroutine \d+|created by |[\w.~/-]+[./][\w.~/()*\[\]{}-]+$)",
    telling=(
        "participant active|participant closing|closing participant|removing participant without connection"
        "|ice reconnected or switched pair|starting RTC session"
    ),
    times=(r"^(\d{4}-\d\d-\d\dT[^\s#]+)", r'^\{.*?"ts":\s*"?([^",}\s]+)'),
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says: its message, and its fields by name."""

    message: str
    fields: Mapping[str, Any]

    def text(self, *names: str) -> str | None:
        """Give the first of some fields that holds a text that is not empty."""
        return next((text for name in names if (text := text_of(self.fields.get(name))) is not None), None)

    @property
    def has_candidates(self) -> bool:
        """Tell whether it lists candidates at all: versions before 2023 do not."""
        return any(name.endswith(_CANDIDATES) for name in self.fields)

    @property
    def pairs(self) -> dict[str, "Pair"]:
        """Give the selected pair of each transport that has one."""
        lists = {
            name.removesuffix(_CANDIDATES): value
            for name, value in self.fields.items()
            if name.endswith(_CANDIDATES) and value is not None
        }
        found = {
            transport: pair_among(candidates) if isinstance(candidates, list) else UNTOLD
            for transport, candidates in lists.items()
        }
        return {transport: pair for transport, pair in found.items() if pair is not None}


@dataclass(frozen=True, slots=True)
class Pair:
    """The two ends of a path: the server's address, and the client's, or that of a TURN server before it.

    Of addresses outside private networks the log has cut the last three characters. `changed` tells that the
    path had changed before.
    """

    relay_ip: str | None = None
    relay_port: str | None = None
    client_ip: str | None = None
    turn_ip: str | None = None
    changed: bool = False

    def is_path_of(self, other: "Pair") -> bool:
        """Tell whether both are one path: the client's port does not matter."""
        return _ends(self) == _ends(other)


UNTOLD = Pair()
"""Of a path that the log does not tell."""


def said_in(line: str) -> Said | None:
    """Take a line apart, or give None where it cannot be read."""
    if line.startswith("{"):
        fields = _fields_in(line)
        message = None if fields is None else fields.get("msg")
        return Said(message, fields) if fields is not None and isinstance(message, str) else None
    head, brace, fields_text = line.partition("{")
    rest = head.replace("#011", "\t").split()[2:]
    place = next((at for at, word in enumerate(rest[:2]) if _CALLER.fullmatch(word)), None)
    fields = _fields_in(brace + fields_text)
    return None if place is None or fields is None else Said(" ".join(rest[place + 1 :]), fields)


def pair_among(candidates: list[Any]) -> Pair | None:
    """Find the pair that was selected last: the highest number on each side.

    Where one was selected and nobody can read which, it is a path that the log does not tell.
    """
    last: dict[str, tuple[int, re.Match[str]]] = {}
    for text in candidates:
        found = _CANDIDATE.match(text) if isinstance(text, str) else None
        selected = None if found is None else _SELECTED.search(found["marks"])
        if found is not None and selected is not None:
            order = int(selected[1] or 1)
            if found["side"] not in last or order > last[found["side"]][0]:
                last[found["side"]] = (order, found)
    if not last:
        says_so = any(not isinstance(text, str) or _SAYS_SELECTED in text for text in candidates)
        return UNTOLD if says_so else None
    (first, local), (second, remote) = (last.get(side, (0, None)) for side in ("local", "remote"))
    relay_ip, relay_port = _parted(None if local is None else local["address"])
    far, _ = _parted(None if remote is None else remote["address"])
    near, _ = _parted(None if remote is None else remote["related"])
    is_turn = remote is not None and remote["type"] == _RELAYED
    return Pair(relay_ip, relay_port, *_client(far, near, is_turn=is_turn), changed=max(first, second) > 1)


def pair_of(written: object) -> Pair | None:
    """Read a pair as the line of a change has it; older versions spell `Adddress`."""
    if not isinstance(written, dict):
        return None
    said = Said("", written)
    port = written.get("localPort")
    far = said.text("remoteAddress", "remoteAdddress")
    near = said.text("relatedAddress", "relatedAdddress")
    near_end = said.text("localAddress", "localAdddress")
    if near_end is None and far is None:
        return None
    return Pair(
        near_end,
        str(port) if isinstance(port, int) else None,
        *_client(far, near, is_turn=written.get("remoteCandidateType") == _RELAYED),
    )


def text_of(value: object) -> str | None:
    """Read a text; an empty one is none, and half of a surrogate pair is written out, as it is no text."""
    return value.encode(errors="backslashreplace").decode() or None if isinstance(value, str) else None


def _client(far: str | None, near: str | None, *, is_turn: bool) -> tuple[str | None, str | None]:
    """Give the client's address, and the TURN server's: behind one, the far end is the server's.

    Browsers hide the address behind it as 0.0.0.0.
    """
    return (None if near in _HIDDEN else near, far) if is_turn else (far, None)


def _ends(pair: Pair) -> tuple[str | None, ...]:
    return (pair.relay_ip, pair.relay_port, pair.client_ip, pair.turn_ip)


def _parted(address: str | None) -> tuple[str | None, str | None]:
    """Part an address from its port at the last colon: the far end has no brackets, as `2001:db8::1:443`."""
    host, _, port = (address or "").rpartition(":")
    return text_of(host_of(host) or ""), text_of(port)


def _fields_in(text: str) -> dict[str, Any] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None
