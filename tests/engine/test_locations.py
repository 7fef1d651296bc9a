from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from auditor.engine.locations import location_rows, nothing_in_time
from auditor.geo.atlas import Atlas, AtlasSettings
from auditor.geo.databases import open_databases
from auditor.model import INSTANT, LOCATION, RELAY_UNIT
from tests.engine.conftest import AS_OF


def atlas(world: Path) -> Atlas:
    return Atlas(AtlasSettings(open_databases([str(world / "country.mmdb")], {}, AS_OF), None))


def units(atlas: Atlas, *relays: str | None, at: str = "2020-04-10") -> pl.DataFrame:
    rows = pl.DataFrame(
        [
            {"relay_ip": relay, "role": "media", "connections": 10**place}
            for place, relay in enumerate(relays)
        ],
        schema={**RELAY_UNIT, "connections": pl.Int64},
    )
    start = pl.lit(datetime.fromisoformat(at).replace(tzinfo=UTC), dtype=INSTANT)
    return rows.with_columns(at=start).with_columns(location_period=atlas.period_of(pl.col("at"))).drop("at")


def test_an_address_that_is_written_in_several_ways_is_one_row(world: Path) -> None:
    opened = atlas(world)
    written = units(opened, "11.0.3.1", "::ffff:11.0.3.1", "::FFFF:0b00:0301", "2A00:1::5", "2a00:1:0::5")
    rows = location_rows(opened, written)
    assert rows.schema == pl.Schema(LOCATION)
    assert rows.select("address", "as_written", "connections", "candidates").rows() == [
        ("11.0.3.1", ["11.0.3.1", "::FFFF:0b00:0301", "::ffff:11.0.3.1"], 111, ["CN"]),
        ("2a00:1::5", ["2A00:1::5", "2a00:1:0::5"], 11_000, ["CN"]),
    ]


def test_what_is_no_address_stays_a_row_of_its_own(world: Path) -> None:
    opened = atlas(world)
    rows = location_rows(opened, units(opened, "x.x.x.x", None, "11.0.1.1"))
    assert rows.select("address", "as_written", "connections", "candidates").rows() == [
        ("11.0.1.1", ["11.0.1.1"], 100, ["US"]),
        (None, [], 10, None),
        (None, ["x.x.x.x"], 1, None),
    ]


def test_nothing_is_in_time_only_if_no_relay_has_a_place_and_age_is_why(world: Path) -> None:
    opened = atlas(world)
    late = units(opened, "11.0.1.1", at="2020-09-01")
    assert nothing_in_time(opened, late)
    assert nothing_in_time(opened, pl.concat([late, units(opened, "10.0.0.1")]))
    assert not nothing_in_time(opened, pl.concat([late, units(opened, "11.0.1.1")]))
    assert not nothing_in_time(opened, units(opened, "10.0.0.1"))
