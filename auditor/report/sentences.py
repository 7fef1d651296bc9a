"""What a log and the evidence say of one connection, in sentences."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from auditor.report import catalogue
from auditor.report.numerals import counted, instant, listed, whole
from auditor.report.phrase import Logged, Phrase, capital, fill, joined
from auditor.report.places import countries_text, region_name

Row = Mapping[str, Any]
"""A row in the shape of `model.FINDING` or `model.LOCATION`."""

_TIERS = {"fallback": "The relay was a fallback", "primary": "The relay was a primary one"}
_TWO_MINUTES = 120


def place_sentence(finding: Row) -> Phrase:
    """Say where the relay stood, as far as the evidence tells."""
    codes = finding.get("relay_countries")
    relay = relay_phrase(finding)
    if codes is None:
        return fill("Where {relay} stood is not known: the evidence leaves every country open.", relay=relay)
    places = countries_text(codes, with_codes=True)
    if len(codes) == 1:
        return fill("{relay} is placed in {places}.", relay=capital(relay), places=places)
    return fill("For {relay} the evidence leaves open {places}.", relay=relay, places=places)


def account_sentences(finding: Row) -> Iterator[Phrase]:
    """Say where the participant was, and which region the account was promised."""
    yield _participant(finding)
    yield home_sentence(finding)


def course_sentences(finding: Row) -> Iterator[Phrase]:
    """Say how long the connection lasted, and whether the relay was used."""
    yield _stretch(finding)
    if finding.get("use_proved") is False:
        yield fill("The log does not prove that the relay was used.")


def home_sentence(finding: Row) -> Phrase:
    """Name the home region of the account."""
    return fill("The home region of the account is {region}.", region=region_name(finding.get("home_region")))


def relay_phrase(finding: Row) -> Phrase:
    """Name the relay by what it did and what the log calls it."""
    server = catalogue.SERVERS.get(finding.get("role") or "unknown", catalogue.SERVERS["unknown"])
    address, name, site = (finding.get(column) for column in ("relay_ip", "relay_name", "relay_site"))
    called = [Logged(text) for text in (address, name) if text]
    extra = [fill("site “{site}”", site=Logged(site))] if site else []
    if not called:
        return (
            fill("the {server} at {site}", server=server, site=extra[0])
            if extra
            else fill("the {server}", server=server)
        )
    rest = joined([fill("{name}", name=text) for text in called[1:]] + extra, ", ")
    sentence = fill("the {server} {relay}", server=server, relay=called[0])
    return fill("{sentence} ({rest})", sentence=sentence, rest=rest) if rest else sentence


def _participant(finding: Row) -> Phrase:
    codes = finding.get("participant_countries")
    if codes is None:
        return fill("Where the participant was is not established, or no rule of the audit asks.")
    declared, address = finding.get("participant_country_declared"), finding.get("client_ip")
    sources = ["the country that the log or the account declares"] if declared else []
    sources += ["the client address"] if address else []
    by = f" (by {listed(sources)})" if sources else ""
    places = countries_text(codes, with_codes=True)
    if len(codes) == 1:
        return fill("The participant is placed in {places}{by}.", places=places, by=by)
    return fill("For the participant the evidence leaves open {places}{by}.", places=places, by=by)


def choice_sentence(finding: Row) -> Phrase:
    """Say how the relay was chosen."""
    tier, attempt, failed = (finding.get(column) for column in ("tier", "attempt", "failed_primaries"))
    if tier is None and attempt is None and failed is None:
        return fill("The log does not say how the relay was chosen.")
    text = _TIERS.get(tier or "", "The relay was chosen")
    if failed:
        text += f" after {counted(failed, 'failed primary', 'failed primaries')}"
    elif failed == 0 and tier == "fallback":
        text += " although no primary had failed"
    if attempt is not None:
        text += f" (attempt {whole(attempt)})"
    reason = finding.get("selection_reason")
    return fill(
        "{text}{unlisted}{reason}.",
        text=text,
        unlisted="" if tier else "; the log does not say from which list",
        reason=fill("; the reason in the log: {it}", it=Logged(reason)) if reason else "",
    )


def _stretch(finding: Row) -> Phrase:
    end: datetime | None = finding.get("ended_at")
    if end is None:
        return fill("The log has no readable end of the connection.")
    basis = finding.get("time_basis") or "connection"
    of = "" if basis == "connection" else f" The times are those of the {basis}, as logged."
    seconds = (end - finding["started_at"]).total_seconds()
    length = (
        counted(round(seconds), "second") if seconds < _TWO_MINUTES else counted(int(seconds // 60), "minute")
    )
    return fill("It ended on {end}, after {length}.{of}", end=instant(end), length=length, of=of)
