"""Instants and durations as logs write them → microseconds, exactly."""

import re
from datetime import UTC, datetime

import polars as pl

from auditor.model import INSTANT, BadValue
from auditor.sources.language import Value
from auditor.sources.reading import Known, Reading, constant, merged, nulled, reasons_of

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
FIRST_SECOND, LAST_SECOND = int(FIRST.timestamp()), int(LAST.timestamp())
LONGEST_SECONDS = LAST_SECOND - FIRST_SECOND

_AWARE = "%Y-%m-%dT%H:%M:%S%.f%#z"
_NAIVE = "%Y-%m-%dT%H:%M:%S%.f"
_CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.([0-9]{3}|[0-9]{6}|[0-9]{9}))?"
_USUAL = {_AWARE: re.compile(_CLOCK + r"(Z|\+00:00)"), _NAIVE: re.compile(_CLOCK + "()")}
_DECIMAL = r"^([+-]?)(\d+)(?:\.(\d*))?$"
_EXPONENT = r"^[+-]?[\d.]+[eE][+-]?\d{1,3}$"


def read_instants(written: pl.Series, value: Value, zone: str | None) -> Reading:
    """Read instants as `value.time` says, in UTC; units and zones are never guessed.

    Reasons: `unreadable`, `no_zone`, `ambiguous_time`, `out_of_range` (outside 2000 to 2100).
    """
    zone = value.zone or zone
    if isinstance(written.dtype, pl.Datetime):
        return _typed(written, written.dtype, zone)
    form = value.time or ""
    if form.startswith("epoch_"):
        return _epoch(written, form.removeprefix("epoch_"))
    text = written.cast(pl.String).str.strip_chars()
    return _iso(text, zone) if form in ("iso8601", "typed") else _patterned(text, form, zone)


def read_durations(written: pl.Series, unit: str) -> Reading:
    """Read durations in whole microseconds, cut; a negative one is `end_before_start`."""
    if isinstance(written.dtype, pl.Duration):
        counts, unit = written.to_physical(), written.dtype.time_unit
    else:
        counts = written
    micros, too_large, negative = _scaled(counts, unit, 0, LONGEST_SECONDS)
    known = ((negative, BadValue.END_BEFORE_START), (too_large, BadValue.OUT_OF_RANGE))
    return Reading(micros, reasons_of(written, micros, *known))


def units_fitting(written: pl.Series, declared: str) -> dict[str, pl.Series]:
    """Name the units that put counts into the range which the declared one puts outside, with masks of them.

    No count lies in the range by two units.
    """
    others = [unit for unit in PER_SECOND if unit != declared.removeprefix("epoch_")]
    fitting = {f"epoch_{unit}": _epoch(written, unit).values.is_not_null() for unit in others}
    return {name: mask for name, mask in fitting.items() if mask.any()}


def _epoch(written: pl.Series, unit: str) -> Reading:
    micros, above, below = _scaled(written, unit, FIRST_SECOND, LAST_SECOND)
    reasons = reasons_of(written, micros, (above, BadValue.OUT_OF_RANGE), (below, BadValue.OUT_OF_RANGE))
    return Reading(micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), reasons)


def _typed(written: pl.Series, dtype: pl.Datetime, zone: str | None) -> Reading:
    """Read timestamps; the range is looked at in their own unit, as absurd ones overflow in another."""
    if dtype.time_zone is None and zone is None:
        return _unzoned(written)
    if dtype.time_zone is not None:
        return _epoch(written.to_physical(), dtype.time_unit)
    ranged = _epoch(written.to_physical(), dtype.time_unit)
    local = ranged.values.dt.replace_time_zone(None)
    zoned = _in_zone(local, zone or "UTC")
    return Reading(zoned.values, merged(ranged.reasons, zoned.reasons))


def _iso(text: pl.Series, zone: str | None) -> Reading:
    """Read texts with an offset; those without one are taken for local where a zone is declared."""
    values = _read(text, _AWARE).dt.replace_time_zone("UTC")
    if values.null_count() == text.null_count():
        return _ranged(text, values)
    left = nulled(text, values.is_not_null())
    naive = _read(left, _NAIVE)
    if zone is None:
        return _ranged(text, values, (naive.is_not_null(), BadValue.NO_ZONE))
    local = _in_zone(naive, zone)
    both = pl.DataFrame({"aware": values, "local": local.values}).select(pl.coalesce("aware", "local"))
    return _ranged(text, both.to_series(), *_ambiguous(local))


def _read(text: pl.Series, pattern: str) -> pl.Series:
    """Read texts by one of the two general patterns, in UTC where they have an offset.

    Texts in the very form of the first come by a pattern that leaves nothing open, many times faster. Outside
    the range it is not trusted: there it takes `--269` for a year.
    """
    first = text.is_not_null().arg_max()
    form = None if first is None else _form_of(text[first], _USUAL[pattern])
    if form is None:
        return _generally(text, pattern)
    alike = text.str.to_datetime(form, time_unit="us", strict=False, cache=False)
    alike = nulled(alike, ~alike.is_between(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)))
    if alike.null_count() == text.null_count():
        return alike
    rest = _generally(nulled(text, alike.is_not_null()), pattern)
    return pl.DataFrame({"alike": alike, "rest": rest}).select(pl.coalesce("alike", "rest")).to_series()


def _generally(text: pl.Series, pattern: str) -> pl.Series:
    read = text.str.to_datetime(pattern, time_unit="us", strict=False)
    return read.dt.replace_time_zone(None)


