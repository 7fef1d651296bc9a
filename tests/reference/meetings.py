"""Random connections that meet: in one call, at one instant, at the edges of what rules speak of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.reference.clauses import (
    CLOUDS,
    DAY,
    EDGES,
    FENCE_ROLES,
    MICROSECOND,
    SELECTION_REASONS,
    UNNAMED,
    declared_windows,
    groups_of_countries,
    whole_rules_over,
)
from tests.reference.facts import Facts
from tests.reference.world import Groups, RuleDict, Window

LOGS = ("0a" * 32, "f0" * 32)
MINUTE = timedelta(minutes=1)
STEPS = (timedelta(0), timedelta(0), -MICROSECOND, MICROSECOND, -MINUTE, -DAY, MINUTE - DAY)
LASTING = (MINUTE, MINUTE, timedelta(0), MINUTE + MICROSECOND, 2 * MINUTE, 30 * MINUTE, 2 * DAY, None)


@dataclass(frozen=True, slots=True)
class Meeting:
    """One rule with what it names, and the connections that it judges."""

    rule: RuleDict
    groups: Groups
    windows: list[Window]
    connections: list[Facts]


@st.composite
def meetings(draw: st.DrawFn, *, most: int = 10) -> Meeting:
    """Draw a rule, and connections that share few starts, calls and accounts."""
    groups = draw(groups_of_countries())
    starts = [
        edge + step
        for edge, step in draw(
            st.lists(st.tuples(st.sampled_from(EDGES), st.sampled_from(STEPS)), min_size=1, max_size=3)
        )
    ]
    connections = st.lists(
        connections_at(starts),
        min_size=draw(st.sampled_from((1, most // 2 + 1, most))),
        max_size=most,
        unique_by=lambda facts: (facts.log, facts.record, facts.part),
    )
    return Meeting(draw(whole_rules_over(groups)), groups, draw(declared_windows()), draw(connections))


@st.composite
def connections_at(draw: st.DrawFn, starts: Sequence[datetime]) -> Facts:
    """Draw a connection: mostly one that an exception may take, with little that is not known."""
    start = draw(st.sampled_from(starts))
    lasting = draw(st.sampled_from(LASTING))
    label = draw(mostly(*CLOUDS))
    return Facts(
        start=start,
        end=None if lasting is None else start + lasting,
        role=draw(st.sampled_from((*FENCE_ROLES, *FENCE_ROLES, "unknown", "edge_transit"))),
        relay=draw(candidates("US", "US", "US", "US", "DE", "CN", "FR", UNNAMED)),
        participant=draw(candidates("US", "DE", "CN", UNNAMED)),
        home_region=draw(mostly("EU", "EU", "US")),
        account_id=draw(mostly("a-1", "a-1", "a-2")),
        use_proved=draw(st.sampled_from((True,) * 7 + (False,))),
        tier=draw(mostly("fallback", "fallback", "fallback", "primary")),
        attempt=draw(mostly(1, 2, 2, 3)),
        failed_primaries=draw(mostly(0, 1, 2, 3, 3)),
        selection_reason=draw(mostly(*SELECTION_REASONS)),
        labels={} if label is None else {"cloud": label},
        call_id=draw(mostly("c-1", "c-1", "c-2", "c-3")),
        log=draw(st.sampled_from(LOGS)),
        record=draw(st.integers(1, 12)),
        part=draw(st.sampled_from((1, 1, 2))),
    )


def mostly(*values: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  whatever a fact may be
    """Draw one of the values, and now and then None."""
    return st.sampled_from((*values * 3, None))


def candidates(*countries: str) -> st.SearchStrategy[frozenset[str]]:
    """Draw a candidate set: mostly one country, sometimes several."""
    several = st.sets(st.sampled_from(countries), min_size=2, max_size=3).map(frozenset)
    one = st.sampled_from(countries).map(lambda country: frozenset([country]))
    return st.one_of(one, one, one, one, several)
