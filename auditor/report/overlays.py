"""What is laid over the counts of the lead, and changes none of them: waivers, drafts, roles not observed."""

from collections.abc import Iterator, Sequence

from auditor.evidence.summary import RuleResult, Summary
from auditor.report import catalogue
from auditor.report.facts import drafts_in
from auditor.report.numerals import counted, listed, whole
from auditor.report.phrase import Phrase, fill
from auditor.report.populations import Facts, Population, UnobservedCalls

_MOST_NAMED = 5


def overlays_of(summary: Summary, populations: Sequence[Population], facts: Facts) -> Iterator[Phrase]:
    """Write the sentences that follow the bounds, where there is anything to say."""
    if facts.unobserved_calls.alone:
        yield _unobserved_alone(populations[0], facts.unobserved_calls)
    if facts.waived_findings:
        yield _waived(populations, facts)
    if drafts := drafts_in(summary):
        yield _drafts(drafts, populations, facts)
    if facts.unobserved.logs:
        logs = counted(facts.unobserved.logs, "log")
        yield fill(catalogue.UNOBSERVED, logs=logs, roles=_roles(facts.unobserved.roles))


def named(rule: RuleResult) -> str:
    """Name a rule, and say so if it is a draft."""
    return f"{rule.rule_id} (draft)" if rule.status == "draft" else rule.rule_id


def _unobserved_alone(calls: Population, unobserved: UnobservedCalls) -> Phrase:
    part = _part(unobserved.alone, calls.undetermined)
    return fill(
        catalogue.UNOBSERVED_CALLS,
        part=f"{part[0].upper()}{part[1:]} {calls.noun if calls.undetermined == 1 else calls.nouns}",
        are=_are(unobserved.alone),
        them="it" if unobserved.alone == 1 else "them",
        roles=_roles(unobserved.roles),
    )


def _roles(roles: Sequence[str]) -> str:
    return listed([f"the role {catalogue.ROLES.get(role, role)}" for role in roles], "or")


def _waived(populations: Sequence[Population], facts: Facts) -> Phrase:
    parts = [part for each in populations for part in _covered(each, facts, alone=len(populations) == 1)]
    if not parts:
        findings = f"{counted(facts.waived_findings, 'finding')} {_are(facts.waived_findings)}"
        unit = " or ".join(each.one for each in populations)
        return fill(catalogue.WAIVED_IN_PART, findings=findings, unit=unit)
    words = listed([words for words, _ in parts])
    covered = f"{words[0].upper()}{words[1:]} {_are(sum(count for _, count in parts))}"
    return fill(catalogue.WAIVED, covered=covered)


def _covered(each: Population, facts: Facts, *, alone: bool) -> Iterator[tuple[str, int]]:
    """Say how many of those proved, and of those not determined, waivers cover whole."""
    covered = facts.covered(each)
    counts = (
        (covered.proved_waived, each.proved, "proved"),
        (covered.open_waived, each.undetermined, "not determined"),
    )
    for count, of, how in counts:
        if count:
            many = each.nouns if of > 1 else each.noun
            yield f"{_part(count, of)} {'' if alone else f'{many}{each.told_briefly} '}{how}", count


def _part(count: int, of: int) -> str:
    if count < of:
        return f"{whole(count)} of the {whole(of)}"
    return "the one" if of == 1 else f"all {whole(of)}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _drafts(drafts: Sequence[str], populations: Sequence[Population], facts: Facts) -> Phrase:
    shown = list(drafts[:_MOST_NAMED])
    if len(drafts) > len(shown):
        shown.append(f"{len(drafts) - len(shown)} others")
    said = fill(catalogue.DRAFTS["one" if len(drafts) == 1 else "many"], rules=listed(shown))
    alone = list(_by_drafts_alone(populations, facts))
    if not alone:
        return said
    words = listed(alone)
    return fill(catalogue.DRAFTS_ALONE, drafts=said, count=f"{words[0].upper()}{words[1:]}")


def _by_drafts_alone(populations: Sequence[Population], facts: Facts) -> Iterator[str]:
    for each in populations:
        if count := facts.covered(each).proved_draft:
            many = each.noun if each.proved == 1 else each.nouns
            yield f"{_part(count, each.proved)} {many}{each.told_briefly} proved"
