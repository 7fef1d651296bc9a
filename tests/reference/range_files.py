"""Write cloud providers' lists in the shapes in which they are published, and geofeeds."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.reference.world import Geofeed, RangeList


def write_range_list(one: RangeList, folder: Path) -> Path:
    """Write one list into a folder of its own: Azure's date stands in the name of the file."""
    name, document = SHAPES[one.provider](one)
    folder.mkdir(parents=True)
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_geofeed(feed: Geofeed, folder: Path) -> Path:
    """Write one geofeed; its date stands in the name of the file."""
    folder.mkdir(parents=True)
    path = folder / f"{feed.publisher}_{feed.published_at:%Y%m%d}.csv"
    lines = [f"{prefix},{country},,," for prefix, country in feed.entries.items()]
    path.write_text("\n".join(["# self-declared", *lines, ""]), encoding="utf-8")
    return path


def _aws(one: RangeList) -> tuple[str, Any]:
    def entries(key: str, *, ipv6: bool) -> list[dict[str, str]]:
        return [
            {
                key: prefix,
                "region": written.partition("/")[0],
                "service": "EC2",
                "network_border_group": written.rpartition("/")[2],
            }
            for prefix, written in of_version(one.entries, ipv6=ipv6).items()
        ]

    return "ip-ranges.json", {
        "syncToken": str(int(one.published_at.timestamp())),
        "createDate": f"{one.published_at:%Y-%m-%d-%H-%M-%S}",
        "prefixes": entries("ip_prefix", ipv6=False),
        "ipv6_prefixes": entries("ipv6_prefix", ipv6=True),
    }


def _google(one: RangeList) -> tuple[str, Any]:
    def entry(prefix: str, region: str) -> dict[str, str]:
        key = "ipv6Prefix" if ":" in prefix else "ipv4Prefix"
        return {key: prefix, "service": "Google Cloud", "scope": region}

    return "cloud.json", {
        "syncToken": str(int(one.published_at.timestamp() * 1000)),
        "creationTime": naive(one.published_at),
        "prefixes": [entry(*pair) for pair in one.entries.items()],
    }


def _azure(one: RangeList) -> tuple[str, Any]:
    regions = sorted(set(one.entries.values()))

    def tag(number: int, name: str, region: str, prefixes: list[str]) -> dict[str, Any]:
        properties = {"changeNumber": number, "region": region, "regionId": number, "platform": "Azure"}
        properties |= {"systemService": "", "addressPrefixes": prefixes, "networkFeatures": ["API", "NSG"]}
        return {"name": name, "id": name, "properties": properties}

    values = [
        tag(
            number,
            f"AzureCloud.{region}",
            region,
            [key for key, said in one.entries.items() if said == region],
        )
        for number, region in enumerate(regions, start=1)
    ]
    # These are not of a region, and say nothing of a place.
    others = [
        tag(98, "AzureCloud", "", list(one.entries)),
        tag(99, "Storage.EastAsia", "eastasia", [*one.entries]),
    ]
    document = {"changeNumber": 7, "cloud": "Public", "values": [*values, *others]}
    return f"ServiceTags_Public_{one.published_at:%Y%m%d}.json", document


def _oracle(one: RangeList) -> tuple[str, Any]:
    regions = sorted(set(one.entries.values()))
    return "public_ip_ranges.json", {
        "last_updated_timestamp": naive(one.published_at),
        "regions": [
            {
                "region": region,
                "cidrs": [
                    {"cidr": prefix, "tags": ["OCI"]}
                    for prefix, said in one.entries.items()
                    if said == region
                ],
            }
            for region in regions
        ],
    }


SHAPES = {"AWS": _aws, "Google": _google, "Azure": _azure, "Oracle": _oracle}


def of_version(entries: Mapping[str, str], *, ipv6: bool) -> dict[str, str]:
    """Pick the entries of one version of the protocol."""
    return {prefix: said for prefix, said in entries.items() if (":" in prefix) is ipv6}


def naive(at: datetime) -> str:
    """Write an instant in UTC as the providers do that write no offset."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}"
