"""The engine's second pass agrees with the reference on connections that meet, call for call."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.reference.companies import Company, companies, crowds
from tests.reference.second_pass import Key, Means, Said, judged_by_engine, ruleset_of
from tests.reference.whole import Judged, judge_all

MEANS = st.builds(
    Means,
    buckets=st.sampled_from((1, 1, 2, 3)),
    cut=st.booleans(),
    backwards=st.booleans(),
    at_once=st.sampled_from((1_000, 1_000, 2)),
)


def differences(keys: list[Key], expected: Judged, said: Said) -> list[str]:
    """Say in what the engine differs from the reference under one rule."""
    found = [
        f"{key}: the reference says {opinion}, the engine {said.connections[key]}"
        for key, opinion in zip(keys, expected.connections, strict=True)
        if said.connections[key] != opinion
    ]
    found += [
        f"{call}: the reference says {expected.calls.get(call)}, the engine {said.calls.get(call)}"
        for call in sorted(expected.calls.keys() | said.calls.keys())
        if expected.calls.get(call) != said.calls.get(call)
    ]
    if said.tallied != said.waited:
        found.append(f"{said.waited} waited, and the tally has {said.tallied}")
    return found


PLAIN = settings(phases=set(Phase) - {Phase.explain}, suppress_health_check=[HealthCheck.too_slow])
"""Explaining a failure would judge a hundred times more."""


@given(companies(), MEANS)
@settings(PLAIN, max_examples=80)
def test_the_engine_says_what_the_reference_says_under_random_rules(company: Company, means: Means) -> None:
    assert not disagreements(company, means)


@given(crowds(), MEANS)
@settings(PLAIN, max_examples=40)
def test_the_engine_counts_as_the_reference_does_where_limits_are_soon_reached(
    company: Company, means: Means
) -> None:
    assert not disagreements(company, means)


def disagreements(company: Company, means: Means) -> list[str]:
    """Judge twice, and say in what the engine differs from the reference."""
    ruleset = ruleset_of(company.rules, company.groups, company.windows)
    with tempfile.TemporaryDirectory() as folder:
        engine = judged_by_engine(ruleset, company.connections, Path(folder), means).said()
    keys = [(facts.log, facts.record, facts.part) for facts in company.connections]
    found = [
        f"{rule['id']}: {difference}"
        for rule, said in zip(company.rules, engine, strict=True)
        for difference in differences(
            keys, judge_all(rule, company.groups, company.windows, company.connections), said
        )
    ]
    for line in found:
        note(line)
    return found
