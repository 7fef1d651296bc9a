"""One base class for everything that a user can mend, with its place and a hint."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in something that came from outside.

    `place` is `file:line:column` or `file, record N`, or only a file or option; `text` says what,
    in lower case, with what the user wrote in backticks; `hint` says how to go on.
    """

    place: str
    text: str
    hint: str | None = None

    def __str__(self) -> str:
        """Render the fault as the user sees it: one line, and the hint beneath."""
        lines = f"{self.place}: {self.text}" if self.place else self.text
        return f"{lines}\n  hint: {self.hint}" if self.hint else lines


class AuditorError(Exception):
    """What a user can mend. `str()` of it is what the user reads."""

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise AssertionError("an error without a fault tells nobody anything")
        super().__init__(*faults)
        self.faults = faults

    @classmethod
    def of(cls, faults: Iterable[Fault]) -> "AuditorError":
        """Collect `faults`, in the order of their places."""
        return cls(*sorted(faults, key=lambda fault: _natural(fault.place)))

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class RuleSetError(AuditorError):
    """Rules, groups, windows or waivers are faulty, or their tests fail (exit 5)."""


class InputError(AuditorError):
    """A log, mapping, side file or location database is missing, faulty or unreadable (exit 6)."""


class SourceError(InputError):
    """A log or its mapping."""


class GeoError(InputError):
    """A location database or an inventory."""


class NothingToAuditError(InputError):
    """No logs, no records in all of them, or no rules: silence is never compliance."""


class RunError(InputError):
    """A run directory is missing, incomplete or altered."""


class UsageError(AuditorError):
    """The command line asks for something that cannot be (exit 2)."""


def _natural(place: str) -> tuple[tuple[int, int | str], ...]:
    """Sort `a.yaml:9:1` before `a.yaml:10:1`."""
    parts = place.replace(",", ":").replace(" ", ":").split(":")
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)
