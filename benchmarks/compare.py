"""Time whole audits against named alternatives, in one run on one machine.

    python benchmarks/make_logs.py FOLDER --connections 10000000 --formats parquet,csv,ndjson
    python benchmarks/compare.py FOLDER [--runs 3]

For each log in FOLDER it runs, in turn: the whole audit; polars merely reading the columns that the audit
needs and summing their lengths, plus SHA-256 of the file; and a loop in Python that asks geoip2 for each row
of a part of the log, scaled up to the whole. It prints medians, ratios to the bare read, and peak memory.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOOP_ROWS = 100_000

BARE_READ = """
import hashlib, sys
import polars as pl
path = sys.argv[1]
columns = ["call_id", "account_id", "participant_id", "role"]
columns += ["relay_ip", "client_ip", "started_at", "ended_at"]
scans = {"parquet": pl.scan_parquet, "csv": pl.scan_csv, "ndjson": pl.scan_ndjson}
kind = path.rpartition(".")[2]
options = {} if kind == "parquet" else {"schema": dict.fromkeys(columns + ["bytes"], pl.String)}
rows = scans[kind](path, **options)
print(rows.select(pl.col(columns).cast(pl.String).str.len_bytes().sum()).collect(engine="streaming").row(0))
with open(path, "rb") as file:
    print(hashlib.file_digest(file, "sha256").hexdigest())
"""

LOOP = """
import sys
import geoip2.database, geoip2.errors
import polars as pl
path, database, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
kind = path.rpartition(".")[2]
scans = {"parquet": pl.scan_parquet, "csv": pl.scan_csv, "ndjson": pl.scan_ndjson}
rows = scans[kind](path).select("account_id", "relay_ip", "client_ip").head(count).collect()
reader, china = geoip2.database.Reader(database), 0
def country(address):
    try:
        return reader.country(address).country.iso_code
    except geoip2.errors.AddressNotFoundError:
        return None
for account, relay, client in rows.iter_rows():
    china += country(relay) == "CN" and country(client) != "CN"
print(china)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one command."""

    wall: float
    cpu: float
    peak_mib: float

    def scaled(self, factor: float) -> "Measured":
        """Stretch the times of a run over a part to the whole."""
        return Measured(self.wall * factor, self.cpu * factor, self.peak_mib)


def main() -> None:
    """Print a table for each log of the folder."""
    parser = argparse.ArgumentParser(description="Time whole audits against named alternatives.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for log in sorted(arguments.folder.glob("connections.*")):
        rows = rows_of(log)
        print(
            f"\n{log.name}: {rows:,} connections, {log.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores"
        )
        results = {
            "bare read and SHA-256": of_runs(arguments.runs, [sys.executable, "-c", BARE_READ, str(log)]),
            "auditor audit": of_runs(arguments.runs, audit_of(log)),
            f"geoip2 loop (from {min(rows, LOOP_ROWS):,} rows)": loop_over(log, rows),
        }
        print_table(results)


def of_runs(runs: int, command: Sequence[str]) -> Measured:
    """Run a command several times, and take the median of each figure."""
    measured = [run(command) for _ in range(runs)]
    return Measured(
        *(statistics.median(getattr(one, name) for one in measured) for name in Measured.__slots__)
    )


def run(command: Sequence[str]) -> Measured:
    """Run a command as a process of its own, and ask the system what it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1, 3, 4):
        sys.exit(
            f"{command[:3]} ended with {code}: {process.stderr.read().decode() if process.stderr else ''}"
        )
    return Measured(took, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def audit_of(log: Path) -> list[str]:
    """Spell the whole audit of a generated log, with all shipped rules."""
    out = Path(tempfile.mkdtemp()) / "run"
    return [
        *(sys.executable, "-m", "auditor", "audit", str(log), "--rules", "rules"),
        *("--geo", str(log.parent / "country.mmdb"), "--accounts", str(log.parent / "accounts.csv")),
        *("--as-of", "2020-05-01T00:00:00Z", "--out", str(out), "--overwrite", "--quiet"),
    ]


def loop_over(log: Path, rows: int) -> Measured:
    """Run the loop over a part, and scale it up."""
    part = min(rows, LOOP_ROWS)
    command = [sys.executable, "-c", LOOP, str(log), str(log.parent / "country.mmdb"), str(part)]
    return run(command).scaled(rows / part)


def rows_of(log: Path) -> int:
    """Count the connections of a generated log."""
    import polars as pl  # noqa: PLC0415  so that the processes measured do not share its memory

    if log.suffix == ".parquet":
        return int(pl.scan_parquet(log).select(pl.len()).collect().item())
    with log.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - (
            log.suffix == ".csv"
        )


def print_table(results: dict[str, Measured]) -> None:
    """Print the figures, with the first as the measure of the others."""
    (base, *_) = results.values()
    print(f"{'':32} {'wall s':>9} {'CPU s':>9} {'wall ratio':>10} {'CPU ratio':>10} {'peak MiB':>9}")
    for name, one in results.items():
        ratios = f"{one.wall / base.wall:>10.1f} {one.cpu / base.cpu:>10.1f}"
        print(f"{name:32} {one.wall:>9.2f} {one.cpu:>9.2f} {ratios} {one.peak_mib:>9,.0f}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
