"""Time audits under rules that need whole calls, beside one under the same rules without them.

    python benchmarks/whole_calls.py FOLDER --calls 10000000 [--only must-observe,share]

The log has so many calls of 1.2 connections each; one connection in ten is a fallback to a relay anywhere.
Each audit is a whole command, report included. It prints wall, CPU seconds and the peak memory of the process
tree, and their ratios to the audit under rules that judge each connection by itself.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from random import Random

import polars as pl
from make_logs import (
    COUNTRIES,
    EUROPE,
    MONTH,
    OTHERS,
    RELAYS,
    SLICE,
    START,
    World,
    account,
    drawn,
    write_accounts,
    write_database,
    write_parquet,
)

CONNECTIONS, CALLS = 6, 5
"""So many connections make so many calls: one call in five has two."""

PAGE = os.sysconf("SC_PAGESIZE")
HEAD = """\
schema: auditor/rule@1
id: {name}
version: 1.0.0
title: Something was promised
statement: What was promised
authority: [{{kind: promise, cite: invented}}]
severity: high
in_force: {{from: "2020-01-01T00:00:00Z"}}
tests:
  - name: before it was in force
    given: [{{id: c, role: media, relay: unknown, at: "2019-01-01T00:00:00Z"}}]
    expect: {{c: not_applicable}}
"""
FAR_COUNTRIES = frozenset(OTHERS.split()) - EUROPE
FAR = "[" + ", ".join(sorted(FAR_COUNTRIES)) + "]"
SERVED = "[" + ", ".join(sorted({*COUNTRIES} - {"CN"})) + "]"
FENCE = f"effect: fence\nscope: {{}}\nfence: {{forbid: {FAR}}}\n"
HALF = "{connections_per_call: 2, share_of_calls: {max: 0.5, per: account, over: day}}"
EXCEPTION = f"""\
exceptions:
  - {{id: congestion, why: calls go on, when: {{tier: [fallback]}}, allow: {FAR}, limits: LIMITS}}
"""
ADDED = {
    "none": None,
    "must-observe": "effect: never\nscope: {must_observe: [media]}\nnever: {in: [AQ]}\n",
    "require": f"effect: require\nscope: {{}}\nrequire: {{roles: [media, signaling, keys], in: {SERVED}}}\n",
    "call-limit": FENCE + EXCEPTION.replace("LIMITS", "{connections_per_call: 1, minutes_per_call: 30}"),
    "share": FENCE + EXCEPTION.replace("LIMITS", "{share_of_calls: {max: 0.05, per: account, over: day}}"),
    "must-observe-all": "effect: never\nscope: {must_observe: [recording]}\nnever: {in: [AQ]}\n",
    "share-all": "effect: fence\nscope: {}\nfence: {allow: [AQ]}\nexceptions:\n"
    f"  - {{id: served, why: calls go on, allow: {SERVED}, limits: {HALF}}}\n",
}
"""The rule of each audit beside a plain fence, which all have; in the last two, all there is is a finding."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: `peak_mib` is the most that its processes together held at once."""

    wall: float
    cpu: float
    peak_mib: float
    findings: int


def main() -> None:
    """Print a line for each audit."""
    parser = argparse.ArgumentParser(description="Time audits under rules that need whole calls.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--only", default=",".join(ADDED), help="of the audits; separated by commas")
    arguments = parser.parse_args()
    log = log_of(arguments.folder, arguments.calls)
    size = log.stat().st_size / 1e6
    print(f"{arguments.calls:,} calls, {size:,.0f} MB of Parquet, {os.cpu_count()} cores")
    print(f"{'':18} {'wall s':>8} {'CPU s':>8} {'wall x':>7} {'CPU x':>7} {'peak MiB':>9} {'findings':>11}")
    base: Measured | None = None
    for name in arguments.only.split(","):
        one = audited(log, name, arguments.folder)
        base = base or one
        ratios = f"{one.wall / base.wall:>7.1f} {one.cpu / base.cpu:>7.1f}"
        print(
            f"{name:18} {one.wall:>8.1f} {one.cpu:>8.1f} {ratios} {one.peak_mib:>9,.0f} {one.findings:>11,}",
            flush=True,
        )


# --- the log ------------------------------------------------------------------------------------------------


