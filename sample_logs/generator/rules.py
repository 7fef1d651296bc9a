"""A tiny statement of the rules, independent of the auditor's: judging by possible worlds.

Design: SEMANTICS.md, section 3. Each fact of a connection leaves some values open. A rule asks of a value
only whether it is among those that it lists; so the worlds that are left are the product of the answers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

from .exceptions import CONGESTION, Leave
from .facts import ANYTHING, EEA_GDPR, GREATER_CHINA, OUTSIDE_CHINA, Among, Facts, among, listed

LONGEST = timedelta(hours=24)
"""Within this time of the start lies an end that was not logged."""

USE = "use"
"""What a world says in which an exception takes the connection: its limits decide."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `allowed` are the places in which it is not violated. It does not end within the sample."""

    id: str
    in_force_from: datetime
    allowed: Among
    roles: Among = ANYTHING
    home_region: Among = ANYTHING
    participant: Among = ANYTHING
    leave: Leave | None = None
    watch: bool = False


_BEFORE_THE_EVENTS = datetime(2020, 1, 1, tzinfo=UTC)
_PROMISED = datetime(2020, 4, 3, tzinfo=UTC)
_BREXIT, _AFTER_TRANSITION = datetime(2020, 2, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
_FENCED = among("media signaling keys recording")
_CARRYING = among("media signaling keys recording turn transcription storage")
_OTHER = among("gateway edge_transit unknown")
_EUROPE = Among(EEA_GDPR | listed("CH"))

RULES = (
    Rule("us-home-fence", _PROMISED, among("US"), roles=_FENCED, home_region=among("US")),
    Rule("eu-fence-fallback", _AFTER_TRANSITION, _EUROPE, roles=_FENCED, home_region=among("EU")),
    Rule("eu-fence-2020", _BREXIT, _EUROPE, roles=_FENCED, home_region=among("EU"), leave=CONGESTION),
    Rule("cn-exclusion", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, roles=_CARRYING, participant=OUTSIDE_CHINA),
    Rule("cn-exclusion-other", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, roles=_OTHER, participant=OUTSIDE_CHINA),
    Rule("cn-exclusion-account", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, home_region=OUTSIDE_CHINA),
    Rule("greater-china-watch", _BEFORE_THE_EVENTS, Among(GREATER_CHINA, negated=True), watch=True),
)
"""The rules that are shipped, and that of the sample, with their dates. Groups change at no instant of the
sample, so only the start of a rule cuts its time."""


def verdict_of(rule: Rule, facts: Facts, use: frozenset[str] = frozenset(("excused",))) -> str:
    """Judge one connection under one rule: all its worlds, then what they have in common.

    `use` says what comes of a use of the rule's exception, by its limits.
    """
    worlds = outcomes_of(rule, facts)
    worlds = worlds - {USE} | use if USE in worlds else worlds
    if worlds == {"violation"}:
        return "violation"
    if "violation" in worlds:
        return "indeterminate"
    return next(one for one in ("excused", "compliant", "not_applicable") if one in worlds)


def outcomes_of(rule: Rule, facts: Facts) -> frozenset[str]:
    """Say what the rule says of a connection in the worlds that are left open: a verdict, or a use."""
    leave, at = rule.leave, facts.started_at
    no_leave = frozenset((False,))
    return _outcomes(
        frozenset(
            (home in rule.home_region, leave is not None and leave.in_window(home, at))
            for home in facts.homes
        ),
        frozenset((role in rule.roles, leave is not None and role in leave.roles) for role in facts.roles),
        frozenset(
            (code in rule.allowed, leave is not None and code in leave.allowed) for code in facts.relay
        ),
        (
            rule.participant.answers(facts.participant),
            frozenset((True,) if facts.use_proved else (True, False)),
            _in_force(rule, facts.started_at, facts.ended_at),
        ),
        (leave.tier_answers(facts), leave.failure_answers(facts)) if leave else (no_leave,),
    )


Answers = frozenset[bool]
Pairs = frozenset[tuple[bool, bool]]
"""Answers of one value to two questions: the rule's, and its exception's."""


@cache
def _outcomes(
    homes: Pairs, roles: Pairs, places: Pairs, scope: tuple[Answers, ...], conditions: tuple[Answers, ...]
) -> frozenset[str]:
    return frozenset(
        _outcome(
            in_scope=home[0] and role[0] and all(asked),
            inside=place[0],
            excepted=home[1] and role[1] and place[1] and all(held),
        )
        for home, role, place, asked, held in product(
            homes, roles, places, product(*scope), product(*conditions)
        )
    )


def _outcome(*, in_scope: bool, inside: bool, excepted: bool) -> str:
    if not in_scope:
        return "not_applicable"
    if inside:
        return "compliant"
    return USE if excepted else "violation"


def _in_force(rule: Rule, started_at: datetime, ended_at: datetime | None) -> Answers:
    """Tell whether the rule is in force at the start or before the end; both, where the end is not logged."""
    if started_at >= rule.in_force_from:
        return frozenset((True,))
    if ended_at is not None:
        return frozenset((rule.in_force_from < ended_at,))
    return frozenset((False, rule.in_force_from < started_at + LONGEST))
