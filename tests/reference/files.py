"""Write a world and a log as the files that the product reads."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from tests.reference.ledger_files import write_ledger
from tests.reference.range_files import write_geofeed, write_range_list
from tests.reference.reading import COLUMNS, COUNTS, Raw
from tests.reference.world import DatabaseFile, Settings, World

NEVER_APPLIES = [
    {
        "name": "before the rule was in force nothing is in its scope",
        "given": [{"id": "early", "role": "media", "relay": "unknown", "at": "2000-01-01T00:00:00Z"}],
        "expect": {},
    }
]
FIRST_RECORD = {"csv": 2, "ndjson": 1, "parquet": 1}
"""The number of the first record after a CSV's header, which is a record too."""


@dataclass(frozen=True, slots=True)
class DatabaseText:
    """What a location database is made of: networks and their records, shorter prefixes first."""

    database_type: str
    built_at: datetime
    records: Mapping[str, dict[str, Any]]
    ip_version: int = 6
    opinion: str = "location"
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """Where everything lies, for the command line."""

    logs: tuple[Path, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def digests(self) -> dict[str, str]:
        """Give the SHA-256 digest of each log, by its format."""
        return {path.suffix[1:]: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.logs}

    @property
    def arguments(self) -> list[str]:
        """Name all that an audit reads, as the command line does."""
        return [*map(str, self.logs), *(word for option in self.options for word in option if word)]


class DatedWriter(MMDBWriter):
    """Writes a database with the build date of our choice."""

    built_at: datetime

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(self.built_at.timestamp())}


def write_database(text: DatabaseText, path: Path) -> DatabaseFile:
    """Write one database file."""
    writer = DatedWriter(
        ip_version=text.ip_version, database_type=text.database_type, ipv4_compatible=text.ip_version == 6
    )
    writer.built_at = text.built_at
    # A shorter prefix that is inserted later would erase the longer ones beneath it.
    for network in sorted(text.records, key=lambda network: int(network.rpartition("/")[2])):
        if text.ip_version == 6 or ":" not in network:
            writer.insert_network(IPSet([network]), text.records[network])
    writer.to_db_file(str(path))
    return DatabaseFile(path, text.database_type, text.built_at, text.opinion, text.vendor)


def geo_argument(file: DatabaseFile) -> str:
    """Name a database, and what its type does not tell of it."""
    if file.vendor is not None:
        return f"{file.opinion}@{file.vendor}:{file.path}"
    return str(file.path) if file.is_maxmind else f"{file.opinion}:{file.path}"


def write_world(
    world: World, databases: Sequence[DatabaseText], logs: Sequence[tuple[str, Sequence[Raw]]], folder: Path
) -> tuple[World, Files]:
    """Write everything beneath `folder`; the world that comes back knows where its databases lie."""
    written = tuple(
        write_database(text, folder / f"{number}.mmdb") for number, text in enumerate(databases, start=1)
    )
    for log_format, raws in logs:
        WRITERS[log_format](raws, folder / f"log.{log_format}")
    write_rules(world, folder / "rules")
    tables = {
        "--accounts": write_accounts(world, folder / "accounts.csv"),
        "--inventory": write_inventory(world, folder / "inventory.csv"),
        "--relay-lists": write_relay_lists(world, folder / "fallback.csv"),
        "--ledger": write_ledger(world.ledger, folder / "ledger"),
    }
    ranges = [write_range_list(one, folder / f"ranges-{n}") for n, one in enumerate(world.ranges)]
    feeds = [write_geofeed(feed, folder / f"feed-{n}") for n, feed in enumerate(world.geofeeds)]
    options = [
        ("--rules", str(folder / "rules")),
        *(("--geo", geo_argument(file)) for file in written),
        *((option, str(path)) for option, path in tables.items() if path is not None),
        *(("--cloud-ranges", str(path)) for path in ranges),
        *(("--geofeed", str(path)) for path in feeds),
        *options_of(world.settings),
    ]
    logs_written = tuple(folder / f"log.{log_format}" for log_format, _ in logs)
    return replace(world, databases=written), Files(logs_written, tuple(options))


