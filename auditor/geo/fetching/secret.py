"""A value that may be sent to one server, and shown nowhere."""

from typing import Final


class Secret:
    """Holds a text that neither `str`, `repr` nor a traceback gives away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text: Final = text

    def __repr__(self) -> str:
        return "Secret(…)"

    def reveal(self) -> str:
        """Give the text, to send it."""
        return self._text
