"""What one rule says of all connections of an audit, and of their calls: all of SEMANTICS.md, section 3.

Straight from that page, connection by connection and world by world, and without a line of the product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.reference.calls import Subject, required, unobserved
from tests.reference.facts import FINDING_VERDICTS, Facts, Opinion, settled
from tests.reference.judging import Outcome, Outcomes, outcomes_of
from tests.reference.limits import statuses_of
from tests.reference.world import Groups, RuleDict, Window


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule says: an opinion for each connection, in order, and the findings that are about calls."""

    connections: tuple[Opinion, ...]
    calls: Mapping[Subject, Opinion]


def judge_all(
    rule: RuleDict, groups: Groups, windows: Sequence[Window], connections: Sequence[Facts]
) -> Judged:
    """Judge every connection, and every call, under one rule. Limits count over all that is given."""
    outcomes = [outcomes_of(rule, groups, list(windows), facts) for facts in connections]
    scope = [each.scope for each in outcomes]
    findings = {} if rule["effect"] == "watch" else unobserved(rule, connections, scope)
    if rule["effect"] == "require":
        opinions, of_calls = required(rule, groups, connections, scope)
        return Judged(tuple(opinions), findings | of_calls)
    statuses = statuses_of(rule, connections, outcomes)
    return Judged(tuple(map(opinion_of, outcomes, statuses)), findings)


def opinion_of(outcomes: Outcomes, statuses: Mapping[str, str]) -> Opinion:
    """Settle a connection, once it is known how its uses stand with their limits."""
    verdict = verdict_of(outcomes.over_time, statuses)
    reasons = set()
    if verdict != verdict_of(outcomes.at_start, statuses):
        reasons.add("spans_change")
    if verdict in FINDING_VERDICTS and any(one.leans for one in outcomes.over_time):
        reasons.add("late_declared")
    return Opinion(verdict, frozenset(reasons))


def verdict_of(worlds: frozenset[Outcome], statuses: Mapping[str, str]) -> str:
    """Judge by what every world says."""
    return settled({verdict for one in worlds for verdict in verdicts_in(one, statuses)})


def verdicts_in(one: Outcome, statuses: Mapping[str, str]) -> set[str]:
    """List what one world may say: a use over its limits is a violation, and one that is open is either."""
    found = {statuses[exception] for exception in one.uses}
    if "over" in found:
        return {"violation"}
    return {one.verdict, "violation"} if "open" in found else {one.verdict}
