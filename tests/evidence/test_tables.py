from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from auditor.evidence.tables import scan_tables, write_table
from auditor.model import Schema

SCHEMA: Schema = {"number": pl.Int64, "text": pl.String, "list": pl.List(pl.String)}


def rows(count: int) -> pl.DataFrame:
    """Make more rows than one row group holds, in no order, with nulls and empty lists."""
    number = pl.int_range(count, dtype=pl.Int64)
    return pl.select(number=number * 7_919 % count).with_columns(
        text=pl.when(pl.col("number") % 3 != 0).then(pl.format("text {}", pl.col("number") % 1_000)),
        list=pl.when(pl.col("number") % 5 == 0)
        .then(pl.lit([], dtype=pl.List(pl.String)))
        .otherwise(pl.concat_list(pl.format("{}", pl.col("number") % 7))),
    )


def written(frame: pl.DataFrame | pl.LazyFrame, path: Path) -> bytes:
    write_table(frame, path)
    return path.read_bytes()


@pytest.mark.parametrize("count", [0, 1, 250_000])
def test_rows_are_written_in_their_order(tmp_path: Path, count: int) -> None:
    write_table(rows(count), tmp_path / "a.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "a.parquet"), rows(count))


@pytest.mark.parametrize("parts", [2, 7, 40])
def test_how_rows_were_put_together_is_invisible(tmp_path: Path, parts: int) -> None:
    whole = rows(250_000)
    size = -(-whole.height // parts)
    cut = [whole.slice(start, size) for start in range(0, whole.height, size)]
    expected = written(whole, tmp_path / "whole.parquet")
    assert written(pl.concat(cut, rechunk=False), tmp_path / "chunks.parquet") == expected
    paths = [tmp_path / f"part-{number:02}.parquet" for number in range(len(cut))]
    for path, part in zip(paths, cut, strict=True):
        part.write_parquet(path)
    assert written(scan_tables(paths, SCHEMA), tmp_path / "parts.parquet") == expected


def test_no_tables_are_an_empty_one() -> None:
    assert scan_tables([], SCHEMA).collect().schema == pl.Schema(SCHEMA)


def test_a_name_with_the_signs_of_a_glob_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a[1]*.parquet"
    write_table(rows(3), path)
    assert_frame_equal(scan_tables([path], SCHEMA).collect(), rows(3))
