"""Hints: what evidence says beside a country. They judge nothing, and are told in words."""
# ruff: noqa: RUF001  this is prose for print, with the apostrophes of print

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from auditor.countries import COUNTRIES
from auditor.report.answers import source_phrase
from auditor.report.numerals import counted
from auditor.report.phrase import NOTHING, Logged, Phrase, fill
from auditor.report.places import country_name

Row = Mapping[str, Any]

_CONTINENTS = {
    "AF": "Africa",
    "AN": "Antarctica",
    "AS": "Asia",
    "EU": "Europe",
    "NA": "North America",
    "OC": "Oceania",
    "SA": "South America",
}
_ANONYMISERS = {
    "vpn": "a VPN",
    "public_proxy": "a public proxy",
    "residential_proxy": "a residential proxy",
    "tor": "a Tor exit",
}
_DAY = timedelta(days=1)
_DAYS = re.compile(r">?(\d+)d")


def hint_sentences(location: Row, started_at: datetime | None) -> Iterator[Phrase]:
    """Put the hints of a location into sentences; what is too old is told with its source and its age.

    `started_at` is the start of the connection in question.
    """
    for hint in location.get("hints") or ():
        kind, _, rest = hint.partition(":")
        if kind == "stale":
            yield _stale(rest, location, started_at)
            continue
        of_kind = _KINDS.get(kind)
        in_words = (of_kind(rest) if of_kind else None) or _as_it_is(hint)
        yield fill("A hint that judges nothing: {words}.", words=in_words)


def _stale(rest: str, location: Row, started_at: datetime | None) -> Phrase:
    """Find the answer that is too far in time: of those with this country, the nearest beyond the limit."""
    code, _, age = rest.partition(":")
    limit, place = _DAYS.fullmatch(age), _place(code)
    if limit is None:
        return fill("A hint that judges nothing: {hint}.", hint=_as_it_is(f"stale:{rest}"))
    beyond = [
        (days, answer)
        for answer in location.get("answers") or ()
        if answer.get("country") == code and not answer.get("counted")
        for days in _days_from(started_at, answer)
        if days >= int(limit[1])
    ]
    if not beyond:
        text = "A hint that judges nothing, as it is too far in time: an answer beyond {limit} says {place}."
        return fill(text, limit=counted(int(limit[1]), "day"), place=place)
    days, answer = min(beyond, key=lambda pair: pair[0])
    return fill(
        "A hint that judges nothing, as it is too far in time: {source}, {age} from the call, says {place}.",
        source=source_phrase(answer),
        age=counted(days, "day"),
        place=place,
    )


def _days_from(started_at: datetime | None, answer: Row) -> Iterator[int]:
    """Count the days between a call and the time of which an answer speaks, as far as both are known."""
    spoken_at = answer.get("observed_at") or answer.get("date")
    if started_at and spoken_at:
        yield abs(started_at - spoken_at) // _DAY


def _as_it_is(hint: str) -> Phrase:
    return fill("{hint}", hint=Logged(hint))


def _place(code: str) -> Phrase:
    if code not in COUNTRIES:
        return fill("{code}", code=Logged(code))
    return fill("{name} ({code})", name=country_name(code), code=code)


def _registered(code: str) -> Phrase:
    text = "the address block is registered in {place}, which tells who holds it, not where it is used"
    return fill(text, place=_place(code))


def _represents(rest: str) -> Phrase:
    code, _, kind = rest.partition(":")
    kind_words = fill(" ({kind})", kind=Logged(kind)) if kind else NOTHING
    text = "the address serves what represents {place}{kind} abroad, as a base or an embassy does"
    return fill(text, place=_place(code), kind=kind_words)


def _continent(code: str) -> Phrase:
    named = _CONTINENTS.get(code)
    place = f"{named} ({code})" if named else Logged(code)
    return fill("a source names the continent {place} and no country", place=place)


def _confidence(rest: str) -> Phrase:
    code, _, confidence = rest.partition(":")
    how = (
        fill("without a confidence")
        if confidence == "unknown"
        else fill("with a confidence of only {it} of 100", it=Logged(confidence))
    )
    return fill("a database says {place} {how}, below what the audit asks for", place=_place(code), how=how)


def _router(address: str) -> Phrase:
    text = (
        "the address is of a 6to4 tunnel, whose router is {address}: the relay’s own place is another matter"
    )
    return fill(text, address=Logged(address))


def _network(named: str) -> Phrase:
    return fill("the address belongs to the network {named}", named=Logged(named))


def _anonymous(kind: str) -> Phrase | None:
    if not kind:
        return fill("a database of anonymisers lists the address, and does not say of what kind it is")
    named = _ANONYMISERS.get(kind)
    return (
        fill("a database of anonymisers lists the address as that of {named}", named=named) if named else None
    )


def _hosting(_rest: str) -> Phrase:
    return fill("the address belongs to a hosting provider, as those of relays do")


def _region(named: str) -> Phrase:
    provider, _, region = named.partition(" ")
    text = "{provider} lists the address under its region {region}"
    return fill(text, provider=Logged(provider), region=Logged(region or "without a name"))


def _flag(rest: str) -> Phrase:
    flag, _, value = rest.partition(":")
    text = "a flag {flag} of a database reads “{value}”, which is neither yes nor no, and was taken as set"
    return fill(text, flag=Logged(flag), value=Logged(value))


def _stale_anonymity(_rest: str) -> Phrase:
    return fill(
        "a database of anonymisers lists the address, but is too far in time: whether somebody hid behind it "
        "then is not known"
    )


_KINDS: Mapping[str, Callable[[str], Phrase | None]] = {
    "registered": _registered,
    "represents": _represents,
    "continent": _continent,
    "confidence": _confidence,
    "router": _router,
    "network": _network,
    "anonymous": _anonymous,
    "hosting": _hosting,
    "region": _region,
    "flag": _flag,
    "stale_anonymity": _stale_anonymity,
}
