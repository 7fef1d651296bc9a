"""Time audits with more evidence of location, beside one with a single database.

    python benchmarks/location.py FOLDER --connections 10000000 [--runs 3] [--only one,two]

The log has 1 million distinct client addresses, one in five IPv6, each spread over the whole log, and
5,000 distinct relays in any role. Each database has some 300,000 networks; the second is of another maker,
cuts one in three differently, and names a neighbour for 3 in 100. The inventory has 100,000 prefixes,
among them those of all relays, attested on some 1,500 different days: on each day of the log some of them
begin. Each audit is a whole command, all shipped rules and the report included. It prints wall, CPU seconds
and the peak memory of the process tree, and their ratios to the first in the same run: of medians where there
are several runs, which take turns.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
from compare import Measured
from make_logs import (
    ACCOUNTS,
    COUNTRIES,
    MONTH,
    ROLES,
    SLICE,
    START,
    Database,
    World,
    account,
    dotted,
    drawn,
    region_of,
    write_accounts,
    write_parquet,
)
from netaddr import IPNetwork, IPSet
from whole_calls import Peak

RELAYS, CLIENTS, NETWORKS6 = 5_000, 1_000_000, 10_000
FIRST, LAST = 0x0B00_0000, 0x63FF_FFFF
LENGTHS = (18, 19, 20, 20, 21, 22, 23, 24)
LINES, DAYS, HOLDERS = 100_000, 1_500, ("US", "NL", "GB")
HEADER = "prefix,site,name,country,role,from,until,attested_by,basis,transfer_basis,kind"
NEIGHBOUR = dict(itertools.pairwise([*dict.fromkeys(COUNTRIES), COUNTRIES[0]]))
"""Where makers disagree, they do so over a few pairs of countries."""
ATTESTED_ROLES = ("", "", "", "", "", "", "", "media", "signaling", "keys")

ONE = ("--geo", "maxmind.mmdb")
TWO = (*ONE, "--geo", "second.mmdb")
AUDITS: dict[str, tuple[str, ...]] = {
    "one database": ONE,
    "two databases": TWO,
    "two databases, inventory": (*TWO, "--inventory", "inventory.csv"),
}
"""What each audit is told of location; files lie in the folder."""


@dataclass(frozen=True, slots=True)
class Network:
    """An IPv4 network by its first address, and the country in which it truly lies."""

    first: int
    length: int
    country: str

    def __str__(self) -> str:
        return f"{IPv4Address(self.first)}/{self.length}"


def main() -> None:
    """Print a line for each audit."""
    parser = argparse.ArgumentParser(description="Time audits with more evidence of location.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", default=",".join(str(place) for place in range(len(AUDITS))))
    arguments = parser.parse_args()
    names = [list(AUDITS)[int(place)] for place in arguments.only.split(",")]
    log = log_of(arguments.folder, arguments.connections)
    size = log.stat().st_size / 1e6
    print(f"{arguments.connections:,} connections, {size:,.0f} MB of Parquet, {os.cpu_count()} cores")
    print(f"{'':36} {'wall s':>8} {'CPU s':>8} {'wall x':>7} {'CPU x':>7} {'peak MiB':>9}")
    turns = [[audited(log, name) for name in names] for _ in range(arguments.runs)]
    base, *_ = whole = [median(one) for one in zip(*turns, strict=True)]
    for name, one in zip(names, whole, strict=True):
        ratios = f"{one.wall / base.wall:>7.2f} {one.cpu / base.cpu:>7.2f}"
        print(f"{name:36} {one.wall:>8.1f} {one.cpu:>8.1f} {ratios} {one.peak_mib:>9,.0f}")


def median(measured: Sequence[Measured]) -> Measured:
    """Take the median of each figure."""
    return Measured(
        *(statistics.median(getattr(one, name) for one in measured) for name in Measured.__slots__)
    )


# --- the world ----------------------------------------------------------------------------------------------


def log_of(folder: Path, count: int) -> Path:
    """Write the log and what an audit of it needs, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"connections-{count}.parquet"
    random = Random(20_200_402)  # noqa: S311  invented data
    networks = networks_drawn(random)
    relays = relays_of(networks, random)
    if not (folder / "inventory.csv").exists():
        write_database(folder / "maxmind.mmdb", "GeoIP2-Country", networks, random)
        write_database(
            folder / "second.mmdb", "DBIP-Country-Lite", list(told_again(networks, random)), random
        )
        write_inventory(folder / "inventory.csv", networks, relays, random)
    if not log.exists():
        world = World([], [], [region_of(random.choice(COUNTRIES)) for _ in range(ACCOUNTS)])
        write_accounts(world, folder / "accounts.csv")
        write_parquet(log, slices(count, world, relays))
    return log


