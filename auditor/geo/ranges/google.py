"""Google: `cloud.json`. Its sister `goog.json` names no regions, and is refused."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from auditor.documents import Strict
from auditor.errors import Fault
from auditor.geo.ranges.cloud import Listing, Provider, RegionName
from auditor.geo.ranges.published import NotPublishedError
from auditor.geo.ranges.strict_json import model_of

_PREFIXES = ("ipv4Prefix", "ipv6Prefix")
_ZONE_STEP = timedelta(minutes=15)
_WIDEST_ZONE = timedelta(hours=14)
_EXACTLY = timedelta(seconds=1)


class _Assigned(Strict):
    ipv4: str | None = Field(default=None, alias="ipv4Prefix")
    ipv6: str | None = Field(default=None, alias="ipv6Prefix")
    service: str
    scope: RegionName


class _File(Strict):
    sync_token: str = Field(alias="syncToken")
    creation_time: str = Field(alias="creationTime")
    prefixes: list[_Assigned]


def _read(listing: Listing, data: Mapping[str, Any]) -> datetime | None:
    if _names_no_regions(data.get("prefixes")):
        text = "names the prefixes of all of Google, without their regions (`goog.json`)"
        raise NotPublishedError(Fault(listing.shown, text, "fetch `cloud.json` in its place"))
    file = model_of(listing.shown, data, _File)
    for number, one in enumerate(file.prefixes, start=1):
        written = [prefix for prefix in (one.ipv4, one.ipv6) if prefix is not None]
        if len(written) != 1:
            listing.fault(
                f"prefixes.{number}", f"needs one of {' and '.join(f'`{key}`' for key in _PREFIXES)}"
            )
        for prefix in written:
            key = _PREFIXES[prefix is one.ipv6]
            listing.assign(prefix, one.scope, f"prefixes.{number}.{key}")
    return _created_at(listing, file)


def _created_at(listing: Listing, file: _File) -> datetime | None:
    """Read when the list was made.

    `creationTime` is the clock of some place, without an offset: in July 2021 it was seven hours behind
    `syncToken`, which counts milliseconds in UTC and so tells how far.
    """
    written_at = listing.iso_instant("creationTime", file.creation_time)
    if written_at is None:
        return None
    try:
        apart = datetime.fromtimestamp(int(file.sync_token) / 1000, UTC) - written_at
    except (ValueError, OverflowError, OSError):
        listing.fault("syncToken", "is no number of milliseconds since 1970")
        return None
    zone = round(apart / _ZONE_STEP) * _ZONE_STEP
    if abs(zone) > _WIDEST_ZONE or abs(apart - zone) > _EXACTLY:
        listing.fault("syncToken", "is another instant than `creationTime` tells", "fetch the file again")
        return None
    return written_at + zone


def _names_no_regions(prefixes: object) -> bool:
    return (
        isinstance(prefixes, list)
        and bool(prefixes)
        and not any(isinstance(one, dict) and one.keys() & {"scope", "service"} for one in prefixes)
    )


GOOGLE = Provider("Google", frozenset({"creationTime", "prefixes"}), _read)
