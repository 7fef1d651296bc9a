"""Real databases and inventories, made small, in a folder of the test's own."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.geo.mmdb import Database, open_database
from tests.geo.world import AS_OF, INVENTORY, RECORDS

Records = Mapping[str, Any]
WriteDatabase = Callable[..., Path]
WriteInventory = Callable[..., Path]

HEADER = "prefix,site,name,country,role,from,until,attested_by,basis"


class Writer(MMDBWriter):
    """Writes a database of any date."""

    built_at: datetime

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(self.built_at.timestamp())}


@pytest.fixture
def write_database(tmp_path: Path) -> WriteDatabase:
    """Write records by prefix, shorter prefixes first: a later supernet erases its subnets."""

    def write(
        records: Records,
        *,
        name: str = "country.mmdb",
        database_type: str = "GeoIP2-Country",
        built_at: datetime = datetime(2020, 4, 1, tzinfo=UTC),
        ip_version: int = 6,
    ) -> Path:
        writer = Writer(
            ip_version=ip_version,
            database_type=database_type,
            description={"en": "made by a test"},
            ipv4_compatible=ip_version == 6,
        )
        writer.built_at = built_at
        for prefix in sorted(records, key=lambda prefix: IPNetwork(prefix).prefixlen):
            writer.insert_network(IPSet([prefix]), records[prefix])
        path = tmp_path / name
        writer.to_db_file(str(path))
        return path

    return write


@pytest.fixture
def write_inventory(tmp_path: Path) -> WriteInventory:
    """Write lines below the header."""

    def write(*lines: str, name: str = "inventory.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def database(write_database: WriteDatabase) -> Database:
    return open_database(write_database(RECORDS), None, AS_OF)


@pytest.fixture
def atlas_settings(database: Database, write_inventory: WriteInventory) -> AtlasSettings:
    return AtlasSettings((database,), load_inventory([write_inventory(*INVENTORY)]))


@pytest.fixture
def atlas(atlas_settings: AtlasSettings) -> Atlas:
    return Atlas(atlas_settings)
