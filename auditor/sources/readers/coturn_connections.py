"""Ended sessions of a TURN server → connections. Design: FORMATS.md, section 5.1."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from auditor.model import BadValue, Role, TimeBasis
from auditor.sources.interface import Log
from auditor.sources.privacy import modes_of
from auditor.sources.readers.coturn_sessions import PEERS_KEPT
from auditor.sources.readers.gathered import Gathered
from auditor.sources.values import split_ports

_UNSPECIFIED: Final = ("0.0.0.0", "::")  # noqa: S104  what a socket that listens everywhere logs of itself
_OF_A_PERSON: Final = r"^[0-9]{9,11}:(.+)$"
"""A user name for a time only: until when, in seconds, and whose."""


def gather(gathered: Gathered, sessions: pl.DataFrame, log: Log) -> bool:
    """Hand on what ended sessions are: those with an allocation are connections, in order, others not used.

    A client that has not said who it is came for its own address, or did not get in. Says whether there was
    any allocation.
    """
    if sessions.is_empty():
        return False
    known = pl.col("allocated") | (pl.col("peer_volume") > 0).fill_null(value=False)
    named = pl.col("user").is_not_null() & ~pl.col("anonymous")
    rows = sessions.with_columns(used=known | named).sort("record")
    unused, used = rows.filter(~pl.col("used")), rows.filter("used")
    if unused.height:
        gathered.aside("not_used", unused["record"][0], int(unused["records"].sum()))
    if "client_ip" in modes_of(log):  # peers are clients, too
        used = used.with_columns(peers=pl.lit(None, used.schema["peers"]))
    if used.height:
        frame = _connections(used, dict(log.told.public_addresses))
        early = frame.filter(pl.col("ended_at") < pl.col("started_at"))
        for record, ended_at in early.select("record", "ended_at").iter_rows():
            gathered.unread("ended_at", BadValue.END_BEFORE_START, record, ended_at.isoformat())
        kept = pl.when(pl.col("ended_at") >= pl.col("started_at")).then("ended_at").alias("ended_at")
        gathered.connections(frame.with_columns(kept), records=int(used["records"].sum()))
    return used.height > 0


def _connections(sessions: pl.DataFrame, public: Mapping[str, str]) -> pl.DataFrame:
    local, relayed = (split_ports(sessions[name], bare=False) for name in ("local", "relayed"))
    remote, _ = split_ports(sessions["remote"], bare=False)
    whole = sessions.with_columns(
        local_ip=local[0].values,
        local_port=local[1].values,
        relayed_ip=relayed[0].values,
        relayed_port=relayed[1].values,
        client_ip=remote.values,
    ).with_columns(listens=pl.col("local_ip").is_not_null() & ~pl.col("local_ip").is_in(_UNSPECIFIED))
    by_relay = ~pl.col("listens") & pl.col("relayed_ip").is_not_null()
    relay = pl.when(by_relay).then("relayed_ip").otherwise("local_ip")
    number = pl.col("id").cast(pl.String).str.zfill(18)
    return whole.select(
        "record",
        "last_record",
        "byte_offset",
        "client_ip",
        session_id=pl.concat_str("host", number, separator="/", ignore_nulls=True),
        account_id=_told("realm"),
        participant_id=pl.coalesce(pl.col("user").str.extract(_OF_A_PERSON), "user"),
        role=pl.lit(Role.TURN.value),
        relay_ip=relay.replace(public) if public else relay,
        relay_port=pl.when(by_relay).then("relayed_port").otherwise("local_port"),
        started_at=pl.coalesce("new_at", "seen_at"),
        ended_at=pl.coalesce("closed_at", "deleted_at"),
        time_basis=pl.when(pl.col("new_at").is_null())
        .then(pl.lit(TimeBasis.INFERRED.value))
        .otherwise(pl.lit(TimeBasis.CONNECTION.value)),
        bytes=pl.when(~pl.col("uncounted")).then("volume"),
        use_proved=_relayed(),
        extra=_extra(),
    )


def _relayed() -> pl.Expr:
    """Say whether packets were relayed, which the peers' side shows.

    Older versions count the client's side only, with the requests. What is more than them was data; of a
    session that began before the log the first count is left out, as the requests in it are not known.
    """
    unknown = pl.when(pl.col("new_at").is_null()).then("first_packets").otherwise(0)
    more = pl.col("packets") - unknown.fill_null(0) > pl.col("requests")
    return pl.coalesce(pl.col("peer_volume") > 0, more, pl.lit(value=False))


def _told(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(name).alias(name)


def _extra() -> pl.Expr:
    """Tell the rest as one JSON object, without what was not told."""
    told = [_member(_told(name).alias(name)) for name in ("cipher", "method", "relayed", "origin", "reason")]
    peers = pl.col("peers").list.head(PEERS_KEPT - 1).alias("peers")
    more = pl.when(pl.col("peers").list.len() == PEERS_KEPT).then(pl.lit(value=True)).alias("more_peers")
    whole = pl.concat_str(*told, _member(peers), _member(more), separator=",", ignore_nulls=True)
    return pl.when(whole != "").then(pl.concat_str(pl.lit("{"), whole, pl.lit("}")))


def _member(value: pl.Expr) -> pl.Expr:
    text = pl.struct(value).struct.json_encode()
    return pl.when(value.is_not_null()).then(text.str.slice(1, text.str.len_chars() - 2))
