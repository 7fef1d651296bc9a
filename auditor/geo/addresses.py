"""What kind of address a text is, decided by our own table before any database is asked.

`special_addresses.csv` is the table; `tools/build_kinds.py` compiles it into the two databases beside it.
Design: GEOLOCATION.md, section 1.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import polars as pl

from auditor.geo.readers import looked_up
from auditor.geo.translation import NOTHING_EMBEDDED, embedded_in
from auditor.model import Schema

PRIVATE_KINDS = frozenset({"private", "shared", "link_local", "loopback"})
"""Used by everybody at once: such a prefix means a place only together with a site."""

CLASSIFIED: Schema = {
    "text": pl.String,
    "kind": pl.String,
    "address": pl.String,
    "inner": pl.String,
    "inner_kind": pl.String,
}

_INNER_SHIFT = {"nat64": 0, "sixtofour": 80, "teredo": 0}
_IPV4_BITS = 0xFFFF_FFFF
_INVERTED = {"teredo": _IPV4_BITS}
_MAPPED = r"(?i)^::ffff:(\d+\.\d+\.\d+\.\d+)$"
_GROUP4 = r"(?:\d{1,3}|[xX*#]{1,3})"
_GROUP6 = r"(?:[0-9a-fA-F]{1,4}|[xX*#]{1,4})"
_MASKED = (
    rf"^(?:{_GROUP4}\.){{0,3}}[xX*#]{{1,3}}(?:\.{_GROUP4}){{0,3}}$",  # 1.2.3.x, x.x.x.x
    r"^(?:\d{1,3}\.){1,3}\.{1,3}$",  # 1.2.3...
    rf"^(?:{_GROUP6}?:){{1,7}}[xX*#]{{1,4}}(?::{_GROUP6}?){{0,7}}$",  # 2001:db8:x:x::
    r"^[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*/\d{1,3}$",  # 1.2.3.0/24
)
_HOST_NAME = r"^(?:[\p{L}\p{N}_](?:[\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?\.)+(?:\p{L}[\p{L}\p{N}-]{0,62})\.?$"


def classify(texts: pl.Series, *, canonical: bool = True, nat64: Sequence[IPv6Network] = ()) -> pl.DataFrame:
    """Say of each text what kind of address it is.

    One row per text, in order, with the columns CLASSIFIED. `address` is the text to look up, null where
    there is none: a mapped address is its IPv4; IPv6 is shortest and lower-case if `canonical`, which costs
    Python per distinct IPv6 text, else as written. `inner` is the IPv4 inside `nat64`, `sixtofour` and
    `teredo`, and `inner_kind` its kind. `nat64` are the prefixes of translators, beside the well-known one.
    """
    written = pl.DataFrame({"text": texts.cast(pl.String)})
    unmapped = written.with_columns(
        address=pl.coalesce(pl.col("text").str.extract(_MAPPED), pl.col("text"))
    ).with_columns(kind=_kind_of("address"))
    mapped = _each(unmapped, pl.col("kind") == "mapped", _ipv4_of_mapped)
    whole = (
        unmapped.with_columns(mapped)
        .with_columns(address=pl.coalesce("each", "address"))
        .with_columns(kind=pl.when(pl.col("each").is_null()).then("kind").otherwise(_kind_of("address")))
    )
    whole = whole.with_columns(inner=pl.lit(None, pl.String), is_address=pl.col("kind").is_not_null())
    for kind in _INNER_SHIFT:
        inner = _each(whole, pl.col("kind") == kind, _inner_of(kind))
        whole = whole.with_columns(inner).with_columns(inner=pl.coalesce("inner", "each"))
    if nat64:
        translated = _each(whole, pl.col("is_address") & _is_ipv6("address"), _translated_by(nat64))
        whole = whole.with_columns(translated).with_columns(
            kind=pl.when(pl.col("each").is_not_null()).then(pl.lit("nat64")).otherwise("kind"),
            inner=pl.coalesce(pl.when(pl.col("each") != NOTHING_EMBEDDED).then("each"), "inner"),
        )
    if canonical:
        shortest = _each(whole, pl.col("is_address") & _is_ipv6("address"), _shortest)
        whole = whole.with_columns(shortest).with_columns(address=pl.coalesce("each", "address"))
    return whole.with_columns(
        address=pl.when("is_address").then("address"),
        kind=pl.when("is_address").then("kind").otherwise(_kind_of_text("text")),
        inner_kind=_kind_of("inner"),
    ).select(*CLASSIFIED)


def incident_networks(addresses: pl.Series) -> pl.Series:
    """Give the /24 or /48 around each canonical address; null for null."""
    frame = pl.DataFrame({"address": addresses})
    wide = _each(frame, _is_ipv6("address"), lambda text: str(ip_network((text, 48), strict=False)))
    narrow = pl.col("address").str.extract(r"^(\d+\.\d+\.\d+)\.\d+$") + ".0/24"
    return frame.with_columns(wide).select(network=pl.coalesce(narrow, "each")).to_series()


def private_among(prefixes: Iterable[str]) -> frozenset[str]:
    """Pick the prefixes that lie in private space as a whole.

    Their ends tell: no block that begins and ends in the table's private space has anything else between.
    """
    networks = [ip_network(prefix) for prefix in prefixes]
    ends = [str(network[end]) for network in networks for end in (0, -1)]
    kinds = classify(pl.Series(ends, dtype=pl.String))["kind"]
    both = zip(kinds[::2], kinds[1::2], strict=True)
    return frozenset(
        str(network)
        for network, of_ends in zip(networks, both, strict=True)
        if PRIVATE_KINDS.issuperset(of_ends)
    )


def _kind_of(column: str) -> pl.Expr:
    """Ask our table; null means that the text is no address."""
    four, six = (_table(version) for version in (4, 6))
    text = pl.col(column)
    kinds = (
        looked_up(pl.when(condition).then(text), table, {"kind": pl.String}).struct.field("kind")
        for condition, table in ((~_is_ipv6(column), four), (_is_ipv6(column), six))
    )
    return pl.coalesce(kinds)


def _kind_of_text(column: str) -> pl.Expr:
    """Say what a text that is no address may be."""
    text = pl.col(column)
    return (
        pl.when(text.is_null())
        .then(pl.lit("absent"))
        .when(pl.any_horizontal(text.str.contains(pattern) for pattern in _MASKED))
        .then(pl.lit("masked"))
        .when(text.str.contains(_HOST_NAME))
        .then(pl.lit("host_name"))
        .otherwise(pl.lit("unparsable"))
    )


@cache
def _table(version: int) -> Path:
    return Path(__file__).parent / f"kind{version}.mmdb"


def _is_ipv6(column: str) -> pl.Expr:
    return pl.col(column).str.contains(":", literal=True)


def _each(frame: pl.DataFrame, condition: pl.Expr, change: Callable[[str], str | None]) -> pl.Series:
    """Change the distinct addresses that `condition` picks, in Python; null for all others."""
    picked = frame.select(pl.when(condition).then("address")).to_series()
    distinct = picked.drop_nulls().unique()
    if distinct.is_empty():
        return pl.repeat(None, frame.height, dtype=pl.String, eager=True).alias("each")
    changed = pl.Series([change(text) for text in distinct], dtype=pl.String)
    return picked.replace_strict(distinct, changed, default=None, return_dtype=pl.String).alias("each")


def _ipv4_of_mapped(text: str) -> str:
    return str(IPv4Address(int(ip_address(text)) & _IPV4_BITS))


def _inner_of(kind: str) -> Callable[[str], str]:
    def inner(text: str) -> str:
        bits = int(IPv6Address(text)) >> _INNER_SHIFT[kind] & _IPV4_BITS
        return str(IPv4Address(bits ^ _INVERTED.get(kind, 0)))

    return inner


def _translated_by(prefixes: Sequence[IPv6Network]) -> Callable[[str], str | None]:
    return lambda text: embedded_in(IPv6Address(text), prefixes)


def _shortest(text: str) -> str:
    return str(IPv6Address(text))
