"""The cases inside a rule file, run through the evaluator that judges audits."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from auditor.countries import COUNTRIES
from auditor.errors import Fault
from auditor.model import Verdict
from auditor.ruleset.cases import Case, Given
from auditor.ruleset.evaluator import Judgement, judge
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule
from auditor.ruleset.situation import Facts, Situation


def failures_in(rule: Rule, ruleset: RuleSet) -> list[Fault]:
    """Run the cases of a rule, alone; a verdict other than expected fails, and a violation nobody expects."""
    facts = Facts.of(replace(ruleset, rules=(rule,)))
    places = ruleset.file_of(rule).case_places
    return [
        Fault(place, f"tests.{number}, `{case.name}`: {text}", hint)
        for number, (case, place) in enumerate(zip(rule.tests, places, strict=True), start=1)
        for text, hint in _failures(rule, case, facts)
    ]


def situation_in(given: Given, facts: Facts) -> Situation:
    """Say in which situation the connection of a case is."""
    ended_at = given.at + timedelta(minutes=given.minutes)
    return Situation(
        role=given.role,
        home_region=facts.home_region_of(given.home_region),
        account_lists=frozenset(facts.account_lists.get(given.account, "").split()),
        relay=_candidates(given.relay),
        participant=_candidates(given.participant),
        use_proved=given.use_proved,
        starts_in=facts.periods.period_of(given.at),
        ends_by=facts.periods.last_entered(given.at, ended_at),
        end_known=True,
    )


def _failures(rule: Rule, case: Case, facts: Facts) -> Iterator[tuple[str, str | None]]:
    for given in case.given:
        judgement = judge(rule, situation_in(given, facts), facts)
        expected = case.expect.get(given.id)
        if expected is None and judgement.verdict is Verdict.VIOLATION:
            text = f"`{given.id}` is a violation that `expect` does not name"
            yield text, f"if it is right: `expect: {{{given.id}: violation}}`"
        elif expected not in (None, judgement.verdict):
            yield f"`{given.id}` is {judgement.verdict}, and not {expected} as expected", _why(judgement)


def _why(judgement: Judgement) -> str | None:
    if judgement.doubts:
        return f"left open: {', '.join(judgement.doubts)}"
    if judgement.spans_change:
        return "the rule changes while it lasts; with `minutes: 0` its start alone is judged"
    return None


def _candidates(written: str | tuple[str, ...]) -> frozenset[str]:
    return COUNTRIES if isinstance(written, str) else frozenset(written)
