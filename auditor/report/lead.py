"""The first sentences: how many, at least and at most, of how many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import RuleResult, Summary
from auditor.model import Severity
from auditor.report import catalogue
from auditor.report.numerals import counted, day, listed, percent, whole
from auditor.report.phrase import Phrase, fill, joined
from auditor.report.populations import Facts, First, Population, populations_of, populations_under


@dataclass(frozen=True, slots=True)
class ExcludedBy:
    """What one of several `never` rules says of the same place."""

    rule_id: str
    title: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class Excluded:
    """What several `never` rules say of one place: an opening, and a line for each rule."""

    opening: Phrase
    rules: tuple[ExcludedBy, ...]


@dataclass(frozen=True, slots=True)
class Lead:
    """The case and its sentences, in order: the first, the next, the places excluded, what is not counted."""

    case: str
    first: Phrase
    then: tuple[Phrase, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    uncounted: tuple[Phrase, ...] = ()


def lead_of(summary: Summary, manifest: Manifest, facts: Facts) -> Lead:
    """Write the lead. Design: REPORT.md, section 3."""
    populations = populations_of(summary, facts)
    case = _case(populations)
    uncounted = _uncounted(summary)
    if case == "nothing_audited":
        unit = "call" if summary.calls.in_logs else "connection"
        return Lead(case, fill(catalogue.LEAD[case], unit=unit), uncounted=uncounted)
    bounds = [_proved_and_open(populations)] if case == "many_with_doubt" else []
    places = _excluded_places(summary, manifest, facts)
    first = (
        _one(populations, facts.first)
        if case == "one" and facts.first
        else _several("many" if case == "one" else case, populations, others=_others(summary, populations))
    )
    single = [place for place in places if isinstance(place, Phrase)]
    return Lead(
        case,
        first,
        then=(*bounds, *single),
        excluded=tuple(place for place in places if isinstance(place, Excluded)),
        uncounted=uncounted,
    )


def only_stale_sentence(summary: Summary) -> Phrase | None:
    """Name the ways out where age alone leaves calls undetermined."""
    stale = summary.only_stale
    if not stale.connections:
        return None
    connections = counted(stale.connections, "connection")
    count = f"{counted(stale.calls, 'call')} ({connections})" if stale.calls else connections
    return fill(catalogue.ONLY_STALE, count=count)


def outcome_of(summary: Summary, manifest: Manifest) -> tuple[str, tuple[str, ...]]:
    """Put the exit code into a sentence, and the other conditions that held."""
    own = [condition.text for condition in summary.conditions if condition.code == summary.exit_code]
    outcome = catalogue.OUTCOMES[summary.exit_code].format(
        fail_on=manifest.settings.fail_on,
        max_indeterminate=whole(manifest.settings.max_indeterminate),
        limits="; ".join(own),
    )
    others = tuple(
        catalogue.ALSO_HELD.format(code=condition.code, text=condition.text)
        for condition in summary.conditions
        if condition.code != summary.exit_code
    )
    return outcome, others


def _case(populations: Sequence[Population]) -> str:
    audited = sum(each.audited for each in populations)
    proved = sum(each.proved for each in populations)
    possible = sum(each.possible for each in populations)
    if not audited:
        return "nothing_audited"
    if proved:
        if possible > proved:
            return "many_with_doubt"
        return "one" if proved == 1 else "many"
    if not possible:
        return "none"
    return "all_open" if possible == audited else "none_proved"


def _one(populations: Sequence[Population], first: First) -> Phrase:
    return fill(
        catalogue.LEAD["one"],
        affected=_sentence_start(_all_affected(populations, one="one")),
        finding=first.finding_id,
        day=day(first.started_at),
        place=first.place,
    )


def _several(case: str, populations: Sequence[Population], *, others: str) -> Phrase:
    alone = len(populations) == 1 and populations[0].audited == 1
    none = catalogue.NONE_OF_ONE if alone else catalogue.LEAD["none"]
    return fill(
        none if case == "none" else catalogue.LEAD[case],
        affected=_sentence_start(_all_affected(populations)),
        whole=populations[0].whole,
        whose="its" if sum(each.possible for each in populations) == 1 else "their",
        any_of=listed([_any_of(each) for each in populations]),
        others=others,
        unit=" or ".join(each.one for each in populations),
        open=listed([_some_of(whole(each.undetermined), each) for each in populations if each.undetermined]),
        undetermined=whole(sum(each.undetermined for each in populations)),
        share=_share(populations),
    )


def _others(summary: Summary, populations: Sequence[Population]) -> str:
    """Say that nothing else is in doubt; what is proved under one rule may be in doubt under another."""
    if not summary.undetermined:
        return (
            f" {catalogue.ALL_DETERMINED.format(each=' and every '.join(each.one for each in populations))}"
        )
    others = [each.one for each in populations if each.proved < each.audited]
    if not others:
        return f" {catalogue.ALL_AFFECTED}"
    return f" {catalogue.OTHERS_DETERMINED.format(each=' and every other '.join(others))}"


def _all_affected(populations: Sequence[Population], *, one: str = "1") -> str:
    """Say of each population how many; the single one that is not affected comes last, to be read as such."""
    singles = [each for each in populations if each.audited == 1 and not each.possible]
    if len(populations) > 1 and singles and not any(each.possible for each in populations):
        return f"neither {' nor '.join(_any_of(each) for each in populations)}"
    ordered = [*(each for each in populations if each not in singles), *singles]
    return _set_apart([_affected(each, one) for each in ordered])


def _set_apart(counts: Sequence[str]) -> str:
    """Join what is counted apart, with commas: no bound of the first is read over the second."""
    first, *others = counts
    return "".join([first, *(f", and {each}," for each in others)])


def _sentence_start(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _any_of(each: Population) -> str:
    return f"the {each.whole}" if each.audited == 1 else f"any of the {each.whole}"


def _some_of(number: str, each: Population) -> str:
    return f"the {each.whole}" if each.audited == 1 else f"{number} of the {each.whole}"


def _affected(each: Population, one: str) -> str:
    if not each.possible:
        return f"not the {each.whole}" if each.audited == 1 else f"none of the {each.whole}"
    if each.proved == each.audited > 1:
        return f"all {each.whole}"
    if each.proved == each.possible:
        return _some_of(one if each.proved == 1 else whole(each.proved), each)
    if each.audited == 1:
        return f"possibly the {each.whole}"
    at_least = "one" if each.proved == 1 else whole(each.proved)
    return f"at least {at_least} and at most {whole(each.possible)} of the {each.whole}"


def _share(populations: Sequence[Population]) -> str:
    first, *others = populations
    if not first.possible:
        return ""
    low, high = percent(first.proved, first.audited), percent(first.possible, first.audited)
    of_which = f" of the {first.nouns}" if others else ""
    return f" ({low}{of_which})" if low == high else f" ({low} to {high}{of_which})"


def _proved_and_open(populations: Sequence[Population]) -> Phrase:
    if len(populations) == 1:
        proved, undetermined = whole(populations[0].proved), whole(populations[0].undetermined)
    else:
        proved = listed([each.in_brief(each.proved) for each in populations if each.proved])
        undetermined = listed([each.in_brief(each.undetermined) for each in populations if each.undetermined])
    one = sum(each.proved for each in populations) == 1
    verb = f"{'One' if proved == '1' else proved} {'is' if one else 'are'}"
    return fill(catalogue.PROVED_AND_OPEN, proved=verb, undetermined=undetermined)


def _excluded_places(summary: Summary, manifest: Manifest, facts: Facts) -> list[Phrase | Excluded]:
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
        ExcludedBy(rule.rule_id, rule.title, _never_sentence(rule, title, summary, facts, words))
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
        words[_never_case(rule, concerned)],
        title=title,
        rule=rule.rule_id,
        affected=_set_apart([_bounds(each) for each in concerned]) if concerned else "",
        open=listed([each.in_brief(each.undetermined) for each in concerned]),
        keys=of_keys.format(keys=whole(keys)) if keys else "",
    )


def _never_case(rule: RuleResult, concerned: Sequence[Population]) -> str:
    if any(each.proved for each in concerned):
        return "affected"
    if concerned:
        return "only_doubt"
    judged = sum(count for verdict, count in rule.verdicts.items() if verdict != "not_applicable")
    return "none" if judged else "nothing_audited"


def _bounds(each: Population) -> str:
    if each.proved == each.possible:
        return each.in_brief(each.proved)
    return f"at least {whole(each.proved)} and at most {each.in_brief(each.possible)}"


def _uncounted(summary: Summary) -> tuple[Phrase, ...]:
    totals = summary.totals
    parts = []
    if totals.rejects:
        share = percent(totals.rejects, totals.records)
        parts.append(fill(catalogue.UNREAD, rejects=counted(totals.rejects, "record"), share=share))
    if summary.uncovered:
        parts.append(fill(catalogue.UNCOVERED, uncovered=counted(summary.uncovered, "connection")))
    if not parts:
        return ()
    they = "it is" if totals.rejects + summary.uncovered == 1 else "they are"
    return (fill(catalogue.IN_NO_COUNT, what=joined(parts, " and "), they=they),)
