"""Entries of relay lists: against a slow reference that tries every use, and against audits of uses."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.countries import candidates_of
from auditor.engine.entry_places import Places
from auditor.engine.entry_rules import ROLES
from auditor.engine.job import Job
from auditor.engine.judging import Judge
from auditor.engine.listcheck import Concern, check_entries
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.relay_lists import ListEntry
from auditor.model import CONNECTION, RELAY_UNIT, Role, Tier, Verdict, cast_to
from auditor.ruleset.cases import Given
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import Facts
from auditor.ruleset.groups import Groups
from auditor.ruleset.outcomes import situation_in
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule, WatchRule, clauses_of
from auditor.ruleset.verdicts import LimitKind, LimitStatus
from tests.engine.handed import AS_OF, entry, groups_of, rule_of, settings_in
from tests.ruleset.random_rules import ACCOUNTS, COUNTRIES, GROUPS, INSTANTS, REASONS, REGIONS, RULES, WINDOWS

TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def world() -> Iterator[AtlasSettings]:
    with tempfile.TemporaryDirectory() as folder:
        yield settings_in(Path(folder))


@pytest.fixture(scope="module")
def places(world: AtlasSettings) -> Places:
    return Places(world)


@pytest.fixture(scope="module")
def atlas(world: AtlasSettings) -> Atlas:
    return Atlas(world)


EVERYWHERE = [f"11.0.0.{number}" for number in (0, 63, 64, 79, 80, 128, 160, 200)]


@dataclass(frozen=True)
class Place:
    """Where one relay is: what an audit finds for it."""

    address: str | None
    name: str | None
    site: str | None


def relays_of(one: ListEntry) -> list[Place]:
    network = ip_network(one.prefix) if one.prefix else None
    addresses: list[str | None] = [None]
    if network is not None:
        addresses = [text for text in EVERYWHERE if ip_address(text) in network] or [str(network[0])]
    names: list[str | None] = (
        ["a.example", "b.example", "c.d.example"] if one.name == "*.example" else [one.name]
    )
    return [Place(address, name, one.site) for address, name in product(addresses, names)]


def keys_of(atlas: Atlas, relays: list[Place], roles: tuple[Role, ...], at: datetime) -> pl.Series:
    """Locate each relay in each role at an instant, as an audit does."""
    period = pl.DataFrame({"at": [at]}).select(atlas.period_of(pl.col("at"))).item()
    rows = [(one.address, one.site, one.name, None, role, period) for one, role in product(relays, roles)]
    return atlas.locate_relays(pl.DataFrame(rows, schema=dict(RELAY_UNIT), orient="row"))["key"]


_WITHIN = dict.fromkeys(LimitKind, LimitStatus.WITHIN)


class Reference:
    """What a rule says of single uses, all unsaid things tried one by one."""

    def __init__(self, rule: Rule, groups: Groups) -> None:
        self.rule = rule
        self.facts = Facts.of(RuleSet.of([rule], groups))
        self.known: dict[Any, Verdict] = {}

    def says(self, one: ListEntry, role: Role, key: str, at: datetime) -> Verdict:
        """Take the worst over all who may use the entry."""
        tiers = [one.tier] if one.tier else list(Tier)
        clients = sorted(one.participants) if one.participants else COUNTRIES
        accounts = ACCOUNTS if self.facts.account_lists else ("a",)
        labels = [
            dict(zip(self.facts.labels, values, strict=True))
            for values in product(*self.facts.labels.values())
        ]
        verdicts = [
            self._in_worlds(
                key, at=at, role=role, home_region=one.home_region, tier=tier, participant=(client,),
                account=account, labels=label,
            )
            for tier, client, account, label in product(tiers, clients, accounts, labels)
        ]  # fmt: skip
        return min(verdicts, key=lambda verdict: verdict.rank)

    def _in_worlds(self, key: str, **use: Any) -> Verdict:  # noqa: ANN401  keys of a case's connection
        """Judge the use in each country that is open; the conditions of exceptions as they suit it best."""
        said = {self._at_best(country, **use) for country in candidates_of(key) if self._is_known(country)}
        if Verdict.VIOLATION in said and len(said) > 1:
            return Verdict.INDETERMINATE
        return min(said, key=lambda verdict: verdict.rank)

    def _is_known(self, country: str) -> bool:
        """Leave out most countries that no random rule can tell apart: France stands for them."""
        return country in COUNTRIES

    def _at_best(self, country: str, **use: Any) -> Verdict:  # noqa: ANN401  keys of a case's connection
        verdicts = []
        for reason in REASONS:
            given = Given.model_construct(
                id="c", relay=(country,), minutes=0.0, use_proved=True, call=None, attempt=9, repeat=1,
                failed_primaries=9, selection_reason=reason, windows=WINDOWS, **use,
            )  # fmt: skip
            situation = situation_in(given, self.facts)
            if situation not in self.known:
                counted = dict.fromkeys(range(len(clauses_of(self.rule))), _WITHIN)
                self.known[situation] = judge(self.rule, situation, self.facts, counted).verdict
            verdicts.append(self.known[situation])
        return max(verdicts, key=lambda verdict: verdict.rank)


MOMENTS = [datetime.fromisoformat(text) for text in INSTANTS]
ENTRIES = st.builds(
    entry,
    home_region=st.sampled_from((*REGIONS, "elsewhere")),
    tier=st.sampled_from([None, *Tier]),
    role=st.sampled_from([None, Role.MEDIA, Role.KEYS, Role.STORAGE]),
    prefix=st.sampled_from(
        [None, "11.0.0.0/26", "11.0.0.0/24", "11.0.0.64/27", "11.0.0.160/32", "11.0.0.192/28"]
    ),
    site=st.sampled_from([None, "X", "Y", "unheard of"]),
    name=st.sampled_from([None, "*.example", "a.example"]),
    participants=st.sampled_from([None, frozenset({"CN"}), frozenset({"CN", "US"})]),
    from_at=st.sampled_from(MOMENTS[:4]),
    until_at=st.sampled_from([None, *MOMENTS[4:]]),
).filter(lambda one: bool(one.prefix or one.site or one.name))


def moments_of(one: ListEntry) -> list[datetime]:
    """List instants at which something may change, and some between them."""
    changes = [one.from_at, AS_OF, datetime(2023, 1, 1, tzinfo=UTC), *MOMENTS]
    near = {at + shift for at in changes for shift in (-TICK, timedelta())}
    stop = min(one.until_at, AS_OF + TICK) if one.until_at else AS_OF + TICK
    return sorted(at for at in near if one.from_at <= at < stop)


def covers(concern: Concern, relay: Place, role: Role, at: datetime) -> bool:
    word = relay.address or relay.name or relay.site or ""
    inside = any(
        ip_address(word) in ip_network(text) if relay.address else _named(text, word)
        for text in concern.relays
    )
    return (
        inside
        and role in concern.roles
        and concern.from_at <= at
        and (concern.until_at is None or at < concern.until_at)
    )


def _named(text: str, word: str) -> bool:
    return text == word or (text == "*.example" and word.endswith(".example") and word != "a.example")


@settings(max_examples=40)
@given(one=ENTRIES, values=RULES)
def test_entries_are_judged_as_by_trying_every_use(
    one: ListEntry, values: Mapping[str, Any], atlas: Atlas, places: Places
) -> None:
    rule, groups = rule_of(**values), groups_of(GROUPS)
    (result,) = check_entries([one], RuleSet.of([rule], groups), places, as_of=AS_OF).checked
    if isinstance(rule, RequireRule):
        assert (result.verdicts, result.concerns) == ((), ())
        return
    relays, roles = relays_of(one), ROLES if one.role is None else (one.role,)
    reference = Reference(rule, groups)
    said: set[Verdict] = set()
    for at in moments_of(one):
        keys = keys_of(atlas, relays, roles, at)
        for (relay, role), key in zip(product(relays, roles), keys, strict=True):
            verdict = reference.says(one, role, key, at)
            said.add(verdict)
            if relay.address and one.name:
                continue  # such relays are named by their networks alone
            found = {concern.verdict for concern in result.concerns if covers(concern, relay, role, at)}
            assert found == ({verdict} & {Verdict.VIOLATION, Verdict.INDETERMINATE, Verdict.EXCUSED})
    worst = min(said, key=lambda verdict: verdict.rank)
    if isinstance(rule, WatchRule):
        assert result.verdicts == ()
        assert worst.rank == min((one.verdict.rank for one in result.concerns), default=worst.rank)
    else:
        assert [verdict for _, verdict in result.verdicts] == [worst]


# Audits: what uses an entry that is fine is never a violation, and one that breaks a rule has a use that is.


def audited(settings: AtlasSettings, ruleset: RuleSet, rows: list[dict[str, Any]]) -> list[Verdict]:
    frame = cast_to(pl.DataFrame(rows, schema_overrides={"started_at": pl.Datetime("us", "UTC")}), CONNECTION)
    judged = Judge(Job("test", ruleset, settings, None, "")).judge(frame)
    return [judged.judgements[at][0].verdict for at in judged.situation]


def uses_of(one: ListEntry, at: datetime) -> list[dict[str, Any]]:
    """List uses of an entry at an instant, over at once, as a log tells of them."""
    roles = ROLES if one.role is None else (one.role,)
    tiers = [one.tier] if one.tier else list(Tier)
    clients = sorted(one.participants) if one.participants else COUNTRIES
    return [
        {
            "source_file": "log.csv", "record": number, "part": 1, "call_id": f"c{number}", "account_id": "a",
            "home_region": one.home_region, "role": role.value, "relay_ip": relay.address,
            "relay_name": relay.name, "relay_site": relay.site, "participant_country_declared": client,
            "tier": tier.value, "attempt": 9, "failed_primaries": 9, "selection_reason": REASONS[0],
            "started_at": at, "ended_at": at, "time_basis": "connection", "use_proved": True,
        }
        for number, (relay, role, tier, client) in enumerate(product(relays_of(one), roles, tiers, clients))
    ]  # fmt: skip


PLAIN_RULES = RULES.filter(
    lambda values: not {"labels", "accounts"} & values["scope"].keys() and "require" not in values
)


@settings(max_examples=30)
@given(one=ENTRIES, values=PLAIN_RULES, data=st.data())
def test_a_use_of_a_fine_entry_is_no_violation_and_a_broken_rule_has_one_that_is(
    one: ListEntry, values: Mapping[str, Any], data: st.DataObject, world: AtlasSettings, places: Places
) -> None:
    rule, groups = rule_of(**values), groups_of(GROUPS)
    ruleset = RuleSet.of([rule], groups)
    (result,) = check_entries([one], ruleset, places, as_of=AS_OF).checked
    worst = min(
        (concern.verdict for concern in result.concerns), key=lambda v: v.rank, default=Verdict.COMPLIANT
    )
    if worst is Verdict.VIOLATION:
        at = next(concern.from_at for concern in result.concerns if concern.verdict is Verdict.VIOLATION)
        assert Verdict.VIOLATION in audited(world, ruleset, uses_of(one, at))
    elif worst is not Verdict.EXCUSED:
        at = data.draw(st.sampled_from(moments_of(one)))
        assert Verdict.VIOLATION not in audited(world, ruleset, uses_of(one, at))
