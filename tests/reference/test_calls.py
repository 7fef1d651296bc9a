"""The judge is judged: what a call must have, and what must be seen of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.reference.calls import Subject
from tests.reference.facts import Facts
from tests.reference.fallback import MAY, MINUTE, connection, instant
from tests.reference.whole import Judged, judge_all
from tests.reference.world import Groups, RuleDict

STORED_AT_HOME: RuleDict = {
    "effect": "require",
    "in_force": {"from": instant("2020-01-01T00:00:00Z")},
    "scope": {"home_region": ["EU"]},
    "require": {"roles": ["recording", "storage"], "in": ["RU"]},
}
KEYS_ARE_SEEN: RuleDict = {
    "effect": "never",
    "in_force": {"from": instant("2020-01-01T00:00:00Z")},
    "scope": {"roles": ["media", "keys"], "participant": {"not_in": ["CN"]}, "must_observe": ["keys"]},
    "never": {"in": ["CN"]},
}
NOTHING_SEEN = frozenset({"not_observed:recording", "not_observed:storage"})
KEYS_UNSEEN = ("indeterminate", frozenset({"not_observed:keys"}))


def judged(rule: RuleDict, *connections: Facts, groups: Groups | None = None) -> Judged:
    numbered = [replace(facts, record=number) for number, facts in enumerate(connections, 1)]
    return judge_all(rule, groups or {}, [], numbered)


def verdicts(said: Judged) -> list[str]:
    return [opinion.verdict for opinion in said.connections]


def findings(said: Judged) -> dict[Subject, tuple[str, frozenset[str]]]:
    return {subject: (opinion.verdict, opinion.reasons) for subject, opinion in said.calls.items()}


def stored(relay: str, call: str | None = "c-0", **given: Any) -> Facts:  # noqa: ANN401  a table of facts
    return connection(relay, call, **({"role": "storage"} | given))


MEDIA = connection("DE")


@pytest.mark.parametrize(
    ("connections", "verdict", "reasons"),
    [
        ([MEDIA, stored("RU")], "compliant", None),
        ([MEDIA, stored("DE"), stored("RU", role="recording")], "compliant", None),
        ([MEDIA, stored("RU", home_region="US", participant=frozenset({"CN"}))], "compliant", None),
        ([replace(MEDIA, home_region=None), stored("RU", home_region=None)], "compliant", None),
        ([MEDIA, stored("DE")], "violation", frozenset()),
        ([MEDIA, stored("DE FR"), stored("CN", role="recording")], "violation", frozenset()),
        ([MEDIA, stored("DE", home_region="US")], "violation", frozenset()),
        ([replace(MEDIA, home_region=None), stored("DE", home_region=None)], "indeterminate", frozenset()),
        ([MEDIA, stored("DE RU")], "indeterminate", frozenset()),
        ([MEDIA, stored("DE"), stored("DE RU")], "indeterminate", frozenset()),
        ([MEDIA, stored("RU", use_proved=False)], "indeterminate", frozenset()),
        ([MEDIA, stored("DE"), stored("RU", role="unknown")], "indeterminate", frozenset()),
        ([MEDIA, stored("DE"), stored("DE", role="unknown")], "violation", frozenset()),
        ([MEDIA, stored("DE", role="unknown")], "indeterminate", frozenset()),
        ([MEDIA, stored("DE", use_proved=False)], "indeterminate", frozenset()),
        ([MEDIA], "indeterminate", NOTHING_SEEN),
    ],
)
def test_a_call_is_judged_by_what_it_surely_has(
    connections: list[Facts], verdict: str, reasons: frozenset[str] | None
) -> None:
    said = judged(STORED_AT_HOME, *connections)
    in_scope = [facts.home_region != "US" for facts in connections]
    assert verdicts(said) == [verdict if bears else "not_applicable" for bears in in_scope]
    assert findings(said) == ({} if reasons is None else {("call", "c-0"): (verdict, reasons)})


def test_a_call_of_which_nothing_is_in_scope_owes_nothing() -> None:
    said = judged(STORED_AT_HOME, replace(MEDIA, home_region="US"), stored("DE", home_region="US"))
    assert verdicts(said) == ["not_applicable", "not_applicable"]
    assert not said.calls


def test_a_connection_without_a_call_is_one_of_its_own_and_never_a_violation() -> None:
    said = judged(STORED_AT_HOME, stored("RU", None), stored("DE", None), connection("DE", None))
    assert verdicts(said) == ["compliant", "indeterminate", "indeterminate"]
    assert [opinion.reasons for opinion in said.connections] == [frozenset(), frozenset(), NOTHING_SEEN]
    assert not said.calls


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        (MAY - MINUTE, 1, "compliant"),
        (MAY - MINUTE, 2, "violation"),
        (MAY - timedelta(hours=1), None, "indeterminate"),
    ],
)
def test_a_place_that_stops_to_be_inside_must_not_be_used_beyond(
    start: Any,  # noqa: ANN401  an instant
    minutes: float | None,
    expected: str,
) -> None:
    groups: Groups = {"HOME": {"members": [{"code": "RU", "until": MAY}]}}
    rule = STORED_AT_HOME | {"require": {"roles": ["storage"], "in": ["HOME"]}}
    said = judged(rule, stored("RU", at=start, minutes=minutes), groups=groups)
    assert verdicts(said) == [expected]


def keys(relay: str = "DE", call: str | None = "c-0", **given: Any) -> Facts:  # noqa: ANN401  a table of facts
    return connection(relay, call, **({"role": "keys", "participant": frozenset({"US"})} | given))


def media(call: str | None = "c-0", **given: Any) -> Facts:  # noqa: ANN401  a table of facts
    return connection("DE", call, **({"participant": frozenset({"US"})} | given))


@pytest.mark.parametrize(
    ("connections", "unseen"),
    [
        ([media(), keys()], []),
        ([media(), keys(participant=frozenset({"CN"}))], []),
        ([media(), keys(at=MAY - MINUTE * 10_000_000)], []),
        ([media()], ["c-0"]),
        ([media(participant=frozenset({"US", "CN"}))], ["c-0"]),
        ([media(participant=frozenset({"CN"}))], []),
        ([media(), keys(use_proved=False)], ["c-0"]),
        ([media(), keys(role="unknown")], ["c-0"]),
        ([media(), keys(call="c-1")], ["c-0"]),
        ([media(), media("c-1"), keys(call="c-2")], ["c-0", "c-1"]),
    ],
)
def test_a_call_in_scope_without_a_record_of_the_role_is_not_shown_to_comply(
    connections: list[Facts], unseen: list[str]
) -> None:
    assert findings(judged(KEYS_ARE_SEEN, *connections)) == {
        ("unobserved", call): KEYS_UNSEEN for call in unseen
    }


def test_the_verdicts_of_the_connections_stay() -> None:
    said = judged(KEYS_ARE_SEEN, media(), media(participant=frozenset({"CN"})))
    assert verdicts(said) == ["compliant", "not_applicable"]
    assert findings(said) == {("unobserved", "c-0"): KEYS_UNSEEN}


def test_connections_without_a_call_give_one_finding_a_log() -> None:
    rows = [
        media(None, log="0a"),
        keys(call=None, log="0a"),
        keys(call=None, log="0b"),
        media(None, log="0a"),
    ]
    assert findings(judged(KEYS_ARE_SEEN, *rows)) == {("unobserved", "0a"): KEYS_UNSEEN}


def test_each_role_that_must_be_observed_is_named_by_itself() -> None:
    rule = KEYS_ARE_SEEN | {"scope": {"must_observe": ["keys", "media"]}}
    both = frozenset({"not_observed:keys", "not_observed:media"})
    assert findings(judged(rule, keys(), connection("DE", None, role="turn", log="0a"), keys(call=None))) == {
        ("unobserved", "c-0"): ("indeterminate", frozenset({"not_observed:media"})),
        ("unobserved", "0a"): ("indeterminate", both),
        ("unobserved", ""): ("indeterminate", frozenset({"not_observed:media"})),
    }


def test_a_require_rule_may_ask_both() -> None:
    rule = STORED_AT_HOME | {"scope": {"must_observe": ["keys"]}}
    assert findings(judged(rule, stored("DE"))) == {
        ("call", "c-0"): ("violation", frozenset()),
        ("unobserved", "c-0"): KEYS_UNSEEN,
    }


def test_what_is_only_watched_is_never_a_finding_of_a_call() -> None:
    rule = KEYS_ARE_SEEN | {"effect": "watch", "watch": {"in": ["CN"]}}
    said = judged(rule, media(), keys("CN", "c-1"))
    assert (verdicts(said), said.calls) == (["compliant", "violation"], {})
