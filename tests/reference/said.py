"""What one source says of one address, and how a record of a database is read: GEOLOCATION.md, 3 and 4."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tests.reference.countries import ALL

ANYCAST = frozenset({"anycast", "provider_global"})
"""Reasons that say of an address that it is in many places at once."""

SURE = 100
Edition = TypeVar("Edition")


@dataclass(frozen=True, slots=True)
class Answer:
    """The countries that a source names, or the reason why it names none; neither is silence."""

    countries: frozenset[str] = frozenset()
    reason: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether no other edition of the same source needs to be heard."""
        return bool(self.countries) or self.reason in ANYCAST

    @classmethod
    def of(cls, *codes: str) -> "Answer":
        """Name countries."""
        return cls(frozenset(codes))


SILENCE = Answer()
STALE = Answer(reason="stale_location")
NO_RECORD = Answer(reason="no_record")


def weighed(
    country: str | None, *, continent: bool, anycast: bool, confidence: int | None, floor: int
) -> Answer:
    """Say what a record is worth; `confidence` None is that of a database which has none."""
    if anycast:
        return Answer(reason="anycast")
    if country is None:
        return Answer(reason="continent_only" if continent else "no_country")
    if country not in ALL:
        return Answer(reason="not_a_country")
    return (
        Answer.of(country) if (confidence is None or confidence >= floor) else Answer(reason="low_confidence")
    )


def answer_of(record: Mapping[str, Any], database_type: str, floor: int) -> Answer:
    """Read a record of MaxMind's schema, or of a flat one. Nobody vouches for an absent confidence."""
    nested = record.get("country")
    country = nested if isinstance(nested, dict) else {}
    code = country.get("iso_code", record.get("country_code", nested if isinstance(nested, str) else None))
    return weighed(
        code,
        continent=bool(record.get("continent", {}).get("code") or record.get("continent_code")),
        anycast=record.get("traits", {}).get("is_anycast") is True,
        confidence=country.get("confidence", 0) if "Enterprise" in database_type else None,
        floor=floor,
    )


def nearest(
    editions: Iterable[Edition], dated: Callable[[Edition], datetime], at: datetime, max_age: timedelta
) -> list[Edition]:
    """Take the editions of smallest age, on a tie the older; several of one instant are all asked.

    None of them counts that is further from `at` than `max_age`.
    """
    near = [edition for edition in editions if abs(at - dated(edition)) <= max_age]
    best = min(((abs(at - dated(edition)), dated(edition)) for edition in near), default=None)
    return [edition for edition in near if (abs(at - dated(edition)), dated(edition)) == best]
