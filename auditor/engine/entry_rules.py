"""What rules say of the use of a list entry: what an entry cannot say counts as holding.

The rules are changed to ask only what an entry can answer; the evaluator then says what they mean.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product

from auditor.countries import COUNTRIES, candidates_of
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.clauses import ExceptionClause
from auditor.ruleset.evaluator import judge
from auditor.ruleset.facts import Facts
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import FenceRule, RequireRule, Rule
from auditor.ruleset.situation import Situation
from auditor.ruleset.verdicts import Judgement

ROLES = tuple(role for role in Role if role is not Role.UNKNOWN)
"""What a relay may do: an entry without a role allows all of it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A use of a relay as an entry allows it. None leaves it to the client: every tier, everybody."""

    home_region: str
    tier: Tier | None
    participants: frozenset[str] | None
    role: Role


@dataclass(frozen=True, slots=True)
class Said:
    """The worst that a rule says of a use, and the exceptions that take it."""

    verdict: Verdict
    exceptions: tuple[str, ...] = ()


class EntryRule:
    """One rule, as it is asked about entries."""

    def __init__(self, rule: Rule, ruleset: RuleSet) -> None:
        self.rule = rule
        self._asked = _askable(rule)
        self._facts = Facts.of(replace(ruleset, rules=(self._asked,)))
        self._said: dict[tuple[Use, str, int], Said] = {}

    @property
    def changes(self) -> tuple[datetime, ...]:
        """The instants, in order, from which the rule may say something else."""
        return self._facts.periods.cuts

    def says(self, use: Use, key: str, at: datetime) -> Said:
        """Judge a use that begins and ends at an instant, of a relay whose candidate set has this key.

        The worst of what it says over all tiers and participants to whom the use is open.
        """
        period = self._facts.periods.period_of(at)
        asked = (use, self._facts.alike.key(key), period)
        if asked not in self._said:
            self._said[asked] = self._worst(*asked)
        return self._said[asked]

    def _worst(self, use: Use, key: str, period: int) -> Said:
        stands_for = self._facts.alike.stands_for
        clients = sorted({stands_for[country] for country in use.participants or COUNTRIES})
        tiers = tuple(Tier) if use.tier is None else (use.tier,)
        judgements = [
            judge(self._asked, self._situation(use, key, period, tier, client), self._facts)
            for tier, client in product(tiers, clients)
        ]
        verdict = min((one.verdict for one in judgements), key=lambda verdict: verdict.rank)
        return Said(verdict, _exceptions(one for one in judgements if one.verdict is verdict))

    def _situation(self, use: Use, key: str, period: int, tier: Tier, client: str) -> Situation:
        return Situation(
            role=use.role,
            home_region=self._facts.home_region_of(use.home_region),
            account_lists=frozenset(),
            relay=candidates_of(key),
            participant=frozenset({client}),
            use_proved=True,
            starts_in=period,
            ends_by=period,
            end_known=True,
            tier=tier,
        )


def rules_for_entries(ruleset: RuleSet) -> tuple[EntryRule, ...]:
    """Give the rules that say something of an entry: `require` is about whole calls."""
    return tuple(EntryRule(rule, ruleset) for rule in ruleset.rules if not isinstance(rule, RequireRule))


def _askable(rule: Rule) -> Rule:
    """Take out of a rule what no entry can say, so that it holds: a use is within every limit."""
    scope = rule.scope.model_copy(update={"accounts": None, "labels": None, "must_observe": None})
    changed = {"scope": scope}
    if isinstance(rule, FenceRule):
        return rule.model_copy(
            update={**changed, "exceptions": tuple(_askable_exception(one) for one in rule.exceptions)}
        )
    return rule.model_copy(update=changed)


def _askable_exception(clause: ExceptionClause) -> ExceptionClause:
    unsaid = ("attempt_min", "failed_primaries_min", "selection_reason", "in_window")
    when = clause.when.model_copy(update=dict.fromkeys(unsaid))
    return clause.model_copy(update={"when": when, "limits": None})


def _exceptions(judgements: Iterable[Judgement]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for one in judgements for name in one.exceptions))
