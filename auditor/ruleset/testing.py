"""The cases inside a rule file, and what of them is not as it expects."""

from collections.abc import Iterator
from dataclasses import replace

from auditor.errors import Fault
from auditor.model import Verdict
from auditor.ruleset.cases import Case
from auditor.ruleset.facts import Facts
from auditor.ruleset.outcomes import Outcome, outcome_of, situation_in
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RequireRule, Rule
from auditor.ruleset.verdicts import Judgement

__all__ = ["failures_against", "failures_in", "failures_of", "outcome_of", "situation_in"]


def failures_in(rule: Rule, ruleset: RuleSet) -> list[Fault]:
    """Run the cases of a rule, alone; a verdict other than expected fails, and a violation nobody expects."""
    facts = Facts.of(replace(ruleset, rules=(rule,)))
    places = ruleset.file_of(rule).case_places
    return [
        Fault(place, f"tests.{number}, `{case.name}`: {text}", hint)
        for number, (case, place) in enumerate(zip(rule.tests, places, strict=True), start=1)
        for text, hint in failures_of(rule, case, facts)
    ]


def failures_of(rule: Rule, case: Case, facts: Facts) -> Iterator[tuple[str, str | None]]:
    """Say what of a case is not as it expects, each with a hint. `facts` are those of the rule alone."""
    yield from failures_against(rule, case, outcome_of(rule, case, facts))


def failures_against(rule: Rule, case: Case, outcome: Outcome) -> Iterator[tuple[str, str | None]]:
    """Say what of an outcome is not as a case expects, each with a hint."""
    for given in case.given:
        expected = case.expect.get(given.id)
        named = expected is not None or (isinstance(rule, RequireRule) and given.call in case.expect)
        for judgement in dict.fromkeys(outcome.connections[given.id]):
            if not named and judgement.verdict is Verdict.VIOLATION:
                text = f"`{given.id}` is a violation that `expect` does not name"
                yield text, f"if it is right: `expect: {{{given.id}: violation}}`"
            elif expected not in (None, judgement.verdict):
                yield f"`{given.id}` is {judgement.verdict}, and not {expected} as expected", _why(judgement)
    for call, verdict in outcome.calls.items():
        expected = case.expect.get(call)
        if expected not in (None, verdict):
            yield f"call `{call}` is {verdict}, and not {expected} as expected", None


def _why(judgement: Judgement) -> str | None:
    if judgement.doubts:
        return f"left open: {', '.join(judgement.doubts)}"
    if judgement.limits:
        return "; ".join(
            f"exception {name}: {kind} is {status.name.lower()}" for name, kind, status in judgement.limits
        )
    if judgement.spans_change:
        return "the rule changes while it lasts; with `minutes: 0` its start alone is judged"
    return None
