"""One relay on whose place sources disagree, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.geo.answers import DECLARED
from auditor.geo.candidates import Level
from auditor.report import catalogue
from auditor.report.answers import brief_source, codes_of, is_set_aside, source_phrase
from auditor.report.numerals import counted, listed
from auditor.report.phrase import NOTHING, Logged, Phrase, fill, joined
from auditor.report.places import country_name

Row = Mapping[str, Any]

_ANSWERS_SHOWN = 12
_RULES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of a relay.

    `declared`: it is the operator's own word; `aside`: it was not counted.
    """

    source: Phrase
    place: Phrase
    declared: bool
    aside: bool


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One relay in one stretch of time, in all its roles, with what each source says of it.

    `behind` names the rules under which it made violations, or left something undetermined.
    """

    relay: str
    site: str
    name: str
    roles: tuple[str, ...]
    since: datetime | None
    until: datetime | None
    says: tuple[Said, ...]
    left_out: int
    sentence: Phrase
    connections: int
    behind: tuple[str, ...]


def disagreement_of(row: Row, answers: Sequence[Row], behind: Sequence[tuple[str, int]]) -> Disagreement:
    """Put one relay into words, with the answers of its units and the findings behind it, by rule."""
    told = [each for each in answers if codes_of(each) and (each["counted"] or is_set_aside(each))]
    says = [_said(each) for each in told]
    rules = [f"{counted(count, 'finding')} under {rule_id}" for rule_id, count in behind[:_RULES_SHOWN]]
    more = len(behind) - len(rules)
    return Disagreement(
        relay=Logged(row["relay"] or row["name"] or "no address"),
        site=Logged(row["site"] or ""),
        name=Logged(row["name"] or "") if row["relay"] else "",
        roles=tuple(catalogue.ROLES.get(role, role) for role in row["role"]) or (catalogue.ROLES["unknown"],),
        since=row["period_from"],
        until=row["period_until"],
        says=tuple(sorted(says, key=lambda said: not said.declared)[:_ANSWERS_SHOWN]),
        left_out=max(0, len(says) - _ANSWERS_SHOWN),
        sentence=_sentence(told),
        connections=row["connections"],
        behind=(*rules, *([f"and under {counted(more, 'other rule')}"] if more else [])),
    )


def _is_declared(answer: Row) -> bool:
    return bool(answer["level"] == Level.ATTESTED or answer["source"] == DECLARED)


def _said(answer: Row) -> Said:
    return Said(source_phrase(answer), _place(answer), _is_declared(answer), aside=not answer["counted"])


def _place(answer: Row) -> Phrase:
    countries = listed([f"{country_name(code)} ({code})" for code in codes_of(answer)], "or")
    city = fill("{it}, ", it=Logged(answer["city"])) if answer.get("city") else NOTHING
    return fill("{city}{countries}", city=city, countries=countries)


def _sentence(told: Sequence[Row]) -> Phrase:
    """Say in one sentence what is declared and what others say, or what all say where nothing is declared."""
    declared = _by_place(answer for answer in told if _is_declared(answer))
    placed = _by_place(answer for answer in told if not _is_declared(answer))
    parts = [
        *([fill("Declared in {who}", who=declared)] if declared else []),
        *(
            [fill("{placed} in {who}", placed="placed" if declared else "Placed", who=placed)]
            if placed
            else []
        ),
    ]
    return fill("{parts}.", parts=joined(parts, ", "))


def _by_place(said: Iterable[Row]) -> Phrase:
    """Name each place once, with all who say it."""
    sources: dict[str, tuple[Phrase, dict[str, Phrase]]] = {}
    for answer in said:
        place, who = _place(answer), brief_source(answer)
        sources.setdefault(str(place), (place, {}))[1].setdefault(str(who), who)
    return joined(
        (
            fill("{place} by {who}", place=place, who=joined(who.values(), " and "))
            for place, who in sources.values()
        ),
        ", in ",
    )
