"""The decision table of a rule: what it says of every connection of which all is known.

What it says of a connection of which less is known follows from these cells, so two rules with equal tables,
equal limits and equal roles to observe mean the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from math import prod

from auditor.countries import COUNTRIES
from auditor.errors import Fault, RuleSetError
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.choices import allowed_by, wanted_by
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import NOT_NAMED, Facts
from auditor.ruleset.groups import BEGINNING
from auditor.ruleset.periods import changes_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule, clauses_of
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import LimitKind, LimitStatus, Statuses
from auditor.ruleset.wholecall import CallFact, call_facts, judge_call, scopes_of
from auditor.ruleset.windows import EVERYWHERE, Held


@dataclass(frozen=True, slots=True)
class Subject:
    """A rule with what it is read with: its groups."""

    rule: Rule
    ruleset: RuleSet

    def facts(self) -> Facts:
        """Give the facts that the rule, alone, asks for."""
        return Facts.of(replace(self.ruleset, rules=(self.rule,)))


@dataclass(frozen=True, slots=True)
class Cell:
    """One connection of which all is known. What no rule of the table asks has one value for all.

    `at` is the first instant of a period; `role`, `participant` and `relay` stand for all that no rule of the
    table tells apart from them; `windows` are the ids that hold.
    """

    at: datetime
    role: Role
    home_region: str
    account: str
    labels: tuple[tuple[str, str], ...]
    participant: str
    tier: Tier | None
    attempt: int
    failed_primaries: int
    selection_reason: str
    windows: frozenset[str]
    relay: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says of a cell, within all limits. `clause`: the exception that excuses it, if one does.

    Where the role is unknown, several may, for different roles: it is the first of them.
    """

    verdict: Verdict
    clause: ExceptionClause | None = None


Table = Mapping[Cell, Decision]

MOST_CELLS = 500_000
"""A larger table nobody reads, and it would take long to make."""

_WITHIN: Statuses = dict.fromkeys(LimitKind, LimitStatus.WITHIN)


@dataclass(frozen=True, slots=True)
class Axes:
    """All values of all coordinates that some rule of a table tells apart.

    Each role, account and country is given with all that it stands for.
    """

    instants: tuple[datetime, ...]
    roles: Mapping[Role, tuple[Role, ...]]
    home_regions: tuple[str, ...]
    accounts: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]
    participants: Mapping[str, tuple[str, ...]]
    tiers: tuple[Tier | None, ...]
    attempts: tuple[int, ...]
    failed_primaries: tuple[int, ...]
    selection_reasons: tuple[str, ...]
    windows: tuple[frozenset[str], ...]
    relays: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        """Count the cells."""
        return prod(len(values) for values in self._values())

    def cells(self) -> Iterator[Cell]:
        """Give every cell, by period first and relay last."""
        # the values are in the order of the fields
        return (Cell(*values) for values in product(*self._values()))  # type: ignore[arg-type]

    def _values(self) -> tuple[Collection[object], ...]:
        labels = [[(key, value) for value in values] for key, values in self.labels.items()]
        return (
            *(self.instants, self.roles, self.home_regions, self.accounts, tuple(product(*labels))),
            *(self.participants, self.tiers, self.attempts, self.failed_primaries, self.selection_reasons),
            *(self.windows, self.relays),
        )


