import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from auditor.errors import SourceError
from auditor.sources.interface import Log, Piece
from auditor.sources.lines import Limits
from auditor.sources.mapping import CANONICAL
from auditor.sources.parquet import ParquetSource

Reader = Callable[..., Any]
Written = Callable[..., Path]
START = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = "2026-03-01T00:00:00.000000Z"


def saved(folder: Path, columns: dict[str, Any], name: str = "a.parquet") -> Path:
    pl.DataFrame(columns).write_parquet(folder / name)
    return folder / name


def test_typed_and_text_columns_give_the_same_connections(read: Reader, tmp_path: Path) -> None:
    typed = {
        "started_at": [START],
        "ended_at": [START + timedelta(minutes=1)],
        "role": pl.Series(["media"], dtype=pl.Categorical),
        "relay_port": pl.Series([443], dtype=pl.UInt16),
        "bytes": [2**53 + 1],
        "attempt": [2.0],
        "use_proved": [False],
        "call_id": [7],
    }
    text = {
        "started_at": [TEXT],
        "ended_at": ["2026-03-01T00:01:00Z"],
        "role": ["media"],
        "relay_port": ["443"],
        "bytes": [str(2**53 + 1)],
        "attempt": ["2"],
        "use_proved": ["false"],
        "call_id": ["7"],
    }
    one, other = read(saved(tmp_path, typed, "t.parquet")), read(saved(tmp_path, text, "x.parquet"))
    assert one.unread == other.unread == []
    assert one.connections.drop("source_file").equals(other.connections.drop("source_file"))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_timestamps_of_every_unit_are_read_in_utc(read: Reader, tmp_path: Path, unit: Any) -> None:  # noqa: ANN401  a literal of polars
    berlin = pl.Series([START]).dt.cast_time_unit(unit).dt.convert_time_zone("Europe/Berlin")
    assert read(saved(tmp_path, {"started_at": berlin})).connections["started_at"].to_list() == [START]


def test_a_timestamp_beyond_the_calendar_is_unreadable_and_one_without_zone_has_none(
    read: Reader, tmp_path: Path
) -> None:
    absurd = pl.Series([2**62, 0, None]).cast(pl.Datetime("ms", "UTC"))
    found = read(saved(tmp_path, {"started_at": absurd, "call_id": ["a", "b", "c"]}))
    column = "started_at"
    assert found.reasons == [(1, "unreadable", column), (2, "out_of_range", column), (3, "missing", column)]
    assert json.loads(found.rejects["excerpt"][0]) == {"started_at": 2**62, "call_id": "a"}
    assert json.loads(found.rejects["excerpt"][2]) == {"started_at": None, "call_id": "c"}
    naive = read(saved(tmp_path, {"started_at": pl.Series([datetime(2026, 3, 1)])}, "n.parquet"))  # noqa: DTZ001  the point
    assert naive.reasons == [(1, "no_zone", column)]


def test_lists_and_bytes_that_are_no_text_are_unread(read: Reader, tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        {
            "started_at": [START] * 2,
            "call_id": [[1], None],
            "account_id": [b"\xff", b"a"],
            "attempt": [-1, 1],
        },
    )
    found = read(path)
    assert found.connections.select("call_id", "account_id", "attempt").rows() == [
        (None, None, None),
        (None, "a", 1),
    ]
    assert [(column, reason, count) for column, reason, count, _, _ in found.unread] == [
        ("account_id", "unreadable", 1),
        ("attempt", "unreadable", 1),
        ("call_id", "unreadable", 1),
    ]


def test_whole_numbers_that_became_floats_beside_a_null_are_the_same_ids(
    read: Reader, written: Written, tmp_path: Path
) -> None:
    ids = [7.0, None, 2.5, float("nan"), float("inf"), -0.0, 1e20, 1e300]
    path = saved(
        tmp_path,
        {
            "started_at": [START] * 8,
            "account_id": ids,
            "call_id": pl.Series(ids, dtype=pl.Float32, strict=False),
            "session_id": ids,
            "participant_id": ids,
        },
    )
    found = read(path)
    expected = ["7", None, "2.5", None, None, "0", "100000000000000000000", "1e+300"]
    for name in ("account_id", "session_id", "participant_id"):
        assert found.connections[name].to_list() == expected
    assert found.connections["call_id"].to_list()[:5] == expected[:5]
    assert ("account_id", "unreadable", 2, 4) in [row[:4] for row in found.unread]
    mapping = written(
        "m.yaml",
        "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: parquet}\n"
        "fields:\n  started_at: {from: s, time: typed}\n"
        "  account_id: {from: [a, b], map: {'7': t-7}, unmapped: keep}\n",
    )
    mixed = saved(tmp_path, {"s": [START] * 2, "a": [7.0, None], "b": ["x", "y"]}, "mixed.parquet")
    assert read(mixed, mapping).connections["account_id"].to_list() == ["t-7", "y"]


