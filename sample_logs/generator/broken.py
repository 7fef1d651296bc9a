"""Records that cannot be read: one of each kind, made from records that could."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .values import Connection, Entry, Reject, Value, utc

MALFORMED = Reject("malformed", None)


@dataclass(frozen=True, slots=True)
class Break:
    """One way to break a record: another start, or another text."""

    reject: Reject
    started_at: Value = None
    garble: Callable[[bytes], bytes] | None = None

    def of(self, was: Connection) -> Entry:
        """Break the record of a connection."""
        at = was.facts.started_at
        if self.garble is not None:
            return Entry(at, was, self.reject, self.garble)
        return Entry(at, was.told("broken", started_at=self.started_at), self.reject)


def _start(reason: str, started_at: Value) -> Break:
    return Break(Reject(reason, "started_at"), started_at)


ABSURD = (
    _start("missing", None),
    _start("out_of_range", utc(1970, 1, 1)),
    _start("out_of_range", utc(2150, 3, 24, 9, 30)),
)
"""Starts that a typed column can hold too."""

UNREADABLE = (
    *ABSURD,
    _start("unreadable", "yesterday, 14:03"),
    _start("unreadable", "2020-13-45T99:00:00Z"),
    _start("no_zone", "2020-04-01T14:03:22"),
)


def _text(garble: Callable[[bytes], bytes], reject: Reject = MALFORMED) -> Break:
    return Break(reject, garble=garble)


def _fewer_fields(line: bytes) -> bytes:
    return line.rsplit(b",", 3)[0]


def _more_fields(line: bytes) -> bytes:
    return line + b",true,,"


def _stray_quote(line: bytes) -> bytes:
    return line.replace(b",primary,", b',"primary,').replace(b",fallback,", b',"fallback,')


def _text_after_quote(line: bytes) -> bytes:
    return line.replace(b",primary,", b',"primary"?,').replace(b",fallback,", b',"fallback"?,')


def _not_utf8(line: bytes) -> bytes:
    return line.replace(b"primary", b"prim\xe4r\xff").replace(b"fallback", b"fall\xffback")


CSV = tuple(map(_text, (_fewer_fields, _more_fields, _stray_quote, _text_after_quote, _not_utf8)))


def _no_comma(line: bytes) -> bytes:
    return line.replace(b'","', b'" "', 1)


def _no_end(line: bytes) -> bytes:
    return line[: len(line) // 2]


def _single_quotes(line: bytes) -> bytes:
    return line.replace(b'"', b"'")


def _array(line: bytes) -> bytes:
    return b"[" + line + b"]"


def _two_objects(line: bytes) -> bytes:
    return line + b" " + line


NDJSON = tuple(map(_text, (_no_comma, _no_end, _single_quotes, _array, _two_objects, _not_utf8)))

CUT_OFF = _text(_no_end, Reject("truncated", None))
"""The last record of a file whose end is missing."""


def broken_of(breaks: tuple[Break, ...], bases: Iterator[Connection]) -> Iterator[Entry]:
    """Break a record in each of the ways."""
    for way, was in zip(breaks, bases, strict=False):
        yield way.of(was)