def axes_of(subjects: Sequence[Subject]) -> Axes:
    """Find what at least one of some rules tells apart, so that their tables have the same cells.

    Raises RuleSetError if there are more combinations of windows than `MOST_CELLS`.
    """
    facts = [subject.facts() for subject in subjects]
    clauses = [clause for subject in subjects for clause in clauses_of(subject.rule)]
    instants = {at for subject in subjects for at in changes_of(subject.rule, subject.ruleset.groups)}
    times = (BEGINNING, *sorted(instants))
    labels: dict[str, set[str]] = {}
    for one in facts:
        for key, values in one.labels.items():
            labels.setdefault(key, set()).update(values)
    windows = sorted({clause.when.in_window for clause in clauses if clause.when.in_window})
    if 2 ** len(windows) > MOST_CELLS:
        raise RuleSetError(_too_large(subjects[0].rule, 2 ** len(windows)))
    return Axes(
        instants=times,
        roles=_alike({role: _role_marks(subjects, role) for role in Role}),
        home_regions=(*sorted(_scope_regions(subjects)), NOT_NAMED),
        accounts=_accounts(subjects),
        labels={key: (*sorted(labels[key]), NOT_NAMED) for key in sorted(labels)},
        participants=_countries(subjects, _participant_names, times),
        tiers=tuple(Tier) if any(one.asks_tier for one in facts) else (None,),
        attempts=_numbers(1, (number for one in facts for number in one.attempts)),
        failed_primaries=_numbers(0, (number for one in facts for number in one.failed_primaries)),
        selection_reasons=(*sorted({name for one in facts for name in one.selection_reasons}), NOT_NAMED),
        windows=tuple(frozenset(held) for held in _subsets(windows)),
        relays=_countries(subjects, _relay_names, times),
    )


def table_of(subject: Subject, axes: Axes | None = None) -> Table:
    """Judge every cell. Under `require` a cell is a call with this one connection.

    Raises RuleSetError if there are more than `MOST_CELLS`.
    """
    axes = axes or axes_of([subject])
    if len(axes) > MOST_CELLS:
        raise RuleSetError(_too_large(subject.rule, len(axes)))
    facts = subject.facts()
    judged: dict[tuple[object, ...], Decision] = {}
    table: dict[Cell, Decision] = {}
    for cell in axes.cells():
        asked = _asked_of(cell, clauses_of(subject.rule), facts)
        if asked not in judged:
            judged[asked] = _decision(subject.rule, cell, facts)
        table[cell] = judged[asked]
    return table


def situation_of_cell(cell: Cell, facts: Facts) -> Situation:
    """Say in which situation the connection of a cell is, for the rules that facts are of."""
    period = facts.periods.period_of(cell.at)
    return Situation(
        role=cell.role,
        home_region=facts.home_region_of(cell.home_region),
        account_lists=frozenset(facts.account_lists.get(cell.account, "").split()),
        relay=frozenset({cell.relay}),
        participant=frozenset({cell.participant}),
        use_proved=True,
        starts_in=period,
        ends_by=period,
        end_known=True,
        tier=cell.tier,
        attempt=facts.attempt_class(cell.attempt),
        failed_primaries=facts.failures_class(cell.failed_primaries),
        selection_reason=facts.selection_reason_of(cell.selection_reason),
        labels=facts.labels_of(dict(cell.labels)),
        windows=frozenset(Held(window, EVERYWHERE, late=False) for window in cell.windows),
    )


def _too_large(rule: Rule, cells: int) -> Fault:
    text = (
        f"{rule.id}: the decision table has {cells:,} cells or more, and at most {MOST_CELLS:,} can be told"
    )
    return Fault("", text, "make several rules of it, or ask less in its exceptions")


def _asked_of(cell: Cell, clauses: Sequence[ExceptionClause], facts: Facts) -> tuple[object, ...]:
    """Give what the decision depends on: conditions matter only where an exception may take."""
    scope = (cell.at, cell.role, cell.home_region, cell.account, cell.labels, cell.participant, cell.relay)
    period = facts.periods.period_of(cell.at)
    if not any(
        cell.relay in facts.periods.members(clause.allow, period)
        and (cell.role is Role.UNKNOWN or cell.role in (clause.roles or (cell.role,)))
        for clause in clauses
    ):
        return scope
    conditions = (cell.tier, cell.attempt, cell.failed_primaries, cell.selection_reason, cell.windows)
    return (*scope, *conditions)


