"""Declared windows: when congestion was declared, where, by whom, and whether in time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from auditor.documents import Strict
from auditor.ruleset.fields import Filled, Instant, Text, WindowId, Words
from auditor.ruleset.interval import Stretch

DECLARED_WITHIN = timedelta(hours=24)
"""A window that is declared later than so long after its end is honoured, and marked."""

EVERYWHERE = None
"""Stands for every region: the cases of a rule say which windows hold, and not where."""


class Window(Stretch):
    """One declared window. Several may share an id."""

    id: WindowId
    regions: Words
    evidence: Text
    declared_by: Text
    declared_at: Instant

    @property
    def is_late(self) -> bool:
        """Tell whether it was declared too late to be beyond doubt."""
        return self.declared_at - self.until > DECLARED_WITHIN


class WindowsFile(Strict):
    """One file of windows."""

    schema_: Literal["auditor/windows@1"] = Field(alias="schema")
    windows: Annotated[tuple[Window, ...], Filled]


class Held(NamedTuple):
    """A window that holds at some instant, in one region. `late`: every such window was declared late."""

    window: str
    region: str | None
    late: bool


@dataclass(frozen=True, slots=True)
class Windows:
    """All declared windows."""

    declared: tuple[Window, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Name all windows."""
        return frozenset(window.id for window in self.declared)

    def edges(self, ids: Collection[str]) -> tuple[datetime, ...]:
        """Find the instants, in order, at which windows of these ids begin or end."""
        named = [window for window in self.declared if window.id in ids]
        return tuple(sorted({edge for window in named for edge in (window.from_, window.until)}))

    def held(self, ids: Collection[str], at: datetime) -> frozenset[Held]:
        """Say which windows of these ids hold at an instant, once for each region."""
        late: dict[tuple[str, str], bool] = {}
        for window in self.declared:
            if window.id in ids and window.covers(at):
                for region in window.regions:
                    late[window.id, region] = late.get((window.id, region), True) and window.is_late
        return frozenset(Held(*named, is_late) for named, is_late in late.items())


NO_WINDOWS = Windows()
