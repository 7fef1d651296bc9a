"""AWS: `ip-ranges.json`.

A border group is where addresses are announced from, and may lie abroad from its region.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from auditor.documents import Strict
from auditor.geo.ranges.cloud import Listing, Provider, RegionName
from auditor.geo.ranges.regions import GLOBAL
from auditor.geo.ranges.strict_json import model_of

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)", re.ASCII)


class _Assigned(Strict):
    region: RegionName
    service: str
    network_border_group: RegionName | None = None  # files from before 2020 have none

    @property
    def place(self) -> str:
        """The border group, else the region; both, which together name no place, if they are at odds.

        If either is everywhere, so is the prefix.
        """
        group = self.network_border_group or self.region
        if GLOBAL in (group, self.region):
            return GLOBAL
        return group if f"{group}-".startswith(f"{self.region}-") else f"{self.region}/{group}"


class _IPv4(_Assigned):
    ip_prefix: str


class _IPv6(_Assigned):
    ipv6_prefix: str


class _File(Strict):
    """Each prefix stands in it once for each service that uses it."""

    sync_token: str = Field(alias="syncToken")
    create_date: str = Field(alias="createDate")
    prefixes: list[_IPv4]
    ipv6_prefixes: list[_IPv6]


def _read(listing: Listing, data: Mapping[str, Any]) -> datetime | None:
    file = model_of(listing.shown, data, _File)
    for number, four in enumerate(file.prefixes, start=1):
        listing.assign(four.ip_prefix, four.place, f"prefixes.{number}.ip_prefix")
    for number, six in enumerate(file.ipv6_prefixes, start=1):
        listing.assign(six.ipv6_prefix, six.place, f"ipv6_prefixes.{number}.ipv6_prefix")
    created_at = _created_at(listing, file.create_date)
    if created_at and file.sync_token != str(int(created_at.timestamp())):
        text = f"`{file.sync_token[:40]}` is another instant than `createDate` tells"
        listing.fault("syncToken", text, "fetch the file again: it was altered")
    return created_at


def _created_at(listing: Listing, written: str) -> datetime | None:
    found = _DATE.fullmatch(written)
    try:
        if found:
            year, month, day, hour, minute, second = map(int, found.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass
    listing.no_instant("createDate", written, "2025-07-31-18-18-01")
    return None


AWS = Provider("AWS", frozenset({"createDate", "ipv6_prefixes"}), _read)
