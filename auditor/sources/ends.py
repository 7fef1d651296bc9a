"""Flows, whose two ends a log does not tell apart: the end inside a network of relays is the relay.

Design: FORMATS.md, section 3.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address

import polars as pl

from auditor.model import INSTANT, Schema
from auditor.sources.cells import Cells, written_in
from auditor.sources.circumstances import Circumstances, RelayNetwork
from auditor.sources.language import Value
from auditor.sources.mapping import Mapping as LogMapping
from auditor.sources.mapping import Part
from auditor.sources.parts import PartRead, read_part
from auditor.sources.reading import constant
from auditor.sources.values import read_hosts

RELAY, PORT, CLIENT = "$relay", "$relay_port", "$client"
"""Columns for the two ends of a flow; no path of a log begins so."""

NOT_TOLD = (
    "no inventory names the networks of relays, so that either end of a flow may be the relay; "
    "lines with a prefix and `kind: relay` would settle it"
)

_COLUMNS = {
    name: Value.model_validate({"from": (path,)})
    for name, path in (("relay_ip", RELAY), ("relay_port", PORT), ("client_ip", CLIENT))
}
_NETWORKS: Schema = {"key": pl.String, "from_at": INSTANT, "until_at": INSTANT}
_SPANS: Schema = {"address": pl.String, "from_at": INSTANT, "until_at": INSTANT}
_OCTETS = r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$"
_IPV4_BITS = 32


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows become: `cells` have a row per relay, each from the record at the place that `rows` gives.

    `columns` say where the ends are to be read. `proved` is false where an end is the relay only possibly;
    `foreign` are the places of flows of which neither end is ours. `hints` are texts, with masks of the rows.
    """

    rows: pl.Series
    cells: Cells
    columns: Mapping[str, Value]
    proved: pl.Series
    foreign: pl.Series
    hints: Sequence[tuple[str, pl.Series]]


def flows_of(part: Part, cells: Cells, mapping: LogMapping, told: Circumstances) -> Flow:
    """Tell the ends of flows apart, by the networks of relays at the time; without any, either end may be it.

    An end whose address nobody can read may be a relay of ours, unless the other one is.
    """
    ends = [_read_end(cells, end.ip, end.port) for end in part.relay_among]
    told_of = bool(told.relay_networks)
    times = _times(read_part(_only_times(part), cells, mapping)) if told_of else None
    ours = _ours([ip for ip, _ in ends], times, told.relay_networks)
    place = pl.int_range(cells.height, dtype=pl.get_index_type(), eager=True)
    sides = [
        _side(place, ends[side], ends[1 - side], ours[side], ours[1 - side]) for side in range(len(ends))
    ]
    whole = pl.concat(sides).sort("row", maintain_order=True)
    rows = whole["row"]
    everywhere = constant(True, whole.height, pl.Boolean)  # noqa: FBT003  a cell
    return Flow(
        rows=rows,
        cells=cells.gathered(rows, **{name: whole[name] for name in (RELAY, PORT, CLIENT)}),
        columns=_COLUMNS,
        proved=whole["proved"],
        foreign=place.filter(~place.is_in(rows.implode())),
        hints=[] if told_of else [(NOT_TOLD, everywhere)],
    )


def _only_times(part: Part) -> Part:
    columns = {name: part.columns[name] for name in ("started_at", "ended_at") if name in part.columns}
    return Part(number=part.number, columns=columns, labels={})


def _times(read: PartRead) -> pl.DataFrame:
    return pl.DataFrame({"at": read.columns["started_at"], "until": read.columns["ended_at"]})


def _read_end(cells: Cells, ip: str, port: str | None) -> tuple[pl.Series, pl.Series]:
    nothing = constant(None, cells.height, pl.String)
    address = written_in(cells, Value.model_validate({"from": (ip,)}))
    number = written_in(cells, Value.model_validate({"from": (port,)})) if port else None
    return (
        read_hosts(address.values).values if address else nothing,
        number.values.cast(pl.String) if number else nothing,
    )


@dataclass(frozen=True, slots=True)
class _Ours:
    """Of one end of each flow: whether it is a relay of ours, became one meanwhile, or nobody can tell."""

    inside: pl.Series
    later: pl.Series
    untold: pl.Series


def _ours(
    ends: Sequence[pl.Series], times: pl.DataFrame | None, networks: tuple[RelayNetwork, ...]
) -> list[_Ours]:
    if times is None:
        no, yes = (constant(value, len(ends[0]), pl.Boolean) for value in (False, True))
        return [_Ours(no, no, yes)] * len(ends)
    distinct = pl.concat([end.rename("address") for end in ends]).drop_nulls().unique()
    numbered = _numbered(distinct)
    untold = distinct.filter(numbered["four"].is_null() & numbered["six"].is_null()).implode()
    spans = _spans_of(numbered, networks)
    return [
        _Ours(
            inside=_during(end, times, spans, _AT_START),
            later=_during(end, times, spans, _MEANWHILE),
            untold=end.is_null() | end.is_in(untold).fill_null(value=True),
        )
        for end in ends
    ]


def _side(
    place: pl.Series,
    end: tuple[pl.Series, pl.Series],
    other: tuple[pl.Series, pl.Series],
    ours: _Ours,
    theirs: _Ours,
) -> pl.DataFrame:
    """Give the flows of which one end is, or may be, the relay."""
    taken = ours.inside | ours.later | (ours.untold & ~theirs.inside)
    columns = {"row": place, RELAY: end[0], PORT: end[1], CLIENT: other[0], "proved": ours.inside}
    return pl.DataFrame(columns).filter(taken)


