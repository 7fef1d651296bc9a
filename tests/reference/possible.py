"""The possible worlds of one connection: SEMANTICS.md, section 3.

Worlds are enumerated over every value that the evidence leaves open, with two reductions that change nothing:

* A fact that the rule does not name is asked by nothing, so one value stands for all of it.
* Countries that no list of the rule and no group names, at any time, are in none of the sets that are asked.
  They behave alike in every world, so one of them stands for all; so too one role, and one value of each
  other fact, that the rule does not name, and one count of those between two thresholds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from tests.reference.facts import ROLES, TIERS, Facts
from tests.reference.listing import exceptions_of, lists_of, participants_of, rows_of
from tests.reference.world import Groups, RuleDict, Window

OTHER_WORD = "\0other"


@dataclass(frozen=True, slots=True)
class One:
    """One possible world of one connection, in which nothing is unknown any more."""

    relay: str
    participant: str
    role: str
    home_region: str
    account_id: str
    used: bool
    tier: str
    attempt: int
    failed_primaries: int
    selection_reason: str
    labels: Mapping[str, str]


def worlds(
    rule: RuleDict, groups: Groups, windows: list[Window], facts: Facts, *, reduced: bool
) -> Iterator[One]:
    """Enumerate what may be true: what is unknown of one fact is independent of the others."""
    scope = rule["scope"]
    named = {row["code"] for row in rows_of(lists_of(rule), groups)}
    relays, participants = sorted(facts.relay), sorted(facts.participant)
    if reduced:
        relays = one_of_the_others(relays, named)
        participants = one_of_the_others(participants, named) if participants_of(rule) else participants[:1]
    reasons = [word for words in asked_by(rule, "selection_reason") for word in words]
    left: dict[str, list[Any]] = {
        "relay": relays,
        "participant": participants,
        "role": roles_left(rule, facts, reduced=reduced),
        "home_region": left_open(facts.home_region, regions_of(rule, windows)),
        "account_id": left_open(facts.account_id, scope.get("accounts", [])),
        "used": [True] if facts.use_proved else [True, False],
        "tier": tiers_left(rule, facts, reduced=reduced),
        "attempt": counts_left(facts.attempt, asked_by(rule, "attempt_min"), least=1, reduced=reduced),
        "failed_primaries": counts_left(
            facts.failed_primaries, asked_by(rule, "failed_primaries_min"), least=0, reduced=reduced
        ),
        "selection_reason": left_open(facts.selection_reason, reasons),
        "labels": list(labels_left(scope.get("labels", {}), facts)),
    }
    for world in product(*left.values()):
        yield One(**dict(zip(left, world, strict=True)))


def labels_left(asked: dict[str, list[str]], facts: Facts) -> Iterator[dict[str, str]]:
    """List the labels that a connection may have, of those that a rule asks for."""
    for values in product(*(left_open(facts.labels.get(key), asked[key]) for key in asked)):
        yield dict(zip(asked, values, strict=True))


def asked_by(rule: RuleDict, condition: str) -> list[Any]:
    """List what the exceptions ask in one condition."""
    return [each["when"][condition] for each in exceptions_of(rule) if condition in each.get("when", {})]


def regions_of(rule: RuleDict, windows: list[Window]) -> list[str]:
    """List the home regions that the rule's scope, or a window that it asks for, names."""
    scope = rule["scope"].get("home_region", [])
    asked = asked_by(rule, "in_window")
    in_windows = [region for window in windows if window["id"] in asked for region in window["regions"]]
    return [*(scope["not_in"] if isinstance(scope, dict) else scope), *in_windows]


def roles_left(rule: RuleDict, facts: Facts, *, reduced: bool) -> list[str]:
    """List the roles that a relay may have had."""
    roles = list(ROLES) if facts.role == "unknown" else [facts.role]
    named = {role for part in (rule["scope"], *exceptions_of(rule)) for role in part.get("roles", [])}
    return one_of_the_others(roles, named) if reduced else roles


def tiers_left(rule: RuleDict, facts: Facts, *, reduced: bool) -> list[str]:
    """List the tiers that a relay may have been of."""
    if facts.tier is not None:
        return [facts.tier]
    return list(TIERS) if asked_by(rule, "tier") or not reduced else list(TIERS[:1])


def counts_left(count: int | None, thresholds: list[int], *, least: int, reduced: bool) -> list[int]:
    """List the counts that may be meant, up to the highest threshold: beyond it nothing changes."""
    if count is not None:
        return [count]
    if not reduced:
        return list(range(least, max([least, *thresholds]) + 2))
    return sorted({least, *(threshold for threshold in thresholds if threshold > least)})


def one_of_the_others(values: list[str], named: set[str]) -> list[str]:
    """Keep what is named, and the first of what is not: nothing tells the rest of them apart from it."""
    others = [value for value in values if value not in named]
    return [value for value in values if value in named] + others[:1]


def left_open(value: str | None, named: list[str]) -> list[str]:
    """List the values that a fact may have: its own, or if it was not logged, each named one and another."""
    if value is not None:
        return [value]
    return [*dict.fromkeys(named), OTHER_WORD]
