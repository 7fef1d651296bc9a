"""Relay lists that clients were handed: which entry allowed a relay, and since when, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from auditor.report.numerals import day, whole
from auditor.report.phrase import NOTHING, Logged, Phrase, fill, joined

Row = Mapping[str, Any]
Entries = Mapping[str, Row]
"""Entries of relay lists in the shape of `model.LIST_ENTRY`, by `file:line`."""

ON_NO_LIST = "allowed by no entry of a relay list"
_NAMED_IN_CELL = 3
_NAMED_IN_SENTENCE = 10


def entries_in(incidents: Sequence[Row]) -> Entries:
    """Find the entries that incidents in the shape of `model.INCIDENT` name, by their places."""
    return {
        entry["entry"]: entry
        for incident in incidents
        for entry in incident.get("list_entries") or ()
        if entry
    }


def incident_phrases(incident: Row) -> tuple[Phrase, ...]:
    """Say which entries allowed the relays of an incident, and how many of its findings none did.

    Nothing where no lists were given, or where the incident is about no single relay.
    """
    entries, unlisted = incident.get("list_entries"), incident.get("findings_on_no_list")
    single = incident["connections_possible"]
    if (entries is None and unlisted is None) or not single:
        return ()
    shown = [_entry_in_brief(entry) for entry in (entries or ())[:_NAMED_IN_CELL]]
    if more := len(entries or ()) - len(shown):
        shown.append(fill("and {more}", more=f"{whole(more)} more {'entry' if more == 1 else 'entries'}"))
    return (*shown, *_unlisted(unlisted or 0, single))


def finding_phrases(finding: Row) -> tuple[Phrase, ...]:
    """Name the entries that allowed the relay of one finding, in its cell of the register."""
    entries = finding.get("list_entries")
    if entries is None:
        return ()
    if not entries:
        return (fill(ON_NO_LIST[0].upper() + ON_NO_LIST[1:]),)
    shown = [fill("Entry {place}", place=_place(entry)) for entry in entries[:_NAMED_IN_CELL]]
    more = len(entries) - len(shown)
    return (*shown, fill("and {more} more", more=whole(more))) if more else tuple(shown)


def list_sentence(finding: Row, entries: Entries) -> Phrase:
    """Say which entry of a relay list allowed the relay, and since when, or that none did.

    Nothing where no lists were given. `entries` tell of more than the place of an entry, where they have it.
    """
    places = finding.get("list_entries")
    if places is None:
        return NOTHING
    if not places:
        text = (
            "The relay was {on}: none of the lists given to the audit had it then for this region, in this "
            "role and tier."
        )
        return fill(text, on=ON_NO_LIST)
    shown = [_entry(place, entries.get(place)) for place in places[:_NAMED_IN_SENTENCE]]
    if more := len(places) - len(shown):
        shown.append(fill("{more} more", more=whole(more)))
    *first, last = shown
    which = fill("{first} and {last}", first=joined(first, ", "), last=last) if first else last
    text = "The relay was handed to clients of this region: relay list {noun} {which}."
    return fill(text, noun="entry" if len(places) == 1 else "entries", which=which)


def _unlisted(unlisted: int, single: int) -> tuple[Phrase, ...]:
    if not unlisted:
        return ()
    if unlisted >= single:
        return (fill(ON_NO_LIST),)
    return (fill("{count} of {all} {on}", count=whole(unlisted), all=whole(single), on=ON_NO_LIST),)


def _entry_in_brief(entry: Row) -> Phrase:
    since = fill(", since {day}", day=day(entry["from"], short=True)) if entry.get("from") else NOTHING
    until = fill(" until {day}", day=day(entry["until"], short=True)) if entry.get("until") else NOTHING
    return fill("entry {place}{since}{until}", place=_place(entry["entry"]), since=since, until=until)


def _entry(place: str, entry: Row | None) -> Phrase:
    if entry is None or not entry.get("from"):
        return _place(place)
    until = fill(" until {day}", day=day(entry["until"])) if entry.get("until") else NOTHING
    named = fill(" (“{relay}”)", relay=Logged(entry["relay"])) if entry.get("relay") else NOTHING
    text = "{place}{named}, since {day}{until}"
    return fill(text, place=_place(place), named=named, day=day(entry["from"]), until=until)


def _place(place: str) -> Phrase:
    """Write `file:line` as a sentence does."""
    file, colon, line = place.rpartition(":")
    if not colon or not line.isdecimal():
        return fill("{place}", place=Logged(place))
    return fill("{file}, line {line}", file=Logged(file), line=Logged(line))