def _decision(rule: Rule, cell: Cell, facts: Facts) -> Decision:
    situation = situation_of_cell(cell, facts)
    if isinstance(rule, RequireRule):
        return Decision(_call_verdict(rule, situation, facts))
    clauses = clauses_of(rule)
    judgement = judge(rule, situation, facts, counted=dict.fromkeys(range(len(clauses)), _WITHIN))
    taken = [clause for clause in clauses if clause.id in judgement.exceptions]
    return Decision(judgement.verdict, taken[0] if judgement.verdict is Verdict.EXCUSED else None)


def _call_verdict(rule: RequireRule, situation: Situation, facts: Facts) -> Verdict:
    """Judge a call with this one connection, or with one in scope beside it.

    A connection of which only the role is out of scope tells of its call all the same, if the rule requires
    its role.
    """
    told = call_facts(rule, situation, facts)
    of_any_role = rule.model_copy(update={"scope": rule.scope.model_copy(update={"roles": None})})
    if CallFact.ROLE_POSSIBLE in told and scopes_of(of_any_role, situation, facts) == {True}:
        told |= CallFact.SCOPE_POSSIBLE | CallFact.SCOPE_SURE
    return judge_call(rule, told).verdict


def _role_marks(subjects: Sequence[Subject], role: Role) -> tuple[object, ...]:
    """Say in all that rules ask of a role how one stands to it."""
    lists: list[Collection[Role] | None] = []
    for subject in subjects:
        rule = subject.rule
        lists += [rule.scope.roles, *(clause.roles for clause in clauses_of(rule))]
        lists += [rule.require.roles] if isinstance(rule, RequireRule) else []
    # `unknown` stands for any role, and so never for itself alone
    return (role is Role.UNKNOWN, *(asked is None or role in asked for asked in lists))


def _alike(marks: Mapping[Role, tuple[object, ...]]) -> dict[Role, tuple[Role, ...]]:
    by_marks: dict[tuple[object, ...], list[Role]] = {}
    for role, mark in marks.items():
        by_marks.setdefault(mark, []).append(role)
    return {alike[0]: tuple(alike) for alike in by_marks.values()}


def _scope_regions(subjects: Sequence[Subject]) -> set[str]:
    choices = [wanted_by(subject.rule.scope.home_region) for subject in subjects]
    return {name for choice in choices if choice for name in choice.names}


def _accounts(subjects: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
    """Gather the accounts of each combination of lists; the one that no list names is last."""
    lists = [frozenset(subject.rule.scope.accounts or ()) for subject in subjects]
    by_lists: dict[tuple[bool, ...], list[str]] = {}
    for account in (*sorted({account for one in lists for account in one}), NOT_NAMED):
        by_lists.setdefault(tuple(account in one for one in lists), []).append(account)
    return {alike[0]: tuple(alike) for alike in by_lists.values()}


def _relay_names(rule: Rule) -> list[tuple[str, ...]]:
    return [allowed_by(rule).names, *(clause.allow for clause in clauses_of(rule))]


def _participant_names(rule: Rule) -> list[tuple[str, ...]]:
    wanted = wanted_by(rule.scope.participant)
    return [wanted.names] if wanted else []


def _countries(
    subjects: Sequence[Subject], names_of: Callable[[Rule], list[tuple[str, ...]]], times: Sequence[datetime]
) -> dict[str, tuple[str, ...]]:
    """Gather the countries that no rule tells apart at any time; the first of each stands for all."""
    sets = {
        subject.ruleset.groups.members(names, at)
        for subject in subjects
        for names in names_of(subject.rule)
        for at in times
    }
    by_marks: dict[tuple[bool, ...], list[str]] = {}
    for country in sorted(COUNTRIES):
        by_marks.setdefault(tuple(country in one for one in sets), []).append(country)
    return {alike[0]: tuple(alike) for alike in by_marks.values()}


def _numbers(least: int, thresholds: Iterable[int]) -> tuple[int, ...]:
    return (least, *sorted({number for number in thresholds if number > least}))


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for held in product((False, True), repeat=len(names)):
        yield tuple(name for name, holds in zip(names, held, strict=True) if holds)
