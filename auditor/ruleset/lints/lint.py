"""Lint: what is no fault in rules, and still wants a look. Design: SEMANTICS.md, section 5."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from auditor.ruleset.lints.contradictions import contradiction
from auditor.ruleset.lints.exceptions import (
    condition_always_holds,
    exception_never_applies,
    unknown_window,
)
from auditor.ruleset.lints.groups import membership_ends, not_verified_lately, silent_on_territories
from auditor.ruleset.lints.remark import Reading, Remark
from auditor.ruleset.lints.rules import (
    allows_nothing,
    filter_always_holds,
    names_greater_china,
    never_fires,
    unowned,
)
from auditor.ruleset.loader import Documented

Look = Callable[[Reading], Iterator[Remark]]

LINTS: Mapping[str, Look] = {
    "allows-nothing": allows_nothing,
    "condition-always-holds": condition_always_holds,
    "contradiction": contradiction,
    "exception-never-applies": exception_never_applies,
    "filter-always-holds": filter_always_holds,
    "greater-china": names_greater_china,
    "membership-ends": membership_ends,
    "never-fires": never_fires,
    "not-verified-lately": not_verified_lately,
    "silent-on-territories": silent_on_territories,
    "unknown-window": unknown_window,
    "unowned": unowned,
}
"""Everything that is looked for, by the name in brackets behind its remarks."""


class Found(NamedTuple):
    """A remark, and the lint that made it."""

    lint: str
    remark: Remark

    def __str__(self) -> str:
        remark = self.remark
        name = f"{self.lint}, noted" if remark.is_noted else self.lint
        line = f"{remark.place}: {remark.about}: {remark.text} [{name}]"
        return f"{line}\n  hint: {remark.hint}" if remark.hint else line


def lint(documented: Documented, *, as_of: datetime) -> tuple[Found, ...]:
    """Look for everything, at a clock; what is found is in the order of its places.

    Rules that contradict each other are found only among those that are loaded together.
    """
    reading = Reading.of(documented, as_of)
    found = [Found(name, remark) for name, look in LINTS.items() for remark in look(reading)]
    return tuple(sorted(found, key=_by_place))


def _by_place(found: Found) -> tuple[str, int, int, str, str, str]:
    path, line, column = found.remark.place.rsplit(":", 2)
    return path, int(line), int(column), found.lint, found.remark.about, found.remark.text
