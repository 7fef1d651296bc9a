"""Who says where a relay is, when each of them is heard, and what their words leave open together.

Design: GEOLOCATION.md, sections 2, 3 and 5, of which only what the sample needs is stated here a second time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .facts import EVERYWHERE

Countries = frozenset[str]

MAX_AGE = timedelta(days=35)
MARCH, APRIL = datetime(2020, 3, 3, tzinfo=UTC), datetime(2020, 4, 7, tzinfo=UTC)
"""When the two editions of the sample's country database were built."""

VENDOR = datetime(2020, 3, 8, tzinfo=UTC)
"""When the other maker's database was built: too long ago for calls after 12 April."""

CLOUD = datetime(2020, 2, 25, 6, 30, tzinfo=UTC)
"""When the cloud provider published its ranges: too long ago for calls after half past six on 31 March."""

GEOFEED = datetime(2020, 4, 1, tzinfo=UTC)
RECORDED = datetime(2020, 3, 28, 6, tzinfo=UTC)
"""When the ledger was written, from an edition that was fresh then."""

CONTESTED, STALE, DOUBTED, ANONYMISED = "contested", "stale_location", "geofeed", "anonymised"
"""What there is to say of a place that is in doubt."""


@dataclass(frozen=True, slots=True)
class Said:
    """What each source says of a place: a country; None where it says nothing.

    `march` and `april` are the two editions; what is `attested` by the inventory may be several countries,
    separated by blanks, and hold until an instant only; `recorded` is what the ledger has. An anycast place
    is nowhere but where the inventory says.
    """

    april: str | None = None
    march: str | None = None
    attested: str | None = None
    attested_until: datetime | None = None
    vendor: str | None = None
    cloud: str | None = None
    recorded: str | None = None
    geofeed: str | None = None
    anycast: bool = False
    asked: bool = True


NO_RECORD = Said()
NOT_ASKED = Said(asked=False)
"""Of what is no public address no database is asked."""


def placed(
    country: str, *, attested: str | None = None, vendor: str | None = None, geofeed: str | None = None
) -> Said:
    """Say that both editions place something in a country; the others as named."""
    return Said(april=country, march=country, attested=attested, vendor=vendor, geofeed=geofeed)


@dataclass(frozen=True, slots=True)
class Located:
    """The countries that are left open, and the words for the doubt about them."""

    open: Countries
    words: frozenset[str]


def located(said: Said, declared: str | None, at: datetime) -> Located:
    """Unite all that is heard at an instant; nothing heard leaves every country open."""
    named = [frozenset(countries.split()) for countries in _heard(said, declared, at)]
    if not named:
        return Located(EVERYWHERE, frozenset((STALE,)) if _is_stale(said, at) else frozenset())
    union, widest = frozenset[str]().union(*named), max(named, key=len)
    words = {CONTESTED} if any(not one <= widest for one in named) else set()
    if said.geofeed is not None and near(GEOFEED, at) and said.geofeed not in union:
        union |= {said.geofeed}
        words.add(DOUBTED)
    return Located(union, frozenset(words))


def near(dated_at: datetime, at: datetime) -> bool:
    """Tell whether what is dated so is heard at an instant."""
    return abs(at - dated_at) <= MAX_AGE


def edition_at(at: datetime) -> datetime:
    """Choose the edition nearest to an instant; the older one right between them."""
    return MARCH if at - MARCH <= APRIL - at else APRIL


def _is_stale(said: Said, at: datetime) -> bool:
    """Tell whether something is too old to be heard: a database always, a list only if it names the place."""
    if not said.asked or said.anycast:
        return False
    return not near(VENDOR, at) or (said.cloud is not None and not near(CLOUD, at))


def _heard(said: Said, declared: str | None, at: datetime) -> Iterator[str]:
    if said.attested and (said.attested_until is None or at < said.attested_until):
        yield said.attested
    if said.anycast:
        return
    edition = said.march if edition_at(at) == MARCH else said.april
    yield from (one for one in (edition, declared) if one)
    if said.vendor and near(VENDOR, at):
        yield said.vendor
    if said.cloud and near(CLOUD, at):
        yield said.cloud
    if said.recorded and near(RECORDED, at):
        yield said.recorded
