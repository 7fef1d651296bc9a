"""Random groups, windows and rules: every key of the rule language, over few words, so that they meet."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.reference.facts import ROLES
from tests.reference.world import Groups, RuleDict, Waiver, Window

GROUPS = ("ALPHA", "BETA", "GAMMA")
COUNTRIES = ("DE", "FR", "US", "CN", "HK")
UNNAMED = "SG"
"""A country that no rule or group names."""

REGIONS = ("EU", "US", "CN")
ACCOUNTS = ("a-1", "a-2")
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
"""The clock by which waivers count."""

FENCE_ROLES = ("media", "signaling", "keys", "gateway")
CLOUDS = ("gov", "com")
SELECTION_REASONS = ("full", "near")
WINDOWS = ("w-1", "w-2")

FIRST_DAY = datetime(2020, 3, 1, tzinfo=UTC)
HOURS = (0, 1, 24, 25, 24 * 34, 24 * 35, 24 * 36, 24 * 70)
EDGES = tuple(FIRST_DAY + timedelta(hours=hours) for hours in HOURS)
EDGE = st.sampled_from(EDGES)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def some_of(words: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Draw some of the words, at least one."""
    return st.lists(st.sampled_from(words), min_size=1, unique=True)


def places_among(groups: Groups) -> st.SearchStrategy[list[str]]:
    """Draw some countries and groups."""
    return st.lists(st.sampled_from((*COUNTRIES, *groups)), min_size=1, max_size=3, unique=True)


@st.composite
def intervals(draw: st.DrawFn) -> dict[str, datetime]:
    """Draw a half-open interval, each side of which may be missing."""
    first, last = sorted(draw(st.lists(EDGE, min_size=2, max_size=2, unique=True)))
    sides = draw(st.sampled_from(((), ("from",), ("from",), ("until",), ("from", "until"))))
    return {side: {"from": first, "until": last}[side] for side in sides}


@st.composite
def groups_of_countries(draw: st.DrawFn) -> Groups:
    """Draw up to three dated groups; a later one may include earlier ones; one may be empty."""
    groups: Groups = {}
    for name in GROUPS[: draw(st.integers(0, len(GROUPS)))]:
        codes = draw(st.lists(st.sampled_from(COUNTRIES), max_size=3, unique=True))
        group: dict[str, Any] = {"members": [{"code": code, **draw(intervals())} for code in codes]}
        if draw(st.booleans()) and groups:
            group["include"] = draw(st.lists(st.sampled_from(sorted(groups)), min_size=1, unique=True))
        groups[name] = group
    return groups


@st.composite
def declared_windows(draw: st.DrawFn) -> list[Window]:
    """Draw up to three windows, which may share an id, be declared in time, just in time, or too late."""
    windows = []
    for _ in range(draw(st.sampled_from((0, 1, 2, 2, 3)))):
        some_time = st.lists(EDGE, min_size=2, max_size=2, unique=True).map(sorted)
        first, last = draw(some_time | st.just([EDGES[0], EDGES[-1]]))
        later = draw(st.sampled_from((-DAY, timedelta(0), DAY, DAY + MICROSECOND, 7 * DAY)))
        windows.append(
            {
                "id": draw(st.sampled_from(WINDOWS)),
                "regions": draw(st.just(["EU", "US"]) | some_of(REGIONS)),
                "from": first,
                "until": last,
                "declared_at": last + later,
            }
        )
    return windows


@st.composite
def rules_over(draw: st.DrawFn, groups: Groups) -> RuleDict:
    """Draw one rule with one of the simple effects, over countries and the groups given."""
    places = places_among(groups)
    effect = draw(st.sampled_from(("fence", "fence", "never", "never", "watch")))
    key = draw(st.sampled_from(("allow", "forbid"))) if effect == "fence" else "in"
    return {**draw(frames(effect, groups)), effect: {key: draw(places)}}


@st.composite
def frames(draw: st.DrawFn, effect: str, groups: Groups, *, most_keys: int = 2) -> RuleDict:
    """Draw what every rule has: when it is in force, and its scope."""
    places = places_among(groups)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "home_region": st.one_of(some_of(REGIONS), st.fixed_dictionaries({"not_in": some_of(REGIONS)})),
        "roles": some_of(FENCE_ROLES) | some_of(FENCE_ROLES) | some_of(ROLES),
        "accounts": some_of(ACCOUNTS),
        "participant": st.fixed_dictionaries({"in": places}) | st.fixed_dictionaries({"not_in": places}),
    }
    in_force = draw(intervals())
    return {
        "effect": effect,
        "severity": draw(st.sampled_from(("critical", "high", "medium", "low"))),
        "in_force": {"from": datetime(2019, 1, 1, tzinfo=UTC), **in_force},
        "scope": {
            key: draw(optional[key])
            for key in draw(st.lists(st.sampled_from(("roles", *optional)), max_size=most_keys))
        },
    }


