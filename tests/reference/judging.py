"""What one rule says of one connection, by enumerating possible worlds: SEMANTICS.md, section 3.

Worlds are enumerated over every value that the evidence leaves open, with two reductions that change nothing:

* A fact that the rule's scope does not name is asked by nothing, so one value stands for all of it.
* Countries that no list of the rule and no group names, at any time, are in none of the sets that are asked.
  They behave alike in every world, so one of them (`OTHER`) stands for all; so too one role and one account
  or region that the rule does not name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from tests.reference.world import Groups, RuleDict, covers

WORST_FIRST = ("violation", "indeterminate", "excused", "compliant", "not_applicable")
RELAYING = ("media", "turn", "signaling", "keys", "recording", "gateway", "transcription", "storage")
ROLES = (*RELAYING, "edge_transit", "unknown")
UNKNOWN_END = timedelta(hours=24)
OTHER_WORD = "\0other"


@dataclass(frozen=True, slots=True)
class Facts:
    """What evidence leaves of one connection; None is not logged."""

    start: datetime
    end: datetime | None
    role: str
    relay: frozenset[str]
    participant: frozenset[str]
    home_region: str | None
    account_id: str | None
    use_proved: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """A verdict, and whether instants after the start changed it."""

    verdict: str
    spans_change: bool


@dataclass(frozen=True, slots=True)
class One:
    """One possible world of one connection."""

    relay: str
    participant: str
    role: str
    home_region: str
    account_id: str
    used: bool


def judge(rule: RuleDict, groups: Groups, facts: Facts, *, reduced: bool = True) -> Opinion:
    """Judge a connection in each world that is left. `reduced` False enumerates every country and role."""
    if not facts.relay or not facts.participant:
        raise AssertionError("an empty candidate set")
    latest = facts.end if facts.end is not None else facts.start + UNKNOWN_END
    later = [at for at in changes(rule, groups) if facts.start < at < latest]
    ends = range(len(later) + 1) if facts.end is None else [len(later)]
    said: set[str] = set()
    at_start: set[str] = set()
    for one in worlds(rule, groups, facts, reduced=reduced):
        for end in ends:
            instants = [facts.start, *later[:end]]
            said.add(min((verdict_at(rule, groups, one, at) for at in instants), key=WORST_FIRST.index))
        at_start.add(verdict_at(rule, groups, one, facts.start))
    verdict = settled(said)
    return Opinion(verdict, spans_change=verdict != settled(at_start))


def settled(said: set[str]) -> str:
    """Every world says violation: violation; some do: indeterminate; none: the worst of what they say."""
    if said == {"violation"}:
        return "violation"
    return "indeterminate" if "violation" in said else min(said, key=WORST_FIRST.index)


def verdict_at(rule: RuleDict, groups: Groups, one: One, at: datetime) -> str:
    """Judge one world at one instant, when nothing is unknown any more."""
    if not in_force(rule, at) or not one.used or not in_scope(rule["scope"], groups, one, at):
        return "not_applicable"
    return "compliant" if allows(rule, groups, one.relay, at) else "violation"


def in_force(rule: RuleDict, at: datetime) -> bool:
    """Tell whether a rule holds at an instant."""
    return covers(rule["in_force"]["from"], rule["in_force"].get("until"), at)


def in_scope(scope: dict[str, Any], groups: Groups, one: One, at: datetime) -> bool:
    """Tell whether all keys of the scope hold; an absent key restricts nothing."""
    regions, participants = scope.get("home_region"), scope.get("participant", {})
    return (
        (regions is None or named_by(regions, one.home_region))
        and ("roles" not in scope or one.role in scope["roles"])
        and ("accounts" not in scope or one.account_id in scope["accounts"])
        and ("in" not in participants or one.participant in members(participants["in"], groups, at))
        and (
            "not_in" not in participants or one.participant not in members(participants["not_in"], groups, at)
        )
    )


def named_by(regions: list[str] | dict[str, list[str]], region: str) -> bool:
    """Tell whether a list of home regions, or `{not_in: list}`, holds for a region."""
    return region not in regions["not_in"] if isinstance(regions, dict) else region in regions


def allows(rule: RuleDict, groups: Groups, country: str, at: datetime) -> bool:
    """Tell whether a relay may be in `country` at an instant."""
    body = rule[rule["effect"]]
    if "allow" in body:
        return country in members(body["allow"], groups, at)
    return country not in members(body["in"] if "in" in body else body["forbid"], groups, at)


def members(names: list[str], groups: Groups, at: datetime) -> frozenset[str]:
    """List the countries that codes and groups name at an instant, included groups with them."""
    found: set[str] = set()
    for name in names:
        if name not in groups:
            found.add(name)
            continue
        group = groups[name]
        found |= {row["code"] for row in group["members"] if covers(row.get("from"), row.get("until"), at)}
        found |= members(group.get("include", []), groups, at)
    return frozenset(found)


def lists_of(rule: RuleDict) -> list[str]:
    """Collect the codes and groups that a rule names, in its body and its scope."""
    participants = rule["scope"].get("participant", {})
    lists = [*rule[rule["effect"]].values(), *participants.values()]
    return [name for names in lists for name in names]


def rows_of(names: list[str], groups: Groups) -> Iterator[dict[str, Any]]:
    """Walk the dated rows behind codes and groups; a code is a row without dates."""
    for name in names:
        if name in groups:
            yield from groups[name]["members"]
            yield from rows_of(groups[name].get("include", []), groups)
        else:
            yield {"code": name}


def changes(rule: RuleDict, groups: Groups) -> list[datetime]:
    """List the instants at which the rule's force or a group that it names changes."""
    dated = [rule["in_force"], *rows_of(lists_of(rule), groups)]
    edges = {row.get(side) for row in dated for side in ("from", "until")}
    return sorted(edge for edge in edges if edge is not None)


def worlds(rule: RuleDict, groups: Groups, facts: Facts, *, reduced: bool) -> Iterator[One]:
    """Enumerate what may be true: what is unknown of one fact is independent of the others."""
    scope = rule["scope"]
    named = {row["code"] for row in rows_of(lists_of(rule), groups)}
    relays, participants = sorted(facts.relay), sorted(facts.participant)
    if reduced:
        relays = one_of_the_others(relays, named)
        participants = one_of_the_others(participants, named) if "participant" in scope else participants[:1]
    roles = list(ROLES) if facts.role == "unknown" else [facts.role]
    if reduced:
        roles = one_of_the_others(roles, set(scope["roles"])) if "roles" in scope else roles[:1]
    regions = left_open(facts.home_region, scope.get("home_region", []))
    accounts = left_open(facts.account_id, scope.get("accounts", []))
    used = [True] if facts.use_proved else [True, False]
    for world in product(relays, participants, roles, regions, accounts, used):
        yield One(*world)


def one_of_the_others(values: list[str], named: set[str]) -> list[str]:
    """Keep what is named, and the first of what is not: nothing tells the rest of them apart from it."""
    others = [value for value in values if value not in named]
    return [value for value in values if value in named] + others[:1]


def left_open(value: str | None, named: list[str] | dict[str, list[str]]) -> list[str]:
    """List the values that a fact may have: its own, or if it was not logged, each named one and another."""
    if value is not None:
        return [value]
    return [*(named["not_in"] if isinstance(named, dict) else named), OTHER_WORD]
