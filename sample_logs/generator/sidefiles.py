"""The side files: accounts and the operator's inventory."""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from .people import Account
from .places import ATTESTED_SITE, EDGE_NAMES, ON_PREMISES, ON_PREMISES_PREFIX, ON_PREMISES_UNTIL, SITES
from .values import utc

_ACCOUNTS = ("account_id", "home_region", "from", "until", "country", "label_cloud")
_INVENTORY = ("prefix", "site", "name", "country", "role", "from", "until", "attested_by", "basis", "kind")

_BY = "relays@operator.example"
_LAST_YEAR, _OPENED = utc(2019, 1, 1), utc(2020, 2, 1)

InventoryLine = tuple[str, str, str, str, str, datetime, datetime | None, str, str, str]

_LINES: tuple[InventoryLine, ...] = (
    (SITES["SJ-1"].prefix, "SJ-1", "", "US", "", _LAST_YEAR, None, _BY, "contract", "relay"),
    (SITES["FRA-1"].prefix, "", "", "DE", "", _LAST_YEAR, None, _BY, "site_visit", "relay"),
    (SITES["FRA-2"].prefix, "FRA-2", "", "DE", "", _LAST_YEAR, None, _BY, "provider_statement", "relay"),
    (SITES["BJ-1"].prefix, "BJ-1", "", "CN", "keys", _OPENED, utc(2020, 4, 3), _BY, "contract", "relay"),
    (SITES["TJ-1"].prefix, "", "", "CN", "", _OPENED, None, _BY, "traceroute", "relay"),
    (SITES["EDGE-2"].prefix, "EDGE-2", "", "DE NL", "", _LAST_YEAR, None, _BY, "contract", "relay"),
    (
        ON_PREMISES_PREFIX,
        ON_PREMISES,
        "",
        "CA",
        "",
        _LAST_YEAR,
        ON_PREMISES_UNTIL,
        _BY,
        "site_visit",
        "relay",
    ),
    ("", ATTESTED_SITE, "", "LU", "", _LAST_YEAR, None, _BY, "contract", "site"),
    ("", "", f"*.{EDGE_NAMES}", "NL", "", _LAST_YEAR, None, _BY, "contract", "relay"),
    (SITES["HKG-2"].prefix, "HKG-2", "", "HK", "", _LAST_YEAR, None, _BY, "contract", "relay"),
    (SITES["VIE-1"].prefix, "VIE-1", "", "AT", "", _LAST_YEAR, None, _BY, "provider_statement", "relay"),
    (SITES["STO-1"].prefix, "STO-1", "", "SE", "", _LAST_YEAR, None, _BY, "site_visit", "relay"),
)


def write_accounts(path: Path, accounts: Iterable[Account]) -> None:
    """Write a row for each line of each account; an account without lines is missing."""
    rows = [
        (
            account.id,
            line.home_region,
            written(line.since),
            written(line.until),
            line.country or "",
            line.cloud,
        )
        for account in sorted(accounts, key=lambda account: account.id)
        for line in account.lines
    ]
    write_table(path, _ACCOUNTS, rows)


def write_inventory(path: Path) -> None:
    """Write what the operator attests of some of its relays."""
    rows = [tuple(value if isinstance(value, str) else written(value) for value in line) for line in _LINES]
    write_table(path, _INVENTORY, rows)


def written(at: datetime | None) -> str:
    """Write an instant; no end is nothing."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
