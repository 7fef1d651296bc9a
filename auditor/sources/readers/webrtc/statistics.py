"""Objects of getStats → the candidate pairs that are in use, and what each has carried."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditor.sources.readers.webrtc.candidates import (
    LONGEST_TEXT,
    Candidate,
    of_statistics,
    text_of,
)

MOST_OBJECTS = 20_000
_MOST_BYTES = 1 << 62

_PAIR = ("localCandidateId", "remoteCandidateId")
_TYPES = {
    *("transport", "candidate-pair", "local-candidate", "remote-candidate"),
    *("candidatepair", "localcandidate", "remotecandidate"),
}
_LOCAL = ("local-candidate", "localcandidate")
_SELECTED = "selectedCandidatePairId"
_CHANGES = "selectedCandidatePairChanges"
_TELLING = {_SELECTED, *_PAIR, "candidateType"}
_UNCHANGED = {"timestamp"}
KEPT = frozenset(
    {
        *("type", "transportId", _SELECTED, _CHANGES, *_PAIR, "nominated", "state", "selected"),
        *("bytesSent", "bytesReceived", "candidateType", "address", "ip", "ipAddress", "port", "portNumber"),
        *("protocol", "relayProtocol", "url", "foundation", "relatedAddress", "relatedPort", "isRemote"),
    }
)
"""All that is read of an object."""

_UNKNOWN: Mapping[str, Any] = {}


class TooManyObjectsError(Exception):
    """There are more objects than any peer connection has."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A pair in use. `stream` is what has one at a time; `sure` is False where another may be meant."""

    stream: str
    pair: str
    local: Candidate
    remote: Candidate
    sure: bool = True


@dataclass(slots=True)
class Statistics:
    """The objects of one peer connection, as last reported: only those that tell of paths."""

    _known: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pairs: dict[str, dict[str, Any]] = field(default_factory=dict)
    _transports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, objects: Mapping[str, Any]) -> None:
        """Lay the objects of a report, by id, over those that are known; a null takes a value out.

        Reports coded as differences leave out what has not changed. Where one names an object that has not
        changed at all, it names all that are left, and the others are forgotten; else they may have been left
        out for the same reason. Raises TooManyObjectsError.
        """
        names_all = False
        for name, said in objects.items():
            if isinstance(said, dict):
                names_all |= said.keys() <= _UNCHANGED
                self._take(name, said)
        if names_all:
            for name in self._known.keys() - objects.keys():
                for kind in (self._known, self._pairs, self._transports):
                    kind.pop(name, None)

    def _take(self, name: str, said: dict[str, Any]) -> None:
        known = self._known.get(name)
        if known is None:
            if not tells(said):
                return
            if len(name) > LONGEST_TEXT or len(self._known) >= MOST_OBJECTS:
                raise TooManyObjectsError
            known = self._known[name] = {}
        known.update((key, _short(value)) for key, value in said.items() if key in KEPT)
        is_pair = all(isinstance(known.get(key), str) for key in _PAIR)
        is_transport = not is_pair and (_SELECTED in known or known.get("type") == "transport")
        for kind, belongs in ((self._pairs, is_pair), (self._transports, is_transport)):
            if belongs:
                kind[name] = known
            else:
                kind.pop(name, None)

    @property
    def tells(self) -> bool:
        """Say whether there is anything about paths."""
        return bool(self._pairs or self._transports)

    @property
    def counters(self) -> dict[str, int]:
        """Give the bytes that each pair has carried, both ways; pairs without counters are left out."""
        counted = {name: _bytes_of(pair) for name, pair in self._pairs.items()}
        return {name: count for name, count in counted.items() if count is not None}

    @property
    def changes(self) -> dict[str, int]:
        """Say how often the pair of each transport has been chosen, where its browser counts it."""
        counted = {name: _count_of(one.get(_CHANGES)) for name, one in self._transports.items()}
        return {name: count for name, count in counted.items() if count is not None}

    @property
    def selected(self) -> list[Selected]:
        """Find the pairs in use: what transports name, else what is marked as such, in their order."""
        naming = {name: one[_SELECTED] for name, one in self._transports.items() if _SELECTED in one}
        if not naming:
            return self._marked()
        return [self._selected(name, pair) for name, pair in naming.items() if isinstance(pair, str) and pair]

    def _marked(self) -> list[Selected]:
        says_so = any("selected" in pair for pair in self._pairs.values())
        marked = {
            name: text_of(pair.get("transportId")) or name
            for name, pair in self._pairs.items()
            if (_is_true(pair.get("selected")) if says_so else _nominated(pair))
        }
        pairs = Counter(marked.values())
        return [
            self._selected(stream, name)
            if pairs[stream] == 1
            else self._selected(f"{stream} {name}", name, sure=False)
            for name, stream in marked.items()
        ]

    def _selected(self, stream: str, pair: str, *, sure: bool = True) -> Selected:
        local, remote = self.ends_of(pair)
        return Selected(stream, pair, local, remote, sure)

    def ends_of(self, pair: str) -> tuple[Candidate, Candidate]:
        """Give both ends of a pair; what is not there says nothing."""
        known = self._pairs.get(pair, _UNKNOWN)
        local, remote = (self._known.get(known.get(key, ""), _UNKNOWN) for key in _PAIR)
        return of_statistics(local), of_statistics(remote)

    @property
    def reflexive(self) -> set[str]:
        """List the addresses under which the participant is seen from outside."""
        ours, theirs = ({pair[key] for pair in self._pairs.values()} for key in _PAIR)
        known = (
            of_statistics(one)
            for name, one in self._known.items()
            if name not in theirs
            and (name in ours or one.get("type") in _LOCAL or one.get("isRemote") is False)
        )
        return {seen for one in known if (seen := one.seen_as) is not None}


def tells(said: Mapping[str, Any]) -> bool:
    """Say whether an object tells of paths, by its type, else by what it has."""
    kind = said.get("type")
    return kind in _TYPES if isinstance(kind, str) else not _TELLING.isdisjoint(said)


def _short(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Keep single values only, texts not longer than any that means something."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return value


def _bytes_of(pair: Mapping[str, Any]) -> int | None:
    sent, received = (_count_of(pair.get(name)) for name in ("bytesSent", "bytesReceived"))
    return None if sent is None or received is None else sent + received


def _count_of(value: Any) -> int | None:  # noqa: ANN401  any JSON value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_BYTES
    return value if fits else None


def _is_true(value: Any) -> bool:  # noqa: ANN401  any JSON value
    return value is True or value == "true"


def _nominated(pair: Mapping[str, Any]) -> bool:
    return _is_true(pair.get("nominated")) and pair.get("state") == "succeeded"
