"""Sessions of a TURN server, from what is told of them: the open ones are held, and nothing else.

A held session is a row like any other: what is known of it is the sum, the first or the any of its rows. So
what a session becomes does not depend on where a file is cut into blocks.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from auditor.model import INSTANT, Schema

EVENT: Final[Schema] = {
    "server": pl.Int32,
    "id": pl.UInt64,
    "host": pl.String,
    "record": pl.Int64,
    "last_record": pl.Int64,
    "records": pl.Int64,
    "byte_offset": pl.Int64,
    "seen_at": INSTANT,
    "new_at": INSTANT,
    "closed_at": INSTANT,
    "deleted_at": INSTANT,
    "opens": pl.Boolean,
    "begun": pl.Boolean,
    "allocated": pl.Boolean,
    "anonymous": pl.Boolean,
    "realm": pl.String,
    "user": pl.String,
    "cipher": pl.String,
    "method": pl.String,
    "relayed": pl.String,
    "local": pl.String,
    "remote": pl.String,
    "origin": pl.String,
    "reason": pl.String,
    "requests": pl.Int64,
    "packets": pl.Int64,
    "first_packets": pl.Int64,
    "volume": pl.Int64,
    "peer_volume": pl.Int64,
    "uncounted": pl.Boolean,
    "peer": pl.String,
}
"""One row per line that tells of a session, in order.

`opens`: a session can begin with it, while what trails behind the end of one cannot. `begun`: it cannot come
before the `new` of its own session. `allocated` proves that there was an allocation; `anonymous`, that the
client had not yet said who it is. `packets` and `volume` are what the client's side counted since the last
count, `requests` how many requests were logged, `peer_volume` what the peers' side counted; null where
nothing was told. `uncounted`: a count was told that cannot be read.
"""

SESSION: Final[Schema] = {**EVENT, "peers": pl.List(pl.String)}
"""One row per session; `peers` are some of those that it was permitted to reach, in order."""

PEERS_KEPT: Final = 17
_KEY: Final = ["server", "id"]
_FIRST: Final = ("server", "id", "host", "realm", "user", "cipher", "method", "relayed", "first_packets")
_LAST: Final = ("local", "remote", "origin", "reason")
_SUMS: Final = ("records", "requests")
_COUNTS: Final = ("packets", "volume", "peer_volume")
_ANY: Final = ("opens", "begun", "allocated", "anonymous", "uncounted")
_LOWEST: Final = ("record", "byte_offset", "seen_at", "new_at")
_HIGHEST: Final = ("last_record", "closed_at", "deleted_at")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of some events: the sessions that have ended, and the rows that belong to none."""

    ended: pl.DataFrame
    strays: pl.DataFrame


@dataclass(slots=True)
class Sessions:
    """Takes events in order, some at a time."""

    _open: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SESSION))

    def take(self, events: pl.DataFrame) -> Told:
        """Add some events, which come after all that were taken before."""
        known = self._open.join(events.select(_KEY).unique(), on=_KEY, how="semi")
        idle = self._open.join(events.select(_KEY).unique(), on=_KEY, how="anti")
        rows = _numbered(pl.concat([known.select(*EVENT, "peers"), _as_rows(events)]))
        members = rows.filter("belongs")
        sessions = members.group_by("session", maintain_order=True).agg(_together())
        sessions = sessions.join(_peers(members), on="session", how="left", maintain_order="left")
        latest = pl.struct(_KEY).ne_missing(pl.struct(_KEY).shift(-1)).fill_null(value=True)
        is_open = pl.col("closed_at").is_null() & latest
        parted = sessions.with_columns(is_open=is_open)
        self._open = pl.concat([idle, _plain(parted.filter("is_open"))])
        return Told(_plain(parted.filter(~pl.col("is_open"))), rows.filter(~pl.col("belongs")))

    def leave(self, running: Collection[int]) -> pl.DataFrame:
        """Give up the open sessions of servers that run no more: their ends were not logged."""
        gone = ~pl.col("server").is_in(list(running))
        left = self._open.filter(gone)
        self._open = self._open.filter(~gone)
        return left

    def rest(self) -> pl.DataFrame:
        """Give up all that are open at the end of the log."""
        left = self._open
        self._open = left.clear()
        return left


def _as_rows(events: pl.DataFrame) -> pl.DataFrame:
    return events.select(*EVENT, peers=pl.lit(None, pl.List(pl.String)))


def _plain(sessions: pl.DataFrame) -> pl.DataFrame:
    return sessions.select(pl.col(name).cast(dtype) for name, dtype in SESSION.items())


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each row the number of its `session`, and say whether it `belongs` to one.

    One ends with its `closed`, and when the same number is given out anew: by a `new` when it has begun.
    """
    rows = rows.sort(_KEY, maintain_order=True)
    begun, opens = pl.col("begun").cast(pl.Int64), pl.col("opens").cast(pl.Int64)
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in _KEY)
    over = pl.col("closed_at").is_not_null().shift(1)
    rows = rows.with_columns(
        after=(~same | over).fill_null(value=True),
        begun_before=begun.cum_sum() - begun,
        opened_before=opens.cum_sum() - opens,
    )
    since = pl.when("after").then("begun_before").forward_fill()
    anew = pl.col("new_at").is_not_null() & (pl.col("begun_before") > since)
    rows = rows.with_columns(starts=pl.col("after") | anew)
    opened = pl.when("starts").then("opened_before").forward_fill()
    return rows.with_columns(
        session=pl.col("starts").cum_sum(),
        belongs=pl.col("opened_before") + opens > opened,
    )


def _together() -> list[pl.Expr]:
    """Say how the rows of a session become one."""
    return [
        *(pl.col(name).first(ignore_nulls=True) for name in _FIRST),
        *(pl.col(name).last(ignore_nulls=True) for name in _LAST),
        *(pl.col(name).sum() for name in _SUMS),
        *(pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name) for name in _COUNTS),
        *(pl.col(name).any() for name in _ANY),
        *(pl.col(name).min() for name in _LOWEST),
        *(pl.col(name).max() for name in _HIGHEST),
        pl.lit(None, pl.String).alias("peer"),
    ]


def _peers(rows: pl.DataFrame) -> pl.DataFrame:
    """Gather the first peers of each session, each once."""
    held = rows.filter(pl.col("peers").is_not_null()).select("session", peer="peers")
    met = rows.filter(pl.col("peer").is_not_null()).select("session", "peer")
    return (
        pl.concat([held.explode("peer", empty_as_null=True), met])
        .group_by("session", maintain_order=True)
        .agg(peers=pl.col("peer").unique(maintain_order=True).head(PEERS_KEPT))
    )
