"""JSON that comes from outside: whole values, and one value after the other with its place."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

_CUT_ESCAPE = 6
"""A value that is cut within an escape, a word or a number fails at most this far before its end."""


class NotJsonError(Exception):
    """A text is no JSON. `cut` says that it only ends too early."""

    def __init__(self, *, cut: bool) -> None:
        super().__init__("no JSON")
        self.cut = cut


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def value_of(text: str) -> Any:  # noqa: ANN401  any JSON value
    """Read a text that is one value; NaN, and what is nested too deeply, is none. Raises NotJsonError."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(cut=_is_cut(error, text)) from error
    except (ValueError, RecursionError) as error:
        raise NotJsonError(cut=False) from error


@dataclass(slots=True)
class Cursor:
    """Goes through a text, value by value. What it cannot read raises NotJsonError."""

    text: str
    at: int = 0

    def peek(self) -> str:
        """Go on to what is no blank, and show its first character; nothing at the end."""
        while (sign := self.text[self.at : self.at + 1]) and sign in " \t\r\n":
            self.at += 1
        return sign

    def take(self, sign: str) -> None:
        """Go beyond a sign that must stand here."""
        if (found := self.peek()) != sign:
            raise NotJsonError(cut=not found)
        self.at += 1

    def value(self) -> Any:  # noqa: ANN401  any JSON value
        """Read the value that stands here, and go beyond it."""
        if not self.peek():
            raise NotJsonError(cut=True)
        try:
            found, self.at = _DECODER.raw_decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise NotJsonError(cut=_is_cut(error, self.text)) from error
        except (ValueError, RecursionError) as error:
            raise NotJsonError(cut=False) from error
        return found

    def members(self) -> Iterator[str]:
        """Yield the name of each member of an object, standing at its value: the caller goes beyond that."""
        self.take("{")
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            if (sign := self.peek()) != '"':
                raise NotJsonError(cut=not sign)
            name = self.value()
            self.take(":")
            self.peek()
            yield name
            if self.peek() != ",":
                break
            self.at += 1
        self.take("}")

    def elements(self) -> Iterator[None]:
        """Stop at each element of an array: the caller goes beyond it."""
        self.take("[")
        if self.peek() == "]":
            self.at += 1
            return
        while True:
            self.peek()
            yield
            if self.peek() != ",":
                break
            self.at += 1
        self.take("]")


def _is_cut(error: json.JSONDecodeError, text: str) -> bool:
    return error.msg.startswith("Unterminated") or len(text) - error.pos <= _CUT_ESCAPE
