"""The first sentences: how many, at least and at most, of how many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import Summary
from auditor.report import catalogue
from auditor.report.excluded import Excluded, excluded_places
from auditor.report.numerals import counted, day, listed, percent, set_apart, whole
from auditor.report.overlays import overlays_of
from auditor.report.phrase import Phrase, fill, joined
from auditor.report.populations import Facts, First, Population, populations_of


@dataclass(frozen=True, slots=True)
class Lead:
    """The case and its sentences, in order.

    The first; the next; what waivers and drafts are laid over, and what no count holds; the places excluded;
    what is not counted.
    """

    case: str
    first: Phrase
    then: tuple[Phrase, ...] = ()
    laid_over: tuple[Phrase, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    uncounted: tuple[Phrase, ...] = ()


def lead_of(summary: Summary, manifest: Manifest, facts: Facts) -> Lead:
    """Write the lead. Design: REPORT.md, section 3."""
    populations = populations_of(summary, facts)
    case = _case(populations, facts)
    uncounted = _uncounted(summary)
    laid_over = tuple(overlays_of(summary, populations, facts))
    if case == "nothing_audited":
        unit = "call" if summary.calls.in_logs else "connection"
        return Lead(case, fill(catalogue.LEAD[case], unit=unit), laid_over=laid_over, uncounted=uncounted)
    bounds = [_proved_and_open(populations)] if case == "many_with_doubt" else []
    places = excluded_places(summary, manifest, facts)
    first = (
        _one(populations, facts.first)
        if case == "one" and facts.first
        else _several("many" if case == "one" else case, populations, _rest(summary, populations, facts))
    )
    single = [place for place in places if isinstance(place, Phrase)]
    return Lead(
        case,
        first,
        then=(*bounds, *single),
        laid_over=laid_over,
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


def _case(populations: Sequence[Population], facts: Facts) -> str:
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
        return "none_unobserved" if facts.unobserved.logs else "none"
    return "all_open" if possible == audited else "none_proved"


def _one(populations: Sequence[Population], first: First) -> Phrase:
    return fill(
        catalogue.LEAD["one" if first.place else "one_lacking"],
        affected=_sentence_start(_all_affected(populations, one="one")),
        finding=first.finding_id,
        day=day(first.started_at),
        place=first.place,
    )


def _several(case: str, populations: Sequence[Population], rest: Mapping[str, str]) -> Phrase:
    alone = len(populations) == 1 and populations[0].audited == 1
    none = catalogue.NONE_OF_ONE if alone else catalogue.LEAD["none"]
    return fill(
        none if case == "none" else catalogue.LEAD[case],
        affected=_sentence_start(_all_affected(populations)),
        whole=populations[0].whole,
        whose="its" if sum(each.possible for each in populations) == 1 else "their",
        any_of=listed([_any_of(each) for each in populations]),
        unit=" or ".join(each.one for each in populations),
        open=listed([_some_of(whole(each.undetermined), each) for each in populations if each.undetermined]),
        undetermined=whole(sum(each.undetermined for each in populations)),
        share=_share(populations),
        **rest,
    )


def _rest(summary: Summary, populations: Sequence[Population], facts: Facts) -> dict[str, str]:
    """Say what else a violation may be than a relay outside, and whether anything else is in doubt."""
    requires = any(rule.effect == "require" for rule in summary.rules)
    lacking = {name: words if requires else "" for name, words in catalogue.LACKING.items()}
    return {**lacking, "others": "" if facts.unobserved.logs else _others(summary, populations)}


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
    return set_apart([_affected(each, one) for each in ordered])


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