def _form_of(text: str | None, usual: re.Pattern[str]) -> str | None:
    """Name the fixed pattern of a text, if it has a usual form."""
    found = usual.fullmatch(text or "")
    if found is None:
        return None
    decimals = f".%{len(found[1])}f" if found[1] else ""
    return f"%Y-%m-%dT%H:%M:%S{decimals}{found[2]}"


def _patterned(text: pl.Series, pattern: str, zone: str | None) -> Reading:
    read = text.str.to_datetime(pattern, time_unit="us", strict=False)
    if isinstance(read.dtype, pl.Datetime) and read.dtype.time_zone is not None:
        return _ranged(text, read.dt.convert_time_zone("UTC"))
    if zone is None:
        return _unzoned(text)
    local = _in_zone(read, zone)
    return _ranged(text, local.values, *_ambiguous(local))


def _in_zone(naive: pl.Series, zone: str) -> Reading:
    """Take local times for UTC; one that a clock change makes double or impossible has no side chosen."""
    zoned = naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone(
        "UTC"
    )
    unclear = naive.is_not_null() & zoned.is_null()
    return Reading(zoned, reasons_of(naive, zoned, (unclear, BadValue.AMBIGUOUS_TIME)))


def _ambiguous(local: Reading) -> tuple[Known, ...]:
    return () if local.reasons is None else ((local.reasons.is_not_null(), BadValue.AMBIGUOUS_TIME),)


def _unzoned(written: pl.Series) -> Reading:
    nothing = constant(None, len(written), INSTANT)
    return Reading(nothing, reasons_of(written, nothing, (written.is_not_null(), BadValue.NO_ZONE)))


def _ranged(written: pl.Series, values: pl.Series, *known: Known) -> Reading:
    outside = ~values.is_between(FIRST, LAST, closed="left")
    values = nulled(values, outside)
    return Reading(values, reasons_of(written, values, (outside, BadValue.OUT_OF_RANGE), *known))


def _scaled(written: pl.Series, unit: str, low: int, high: int) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Turn counts of `unit` into whole microseconds, cut, where they lie in [low, high) seconds.

    Gives them with two masks: above, and below. Numbers are looked at before they are scaled, as absurd ones
    overflow; decimals are taken digit by digit, as a float cannot hold them all.
    """
    number = _whole(written)
    if number is None:
        text = written.cast(pl.String).str.strip_chars()
        return _scaled_decimals(text, unit, low * PER_SECOND[unit], high * PER_SECOND[unit])
    above, below = number >= high * PER_SECOND[unit], number < low * PER_SECOND[unit]
    return _micros(nulled(number, above | below), unit), above, below


def _whole(written: pl.Series) -> pl.Series | None:
    """Read whole numbers, or give None where there is anything else."""
    if not written.dtype.is_integer() and written.dtype != pl.String:
        return None
    text = written.str.strip_chars() if written.dtype == pl.String else written
    number = text.cast(pl.Int64, strict=False)
    return number if number.null_count() == written.null_count() else None


def _micros(whole: pl.Series, unit: str) -> pl.Series:
    per_second = PER_SECOND[unit]
    return whole // 1_000 if unit == "ns" else whole * (PER_SECOND["us"] // per_second)


def _scaled_decimals(
    text: pl.Series, unit: str, low: int, high: int
) -> tuple[pl.Series, pl.Series, pl.Series]:
    places = {"s": 6, "ms": 3}.get(unit, 0)
    written = pl.col("written")
    parts = (
        text.alias("written")
        .to_frame()
        .select(
            negative=written.str.extract(_DECIMAL, 1) == "-",
            digits=written.str.extract(_DECIMAL, 2).str.strip_chars_start("0"),
            behind=written.str.extract(_DECIMAL, 3)
            .fill_null("")
            .str.slice(0, places)
            .str.pad_end(places, "0"),
            exponent=written.str.contains(_EXPONENT),
            float=written.cast(pl.Float64, strict=False),
        )
    )
    if parts["exponent"].any():
        parts = _exponents_written_out(parts, places)
    whole = pl.when(pl.col("digits") == "").then(0).otherwise(pl.col("digits").cast(pl.Int64, strict=False))
    behind = pl.when(pl.col("behind") == "").then(0).otherwise(pl.col("behind").cast(pl.Int64, strict=False))
    parts = parts.with_columns(whole=whole, behind=behind)
    too_long = pl.col("digits").is_not_null() & pl.col("whole").is_null()
    beneath_zero = pl.col("negative") & (too_long | (pl.col("whole") != 0) | (pl.col("behind") != 0))
    masks = parts.select(
        below=beneath_zero | (~pl.col("negative") & (pl.col("whole") < low)),
        above=~pl.col("negative") & (too_long | (pl.col("whole") >= high)),
    )
    kept = nulled(parts["whole"], masks["above"] | masks["below"])
    return _micros(kept, unit) + parts["behind"], masks["above"], masks["below"]


def _exponents_written_out(parts: pl.DataFrame, places: int) -> pl.DataFrame:
    """Write 1.7e9 out; a number so large that a float is not exact is out of every range."""
    size = pl.col("float").abs()
    whole = size.floor().cast(pl.Int64, strict=False).cast(pl.String).fill_null("9" * 20)
    behind = ((size - size.floor()) * 10**places).floor().cast(pl.Int64, strict=False).cast(pl.String)
    found = pl.col("exponent") & pl.col("float").is_not_null()
    return parts.with_columns(
        negative=pl.when(found).then(pl.col("float") < 0).otherwise("negative"),
        digits=pl.when(found).then(whole).otherwise("digits"),
        behind=pl.when(found).then(behind.str.pad_start(places, "0")).otherwise("behind"),
    )
