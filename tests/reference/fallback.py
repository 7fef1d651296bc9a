"""The fence with a limited exception of SEMANTICS.md, section 2, and connections to judge under it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.reference.countries import ALL
from tests.reference.facts import Facts, Opinion
from tests.reference.whole import judge_all
from tests.reference.world import Groups, RuleDict, Window


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def codes(text: str) -> frozenset[str]:
    return ALL if text == "*" else frozenset(text.split())


MAY = instant("2026-05-01T00:00:00Z")
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)
GROUPS: Groups = {
    "EEA_GDPR": {"members": [{"code": code} for code in ("DE", "NO", "RE")]},
    "UK_ADEQUATE": {"members": [{"code": "GB"}]},
    "US_DPF": {"members": [{"code": "US", "from": instant("2023-07-10T00:00:00Z")}]},
}
CONGESTED: Window = {
    "id": "eu-congestion",
    "regions": ["EU"],
    "from": MAY - 4_000 * DAY,
    "until": MAY + 30 * DAY,
    "declared_at": MAY,
}
CONGESTION: dict[str, Any] = {
    "id": "congestion",
    "roles": ["media", "signaling"],
    "when": {"tier": ["fallback"], "failed_primaries_min": 2, "in_window": "eu-congestion"},
    "allow": ["UK_ADEQUATE", "US_DPF"],
    "limits": {
        "connections_per_call": 2,
        "minutes_per_call": 30,
        "share_of_calls": {"max": 0.01, "per": "account", "over": "day"},
    },
    "overflow": "excess",
}
EU_FENCE: RuleDict = {
    "effect": "fence",
    "in_force": {"from": instant("2021-01-01T00:00:00Z")},
    "scope": {"home_region": ["EU"], "roles": ["media", "signaling", "keys", "recording"]},
    "fence": {"allow": ["EEA_GDPR", "CH"]},
    "exceptions": [CONGESTION],
}
FALLBACK: dict[str, Any] = {"tier": "fallback", "failed_primaries": 2}


def connection(relay: str, call: str | None = "c-0", *, minutes: float | None = 1, **given: Any) -> Facts:  # noqa: ANN401  a table of facts
    start = given.pop("at", MAY)
    start = instant(start) if isinstance(start, str) else start
    facts: dict[str, Any] = {
        "role": "media",
        "home_region": "EU",
        "account_id": "a-1",
        "use_proved": True,
        "participant": ALL,
    } | given
    end = None if minutes is None else start + timedelta(minutes=minutes)
    return Facts(start=start, end=end, relay=codes(relay), call_id=call, **facts)


def at_home(calls: int, **given: Any) -> list[Facts]:  # noqa: ANN401  a table of facts
    return [connection("DE", f"home-{number}", **given) for number in range(calls)]


def opinions(
    connections: Sequence[Facts], *, rule: RuleDict = EU_FENCE, windows: Sequence[Window] = (CONGESTED,)
) -> list[Opinion]:
    """Judge all; their records are numbered as they are given, where they give none."""
    numbered = [
        facts if facts.record != 1 else replace(facts, record=n) for n, facts in enumerate(connections, 1)
    ]
    return list(judge_all(rule, GROUPS, windows, numbered).connections)


def initials(connections: Sequence[Facts], *, rule: RuleDict = EU_FENCE) -> str:
    """Spell the verdicts as LAW.md does: `V`, `C`, `I`, `E`, and `n` for not applicable."""
    letters = {
        "violation": "V",
        "compliant": "C",
        "indeterminate": "I",
        "excused": "E",
        "not_applicable": "n",
    }
    return "".join(letters[opinion.verdict] for opinion in opinions(connections, rule=rule))


def with_limits(overflow: str = "excess", **limits: Any) -> RuleDict:  # noqa: ANN401  as the YAML says it
    """Take the fence with other limits; without any, uses are excused."""
    exception = CONGESTION | {"limits": limits, "overflow": overflow}
    return EU_FENCE | {"exceptions": [exception]}


def use(call: str | None = "c-0", relay: str = "US", **given: Any) -> Facts:  # noqa: ANN401  a table of facts
    return connection(relay, call, **(FALLBACK | given))