def test_addresses_that_are_lists_or_no_text_are_kept_as_what_stands_there(
    read: Reader, tmp_path: Path
) -> None:
    path = saved(
        tmp_path,
        {
            "started_at": [START] * 2,
            "relay_ip": [["192.0.2.1"], None],
            "relay_site": [{"dc": "}"}, None],
            "client_ip": [b"\xff\x00", b"192.0.2.9"],
        },
    )
    found = read(path)
    assert found.connections.select("relay_ip", "relay_site", "client_ip").rows() == [
        ('["192.0.2.1"]', '{"dc":"}"}', "\\xff00"),
        (None, None, "192.0.2.9"),
    ]
    assert [(column, reason, count) for column, reason, count, _, _ in found.unread] == [
        ("client_ip", "unreadable", 1),
        ("relay_ip", "unreadable", 1),
        ("relay_site", "unreadable", 1),
    ]


def test_pieces_and_batches_together_are_the_file(read: Reader, tmp_path: Path) -> None:
    rows = 1_000
    path = saved(
        tmp_path,
        {
            "started_at": [START] * rows,
            "call_id": [None if row % 7 else str(row) for row in range(rows)],
            "role": [""] * rows,
        },
    )
    whole = read(path)
    cut = read(path, limits=Limits(batch_rows=37), piece_bytes=path.stat().st_size // 3)
    assert len(cut.batches) > 20
    assert cut.connections.equals(whole.connections)
    assert cut.connections["record"].to_list() == list(range(1, rows + 1))
    assert cut.unread == whole.unread == [("role", "unmapped", rows, 1, None)]
    row = cut.connections.row(700, named=True)
    assert json.loads(cut.raw(row))["call_id"] == "700"
    with pytest.raises(SourceError, match="record 1001: is not there"):
        cut.source.raw_record(cut.log, record=1_001, byte_offset=None)


def test_an_empty_table_has_no_records(read: Reader, tmp_path: Path) -> None:
    assert read(saved(tmp_path, {"started_at": pl.Series([], dtype=pl.String)})).records == 0


def test_structs_are_descended_into(read: Reader, written: Written, tmp_path: Path) -> None:
    mapping = written(
        "m.yaml",
        "schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {format: parquet}\n"
        "fields: {started_at: {from: when.start, time: typed}, call_id: '\"a.b\"', attempt: when.n}\n",
    )
    path = saved(tmp_path, {"when": [{"start": START, "n": 2}], "a.b": ["c"]})
    assert read(path, mapping).connections.select("started_at", "call_id", "attempt").rows() == [
        (START, "c", 2)
    ]


@pytest.mark.parametrize(
    ("time", "column", "hint"),
    [("typed", [TEXT], "unit or form"), ("epoch_ms", [START], "say `time: typed`")],
)
def test_a_form_of_time_that_the_type_contradicts_is_a_fault(  # noqa: PLR0913, PLR0917  a table and its fixtures
    read: Reader, written: Written, tmp_path: Path, time: str, column: list[Any], hint: str
) -> None:
    mapping = written(
        "m.yaml",
        f"schema: auditor/mapping@1\nid: m\ntitle: t\ninput: {{format: parquet}}\n"
        f"fields: {{started_at: {{from: s, time: {time}}}}}\n",
    )
    with pytest.raises(SourceError, match=hint):
        read(saved(tmp_path, {"s": column}), mapping)


def test_a_broken_file_is_a_fault_wherever_it_is_broken(
    read: Reader, written: Written, tmp_path: Path
) -> None:
    content = saved(
        tmp_path, {"started_at": [START] * 50, "call_id": [str(row) for row in range(50)]}
    ).read_bytes()
    for broken in (
        b"",
        b"PAR1",
        content[:-1],
        content[: len(content) // 2],
        b"PAR1" + b"\xff" * 60 + content[64:],
    ):
        with pytest.raises(SourceError, match="is no whole Parquet file"):
            read(written("b.parquet", broken))


def test_fewer_rows_than_promised_are_a_fault_of_the_file(read: Reader, tmp_path: Path) -> None:
    found = read(saved(tmp_path, {"started_at": [START] * 3}))
    promised = Piece(found.log, 0, 4, 1)
    with pytest.raises(SourceError, match="3 rows can be read, of 4"):
        list(found.source.batches(promised))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("ended_at", pl.Series([timedelta(seconds=5), None])),
        ("bytes", pl.Series([timedelta(seconds=5), None])),
        ("call_id", pl.Series([{"a": b"\xff"}, None])),
        ("relay_ip", pl.Series([[b"\xff"], None])),
    ],
)
def test_a_column_of_an_odd_type_is_unreadable_and_no_crash(
    tmp_path: Path, column: str, values: pl.Series
) -> None:
    at = datetime(2020, 4, 5, 10, tzinfo=UTC)
    path = tmp_path / "odd.parquet"
    pl.DataFrame({"started_at": [at, at], column: values}).write_parquet(path)
    log = Log(str(path), "parquet", CANONICAL)
    plan = ParquetSource().plan(log, piece_bytes=1 << 20)
    (batch,) = ParquetSource().batches(plan.pieces[0])
    assert batch.connections.height == 2
    assert batch.unread.select("column", "reason", "count").rows() == [(column, "unreadable", 1)]
