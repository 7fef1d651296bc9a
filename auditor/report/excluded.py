"""What `never` rules say of the places that they exclude: the sentences of the lead after the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import RuleResult, Summary
from auditor.model import Severity
from auditor.report import catalogue
from auditor.report.numerals import listed, set_apart, whole
from auditor.report.overlays import named
from auditor.report.phrase import Phrase, fill
from auditor.report.populations import Facts, Population, populations_under


@dataclass(frozen=True, slots=True)
class ExcludedBy:
    """What one of several `never` rules says of the same place."""

    rule: str
    title: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class Excluded:
    """What several `never` rules say of one place: an opening, and a line for each rule."""

    opening: Phrase
    rules: tuple[ExcludedBy, ...]


def excluded_places(summary: Summary, manifest: Manifest, facts: Facts) -> list[Phrase | Excluded]:
    """Say of each place that `never` rules exclude how much was there, the gravest rule first.

    One sentence where one rule excludes a place; where several do, a line for each.
    """
    applied = {rule.rule_id: rule for rule in manifest.rules}
    never = [rule for rule in summary.rules if rule.effect == "never"]
    never.sort(key=lambda rule: (Severity(rule.severity).rank, *_extent(rule)))
    places: dict[str, list[RuleResult]] = {}
    for rule in never:
        title = applied[rule.rule_id].never_title or applied[rule.rule_id].title
        places.setdefault(title, []).append(rule)
    return [
        _never_sentence(rules[0], title, summary, facts)
        if len(rules) == 1
        else _excluded(title, rules, summary, facts)
        for title, rules in places.items()
    ]


def _extent(rule: RuleResult) -> tuple[int, int, str]:
    """Order by how much was affected, the most first."""
    return -rule.measures.connections.proved, -rule.measures.connections.possible, rule.rule_id


def _excluded(title: str, rules: Sequence[RuleResult], summary: Summary, facts: Facts) -> Excluded:
    unit = "call" if summary.calls.in_logs else "connection"
    opening = fill(catalogue.NEVER_GROUP, title=title, count=str(len(rules)), unit=unit)
    words = catalogue.NEVER_OF_GROUP
    lines = [
        ExcludedBy(named(rule), rule.title, _never_sentence(rule, title, summary, facts, words))
        for rule in rules
    ]
    return Excluded(opening, tuple(lines))


def _never_sentence(
    rule: RuleResult,
    title: str,
    summary: Summary,
    facts: Facts,
    words: Mapping[str, str] = catalogue.NEVER,
) -> Phrase:
    concerned = [each for each in populations_under(rule, summary, facts) if each.possible]
    keys = facts.proved_for_keys.get(rule.rule_id, 0)
    certain = len(concerned) == 1 and not concerned[0].undetermined
    of_keys = catalogue.KEYS_CERTAIN if certain else catalogue.KEYS_WITH_DOUBT
    return fill(
        words[_never_case(rule, concerned, facts)],
        title=title,
        rule=named(rule),
        affected=set_apart([_bounds(each) for each in concerned]) if concerned else "",
        open=listed([each.in_brief(each.undetermined) for each in concerned]),
        keys=of_keys.format(keys=whole(keys)) if keys else "",
    )


def _never_case(rule: RuleResult, concerned: Sequence[Population], facts: Facts) -> str:
    if any(each.proved for each in concerned):
        return "affected"
    if concerned:
        return "only_doubt"
    if rule.rule_id in facts.unobserved.rules:
        return "unobserved"
    judged = sum(count for verdict, count in rule.verdicts.items() if verdict != "not_applicable")
    return "none" if judged else "nothing_audited"


def _bounds(each: Population) -> str:
    if each.proved == each.possible:
        return each.in_brief(each.proved)
    return f"at least {whole(each.proved)} and at most {each.in_brief(each.possible)}"
