"""The exception of the European fence, its limits, and the windows of congestion that were declared."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from .facts import Among, Facts, among


@dataclass(frozen=True, slots=True)
class Window:
    """A declared window `[since, until)`; `late` if it was declared more than a day after its end."""

    since: datetime
    until: datetime
    regions: frozenset[str]
    late: bool

    def holds(self, region: str, at: datetime) -> bool:
        """Tell whether it holds for a home region at an instant."""
        return region in self.regions and self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Leave:
    """What an exception lets out of the fence, and how much of it."""

    id: str
    roles: Among
    tiers: Among
    failed_primaries_min: int
    windows: tuple[Window, ...]
    allowed: Among
    connections_per_call: int
    minutes_per_call: int
    share_of_calls: Fraction

    def tier_answers(self, facts: Facts) -> frozenset[bool]:
        """Ask for the tier; one that nothing tells leaves both answers."""
        return frozenset((True, False)) if facts.tier is None else self.tiers.answers((facts.tier,))

    def failure_answers(self, facts: Facts) -> frozenset[bool]:
        """Ask whether enough primaries failed; a count that nothing tells leaves both answers."""
        failed = facts.failed_primaries
        return (
            frozenset((True, False)) if failed is None else frozenset((failed >= self.failed_primaries_min,))
        )

    def in_window(self, region: str, at: datetime) -> bool:
        """Tell whether a window holds."""
        return any(window.holds(region, at) for window in self.windows)

    def leans_on_late(self, region: str, at: datetime) -> bool:
        """Tell whether all windows that hold were declared late."""
        held = [window.late for window in self.windows if window.holds(region, at)]
        return bool(held) and all(held)


_EUROPE = frozenset(("EU",))

IN_TIME = Window(
    datetime(2020, 3, 23, 7, tzinfo=UTC), datetime(2020, 3, 27, 18, tzinfo=UTC), _EUROPE, late=False
)
AFTERWARDS = Window(
    datetime(2020, 4, 1, 7, tzinfo=UTC), datetime(2020, 4, 3, 18, tzinfo=UTC), _EUROPE, late=True
)

CONGESTION = Leave(
    id="congestion",
    roles=among("media signaling"),
    tiers=among("fallback"),
    failed_primaries_min=2,
    windows=(IN_TIME, AFTERWARDS),
    allowed=among("US"),
    connections_per_call=2,
    minutes_per_call=30,
    share_of_calls=Fraction(1, 10),
)
