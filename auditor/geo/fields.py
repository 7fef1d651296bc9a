"""The fields of inventories and relay lists, read strictly; each reader raises `NotReadableError`."""

import re
import socket
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Network, ip_network

import polars as pl

from auditor.countries import COUNTRIES, OFTEN_MEANT
from auditor.geo.stretches import block_of
from auditor.text import nearest

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:[Zz]|[+-]\d\d:\d\d)")
_PREFIX = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")
_BLANKS = re.compile(r"\s+")
_NAME = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*")
_MAPPED_LENGTH = 96
_IPV4_BITS = 32
_INSTANTS = 10_000
"""So many different days, and more, an inventory may name; each is read once."""


class NotReadableError(Exception):
    """What is wrong with one field, and how to go on."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def site_key(site: str) -> str:
    """Spell a site as it is matched: NFC, trimmed, blanks made one, case ignored."""
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", site).strip().casefold())


def name_key(name: str) -> str:
    """Spell a host name as it is matched: case and a last dot ignored."""
    return unicodedata.normalize("NFC", name.strip().casefold().removesuffix("."))


def prefix_of(written: str) -> str:
    """Read an IPv4 or IPv6 prefix, in its shortest spelling; a bare address is a prefix of its own."""
    if _is_shortest(written):
        return written
    address = written.partition("/")[0]
    try:
        network = ip_network(written if _PREFIX.fullmatch(written) else "", strict=False)
        host = ip_network(address).network_address
    except ValueError as error:
        raise NotReadableError(f"`{written}` is no prefix", "such as `203.0.113.0/24`") from error
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_LENGTH and network[0].ipv4_mapped:
        inner = f"{network[0].ipv4_mapped}/{network.prefixlen - _MAPPED_LENGTH}"
        raise NotReadableError(f"`{written}` is IPv4 in another dress", f"write `{inner}`")
    if host != network.network_address:
        raise NotReadableError(f"`{written}` has host bits set", f"the network is `{network}`")
    return str(network)


def plain_prefixes(written: Iterable[str]) -> frozenset[str]:
    """Pick the IPv4 prefixes that are surely right as they are written: the quick way for many lines."""
    text = pl.col("written")
    parts = text.str.split_exact("/", 1).struct
    octets = parts.field("field_0").str.split_exact(".", 3).struct
    numbers = [octets.field(f"field_{place}").cast(pl.UInt8, strict=False) for place in range(4)]
    written_length = parts.field("field_1").cast(pl.UInt8, strict=False)
    length = pl.when(written_length <= _IPV4_BITS).then(written_length)
    first = pl.lit(0, pl.Int64)
    for number in numbers:
        first = first * 256 + number
    addresses = pl.lit(2, pl.Int64).pow(_IPV4_BITS - length.cast(pl.Int64))
    is_plain = (
        (pl.format("{}.{}.{}.{}/{}", *numbers, length) == text)  # null where one of them is no number
        & (first % addresses == 0)
    )
    frame = pl.DataFrame({"written": list(written)}, schema={"written": pl.String})
    return frozenset(frame.filter(is_plain)["written"])


def _is_shortest(written: str) -> bool:
    """Tell whether a prefix is surely right as it is written: the quick way for most of many lines."""
    if written.startswith("::"):  # what may be IPv4 in another dress is spelled here and there in two ways
        return False
    try:
        block = block_of(written)
    except ValueError:
        return False
    family, octets = (socket.AF_INET6, 16) if ":" in written else (socket.AF_INET, 4)
    shortest = socket.inet_ntop(family, block.first.to_bytes(octets))
    return written == f"{shortest}/{block.length}"


def site_of(written: str) -> str:
    """Read a site string, as written."""
    if not site_key(written):
        raise NotReadableError("is blank")
    return written


def name_of(written: str) -> str:
    """Read a host name, as written; it may begin with `*.`."""
    if not _NAME.fullmatch(name_key(written)):
        raise NotReadableError(f"`{written}` is no host name", "only the beginning may be `*.`")
    return written


@lru_cache
def countries_of(written: str) -> tuple[str, ...]:
    """Read one country code, or several separated by blanks."""
    codes = written.split()
    for code in codes or [written]:
        if code not in COUNTRIES:
            raise NotReadableError(f"`{code}` is not an ISO 3166-1 alpha-2 code", _country_hint(code))
    return tuple(sorted(set(codes)))


@lru_cache(maxsize=_INSTANTS)
def instant_of(written: str) -> datetime:
    """Read an RFC 3339 instant with its offset, in UTC."""
    try:
        if _INSTANT.fullmatch(written):
            return datetime.fromisoformat(written.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise NotReadableError(f"`{written}` is no instant: {error}") from error
    hint = "give date, time and offset, such as `2020-02-01T00:00:00Z`"
    raise NotReadableError(f"`{written}` is no RFC 3339 instant", hint)


def one_of(words: Iterable[str]) -> Callable[[str], str]:
    """Make a reader of the words of a closed set."""
    known = [str(word) for word in words]

    def read(written: str) -> str:
        if written not in known:
            hint = nearest(written, known) or f"known: {', '.join(known)}"
            raise NotReadableError(f"unknown word `{written}`", hint)
        return written

    return read


def _country_hint(code: str) -> str | None:
    meant = OFTEN_MEANT.get(code) or (code.upper() if code.upper() in COUNTRIES else None)
    return f"did you mean `{meant}`?" if meant else "several countries are separated by blanks"
