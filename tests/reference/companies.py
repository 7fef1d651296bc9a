"""Connections that meet, and rules to judge them: random ones, and such as are soon at their limits."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.reference.clauses import DAY, EDGES, MICROSECOND, whole_rules_over
from tests.reference.facts import Facts
from tests.reference.meetings import MINUTE, Meeting, connections_at, meetings
from tests.reference.world import Groups, RuleDict, Window


@dataclass(frozen=True, slots=True)
class Company:
    """Connections that meet, and all rules that judge them."""

    rules: tuple[RuleDict, ...]
    groups: Groups
    windows: list[Window]
    connections: list[Facts]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Draw connections, and up to two rules beside theirs; often what is rare otherwise."""
    meeting = draw(meetings(most=draw(st.sampled_from((8, 8, 14)))))
    others = draw(st.lists(whole_rules_over(meeting.groups), max_size=draw(st.sampled_from((0, 0, 2)))))
    for rare in draw(st.sampled_from(((), (leaning,), (ending,), (leaning, ending)))):
        meeting = draw(rare(meeting))
    rules = [{"id": f"rule-{number}", **rule} for number, rule in enumerate((meeting.rule, *others))]
    return Company(tuple(rules), meeting.groups, meeting.windows, meeting.connections)


@st.composite
def crowds(draw: st.DrawFn) -> Company:
    """Draw many connections of few calls around midnight, under rules whose limits are soon reached."""
    starts = [
        EDGES[2] + step
        for step in draw(
            st.lists(st.sampled_from((-DAY, -MINUTE, -MICROSECOND, MINUTE)), min_size=2, max_size=3)
        )
    ]
    connections = st.lists(
        connections_at(starts),
        min_size=8,
        max_size=14,
        unique_by=lambda facts: (facts.log, facts.record, facts.part),
    )
    return Company(SHARP_RULES, SHARP_GROUPS, SHARP_WINDOWS, draw(connections))


@st.composite
def leaning(draw: st.DrawFn, meeting: Meeting) -> Meeting:
    """Let exceptions lean on windows that hold at most starts, and were declared late or nearly so."""
    long = {"from": EDGES[0], "until": draw(st.sampled_from(EDGES[1:]))}
    late = [
        {"id": "w-1", "regions": draw(st.sampled_from((["EU"], ["EU", "US"]))), **long}
        | {"declared_at": long["until"] + draw(st.sampled_from((DAY, DAY + MICROSECOND, 7 * DAY)))}
        for _ in range(draw(st.sampled_from((1, 1, 2))))
    ]
    rule = draw(excepting(meeting, {"when": {"in_window": "w-1"}}))
    return replace(meeting, rule=rule, windows=[*meeting.windows[:1], *late])


@st.composite
def ending(draw: st.DrawFn, meeting: Meeting) -> Meeting:
    """Let what exceptions allow, or what the fence does, change while connections last."""
    change = draw(st.sampled_from(meeting.connections)).start
    change += draw(st.sampled_from((timedelta(0), MICROSECOND, MINUTE)))
    side = draw(st.sampled_from(("from", "until")))
    groups = meeting.groups | {"GAMMA": {"members": [{"code": "US", side: change}, {"code": "DE"}]}}
    rule = draw(excepting(meeting, {"allow": ["GAMMA"]}))
    if draw(st.booleans()):
        rule |= {"fence": {"allow": ["GAMMA"]}}
    return replace(meeting, rule=rule, groups=groups)


@st.composite
def excepting(draw: st.DrawFn, meeting: Meeting, changes: dict[str, Any]) -> RuleDict:
    """Draw a fence that mostly holds, with exceptions that take most of what is outside."""
    rule = meeting.rule
    while not rule.get("exceptions"):
        rule = draw(whole_rules_over(meeting.groups))
    usual = {"when": {}, "allow": ["US"]} | changes
    exceptions = [one | (usual if number == 0 else {}) for number, one in enumerate(rule["exceptions"])]
    plain = {"scope": {}, "in_force": {"from": EDGES[0] - 365 * DAY}, "fence": {"allow": ["DE"]}}
    return rule | (plain if draw(st.booleans()) else {}) | {"exceptions": exceptions}


def fence(name: str, scope: dict[str, Any], *exceptions: dict[str, Any]) -> RuleDict:
    """Write a fence out of which fallback goes to the US."""
    usual = {"when": {"tier": ["fallback"]}, "allow": ["US"], "why": "it goes on", "overflow": "excess"}
    return {
        "id": name,
        "effect": "fence",
        "in_force": {"from": EDGES[0] - DAY},
        "scope": scope,
        "fence": {"allow": ["DE"]},
        "exceptions": [
            {"id": f"e-{number}"} | usual | exception for number, exception in enumerate(exceptions, start=1)
        ],
    }


def limited(overflow: str = "excess", **limits: Any) -> dict[str, Any]:  # noqa: ANN401  as the YAML says it
    return {"limits": limits, "overflow": overflow}


def share(most: float) -> dict[str, Any]:
    return {"max": most, "per": "account", "over": "day"}


GOV = {"labels": {"cloud": ["gov"]}}
SHARP_GROUPS: Groups = {"ALPHA": {"members": [{"code": "US", "until": EDGES[2]}, {"code": "DE"}]}}
SHARP_WINDOWS: list[Window] = [
    {"id": "w-1", "regions": ["EU"], "from": EDGES[0], "until": EDGES[2], "declared_at": EDGES[2] + DAY},
    {
        "id": "w-1",
        "regions": ["EU", "US"],
        "from": EDGES[0],
        "until": EDGES[3],
        "declared_at": EDGES[3] + 2 * DAY,
    },
]
SHARP_RULES = (
    fence("connections", {}, limited(connections_per_call=2)),
    fence("connections-all", {}, limited("all", connections_per_call=2)),
    fence("minutes", {}, limited(minutes_per_call=2)),
    fence("minutes-all", GOV, limited("all", minutes_per_call=30)),
    fence("share", GOV, limited(share_of_calls=share(0.5))),
    fence("share-all", {}, limited("all", share_of_calls=share(0.5), connections_per_call=3)),
    fence(
        "two",
        {"roles": ["media", "keys"], "must_observe": ["keys"]},
        limited(connections_per_call=1) | {"roles": ["media"], "allow": ["ALPHA"]},
        limited(share_of_calls=share(0.34)) | {"when": {"in_window": "w-1"}},
    ),
    {
        "id": "wanted",
        "effect": "require",
        "in_force": {"from": EDGES[0] - DAY},
        "scope": GOV | {"must_observe": ["media", "keys"]},
        "require": {"roles": ["media", "keys"], "in": ["ALPHA"]},
    },
    {
        "id": "wanted-of-nobody-knows-whom",
        "effect": "require",
        "in_force": {"from": EDGES[0] - DAY},
        "scope": {"labels": {"never_logged": ["gov"]}},
        "require": {"roles": ["media", "keys"], "in": ["DE"]},
    },
)
