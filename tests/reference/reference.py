"""The slow, plain, independent audit: one connection, one rule and one possible world at a time.

Straight from SEMANTICS.md, GEOLOCATION.md and FORMATS.md, and without a line of the product: the judge of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from tests.reference import whole
from tests.reference.calls import Subject
from tests.reference.countries import ALL
from tests.reference.facts import WORST_FIRST, Facts, Opinion
from tests.reference.lists import entries_allowing
from tests.reference.places import Evidence, Place
from tests.reference.world import AccountRow, Connection, RuleDict, Waiver, World, covers

AS_LOGGED = (
    *("role", "home_region", "account_id", "call_id", "use_proved", "log", "record"),
    *("tier", "attempt", "failed_primaries", "selection_reason"),
)


@dataclass(frozen=True, slots=True)
class Located:
    """One connection, and where it may be."""

    connection: Connection
    relay: Place
    participant: Place


@dataclass(frozen=True, slots=True)
class Judged:
    """One connection: where it may be, whose it is, and what each rule says of it.

    `allowed_by` are the lines of the relay list that allowed its relay; None where there is no list.
    """

    connection: Connection
    relay: Place
    participant: Place
    opinions: dict[str, Opinion]
    allowed_by: list[int] | None = None

    def verdict(self, rule_id: str) -> str:
        """Say what one rule says."""
        return self.opinions[rule_id].verdict


@dataclass(frozen=True, slots=True)
class Measures:
    """How much was affected: `proved` or `possible`, as the connections given say."""

    connections: int
    calls: int
    participants: int
    accounts: int
    minutes: Fraction
    bytes: int
    without_call: int
    without_participant: int
    without_account: int
    without_end: int
    without_bytes: int

    @classmethod
    def of(cls, affected: Iterable[Connection], bystanders: Iterable[Connection] = ()) -> "Measures":
        """Count and add up connections; of `bystanders` only who they are: their calls are affected."""
        rows = list(affected)
        everybody = [*rows, *bystanders]

        def distinct(column: str) -> int:
            return len({row[column] for row in everybody} - {None})

        def missing(column: str) -> int:
            return sum(row[column] is None for row in rows)

        lasted = [row["ended_at"] - row["started_at"] for row in rows if row["ended_at"] is not None]
        microseconds = sum(lasted, timedelta()) // timedelta(microseconds=1)
        return cls(
            connections=len(rows),
            calls=distinct("call_id"),
            participants=distinct("participant_id"),
            accounts=distinct("account_id"),
            minutes=Fraction(microseconds, 60_000_000),
            bytes=sum(row["bytes"] for row in rows if row["bytes"] is not None),
            without_call=missing("call_id"),
            without_participant=missing("participant_id"),
            without_account=missing("account_id"),
            without_end=missing("ended_at"),
            without_bytes=missing("bytes"),
        )


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """What one rule said of all connections."""

    verdicts: dict[str, int]
    calls_audited: int
    proved: Measures
    possible: Measures
    idle: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The whole audit. Only where a rule asks for it must a finding say where its participant may be."""

    judged: tuple[Judged, ...]
    calls: dict[str, Mapping[Subject, Opinion]]
    requires: frozenset[str]
    waivers: tuple[Waiver, ...]
    rules: dict[str, RuleTotals]
    watches: frozenset[str]
    participant_asked: bool
    proved: Measures
    possible: Measures
    uncovered: int
    idle: frozenset[str]


