"""What the ledger recorded of an address near a call: GEOLOCATION.md, sections 2 and 8."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tests.reference.kinds import Address
from tests.reference.said import STALE, Answer, weighed
from tests.reference.world import Recorded, Recording, Settings, maker_of

Observed = tuple[datetime, Recorded]


def answers_of_ledger(
    ledger: Iterable[Recording], address: Address, at: datetime, settings: Settings
) -> Iterator[Answer]:
    """Take of each maker the last recording of the address at or before the call, and the first after it."""
    makers: dict[str, list[Observed]] = {}
    for recording in ledger:
        for row in recording.rows:
            if row.address == str(address):
                maker = maker_of(row.database_type, row.vendor)
                makers.setdefault(maker, []).append((recording.observed_at, row))
    for observed in makers.values():
        earlier = max((when for when, _ in observed if when <= at), default=None)
        later = min((when for when, _ in observed if when > at), default=None)
        for when, row in observed:
            if when in (earlier, later):
                yield answer_of_recording(row, when, at, settings)


def answer_of_recording(row: Recorded, observed_at: datetime, at: datetime, settings: Settings) -> Answer:
    """Read what was recorded near enough to the call, from an edition then near enough to the recording."""
    if max(abs(at - observed_at), abs(observed_at - row.built_at)) > settings.max_age:
        return STALE
    return weighed(
        row.country,
        continent=row.continent is not None,
        anycast=row.anycast,
        confidence=(row.confidence or 0) if "Enterprise" in row.database_type else None,
        floor=settings.min_confidence,
    )
