"""Relay lists, judged before any call uses them: which entries would break which rule, and when.

Each entry is judged as a use of it that begins and ends at once: at its beginning, and wherever a rule, a
group or the evidence changes while it holds, as far as the clock. Design: FORMATS.md, section 8.
"""

import difflib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from auditor.engine.conditions import ExitCode
from auditor.engine.entry_places import Alike, Asked, Outcome, Places
from auditor.engine.entry_rules import ROLES, EntryRule, Said, Use, rules_for_entries
from auditor.engine.ground import lay_ground
from auditor.engine.judging import binds
from auditor.engine.request import Request
from auditor.errors import Fault, InputError, NothingToAuditError
from auditor.geo.periods import TICK
from auditor.geo.relay_lists import ListEntry
from auditor.model import Role, Verdict
from auditor.ruleset.facts import Facts
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import Rule

_TOLD = (Verdict.VIOLATION, Verdict.INDETERMINATE, Verdict.EXCUSED)


_ALIKE = 0.75
"""So alike, from 0 to 1, are a word and what it is most likely meant to be. No two codes of countries are."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What a rule says of some relays of an entry, in some roles, from one instant until another.

    `until_at` is None where it still holds at the clock, or the entry begins only after it.
    """

    rule: Rule
    verdict: Verdict
    exceptions: tuple[str, ...]
    from_at: datetime
    until_at: datetime | None
    roles: tuple[Role, ...]
    relays: tuple[str, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry, the worst that each rule says of it, and each concern."""

    entry: ListEntry
    verdicts: tuple[tuple[Rule, Verdict], ...]
    """Of the rules that bind: what a watch says is only noted."""
    concerns: tuple[Concern, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst that any rule says."""
        said = (verdict for _, verdict in self.verdicts)
        return min(said, key=lambda verdict: verdict.rank, default=Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class ListCheck:
    """All entries, in the order of the lists, as they stand at a clock.

    `ended` counts the entries that ended before the time that was asked about.
    """

    as_of: datetime
    checked: tuple[Checked, ...]
    ended: int
    regions_of_no_rule: tuple[str, ...] = ()
    """Home regions of entries that no rule names: only rules for all regions are for their clients."""

    def count(self, *verdicts: Verdict) -> int:
        """Count the entries of which one of these verdicts is the worst."""
        return sum(one.verdict in verdicts for one in self.checked)

    @property
    def exit_code(self) -> ExitCode:
        """Choose the exit code: silence of all rules is no good word."""
        if self.count(Verdict.VIOLATION):
            return ExitCode.VIOLATION
        if self.count(Verdict.NOT_APPLICABLE) == len(self.checked):
            return ExitCode.TOO_LITTLE_JUDGED
        return ExitCode.INDETERMINATE if self.count(Verdict.INDETERMINATE) else ExitCode.COMPLIANT


def check_lists(
    request: Request, environ: Mapping[str, str], *, as_of: datetime, since: datetime | None = None
) -> ListCheck:
    """Judge every entry of the relay lists of a request, which names no logs.

    Nothing before `since` is judged. Raises AuditorError for what a user can mend.
    """
    ground = lay_ground(request, environ, as_of=as_of)
    if ground.relay_lists is None:
        hint = "name the files that clients are handed, or `relay_lists` in auditor.toml"
        raise NothingToAuditError(Fault("", "no relay lists", hint))
    _require_known_regions(ground.relay_lists.entries, ground.ruleset)
    places = Places(ground.atlas)
    entries = ground.relay_lists.entries
    check = check_entries(entries, ground.ruleset, places, as_of=as_of, since=since)
    places.atlas.verify_unchanged()
    regions = {entry.home_region for entry in entries} - Facts.of(ground.ruleset).home_regions
    return replace(check, regions_of_no_rule=tuple(sorted(regions)))


def _require_known_regions(entries: Sequence[ListEntry], ruleset: RuleSet) -> None:
    """Raise InputError for home regions that are most likely misspelt: no rule would be for their clients."""
    known = Facts.of(ruleset).home_regions
    faults = [
        Fault(
            entry.place,
            f"home_region: no rule names `{entry.home_region}`",
            f"a rule names `{meant}`: regions are compared exactly",
        )
        for entry in entries
        if entry.home_region not in known and (meant := _meant(entry.home_region, known))
    ]
    if faults:
        raise InputError.of(faults)


def _meant(region: str, known: Iterable[str]) -> str | None:
    folded = {" ".join(name.casefold().split()): name for name in sorted(known)}
    found = difflib.get_close_matches(" ".join(region.casefold().split()), folded, n=1, cutoff=_ALIKE)
    return folded[found[0]] if found else None


def check_entries(
    entries: Sequence[ListEntry],
    ruleset: RuleSet,
    places: Places,
    *,
    as_of: datetime,
    since: datetime | None = None,
) -> ListCheck:
    """Judge entries under all rules but those about whole calls."""
    spans = [_Span.of(entry, as_of, since) for entry in entries]
    judged = [(entry, span) for entry, span in zip(entries, spans, strict=True) if span is not None]
    begins = [begin for begin, _ in places.atlas.periods[1:] if begin is not None]
    asked = [
        Asked(entry, _located_roles(entry, places), tuple(span.pieces_of(begins))) for entry, span in judged
    ]
    rules = rules_for_entries(ruleset)
    checked = tuple(
        _checked(one, span, located, rules, begins)
        for one, (_, span), located in zip(asked, judged, places.of(asked), strict=True)
    )
    return ListCheck(as_of, checked, len(entries) - len(judged))


@dataclass(frozen=True, slots=True)
class _Span:
    """The time in which an entry is judged, from its first instant to its last.

    `ends_at` is None where the entry holds longer than it is judged.
    """

    from_at: datetime
    last_at: datetime
    ends_at: datetime | None

    @classmethod
    def of(cls, entry: ListEntry, as_of: datetime, since: datetime | None) -> "_Span | None":
        """Take the time of an entry as far as the clock; one that begins later is judged at its beginning.

        None where it ended before it is asked about.
        """
        from_at = max(entry.from_at, since) if since is not None else entry.from_at
        if entry.until_at is not None and entry.until_at <= from_at:
            return None
        last_at = max(as_of, from_at)
        if entry.until_at is not None and entry.until_at - TICK <= last_at:
            return cls(from_at, entry.until_at - TICK, entry.until_at)
        return cls(from_at, last_at, None)

    def pieces_of(self, begins: Sequence[datetime]) -> range:
        """Give the numbers of the stretches that meet the span, of those that begin so: 0 is before all."""
        return range(bisect_right(begins, self.from_at), bisect_right(begins, self.last_at) + 1)

    def instants(self, *changes: Sequence[datetime]) -> list[datetime]:
        """List its beginning, and all changes within it."""
        within = {at for each in changes for at in each if self.from_at < at <= self.last_at}
        return [self.from_at, *sorted(within)]


@dataclass(frozen=True, slots=True)
class _Saying:
    """What a rule says of some relays in some roles at some instant, by the key of where they are."""

    said: Said
    key: str
    roles: tuple[Role, ...]


def _located_roles(entry: ListEntry, places: Places) -> tuple[Role, ...]:
    """Give the roles in which an entry's relays are looked for: one, where the evidence knows no roles."""
    roles = _roles_of(entry)
    return roles if places.tells_roles_apart else roles[:1]


def _roles_of(entry: ListEntry) -> tuple[Role, ...]:
    return ROLES if entry.role is None else (entry.role,)


def _checked(
    asked: Asked,
    span: _Span,
    located: Sequence[Alike],
    rules: Sequence[EntryRule],
    begins: Sequence[datetime],
) -> Checked:
    verdicts: list[tuple[Rule, Verdict]] = []
    concerns: list[Concern] = []
    for rule in rules:
        timelines = [(alike, list(_timeline(asked, span, alike, rule, begins))) for alike in located]
        said = {
            saying.said.verdict
            for _, timeline in timelines
            for _, sayings, _ in timeline
            for saying in sayings
        }
        if binds(rule.rule):
            verdicts.append((rule.rule, min(said, key=lambda verdict: verdict.rank)))
        concerns += _concerns(rule.rule, span, timelines)
    return Checked(asked.entry, tuple(verdicts), tuple(concerns))


_Moment = tuple[datetime, tuple[_Saying, ...], Mapping[str, Outcome]]
"""From an instant on: what is said, and the evidence behind each key."""


def _timeline(
    asked: Asked, span: _Span, alike: Alike, rule: EntryRule, begins: Sequence[datetime]
) -> Iterator[_Moment]:
    """Say what a rule says of relays that are alike, at each instant at which that may change."""
    entry = asked.entry
    for at in span.instants(rule.changes, begins):
        period = bisect_right(begins, at)
        roles: dict[tuple[Said, str], list[Role]] = {}
        outcomes: dict[str, Outcome] = {}
        for role in _roles_of(entry):
            outcome = alike.outcomes[role if role in asked.roles else asked.roles[0], period]
            use = Use(entry.home_region, entry.tier, entry.participants, role)
            outcomes.setdefault(outcome.key, outcome)
            roles.setdefault((rule.says(use, outcome.key, at), outcome.key), []).append(role)
        yield at, tuple(_Saying(*said, tuple(of)) for said, of in roles.items()), outcomes


def _concerns(rule: Rule, span: _Span, timelines: Sequence[tuple[Alike, Sequence[_Moment]]]) -> list[Concern]:
    """Tell each saying that wants telling once, with its time and all relays of which it holds then."""
    found: dict[tuple[object, ...], Concern] = {}
    for alike, timeline in timelines:
        for saying, from_at, until_at, outcome in _runs(span, timeline):
            key = (saying, from_at, until_at, outcome)
            known = found.get(key)
            found[key] = Concern(
                rule=rule,
                verdict=saying.said.verdict,
                exceptions=saying.said.exceptions,
                from_at=from_at,
                until_at=until_at,
                roles=saying.roles,
                relays=(*known.relays, *alike.relays) if known else alike.relays,
                outcome=outcome,
            )
    return sorted(found.values(), key=lambda one: (one.verdict.rank, one.from_at, one.outcome.key))


def _runs(
    span: _Span, timeline: Sequence[_Moment]
) -> Iterator[tuple[_Saying, datetime, datetime | None, Outcome]]:
    """Join the instants at which the same is said one after the other; the evidence is that of the first."""
    ends = [*(at for at, _, _ in timeline[1:]), span.ends_at]
    told = {saying: None for _, sayings, _ in timeline for saying in sayings if saying.said.verdict in _TOLD}
    for saying in told:
        for holds, run in groupby(
            zip(timeline, ends, strict=True),
            key=lambda moment: saying in moment[0][1],
        ):
            moments = list(run)
            if holds:
                (from_at, _, outcomes), _ = moments[0]
                yield saying, from_at, moments[-1][1], outcomes[saying.key]
