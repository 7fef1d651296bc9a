"""The engine's second pass agrees with the reference on connections that meet, call for call."""

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from tests.reference.clauses import DAY, EDGES, MICROSECOND, whole_rules_over
from tests.reference.meetings import MINUTE, Meeting, meetings
from tests.reference.second_pass import Key, Means, Said, judged_by_engine, ruleset_of
from tests.reference.whole import Judged, judge_all
from tests.reference.world import RuleDict


@dataclass(frozen=True, slots=True)
class Company:
    """Connections that meet, and all rules that judge them."""

    meeting: Meeting
    rules: tuple[RuleDict, ...]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Draw connections, and up to two rules beside theirs; often what is rare otherwise."""
    meeting = draw(meetings(most=draw(st.sampled_from((8, 8, 14)))))
    others = draw(st.lists(whole_rules_over(meeting.groups), max_size=draw(st.sampled_from((0, 0, 2)))))
    for rare in draw(st.sampled_from(((), (), (leaning,), (ending,), (crowded,), (leaning, ending)))):
        meeting = draw(rare(meeting))
    rules = (meeting.rule, *others)
    return Company(meeting, tuple({"id": f"rule-{number}", **rule} for number, rule in enumerate(rules)))


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
def crowded(draw: st.DrawFn, meeting: Meeting) -> Meeting:
    """Let many calls meet within a day, of which an account may use an exception for a share."""
    share = {"max": draw(st.sampled_from((0.25, 0.5, 0.5, 1))), "per": "account", "over": "day"}
    limits = {"limits": {"share_of_calls": share}, "overflow": draw(st.sampled_from(("excess", "all")))}
    start = draw(st.sampled_from((EDGES[1], EDGES[1], EDGES[2] - MINUTE)))
    steps = st.sampled_from((timedelta(0), timedelta(0), MICROSECOND, MINUTE, -2 * MINUTE))
    ids = st.sampled_from([f"c-{number}" for number in range(6)])
    connections = [
        replace(facts, start=start + step, end=start + step + MINUTE, call_id=draw(ids))
        for facts in meeting.connections
        for step in (draw(steps),)
    ]
    return replace(meeting, rule=draw(excepting(meeting, limits)), connections=connections)


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


MEANS = st.builds(Means, st.sampled_from((1, 1, 2, 3)), st.sampled_from((0, 2)), st.booleans())


def differences(keys: list[Key], expected: Judged, said: Said) -> list[str]:
    """Say in what the engine differs from the reference under one rule."""
    found = [
        f"{key}: the reference says {opinion}, the engine {said.connections[key]}"
        for key, opinion in zip(keys, expected.connections, strict=True)
        if said.connections[key] != opinion
    ]
    for call in expected.calls.keys() | said.calls.keys():
        if expected.calls.get(call) != said.calls.get(call):
            found.append(
                f"{call}: the reference says {expected.calls.get(call)}, the engine {said.calls.get(call)}"
            )
    if said.waited != said.awaited:
        found.append(f"tally: {said.waited} is counted of {said.awaited}")
    return found


@given(companies(), MEANS)
@settings(max_examples=300, phases=set(Phase) - {Phase.explain})
def test_the_engine_says_what_the_reference_says_of_each_connection_and_call(
    company: Company, means: Means
) -> None:
    meeting = company.meeting
    ruleset = ruleset_of(company.rules, meeting.groups, meeting.windows)
    with tempfile.TemporaryDirectory() as folder:
        engine = judged_by_engine(ruleset, meeting.connections, Path(folder), means)
    keys = [(facts.log, facts.record, facts.part) for facts in meeting.connections]
    found = [
        f"{rule['id']}: {difference}"
        for rule, said in zip(company.rules, engine, strict=True)
        for difference in differences(
            keys, judge_all(rule, meeting.groups, meeting.windows, meeting.connections), said
        )
    ]
    for line in found:
        note(line)
    assert not found
