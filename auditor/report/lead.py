"""The first sentences: how many, at least and at most, of how many."""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import RuleResult, Summary
from auditor.report import catalogue
from auditor.report.numerals import counted, day, listed, percent, whole
from auditor.report.phrase import Phrase, fill
from auditor.report.populations import Facts, First, Population, populations_of, populations_under

TOO_LITTLE = 4
"""The exit condition under which the cover says what is in no count."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The case, its first sentence, and the sentences after it."""

    case: str
    first: Phrase
    then: tuple[Phrase, ...]


def lead_of(summary: Summary, manifest: Manifest, facts: Facts) -> Lead:
    """Write the lead. Design: REPORT.md, section 3."""
    populations = populations_of(summary, facts)
    case = _case(populations)
    too_little = [_too_little(summary)] if _held(summary, TOO_LITTLE) else []
    if case == "nothing_audited":
        unit = "call" if summary.calls.in_logs else "connection"
        return Lead(case, fill(catalogue.LEAD[case], unit=unit), tuple(too_little))
    bounds = [_proved_and_open(populations)] if case == "many_with_doubt" else []
    never = _never_sentences(summary, manifest, facts)
    first = (
        _one(populations, facts.first)
        if case == "one" and facts.first
        else _several("many" if case == "one" else case, populations)
    )
    return Lead(case, first, (*bounds, *never, *too_little))


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
        audited=_audited(populations),
        finding=first.finding_id,
        day=day(first.started_at),
        place=first.place,
    )


def _several(case: str, populations: Sequence[Population]) -> Phrase:
    affected = listed([_affected(each) for each in populations])
    return fill(
        catalogue.LEAD[case],
        affected=f"{affected[0].upper()}{affected[1:]}",
        audited=_audited(populations),
        all=f"Every {' and every '.join(each.one for each in populations)}",
        unit=" or ".join(each.one for each in populations),
        open=listed(
            [f"{whole(each.undetermined)} of the {each.whole}" for each in populations if each.undetermined]
        ),
        undetermined=whole(sum(each.undetermined for each in populations)),
        share=_share(populations),
    )


def _affected(each: Population) -> str:
    if not each.possible:
        return f"none of the {each.whole}"
    if each.proved == each.possible:
        return f"{whole(each.proved)} of the {each.whole}"
    at_least = "one" if each.proved == 1 else whole(each.proved)
    return f"at least {at_least} and at most {whole(each.possible)} of the {each.whole}"


def _audited(populations: Sequence[Population]) -> str:
    return listed([each.whole for each in populations])


def _share(populations: Sequence[Population]) -> str:
    first, *others = populations
    if not first.possible:
        return ""
    low, high = percent(first.proved, first.audited), percent(first.possible, first.audited)
    of_which = f" of the {first.nouns}" if others else ""
    return f" ({low}{of_which})" if low == high else f" ({low} to {high}{of_which})"


def _proved_and_open(populations: Sequence[Population]) -> Phrase:
    proved = sum(each.proved for each in populations)
    undetermined = sum(each.undetermined for each in populations)
    verb = "One is" if proved == 1 else f"{whole(proved)} are"
    return fill(catalogue.PROVED_AND_OPEN, proved=verb, undetermined=whole(undetermined))


def _never_sentences(summary: Summary, manifest: Manifest, facts: Facts) -> list[Phrase]:
    titles = {rule.rule_id: rule.never_title or rule.title for rule in manifest.rules}
    return [
        _never_sentence(rule, titles[rule.rule_id], summary, facts)
        for rule in summary.rules
        if rule.effect == "never"
    ]


def _never_sentence(rule: RuleResult, title: str, summary: Summary, facts: Facts) -> Phrase:
    concerned = [each for each in populations_under(rule, summary, facts) if each.possible]
    keys = facts.proved_for_keys.get(rule.rule_id, 0)
    certain = len(concerned) == 1 and not concerned[0].undetermined
    of_keys = catalogue.KEYS_CERTAIN if certain else catalogue.KEYS_WITH_DOUBT
    return fill(
        catalogue.NEVER[_never_case(rule, concerned)],
        title=title,
        rule=rule.rule_id,
        affected=listed([_bounds(each) for each in concerned]),
        open=listed([each.counted(each.undetermined) for each in concerned]),
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
        return each.counted(each.proved)
    return f"at least {whole(each.proved)} and at most {each.counted(each.possible)}"


def _too_little(summary: Summary) -> Phrase:
    totals = summary.totals
    return fill(
        catalogue.TOO_LITTLE,
        rejects=counted(totals.rejects, "record"),
        share=percent(totals.rejects, totals.records),
        uncovered=counted(summary.uncovered, "connection"),
    )


def _held(summary: Summary, code: int) -> bool:
    return any(condition.code == code for condition in summary.conditions)
