"""The samples of all formats, and how they are read."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import polars as pl

from auditor.sources.circumstances import Circumstances, RelayNetwork
from auditor.sources.interface import Batch, Log
from auditor.sources.language import Privacy
from auditor.sources.registry import Format, all_formats, source_of

SAMPLES = Path(__file__).parents[2] / "sample_logs" / "formats"
BESIDE = ("expected.json", "told.json", "inventory.csv")
KEY = bytes(32)
FORMATS = {one.name: one for one in all_formats() if one.name != "canonical"}
NAMES = sorted(FORMATS)
WHOLE = 1 << 30
EVERYTHING_KEPT: tuple[tuple[str, Privacy], ...] = tuple(
    (column, "keep") for column in ("call_id", "session_id", "account_id", "participant_id", "client_ip")
)


@dataclass(frozen=True)
class Whole:
    """What became of a log."""

    log: Log
    batches: list[Batch]

    @property
    def records(self) -> int:
        return sum(batch.records for batch in self.batches)

    @property
    def connections(self) -> pl.DataFrame:
        return pl.concat([batch.connections for batch in self.batches], how="diagonal")

    @property
    def adds_up(self) -> bool:
        return all(
            batch.records
            == batch.connection_records + batch.rejects.height + int(batch.not_connections["count"].sum())
            for batch in self.batches
        )


def logs_of(name: str) -> list[Path]:
    """List the logs of a format's sample."""
    return sorted(path for path in (SAMPLES / name).iterdir() if path.name not in BESIDE)


def told_of(name: str) -> Circumstances:
    """Say what a user must tell beside these logs: `told.json` has the keyword arguments.

    The networks of relays are those of the inventory.
    """
    path = SAMPLES / name / "told.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if "server_start" in told:
        told["server_start"] = datetime.fromisoformat(told["server_start"])
    if "public_addresses" in told:
        told["public_addresses"] = tuple(tuple(pair) for pair in told["public_addresses"])
    return Circumstances(privacy_key=KEY, relay_networks=tuple(_networks(SAMPLES / name)), **told)


def _networks(folder: Path) -> Iterator[RelayNetwork]:
    if not (folder / "inventory.csv").exists():
        return
    with (folder / "inventory.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["prefix"] and line["kind"] == "relay":
                until = datetime.fromisoformat(line["until"]) if line["until"] else None
                yield RelayNetwork(ip_network(line["prefix"]), datetime.fromisoformat(line["from"]), until)


def log_of(path: Path, format_: Format, told: Circumstances) -> Log:
    """Say how a file is read as a format."""
    form = format_.mapping.input.format if format_.mapping.parts else format_.name
    return Log(str(path), form, format_.mapping, told)


def read(log: Log, *, piece_bytes: int = WHOLE) -> Whole:
    """Read a log as an audit does: plan, then each piece. Raises SourceError."""
    source = source_of(log)
    pieces = source.plan(log, piece_bytes=piece_bytes).pieces
    return Whole(log, [batch for piece in pieces for batch in source.batches(piece)])
