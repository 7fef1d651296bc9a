"""Small lists in the forms in which they are really published."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.geo.ranges.files import open_cloud_ranges, open_geofeeds
from auditor.geo.ranges.table import RangeTable
from auditor.geo.schemas import Said

CLOCK = datetime(2026, 11, 24, 12, tzinfo=UTC)

AZURE_NAME = "ServiceTags_Public_20261116.json"

Assigned = Iterable[tuple[str, str]]


def aws(prefixes: Assigned) -> dict[str, Any]:
    """Write AWS' file of 16 November 2026; a region may be `region/border group`."""

    def entry(key: str, prefix: str, written: str) -> dict[str, str]:
        region, _, group = written.partition("/")
        return {
            key: prefix,
            "region": region,
            "service": "AMAZON",
            **({"network_border_group": group} if group else {}),
        }

    pairs = list(prefixes)
    return {
        "syncToken": "1794866400",
        "createDate": "2026-11-16-22-00-00",
        "prefixes": [entry("ip_prefix", *pair) for pair in pairs if ":" not in pair[0]],
        "ipv6_prefixes": [entry("ipv6_prefix", *pair) for pair in pairs if ":" in pair[0]],
    }


def google(prefixes: Assigned) -> dict[str, Any]:
    """Write Google's file of 16 November 2026, made where it was 14:00."""
    return {
        "syncToken": "1794866400123",
        "creationTime": "2026-11-16T14:00:00.123456",
        "prefixes": [
            {
                "ipv6Prefix" if ":" in prefix else "ipv4Prefix": prefix,
                "service": "Google Cloud",
                "scope": scope,
            }
            for prefix, scope in prefixes
        ],
    }


def azure(prefixes: Assigned) -> dict[str, Any]:
    """Write Azure's file, with two tags that are no region's."""
    pairs = list(prefixes)

    def tag(name: str, region: str, held: list[str]) -> dict[str, Any]:
        properties: dict[str, Any] = {"changeNumber": 3, "region": region, "regionId": 1, "platform": "Azure"}
        properties |= {"systemService": "", "addressPrefixes": held, "networkFeatures": ["API", "NSG"]}
        return {"name": name, "id": name, "properties": properties}

    tags = [
        tag(f"AzureCloud.{region}", region, [prefix for prefix, of in pairs if of == region])
        for region in sorted({region for _, region in pairs})
    ]
    everything = [prefix for prefix, _ in pairs]
    return {
        "changeNumber": 300,
        "cloud": "Public",
        "values": [
            tag("AzureCloud", "", everything),
            tag("Storage.WestUS", "westus", ["198.18.0.0/16"]),
            *tags,
        ],
    }


def oracle(prefixes: Assigned) -> dict[str, Any]:
    """Write Oracle's file of 16 November 2026."""
    pairs = list(prefixes)
    return {
        "last_updated_timestamp": "2026-11-16T22:00:00.123456",
        "regions": [
            {
                "region": region,
                "cidrs": [{"cidr": prefix, "tags": ["OCI"]} for prefix, of in pairs if of == region],
            }
            for region in sorted({region for _, region in pairs})
        ],
    }


def written(path: Path, content: str | bytes | Mapping[str, Any] | list[Any]) -> str:
    """Write a file, as JSON where it is no text, and give its path."""
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def cloud_table(path: Path, content: Mapping[str, Any]) -> RangeTable:
    """Open a provider's file as an audit does."""
    (file,) = open_cloud_ranges([written(path, content)], CLOCK)
    return RangeTable(file)


def feed_table(path: Path, content: str) -> RangeTable:
    """Open a geofeed as an audit does."""
    (file,) = open_geofeeds([written(path, content)], CLOCK)
    return RangeTable(file)


def said_of(table: RangeTable, address: str, *, with_city: bool = False) -> Said:
    """Ask for one address."""
    found = table.lookup(pl.Series([address]), with_city=with_city)
    place: int = found.index[0]
    return found.said[place]
