"""Sentences that remember which of their words came from outside."""

import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

TEXT_LIMIT = 200
RECORD_LIMIT = 4_000

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_PLAIN = re.compile(r"[\x20-\x7e]*")


def visible(text: str, limit: int = TEXT_LIMIT) -> str:
    """Show text from outside as what it is: hidden characters by number, and no more than `limit` of it.

    Control, format and bidirectional characters, and separators of lines, become `[U+202E]`; NUL becomes
    U+FFFD. What is cut off is said, with the length of the whole.
    """
    shown = text[:limit]
    if not _PLAIN.fullmatch(shown):
        shown = "".join(_shown(character) for character in shown)
    return shown if len(text) <= limit else f"{shown}… [cut: {len(text):,} characters in all]"


def _shown(character: str) -> str:
    if character == "\0":
        return "\N{REPLACEMENT CHARACTER}"
    if unicodedata.category(character) in _HIDDEN:
        return f"[U+{ord(character):04X}]"
    return character


class Logged(str):
    """Text that came from outside: shown in isolation, and never trusted."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence in parts; the `Logged` ones are isolated where the medium knows how."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(visible(part) if isinstance(part, Logged) else part for part in self.parts)

    def __bool__(self) -> bool:
        return bool(self.parts)


NOTHING = Phrase(())


def fill(template: str, **values: object) -> Phrase:
    """Put values into the `{named}` places of a sentence; phrases keep their parts."""
    parts: list[str] = []
    for words, name, _, _ in string.Formatter().parse(template):
        if words:
            parts.append(words)
        if name is not None:
            parts.extend(_parts_of(values[name]))
    return Phrase(tuple(parts))


def joined(phrases: Iterable[Phrase | str], between: str) -> Phrase:
    """Join phrases with the same words between any two of them."""
    parts: list[str] = []
    for phrase in phrases:
        if parts:
            parts.append(between)
        parts.extend(_parts_of(phrase))
    return Phrase(tuple(parts))


def capital(phrase: Phrase) -> Phrase:
    """Begin as a sentence does; what came from outside stays as it is."""
    first, *rest = phrase.parts
    return phrase if isinstance(first, Logged) else Phrase((f"{first[0].upper()}{first[1:]}", *rest))


def _parts_of(value: object) -> tuple[str, ...]:
    if isinstance(value, Phrase):
        return value.parts
    return (value if isinstance(value, str) else str(value),)
