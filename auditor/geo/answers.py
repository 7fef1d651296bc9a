"""What each source says, as answers that can be combined.

Design: GEOLOCATION.md, sections 2 and 9.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.countries import COUNTRIES
from auditor.geo.candidates import STALE, Answer, Level
from auditor.geo.mmdb import Database
from auditor.geo.periods import Standing
from auditor.geo.register import Found
from auditor.geo.schemas import Opinion, Said, maker_of

DECLARED = "relay_country_declared"
DECLARED_OF_PARTICIPANT = "participant_country_declared"

_INVENTORY = "inventory"
"""All lines of the inventory are one opinion."""

_HOLDER = "it knows where the holder is registered, not where the address is"
_NOT_IN_INVENTORY = {
    "prefix": "the inventory has no line for this address at that time",
    "site": "the inventory has no line for this site at that time",
    "name": "the inventory has no line for this name at that time",
}
_AT_ODDS = "the lines of the inventory for this private address name different countries"


def database_answer(database: Database, said: Said, standing: Standing, max_age_days: int) -> Answer:
    """Put in what a database said, and whether it is heard.

    What a stale one said is a hint, which tells of its age only that it is too great: each connection of the
    period has another.
    """
    silent = Answer(
        source=database.database_type or Path(database.path).name,
        level=Level.DATABASE if database.opinion is Opinion.LOCATION else None,
        shown=said.country,
        date=database.built_at,
        sha256=database.sha256,
        maker=maker_of(database.database_type),
    )
    too_far = f"it was built more than {max_age_days} days from the call"
    known = said.country in COUNTRIES
    if standing is Standing.SUPERSEDED:
        return replace(silent, why_not="another database of this maker is asked in its place")
    if database.opinion is Opinion.REGISTRATION:
        hints = (f"registered:{said.country}",) if known and standing is Standing.HEARD else ()
        why_not = too_far if standing is Standing.STALE else _HOLDER
        return replace(silent, why_not=why_not, hints=hints)
    if standing is Standing.STALE:
        hints = (f"stale:{said.country}:>{max_age_days}d",) if known and said.reason is None else ()
        return replace(silent, reason=STALE, why_not=too_far, hints=hints)
    countries = frozenset({said.country}) if said.country else frozenset[str]()
    return replace(silent, countries=countries, reason=said.reason, why_not=said.why_not, hints=said.hints)


def inventory_answer(found: Found) -> Answer:
    """Put in what the operator attests; a line that is not there is no reason, but is told."""
    line = found.line
    if line is None:
        why_not = _AT_ODDS if found.at_odds else _NOT_IN_INVENTORY[found.by]
        return Answer(_INVENTORY, Level.ATTESTED, why_not=why_not, maker=_INVENTORY)
    place = f"{_INVENTORY} {Path(line.file.path).name}:{line.line}"
    matched = {"prefix": None, "site": line.site, "name": line.name}[found.by]
    return Answer(
        source=f'{place}, {found.by} "{matched}"' if matched else place,
        level=Level.ATTESTED,
        countries=frozenset(line.countries),
        shown=" ".join(line.countries),
        prefix=line.prefix if found.by == "prefix" else None,
        date=line.from_at,
        sha256=line.file.sha256,
        maker=_INVENTORY,
    )


def declared_answer(source: str, written: str | None) -> Answer | None:
    """Put in the log's own word, which is as old as the record; None where it has none."""
    if written is None:
        return None
    if written not in COUNTRIES:
        why_not = f"`{written}` is not the code of a country"
        return Answer(source, Level.DATABASE, shown=written, reason="not_a_country", why_not=why_not)
    return Answer(source, Level.DATABASE, frozenset({written}), written, own_word=source == DECLARED)


def evidence_row(answer: Answer, why_not: str | None) -> Mapping[str, str | int | bool | datetime | None]:
    """Write an answer as a row of `model.ANSWER`; `why_not` is None where it counted."""
    row: dict[str, Any] = {
        "level": None if answer.level is None else int(answer.level),
        "source": answer.source,
        "country": answer.shown,
        "city": answer.city,
        "prefix": answer.prefix,
        "date": answer.date,
        "observed_at": answer.observed_at,
        "sha256": answer.sha256,
        "counted": why_not is None,
        "why_not": why_not,
    }
    return row
