"""A JSON document as a stream of bytes: where its values begin and end.

Nothing of it is held for longer than it takes to pass it, and no value is judged: whether it can be read is
seen when it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.sources.lines import BOM

_BLANKS = re.compile(rb"[ \t\r\n]*+")
_IN_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_IN_VALUE = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_IN_ARRAY = re.compile(rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_SCALAR = re.compile(rb'[^ \t\r\n"\[\]{},:]*+')
_END = b""
"""What stands behind the last byte."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value lies in a file: `[start, stop)`, in bytes; `whole` unless the file ends within it."""

    start: int
    stop: int
    whole: bool = True

    @property
    def size(self) -> int:
        """Count its bytes."""
        return self.stop - self.start


@dataclass(slots=True)
class Scanner:
    """Passes over a document; `offset` is where in the file the stream begins.

    `ended` says that the file ended where more was looked for.
    """

    stream: Iterator[bytes]
    offset: int = 0
    ended: bool = False
    _held: bytes = b""
    _at: int = 0
    _kept: list[bytes] | None = None
    _room: int = 0

    @property
    def position(self) -> int:
        """Say where in the file it stands."""
        return self.offset + self._at

    def next_byte(self) -> bytes:
        """Pass blanks, and give the byte behind them without passing it; nothing at the end of the file."""
        while True:
            self._pass_to(_BLANKS)
            if self._at < len(self._held):
                return self._held[self._at : self._at + 1]
            if not self._more():
                return _END

    def pass_byte(self) -> None:
        """Pass the byte that was given."""
        self._at += 1

    def pass_bom(self) -> None:
        """Pass the mark of UTF-8 at the beginning of a file."""
        while len(self._held) < len(BOM) and self._more():
            pass
        if self._held.startswith(BOM):
            self._at = len(BOM)

    def pass_value(self) -> bool:
        """Pass a value of whatever kind; of what is no value, what a scalar could be made of."""
        first = self.next_byte()
        if first == b'"':
            return self._pass_text()
        if first in (b"{", b"["):
            return self._pass_brackets()
        while True:
            self._pass_to(_SCALAR)
            if self._at < len(self._held):
                return True
            if not self._more():
                return False

    def pass_element(self) -> bool:
        """Pass all up to the comma or bracket that ends an element of an array."""
        while True:
            self._pass_to(_IN_ARRAY)
            here = self._held[self._at : self._at + 1]
            if here in (b",", b"]"):
                return True
            if here == b'"':
                whole = self._pass_text()
            elif here in (b"{", b"["):
                whole = self._pass_brackets()
            elif here == _END:
                whole = self._more()
            else:  # a brace that closes nothing is part of an element that nobody can read
                self._at += 1
                whole = True
            if not whole:
                return False

    def value(self, most: int) -> bytes | None:
        """Pass a value and give it; None if it has more bytes than `most`, or the file ends in it."""
        self.next_byte()
        self._drop()
        begun, self._kept, self._room = self.position, [], most
        whole = self.pass_value()
        self._drop()
        kept, self._kept = b"".join(self._kept), None
        return kept if whole and self.position - begun <= most else None

    def elements(self) -> Iterator[Span]:
        """Pass an array, and yield what stands between its commas, blanks behind it with it.

        An empty array has none. Of one that is cut, the last is not whole.
        """
        self.next_byte()
        self.pass_byte()
        if self.next_byte() == b"]":
            self.pass_byte()
            return
        while self.next_byte() != _END:
            start = self.position
            whole = self.pass_element()
            yield Span(start, self.position, whole)
            if not whole:
                return
            closed = self.next_byte() == b"]"
            self.pass_byte()
            if closed:
                return

    def _pass_brackets(self) -> bool:
        """Pass an array or object with all that is in it, whichever kind of bracket closes which."""
        depth = 0
        while True:
            here = self._held[self._at : self._at + 1]
            if here in (b"{", b"["):
                depth += 1
                self._at += 1
            elif here in (b"}", b"]"):
                depth -= 1
                self._at += 1
                if not depth:
                    return True
            elif here == b'"':  # one that does not end in what is held
                if not self._pass_text():
                    return False
            elif here == _END and not self._more():
                return False
            self._pass_to(_IN_VALUE)

    def _pass_text(self) -> bool:
        self._at += 1
        while True:
            self._pass_to(_IN_TEXT)
            if self._held[self._at : self._at + 1] == b'"':
                self._at += 1
                return True
            if not self._more():
                self._at = len(self._held)
                return False

    def _pass_to(self, pattern: re.Pattern[bytes]) -> None:
        if found := pattern.match(self._held, self._at):
            self._at = found.end()

    def _more(self) -> bool:
        """Hold what comes next, and what was not passed; of what was, only what is asked for."""
        following = next(self.stream, None)
        if following is None:
            self.ended = True
            return False
        self._drop()
        self._held += following
        return True

    def _drop(self) -> None:
        if self._kept is not None and self._room > 0:
            self._kept.append(self._held[: self._at])
            self._room -= self._at
        self._held = self._held[self._at :]
        self.offset += self._at
        self._at = 0
