"""Time reading of whole logs of several formats, and audits of them, against named alternatives in one run.

    python benchmarks/formats.py FOLDER --connections 1000000 [--runs 3] [--only zeek,coturn]

The same invented connections (see make_logs.py) are written as CSV, NDJSON and Parquet with our own columns,
as Zeek's conn.log, and as the log of a coturn server: five lines for each of its sessions, in the order of
time. What is not in FOLDER yet is written first. For each log it runs, in turn, each as a process of its own:
polars merely reading what is wanted (of coturn's log: the lines) and SHA-256 of the file; a loop in Python,
line by line with the usual module, over a part and scaled up to the whole; auditor reading the log into
connections; and the whole audit with all shipped rules. It prints medians, throughput, ratios of CPU seconds
to the first, and the peak memory of the process tree.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import polars as pl
from compare import Measured
from make_formats import write_coturn, write_zeek
from make_logs import (
    RELAYS,
    World,
    slices,
    write_accounts,
    write_csv,
    write_database,
    write_ndjson,
    write_parquet,
)
from whole_calls import Peak

LOOP_ROWS = 200_000
INVENTORY_HEAD = "prefix,site,name,country,role,from,until,attested_by,basis,kind\n"
READ = """
import sys
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from auditor.sources.circumstances import Circumstances, RelayNetwork
from auditor.sources.discover import log_of
from auditor.sources.interface import Log
from auditor.sources.registry import Kind, format_named, source_of
path, name, inventory = sys.argv[1:4]
lines = Path(inventory).read_text().splitlines()[1:]
since = datetime(2020, 1, 1, tzinfo=UTC)
networks = tuple(RelayNetwork(ip_network(line.partition(",")[0]), since, None) for line in lines)
found = format_named(name, "")
form = found.name if found.kind is Kind.READER else found.mapping.input.format
told = Circumstances(relay_networks=networks)
log = log_of(path, None) if found.kind is Kind.COLUMNS else Log(path, form, found.mapping, told)
source = source_of(log)
records = connections = 0
for piece in source.plan(log, piece_bytes=64 << 20).pieces:
    for batch in source.batches(piece):
        records, connections = records + batch.records, connections + batch.connections.height
print(records, connections)
"""

BARE = """
import hashlib, sys
import polars as pl
path, kind = sys.argv[1:3]
own = ["call_id", "account_id", "participant_id", "role", "relay_ip", "client_ip"]
own += ["started_at", "ended_at", "bytes"]
flow = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration"]
flow += ["conn_state", "orig_ip_bytes", "resp_ip_bytes"]
if kind == "parquet":
    rows, columns = pl.scan_parquet(path), own
elif kind == "coturn":
    rows, columns = pl.scan_lines(path, name="line"), ["line"]
elif kind == "zeek":
    with open(path) as file:
        names = [line.split()[1:] for line in (next(file) for _ in range(6)) if line.startswith("#fields")][0]
    options = {"separator": "\\t", "comment_prefix": "#", "has_header": False, "quote_char": None}
    rows, columns = pl.scan_csv(path, schema=dict.fromkeys(names, pl.String), **options), flow
else:
    scan = pl.scan_csv if kind == "csv" else pl.scan_ndjson
    rows, columns = scan(path, schema=dict.fromkeys(own, pl.String)), own
print(rows.select(pl.col(columns).cast(pl.String).str.len_bytes().sum()).collect(engine="streaming").row(0))
with open(path, "rb") as file:
    print(hashlib.file_digest(file, "sha256").hexdigest())
"""

LOOP = """
import csv, itertools, json, re, sys
from datetime import UTC, datetime, timedelta
path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
found = 0
if kind == "parquet":
    import polars as pl
    for row in pl.scan_parquet(path).head(count).collect().iter_rows(named=True):
        found += row["ended_at"] > row["started_at"]
elif kind in ("csv", "ndjson"):
    with open(path, newline="") as file:
        rows = csv.DictReader(file) if kind == "csv" else map(json.loads, file)
        for row in itertools.islice(rows, count):
            found += datetime.fromisoformat(row["ended_at"]) > datetime.fromisoformat(row["started_at"])
elif kind == "zeek":
    with open(path) as file:
        for line in itertools.islice(file, count):
            if line.startswith("#fields"):
                names = line.split()[1:]
            elif not line.startswith("#"):
                row = dict(zip(names, line.rstrip("\\n").split("\\t"), strict=True))
                began = datetime.fromtimestamp(float(row["ts"]), UTC)
                found += began + timedelta(seconds=float(row["duration"])) > began
else:
    of_session = re.compile(r"(\\S+?)\\(\\d+\\): INFO: session (\\d+): (new|usage|peer usage|closed)(.*)")
    used = re.compile(r"rb=(\\d+), sp=\\d+, sb=(\\d+)")
    ends = re.compile(r"local (\\S+), remote (\\S+),")
    open_sessions = {}
    with open(path) as file:
        for line in itertools.islice(file, count):
            time, session, what, rest = of_session.match(line).groups()
            if what == "new":
                open_sessions[session] = [datetime.fromisoformat(time), 0]
            elif session in open_sessions and what == "usage":
                open_sessions[session][1] += sum(map(int, used.search(rest).groups()))
            elif session in open_sessions and what == "closed":
                began, _ = open_sessions.pop(session)
                found += datetime.fromisoformat(time) >= began and len(ends.search(rest).groups()) == 2
