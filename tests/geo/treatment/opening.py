"""Write sources as the files that the product reads, make an atlas of them, and ask it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.candidates import Trust
from auditor.geo.databases import open_databases
from auditor.geo.inventory import load_inventory
from auditor.geo.ledger.ledger import open_ledger
from auditor.geo.ranges.files import open_cloud_ranges, open_geofeeds
from auditor.geo.translation import prefixes_of
from auditor.model import CLIENT_UNIT, RELAY_UNIT, Role
from tests.geo.treatment.cases import CALL, Sources
from tests.reference.files import geo_argument, write_database, write_inventory
from tests.reference.ledger_files import write_ledger
from tests.reference.range_files import write_geofeed, write_range_list
from tests.reference.world import World

AS_OF = datetime(2021, 1, 1, tzinfo=UTC)


def atlas_of(sources: Sources, folder: Path) -> Atlas:
    """Write the sources into an empty folder, and open them."""
    databases = [
        geo_argument(write_database(text, folder / f"{number}.mmdb"))
        for number, text in enumerate(sources.databases)
    ]
    inventory = write_inventory(World((), inventory=sources.inventory), folder / "inventory.csv")
    ledger = write_ledger(sources.ledger, folder / "ledger")
    ranges = [str(write_range_list(one, folder / f"ranges-{n}")) for n, one in enumerate(sources.ranges)]
    feeds = [str(write_geofeed(one, folder / f"feed-{n}")) for n, one in enumerate(sources.geofeeds)]
    settings = sources.settings
    return Atlas(
        AtlasSettings(
            databases=open_databases(databases, {}, AS_OF, location_needed=False) if databases else (),
            inventory=load_inventory([inventory]) if inventory else None,
            ranges=(*open_cloud_ranges(ranges, AS_OF), *open_geofeeds(feeds, AS_OF)),
            ledger=open_ledger(str(ledger), AS_OF) if ledger else None,
            max_age_days=settings.max_age_days,
            min_confidence=settings.min_confidence,
            trust=Trust(settings.trust),
            site_names=settings.site_names,
            nat64=prefixes_of(settings.nat64_prefixes),
            documentation_is_public=settings.documentation_is_public,
        )
    )


def located(atlas: Atlas, columns: dict[str, Any]) -> dict[str, Any]:
    """Locate one relay or, where a client's columns are given, one participant, at `started_at`."""
    return all_located(atlas, [columns], columns.get("started_at", CALL))[0]


def all_located(atlas: Atlas, rows: Sequence[Mapping[str, Any]], at: datetime = CALL) -> list[dict[str, Any]]:
    """Locate relays or, where clients' columns are given, participants, at one instant; in their order."""
    period = atlas_period(atlas, at)
    is_client = "client_ip" in rows[0]
    schema = dict(CLIENT_UNIT if is_client else RELAY_UNIT)
    whole = [{"role": Role.MEDIA, **row, "location_period": period} for row in rows]
    units = pl.DataFrame([{name: row.get(name) for name in schema} for row in whole], schema=schema)
    found = atlas.locate_clients(units) if is_client else atlas.locate_relays(units)
    return found.rows(named=True)


def atlas_period(atlas: Atlas, at: datetime) -> int:
    """Number the location period in which an instant lies."""
    return int(pl.DataFrame({"at": [at]}).select(atlas.period_of(pl.col("at"))).item())