@st.composite
def whole_rules_over(draw: st.DrawFn, groups: Groups) -> RuleDict:
    """Draw one rule with any key of the language."""
    effect = draw(st.sampled_from(("fence",) * 6 + ("never", "watch", "require", "require")))
    rule = draw(frames(effect, groups, most_keys=1))
    if draw(st.sampled_from((True, True, False))):
        rule["in_force"] = {"from": datetime(2019, 1, 1, tzinfo=UTC)}
    if draw(st.sampled_from((False, False, True))):
        rule["scope"]["labels"] = {"cloud": draw(some_of(CLOUDS))}
    if effect != "watch" and draw(st.sampled_from((False, False, True))):
        rule["scope"]["must_observe"] = draw(some_of(FENCE_ROLES))
    rule[effect] = draw(bodies(effect, groups))
    if effect == "fence":
        names = ("e-1", "e-2")[: draw(st.sampled_from((1, 1, 2, 1, 2, 0)))]
        exceptions = [{"id": name, **draw(exceptions_over(groups))} for name in names]
        rule |= {"exceptions": exceptions} if exceptions else {}
    return rule


def bodies(effect: str, groups: Groups) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the body of an effect; of fences, mostly one that leaves much outside."""
    places = places_among(groups)
    fences = [st.just({"allow": ["DE"]}), st.just({"allow": ["DE"]})]
    fences += [st.fixed_dictionaries({key: places}) for key in ("allow", "forbid")]
    return {
        "fence": st.one_of(fences),
        "require": st.fixed_dictionaries({"roles": some_of(FENCE_ROLES), "in": places}),
    }.get(effect, st.fixed_dictionaries({"in": places}))


@st.composite
def exceptions_over(draw: st.DrawFn, groups: Groups) -> dict[str, Any]:
    """Draw an exception but for its id: conditions that often hold, and limits that are soon reached."""
    conditions: dict[str, st.SearchStrategy[Any]] = {
        "tier": st.sampled_from((["fallback"], ["fallback"], ["primary"], ["primary", "fallback"])),
        "attempt_min": st.sampled_from((1, 2, 2, 3)),
        "failed_primaries_min": st.integers(1, 3),
        "selection_reason": some_of(SELECTION_REASONS),
        "in_window": st.sampled_from(WINDOWS),
    }
    limits: dict[str, st.SearchStrategy[Any]] = {
        "connections_per_call": st.integers(1, 3),
        "minutes_per_call": st.sampled_from((1, 2, 30)),
        "share_of_calls": st.sampled_from((0.1, 0.34, 0.5, 0.75)).map(
            lambda share: {"max": share, "per": "account", "over": "day"}
        ),
    }
    easy = ("tier", "tier", "tier", "attempt_min", "in_window")
    asked = {draw(st.sampled_from((*easy, *conditions))), draw(st.sampled_from((*easy, *conditions)))}
    fewest = draw(st.sampled_from((0, 1, 1)))
    kept = draw(st.lists(st.sampled_from(sorted(limits)), min_size=fewest, max_size=2, unique=True))
    exception = {
        "why": "to see what becomes of it",
        "approved": {"by": "nobody", "on": "2020-01-01", "ref": "N-1"},
        "roles": draw(st.just(list(FENCE_ROLES)) | some_of(FENCE_ROLES)),
        "when": {condition: draw(conditions[condition]) for condition in sorted(asked)},
        "allow": draw(st.just(["US"]) | places_among(groups)),
    }
    if kept:
        exception["limits"] = {limit: draw(limits[limit]) for limit in kept}
        exception["overflow"] = draw(st.sampled_from(("excess", "excess", "all")))
    return exception


@st.composite
def waivers_of(draw: st.DrawFn, rules: Sequence[RuleDict]) -> list[Waiver]:
    """Draw up to three waivers of the rules that may have any, in force or nearly so."""
    waivable = [rule["id"] for rule in rules if rule["effect"] in ("fence", "require")]
    keys: dict[str, st.SearchStrategy[Any]] = {
        "call": st.sampled_from(("c-1", "c-2")),
        "account": st.sampled_from(ACCOUNTS),
        "relay_in": some_of(("81.2.69.0/24", "81.2.69.128/25", "64.0.0.0/2", "2a02:cf40::/29", "2000::/3")),
    }
    waivers = []
    for number in range(draw(st.integers(0, 3)) if waivable else 0):
        matched = draw(st.lists(st.sampled_from(sorted(keys)), min_size=1, max_size=2, unique=True))
        first, last = sorted(draw(st.lists(EDGE, min_size=2, max_size=2, unique=True)))
        issued = AS_OF - draw(st.sampled_from((-DAY, timedelta(0), DAY, 149 * DAY, 160 * DAY, 180 * DAY)))
        roles = {"roles": draw(some_of(FENCE_ROLES))} if draw(st.booleans()) else {}
        waivers.append(
            {
                "id": f"W-{number}",
                "rule": draw(st.sampled_from(waivable)),
                "match": {key: draw(keys[key]) for key in matched} | roles,
                "covers": {"from": first - DAY, "until": last + DAY},
                "issued": issued,
                "expires": issued + 180 * DAY,
                "max_findings": draw(st.sampled_from((1, 3, 40))),
            }
        )
    return waivers
