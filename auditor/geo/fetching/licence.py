"""What MaxMind's licences let one do with an edition that a newer one takes the place of.

GeoLite editions have to be kept current and the old ones destroyed, so they are replaced in place. What may
be done with a paid edition is in the buyer's contract: it is kept if the user says so.
Design: GEOLOCATION.md, section 10.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from auditor.errors import Fault, UsageError

_PAID = ("GeoIP2-", "GeoIP-")


def may_be_kept(edition: str) -> bool:
    """Tell whether superseded editions may be left; in doubt not."""
    return edition.startswith(_PAID)


def archive_name(edition: str, built_at: datetime) -> str:
    """Name the file of a superseded edition."""
    return f"{edition}_{built_at.astimezone(UTC):%Y%m%d}.mmdb"


def refuse_to_keep(editions: Iterable[str]) -> None:
    """Refuse to keep what has to be replaced. Raises UsageError."""
    faults = [
        Fault(f"--keep {edition}", "the licence of GeoLite editions asks that superseded ones be destroyed")
        if edition.startswith("GeoLite")
        else Fault(f"--keep {edition}", "is none of MaxMind's paid editions, `GeoIP2-…`")
        for edition in editions
        if not may_be_kept(edition)
    ]
    if faults:
        last = Fault(faults[-1].place, faults[-1].text, "name those to keep: `--edition GeoIP2-City --keep`")
        raise UsageError(*faults[:-1], last)
