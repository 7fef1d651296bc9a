"""A good file made bad in thousands of ways, the same ones for the same seed."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_MARKER = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = 16
_KEYS = (
    *(b"node_count", b"record_size", b"ip_version", b"build_epoch", b"database_type"),
    *(b"description", b"languages", b"binary_format_major_version"),
)


@dataclass(frozen=True, slots=True)
class Sections:
    """Where in a whole file what begins: the tree at 0, then the data, the marker, and the metadata."""

    whole: bytes
    data_at: int

    @property
    def marker_at(self) -> int:
        """Where the data end."""
        return self.whole.rindex(_MARKER)

    @property
    def metadata_at(self) -> int:
        """Where the metadata begin."""
        return self.marker_at + len(_MARKER)

    @property
    def borders(self) -> list[int]:
        """All places at which something begins or ends."""
        return [0, self.data_at - _SEPARATOR, self.data_at, self.marker_at, self.metadata_at, len(self.whole)]


Mutation = Callable[[Sections, random.Random], bytes]


def mutants_of(whole: bytes, data_at: int, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Make `count` files out of one, each with the name of what was done to it."""
    sections, rnd = Sections(whole, data_at), random.Random(seed)
    for number in range(count):
        mutation = _MUTATIONS[number % len(_MUTATIONS)]
        yield mutation.__name__.strip("_"), mutation(sections, rnd)


def _flip_in(whole: bytes, first: int, end: int, rnd: random.Random) -> bytes:
    changed = bytearray(whole)
    for _ in range(rnd.choice((1, 1, 1, 2, 5))):
        changed[rnd.randrange(first, end)] ^= 1 << rnd.randrange(8)
    return bytes(changed)


def _flips_in_the_tree(file: Sections, rnd: random.Random) -> bytes:
    return _flip_in(file.whole, 0, file.data_at - _SEPARATOR, rnd)


def _flips_in_the_data(file: Sections, rnd: random.Random) -> bytes:
    return _flip_in(file.whole, file.data_at, file.marker_at, rnd)


def _flips_in_the_metadata(file: Sections, rnd: random.Random) -> bytes:
    return _flip_in(file.whole, file.marker_at, len(file.whole), rnd)


def _flips_anywhere(file: Sections, rnd: random.Random) -> bytes:
    return _flip_in(file.whole, 0, len(file.whole), rnd)


def _other_bytes(file: Sections, rnd: random.Random) -> bytes:
    at, length = rnd.randrange(len(file.whole)), rnd.choice((1, 2, 4, 16, 64))
    return file.whole[:at] + rnd.randbytes(length) + file.whole[at + length :]


def _another_node(file: Sections, rnd: random.Random) -> bytes:
    """Let a record of a node be one that stands elsewhere in the tree: a loop, or a part grown together."""
    width = rnd.choice((3, 6))
    places = range(0, file.data_at - _SEPARATOR - width, 3)
    at, other = rnd.choice(places), rnd.choice(places)
    return file.whole[:at] + file.whole[other : other + width] + file.whole[at + width :]


def _a_pointer_in_the_data(file: Sections, rnd: random.Random) -> bytes:
    """Put a pointer to anywhere in the data in the place of a value; some lead to themselves."""
    at = rnd.randrange(file.data_at, file.marker_at - 2)
    to = rnd.choice((at, rnd.randrange(file.data_at, file.marker_at))) - file.data_at
    pointer = bytes((0x20 | to >> 8 & 7, to & 0xFF))
    return file.whole[:at] + pointer + file.whole[at + 2 :]


def _another_size_or_type(file: Sections, rnd: random.Random) -> bytes:
    """Put a control byte of any type and size in the place of a byte of the data or metadata."""
    at = rnd.randrange(file.data_at, len(file.whole))
    return file.whole[:at] + bytes((rnd.randrange(256),)) + file.whole[at + 1 :]


def _a_piece_of_data_elsewhere(file: Sections, rnd: random.Random) -> bytes:
    length = rnd.choice((2, 3, 8, 20))
    at, other = (rnd.randrange(file.data_at, file.marker_at - length) for _ in range(2))
    return file.whole[:at] + file.whole[other : other + length] + file.whole[at + length :]


def _bytes_left_out(file: Sections, rnd: random.Random) -> bytes:
    at = rnd.randrange(len(file.whole))
    return file.whole[:at] + file.whole[at + rnd.choice((1, 2, 16, 100)) :]


def _bytes_put_in(file: Sections, rnd: random.Random) -> bytes:
    at = rnd.choice((*file.borders, rnd.randrange(len(file.whole))))
    return file.whole[:at] + rnd.choice((bytes, rnd.randbytes))(rnd.choice((1, 16, 100))) + file.whole[at:]


def _cut(file: Sections, rnd: random.Random) -> bytes:
    at = rnd.choice((*file.borders[1:-1], rnd.randrange(1, len(file.whole))))
    return file.whole[: at + rnd.choice((-1, 0, 1))]


def _beginning_lost(file: Sections, rnd: random.Random) -> bytes:
    return file.whole[rnd.choice((*file.borders[1:-1], rnd.randrange(1, len(file.whole)))) :]


def _zeros(file: Sections, rnd: random.Random) -> bytes:
    first, end = sorted(rnd.sample((*file.borders, *rnd.sample(range(len(file.whole)), 4)), 2))
    return file.whole[:first] + bytes(end - first) + file.whole[end:]


def _sections_in_another_order(file: Sections, rnd: random.Random) -> bytes:
    borders = file.borders
    parts = [file.whole[first:end] for first, end in itertools.pairwise(borders)]
    rnd.shuffle(parts)
    return b"".join(parts)


def _metadata_that_lie(file: Sections, rnd: random.Random) -> bytes:
    """Change the number, the length or the type that stands behind a key."""
    key = rnd.choice(_KEYS)
    at = file.whole.index(key, file.metadata_at) + len(key)
    to = at + rnd.randrange(4)
    value = bytes((rnd.choice((0, 1, 4, 6, 24, 28, 32, 255, rnd.randrange(256))),))
    return file.whole[:to] + value + file.whole[to + 1 :]


def _a_key_that_is_another(file: Sections, rnd: random.Random) -> bytes:
    """Give a text in the data the letters of another of its length."""
    old, new = rnd.choice(((b"country", b"cauntry"), (b"is_anycast", b"is_anycost"), (b"traits", b"treats")))
    old, new = rnd.choice(((old, new), (b"continent", b"c0ntinent"), (b"\x42US", b"\x42CN"), (b"en", b"ZZ")))
    return file.whole.replace(old, new, rnd.choice((1, -1)))


_MUTATIONS: tuple[Mutation, ...] = (
    _flips_in_the_tree,
    _flips_in_the_data,
    _flips_in_the_metadata,
    _flips_anywhere,
    _other_bytes,
    _another_node,
    _a_pointer_in_the_data,
    _another_size_or_type,
    _a_piece_of_data_elsewhere,
    _bytes_left_out,
    _bytes_put_in,
    _cut,
    _beginning_lost,
    _zeros,
    _sections_in_another_order,
    _metadata_that_lie,
    _a_key_that_is_another,
)