def _numbered(addresses: pl.Series) -> pl.DataFrame:
    """Read distinct addresses as numbers: `four`, and `six` as its 32 hexadecimal digits; null for others."""
    octets = (
        addresses.rename("address")
        .to_frame()
        .select(
            pl.col("address").str.extract(_OCTETS, place).cast(pl.UInt32, strict=False).alias(str(place))
            for place in range(1, 5)
        )
    )
    fitting = pl.all_horizontal(pl.all() < 256)  # noqa: PLR2004  an octet
    value = pl.sum_horizontal(pl.col(str(place)) * 256 ** (4 - place) for place in range(1, 5))
    four = octets.select(pl.when(fitting).then(value).cast(pl.UInt32)).to_series()
    six = addresses.zip_with(
        addresses.str.contains(":", literal=True), constant(None, len(addresses), pl.String)
    )
    known = {text: number for text in six.drop_nulls().unique() if (number := _ipv6_number(text)) is not None}
    mapped = {text: number & 0xFFFFFFFF for text, number in known.items() if number >> 32 == 0xFFFF}  # noqa: PLR2004  ::ffff:0:0/96
    as_four = six.replace_strict(mapped, default=None, return_dtype=pl.UInt32)
    plain = {text: f"{number:032x}" for text, number in known.items() if text not in mapped}
    return pl.DataFrame(
        {
            "address": addresses,
            "four": four.zip_with(four.is_not_null(), as_four),
            "six": six.replace_strict(plain, default=None, return_dtype=pl.String),
        }
    )


def _ipv6_number(text: str) -> int | None:
    try:
        return int(IPv6Address(text.partition("%")[0]))
    except ValueError:
        return None


def within(addresses: pl.Series, at: pl.Series, networks: Sequence[RelayNetwork]) -> pl.Series:
    """Tell which addresses are inside a network, at their times; those without a time, at any."""
    spans = _spans_of(_numbered(addresses.drop_nulls().unique()), tuple(networks))
    return _during(addresses, at.to_frame("at"), spans, _AT_START)


def _spans_of(numbered: pl.DataFrame, networks: tuple[RelayNetwork, ...]) -> pl.DataFrame:
    """List from when until when each address is inside a network: `address`, `from_at`, `until_at`."""
    found = [
        numbered.select("address", key=_key(version, length))
        .drop_nulls("key")
        .join(table, on="key", how="inner")
        .select(*_SPANS)
        for (version, length), table in _by_length(networks)
    ]
    return pl.concat([pl.DataFrame(schema=_SPANS), *found]).unique()


_OVER = (pl.col("until_at") <= pl.col("at")).fill_null(value=False)
_AT_START = (pl.col("from_at") <= pl.col("at")).fill_null(value=True) & ~_OVER
_MEANWHILE = (pl.col("from_at") < pl.col("until")).fill_null(value=True) & ~_OVER
"""A flow without an end may go on into any time."""


def _during(addresses: pl.Series, times: pl.DataFrame, spans: pl.DataFrame, held: pl.Expr) -> pl.Series:
    rows = times.with_columns(address=addresses).with_row_index("row")
    inside = rows.join(spans, on="address", how="inner").filter(held)["row"]
    mask = constant(False, len(addresses), pl.Boolean)  # noqa: FBT003  a cell
    return mask.scatter(inside.unique(), True)  # noqa: FBT003  a cell


def _key(version: int, length: int) -> pl.Expr:
    """Spell the beginning of addresses, of so many bits, as `_key_of` does."""
    if version == 4:  # noqa: PLR2004  an IP version is its own name
        return pl.col("four").floordiv(1 << (_IPV4_BITS - length)).cast(pl.String)
    whole, rest = divmod(length, 4)
    digits = pl.col("six").str.slice(0, whole)
    if not rest:
        return digits
    digit = pl.col("six").str.slice(whole, 1).str.to_integer(base=16, strict=False)
    return pl.concat_str(digits, digit.floordiv(1 << (4 - rest)).cast(pl.String), separator="/")


def _key_of(one: RelayNetwork) -> str:
    """Spell the bits that all addresses of a network begin with."""
    number, length = int(one.network.network_address), one.network.prefixlen
    if one.network.version == 4:  # noqa: PLR2004  an IP version is its own name
        return str(number >> (_IPV4_BITS - length))
    (whole, rest), digits = divmod(length, 4), f"{number:032x}"
    return f"{digits[:whole]}/{int(digits[whole], 16) >> (4 - rest)}" if rest else digits[:whole]


@lru_cache(maxsize=4)
def _by_length(networks: tuple[RelayNetwork, ...]) -> list[tuple[tuple[int, int], pl.DataFrame]]:
    """Lay networks of one version and length beside each other, once for all batches of a log."""
    groups: dict[tuple[int, int], list[tuple[str, datetime, datetime | None]]] = {}
    for one in networks:
        kind = (one.network.version, one.network.prefixlen)
        groups.setdefault(kind, []).append((_key_of(one), one.from_at, one.until_at))
    return [(kind, pl.DataFrame(rows, schema=_NETWORKS, orient="row")) for kind, rows in groups.items()]
