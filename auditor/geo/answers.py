"""What each source says, as answers that can be combined.

Design: GEOLOCATION.md, sections 2 and 9.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.countries import COUNTRIES
from auditor.geo.candidates import STALE, Answer, Level, Trust
from auditor.geo.ledger.book import LedgerSaid
from auditor.geo.mmdb import Database
from auditor.geo.periods import Standing
from auditor.geo.ranges.files import RangeFile, RangeForm
from auditor.geo.ranges.sites import Region
from auditor.geo.register import Found
from auditor.geo.schemas import Opinion, Said

DECLARED = "relay_country_declared"
DECLARED_OF_PARTICIPANT = "participant_country_declared"

_INVENTORY = "inventory"

_OPERATOR = "operator"
"""Whatever the operator says, in the inventory or in the log, is one opinion."""

_SEEN_OR_AGREED = ("contract", "site_visit", "traceroute")
"""On what the operator's word may decide alone."""

_HOLDER = "it knows where the holder is registered, not where the address is"
_SUPERSEDED = "another database of this maker is asked in its place"
_NOT_IN_INVENTORY = {
    "prefix": "the inventory has no line for this address at that time",
    "site": "the inventory has no line for this site at that time",
    "name": "the inventory has no line for this name at that time",
}
_AT_ODDS = "the lines of the inventory for this private address name different countries"
_PUBLISHED = {RangeForm.CLOUD: "{} address ranges", RangeForm.GEOFEED: "geofeed of {}"}
_LEVELS = {RangeForm.CLOUD: Level.CLOUD, RangeForm.GEOFEED: Level.GEOFEED}


def database_answer(database: Database, said: Said, standing: Standing, max_age_days: int) -> Answer:
    """Put in what a database said, and whether it is heard.

    A database that knows where holders are registered, or whose network an address is in, only gives hints.
    """
    places = database.opinion in (Opinion.LOCATION, Opinion.ANONYMITY)
    answer = Answer(
        source=_named(database.database_type or Path(database.path).name, database.vendor),
        level=Level.DATABASE if places else None,
        date=database.built_at,
        sha256=database.sha256,
        maker=database.maker,
    )
    if database.opinion is Opinion.REGISTRATION:
        said = as_registration(said)
    too_far = f"it was built more than {max_age_days} days from the call"
    if standing is Standing.STALE and database.opinion is Opinion.ANONYMITY:
        hints = ("stale_anonymity",) if said.reason else ()
        return replace(
            answer, level=None, why_not=too_far, hints=hints
        )  # its age is no doubt about the place
    return _weighed(answer, said, standing, too_far, max_age_days)


def range_answer(file: RangeFile, said: Said, standing: Standing, max_age_days: int) -> Answer:
    """Put in what a published list of prefixes said, and whether it is heard."""
    answer = Answer(
        source=_PUBLISHED[file.form].format(file.publisher),
        level=_LEVELS[file.form],
        date=file.published_at,
        sha256=file.sha256,
        maker=f"{file.form} {file.publisher}",
    )
    too_far = f"it was published more than {max_age_days} days from the call"
    return _weighed(answer, said, standing, too_far, max_age_days)


def ledger_answer(recorded: LedgerSaid) -> Answer:
    """Put in what a database said when it was recorded; the ledger has weighed whether that counts."""
    answer = Answer(
        source=_named(recorded.source, recorded.vendor),
        level=Level.LEDGER if recorded.opinion is Opinion.LOCATION else None,
        prefix=recorded.prefix,
        date=recorded.built_at,
        observed_at=recorded.observed_at,
        sha256=recorded.sha256,
        maker=recorded.maker,
    )
    said = as_registration(recorded.said) if recorded.opinion is Opinion.REGISTRATION else recorded.said
    return _put_in(answer, said)


def nothing_recorded() -> Answer:
    """Tell that the ledger was asked, and has nothing of the address near the call."""
    why_not = "the ledger has no recording of this address near that time"
    return Answer("ledger", Level.LEDGER, why_not=why_not)


def site_answer(site: str, region: Region) -> Answer:
    """Put in where a provider's region is that the log names as the site."""
    return Answer(
        source=f'{region.provider} regions, site "{site}"',
        level=Level.CLOUD,
        countries=region.countries,
        shown=" ".join(sorted(region.countries)),
        maker=f"{region.provider} regions",
    )


def inventory_answer(found: Found, trust: Trust) -> Answer:
    """Put in what the operator attests; a line that is not there is no reason, but is told."""
    line = found.line
    if line is None:
        why_not = _AT_ODDS if found.at_odds else _NOT_IN_INVENTORY[found.by]
        return Answer(_INVENTORY, Level.ATTESTED, why_not=why_not, maker=_OPERATOR)
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
        maker=_OPERATOR,
        basis=line.basis,
        attested_by=line.attested_by,
        transfer_basis=line.transfer_basis,
        relied_on=trust is Trust.INVENTORY and line.basis in _SEEN_OR_AGREED,
    )


def as_registration(said: Said) -> Said:
    """Make of what a database says a hint about the holder."""
    hints = (f"registered:{said.country}",) if said.country in COUNTRIES else ()
    return Said(said.country, why_not=_HOLDER, hints=hints)


def declared_answer(source: str, written: str | None) -> Answer | None:
    """Put in the log's own word, which is as old as the record; None where it has none."""
    if written is None:
        return None
    if written not in COUNTRIES:
        why_not = f"`{written}` is not the code of a country"
        return Answer(source, Level.DATABASE, shown=written, reason="not_a_country", why_not=why_not)
    is_relays = source == DECLARED
    maker = _OPERATOR if is_relays else None
    return Answer(source, Level.DATABASE, frozenset({written}), written, maker=maker, own_word=is_relays)


def _named(database_type: str, vendor: str | None) -> str:
    """Name a database; whose it is comes first where its type does not tell."""
    return f"{vendor} ({database_type})" if vendor else database_type


def _weighed(answer: Answer, said: Said, standing: Standing, too_far: str, max_age_days: int) -> Answer:
    """Put in what an edition said, unless it is not heard.

    What a stale one said is a hint, which tells of its age only that it is too great: each connection of the
    period has another.
    """
    if standing in (Standing.SUPERSEDED, Standing.TOO_FAR):
        return replace(answer, shown=said.country, why_not=_SUPERSEDED)
    if standing is Standing.HEARD:
        return _put_in(answer, said)
    places = answer.level is not None and said.reason is None and said.country in COUNTRIES
    asked_first = answer.level is Level.DATABASE or (answer.level is Level.CLOUD and places)
    return replace(
        answer,
        shown=said.country,
        city=said.city,
        reason=STALE if asked_first else None,
        why_not=too_far,
        hints=(f"stale:{said.country}:>{max_age_days}d",) if places else (),
    )


def _put_in(answer: Answer, said: Said) -> Answer:
    named = frozenset({said.country}) if said.country and said.why_not is None else frozenset[str]()
    return replace(
        answer,
        shown=said.country,
        city=said.city,
        countries=named,
        reason=said.reason,
        why_not=said.why_not,
        hints=said.hints,
    )


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
        "basis": answer.basis,
        "attested_by": answer.attested_by,
        "transfer_basis": answer.transfer_basis,
        "counted": why_not is None,
        "why_not": why_not,
    }
    return row
