"""Each format that comes with the program, on its sample: what is expected was thought out, not printed.

`expected.json` says what becomes of the files of a folder, read in the order of their names.
"""

import json
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from auditor.sources.registry import source_of
from tests.sources.samples import (
    EVERYTHING_KEPT,
    FORMATS,
    NAMES,
    SAMPLES,
    Whole,
    log_of,
    logs_of,
    read,
    told_of,
)

NOT_COMPARED = ("source_file", "byte_offset")


def whole(name: str) -> list[Whole]:
    return [read(log_of(path, FORMATS[name], told_of(name))) for path in logs_of(name)]


def found_in(logs: list[Whole]) -> dict[str, Any]:
    batches = [batch for one in logs for batch in one.batches]

    def total(frames: list[pl.DataFrame], *keys: str) -> list[dict[str, Any]]:
        return pl.concat(frames).group_by(keys).agg(pl.col("count").sum()).sort(keys).to_dicts()

    connections = pl.concat([one.connections for one in logs], how="diagonal").drop(NOT_COMPARED)
    instants = [pl.col(name).dt.to_string("iso:strict") for name in ("started_at", "ended_at")]
    rows = connections.with_columns(instants).to_dicts()
    rejects = pl.concat([batch.rejects for batch in batches])
    return {
        "connections": [{name: value for name, value in row.items() if value is not None} for row in rows],
        "records": sum(one.records for one in logs),
        "rejects": rejects.select("record", "reason", "column").to_dicts(),
        "not_connections": {
            row["reason"]: row["count"] for row in total([one.not_connections for one in batches], "reason")
        },
        "unread": total([batch.unread for batch in batches], "column", "reason"),
        "warnings": {row["text"]: row["count"] for row in total([one.warnings for one in batches], "text")},
    }


def as_iso(value: str) -> str:
    """Spell an instant in one way."""
    return str(pl.Series([value]).str.to_datetime(time_zone="UTC").dt.to_string("iso:strict").item())


def expected_of(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((SAMPLES / name / "expected.json").read_text(encoding="utf-8"))
    for row in expected["connections"]:
        row.update({column: as_iso(row[column]) for column in ("started_at", "ended_at") if column in row})
    return expected


@pytest.mark.parametrize("name", NAMES)
def test_a_format_makes_of_its_sample_what_is_expected(name: str) -> None:
    found, expected = found_in(whole(name)), expected_of(name)
    for part, value in expected.items():
        assert found[part] == value, part
    assert set(found) == set(expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_record_of_a_sample_is_accounted_for(name: str) -> None:
    logs = whole(name)
    assert all(log.adds_up for log in logs)
    assert any(log.connections.height for log in logs)


@pytest.mark.parametrize("name", NAMES)
def test_the_record_of_a_connection_can_be_shown(name: str) -> None:
    for one in whole(name):
        open_log = replace(one.log, told=replace(one.log.told, privacy=EVERYTHING_KEPT))
        for record, offset in one.connections.select("record", "byte_offset").iter_rows():
            assert source_of(open_log).raw_record(open_log, record=record, byte_offset=offset)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_that_is_cut_into_pieces_gives_the_same(name: str) -> None:
    for path in logs_of(name):
        log = log_of(path, FORMATS[name], told_of(name))
        at_once, cut = read(log), read(log, piece_bytes=200)
        assert cut.connections.to_dicts() == at_once.connections.to_dicts()
        assert cut.records == at_once.records
