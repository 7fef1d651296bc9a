"""The countries that a rule and its groups name, and when: SEMANTICS.md, sections 2 and 3."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.reference.world import Groups, RuleDict, covers


@dataclass(frozen=True, slots=True)
class Moment:
    """What a rule asks at one instant, its groups spelled out.

    `body` are the countries that its effect names, `participants` those that its scope does, `exceptions`
    those that each exception allows.
    """

    in_force: bool
    body: frozenset[str]
    participants: frozenset[str]
    exceptions: Mapping[str, frozenset[str]]


def moment_of(rule: RuleDict, groups: Groups, at: datetime) -> Moment:
    """Spell out a rule at an instant."""
    return Moment(
        in_force=covers(rule["in_force"]["from"], rule["in_force"].get("until"), at),
        body=members(body_of(rule), groups, at),
        participants=members(participants_of(rule), groups, at),
        exceptions={each["id"]: members(each["allow"], groups, at) for each in exceptions_of(rule)},
    )


def exceptions_of(rule: RuleDict) -> list[dict[str, Any]]:
    """List the exceptions of a rule, in file order; only a fence has any."""
    return list(rule.get("exceptions", []))


def body_of(rule: RuleDict) -> list[str]:
    """List the codes and groups that the effect names."""
    body = rule[rule["effect"]]
    return list(next(body[key] for key in ("allow", "forbid", "in") if key in body))


def participants_of(rule: RuleDict) -> list[str]:
    """List the codes and groups that the scope names for participants."""
    participants = rule["scope"].get("participant", {})
    return list(participants.get("in", participants.get("not_in", [])))


def lists_of(rule: RuleDict) -> list[str]:
    """Collect the codes and groups that a rule names, in its body, its scope and its exceptions."""
    excepted = [name for each in exceptions_of(rule) for name in each["allow"]]
    return [*body_of(rule), *participants_of(rule), *excepted]


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