def networks_drawn(random: Random) -> list[Network]:
    """Cut the invented space into networks of any size, leaving gaps, in order."""
    networks, first = [], FIRST
    while first <= LAST:
        length = random.choice(LENGTHS)
        while first % (1 << (32 - length)):
            length += 1
        if random.random() < 0.95:  # noqa: PLR2004  the share that is in use
            networks.append(Network(first, length, random.choice(COUNTRIES)))
        first += 1 << (32 - length)
    return networks


def told_again(networks: Sequence[Network], random: Random) -> Iterator[Network]:
    """Let another maker tell of the same networks: one in three in halves, 3 in 100 elsewhere."""
    for network in networks:
        country = NEIGHBOUR[network.country] if random.random() < 0.03 else network.country  # noqa: PLR2004
        half = network.length + (random.random() < 1 / 3)
        for first in range(network.first, network.first + (1 << (32 - network.length)), 1 << (32 - half)):
            yield Network(first, half, country)


def relays_of(networks: Sequence[Network], random: Random) -> list[Network]:
    """Choose relays, each one address of a network of its own, sorted by the region that they serve."""
    chosen = random.sample(networks, RELAYS)
    relays = [Network(network.first + 7, 32, network.country) for network in chosen]
    return sorted(relays, key=lambda relay: (region_of(relay.country), relay.first))


def write_database(path: Path, database_type: str, networks: Sequence[Network], random: Random) -> None:
    """Give each network its country, and one in ten a holder elsewhere."""
    writer = Database(ip_version=6, database_type=database_type, ipv4_compatible=True, description="invented")
    for network in networks:
        writer.insert_network(IPSet([IPNetwork(str(network))]), record_of(network.country, random))
    for number in range(NETWORKS6):
        country = COUNTRIES[number % len(COUNTRIES)]
        writer.insert_network(IPSet([IPNetwork(f"2600:{number}::/32")]), record_of(country, random))
    writer.to_db_file(str(path))


def record_of(country: str, random: Random) -> dict[str, Any]:
    """Write a record as MaxMind and DB-IP do."""
    holder = random.choice(HOLDERS) if random.random() < 0.1 else country  # noqa: PLR2004
    names = {language: f"{country} in {language}" for language in ("de", "en", "es", "fr", "ja", "pt-BR")}
    return {
        "continent": {"code": "EU", "names": names},
        "country": {"iso_code": country, "names": names},
        "registered_country": {"iso_code": holder, "names": {**names, "holder": holder}},
    }


def write_inventory(
    path: Path, networks: Sequence[Network], relays: Sequence[Network], random: Random
) -> None:
    """Attest the /28 around each relay, and other networks up to the number of lines."""
    around = [Network(relay.first - relay.first % 16, 28, relay.country) for relay in relays]
    taken = {network.first for network in around}
    others = [network for network in networks if network.first not in taken]
    chosen = [*around, *random.sample(others, LINES - RELAYS)]
    random.shuffle(chosen)
    lines = [line_of(network, random) for network in chosen]
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")


def line_of(network: Network, random: Random) -> str:
    """Write a line that holds since one of many days up to the end of the log, or later ended."""
    since = START + timedelta(days=30 - random.randrange(DAYS))
    until = f"{since + timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}" if random.random() < 0.02 else ""  # noqa: PLR2004
    role = random.choice(ATTESTED_ROLES)
    return (
        f"{network},,,{network.country},{role},{since:%Y-%m-%dT%H:%M:%SZ},{until},"
        "noc@example.com,contract,,relay"
    )


