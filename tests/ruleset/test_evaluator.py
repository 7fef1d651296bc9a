"""The evaluator against its table, against worlds enumerated one by one, and under more evidence."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.countries import COUNTRIES, key_of
from auditor.model import INSTANT, ROLE, Role, Verdict
from auditor.ruleset.choices import Place, place_of
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.situation import Situation, add_situation
from auditor.ruleset.situation import situation_of as read_situation
from auditor.ruleset.verdicts import Fact

MakeRule = Callable[..., Rule]
MakeGroups = Callable[[Mapping[str, Any]], Groups]
Choice = list[str] | dict[str, list[str]] | None

# Nothing is timed: the machine may be busy.
THOROUGH = settings(max_examples=200, deadline=None)
QUICK = settings(max_examples=100, deadline=None)

TYPES: Mapping[str, Any] = {
    "role": ROLE,
    "home_region": pl.String,
    "account_id": pl.String,
    "started_at": INSTANT,
    "ended_at": INSTANT,
}
BASE = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLACES = ("US", "DE", "CN", "HK")
REGIONS = ("US", "EU", "elsewhere")
ACCOUNTS = ("a-1", "a-2")


def at(hour: float) -> datetime:
    return BASE + hour * HOUR


def written(hour: int) -> str:
    return at(hour).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Connection:
    """What is known of a connection; None, or more than one country: not known."""

    role: Role
    home_region: str | None
    account: str | None
    relay: frozenset[str]
    participant: frozenset[str]
    use_proved: bool
    start: float
    hours: float | None


def situation_of(connection: Connection, facts: Facts) -> Situation:
    """Put a connection into its situation, in the plain way."""
    started_at = at(connection.start)
    latest = started_at + HOUR * (24 if connection.hours is None else connection.hours)
    lists = None
    if connection.account is not None:
        lists = frozenset(facts.account_lists.get(connection.account, "").split())
    return Situation(
        role=connection.role,
        home_region=facts.home_region_of(connection.home_region),
        account_lists=lists,
        relay=connection.relay,
        participant=connection.participant,
        use_proved=connection.use_proved,
        starts_in=facts.periods.period_of(started_at),
        ends_by=facts.periods.last_entered(started_at, latest),
        end_known=connection.hours is not None,
    )


# --- the same, with worlds enumerated one by one, from the plain values of a rule ---------------------------


@dataclass(frozen=True)
class World:
    """One way in which everything may have been."""

    role: str
    region: str
    account: str
    relay: str
    participant: str
    used: bool


def worlds_of(connection: Connection) -> Iterator[World]:
    yield from (
        World(*values)
        for values in product(
            list(Role) if connection.role is Role.UNKNOWN else [connection.role],
            REGIONS if connection.home_region is None else [connection.home_region],
            ACCOUNTS if connection.account is None else [connection.account],
            connection.relay,
            connection.participant,
            [True] if connection.use_proved else [True, False],
        )
    )


def stands_for(names: list[str], groups: Mapping[str, Any], when: datetime) -> set[str]:
    found = set()
    for name in names:
        if name not in groups:
            found.add(name)
            continue
        found |= stands_for(groups[name].get("include", []), groups, when)
        for member in groups[name]["members"]:
            begins, ends = member.get("from", "0001"), member.get("until", "9999")
            if begins <= when.strftime("%Y-%m-%dT%H:%M:%SZ") < ends:
                found.add(member["code"])
    return found


def holds(choice: Choice, value: str) -> bool:
    if choice is None:
        return True
    if isinstance(choice, list):
        return value in choice
    return value in choice["in"] if "in" in choice else value not in choice["not_in"]


def spelled(choice: Choice, groups: Mapping[str, Any], when: datetime) -> Choice:
    if not isinstance(choice, dict):
        return choice
    return {key: sorted(stands_for(names, groups, when)) for key, names in choice.items()}


@dataclass(frozen=True)
class Instant:
    """A rule, with its groups spelled out for one hour."""

    in_force: bool
    scope: Mapping[str, Any]
    body: Mapping[str, list[str]]


def instants_of(rule: Mapping[str, Any], groups: Mapping[str, Any], start: int) -> list[Instant]:
    """Spell a rule out at a start and at each full hour for as long as a connection may last."""
    effect = next(effect for effect in ("fence", "never", "watch") if effect in rule)
    return [
        Instant(
            rule["in_force"]["from"] <= written(hour) < rule["in_force"].get("until", "9999"),
            rule["scope"] | {"participant": spelled(rule["scope"].get("participant"), groups, at(hour))},
            {key: sorted(stands_for(names, groups, at(hour))) for key, names in rule[effect].items()},
        )
        for hour in range(start, start + 32)
    ]


def verdict_at(instant: Instant, world: World) -> Verdict:
    in_scope = (
        instant.in_force
        and world.used
        and holds(instant.scope.get("roles"), world.role)
        and holds(instant.scope.get("home_region"), world.region)
        and holds(instant.scope.get("accounts"), world.account)
        and holds(instant.scope["participant"], world.participant)
    )
    if not in_scope:
        return Verdict.NOT_APPLICABLE
    if "allow" in instant.body:
        return Verdict.COMPLIANT if world.relay in instant.body["allow"] else Verdict.VIOLATION
    return Verdict.VIOLATION if world.relay in next(iter(instant.body.values())) else Verdict.COMPLIANT


def said_in(instants: list[Instant], world: World, ends: list[float]) -> Iterator[tuple[Verdict, Verdict]]:
    """Judge a world at its start and at every full hour before its end, for each end that it may have."""
    verdicts = [verdict_at(instant, world) for instant in instants]
    for hours in ends:
        judged = [verdict for passed, verdict in enumerate(verdicts) if passed == 0 or passed < hours]
        yield min(judged, key=list(Verdict).index), judged[0]


def settled(verdicts: set[Verdict]) -> Verdict:
    if verdicts == {Verdict.VIOLATION}:
        return Verdict.VIOLATION
    return Verdict.INDETERMINATE if Verdict.VIOLATION in verdicts else min(verdicts, key=list(Verdict).index)


def naive(rule: Mapping[str, Any], groups: Mapping[str, Any], connection: Connection) -> tuple[Verdict, bool]:
    """Give the verdict, and whether it is another than that of the start."""
    instants = instants_of(rule, groups, int(connection.start))
    ends = [half / 2 for half in range(49)] if connection.hours is None else [connection.hours]
    said = {one for world in worlds_of(connection) for one in said_in(instants, world, ends)}
    verdict = settled({worst for worst, _ in said})
    return verdict, verdict is not settled({first for _, first in said})


# --- strategies ---------------------------------------------------------------------------------------------

CODES = st.sampled_from(PLACES)
CANDIDATES = st.frozensets(CODES, min_size=1)
TIMES = st.integers(0, 60)


def interval(draw: st.DrawFn, *, start_given: bool) -> dict[str, str]:
    first, second = sorted(draw(st.tuples(TIMES, TIMES)))
    keys = draw(st.sampled_from(["from", "both"] if start_given else ["none", "from", "until", "both"]))
    begins = {"from": written(first)} if keys in ("from", "both") else {}
    return begins | ({"until": written(second + 1)} if keys in ("until", "both") else {})


@st.composite
def group_sets(draw: st.DrawFn) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for name in ("G_A", "G_B", "G_C"):
        codes = draw(st.lists(CODES, max_size=3))
        members = [{"code": code} | interval(draw, start_given=False) for code in codes]
        include = draw(st.lists(st.sampled_from(sorted(groups)), unique=True)) if groups else []
        groups[name] = {"members": members, "include": include}
    return groups


NAMES = st.lists(st.sampled_from([*PLACES, "G_A", "G_B", "G_C"]), min_size=1, max_size=3, unique=True)
IN_OR_NOT = NAMES.map(lambda names: {"in": names}) | NAMES.map(lambda names: {"not_in": names})
REGION_LISTS = st.lists(st.sampled_from(["US", "EU"]), min_size=1, unique=True)
SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "home_region": REGION_LISTS | REGION_LISTS.map(lambda regions: {"not_in": regions}),
        "roles": st.lists(st.sampled_from(list(Role)), min_size=1, unique=True),
        "accounts": st.just(["a-1"]),
        "participant": IN_OR_NOT,
    },
)
BODIES = (
    NAMES.map(lambda names: {"fence": {"allow": names}})
    | NAMES.map(lambda names: {"fence": {"forbid": names}})
    | NAMES.map(lambda names: {"never": {"in": names}})
    | NAMES.map(lambda names: {"watch": {"in": names}})
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    return {**draw(BODIES), "scope": draw(SCOPES), "in_force": interval(draw, start_given=True)}


CONNECTIONS = st.builds(
    Connection,
    role=st.sampled_from([Role.MEDIA, Role.KEYS, Role.UNKNOWN]),
    home_region=st.sampled_from([*REGIONS, None]),
    account=st.sampled_from([*ACCOUNTS, None]),
    relay=CANDIDATES,
    participant=CANDIDATES,
    use_proved=st.booleans(),
    start=TIMES,
    hours=st.none() | st.integers(0, 60).map(lambda half: half / 2),
)


# --- tests --------------------------------------------------------------------------------------------------


@THOROUGH
@given(rules(), group_sets(), CONNECTIONS)
def test_the_verdict_is_that_of_all_worlds_enumerated_one_by_one(
    make_rule: MakeRule,
    make_groups: MakeGroups,
    values: dict[str, Any],
    groups: dict[str, Any],
    connection: Connection,
) -> None:
    rule = make_rule(**values)
    facts = Facts.of(RuleSet.of([rule], make_groups(groups)))
    judgement = judge(rule, situation_of(connection, facts), facts)
    assert (judgement.verdict, judgement.spans_change) == naive(values, groups, connection)
    assert bool(judgement.doubts) is (judgement.verdict is Verdict.INDETERMINATE)


@QUICK
@given(st.lists(rules(), min_size=1, max_size=3), group_sets(), CONNECTIONS)
def test_a_rule_judges_alike_alone_and_among_others(
    make_rule: MakeRule,
    make_groups: MakeGroups,
    many: list[dict[str, Any]],
    groups: dict[str, Any],
    connection: Connection,
) -> None:
    together = [make_rule(**values, id=f"rule-{number}") for number, values in enumerate(many)]
    among = Facts.of(RuleSet.of(together, make_groups(groups)))
    for rule in together:
        alone = Facts.of(RuleSet.of([rule], make_groups(groups)))
        assert judge(rule, situation_of(connection, among), among) == judge(
            rule, situation_of(connection, alone), alone
        )


@QUICK
@given(rules(), group_sets(), CONNECTIONS)
def test_what_frames_leave_out_of_a_connection_changes_no_judgement(
    make_rule: MakeRule,
    make_groups: MakeGroups,
    values: dict[str, Any],
    groups: dict[str, Any],
    connection: Connection,
) -> None:
    rule = make_rule(**values)
    facts = Facts.of(RuleSet.of([rule], make_groups(groups)))
    row = {
        "role": connection.role,
        "home_region": connection.home_region,
        "account_id": connection.account,
        "relay_key": key_of(connection.relay),
        "participant_key": key_of(connection.participant),
        "use_proved": connection.use_proved,
        "started_at": at(connection.start),
        "ended_at": None if connection.hours is None else at(connection.start + connection.hours),
    }
    frame = pl.DataFrame([row], schema_overrides=TYPES)
    (placed,) = add_situation(frame, facts).iter_rows(named=True)
    assert judge(rule, read_situation(placed, facts), facts) == judge(
        rule, situation_of(connection, facts), facts
    )


@st.composite
def narrowings(draw: st.DrawFn) -> tuple[Connection, Connection]:
    """Draw what is known of a connection, and what is known when some of it is settled."""
    wide = draw(CONNECTIONS)
    narrow = replace(
        wide,
        relay=draw(
            st.sampled_from(sorted(wide.relay)).map(lambda code: frozenset({code})) | st.just(wide.relay)
        ),
        participant=frozenset({draw(st.sampled_from(sorted(wide.participant)))}),
        home_region=wide.home_region or draw(st.sampled_from([*REGIONS, None])),
        account=wide.account or draw(st.sampled_from([*ACCOUNTS, None])),
        role=draw(st.sampled_from(list(Role))) if wide.role is Role.UNKNOWN else wide.role,
        hours=draw(st.integers(0, 24)) if wide.hours is None else wide.hours,
    )
    return wide, narrow


@QUICK
@given(rules(), group_sets(), narrowings())
def test_evidence_never_turns_a_settled_verdict(
    make_rule: MakeRule,
    make_groups: MakeGroups,
    values: dict[str, Any],
    groups: dict[str, Any],
    known: tuple[Connection, Connection],
) -> None:
    rule = make_rule(**values)
    facts = Facts.of(RuleSet.of([rule], make_groups(groups)))
    before, after = (judge(rule, situation_of(connection, facts), facts).verdict for connection in known)
    settled = {
        Verdict.VIOLATION: {Verdict.VIOLATION},
        Verdict.COMPLIANT: {Verdict.COMPLIANT, Verdict.NOT_APPLICABLE},
        Verdict.NOT_APPLICABLE: {Verdict.NOT_APPLICABLE},
    }
    assert after in settled.get(before, set(Verdict))


@QUICK
@given(rules(), group_sets(), CONNECTIONS)
def test_nothing_is_excused_without_an_exception(
    make_rule: MakeRule,
    make_groups: MakeGroups,
    values: dict[str, Any],
    groups: dict[str, Any],
    connection: Connection,
) -> None:
    rule = make_rule(**values)
    facts = Facts.of(RuleSet.of([rule], make_groups(groups)))
    assert judge(rule, situation_of(connection, facts), facts).verdict is not Verdict.EXCUSED


V, I, C, NA = Verdict.VIOLATION, Verdict.INDETERMINATE, Verdict.COMPLIANT, Verdict.NOT_APPLICABLE  # noqa: E741  as the design's tables write them
KNOWN = Connection(Role.MEDIA, "US", "a-1", frozenset({"US"}), COUNTRIES, True, 1, 1)  # noqa: FBT003  one line, one connection


@pytest.mark.parametrize(
    ("relay", "home_region", "verdict"),
    [
        ({"US"}, "US", C),
        ({"US"}, None, C),
        ({"US"}, "EU", NA),
        ({"US", "CN"}, "US", I),
        ({"US", "CN"}, None, I),
        ({"US", "CN"}, "EU", NA),
        ({"CN", "HK"}, "US", V),
        ({"CN", "HK"}, None, I),
        ({"CN", "HK"}, "EU", NA),
        (COUNTRIES, "US", I),
        (COUNTRIES, "EU", NA),
    ],
)
def test_place_and_scope_decide_as_in_the_table(
    make_rule: MakeRule, relay: set[str], home_region: str | None, verdict: Verdict
) -> None:
    rule = make_rule(fence={"allow": ["US"]}, scope={"home_region": ["US"]})
    facts = Facts.of(RuleSet.of([rule], Groups({})))
    connection = replace(KNOWN, relay=frozenset(relay), home_region=home_region)
    assert judge(rule, situation_of(connection, facts), facts).verdict is verdict


@pytest.mark.parametrize(
    ("known", "doubts"),
    [
        ({"relay": frozenset({"US", "CN"})}, {Fact.RELAY}),
        ({"home_region": None}, {Fact.HOME_REGION}),
        ({"account": None}, {Fact.ACCOUNT}),
        ({"role": Role.UNKNOWN}, {Fact.ROLE}),
        ({"use_proved": False}, {Fact.USE}),
        ({"participant": frozenset({"US", "CN"})}, {Fact.PARTICIPANT}),
        ({"start": -1, "hours": None}, {Fact.END}),
        ({"role": Role.UNKNOWN, "home_region": None}, {Fact.ROLE, Fact.HOME_REGION}),
    ],
)
def test_doubts_name_the_facts_that_a_verdict_hangs_on(
    make_rule: MakeRule, known: dict[str, Any], doubts: set[Fact]
) -> None:
    scope = {
        "home_region": ["US"],
        "roles": ["media"],
        "accounts": ["a-1"],
        "participant": {"not_in": ["CN"]},
    }
    rule = make_rule(never={"in": ["CN"]}, scope=scope)
    facts = Facts.of(RuleSet.of([rule], Groups({})))
    sure = replace(KNOWN, relay=frozenset({"CN"}), participant=frozenset({"US"}))
    assert judge(rule, situation_of(sure, facts), facts).verdict is V
    judgement = judge(rule, situation_of(replace(sure, **known), facts), facts)
    assert (judgement.verdict, set(judgement.doubts)) == (I, doubts)


def test_an_unlabelled_relay_is_surely_in_scope_only_where_all_roles_are(make_rule: MakeRule) -> None:
    connection = replace(KNOWN, role=Role.UNKNOWN, relay=frozenset({"CN"}))
    every = make_rule(never={"in": ["CN"]}, scope={"roles": list(Role)})
    some = make_rule(never={"in": ["CN"]}, scope={"roles": ["gateway", "edge_transit", "unknown"]})
    for rule, verdict in ((every, V), (some, I)):
        facts = Facts.of(RuleSet.of([rule], Groups({})))
        assert judge(rule, situation_of(connection, facts), facts).verdict is verdict


@pytest.mark.parametrize(
    ("start", "hours", "verdict", "spans"),
    [
        (9, 1, NA, False),
        (9, 1.5, V, True),
        (9, None, I, True),
        (-14, None, NA, False),
        (10, 1, V, False),
        (19.5, 1, V, False),
        (20, 1, NA, False),
    ],
)
def test_a_connection_is_judged_again_when_the_rule_changes_before_its_end(
    make_rule: MakeRule, start: float, hours: float | None, verdict: Verdict, *, spans: bool
) -> None:
    rule = make_rule(never={"in": ["CN"]}, in_force={"from": written(10), "until": written(20)})
    facts = Facts.of(RuleSet.of([rule], Groups({})))
    connection = replace(KNOWN, relay=frozenset({"CN"}), start=start, hours=hours)
    judgement = judge(rule, situation_of(connection, facts), facts)
    assert (judgement.verdict, judgement.spans_change) == (verdict, spans)


@given(CANDIDATES, st.frozensets(CODES))
def test_a_place_is_inside_outside_or_open(candidates: frozenset[str], countries: frozenset[str]) -> None:
    inside = {code in countries for code in candidates}
    expected = Place.OPEN if len(inside) == 2 else Place.INSIDE if inside == {True} else Place.OUTSIDE
    assert place_of(candidates, countries) is expected


def test_an_empty_candidate_set_is_a_bug(make_rule: MakeRule) -> None:
    rule = make_rule(never={"in": ["CN"]}, scope={"participant": {"in": ["US"]}})
    facts = Facts.of(RuleSet.of([rule], Groups({})))
    nowhere: frozenset[str] = frozenset()
    for connection in (replace(KNOWN, relay=nowhere), replace(KNOWN, participant=nowhere)):
        with pytest.raises(AssertionError, match="an empty candidate set"):
            judge(rule, situation_of(connection, facts), facts)
