"""What a ledger's files hold comes from outside: whatever no recorder writes is a fault with a sentence."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.geo.ledger.chain import name_of
from auditor.model import INSTANT
from tests.geo.ledger.making import BEGUN, DAY, answer, faults_of, relinked, table, write_lines

GOOD = table([answer(), answer("2a00::1", "FR"), answer("1.2.3.4", None, prefix=None)], BEGUN)


def forged(folder: Path, content: bytes) -> list[str]:
    """Put a file into a ledger whose chain vouches for it, and say what is wrong with it."""
    folder.mkdir(exist_ok=True)
    (folder / name_of(BEGUN)).write_bytes(content)
    write_lines(folder, relinked([(name_of(BEGUN), hashlib.sha256(content).hexdigest())]))
    found = faults_of(folder)
    assert all(fault.startswith(f"{name_of(BEGUN)}: ") for fault in found)
    return [fault.partition(": ")[2].partition("\n")[0] for fault in found]


def parquet_of(rows: pl.DataFrame) -> bytes:
    file = BytesIO()
    rows.write_parquet(file)
    return file.getvalue()


def in_row_2(**values: object) -> Callable[[], pl.DataFrame]:
    def rows() -> pl.DataFrame:
        second = pl.int_range(pl.len()) == 1
        return GOOD.with_columns(
            pl.when(second).then(pl.lit(value, GOOD.schema[name])).otherwise(name).alias(name)
            for name, value in values.items()
        )

    return rows


ODD: list[tuple[Callable[[], pl.DataFrame], list[str]]] = [
    (lambda: GOOD.head(0), ["holds no answers"]),
    (lambda: GOOD.drop("country"), ["the column `country` is missing, or of another type"]),
    (lambda: GOOD.with_columns(spy=1), ["unknown column `spy`"]),
    (
        lambda: GOOD.with_columns(pl.col("confidence").cast(pl.Int64), pl.col("build").cast(pl.String)),
        [f"the column `{name}` is missing, or of another type" for name in ("build", "confidence")],
    ),
    (
        lambda: GOOD.with_columns(pl.col("observed_at").dt.replace_time_zone(None)),
        ["the column `observed_at` is missing, or of another type"],
    ),
    (in_row_2(address=None), ["row 2: `address` is missing"]),
    (in_row_2(source=None), ["row 2: `source` is missing"]),
    (in_row_2(build=None), ["row 2: `build` is missing"]),
    (in_row_2(anycast=None), ["row 2: `anycast` is missing"]),
    (in_row_2(maker=None, opinion=None), ["row 2: `opinion` is missing", "row 2: `maker` is missing"]),
    (in_row_2(address="2A00::1"), ["row 2: `address` is no address, or not in its shortest spelling"]),
    (in_row_2(address="::ffff:9.9.9.9"), ["row 2: `address` is no address, or not in its shortest spelling"]),
    (in_row_2(address="relay.example"), ["row 2: `address` is no address, or not in its shortest spelling"]),
    (in_row_2(address="9.9.9.9/32"), ["row 2: `address` is no address, or not in its shortest spelling"]),
    (in_row_2(prefix="somewhere"), ["row 2: `prefix` is no prefix"]),
    (in_row_2(prefix=None), ["row 2: `prefix` is missing, and something is said all the same"]),
    (
        in_row_2(prefix=None, country=None, anycast=True),
        ["row 2: `prefix` is missing, and something is said all the same"],
    ),
    (in_row_2(opinion="anonymity"), ["row 2: `opinion` is none of location, registration"]),
    (in_row_2(source_sha256="0" * 63), ["row 2: `source_sha256` is no SHA-256"]),
    (in_row_2(build=BEGUN + timedelta(days=1, seconds=1)), ["row 2: `build` is later than the recording"]),
    (in_row_2(build=datetime(1969, 12, 31, tzinfo=UTC)), ["row 2: `build` is before 1970"]),
    (in_row_2(observed_at=BEGUN + DAY), ["row 2: `observed_at` is not the instant in the file's name"]),
    (
        in_row_2(address="1.1.1.1"),
        ["row 1: a second answer of the same database for the same address"],
    ),
]


@pytest.mark.parametrize(("rows", "says"), ODD)
def test_what_no_recorder_writes_is_a_fault(
    tmp_path: Path, rows: Callable[[], pl.DataFrame], says: list[str]
) -> None:
    assert forged(tmp_path / "ledger", parquet_of(rows())) == says


def test_what_a_recorder_writes_is_none(tmp_path: Path) -> None:
    assert forged(tmp_path / "ledger", parquet_of(GOOD)) == []
    just_built = in_row_2(build=BEGUN + timedelta(days=1))()
    assert forged(tmp_path / "ledger", parquet_of(just_built)) == []


@pytest.mark.parametrize("far", [-(2**63) + 1, 2**63 - 1])
def test_a_build_that_no_calendar_holds_is_a_fault_and_no_crash(tmp_path: Path, far: int) -> None:
    rows = GOOD.with_columns(build=pl.lit(far, pl.Int64).cast(INSTANT))
    (said,) = forged(tmp_path / "ledger", parquet_of(rows))
    assert said.startswith("row 1: `build` is ")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 100, b"address,country\n1.1.1.1,DE\n"])
def test_what_is_no_parquet_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (said,) = forged(tmp_path / "ledger", content)
    assert said.startswith("is no whole Parquet file: ")


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.integers(0, 10_000) | st.none())
def test_a_damaged_file_that_the_chain_vouches_for_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int, cut: int | None
) -> None:
    content = bytearray(parquet_of(GOOD))
    content[at % len(content)] ^= 1 << bit
    forged(tmp_path_factory.mktemp("forged") / "ledger", bytes(content[:cut]))
