"""A small world to locate in: one database, one inventory, and how to ask about one relay."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from auditor.geo.atlas import Atlas
from auditor.model import CLIENT_UNIT, RELAY_UNIT, Role

BUILT = datetime(2020, 4, 1, tzinfo=UTC)
AS_OF = datetime(2020, 12, 1, tzinfo=UTC)
FRESH, STALE = BUILT, BUILT + timedelta(days=100)
RECORDS = {
    "1.1.0.0/16": {"country": {"iso_code": "US"}, "registered_country": {"iso_code": "CN"}},
    "1.2.0.0/16": {"country": {"iso_code": "CN"}},
    "1.3.0.0/16": {"traits": {"is_anycast": True}},
    "1.4.0.0/16": {"continent": {"code": "EU"}},
    "192.0.2.0/24": {"country": {"iso_code": "JP"}},
    "2a00::/16": {"country": {"iso_code": "DE"}},
}
INVENTORY = (
    "10.0.0.0/8,FRA-1,,DE,,2020-01-01T00:00:00Z,,noc@example.com,contract",
    "192.88.99.0/24,,,FR,,2020-01-01T00:00:00Z,,noc@example.com,contract",
    "1.2.3.0/24,,,DE,,2020-01-01T00:00:00Z,,noc@example.com,site_visit",
    ",,turn.example.com,SE,,2020-01-01T00:00:00Z,2020-07-01T00:00:00Z,noc@example.com,contract",
)


def number_of(atlas: Atlas, at: datetime) -> int:
    frame = pl.DataFrame({"at": [at]})
    return int(frame.select(atlas.period_of(pl.col("at"))).item())


def relay_units(atlas: Atlas, relays: Sequence[dict[str, Any]], at: datetime = FRESH) -> pl.DataFrame:
    period = number_of(atlas, at)
    rows = [{"role": Role.MEDIA, "location_period": period, **relay} for relay in relays]
    return pl.DataFrame(rows, schema=dict(RELAY_UNIT))


def located(atlas: Atlas, at: datetime = FRESH, **relay: Any) -> dict[str, Any]:  # noqa: ANN401  a unit's columns
    return atlas.locate_relays(relay_units(atlas, [relay], at)).row(0, named=True)


def participant(
    atlas: Atlas, ip: str | None, declared: str | None = None, at: datetime = FRESH
) -> tuple[Any, ...]:
    units = pl.DataFrame([(ip, declared, number_of(atlas, at))], schema=dict(CLIENT_UNIT), orient="row")
    return atlas.locate_clients(units).select("key", "reasons", "hints").row(0)


RELAYS: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"relay_ip": "1.1.1.1"}, "US", ["single_source"]),
    ({"relay_ip": "::ffff:1.1.1.1"}, "US", ["single_source"]),
    ({"relay_ip": "64:ff9b::1.1.1.1"}, "US", ["single_source"]),
    ({"relay_ip": "64:ff9b::10.1.1.1"}, "*", ["embedded_not_public"]),
    ({"relay_ip": "2A00::1"}, "DE", ["single_source"]),
    ({"relay_ip": "1.1.1.1", "relay_country_declared": "US"}, "US", ["agreed"]),
    ({"relay_ip": "1.1.1.1", "relay_country_declared": "DE"}, "DE US", ["contested"]),
    ({"relay_ip": "1.1.1.1", "relay_country_declared": "UK"}, "US", ["single_source"]),
    ({"relay_ip": "1.2.3.4"}, "CN DE", ["contested"]),
    ({"relay_ip": "64:ff9b::1.2.3.4"}, "CN DE", ["contested"]),
    ({"relay_ip": "1.1.1.1", "relay_site": "FRA-1"}, "DE US", ["contested"]),
    ({"relay_ip": "1.3.1.1"}, "*", ["anycast"]),
    ({"relay_ip": "1.3.1.1", "relay_country_declared": "US"}, "*", ["anycast"]),
    ({"relay_ip": "1.3.1.1", "relay_site": "fra-1"}, "DE", ["single_source"]),
    ({"relay_ip": "192.88.99.1"}, "FR", ["single_source"]),
    ({"relay_ip": "192.31.196.1"}, "*", ["anycast"]),
    ({"relay_ip": "1.4.1.1"}, "*", ["continent_only"]),
    ({"relay_ip": "9.9.9.9"}, "*", ["no_record"]),
    ({"relay_ip": "10.1.1.1", "relay_site": "FRA-1"}, "DE", ["single_source"]),
    ({"relay_ip": "10.1.1.1", "relay_site": "SJC-1"}, "*", ["private_relay"]),
    ({"relay_ip": "192.168.1.1"}, "*", ["private_relay"]),
    ({"relay_ip": "192.0.2.1"}, "*", ["not_public"]),
    ({"relay_ip": "255.255.255.255"}, "*", ["not_public"]),
    ({"relay_ip": "2002:101:101::1"}, "*", ["tunnel"]),
    ({"relay_ip": "2001::1"}, "*", ["tunnel"]),
    ({"relay_ip": "64:ff9b:1::1"}, "*", ["nat64_prefix_unknown"]),
    ({"relay_ip": "1.2.3..."}, "*", ["masked"]),
    ({"relay_ip": "garbage"}, "*", ["unparsable"]),
    ({"relay_ip": "turn.example.com"}, "SE", ["single_source"]),
    ({"relay_ip": "other.example.com"}, "*", ["hostname_only"]),
    ({"relay_name": "TURN.example.com."}, "SE", ["single_source"]),
    ({"relay_name": "other.example.com"}, "*", ["hostname_only"]),
    ({"relay_name": "other.example.com", "relay_site": "SJC-1"}, "*", ["hostname_only", "unknown_site"]),
    ({"relay_ip": "turn.example.com", "relay_name": "turn.example.com"}, "SE", ["single_source"]),
    ({"relay_site": " fra-1"}, "DE", ["single_source"]),
    ({"relay_site": "SJC-1"}, "*", ["unknown_site"]),
    ({"relay_country_declared": "DE"}, "DE", ["declared_only"]),
    ({"relay_country_declared": "EU"}, "*", ["no_relay_address", "not_a_country"]),
    ({}, "*", ["no_relay_address"]),
]
