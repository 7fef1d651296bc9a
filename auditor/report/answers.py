"""What each source of evidence says of one relay, and how they stand to each other, in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.countries import COUNTRIES
from auditor.geo.answers import DECLARED
from auditor.geo.candidates import PLACELESS, RELIED_ON, Level
from auditor.geo.schemas import maker_of
from auditor.report.numerals import day, listed, whole
from auditor.report.phrase import Logged, Phrase, capital, fill, joined
from auditor.report.reasons import REASONS, reason_of

Row = Mapping[str, Any]
"""A row in the shape of `model.LOCATION`, or one of its answers."""

LOW_CONFIDENCE = "its confidence is "
SET_ASIDE = (RELIED_ON, *PLACELESS.values())
"""Why an answer that names a country was not counted, although it speaks of the time of the call.

Beside these, those that begin with LOW_CONFIDENCE. What is too old, or has another edition in its place, says
nothing of that time.
"""

_LEDGER = "ledger: "
_OPERATOR = "the inventory"
_LOG = "the log itself"
_DATES = {
    Level.ATTESTED: "since {}",
    Level.CLOUD: "published {}",
    Level.LEDGER: "built {}",
    Level.DATABASE: "built {}",
    Level.GEOFEED: "published {}",
    None: "built {}",
}


def answer_phrase(answer: Row) -> Phrase:
    """Say what one source says, since when, and why it does not count where it does not."""
    return fill("{source}: {said}", source=source_phrase(answer), said=_said(answer))


def source_phrase(answer: Row) -> Phrase:
    """Name a source with its date and its prefix, an inventory line also with its basis."""
    source, prefix = Logged(_name(answer)), answer.get("prefix")
    named = fill("{log} ({column})", log=_LOG, column=source) if source == DECLARED else source
    return joined(
        [
            fill("recorded on {day} from {it}", day=day(answer["observed_at"]), it=named)
            if answer.get("observed_at")
            else named,
            *attested_phrases(answer),
            *([_dated(answer)] if answer.get("date") else []),
            *([Logged(prefix)] if prefix else []),
        ],
        ", ",
    )


def attested_phrases(answer: Row) -> Iterator[Phrase]:
    """Say how the operator knows what an inventory line says, and who attested it."""
    if basis := answer.get("basis"):
        yield fill("basis {basis}", basis=Logged(basis.replace("_", " ")))
    if by := answer.get("attested_by"):
        yield fill("attested by {by}", by=Logged(by))
    if transfer := answer.get("transfer_basis"):
        yield fill("transfer basis {it}", it=Logged(transfer))


def agreement_phrase(location: Row | None) -> Phrase:
    """Say whether the sources agree, which disagree, and which are silent; nothing where nothing was asked.

    None is a relay of which the run holds no evidence.
    """
    if location is None:
        return fill("The run holds no location evidence for this relay.")
    answers: Sequence[Row] = location.get("answers") or ()
    sentences = [*_stand(location, answers), *_set_aside(answers), *_silent(answers)]
    return joined(sentences, " ")


def is_set_aside(answer: Row) -> bool:
    """Tell whether an answer names a country at the time of the call, and yet was not counted."""
    why = answer.get("why_not") or ""
    aside = why in SET_ASIDE or why.startswith(LOW_CONFIDENCE)
    return bool(codes_of(answer)) and not answer.get("counted") and aside


def codes_of(answer: Row) -> tuple[str, ...]:
    """Read the countries that an answer names; what is no code of a country is none."""
    return tuple(code for code in (answer.get("country") or "").split() if code in COUNTRIES)


def brief_source(answer: Row) -> Phrase:
    """Name a source as a sentence does."""
    source = _name(answer)
    if answer.get("level") == Level.ATTESTED:
        return fill(_OPERATOR)
    if source == DECLARED:
        return fill(_LOG)
    if answer.get("level") == Level.LEDGER and not answer.get("observed_at"):
        return fill("the ledger")
    if answer.get("level") == Level.CLOUD:
        return fill("the list {source}", source=Logged(source))
    recorded = " as recorded" if answer.get("observed_at") else ""
    return fill("{source}{recorded}", source=Logged(source), recorded=recorded)


def _said(answer: Row) -> Phrase:
    country, city = answer.get("country"), answer.get("city")
    why = Logged(answer.get("why_not") or "no reason given")
    if not country:
        if answer.get("counted"):
            return fill("no country")
        return fill("no country; {why}", why=why)
    place = fill("{code} ({city})", code=Logged(country), city=Logged(city)) if city else Logged(country)
    if answer.get("counted"):
        return fill("{place}", place=place)
    return fill("{place}; not counted, as {why}", place=place, why=why)


def _dated(answer: Row) -> Phrase:
    level = answer.get("level")
    return fill(_DATES[None if level is None else Level(level)].format("{day}"), day=day(answer["date"]))


def _stand(location: Row, answers: Sequence[Row]) -> Iterator[Phrase]:
    """Say how those that counted stand to each other, or why none did."""
    reasons = location.get("reasons") or ()
    heard = [answer for answer in answers if answer.get("counted")]
    by_country = _by_country(heard)
    if "contested" in reasons:
        yield fill("The sources disagree: {who}. What each leaves open is kept.", who=_who_says(by_country))
    elif "geofeed" in reasons:
        geofeeds = _by_country(answer for answer in heard if answer.get("level") == Level.GEOFEED)
        yield fill("{what}: {who}.", what=REASONS["geofeed"].text, who=_who_says(geofeeds))
    elif "agreed" in reasons:
        count = whole(max(2, len({_opinion(answer) for answer in heard})))
        yield fill("{count} sources agree, and none disagrees.", count=count)
    elif "declared_only" in reasons:
        alone = REASONS["declared_only"].brief
        yield fill("{it}: no other source was there to confirm or to disagree.", it=alone)
    elif "single_source" in reasons:
        yield fill("No second source was there to confirm or to disagree.")
    elif "footprint" in reasons:
        yield fill("{text}; no source contradicts it.", text=REASONS["footprint"].text)
    elif location.get("candidates") is None and reasons:
        yield from (fill("{words}.", words=Logged(reason_of(code).text)) for code in sorted(reasons))


def _set_aside(answers: Sequence[Row]) -> Iterator[Phrase]:
    """Name those that would say something else, were they counted; those that say the same hide nothing."""
    counted = {code for answer in answers if answer.get("counted") for code in codes_of(answer)}
    aside = [a for a in answers if is_set_aside(a) and not set(codes_of(a)) <= counted]
    if aside:
        yield fill("Not counted, and of another mind: {who}.", who=_who_says(_by_country(aside)))


def _silent(answers: Sequence[Row]) -> Iterator[Phrase]:
    """Name those that were asked and gave no country; hints alone are no silence."""
    spoke = {str(brief_source(answer)) for answer in answers if codes_of(answer)}
    quiet = {
        str(source): source
        for answer in answers
        if answer.get("level") is not None and not answer.get("country")
        for source in [brief_source(answer)]
        if str(source) not in spoke
    }
    if quiet:
        names = capital(_listed([*quiet.values()]))
        yield fill("{who} {verb} no country.", who=names, verb="names" if len(quiet) == 1 else "name")


def _by_country(answers: Iterable[Row]) -> dict[str, list[Phrase]]:
    """Gather sources by what they say, in their order, each named once."""
    said: dict[str, dict[str, Phrase]] = {}
    for answer in answers:
        codes = listed(list(codes_of(answer)), "or")
        source = brief_source(answer)
        said.setdefault(codes, {}).setdefault(str(source), source)
    return {codes: [*sources.values()] for codes, sources in said.items() if codes}


def _who_says(by_country: Mapping[str, Sequence[Phrase]]) -> Phrase:
    return joined(
        (
            fill(
                "{who} {verb} {codes}", who=_listed(who), verb="says" if len(who) == 1 else "say", codes=codes
            )
            for codes, who in by_country.items()
        ),
        ", ",
    )


def _listed(phrases: Sequence[Phrase]) -> Phrase:
    """Join phrases as a sentence does, keeping their parts."""
    *first, last = phrases
    return fill("{first} and {last}", first=joined(first, ", "), last=last) if first else last


def _opinion(answer: Row) -> str:
    """Say whose opinion an answer is: editions and recordings of one maker are one."""
    if answer.get("level") == Level.ATTESTED:
        return _OPERATOR
    return maker_of(_name(answer))


def _name(answer: Row) -> str:
    """Name the source; what a ledger recorded, by the database that said it then."""
    source = str(answer.get("source") or "a source without a name")
    return source.removeprefix(_LEDGER) if answer.get("observed_at") else source