def slices(count: int, world: World, relays: Sequence[Network]) -> Iterator[pl.DataFrame]:
    """Yield the connections in the order of time; no more than a slice is in memory."""
    addresses = pl.DataFrame(
        {
            "region": [region_of(relay.country) for relay in relays],
            "relay_ip": [str(IPv4Address(relay.first)) for relay in relays],
        }
    )
    of_region = addresses.with_row_index().group_by("region").agg(first=pl.col("index").min(), size=pl.len())
    accounts = pl.DataFrame(
        {"account_id": [account(number) for number in range(ACCOUNTS)], "region": world.regions}
    ).join(of_region, on="region", how="left", maintain_order="left")
    clients = client_addresses()
    for start in range(0, count, SLICE):
        yield connections(start, min(count, start + SLICE), count, accounts, addresses["relay_ip"], clients)


def client_addresses() -> pl.Series:
    """Write the addresses of all clients."""
    number = pl.int_range(0, CLIENTS, eager=True)
    spread = FIRST + drawn(0, CLIENTS, 10) % (LAST - FIRST)
    # numbers below 10,000 are written alike in decimal and as a group of IPv6
    groups = pl.DataFrame({str(seed): drawn(0, CLIENTS, seed) % NETWORKS6 for seed in (11, 12, 13)})
    six = groups.select(pl.format("2600:{}:{}::{}", *groups.columns)).to_series()
    return dotted(spread).zip_with(number % 5 > 0, six)


def connections(  # noqa: PLR0913, PLR0917  plain data in, plain data out
    start: int, stop: int, count: int, accounts: pl.DataFrame, relays: pl.Series, clients: pl.Series
) -> pl.DataFrame:
    """Make the connections of one stretch of numbers: 99 in 100 by a relay of the account's own region."""
    numbers = pl.int_range(start, stop, eager=True)
    began = numbers * (MONTH // count) + int(START.timestamp()) * 1_000_000
    hosts = accounts[numbers // 4 * 7_919 % ACCOUNTS]
    at_home = hosts["first"].cast(pl.Int64) + drawn(start, stop, 5) % hosts["size"].cast(pl.Int64)
    relay = at_home.zip_with(drawn(start, stop, 1) % 100 > 0, drawn(start, stop, 2) % RELAYS)
    client = drawn(start, stop, 4) % CLIENTS
    return pl.DataFrame(
        {
            "call_id": (numbers // 4).cast(pl.String),
            "account_id": hosts["account_id"],
            "participant_id": client.cast(pl.String),
            "role": pl.Series(ROLES).gather(numbers % len(ROLES)),
            "relay_ip": relays.gather(relay),
            "client_ip": clients.gather(client),
            "started_at": began.cast(pl.Datetime("us", "UTC")),
            "ended_at": (began + (1 + drawn(start, stop, 3) % 3_600) * 1_000_000).cast(
                pl.Datetime("us", "UTC")
            ),
            "bytes": 1_000 + drawn(start, stop, 8) % 100_000_000,
        }
    )


# --- the audits ---------------------------------------------------------------------------------------------


def audited(log: Path, name: str) -> Measured:
    """Run one audit as a command of its own, and look at what its processes hold while it runs."""
    folder = log.parent
    told = [str(folder / word) if (folder / word).is_file() else word for word in AUDITS[name]]
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [
            *(sys.executable, "-m", "auditor", "audit", str(log), "--rules", "rules", *told),
            *("--accounts", str(folder / "accounts.csv")),
            *("--as-of", "2020-05-01T00:00:00Z", "--out", f"{out}/run", "--quiet"),
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        peak = Peak(process.pid)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        peak_mib = max(peak.stopped(), usage.ru_maxrss / 1024)
        if not (
            Path(out) / "run" / "manifest.json"
        ).exists():  # a crash of Python ends with 1, like a violation
            sys.exit(f"{name}: {process.stderr.read().decode() if process.stderr else ''}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak_mib)


if __name__ == "__main__":
    main()
