"""One recording as a table: what each database said of each relay at one instant.

Design: GEOLOCATION.md, section 8.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from auditor.errors import Fault, GeoError
from auditor.geo.addresses import classify
from auditor.geo.schemas import Opinion
from auditor.model import INSTANT, Schema

RECORDED: Schema = {
    "address": pl.String,
    "prefix": pl.String,
    "opinion": pl.String,
    "source": pl.String,
    "maker": pl.String,
    "vendor": pl.String,
    "source_sha256": pl.String,
    "build": INSTANT,
    "country": pl.String,
    "city": pl.String,
    "registered": pl.String,
    "represented": pl.String,
    "represented_type": pl.String,
    "continent": pl.String,
    "anycast": pl.Boolean,
    "confidence": pl.UInt8,
    "observed_at": INSTANT,
}
"""One row per address and database. `source` is the type of the database, `prefix` the network of the record
that answered: null where there was none, and then nothing is said. Codes are as they were written."""

SPOKEN = ("country", "city", "registered", "represented", "represented_type", "continent", "confidence")
"""What a record says, where there is one; `anycast` is false where it is not flagged."""

OPINIONS = (Opinion.LOCATION, Opinion.REGISTRATION)
"""Which databases are recorded: those that know countries."""

_NEVER_NULL = (
    *("address", "opinion", "source", "maker", "source_sha256"),
    *("build", "anycast", "observed_at"),
)
_BUILD_SLACK = timedelta(days=1)
"""As for a database that is opened: clocks differ by so much."""

_FIRST_BUILD = datetime(1970, 1, 1, tzinfo=UTC)
_FAILURES = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
_RESTORE = "bring it back from a copy"


class Examiner:
    """Reads recordings and finds what none holds; an address in all of them is examined once."""

    def __init__(self) -> None:
        self._canonical = pl.Series([], dtype=pl.String)

    def read(self, path: Path, observed_at: datetime) -> pl.DataFrame:
        """Read the recording of an instant. Raises GeoError with all that is odd."""
        rows = load_recorded(path)
        odd_addresses = self._odd_among(rows["address"].unique())
        faults = [Fault(str(path), text, _RESTORE) for text in _oddities(rows, observed_at, odd_addresses)]
        if faults:
            raise GeoError(*faults)
        return rows

    def _odd_among(self, addresses: pl.Series) -> pl.Series:
        """Pick what is no address in its shortest spelling."""
        new = addresses.filter(~addresses.is_in(self._canonical.implode()).fill_null(value=False))
        if new.is_empty():
            return new
        sound = classify(new)["address"].eq_missing(new)
        self._canonical = pl.concat([self._canonical, new.filter(sound)])
        return new.filter(~sound)


def load_recorded(path: Path) -> pl.DataFrame:
    """Load a recording that was examined before. Raises GeoError if it is no table of RECORDED."""
    try:
        scanned = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = scanned.collect_schema()
        odd = [name for name in RECORDED if schema.get(name) != RECORDED[name]]
        strange = [name for name in schema.names() if name not in RECORDED]
        if not (odd or strange):
            return scanned.select(*RECORDED).collect()
    except _FAILURES as error:
        text = f"is no whole Parquet file: {(str(error) or type(error).__name__).splitlines()[0]}"
        raise GeoError(Fault(str(path), text, _RESTORE)) from error
    missing = [f"the column `{name}` is missing, or of another type" for name in odd]
    unknown = [f"unknown column `{name}`" for name in strange]
    raise GeoError(*(Fault(str(path), text, _RESTORE) for text in (*missing, *unknown)))


def _oddities(rows: pl.DataFrame, observed_at: datetime, odd_addresses: pl.Series) -> Iterator[str]:
    """Say what of a table no recording holds, each with the first row where it is so."""
    if rows.is_empty():
        yield "holds no answers"
        return
    odd = {
        text: mask.fill_null(value=False)
        for text, mask in (*_absences().items(), *_contradictions(observed_at, odd_addresses).items())
    }
    seen = rows.select(mask.any().alias(text) for text, mask in odd.items()).row(0, named=True)
    for text in (text for text, found in seen.items() if found):
        row = rows.select(odd[text].arg_max()).item() + 1
        yield f"row {row:,}: {text}"


def _absences() -> Mapping[str, pl.Expr]:
    return {f"`{name}` is missing": pl.col(name).is_null() for name in _NEVER_NULL}


def _contradictions(observed_at: datetime, odd_addresses: pl.Series) -> Mapping[str, pl.Expr]:
    build = pl.col("build")
    latest = observed_at + _BUILD_SLACK
    answered = pl.any_horizontal(pl.col(*SPOKEN).is_not_null(), pl.col("anycast"))
    key = pl.struct("address", "opinion", "source_sha256")
    return {
        "`address` is no address, or not in its shortest spelling": pl.col("address").is_in(
            odd_addresses.implode()
        ),
        "`prefix` is no prefix": ~pl.col("prefix").str.contains(r"^[0-9a-f.:]+/[0-9]{1,3}$"),
        "`prefix` is missing, and something is said all the same": pl.col("prefix").is_null() & answered,
        f"`opinion` is none of {', '.join(OPINIONS)}": ~pl.col("opinion").is_in([*map(str, OPINIONS)]),
        "`source_sha256` is no SHA-256": ~pl.col("source_sha256").str.contains("^[0-9a-f]{64}$"),
        "`build` is later than the recording": build > latest,
        f"`build` is before {_FIRST_BUILD:%Y}": build < _FIRST_BUILD,
        "`observed_at` is not the instant in the file's name": pl.col("observed_at") != observed_at,
        "a second answer of the same database for the same address": key.is_duplicated(),
    }
