"""Which facts about connections the loaded rules ask for: no other fact tells situations apart."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from auditor.ruleset.alike import Alike
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.periods import Periods, periods_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RegionNotIn, RequireRule, Rule, clauses_of
from auditor.ruleset.windows import Held, Windows

NOT_NAMED = ""
"""Stands for every value that no rule names: what a rule names is never empty."""

NOTHING_HELD: frozenset[Held] = frozenset()


@dataclass(frozen=True, slots=True)
class WindowTimes:
    """Time, cut where a window that a rule asks for begins or ends.

    `held[i]` says what holds from `edges[i - 1]` until `edges[i]`; `states` lists what may hold, each once,
    and `state_of[i]` is the place of `held[i]` in it.
    """

    edges: tuple[datetime, ...] = ()
    states: tuple[frozenset[Held], ...] = (NOTHING_HELD,)
    state_of: tuple[int, ...] = (0,)

    @classmethod
    def of(cls, windows: Windows, ids: frozenset[str]) -> "WindowTimes":
        """Cut time for the windows of these ids."""
        edges = windows.edges(ids)
        held = (NOTHING_HELD, *(windows.held(ids, edge) for edge in edges))
        states = tuple(dict.fromkeys(held))
        return cls(edges, states, tuple(states.index(one) for one in held))

    def held_at(self, at: datetime) -> frozenset[Held]:
        """Say which windows hold at an instant."""
        return self.states[self.state_of[bisect_right(self.edges, at)]]


@dataclass(frozen=True, slots=True)
class Facts:
    """Which facts a set of rules asks for. An empty collection, or False: no rule asks.

    `account_lists` gives for each account that rules list the sorted ids of these rules, joined by blanks.
    `attempts` and `failed_primaries` are the thresholds of exceptions, in order; `labels` the values that
    rules name of each label. `asks_call`: some verdict depends on the whole call.
    """

    home_regions: frozenset[str]
    account_lists: Mapping[str, str]
    asks_participant: bool
    asks_tier: bool
    asks_call: bool
    attempts: tuple[int, ...]
    failed_primaries: tuple[int, ...]
    selection_reasons: frozenset[str]
    labels: Mapping[str, tuple[str, ...]]
    windows: WindowTimes
    periods: Periods
    alike: Alike

    @classmethod
    def of(cls, ruleset: RuleSet) -> "Facts":
        """Collect what the rules of a rule set ask for."""
        rules = ruleset.rules
        clauses = [clause for rule in rules for clause in clauses_of(rule)]
        windows = frozenset(clause.when.in_window for clause in clauses if clause.when.in_window)
        times = WindowTimes.of(ruleset.windows, windows)
        held = {one.region for state in times.states for one in state if one.region is not None}
        periods = periods_of(rules, ruleset.groups)
        return cls(
            home_regions=frozenset(region for rule in rules for region in _regions(rule)) | held,
            account_lists=_account_lists(rules),
            asks_participant=any(rule.scope.participant for rule in rules),
            asks_tier=any(clause.when.tier for clause in clauses),
            asks_call=any(clause.limits for clause in clauses)
            or any(isinstance(rule, RequireRule) for rule in rules),
            attempts=_thresholds(clause.when.attempt_min for clause in clauses),
            failed_primaries=_thresholds(clause.when.failed_primaries_min for clause in clauses),
            selection_reasons=_reasons(clauses),
            labels=_labels(rules),
            windows=times,
            periods=periods,
            alike=Alike.within(members for spelled in periods.spelled.values() for members in spelled),
        )

    def home_region_of(self, home_region: str | None) -> str | None:
        """Keep a region that a rule names, and not knowing one where a rule asks."""
        if home_region is None:
            return None if self.home_regions else NOT_NAMED
        return home_region if home_region in self.home_regions else NOT_NAMED

    def selection_reason_of(self, reason: str | None) -> str | None:
        """Keep a reason that a rule names; None where no rule asks."""
        if reason is None or not self.selection_reasons:
            return None
        return reason if reason in self.selection_reasons else NOT_NAMED

    def labels_of(self, labels: Mapping[str, str]) -> tuple[str | None, ...]:
        """Give the value of each label that rules ask for, in the order of `labels`."""
        asked = ((labels.get(key), named) for key, named in self.labels.items())
        return tuple(value if value is None or value in named else NOT_NAMED for value, named in asked)

    def attempt_class(self, attempt: int | None) -> int | None:
        """Count the thresholds of `attempts` that a number has reached."""
        return None if attempt is None else bisect_right(self.attempts, attempt)

    def failures_class(self, failed_primaries: int | None) -> int | None:
        """Count the thresholds of `failed_primaries` that a number has reached."""
        return None if failed_primaries is None else bisect_right(self.failed_primaries, failed_primaries)


def _regions(rule: Rule) -> tuple[str, ...]:
    regions = rule.scope.home_region
    return regions.not_in if isinstance(regions, RegionNotIn) else regions or ()


def _account_lists(rules: Iterable[Rule]) -> dict[str, str]:
    lists: dict[str, list[str]] = {}
    for rule in rules:
        for account in rule.scope.accounts or ():
            lists.setdefault(account, []).append(rule.id)
    return {account: " ".join(ids) for account, ids in lists.items()}


def _thresholds(numbers: Iterable[int | None]) -> tuple[int, ...]:
    return tuple(sorted({number for number in numbers if number is not None}))


def _reasons(clauses: Iterable[ExceptionClause]) -> frozenset[str]:
    return frozenset(reason for clause in clauses for reason in clause.when.selection_reason or ())


def _labels(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    named: dict[str, set[str]] = {}
    for rule in rules:
        for key, values in (rule.scope.labels or {}).items():
            named.setdefault(key, set()).update(values)
    return {key: tuple(sorted(named[key])) for key in sorted(named)}
