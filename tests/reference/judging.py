"""What one rule says of one connection in each possible world: SEMANTICS.md, section 3."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.reference.facts import UNKNOWN_END, WORST_FIRST, Certainty, Facts
from tests.reference.listing import Moment, changes, exceptions_of, moment_of
from tests.reference.possible import One, worlds
from tests.reference.world import Groups, RuleDict, Window, covers

LATE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one world says.

    `verdict` is how it stands if every use is within its limits; `uses` are the exceptions with limits that
    took the connection; `leans`: an exception took it only because a window was declared too late.
    """

    verdict: str
    uses: frozenset[str] = frozenset()
    leans: bool = False


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What the possible worlds of one connection say, over all its time and at its start alone."""

    over_time: frozenset[Outcome]
    at_start: frozenset[Outcome]

    @property
    def scope(self) -> Certainty:
        """Say how surely the connection is in the scope of the rule, at any instant."""
        return Certainty.of(one.verdict != "not_applicable" for one in self.over_time)

    def use_of(self, exception: str) -> Certainty:
        """Say how surely the connection is a use of an exception with limits."""
        return Certainty.of(exception in one.uses for one in self.over_time)


def outcomes_of(
    rule: RuleDict, groups: Groups, windows: list[Window], facts: Facts, *, reduced: bool = True
) -> Outcomes:
    """Judge a connection in each world that is left. `reduced` False enumerates every value there is."""
    if not facts.relay or not facts.participant:
        raise AssertionError("an empty candidate set")
    moments, ends = moments_of(rule, groups, facts)
    over_time: set[Outcome] = set()
    at_start: set[Outcome] = set()
    for one in worlds(rule, groups, windows, facts, reduced=reduced):
        held = dict(held_windows(windows, one.home_region, facts))
        said = [outcome_at(rule, moment, one, held) for moment in moments]
        over_time |= {together(said[:end]) for end in ends}
        at_start.add(said[0])
    return Outcomes(frozenset(over_time), frozenset(at_start))


def moments_of(rule: RuleDict, groups: Groups, facts: Facts) -> tuple[list[Moment], Sequence[int]]:
    """List the instants at which a connection is judged, and how many of them may lie before its end."""
    latest = facts.end if facts.end is not None else facts.start + UNKNOWN_END
    later = [at for at in changes(rule, groups) if facts.start < at < latest]
    moments = [moment_of(rule, groups, at) for at in (facts.start, *later)]
    return moments, range(1, len(moments) + 1) if facts.end is None else [len(moments)]


def held_windows(windows: list[Window], home_region: str, facts: Facts) -> Iterable[tuple[str, bool]]:
    """List the ids of the windows that hold at the start, and if all that do were declared too late."""
    holding = [
        window
        for window in windows
        if home_region in window["regions"] and covers(window["from"], window["until"], facts.start)
    ]
    for name in {window["id"] for window in holding}:
        yield (
            name,
            all(window["declared_at"] > window["until"] + LATE for window in holding if window["id"] == name),
        )


def together(said: Sequence[Outcome]) -> Outcome:
    """Judge one world by the worst of its instants; what is a use at any of them counts as one."""
    verdict = min((each.verdict for each in said), key=WORST_FIRST.index)
    leans = verdict != "violation" and any(each.leans for each in said)
    return Outcome(verdict, frozenset().union(*(each.uses for each in said)), leans=leans)


def outcome_at(rule: RuleDict, moment: Moment, one: One, held: dict[str, bool]) -> Outcome:
    """Judge one world at one instant."""
    if not moment.in_force or not one.used or not in_scope(rule["scope"], moment, one):
        return Outcome("not_applicable")
    if is_inside(rule, moment, one.relay):
        return Outcome("compliant")
    for exception in exceptions_of(rule):
        if one.relay in moment.exceptions[exception["id"]] and takes(exception, one, held):
            uses = frozenset([exception["id"]] if exception.get("limits") else [])
            return Outcome("excused", uses, leans=held.get(exception.get("when", {}).get("in_window"), False))
    return Outcome("violation")


def is_inside(rule: RuleDict, moment: Moment, country: str) -> bool:
    """Tell whether a relay may be in a country without an exception."""
    effect = rule["effect"]
    allows = effect == "require" or (effect == "fence" and "allow" in rule["fence"])
    return (country in moment.body) == allows


def in_scope(scope: dict[str, Any], moment: Moment, one: One) -> bool:
    """Tell whether all keys of the scope hold; an absent key restricts nothing."""
    regions, participants = scope.get("home_region"), scope.get("participant", {})
    return (
        (regions is None or named_by(regions, one.home_region))
        and ("roles" not in scope or one.role in scope["roles"])
        and ("accounts" not in scope or one.account_id in scope["accounts"])
        and ("in" not in participants or one.participant in moment.participants)
        and ("not_in" not in participants or one.participant not in moment.participants)
        and all(one.labels[key] in values for key, values in scope.get("labels", {}).items())
    )


def named_by(regions: list[str] | dict[str, list[str]], region: str) -> bool:
    """Tell whether a list of home regions, or `{not_in: list}`, holds for a region."""
    return region not in regions["not_in"] if isinstance(regions, dict) else region in regions


def takes(exception: dict[str, Any], one: One, held: dict[str, bool]) -> bool:
    """Tell whether the roles and the whole `when` of an exception hold."""
    when = exception.get("when", {})
    return (
        ("roles" not in exception or one.role in exception["roles"])
        and ("tier" not in when or one.tier in when["tier"])
        and ("attempt_min" not in when or one.attempt >= when["attempt_min"])
        and ("failed_primaries_min" not in when or one.failed_primaries >= when["failed_primaries_min"])
        and ("selection_reason" not in when or one.selection_reason in when["selection_reason"])
        and ("in_window" not in when or when["in_window"] in held)
    )
