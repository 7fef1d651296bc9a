"""A relay whose role is not known may be wherever one of the roles puts it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.inventory import load_inventory
from auditor.model import RELAY_UNIT

HEADER = "prefix,site,name,country,role,from,until,attested_by,basis\n"
Locating = Callable[..., tuple[str, list[str]]]


@pytest.fixture
def locate(tmp_path: Path) -> Locating:
    """Locate the site X in a role, by inventory lines of (country, role)."""

    def located(role: str, *lines: tuple[str, str]) -> tuple[str, list[str]]:
        path = tmp_path / "inventory.csv"
        rows = [f",X,,{country},{role},2019-01-01T00:00:00Z,,noc,contract" for country, role in lines]
        path.write_text(HEADER + "\n".join(rows) + "\n")
        atlas = Atlas(AtlasSettings((), load_inventory([path])))
        at = (
            pl.DataFrame({"at": [datetime(2020, 4, 1, tzinfo=UTC)]})
            .select(atlas.period_of(pl.col("at")))
            .item()
        )
        unit = {"relay_site": "X", "role": role, "location_period": at}
        (row,) = atlas.locate_relays(pl.DataFrame([unit], schema=dict(RELAY_UNIT))).to_dicts()
        return row["key"], row["reasons"]

    return located


@pytest.mark.parametrize(
    ("role", "lines", "key", "reasons"),
    [
        ("unknown", [("DE", "")], "DE", ["single_source"]),
        ("unknown", [("DE", ""), ("CN", "keys")], "CN DE", ["role_unknown"]),
        ("unknown", [("DE", ""), ("DE", "keys")], "DE", ["single_source"]),
        ("unknown", [("CN", "keys")], "*", ["role_unknown", "unknown_site"]),
        ("keys", [("DE", ""), ("CN", "keys")], "CN", ["single_source"]),
        ("media", [("DE", ""), ("CN", "keys")], "DE", ["single_source"]),
    ],
)
def test_an_unknown_role_leaves_the_places_of_every_role_open(
    locate: Locating, role: str, lines: list[tuple[str, str]], key: str, reasons: list[str]
) -> None:
    assert locate(role, *lines) == (key, reasons)


def test_rows_and_order_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "inventory.csv"
    path.write_text(HEADER + ",X,,CN,keys,2019-01-01T00:00:00Z,,noc,contract\n")
    atlas = Atlas(AtlasSettings((), load_inventory([path])))
    roles = ["media", "unknown", "keys", "unknown", "media"]
    sites = ["X", "Y", "X", "X", None]
    units = pl.DataFrame(
        {"relay_site": sites, "role": roles, "location_period": [0] * 5},
        schema={name: RELAY_UNIT[name] for name in ("relay_site", "role", "location_period")},
    )
    whole = units.with_columns(
        pl.lit(None, dtype=pl.String).alias(name)
        for name in ("relay_ip", "relay_name", "relay_country_declared")
    ).select(*RELAY_UNIT)
    located = atlas.locate_relays(whole)
    assert located["relay_site"].to_list() == sites
    assert located["role"].to_list() == roles