def options_of(settings: Settings) -> list[tuple[str, str]]:
    """Say how evidence counts; what is usual is left out."""
    usual = Settings()
    options = [("--max-age-days", str(settings.max_age_days))]
    if settings.documentation_is_public:
        options.append(("--documentation-is-public", ""))
    if settings.min_confidence != usual.min_confidence:
        options.append(("--min-confidence", str(settings.min_confidence)))
    if settings.trust != usual.trust:
        options.append(("--trust", settings.trust))
    options += [("--nat64-prefix", prefix) for prefix in settings.nat64_prefixes]
    return options + [("--site-names", provider) for provider in settings.site_names]


def write_csv(raws: Sequence[Raw], path: Path) -> None:
    """Write a log as CSV; an empty field is null."""
    _write_table(path, COLUMNS, [[raw[column] for column in COLUMNS] for raw in raws])


def write_ndjson(raws: Sequence[Raw], path: Path) -> None:
    """Write a log as NDJSON: nulls left out, and a count as a number where it is one."""
    lines = [
        json.dumps(
            {
                key: int(value) if key in COUNTS and value.isdecimal() else value
                for key, value in raw.items()
                if value is not None
            }
        )
        for raw in raws
    ]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_parquet(raws: Sequence[Raw], path: Path) -> None:
    """Write a log as Parquet with columns of text."""
    pl.DataFrame([dict(raw) for raw in raws], schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(path)


WRITERS = {"csv": write_csv, "ndjson": write_ndjson, "parquet": write_parquet}


def write_accounts(world: World, path: Path) -> Path | None:
    """Write the accounts file, if there is anything in it."""
    rows = [[row.account_id, row.home_region, row.since, row.until, row.country] for row in world.accounts]
    return (
        _write_table(path, ["account_id", "home_region", "from", "until", "country"], rows) if rows else None
    )


def write_inventory(world: World, path: Path) -> Path | None:
    """Write the inventory, if there is anything in it."""
    header = ["prefix", "site", "name", "country", "role", "from", "until", "attested_by", "basis"]
    rows = [
        [
            *(row.prefix, row.site, row.name, " ".join(row.countries), row.role, row.since, row.until),
            *("noc@example.com", row.basis),
        ]
        for row in world.inventory
    ]
    return _write_table(path, header, rows) if rows else None


def write_relay_lists(world: World, path: Path) -> Path | None:
    """Write the relay list, if there is anything in it."""
    header = ["home_region", "tier", "role", "prefix", "site", "name", "participants", "from", "until"]
    rows = [
        [
            *(row.home_region, row.tier, row.role, row.prefix, row.site, row.name),
            *(" ".join(row.participants), row.since, row.until),
        ]
        for row in world.relay_lists
    ]
    return _write_table(path, header, rows) if rows else None


def write_rules(world: World, folder: Path) -> None:
    """Write a rules folder. JSON is YAML, and quotes every text."""
    groups = {
        "schema": "auditor/groups@1",
        "verified_on": "2026-10-01",
        "groups": {name: {"title": f"Group {name}", **group} for name, group in world.groups.items()},
    }
    if world.groups:
        _write_yaml(folder / "groups" / "all.yaml", groups)
    for rule in world.rules:
        _write_yaml(folder / f"{rule['id']}.yaml", FRAME_OF_A_RULE | rule)
    if world.windows:
        windows = [FRAME_OF_A_WINDOW | window for window in world.windows]
        _write_yaml(folder / "windows" / "all.yaml", {"schema": "auditor/windows@1", "windows": windows})
    for waiver in world.waivers:
        _write_yaml(folder / "waivers" / f"{waiver['id']}.yaml", FRAME_OF_A_WAIVER | waiver)


FRAME_OF_A_RULE = {
    "schema": "auditor/rule@1",
    "version": "1.0.0",
    "title": "A rule of a random world",
    "statement": "What was promised in a world that never was.",
    "authority": [{"kind": "promise", "cite": "nobody, never"}],
    "severity": "high",
    "tests": NEVER_APPLIES,
}
FRAME_OF_A_WINDOW = {"evidence": "an incident that never was", "declared_by": "noc@example.com"}
FRAME_OF_A_WAIVER = {
    "schema": "auditor/waiver@1",
    "reason": "what was decided in a world that never was",
    "ticket": "T-1",
    "requested_by": "one@example.com",
    "approved_by": "another@example.com",
}


def _write_yaml(path: Path, document: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, default=text_of, indent=1), encoding="utf-8")


def _write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([text_of(value) for value in row] for row in rows)
    return path


def text_of(value: Any) -> str | None:  # noqa: ANN401  whatever a field holds
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
