from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sources.language import Value, steps_of
from auditor.sources.times import read_durations, read_instants
from auditor.sources.values import read_countries, read_counts, read_flags, read_hosts, split_ports

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001  hypothesis wants naive bounds


def instant_of(text: Any, time: str, zone: str | None = None) -> Any:  # noqa: ANN401  a value or a reason
    read = read_instants(pl.Series([text]), Value.model_validate({"time": time}), zone)
    return read.reasons[0] if read.reasons is not None else read.values[0]


@given(INSTANTS, st.sampled_from([("s", 6), ("ms", 3), ("us", 0), ("ns", 0)]))
def test_an_epoch_is_read_to_the_microsecond(at: datetime, unit: tuple[str, int]) -> None:
    micros = (at - EPOCH) // timedelta(microseconds=1)
    name, decimals = unit
    digits = str(micros * 1_000) if name == "ns" else str(micros)
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    assert instant_of(text, f"epoch_{name}") == at
    assert instant_of(int(micros), "epoch_us") == at


@given(INSTANTS, st.integers(-14 * 60, 14 * 60))
def test_iso_8601_is_read_with_every_offset(at: datetime, minutes: int) -> None:
    sign, offset = "-" if minutes < 0 else "+", abs(minutes)
    local = (at + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    for colon in (":", ""):
        assert instant_of(f"{local}{sign}{offset // 60:02}{colon}{offset % 60:02}", "iso8601") == at


@given(
    st.lists(st.tuples(INSTANTS, st.sampled_from(["", "%f"]), st.sampled_from(["Z", "+00:00", "+0000"]))),
)
def test_instants_of_several_forms_in_one_column_are_all_read(
    written: list[tuple[datetime, str, str]],
) -> None:
    texts, instants = [], []
    for at, decimals, offset in written:
        instants.append(at if decimals else at.replace(microsecond=0))
        texts.append(at.strftime("%Y-%m-%dT%H:%M:%S" + (f".{decimals}" if decimals else "")) + offset)
    read = read_instants(pl.Series(texts, dtype=pl.String), Value.model_validate({"time": "iso8601"}), None)
    assert (read.values.to_list(), read.reasons) == (instants, None)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_what_a_column_begins_with_does_not_change_what_comes_after(zone: str | None) -> None:
    texts = [
        *(
            "2026-03-01T00:00:00Z",
            "2026-03-01T00:00:00.5Z",
            "2026-03-01T01:00:00+01:00",
            "--269-03-01T00:00:00Z",
        ),
        *(
            "--269-03-01T00:00:00",
            "2026-03-01T00:00:00",
            "1999-03-01T00:00:00Z",
            "2026-03-29T02:30:00",
            "x",
            None,
        ),
    ]
    iso = Value.model_validate({"time": "iso8601"})
    alone = [read_instants(pl.Series([text], dtype=pl.String), iso, zone) for text in texts]
    for at in range(len(texts)):
        read = read_instants(pl.Series(texts[at:] + texts[:at]), iso, zone)
        values = [one.values[0] for one in alone[at:] + alone[:at]]
        reasons = [one.reasons[0] if one.reasons is not None else None for one in alone[at:] + alone[:at]]
        assert read.reasons is not None
        assert (read.values.to_list(), read.reasons.to_list()) == (values, reasons)
    assert [one.reasons[0] for one in alone[3:5] if one.reasons is not None] == ["unreadable"] * 2


@pytest.mark.parametrize(
    ("text", "time", "zone", "expected"),
    [
        ("2026-03-01T00:00:00.123456789Z", "iso8601", None, datetime(2026, 3, 1, 0, 0, 0, 123456, UTC)),
        (" 2026-03-01T00:00:00Z ", "iso8601", None, datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T00:00:00", "iso8601", None, "no_zone"),
        ("2026-03-01T00:00:00", "iso8601", "UTC", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T00:00:00+01:00", "iso8601", "America/New_York", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-03-29T02:30:00", "iso8601", "Europe/Berlin", "ambiguous_time"),
        ("2026-10-25T02:30:00", "iso8601", "Europe/Berlin", "ambiguous_time"),
        ("2026-03-01", "iso8601", "UTC", "unreadable"),
        ("2026-02-30T00:00:00Z", "iso8601", None, "unreadable"),
        ("1999-12-31T23:59:59Z", "iso8601", None, "out_of_range"),
        ("2100-01-01T00:00:00Z", "iso8601", None, "out_of_range"),
        ("2099-12-31T23:59:59Z", "iso8601", None, datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("946684800", "epoch_s", None, datetime(2000, 1, 1, tzinfo=UTC)),
        ("946684799.999999", "epoch_s", None, "out_of_range"),
        ("1772350400", "epoch_ms", None, "out_of_range"),
        ("1772350400123", "epoch_s", None, "out_of_range"),
        ("9" * 40, "epoch_s", None, "out_of_range"),
        ("-" + "9" * 40, "epoch_s", None, "out_of_range"),
        ("1.7723504e9", "epoch_s", None, datetime(2026, 3, 1, 7, 33, 20, tzinfo=UTC)),
        ("1e300", "epoch_s", None, "out_of_range"),
        ("NaN", "epoch_s", None, "unreadable"),
        ("inf", "epoch_s", None, "unreadable"),
        ("0x10", "epoch_s", None, "unreadable"),
        ("01/03/26 13:05", "%d/%m/%y %H:%M", "UTC", datetime(2026, 3, 1, 13, 5, tzinfo=UTC)),
        ("2026-03-01 13:05:00 +0100", "%Y-%m-%d %H:%M:%S %z", None, datetime(2026, 3, 1, 12, 5, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_or_has_a_reason(text: str, time: str, zone: str | None, expected: object) -> None:
    assert instant_of(text, time, zone) == expected


def test_one_bad_time_leaves_its_neighbours_alone() -> None:
    texts = ["2026-03-01T00:00:00Z", "x", None, "2026-03-01T00:00:00", "2026-03-02T00:00:00Z"]
    read = read_instants(pl.Series(texts), Value.model_validate({"time": "iso8601"}), None)
    assert read.reasons is not None
    assert read.reasons.to_list() == [None, "unreadable", None, "no_zone", None]
    assert read.values.is_null().to_list() == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("text", "unit", "micros", "reason"),
    [
        ("1.5", "s", 1_500_000, None),
        ("0", "s", 0, None),
        ("1500", "ns", 1, None),
        ("-0.5", "s", None, "end_before_start"),
        ("-0", "s", 0, None),
        ("1e12", "s", None, "out_of_range"),
        ("1:30", "s", None, "unreadable"),
    ],
)
def test_a_duration_is_read_or_has_a_reason(
    text: str, unit: str, micros: int | None, reason: str | None
) -> None:
    read = read_durations(pl.Series([text]), unit)
    assert read.values.to_list() == [micros]
    assert (read.reasons[0] if read.reasons is not None else None) == reason


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        (" 7 ", 7),
        ("3.0", 3),
        ("65535", 65_535),
        ("65536", None),
        ("-1", None),
        ("1.5", None),
        ("x", None),
    ],
)
def test_a_count_is_a_whole_number_in_its_range(text: str, count: int | None) -> None:
    read = read_counts(pl.Series([text]), 65_535)
    assert read.values.to_list() == [count]
    assert (read.reasons is not None) == (count is None)


def test_flags_and_countries_are_closed_sets() -> None:
    flags = read_flags(pl.Series(["true", "FALSE", "1", "0", "yes", None]))
    assert flags.values.to_list() == [True, False, True, False, None, None]
    countries = read_countries(pl.Series(["de", " FR ", "UK", "EU", None]))
    assert countries.values.to_list() == ["DE", "FR", None, None, None]
    assert countries.reasons is not None
    assert countries.reasons.to_list() == [None, None, "unreadable", "unreadable", None]


@pytest.mark.parametrize(
    ("text", "host", "port", "bare_host", "bare_port"),
    [
        ("192.0.2.1:443", "192.0.2.1", 443, "192.0.2.1", 443),
        ("192.0.2.1", "192.0.2.1", None, "192.0.2.1", None),
        ("[2001:db8::1]:443", "2001:db8::1", 443, "2001:db8::1", 443),
        ("[2001:db8::1]", "2001:db8::1", None, "2001:db8::1", None),
        ("2001:db8::1:443", "2001:db8::1:443", None, "2001:db8::1", 443),
        ("2001:db8::1", "2001:db8::1", None, "2001:db8::1", None),
        ("x.x.x.x", "x.x.x.x", None, "x.x.x.x", None),
        ("198.51.100....:50653", "198.51.100....", 50_653, "198.51.100....", 50_653),
    ],
)
def test_an_address_is_parted_from_its_port(
    text: str, host: str, port: int | None, bare_host: str, bare_port: int | None
) -> None:
    for bare, expected in ((False, (host, port)), (True, (bare_host, bare_port))):
        found, ports = split_ports(pl.Series([text]), bare=bare)
        assert (found.values[0], ports.values[0]) == expected


@given(st.text())
def test_text_that_is_no_address_stays(text: str) -> None:
    assert read_hosts(pl.Series([f"x{text}x"])).values.to_list() == [f"x{text}x"]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a", ("a",)),
        ("a.b", ("a", "b")),
        ('"a.b"', ("a.b",)),
        ('a."@odata.type"', ("a", "@odata.type")),
        ('"a".b', ("a", "b")),
        ("", None),
        (".a", None),
        ("a.", None),
        ('"a', None),
        ('"a"b', None),
    ],
)
def test_a_path_is_cut_at_its_dots(path: str, steps: tuple[str, ...] | None) -> None:
    assert steps_of(path) == steps
