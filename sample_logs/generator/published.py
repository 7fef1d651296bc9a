"""What others publish of their addresses: a cloud provider's ranges, and a geofeed (RFC 8805).

The ranges are written as AWS writes its own; no address in them is theirs.
"""

import json
from pathlib import Path

from .evidence import CLOUD
from .places import SITES
from .sidefiles import write_table

_REGIONS = {"DE": "eu-central-1", "IE": "eu-west-1"}
_ELSEWHERE = "3fff:0:fff0::/44"
"""Where the provider has no relay of ours."""


def write_cloud_ranges(path: Path) -> None:
    """Write the ranges of the cloud in which some relays are."""
    ours = [(site.prefix, _REGIONS[site.said.cloud]) for site in SITES.values() if site.said.cloud]
    ranges = {
        "syncToken": str(int(CLOUD.timestamp())),
        "createDate": f"{CLOUD:%Y-%m-%d-%H-%M-%S}",
        "prefixes": [{"ip_prefix": prefix, **_assigned(region)} for prefix, region in ours],
        "ipv6_prefixes": [{"ipv6_prefix": _ELSEWHERE, **_assigned(_REGIONS["IE"])}],
    }
    path.write_text(json.dumps(ranges, indent=1) + "\n", encoding="utf-8")


def _assigned(region: str) -> dict[str, str]:
    return {"region": region, "service": "EC2", "network_border_group": region}


def write_geofeed(path: Path) -> None:
    """Write what the holders of some addresses say of them."""
    said = [(site.prefix, site.said.geofeed) for site in SITES.values() if site.said.geofeed]
    comment = "# synthetic sample: no evidence of anything"
    write_table(path, (comment,), [(prefix, country, "", "", "") for prefix, country in said])
