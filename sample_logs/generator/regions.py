"""How the invented provider works: home regions, their relay sites, and the lists that clients are handed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .values import utc

PERIOD = (utc(2020, 3, 16), utc(2020, 4, 27))
CONGESTION = (utc(2020, 3, 20), utc(2020, 4, 11))
"""On weekdays of this time, in working hours, primaries are saturated."""

CHINESE_FALLBACK = (utc(2020, 3, 24), utc(2020, 4, 7))
MISPLACED = {"US": "TJ-1", "EU": "SZ-1"}
"""Chinese sites that stand on the fallback lists of two regions in that time, by mistake."""

BEIJING_KEYS_UNTIL = utc(2020, 4, 3)
BEIJING = "BJ-1"
"""Until then some of its key servers are in the pool of all regions."""


@dataclass(frozen=True, slots=True)
class Region:
    """A home region. `countries` are those of its participants, the frequent ones repeatedly."""

    code: str
    accounts: int
    utc_offset: int
    primaries: tuple[str, ...]
    fallbacks: tuple[str, ...]
    countries: tuple[str, ...]


REGIONS = {
    region.code: region
    for region in (
        Region(
            "US",
            170,
            -6,
            ("SJ-1", "NY-1", "DAL-1", "SEA-1"),
            ("TOR-1", "VAN-1", "AMS-1"),
            ("US",) * 18 + ("CA", "MX"),
        ),
        Region(
            "EU",
            110,
            1,
            ("FRA-1", "AMS-1", "DUB-1", "FRA-1", "AMS-1", "LON-1"),
            ("ZRH-1", "LON-1", "NY-1"),
            ("DE",) * 6 + ("FR", "FR", "FR", "NL", "NL", "IE", "ES", "ES", "IT", "PL", "SE", "GB", "CH"),
        ),
        Region("CA", 35, -5, ("TOR-1", "VAN-1"), ("NY-1", "SEA-1"), ("CA",) * 12 + ("US",)),
        Region("AU", 30, 10, ("SYD-1", "MEL-1"), ("SG-1", "TYO-1"), ("AU",) * 10 + ("NZ", "NZ")),
        Region("IN", 35, 5, ("MUM-1", "HYD-1"), ("SG-1", "HK-1"), ("IN",) * 14 + ("AE", "SG")),
        Region("JP", 25, 9, ("TYO-1", "OSA-1"), ("HK-1", "SG-1"), ("JP",) * 14 + ("KR", "TW")),
        Region("CN", 15, 8, ("SHA-1", "BJ-1"), ("TJ-1", "SZ-1"), ("CN",) * 12 + ("HK",)),
    )
}

_SATURDAY = 5
_BUSY_HOURS = range(9, 18)


def congested(region: Region, at: datetime) -> bool:
    """Tell whether the region's primaries are saturated at an instant."""
    local = at + timedelta(hours=region.utc_offset)
    within = CONGESTION[0] <= at < CONGESTION[1]
    return within and local.weekday() < _SATURDAY and local.hour in _BUSY_HOURS


def fallback_list(region: Region, at: datetime) -> tuple[str, ...]:
    """List the sites that clients of a region fall back to, those that they do so more often repeatedly.

    The Chinese sites were put on top of the lists.
    """
    mistaken = CHINESE_FALLBACK[0] <= at < CHINESE_FALLBACK[1] and region.code in MISPLACED
    on_top = (MISPLACED[region.code],) * len(region.fallbacks) if mistaken else ()
    return (*on_top, *region.fallbacks)
