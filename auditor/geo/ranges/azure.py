"""Azure: `ServiceTags_Public_YYYYMMDD.json`.

Of its tags only `AzureCloud.<region>` are read: together they are all addresses of a region, and the other
tags are parts of them. The file has no date inside.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from pydantic import Field

from auditor.documents import Strict
from auditor.geo.ranges.cloud import Listing, Provider, RegionName
from auditor.geo.ranges.published import NotPublishedError
from auditor.geo.ranges.strict_json import model_of

_CLOUD = "Public"
_TAG = "AzureCloud."
_NAME = re.compile(r"ServiceTags_Public_(\d{4})(\d\d)(\d\d)\.json", re.ASCII)
_RENAMED = "keep the name `ServiceTags_Public_YYYYMMDD.json`: nothing inside tells of what date the file is"


class _Properties(Strict):
    change_number: int = Field(alias="changeNumber")
    region: RegionName
    region_id: int | None = Field(default=None, alias="regionId")
    platform: str
    system_service: str = Field(alias="systemService")
    address_prefixes: list[str] = Field(alias="addressPrefixes")
    network_features: list[str] | None = Field(default=None, alias="networkFeatures")


class _Tag(Strict):
    name: str
    id: str
    properties: _Properties


class _File(Strict):
    """The tags are read one by one, once it is known which they are."""

    change_number: int = Field(alias="changeNumber")
    cloud: str
    values: list[dict[str, Any]]


def _read(listing: Listing, data: Mapping[str, Any]) -> datetime | None:
    file = model_of(listing.shown, data, _File)
    if file.cloud != _CLOUD:
        hint = (
            "attest its relays in the inventory: the regions of Azure's other clouds are in no table of ours"
        )
        listing.fault("cloud", f"is not `{_CLOUD}`", hint)
        return None
    for number, value in enumerate(file.values):
        name = value.get("name")
        if not isinstance(name, str):
            listing.fault(f"values.{number + 1}.name", "is no text")
        elif name.startswith(_TAG):
            _read_tag(listing, number, value)
    return _dated(listing)


def _read_tag(listing: Listing, number: int, value: Mapping[str, Any]) -> None:
    try:
        tag = model_of(listing.shown, value, _Tag, ("values", number))
    except NotPublishedError as error:
        listing.faults.extend(error.faults)
        return
    key = f"values.{number + 1}.properties.addressPrefixes"
    for place, prefix in enumerate(tag.properties.address_prefixes, start=1):
        listing.assign(prefix, tag.properties.region, f"{key}.{place}")


def _dated(listing: Listing) -> datetime | None:
    found = _NAME.fullmatch(PurePath(listing.shown).name)
    try:
        if found:
            year, month, day = map(int, found.groups())
            return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        pass
    listing.fault("name of the file", "has no date", _RENAMED)
    return None


AZURE = Provider("Azure", frozenset({"cloud", "values"}), _read)
