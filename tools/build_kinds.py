"""Compile `special_addresses.csv` into `kind4.mmdb` and `kind6.mmdb`, which decide what an address is.

    python tools/build_kinds.py [FOLDER]     (FOLDER: where the two files go; else beside the table)

IPv4 and IPv6 apart, because in one tree ::/96 *is* IPv4.
"""

import csv
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

TABLE = Path(__file__).parent.parent / "auditor" / "geo" / "special_addresses.csv"
BUILD_EPOCH = 1795478400  # 24 November 2026, when the table was checked: the same bytes on every day
DATABASE_TYPE = "auditor-kinds"

Network = IPv4Network | IPv6Network


class Writer(MMDBWriter):
    """Writes the same bytes on every day."""

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": BUILD_EPOCH}


def kinds_of(table: Path) -> list[tuple[Network, str]]:
    """Read the table, shorter prefixes first: the writer lets a later supernet erase its subnets."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = [(ip_network(row["prefix"]), row["kind"]) for row in csv.DictReader(file)]
    return sorted(rows, key=lambda row: row[0].prefixlen)


def build(table: Path, folder: Path) -> None:
    """Write both files into `folder`."""
    kinds = kinds_of(table)
    for version in (4, 6):
        writer = Writer(
            ip_version=version, database_type=DATABASE_TYPE, description={"en": "Kinds of IP addresses"}
        )
        for network, kind in kinds:
            if network.version == version:
                for part in _without_zero(network):
                    writer.insert_network(IPSet([str(part)]), {"kind": kind})
        writer.to_db_file(str(folder / f"kind{version}.mmdb"))


def _without_zero(network: Network) -> list[Network]:
    """Halve what holds everything: the format has no record at the root of its tree."""
    return list(network.subnets(1)) if network.prefixlen == 0 else [network]


if __name__ == "__main__":
    build(TABLE, Path(sys.argv[1]) if len(sys.argv) > 1 else TABLE.parent)