print(found)
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One log: what makes it, and what `auditor` calls its format."""

    file: str
    format: str
    write: Callable[[Path, Iterator[pl.DataFrame]], None]


def main() -> None:
    """Print a table for each format."""
    parser = argparse.ArgumentParser(description="Time reading and audits of logs of several formats.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(CASES), help="formats, separated by commas")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    world = World.drawn_by(Random(20_200_402))  # noqa: S311  invented data
    write_beside(folder, world)
    for kind in arguments.only.split(","):
        case, log = CASES[kind], folder / CASES[kind].file
        if not log.exists():
            case.write(log, slices(arguments.connections, world))
        rows, size = records_in(log), log.stat().st_size / 1e6
        print(f"\n{log.name}: {rows:,} records, {size:,.0f} MB, {os.cpu_count()} cores")
        turns = [measured(log, kind, case, rows) for _ in range(arguments.runs)]
        print_table({name: median([turn[name] for turn in turns]) for name in turns[0]}, rows, size)


def measured(log: Path, kind: str, case: Case, rows: int) -> dict[str, Measured]:
    """Run everything once over one log."""
    inventory, part = str(log.parent / "inventory.csv"), min(rows, LOOP_ROWS)
    python = [sys.executable, "-c"]
    return {
        "polars reading, and SHA-256": run([*python, BARE, str(log), kind]),
        f"Python loop (from {part:,})": run([*python, LOOP, str(log), kind, str(part)]).scaled(rows / part),
        "auditor reading": run([*python, READ, str(log), case.format, inventory]),
        "auditor audit": audited(log, case.format),
    }


def run(command: Sequence[str]) -> Measured:
    """Run a command as a process of its own, and look at what its processes hold while it runs."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = Peak(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    most = peak.stopped()  # ru_maxrss counts what this process held when it was forked
    if os.waitstatus_to_exitcode(status) not in (0, 1, 3, 4):
        sys.exit(f"{command[:3]}: {process.stderr.read().decode() if process.stderr else ''}")
    return Measured(took, usage.ru_utime + usage.ru_stime, most)


def audited(log: Path, name: str) -> Measured:
    """Run the whole audit."""
    folder = log.parent
    with tempfile.TemporaryDirectory(dir=folder) as out:
        found = run(
            [
                *(sys.executable, "-m", "auditor", "audit", str(log), "--format", name, "--rules", "rules"),
                *("--geo", str(folder / "country.mmdb"), "--accounts", str(folder / "accounts.csv")),
                *("--inventory", str(folder / "inventory.csv"), "--as-of", "2020-05-01T00:00:00Z"),
                *("--out", f"{out}/run", "--quiet"),
            ]
        )
        if not (
            Path(out) / "run" / "manifest.json"
        ).exists():  # a crash of Python ends with 1, like a violation
            sys.exit(f"the audit of {log.name} has left no run")
    return found


def median(measured: Sequence[Measured]) -> Measured:
    """Take the median of each figure."""
    return Measured(
        *(statistics.median(getattr(one, name) for one in measured) for name in Measured.__slots__)
    )


def print_table(results: Mapping[str, Measured], rows: int, size: float) -> None:
    """Print the figures; ratios are to the first."""
    (base, *_) = results.values()
    print(
        f"{'':32} {'wall s':>8} {'CPU s':>8} {'MB/s':>7} {'records/s':>11} {'CPU ratio':>10} {'peak MiB':>9}"
    )
    for name, one in results.items():
        speed = f"{size / one.wall:>7,.0f} {rows / one.wall:>11,.0f}"
        ratio = f"{one.cpu / base.cpu:>10.1f}"
        print(f"{name:32} {one.wall:>8.2f} {one.cpu:>8.2f} {speed} {ratio} {one.peak_mib:>9,.0f}")


def records_in(log: Path) -> int:
    """Count the records of a log: rows, or lines without those of a header."""
    if log.suffix == ".parquet":
        return int(pl.scan_parquet(log).select(pl.len()).collect().item())
    with log.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def write_beside(folder: Path, world: World) -> None:
    """Write the database, the accounts, and an inventory with the networks of all relays."""
    if not (folder / "country.mmdb").exists():
        write_database(world, folder / "country.mmdb")
    write_accounts(world, folder / "accounts.csv")
    relays = world.relays_by_region()["relay_ip"]
    since = "2020-01-01T00:00:00Z"
    home = dict(zip(world.networks[:RELAYS], world.countries[:RELAYS], strict=True))
    lines = (
        f"{relay}/32,,,{home[network_of(relay)]},,{since},,network team,contract,relay\n" for relay in relays
    )
    (folder / "inventory.csv").write_text(INVENTORY_HEAD + "".join(lines), encoding="utf-8")


def network_of(address: str) -> int:
    """Give the number by which the world knows the /24 of an address."""
    first, second, third, _ = (int(octet) for octet in address.split("."))
    return (first << 16) + (second << 8) + third


CASES: dict[str, Case] = {
    "csv": Case("connections.csv", "canonical", write_csv),
    "ndjson": Case("connections.ndjson", "canonical", write_ndjson),
    "parquet": Case("connections.parquet", "canonical", write_parquet),
    "zeek": Case("conn.log", "zeek-conn", write_zeek),
    "coturn": Case("turnserver.log", "coturn", write_coturn),
}

if __name__ == "__main__":
    main()
