"""Ledgers made small, at any time: what databases said of relays, recorded by the real recorder."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from auditor.errors import GeoError
from auditor.geo.files import identity_of
from auditor.geo.ledger.chain import CHAIN, Link, name_of
from auditor.geo.ledger.keeping import Added, keep_ledger
from auditor.geo.ledger.ledger import open_ledger
from auditor.geo.ledger.recorded import RECORDED
from auditor.model import cast_to

BEGUN = datetime(2026, 1, 1, 6, 30, tzinfo=UTC)
LATER = BEGUN + timedelta(days=3650)
DAY = timedelta(days=1)
SHA256 = "0123456789abcdef" * 4


def answer(address: str = "1.1.1.1", country: str | None = "DE", **more: Any) -> dict[str, Any]:  # noqa: ANN401  a row's columns
    """Give one row of a recording, without its time; the edition is a day old where `build` is left out."""
    return {
        "address": address,
        "prefix": "1.1.0.0/16",
        "opinion": "location",
        "source": "GeoIP2-Country",
        "maker": "MaxMind",
        "source_sha256": SHA256,
        "country": country,
        "anycast": False,
        **more,
    }


def table(answers: Iterable[dict[str, Any]], observed_at: datetime) -> pl.DataFrame:
    rows = [{"build": observed_at - DAY, **one, "observed_at": observed_at} for one in answers]
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    return cast_to(pl.DataFrame(columns), RECORDED)


def record_at(folder: Path, observed_at: datetime, *answers: dict[str, Any]) -> Added:
    with keep_ledger(folder) as ledger:
        return ledger.add(table(answers or (answer(),), observed_at), observed_at)


def record_days(folder: Path, days: int) -> Path:
    """Record once a day."""
    for day in range(days):
        record_at(folder, BEGUN + day * DAY, answer(country=["DE", "FR"][day % 2]))
    return folder


def forge(folder: Path, recordings: Iterable[tuple[datetime, Iterable[dict[str, Any]]]]) -> Path:
    """Write a ledger as a recorder would, without waiting for the disk."""
    folder.mkdir()
    links = []
    for observed_at, answers in recordings:
        path = folder / name_of(observed_at)
        table(answers, observed_at).write_parquet(path)
        links.append((path.name, identity_of(path).sha256))
    write_lines(folder, relinked(links))
    return folder


def lines_of(folder: Path) -> list[bytes]:
    return (folder / CHAIN).read_bytes().splitlines(keepends=True)


def write_lines(folder: Path, lines: Iterable[bytes]) -> None:
    (folder / CHAIN).write_bytes(b"".join(lines))


def relinked(links: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """Write a chain anew over files and their digests, as whoever forges one can."""
    before: Link | None = None
    for file, sha256 in links:
        before = Link(file, sha256, before.digest if before else None)
        yield before.line


def faults_of(folder: Path, head: str | None = None) -> list[str]:
    """Give what is wrong with a ledger, as the user reads it; nothing where it is intact."""
    try:
        open_ledger(str(folder), LATER, head=head)
    except GeoError as error:
        return [str(fault).replace(f"{folder}/", "") for fault in error.faults]
    return []
