"""Where the records of a JSON document lie, and what it says of all of them."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from auditor.errors import Fault, SourceError
from auditor.sources.language import DOCUMENT, steps_of
from auditor.sources.mapping import Mapping
from auditor.sources.scanning import Scanner, Span
from auditor.text import nearest

Steps = tuple[str, ...]
TOP = "$"
LONGEST_KEY = 64 << 10
LONGEST_TOLD = 1 << 20
"""A value that is told of all records is short; a longer one is taken for no scalar."""
KEYS_SHOWN = 30
_OBJECT, _ARRAY, _TEXT, _NULL, _END = b"{", b"[", b'"', b"n", b""


@dataclass(frozen=True, slots=True)
class Document:
    """What was found: `array` is where an array of records begins, `alone` where the one record lies.

    `told` has, by path, the JSON of what the document says of all records, None where it is no scalar. `rest`
    is where something begins that is not part of the document, or that breaks it. `cut`: it ends too early.
    `again` are keys on the way to the records that stand twice in an object: the first counts.
    """

    array: int | None
    alone: Span | None
    told: dict[str, bytes | None]
    rest: int | None
    cut: bool
    again: tuple[str, ...] = ()


def locate(path: str, mapping: Mapping, stream_from: Callable[[int], Iterator[bytes]]) -> Document:
    """Look a document through. Raises SourceError if it is none, or has none of the mapping's records."""
    told = {name: steps_of(name) or () for name in mapping.paths if name.startswith(f"{DOCUMENT}.")}
    records = [() if name == TOP else steps_of(name) or (name,) for name in mapping.input.records]
    walk = _Walk(Scanner(stream_from(0)), frozenset(records), frozenset(steps[1:] for steps in told.values()))
    walk.scanner.pass_bom()
    first = walk.scanner.next_byte()
    if first not in (_OBJECT, _ARRAY):
        raise _no_document(path, empty=first == _END)
    walk.value(())
    cut = walk.scanner.ended
    if walk.broken is None and not cut and walk.scanner.next_byte() != _END:
        walk.broken = walk.scanner.position
    found = next((walk.found[steps] for steps in records if steps in walk.found), None)
    if found is None:
        raise _no_records(path, mapping, walk, cut=cut)
    texts = {name: walk.told[steps[1:]] for name, steps in told.items() if steps[1:] in walk.told}
    start, kind = found
    again = tuple(dict.fromkeys(walk.again))
    if kind == _ARRAY:
        return Document(start, None, texts, walk.broken, cut, again)
    alone, behind = _alone(Scanner(stream_from(start), start))
    rest = behind if start == walk.top else walk.broken
    behind_it = rest if rest is not None and rest >= alone.stop else None
    return Document(None, alone, texts, behind_it, cut, again)


def _alone(scanner: Scanner) -> tuple[Span, int | None]:
    """Measure one value, and say where something follows it."""
    start = scanner.position
    whole = scanner.pass_value()
    stop = scanner.position
    return Span(start, stop, whole), None if scanner.next_byte() == _END else scanner.position


@dataclass(slots=True)
class _Walk:
    """Goes through a document as far as the paths lead; of equal keys the first counts."""

    scanner: Scanner
    records: frozenset[Steps]
    asked: frozenset[Steps]
    found: dict[Steps, tuple[int, bytes]] = field(default_factory=dict)
    told: dict[Steps, bytes | None] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    top: int = 0
    broken: int | None = None

    def value(self, steps: Steps) -> None:
        """Pass the value at a path, and note what is asked of it."""
        first = self.scanner.next_byte()
        if not steps:
            self.top = self.scanner.position
        if steps in self.records and first not in (_NULL, _END):
            self.found[steps] = (self.scanner.position, first)
        leads_on = any(way[: len(steps)] == steps and way != steps for way in self.records | self.asked)
        if steps in self.asked:
            self.told[steps] = None
        if first == _OBJECT and leads_on:
            self._object(steps)
        elif first == _ARRAY and steps in self.records:
            for _ in self.scanner.elements():
                pass
        elif steps in self.asked:
            self.told[steps] = self.scanner.value(LONGEST_TOLD)
        else:
            self.scanner.pass_value()

    def _object(self, steps: Steps) -> None:
        seen: set[str] = set()
        self.scanner.pass_byte()
        following = self.scanner.next_byte()
        while following == _TEXT:
            key = _key_of(self.scanner.value(LONGEST_KEY))
            if self.scanner.next_byte() != b":":
                break
            self.scanner.pass_byte()
            if not steps and key is not None and len(self.keys) < KEYS_SHOWN:
                self.keys.append(key)
            if key is None or key in seen:
                self._note_again(steps, key)
                self.scanner.pass_value()
            else:
                seen.add(key)
                self.value((*steps, key))
            following = self.scanner.next_byte()
            if self.broken is not None or following != b",":
                break
            self.scanner.pass_byte()
            following = self.scanner.next_byte()
        if self.broken is None and following == b"}":
            self.scanner.pass_byte()
        elif self.broken is None and not self.scanner.ended:
            self.broken = self.scanner.position

    def _note_again(self, steps: Steps, key: str | None) -> None:
        way = (*steps, key)
        if any(records[: len(way)] == way for records in self.records):
            self.again.append(str(key))


def _key_of(text: bytes | None) -> str | None:
    try:
        key = None if text is None else json.loads(text)
    except ValueError:
        return None
    return key if isinstance(key, str) else None


def _no_document(path: str, *, empty: bool) -> SourceError:
    text = "is empty" if empty else "is no JSON document: it begins neither with `{` nor with `[`"
    hint = "is it a file of another format? `auditor formats detect` looks"
    return SourceError(Fault(path, f"{text}, so no record can be read", hint))


def _no_records(path: str, mapping: Mapping, walk: _Walk, *, cut: bool) -> SourceError:
    wanted = ", ".join(f"`{name}`" for name in mapping.input.records)
    where = f" before the document breaks at byte {walk.broken}" if walk.broken is not None else ""
    where = where or (" before the file ends, in the middle of the document" if cut else "")
    return SourceError(
        Fault(
            path,
            f"has nothing at {wanted}, where the mapping `{mapping.id}` looks for records{where}",
            _hint(mapping.input.records, walk.keys),
        )
    )


def _hint(wanted: Sequence[str], keys: Sequence[str]) -> str:
    shown = [key[:80].encode(errors="backslashreplace").decode() for key in keys]
    suggestion = nearest(wanted[0], shown)
    there = ", ".join(f"`{key}`" for key in shown)
    listed = f"there are: {there}" if there else "its top is no object that has keys"
    return f"{suggestion} {listed}" if suggestion else listed
