"""What a waiver covers, in words."""

from typing import Any

import pytest

from auditor.evidence.manifest import WaiverApplied
from auditor.report.waived import covered_lines
from tests.report.rows import at

WHEN = ["begun from 1 Apr 2020, 00:00:00", "until 2 Apr 2020, 12:00:00"]
NETWORKS = [f"203.0.113.{number}/32" for number in range(12)]


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ({"call": "c-1"}, ["call c-1"]),
        (
            {"account": "acme", "roles": ["keys", "media"]},
            ["account acme", "in the role meeting keys or media"],
        ),
        ({"relay_in": NETWORKS[:2]}, [f"relays in {NETWORKS[0]} or {NETWORKS[1]}"]),
        ({"relay_in": NETWORKS}, [f"relays in {', '.join(NETWORKS[:10])} or 2 other networks"]),
        ({"call": "\x1b[2J"}, ["call [U+001B][2J"]),
    ],
)
def test_a_waiver_says_all_that_it_asks_for(match: dict[str, Any], said: list[str]) -> None:
    facts: dict[str, Any] = dict.fromkeys(("call", "account", "relay_in", "roles"))
    facts |= {"covers_from": at("2020-04-01"), "covers_until": at("2020-04-02T12:00:00")}
    lines = covered_lines(WaiverApplied(waiver_id="W-1", **(facts | match)))
    assert list(map(str, lines)) == [*said, *WHEN]
