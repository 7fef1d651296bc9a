"""What holds of the reference whatever the rules and connections are."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.reference.facts import settled
from tests.reference.joint import verdicts_in_joint_worlds, with_ids
from tests.reference.judging import outcomes_of
from tests.reference.meetings import Meeting, meetings
from tests.reference.whole import judge_all

MANY = 2_000


@given(meetings(most=2))
@settings(max_examples=50)
def test_one_world_for_all_that_behave_alike_changes_no_outcome(meeting: Meeting) -> None:
    for facts in meeting.connections:
        here = (meeting.rule, meeting.groups, meeting.windows, facts)
        assert outcomes_of(*here) == outcomes_of(*here, reduced=False)


@given(meetings(most=5))
@settings(max_examples=150)
def test_counting_in_intervals_settles_nothing_that_a_joint_world_denies(meeting: Meeting) -> None:
    assume(meeting.rule["effect"] == "fence")
    connections = [with_ids(facts) for facts in meeting.connections]
    outcomes = [outcomes_of(meeting.rule, meeting.groups, meeting.windows, facts) for facts in connections]
    joint = 1
    for each, facts in zip(outcomes, connections, strict=True):
        joint *= len(each.over_time) * (2 if facts.end is None else 1)
    assume(joint <= MANY)
    judged = judge_all(meeting.rule, meeting.groups, meeting.windows, connections)
    truths = verdicts_in_joint_worlds(meeting.rule, connections, outcomes)
    for opinion, truth in zip(judged.connections, truths, strict=True):
        assert opinion.verdict in {settled(truth), "indeterminate"}
        assert joint > 1 or {opinion.verdict} == truth


@given(meetings(most=6), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_in_which_connections_are_given_changes_nothing(meeting: Meeting, random: object) -> None:
    order = sorted(range(len(meeting.connections)), key=lambda _: random.random())  # type: ignore[attr-defined]  # a Random
    here = (meeting.rule, meeting.groups, meeting.windows)
    straight = judge_all(*here, meeting.connections)
    turned = judge_all(*here, [meeting.connections[number] for number in order])
    assert turned.connections == tuple(straight.connections[number] for number in order)
    assert turned.calls == straight.calls


@given(meetings(most=5))
@settings(max_examples=50)
def test_what_one_call_does_is_nothing_to_another_without_a_share(meeting: Meeting) -> None:
    exceptions = [
        {**each, "limits": {"connections_per_call": 1}} for each in meeting.rule.get("exceptions", [])
    ]
    rule = meeting.rule | {"exceptions": exceptions}
    connections = [replace(facts, call_id="c-1") for facts in meeting.connections]
    elsewhere = [replace(facts, call_id="c-2", record=facts.record + 100) for facts in connections]
    alone = judge_all(rule, meeting.groups, meeting.windows, connections)
    together = judge_all(rule, meeting.groups, meeting.windows, [*elsewhere, *connections])
    assert together.connections[len(elsewhere) :] == alone.connections
