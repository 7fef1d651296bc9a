"""Oracle: `public_ip_ranges.json`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.documents import Strict
from auditor.geo.ranges.cloud import Listing, Provider, RegionName
from auditor.geo.ranges.strict_json import model_of


class _Range(Strict):
    cidr: str
    tags: list[str]


class _Region(Strict):
    region: RegionName
    cidrs: list[_Range]


class _File(Strict):
    last_updated_timestamp: str
    regions: list[_Region]


def _read(listing: Listing, data: Mapping[str, Any]) -> datetime | None:
    file = model_of(listing.shown, data, _File)
    for number, region in enumerate(file.regions, start=1):
        for place, one in enumerate(region.cidrs, start=1):
            listing.assign(one.cidr, region.region, f"regions.{number}.cidrs.{place}.cidr")
    return listing.iso_instant("last_updated_timestamp", file.last_updated_timestamp)


ORACLE = Provider("Oracle", frozenset({"last_updated_timestamp", "regions"}), _read)
