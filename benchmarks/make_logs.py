"""Generate a large log, its accounts and a location database.

    python benchmarks/make_logs.py FOLDER --connections 10000000 [--formats parquet,csv,ndjson]

The shape is that of a month of a large provider: 4,000 relays in some 60 countries, 50,000 accounts, calls
of four connections, 99 in 100 of them over a relay of the account's own region, the others over any.
Addresses are drawn from invented networks and mean nothing. The same arguments give the same files, as long
as polars hashes numbers as it does now.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from mmdb_writer import MMDBWriter
from netaddr import IPNetwork, IPSet

RELAYS, ACCOUNTS, NETWORKS = 4_000, 50_000, 20_000
FIRST_NETWORK, LAST_NETWORK = 0x0B_00_00, 0x63_FF_FF
START = datetime(2020, 4, 1, tzinfo=UTC)
MONTH = 30 * 86_400 * 1_000_000
SLICE = 2_000_000
COMMON = "US US US US US US DE DE DE FR GB NL NL IE SE PL ES IT CA CA AU AU IN IN JP JP SG BR ZA CN"
OTHERS = "AT BE BG CH CZ DK EE FI GR HR HU LT LU LV NO PT RO RS RU SI SK TR UA IL AE KR TW HK MX AR"
COUNTRIES = f"{COMMON} {OTHERS}".split()
EUROPE = frozenset(
    [
        "DE",
        "FR",
        "NL",
        "IE",
        "SE",
        "PL",
        "ES",
        "IT",
        "AT",
        "BE",
        "BG",
        "CH",
        "CZ",
        "DK",
        "EE",
        "FI",
        "GR",
        "HR",
        "HU",
        "LT",
        "LU",
        "LV",
        "NO",
        "PT",
        "RO",
        "SI",
        "SK",
    ]
)
REGIONS = {"US": "US", "CA": "CA", "AU": "AU", "IN": "IN", "JP": "JP", "CN": "CN"}
ROLES = ("media", "media", "signaling", "keys")


class Database(MMDBWriter):  # type: ignore[misc]  # published without types
    """Carries a fixed build date, so that the same networks give the same file."""

    def _build_meta(self) -> dict[str, Any]:
        return {**super()._build_meta(), "build_epoch": int(START.timestamp())}


def main() -> None:
    """Write everything that an audit of the generated log needs."""
    parser = argparse.ArgumentParser(description="Generate a large log, its accounts and a database.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--formats", default="parquet", help="of parquet, csv, ndjson; separated by commas")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    world = World.drawn_by(Random(20_200_402))  # noqa: S311  invented data
    write_database(world, folder / "country.mmdb")
    write_accounts(world, folder / "accounts.csv")
    for name in arguments.formats.split(","):
        path = folder / f"connections.{name}"
        WRITERS[name](path, slices(arguments.connections, world))
        print(f"{path}: {path.stat().st_size / 1e6:,.0f} MB")


@dataclass(frozen=True, slots=True)
class World:
    """Networks with their countries, and the region of each account; networks are numbers of /24s."""

    networks: list[int]
    countries: list[str]
    regions: list[str]

    @classmethod
    def drawn_by(cls, random: Random) -> "World":
        """Draw a world."""
        networks = random.sample(range(FIRST_NETWORK, LAST_NETWORK), NETWORKS)
        countries = random.choices(COUNTRIES, k=NETWORKS)
        return cls(networks, countries, [region_of(random.choice(COUNTRIES)) for _ in range(ACCOUNTS)])

    def relays_by_region(self) -> pl.DataFrame:
        """Give the first relays, sorted by region; each is one address of its own network."""
        rows = [
            (region_of(country), f"{IPv4Address((network << 8) + 7)}")
            for network, country in zip(self.networks[:RELAYS], self.countries[:RELAYS], strict=True)
        ]
        return pl.DataFrame(sorted(rows), schema=["region", "relay_ip"], orient="row")


def region_of(country: str) -> str:
    """Name the region that serves a country."""
    return REGIONS.get(country, "EU" if country in EUROPE else "elsewhere")


def account(number: int) -> str:
    """Name an account."""
    return f"a-{number:05}"


def write_database(world: World, path: Path) -> None:
    """Give each network its country."""
    writer = Database(
        ip_version=6, database_type="GeoIP2-Country", ipv4_compatible=True, description="invented"
    )
    for network, country in zip(world.networks, world.countries, strict=True):
        writer.insert_network(
            IPSet([IPNetwork(f"{IPv4Address(network << 8)}/24")]), {"country": {"iso_code": country}}
        )
    writer.to_db_file(str(path))


def write_accounts(world: World, path: Path) -> None:
    """Give each account a home region for all time."""
    names = [account(number) for number in range(ACCOUNTS)]
    pl.DataFrame({"account_id": names, "home_region": world.regions, "from": "", "until": ""}).write_csv(path)


def slices(count: int, world: World) -> Iterator[pl.DataFrame]:
    """Yield the connections in the order of time; no more than a slice is in memory."""
    relays = world.relays_by_region()
    of_region = relays.with_row_index().group_by("region").agg(first=pl.col("index").min(), size=pl.len())
    accounts = pl.DataFrame(
        {"account_id": [account(number) for number in range(ACCOUNTS)], "region": world.regions}
    ).join(of_region, on="region", how="left", maintain_order="left")
    for start in range(0, count, SLICE):
        yield connections(start, min(count, start + SLICE), count, accounts, relays["relay_ip"], world)


def connections(  # noqa: PLR0913, PLR0917  plain data in, plain data out
    start: int, stop: int, count: int, accounts: pl.DataFrame, relays: pl.Series, world: World
) -> pl.DataFrame:
    """Make the connections of one stretch of numbers."""
    numbers = pl.int_range(start, stop, eager=True)
    began = numbers * (MONTH // count) + int(START.timestamp()) * 1_000_000
    hosts = accounts[numbers // 4 * 7_919 % ACCOUNTS]
    at_home = hosts["first"].cast(pl.Int64) + drawn(start, stop, 5) % hosts["size"].cast(pl.Int64)
    anywhere = drawn(start, stop, 2) % RELAYS
    networks = pl.Series(world.networks, dtype=pl.Int64).gather(drawn(start, stop, 6) % NETWORKS)
    return pl.DataFrame(
        {
            "call_id": (numbers // 4).cast(pl.String),
            "account_id": hosts["account_id"],
            "participant_id": (drawn(start, stop, 4) % max(count // 3, 1)).cast(pl.String),
            "role": pl.Series(ROLES).gather(numbers % len(ROLES)),
            "relay_ip": relays.gather(at_home.zip_with(drawn(start, stop, 1) % 100 > 0, anywhere)),
            "client_ip": dotted(networks * 256 + drawn(start, stop, 7) % 256),
            "started_at": began.cast(pl.Datetime("us", "UTC")),
            "ended_at": (began + (1 + drawn(start, stop, 3) % 3_600) * 1_000_000).cast(
                pl.Datetime("us", "UTC")
            ),
            "bytes": 1_000 + drawn(start, stop, 8) % 100_000_000,
        }
    )


def drawn(start: int, stop: int, seed: int) -> pl.Series:
    """Draw a number for each of a range, the same each time."""
    hashed: pl.Series = pl.int_range(start, stop, eager=True).hash(seed)
    return (hashed // 4).cast(pl.Int64)


def dotted(addresses: pl.Series) -> pl.Series:
    """Write numbers as IPv4 addresses."""
    octets = pl.DataFrame({str(place): addresses // 256**place % 256 for place in (3, 2, 1, 0)})
    return octets.select(pl.format("{}.{}.{}.{}", *octets.columns)).to_series()


def write_parquet(path: Path, rows: Iterator[pl.DataFrame]) -> None:
    """Write row groups as a log store would."""
    parts = []
    for number, part_rows in enumerate(rows):
        part = path.with_suffix(f".{number:05}.part")
        part_rows.write_parquet(part)
        parts.append(part)
    pl.scan_parquet(parts).sink_parquet(path, row_group_size=250_000, maintain_order=True)
    for part in parts:
        part.unlink()


def write_csv(path: Path, rows: Iterator[pl.DataFrame]) -> None:
    """Write instants as RFC 3339."""
    with path.open("wb") as file:
        for number, part in enumerate(rows):
            part.write_csv(file, include_header=number == 0, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")


def write_ndjson(path: Path, rows: Iterator[pl.DataFrame]) -> None:
    """Write instants as RFC 3339."""
    instants = pl.col("started_at", "ended_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    with path.open("wb") as file:
        for part in rows:
            part.with_columns(instants).write_ndjson(file)


WRITERS: dict[str, Callable[[Path, Iterator[pl.DataFrame]], None]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "ndjson": write_ndjson,
}

if __name__ == "__main__":
    main()
