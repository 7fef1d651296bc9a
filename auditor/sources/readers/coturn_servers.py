"""Which server wrote a line, since which of its starts, when, and in which order its threads spoke."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.model import INSTANT, Schema
from auditor.sources.interface import Log
from auditor.sources.readers.coturn_messages import is_start

_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_UNTIL: Final = datetime(2100, 1, 1, tzinfo=UTC)
_BACKWARD_SECONDS: Final = 60
"""Threads may log a moment after each other; a clock that falls back further has started again."""

_SPOKEN: Final[Schema] = {
    "server": pl.Int32,
    "thread": pl.String,
    "number": pl.Int64,
    "offset": pl.Int64,
    "at": INSTANT,
    "relayed": pl.String,
    "again": pl.Boolean,
}


def origin() -> pl.Expr:
    """Name the server as far as a carrier names it: its host and process."""
    return pl.concat_str(pl.col("host").fill_null(""), pl.col("process").fill_null(""), separator="\0")


@dataclass(slots=True)
class Clock:
    """Makes instants of the seconds that old versions count since their server started.

    One start makes one clock: of several servers, or of one that has started again, nothing can be told.
    """

    log: Log
    _origin: str | None = None
    _highest: int = 0

    def set(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Fill in `at` where only `seconds` are known. Raises SourceError where that cannot be done."""
        counted = lines.filter(
            pl.col("at").is_null() & pl.col("seconds").is_not_null() & pl.col("id").is_not_null()
        )
        start = self.log.told.server_start
        if counted.height:
            if start is None:
                text = "its time is in seconds since the server started, and when that was is not told"
                raise self._unknown(counted, text, "add --server-start INSTANT, as in 2026-03-01T06:00:00Z")
            self._is_one_clock(counted)
        if start is None:
            return lines
        at = pl.lit(start.astimezone(UTC)) + pl.duration(seconds="seconds")
        return lines.with_columns(at=pl.coalesce("at", at.dt.cast_time_unit("us")))

    def _is_one_clock(self, counted: pl.DataFrame) -> None:
        names = counted.select(origin().unique(maintain_order=True)).to_series().to_list()
        if self._origin is None:
            self._origin = names[0]
        if names != [self._origin]:
            text = "is of a second server, whose seconds count from another start"
            raise self._unknown(counted.filter(origin() != self._origin), text, "audit the log of each alone")
        highest = pl.max_horizontal(pl.col("seconds").cum_max(), pl.lit(self._highest))
        back = counted.filter(pl.col("seconds") < highest - _BACKWARD_SECONDS)
        if back.height:
            text = "is after another start of the server, at which its seconds began anew"
            raise self._unknown(back, text, "cut the log here, and tell each part's own --server-start")
        self._highest = max(self._highest, *counted["seconds"].to_list())

    def _unknown(self, lines: pl.DataFrame, text: str, hint: str) -> SourceError:
        return SourceError(Fault(f"{self.log.path}, record {lines['number'][0]}", text, hint))


IN_RANGE: Final = pl.col("at").is_between(_FIRST, _UNTIL, closed="left")
"""Whether an instant can be one of a log."""


@dataclass(slots=True)
class Servers:
    """Numbers the servers, anew at each start: numbers of sessions are given out anew then."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _next: int = 0

    @property
    def running(self) -> frozenset[int]:
        """Give the numbers of the servers as they run now."""
        return frozenset(self._numbers.values())

    def numbered(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Add `server` to lines in order."""
        started = lines.select(is_start()).to_series()
        carried = lines["host"].null_count() + lines["process"].null_count() < 2 * lines.height
        if not carried and not started.any():
            return lines.with_columns(server=pl.lit(self._number("\0"), pl.Int32))
        named = lines.with_columns(started.alias("started"), origin=origin())
        named = named.with_columns(start=pl.col("started").cast(pl.Int32).cum_sum().over("origin"))
        runs = named.select("origin", "start").unique(maintain_order=True).sort("start")
        numbers = [self._number(name, anew=start > 0) for name, start in runs.iter_rows()]
        known = runs.with_columns(server=pl.Series(numbers, dtype=pl.Int32))
        return named.join(known, on=["origin", "start"], how="left", maintain_order="left").drop(
            "origin", "start", "started"
        )

    def _number(self, name: str, *, anew: bool = False) -> int:
        if anew or name not in self._numbers:
            self._numbers[name] = self._next
            self._next += 1
        return self._numbers[name]


@dataclass(slots=True)
class Pairing:
    """Gives each `new` the relay address that its thread logged at the same moment, and no other had."""

    _waiting: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_SPOKEN))

    def pair(self, lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Find the pairs among lines in order.

        Gives the `number` of each `new` that has one, with `relayed` and the number and offset of that line,
        `relay_record` and `relay_offset`; and the numbers of the lines of relay addresses that have none.
        """
        spoken = lines.filter(pl.col("is_new") | pl.col("relayed").is_not_null())
        threaded = spoken.filter(pl.col("thread").is_not_null())
        row = pl.concat([self._waiting, threaded.select(*list(_SPOKEN)[:-1], again=pl.lit(value=False))])
        is_relay = pl.col("relayed").is_not_null()
        before = {
            name: pl.col(name).shift(1).over("server", "thread")
            for name in ("relayed", "number", "offset", "at")
        }
        row = row.with_columns(again=pl.col("again") | (is_relay & before["relayed"].is_not_null()))
        row = row.with_columns(
            relay=before["relayed"],
            relay_record=before["number"],
            relay_offset=before["offset"],
            twice=pl.col("again").shift(1).over("server", "thread"),
            apart=pl.col("at") - before["at"],
            last=pl.int_range(pl.len()).over("server", "thread") == pl.len().over("server", "thread") - 1,
        )
        pairs = row.filter(
            ~is_relay
            & pl.col("relay").is_not_null()
            & ~pl.col("twice")
            & (pl.col("apart").abs() <= timedelta(seconds=1))
        ).select("number", "relay_record", "relay_offset", relayed="relay")
        self._waiting = row.filter(is_relay & pl.col("last")).select(*_SPOKEN)
        silent = spoken.filter(pl.col("thread").is_null() & is_relay).select("number")
        rest = row.filter(is_relay & ~pl.col("last")).select("number")
        alone = pl.concat([silent, rest]).join(pairs, left_on="number", right_on="relay_record", how="anti")
        return pairs, alone

    def rest(self) -> pl.DataFrame:
        """Give the numbers of the lines that wait for a `new` at the end of the log."""
        return self._waiting.select("number")
