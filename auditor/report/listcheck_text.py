"""What a check of relay lists found, in words and as a table."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from ipaddress import collapse_addresses, ip_network

from auditor.countries import UNKNOWN_KEY
from auditor.engine.entry_places import EMBEDS, MOST_PLACES, TOO_WIDE, Answered
from auditor.engine.entry_rules import ROLES
from auditor.engine.judging import binds
from auditor.engine.listcheck import Checked, Concern, ListCheck
from auditor.geo.relay_lists import ListEntry
from auditor.model import Role, Verdict
from auditor.report import catalogue
from auditor.report.numerals import counted, listed, whole
from auditor.report.phrase import visible
from auditor.report.places import countries_text, country_name, region_name
from auditor.report.reasons import reason_of
from auditor.ruleset.schema import Rule
from auditor.ruleset.wording.phrases import day_words, instant_words
from auditor.ruleset.wording.words import heading_of
from auditor.tables import write_table

_WIDTH = 100
_NAMED = 4
"""So many networks of one entry are named; more are counted."""

_NOTED = 40
"""So many notes are told: what is no fault is not to hide what is one."""

_WORST = {Verdict.VIOLATION: "would break", Verdict.INDETERMINATE: "may break"}
_UNTOLD = {
    TOO_WIDE: f"it is too wide to be told: the evidence tells more than {whole(MOST_PLACES)} places apart; "
    "name smaller prefixes, or a later --since",
    EMBEDS: "its addresses embed others, each with a place of its own; name the IPv4 prefix",
}
_COLUMNS = (
    *("entry", "home_region", "tier", "role", "relay", "participants", "entry_from", "entry_until"),
    *("rule", "rule_version", "effect", "verdict", "from", "until", "roles", "relays"),
    *("countries", "reasons", "sources", "exceptions"),
)


def listcheck_text(check: ListCheck) -> str:
    """Tell of each entry that breaks a rule or may, then what is only noted, the rules, and the counts."""
    concerned = [one for one in check.checked if one.verdict in _WORST]
    blocks = ["\n".join(_entry(one, check.as_of)) for one in concerned]
    regions = [
        f"  no rule names the home region {visible(region)}: only rules for all regions were asked"
        for region in check.regions_of_no_rule
    ]
    notes = regions + [note for one in check.checked for note in _notes(one, check.as_of)]
    if len(notes) > _NOTED:
        notes[_NOTED:] = [f"  and {counted(len(notes) - _NOTED, 'more note')}: --csv has all"]
    blocks += ["\n".join(["Noted, and no fault:", *notes])] if notes else []
    blocks += ["\n".join(["In the rules' own words:", *_rules(concerned)])] if concerned else []
    return "\n\n".join([*blocks, _counts(check)])


def listcheck_table(check: ListCheck) -> str:
    """Write CSV: a row for each concern, and one for each entry and rule without any."""
    return write_table(_COLUMNS, (row for one in check.checked for row in _rows(one)))


def _entry(checked: Checked, as_of: datetime) -> Iterator[str]:
    entry, faults = checked.entry, _faults(checked)
    rules = {one.rule.id for one in faults if one.verdict is checked.verdict}
    yield f"{visible(entry.place)}: {_WORST[checked.verdict]} {counted(len(rules), 'rule')}"
    yield f"  {_described(entry)}"
    by_place: dict[str, list[Concern]] = {}
    for concern in faults:
        by_place.setdefault(_placed(concern), []).append(concern)
    for words, concerns in by_place.items():
        yield f"  {words}"
        for one in concerns:
            roles = f", {_roles(one.roles)}" if entry.role is None else ""
            told = f"{_WORST[one.verdict]} {heading_of(one.rule)} {_time(one, as_of)}{roles}"
            yield f"    {told}: {one.rule.title}"
    if entry.participants is None and all(one.rule.scope.participant for one in faults):
        yield "  hint: `participants` is empty, so the entry counts as handed to everybody"


def _faults(checked: Checked) -> list[Concern]:
    """Take what is worse than excused, by rules that bind: the worst first."""
    told = [one for one in checked.concerns if binds(one.rule) and one.verdict in _WORST]
    return sorted(told, key=lambda one: (one.verdict.rank, one.rule.severity.rank, one.rule.id, one.from_at))


def _notes(checked: Checked, as_of: datetime) -> Iterator[str]:
    """Tell that no rule is about an entry, what watches count, and what an exception excuses."""
    told: dict[str, None] = {}
    if checked.verdict is Verdict.NOT_APPLICABLE:
        told[f"no rule is about {_relays([checked.entry.relay])} for clients of {_region(checked.entry)}"] = (
            None
        )
    for one in checked.concerns:
        relays, time = _relays(one.relays), _time(one, as_of)
        if not binds(one.rule):
            sure = "is" if one.verdict is Verdict.VIOLATION else "may be"
            told[f"{relays} {sure} counted by {heading_of(one.rule)} {time}"] = None
        elif one.verdict is Verdict.EXCUSED:
            exceptions = f"exception {listed(list(one.exceptions), 'or')} of {heading_of(one.rule)}"
            told[f"{relays} leans on {exceptions} {time}"] = None
    yield from (f"  {visible(checked.entry.place)}: {words}" for words in told)


def _rules(concerned: Iterable[Checked]) -> Iterator[str]:
    rules: dict[str, Rule] = {}
    for one in concerned:
        rules |= {concern.rule.id: concern.rule for concern in _faults(one)}
    for rule_id in sorted(rules):
        rule = rules[rule_id]
        yield f"  {heading_of(rule)} ({rule.severity}): {rule.title}"
        yield from textwrap.wrap(rule.statement, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _counts(check: ListCheck) -> str:
    """Count all entries: those that fall under no rule apart, since nothing was judged of them."""
    if not check.checked:
        return "No entry holds at that time: nothing was judged."
    entries = counted(len(check.checked), "entry", "entries")
    if check.exit_code == check.exit_code.TOO_LITTLE_JUDGED:
        return f"None of {entries} falls under any rule: nothing was judged."
    uncovered, ended = check.count(Verdict.NOT_APPLICABLE), check.ended
    parts = [
        f"{whole(check.count(Verdict.VIOLATION))} of {entries} would break a rule",
        f"{whole(check.count(Verdict.INDETERMINATE))} could not be determined",
        f"{whole(check.count(Verdict.EXCUSED, Verdict.COMPLIANT))} would not",
        *([f"{whole(uncovered)} under no rule"] if uncovered else []),
        *([f"{whole(ended)} more had ended before"] if ended else []),
    ]
    return "; ".join(parts)


def _described(entry: ListEntry) -> str:
    """Say what an entry hands to whom, and when."""
    relays = [visible(word) for word in (entry.prefix, entry.name) if word]
    relays += [f"site “{visible(entry.site)}”"] if entry.site else []
    whom = f"handed to clients of {_region(entry)}"
    if entry.participants is not None:
        whom += f" in {countries_text(sorted(entry.participants), with_codes=True)}"
    how = [f"as {entry.tier}" if entry.tier else "in any tier"]
    how.append(f"for {catalogue.ROLES[entry.role]}" if entry.role else "in any role")
    until = f" until {instant_words(entry.until_at)}" if entry.until_at else ""
    return f"{', '.join(relays)}: {whom}, {', '.join(how)}, from {instant_words(entry.from_at)}{until}"


def _region(entry: ListEntry) -> str:
    return f"home region {region_name(entry.home_region)}"


def _time(concern: Concern, as_of: datetime) -> str:
    begin = instant_words(concern.from_at)
    if concern.until_at is not None:
        return f"from {begin} until {instant_words(concern.until_at)}"
    return f"since {begin}" if concern.from_at <= as_of else f"from {begin} on"


def _roles(roles: Sequence[Role]) -> str:
    if len(roles) == len(ROLES):
        return "in any role"
    return f"for {listed([catalogue.ROLES[role] for role in roles])}"


def _placed(concern: Concern) -> str:
    """Say where the relays are, and who says so."""
    outcome, relays = concern.outcome, _relays(concern.relays)
    untold = [_UNTOLD[reason] for reason in outcome.reasons if reason in _UNTOLD]
    if untold:
        return f"the place of {relays} is not known: {untold[0]}"
    heard = [answer for answer in outcome.answers if answer.counted]
    if outcome.key == UNKNOWN_KEY or not heard:
        why = [f"{_source(one)}: {visible(one.why_not or '')}" for one in outcome.answers if _is_silent(one)]
        brief = [_lower(reason_of(reason).brief) for reason in outcome.reasons]
        return f"the place of {relays} is not known: {'; '.join([listed(brief), *why])}"
    codes = outcome.key.split()
    places = countries_text(codes, with_codes=True)
    if len(codes) == 1:
        verb = "is" if len(_joined(concern.relays)) == 1 else "are"
        return f"{relays} {verb} placed in {places} by {listed([_source(one) for one in heard])}"
    said = [f"{_source(one)} says {_countries(one)}" for one in heard]
    return f"for {relays} the evidence leaves open {places}: {'; '.join(said)}"


def _is_silent(answer: Answered) -> bool:
    """Tell whether a source was asked in vain; that the inventory has no line for it goes without saying."""
    return answer.why_not is not None and answer.source != "inventory"


def _source(answer: Answered) -> str:
    """Name a source; a line of the inventory is named by its place, all else by its date."""
    dated = answer.date is not None and not answer.source.startswith("inventory ")
    return visible(answer.source) + (f" of {day_words(answer.date)}" if dated and answer.date else "")


def _countries(answer: Answered) -> str:
    return listed([country_name(code) for code in (answer.country or "").split()])


def _relays(relays: Sequence[str]) -> str:
    """Name relays; networks beside each other are joined."""
    words = [visible(word) for word in _joined(relays)]
    more = [f"{whole(len(words) - _NAMED)} more"] if len(words) > _NAMED else []
    return listed([*words[:_NAMED], *more])


def _joined(relays: Sequence[str]) -> list[str]:
    try:
        networks = [ip_network(relay) for relay in relays]
    except ValueError:  # sites and host names
        return list(relays)
    return [str(network) for network in collapse_addresses(networks)]  # type: ignore[type-var]  # of one version, as the entry's prefix is


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _rows(checked: Checked) -> Iterator[tuple[str, ...]]:
    entry = checked.entry
    head = (
        entry.place,
        entry.home_region,
        entry.tier or "",
        entry.role or "",
        entry.relay,
        " ".join(sorted(entry.participants or ())),
        _instant(entry.from_at),
        _instant(entry.until_at),
    )
    for concern in checked.concerns:
        rule, outcome = concern.rule, concern.outcome
        yield (
            *head,
            *(rule.id, rule.version, rule.effect, concern.verdict),
            *(_instant(concern.from_at), _instant(concern.until_at)),
            *(" ".join(concern.roles), " ".join(_joined(concern.relays))),
            *(outcome.key, " ".join(outcome.reasons)),
            "; ".join(f"{_source(one)}: {one.country}" for one in outcome.answers if one.counted),
            " ".join(concern.exceptions),
        )
    told = {concern.rule.id for concern in checked.concerns}
    for rule, verdict in checked.verdicts:
        if rule.id not in told:
            yield (*head, rule.id, rule.version, rule.effect, verdict, *[""] * 8)


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""
