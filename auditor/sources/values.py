"""Numbers, words, countries and addresses as logs write them → our columns."""

from collections.abc import Sequence

import polars as pl

from auditor.countries import COUNTRIES, OF_ALPHA_3
from auditor.model import BadValue
from auditor.sources.reading import Reading, constant, merged, nulled, reasons_of

LOWEST = {"attempt": 1}
"""The least that a count may be, where it is not 0: attempts are counted from 1."""

HIGHEST = {"relay_port": 65_535, "attempt": 2**31 - 1, "failed_primaries": 2**31 - 1, "bytes": 2**63 - 1}

_HOST_PORT = r"^(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::(\d*))?$"
_BARE = r"^(?:\[([^\[\]]*)\]|(.*[^:]|.*::)):(\d+)$"
_BRACKETS = r"^\[([^\[\]]*)\]$"


def read_counts(written: pl.Series, highest: int, lowest: int = 0) -> Reading:
    """Read whole numbers from `lowest` to `highest`; `3.0` is 3, as spreadsheets write it."""
    if written.dtype.is_integer():
        values = written.cast(pl.Int64, strict=False)
    else:
        text = written.cast(pl.String)
        values = text.cast(pl.Int64, strict=False)
        if values.null_count() > written.null_count():
            text = text.str.strip_chars()
            values = text.str.replace(r"^(\d+)\.0*$", "$1").cast(pl.Int64, strict=False)
    fitting = values.is_between(lowest, highest)
    values = values.zip_with(fitting.fill_null(value=False), constant(None, len(values), pl.Int64))
    return Reading(values, reasons_of(written, values))


def added_up(written: Sequence[pl.Series]) -> Reading:
    """Add counts up; the sum is null where one of them is, and unreadable where one of them is.

    A sum beyond 64 bits is `out_of_range`.
    """
    reads = [read_counts(part, HIGHEST["bytes"]) for part in written]
    frame = pl.DataFrame({str(index): read.values for index, read in enumerate(reads)})
    total = frame.select(pl.sum_horizontal(pl.all().cast(pl.Int128), ignore_nulls=False)).to_series()
    beyond = total > HIGHEST["bytes"]
    total = nulled(total, beyond).cast(pl.Int64)
    reasons = reasons_of(beyond, total, (beyond, BadValue.OUT_OF_RANGE))
    for read in reads:
        reasons = merged(reasons, read.reasons)
    return Reading(total, reasons)


def read_words(written: pl.Series, words: pl.Enum) -> Reading:
    """Read words of a closed set, exactly, but for blanks around them."""
    text = written.cast(pl.String)
    values = text.cast(words, strict=False)
    if values.null_count() > written.null_count():
        values = text.str.strip_chars().cast(words, strict=False)
    return Reading(values, reasons_of(written, values))


def read_flags(written: pl.Series) -> Reading:
    """Read true, false, 1 and 0, in any case."""
    if written.dtype == pl.Boolean:
        return Reading(written)
    text = written.cast(pl.String).str.strip_chars().str.to_lowercase()
    words = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
    values = text.replace_strict(words, default=None, return_dtype=pl.Boolean)
    return Reading(values, reasons_of(written, values))


def read_countries(written: pl.Series, *, letters: int = 2) -> Reading:
    """Read codes of so many letters, in any case, as alpha-2."""
    text = written.cast(pl.String).str.strip_chars().str.to_uppercase()
    known = {code: code for code in COUNTRIES} if letters == 2 else dict(OF_ALPHA_3)  # noqa: PLR2004  alpha-2
    values = text.replace_strict(known, default=None, return_dtype=pl.String)
    return Reading(values, reasons_of(written, values))


def read_names(written: pl.Series) -> Reading:
    """Read names that are compared: without the blanks around them, and accents spelled one way (NFC)."""
    text = written.cast(pl.String).str.strip_chars()
    is_ascii = text.str.len_bytes().sum() == text.str.len_chars().sum()
    return Reading(text if is_ascii else text.str.normalize("NFC"))


def read_hosts(written: pl.Series) -> Reading:
    """Read addresses as they stand, without blanks and brackets: whether they are any is for `geo` to say."""
    text = written.cast(pl.String).str.strip_chars()
    return Reading(text.str.replace(_BRACKETS, "$1") if text.str.starts_with("[").any() else text)


def read_reversed(written: pl.Series) -> Reading:
    """Read IPv4 addresses that are written as signed integers, their lowest octet first; 0 is none."""
    number = written.cast(pl.String).str.strip_chars().cast(pl.Int64, strict=False)
    fitting = number.is_between(-(2**31), 2**32 - 1)
    octets = [((pl.col("number") // 256**place) % 256).cast(pl.String) for place in range(4)]
    address = pl.when(pl.col("fitting") & (pl.col("number") != 0)).then(pl.concat_str(octets, separator="."))
    unsigned = number.zip_with((number >= 0).fill_null(value=True), number + 2**32)
    values = pl.DataFrame({"number": unsigned, "fitting": fitting}).select(address).to_series()
    reasons = reasons_of(nulled(written.cast(pl.String), (number == 0)), values)
    return Reading(values, reasons)


def split_ports(written: pl.Series, *, bare: bool) -> tuple[Reading, Reading]:
    """Part addresses from the ports behind them; a text of no such form stays whole.

    `bare`: an IPv6 address before a port has no brackets, so the last colon parts them. A port above 65535 is
    unreadable and leaves the address as it is.
    """
    text = written.cast(pl.String).str.strip_chars().alias("text")
    form = _BARE if bare else _HOST_PORT
    found = text.to_frame().select(
        host=pl.coalesce(pl.col("text").str.extract(form, 1), pl.col("text").str.extract(form, 2), "text"),
        port=pl.col("text").str.extract(form, 3),
    )
    port = found["port"].to_frame().select(pl.when(pl.col("port") != "").then("port")).to_series()
    return read_hosts(found["host"]), read_counts(port, HIGHEST["relay_port"])
