"""What keeps an edition from being fetched: told as a fault of that edition, and of no other."""

from datetime import timedelta

from auditor.errors import Fault


class FetchError(Exception):
    """What went wrong, in words, and how to go on."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint

    def fault_of(self, edition: str) -> Fault:
        """Tell it of an edition."""
        return Fault(edition, self.text, self.hint)


class RefusedError(FetchError):
    """Trying again would not help."""


class BrokenError(FetchError):
    """Trying again may help; `wait` is what the server asks for, if it does."""

    def __init__(self, text: str, hint: str | None = None, *, wait: timedelta = timedelta()) -> None:
        super().__init__(text, hint)
        self.wait = wait


class ArchiveError(FetchError):
    """The archive, or what is in it, is not what it should be."""
