"""A tiny statement of the rules, independent of the auditor's: judging by possible worlds.

Design: SEMANTICS.md, section 3. Each fact of a connection leaves some values open. A rule asks of a value
only whether it is among those that it lists; so the worlds that are left are the product of the answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product

LONGEST = timedelta(hours=24)
"""Within this time of the start lies an end that was not logged."""


def listed(words: str) -> frozenset[str]:
    """Read a list of words."""
    return frozenset(words.split())


ROLES = listed("media turn signaling keys recording gateway transcription storage edge_transit unknown")
UNKNOWN_ROLE = "unknown"

EEA_GDPR = listed(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK "
    "AX GF GP MF MQ RE YT IS LI NO GB GI"
)
"""As it was from 31 January to 31 December 2020: with the United Kingdom, in transition."""

MAINLAND = listed("CN")
GREATER_CHINA = MAINLAND | listed("HK MO TW")
EVERYWHERE = EEA_GDPR | GREATER_CHINA | listed("CH US CA MX BR AU NZ IN SG JP KR AE elsewhere")
"""Every country that a rule or the sample names, and one that stands for all others, which behave alike."""

REGIONS = listed("US EU CA AU IN CN JP elsewhere")


@dataclass(frozen=True, slots=True)
class Among:
    """The listed values or, `negated`, all but these."""

    values: frozenset[str]
    negated: bool = False

    def answers(self, candidates: Iterable[str]) -> frozenset[bool]:
        """Ask of each candidate whether it is among them."""
        return frozenset((value in self.values) is not self.negated for value in candidates)


def among(words: str) -> Among:
    """Mean these values."""
    return Among(listed(words))


ANYTHING = Among(frozenset(), negated=True)
OUTSIDE_CHINA = Among(MAINLAND, negated=True)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `allowed` are the places in which it is not violated; no exceptions, no end."""

    id: str
    in_force_from: datetime
    allowed: Among
    roles: Among = ANYTHING
    home_region: Among = ANYTHING
    participant: Among = ANYTHING
    watch: bool = False


_BEFORE_THE_EVENTS = datetime(2020, 1, 1, tzinfo=UTC)
_PROMISED = datetime(2020, 4, 3, tzinfo=UTC)
_FENCED = among("media signaling keys recording")
_CARRYING = among("media signaling keys recording turn transcription storage")
_OTHER = among("gateway edge_transit unknown")

RULES = (
    Rule("us-home-fence", _PROMISED, among("US"), roles=_FENCED, home_region=among("US")),
    Rule(
        "eu-home-fence",
        _BEFORE_THE_EVENTS,
        Among(EEA_GDPR | listed("CH")),
        roles=_FENCED,
        home_region=among("EU"),
    ),
    Rule("cn-exclusion", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, roles=_CARRYING, participant=OUTSIDE_CHINA),
    Rule("cn-exclusion-other", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, roles=_OTHER, participant=OUTSIDE_CHINA),
    Rule("cn-exclusion-account", _BEFORE_THE_EVENTS, OUTSIDE_CHINA, home_region=OUTSIDE_CHINA),
    Rule("greater-china-watch", _BEFORE_THE_EVENTS, Among(GREATER_CHINA, negated=True), watch=True),
)
"""The rules that are shipped, with their dates. Groups change at no instant of the sample, so only the start
of a rule cuts its time."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a connection, as far as the evidence goes; `home_region` None is not known."""

    relay: frozenset[str]
    participant: frozenset[str]
    home_region: str | None
    role: str
    started_at: datetime
    ended_at: datetime | None
    use_proved: bool = True


def verdict_of(rule: Rule, facts: Facts) -> str:
    """Judge one connection under one rule: all its worlds, then what they have in common."""
    homes = REGIONS if facts.home_region is None else (facts.home_region,)
    roles = ROLES if facts.role == UNKNOWN_ROLE else (facts.role,)
    scope = (
        rule.home_region.answers(homes),
        rule.roles.answers(roles),
        rule.participant.answers(facts.participant),
        frozenset((True,) if facts.use_proved else (True, False)),
        _in_force(rule, facts.started_at, facts.ended_at),
    )
    return _common(scope, rule.allowed.answers(facts.relay))


@cache
def _common(scope: tuple[frozenset[bool], ...], inside: frozenset[bool]) -> str:
    worlds = {_outcome(in_scope=all(asked), inside=place) for *asked, place in product(*scope, inside)}
    if worlds == {"violation"}:
        return "violation"
    if "violation" in worlds:
        return "indeterminate"
    return "compliant" if "compliant" in worlds else "not_applicable"


def _outcome(*, in_scope: bool, inside: bool) -> str:
    if not in_scope:
        return "not_applicable"
    return "compliant" if inside else "violation"


def _in_force(rule: Rule, started_at: datetime, ended_at: datetime | None) -> frozenset[bool]:
    """Tell whether the rule is in force at the start or before the end; both, where the end is not logged."""
    if started_at >= rule.in_force_from:
        return frozenset((True,))
    if ended_at is not None:
        return frozenset((rule.in_force_from < ended_at,))
    return frozenset((False, rule.in_force_from < started_at + LONGEST))
