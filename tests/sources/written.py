"""Logs that a test writes, read as one of the formats that come with the program."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from auditor.sources.circumstances import Circumstances
from tests.sources.samples import FORMATS, KEY, Whole, log_of, read


def what_becomes(name: str, path: Path, text: str) -> Whole:
    path.write_text(text, encoding="utf-8")
    return read(log_of(path, FORMATS[name], Circumstances(privacy_key=KEY)))


def of_json(name: str, folder: Path, document: object, file: str = "log.json") -> Whole:
    return what_becomes(name, folder / file, json.dumps(document))


def of_lines(name: str, folder: Path, *events: object) -> Whole:
    return what_becomes(name, folder / "log.jsonl", "".join(f"{json.dumps(event)}\n" for event in events))


def of_row(name: str, folder: Path, header: list[str], **values: str) -> Whole:
    row = ",".join(values.get(column.replace(" ", "_"), "") for column in header)
    return what_becomes(name, folder / "log.csv", f"{','.join(header)}\n{row}\n")


def rows(log: Whole, *columns: str) -> list[tuple[Any, ...]]:
    return log.connections.select(pl.col(columns).cast(pl.String)).rows()


def rejects(log: Whole) -> list[tuple[Any, ...]]:
    return [row for batch in log.batches for row in batch.rejects.select("reason", "column").iter_rows()]


def aside(log: Whole) -> dict[str, int]:
    return {
        reason: count for batch in log.batches for _, reason, count, _ in batch.not_connections.iter_rows()
    }


def warnings(log: Whole) -> str:
    return "\n".join(text for batch in log.batches for text in batch.warnings["text"])