def log_of(folder: Path, calls: int) -> Path:
    """Write the log and what an audit of it needs, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"calls-{calls}.parquet"
    if not log.exists():
        world = World.drawn_by(Random(20_200_402))  # noqa: S311  invented data
        write_database(world, folder / "country.mmdb")
        write_accounts(world, folder / "accounts.csv")
        write_parquet(log, slices(calls * CONNECTIONS // CALLS, world))
    return log


def slices(count: int, world: World) -> Iterator[pl.DataFrame]:
    """Yield the connections in the order of time."""
    near, anywhere = relays_of(world)
    for start in range(0, count, SLICE):
        yield connections(start, min(count, start + SLICE), count, near, anywhere)


def relays_of(world: World) -> tuple[pl.Series, pl.Series]:
    """Give the relays to which primaries go, and all of them."""
    relays = pl.DataFrame(
        [
            (f"{IPv4Address((network << 8) + 7)}", country in FAR_COUNTRIES or country == "CN")
            for network, country in zip(world.networks[:RELAYS], world.countries[:RELAYS], strict=True)
        ],
        schema=["address", "is_far"],
        orient="row",
    )
    return relays.filter(~pl.col("is_far"))["address"], relays["address"]


def connections(start: int, stop: int, count: int, near: pl.Series, anywhere: pl.Series) -> pl.DataFrame:
    """Make one stretch of connections; a call has the account of its number, and an id as long as a UUID."""
    numbers = pl.int_range(start, stop, eager=True)
    calls = numbers * CALLS // CONNECTIONS
    began = numbers * (MONTH // count) + int(START.timestamp()) * 1_000_000
    is_second = numbers % CONNECTIONS == 1
    rare, fallback = drawn(start, stop, 1) % 100 == 0, drawn(start, stop, 2) % 10 == 0
    relay = drawn(start, stop, 3)
    return pl.DataFrame(
        {
            "number": calls,
            "is_second": is_second,
            "is_rare": rare,
            "is_fallback": fallback,
            "relay_ip": anywhere.gather(relay % RELAYS).zip_with(fallback, near.gather(relay % near.len())),
            "failed_primaries": drawn(start, stop, 4) % 3,
            "participant_id": (drawn(start, stop, 5) % max(count // 3, 1)).cast(pl.String),
            "started_at": began.cast(pl.Datetime("us", "UTC")),
            "ended_at": (began + (1 + drawn(start, stop, 6) % 3_600) * 1_000_000).cast(
                pl.Datetime("us", "UTC")
            ),
        }
    ).select(
        pl.format(
            "{}-{}",
            pl.col("number").hash(1).cast(pl.String).str.zfill(20),
            pl.col("number").cast(pl.String).str.zfill(15),
        ).alias("call_id"),
        pl.lit(HOSTS).gather(pl.col("number") * 7_919 % HOSTS.len()).alias("account_id"),
        "participant_id",
        role=pl.when(pl.col("is_second"))
        .then(pl.lit("keys"))
        .when("is_rare")
        .then(pl.lit("signaling"))
        .otherwise(pl.lit("media")),
        relay_ip="relay_ip",
        tier=pl.when("is_fallback").then(pl.lit("fallback")).otherwise(pl.lit("primary")),
        failed_primaries=pl.when("is_fallback").then("failed_primaries").otherwise(0),
        started_at="started_at",
        ended_at="ended_at",
    )


HOSTS = pl.Series([account(number) for number in range(2_000)])
"""So few accounts have calls that a share of a day is more than nothing."""


# --- the audits ---------------------------------------------------------------------------------------------


def audited(log: Path, name: str, folder: Path) -> Measured:
    """Run one audit as a command of its own, and look at what its processes hold while it runs."""
    rules = folder / "rules" / name
    shutil.rmtree(rules, ignore_errors=True)
    rules.mkdir(parents=True)
    for rule, body in {"plain-fence": FENCE, "whole-calls": ADDED[name]}.items():
        if body:
            (rules / f"{rule}.yaml").write_text(HEAD.format(name=rule) + body)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [
            *(sys.executable, "-m", "auditor", "audit", str(log), "--rules", str(rules)),
            *("--geo", str(folder / "country.mmdb"), "--accounts", str(folder / "accounts.csv")),
            *("--as-of", "2020-05-01T00:00:00Z", "--out", f"{out}/run", "--quiet"),
        ]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        peak = Peak(process.pid)
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        peak_mib = max(peak.stopped(), usage.ru_maxrss / 1024)
        found = Path(out) / "run" / "findings.parquet"
        if (
            not found.exists()
        ):  # exit code 1 is a violation, but also what Python ends with when it cannot start
            sys.exit(f"{name}: {process.stderr.read().decode() if process.stderr else ''}")
        findings = pl.scan_parquet(found).select(pl.len()).collect().item()
    return Measured(wall, usage.ru_utime + usage.ru_stime, peak_mib, findings)


class Peak:
    """Watches a process and all its descendants, twenty times a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stopped(self) -> float:
        """Stop, and give the most that was resident at once, in MiB; shared pages count each time."""
        self._over.set()
        self._thread.join()
        return self._most * PAGE / (1 << 20)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._most = max(self._most, sum(_resident_pages(pid) for pid in _family_of(self._pid)))


def _family_of(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family_of(int(child))


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0


if __name__ == "__main__":
    main()