def audit(connections: Iterable[Connection], world: World) -> Result:
    """Join accounts, locate, judge, and count."""
    evidence = Evidence(world)
    try:
        rows = [located(with_account(row, world.accounts), evidence) for row in connections]
    finally:
        evidence.close()
    facts = [facts_of(row) for row in rows]
    said = {rule["id"]: whole.judge_all(rule, world.groups, world.windows, facts) for rule in world.rules}
    asked = any("participant" in rule["scope"] for rule in world.rules)
    judged = tuple(
        Judged(
            row.connection,
            row.relay,
            row.participant,
            {rule: said[rule].connections[n] for rule in said},
            allowed_by(row, world, participant_asked=asked),
        )
        for n, row in enumerate(rows)
    )
    watches = frozenset(rule["id"] for rule in world.rules if rule["effect"] == "watch")
    binding = [rule["id"] for rule in world.rules if rule["id"] not in watches]
    unobserved = {rule["id"]: bystanders_of(rule, said[rule["id"]], judged) for rule in world.rules}
    totals = {rule["id"]: totals_of(rule, judged, unobserved[rule["id"]]) for rule in world.rules}
    worst = [
        (row, min((row.verdict(rule) for rule in binding), key=WORST_FIRST.index, default=""))
        for row in judged
    ]
    return Result(
        judged=judged,
        calls={rule: each.calls for rule, each in said.items()},
        requires=frozenset(rule["id"] for rule in world.rules if rule["effect"] == "require"),
        waivers=world.waivers,
        rules=totals,
        watches=watches,
        participant_asked=asked,
        proved=Measures.of(row.connection for row, verdict in worst if verdict == "violation"),
        possible=Measures.of(
            (row.connection for row, verdict in worst if verdict in WORST_FIRST[:2]),
            [row for rows in unobserved.values() for row in rows],
        ),
        uncovered=sum(all(row.verdict(rule) == "not_applicable" for rule in binding) for row in judged),
        idle=frozenset(rule for rule, total in totals.items() if total.idle),
    )


def located(connection: Connection, evidence: Evidence) -> Located:
    """Locate the relay and the participant of one connection."""
    return Located(connection, evidence.relay_of(connection), evidence.participant_of(connection))


def allowed_by(row: Located, world: World, *, participant_asked: bool) -> list[int] | None:
    """Ask the relay list; where no rule asks for the participant, nobody knows where one is."""
    if not world.relay_lists:
        return None
    countries = row.participant.candidates if participant_asked else ALL
    return entries_allowing(world.relay_lists, row.connection, countries, world.settings)


def facts_of(row: Located) -> Facts:
    """Leave of a connection what rules ask."""
    connection = row.connection
    return Facts(
        start=connection["started_at"],
        end=connection["ended_at"],
        relay=row.relay.candidates,
        participant=row.participant.candidates,
        labels={} if connection["label_cloud"] is None else {"cloud": connection["label_cloud"]},
        **{name: connection[name] for name in AS_LOGGED},
    )


def bystanders_of(rule: RuleDict, said: whole.Judged, judged: Iterable[Judged]) -> list[Connection]:
    """List the connections in scope of calls in which a role was not seen: all of these may be affected.

    A connection without a call id is one of them where it is itself no record of such a role.
    """
    calls = {subject for kind, subject in said.calls if kind == "unobserved"}
    roles = rule["scope"].get("must_observe", [])
    in_scope = [row.connection for row in judged if row.verdict(rule["id"]) != "not_applicable"]
    return [
        row
        for row in in_scope
        if (
            row["call_id"] in calls
            if row["call_id"] is not None
            else any(not row["use_proved"] or row["role"] != role for role in roles)
        )
    ]


def totals_of(rule: RuleDict, judged: Iterable[Judged], unobserved: Iterable[Connection]) -> RuleTotals:
    """Count what one rule said; who was in a call with a role `unobserved` is possibly affected too."""
    said = [(row.connection, row.verdict(rule["id"])) for row in judged]
    verdicts = {verdict: sum(verdict == found for _, found in said) for verdict in WORST_FIRST}
    audited = {row["call_id"] for row, verdict in said if verdict != "not_applicable"} - {None}
    return RuleTotals(
        verdicts=verdicts,
        calls_audited=len(audited),
        proved=Measures.of(row for row, verdict in said if verdict == "violation"),
        possible=Measures.of((row for row, verdict in said if verdict in WORST_FIRST[:2]), unobserved),
        idle=verdicts["not_applicable"] == len(said),
    )


def with_account(connection: Connection, accounts: Iterable[AccountRow]) -> Connection:
    """Take home region and country from the account's line of that time: FORMATS.md, section 8.

    Where log and file name different home regions, nobody knows: it becomes null. The file's country counts
    only where the log has none, and an address: it speaks of the account's users, not of its guests.
    """
    at, account = connection["started_at"], connection["account_id"]
    line = next(
        (row for row in accounts if row.account_id == account and covers(row.since, row.until, at)), None
    )
    if line is None:
        return connection
    region, declared = connection["home_region"], connection["participant_country_declared"]
    if declared is None and connection["client_ip"] is not None:
        declared = line.country
    return connection | {
        "home_region": line.home_region if region in (None, line.home_region) else None,
        "participant_country_declared": declared,
    }
