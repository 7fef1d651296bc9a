"""Time, cut where a rule may say something else than before."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.ruleset.groups import BEGINNING, Groups
from auditor.ruleset.schema import RequireRule, Rule, place_names


@dataclass(frozen=True, slots=True)
class Periods:
    """Time in numbered periods, within which no rule's force and no group that a rule names changes.

    Period 0 is all time before `cuts[0]`; period i is `[cuts[i-1], cuts[i])`; the last has no end. `spelled`
    has, for each set of names that a rule gives, the countries that it stands for in each period.
    """

    cuts: tuple[datetime, ...]
    spelled: Mapping[tuple[str, ...], tuple[frozenset[str], ...]]

    def begin(self, period: int) -> datetime:
        """Give the first instant of a period."""
        return self.cuts[period - 1] if period else BEGINNING

    def period_of(self, at: datetime) -> int:
        """Tell in which period an instant lies."""
        return bisect_right(self.cuts, at)

    def last_entered(self, started_at: datetime, ended_at: datetime) -> int:
        """Tell which period is the last that a connection has entered strictly before its end."""
        return max(self.period_of(started_at), bisect_left(self.cuts, ended_at))

    def members(self, names: tuple[str, ...], period: int) -> frozenset[str]:
        """Give the countries that a rule's names stand for in a period."""
        return self.spelled[names][period]


def periods_of(rules: Iterable[Rule], groups: Groups) -> Periods:
    """Cut time for a set of rules."""
    rules = tuple(rules)
    cuts = tuple(sorted({cut for rule in rules for cut in changes_of(rule, groups)}))
    begins = (BEGINNING, *cuts)
    spelled = {
        names: tuple(groups.members(names, begin) for begin in begins)
        for rule in rules
        for names in place_names(rule)
    }
    return Periods(cuts, spelled)


def changes_of(rule: Rule, groups: Groups) -> tuple[datetime, ...]:
    """Find the instants, in order, at which a rule's force changes, or a group it names while in force.

    Under `require` a connection tells of its call also at times at which the rule is not in force.
    """
    force = {limit for limit in (rule.in_force.from_, rule.in_force.until) if limit}
    named = {change for names in place_names(rule) for change in groups.changes(names)}
    whenever = isinstance(rule, RequireRule)
    return tuple(sorted(force | {change for change in named if whenever or rule.in_force.covers(change)}))
