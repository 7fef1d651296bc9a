"""The messages of coturn's sessions, kind by kind → events. Design: FORMATS.md, section 5.1."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from auditor.sources.readers.coturn_sessions import EVENT

_NAMED: Final = "realm=<(?P<realm>[^>]*)>, username=<(?P<user>[^>]*)>"
_ALLOCATION: Final = (
    rf"^(?:new|refreshed), {_NAMED}, lifetime=(?P<read>[0-9]+)"
    r"(?:, cipher=(?P<cipher>[^ ,]*), method=(?P<method>[^ ,]*))?$"
)
_USAGE: Final = (
    rf"^(?:peer )?usage: {_NAMED}, rp=(?P<packets>[0-9]+), "
    r"rb=(?P<read>[0-9]+), sp=[0-9]+, sb=(?P<sent>[0-9]+)$"
)
_REQUEST: Final = (
    r"^(?:origin <[^>]*> )?(?:realm <(?P<realm>[^>]*)> user <(?P<user>[^>]*)>: )?"
    r"incoming packet (?P<read>[A-Za-z_]+) processed, (?P<outcome>success|error)"
)
_CLOSING: Final = (
    r"^closed \([12](?:st|nd) stage\), user <(?P<user>[^>]*)> realm <(?P<realm>[^>]*)> "
    r"origin <(?P<origin>[^>]*)>, local (?P<local>[^ ,]*), remote (?P<remote>[^ ,]*), reason: (?P<reason>.*)$"
)
_PEER: Final = (
    r"^peer (?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^: ]+)|(?P<bare>[^ \[\]]+))(?::[0-9]+)? lifetime updated: "
)
_LASTING: Final = ("ALLOCATE", "REFRESH", "CREATE_PERMISSION", "CHANNEL_BIND", "CONNECT")
"""Requests that succeed for an allocation only."""

_HIGHEST_COUNT: Final = 10**12
"""A count since the last one is far below it, and sums of such counts are exact."""


@dataclass(frozen=True, slots=True)
class Told:
    """What messages tell: `events`, in order, and the lines whose form is known and whose words are not.

    `unread` has beside each such line the `column` that it would have filled.
    """

    events: pl.DataFrame
    unread: pl.DataFrame


def told(lines: pl.DataFrame, pairs: pl.DataFrame) -> Told:
    """Read the messages of sessions. `pairs` gives some `new` the relay address of a line before them."""
    kinds = lines.with_columns(kind=_kind())
    by_kind = {str(kind): rows for (kind,), rows in kinds.partition_by("kind", as_dict=True).items()}
    if "allocation" in by_kind:
        by_kind["allocation"] = by_kind["allocation"].join(pairs, on="number", how="left")
    read = {kind: _READERS[kind](rows) for kind, rows in by_kind.items()}
    unread = [
        rows.filter("unread").select("number", "text", "body", column=pl.lit(_UNREAD[kind]))
        for kind, rows in read.items()
        if kind in _UNREAD
    ]
    return Told(_events([_EMPTY, *read.values()]), pl.concat(unread) if unread else _NOTHING_UNREAD)


def _kind() -> pl.Expr:
    body = pl.col("body")
    usage = body.str.starts_with("usage: ") | body.str.starts_with("peer usage: ")
    allocation = body.str.starts_with("new, ") | body.str.starts_with("refreshed, ")
    return (
        pl.when(usage)
        .then(pl.lit("usage"))
        .when(allocation)
        .then(pl.lit("allocation"))
        .when(body.str.starts_with("closed ("))
        .then(pl.lit("closing"))
        .when(body.str.starts_with("peer "))
        .then(pl.lit("peer"))
        .when(body.str.starts_with("delete: "))
        .then(pl.lit("deletion"))
        .otherwise(pl.lit("request"))
    )


def _allocations(lines: pl.DataFrame) -> pl.DataFrame:
    """Read `new` and `refreshed`."""
    begins = pl.col("body").str.starts_with("new, ")
    return _parsed(lines, _ALLOCATION).with_columns(
        new_at=pl.when(begins).then("at"),
        record=pl.coalesce("relay_record", "number"),
        byte_offset=pl.coalesce("relay_offset", "offset"),
        records=1 + pl.col("relay_record").is_not_null().cast(pl.Int64),
        opens=pl.lit(value=True),
        begun=pl.lit(value=True),
        allocated=pl.lit(value=True),
        unread=pl.col("read").is_null(),
    )


def _usages(lines: pl.DataFrame) -> pl.DataFrame:
    """Read what was counted since the last count: at the client's side with its requests, or the peers'."""
    of_peers = pl.col("body").str.starts_with("peer ")
    counts = [_count(name) for name in ("packets", "read", "sent")]
    found = _parsed(lines, _USAGE).with_columns(
        packets=counts[0], volume=counts[1] + counts[2], of_peers=of_peers
    )
    unread = pl.col("volume").is_null() | pl.col("packets").is_null()
    at_client = pl.when(~pl.col("of_peers"))
    return found.with_columns(
        packets=at_client.then("packets"),
        first_packets=at_client.then("packets"),
        volume=at_client.then("volume"),
        peer_volume=pl.when("of_peers").then("volume"),
        uncounted=unread & ~pl.col("of_peers"),
        unread=unread,
        opens=pl.lit(value=True),
        begun=pl.lit(value=True),
    )


def _count(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Int64, strict=False)
    return pl.when(number < _HIGHEST_COUNT).then(number)


def _requests(lines: pl.DataFrame) -> pl.DataFrame:
    """Read what was asked of the server; any other message is only one more of its session."""
    found = _parsed(lines, _REQUEST)
    lasting = pl.col("read").is_in(_LASTING) & (pl.col("outcome") == "success")
    asked = pl.col("read").is_not_null()
    return found.with_columns(requests=asked.cast(pl.Int64), opens=asked, begun=lasting, allocated=lasting)


def _closings(lines: pl.DataFrame) -> pl.DataFrame:
    """Read the ends; after the first stage a mobile client may come back."""
    ended = pl.col("body").str.starts_with("closed (2nd")
    return _parsed(lines, _CLOSING).with_columns(
        closed_at=pl.when(ended).then("at"), opens=pl.lit(value=True), unread=pl.col("local").is_null()
    )


def _peers(lines: pl.DataFrame) -> pl.DataFrame:
    """Read whom the client was permitted to reach."""
    found = _parsed(lines, _PEER).with_columns(peer=pl.coalesce("v6", "v4", "bare"))
    met = pl.col("peer").is_not_null()
    return found.with_columns(opens=met, begun=met, allocated=met)


def _deletions(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(deleted_at="at", allocated=pl.lit(value=True))


_READERS: Final[Mapping[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    "allocation": _allocations,
    "usage": _usages,
    "request": _requests,
    "closing": _closings,
    "peer": _peers,
    "deletion": _deletions,
}
_UNREAD: Final = {"allocation": "account_id", "usage": "bytes", "closing": "relay_ip"}


def _parsed(lines: pl.DataFrame, form: str) -> pl.DataFrame:
    """Read the words of a form; a user without a name has not yet said who it is."""
    groups = lines.select(pl.col("body").str.extract_groups(form).alias("groups")).unnest("groups")
    found = lines.with_columns(groups)
    if "user" not in groups.columns:
        return found
    user = pl.col("user")
    return found.with_columns(user=pl.when(user != "").then(user), anonymous=user == "")


def _events(kinds: list[pl.DataFrame]) -> pl.DataFrame:
    """Lay events of all kinds out alike, in order."""
    flags = [name for name, dtype in EVENT.items() if dtype == pl.Boolean]
    common = {
        "last_record": pl.col("number"),
        "seen_at": pl.col("at"),
        "record": pl.coalesce("record", "number"),
        "byte_offset": pl.coalesce("byte_offset", "offset"),
        "records": pl.col("records").fill_null(1),
    }
    needed = {*EVENT, "number", "offset", "at"}
    whole = pl.concat(
        [rows.select(name for name in rows.columns if name in needed) for rows in kinds],
        how="diagonal_relaxed",
    )
    return (
        whole.with_columns(**common)
        .with_columns(pl.col(flags).fill_null(value=False))
        .select(pl.col(name).cast(dtype) for name, dtype in EVENT.items())
        .sort("last_record")
    )


_EMPTY: Final = pl.DataFrame(schema={**EVENT, "number": pl.Int64, "offset": pl.Int64, "at": EVENT["seen_at"]})
_NOTHING_UNREAD: Final = pl.DataFrame(
    schema={"number": pl.Int64, "text": pl.String, "body": pl.String, "column": pl.String}
)
