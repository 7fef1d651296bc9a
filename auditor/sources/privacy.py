"""Privacy at the door: what of a log is kept only as a keyed hash, or as a network.

Design: FORMATS.md, section 3.2.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_network
from pathlib import Path

import polars as pl

from auditor.errors import Fault, SourceError
from auditor.sources.interface import Batch, Log, Piece, Plan, Source
from auditor.sources.language import Privacy

KEY_BYTES = 16
"""A key has at least so many; fewer can be tried out."""

HASH_DIGITS = 32
_FINGERPRINTED = b"auditor privacy key"
_IPV4 = r"^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$"


def key_of(path: Path) -> bytes:
    """Read an organisation's key, as it lies in its file. Raises SourceError."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise SourceError(Fault(str(path), f"cannot be read: {error.strerror}")) from None
    if len(key) < KEY_BYTES:
        hint = f"make one with: head -c 32 /dev/urandom > {path}, and keep it: other keys give other hashes"
        raise SourceError(Fault(str(path), f"is no key: it has {len(key)} bytes", hint))
    return key


def fingerprint_of(key: bytes) -> str:
    """Name a key without giving it away: two runs of one fingerprint hash alike."""
    return hmac.new(key, _FINGERPRINTED, hashlib.sha256).hexdigest()[:16]


def hashed(value: str, key: bytes) -> str:
    """Hash one value: the first 32 hexadecimal digits of its HMAC-SHA-256."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:HASH_DIGITS]


def modes_of(log: Log) -> dict[str, Privacy]:
    """Say which columns of a log are not kept as they are; what the user says goes before the mapping."""
    said = {**log.mapping.privacy, **dict(log.told.privacy)}
    return {column: mode for column, mode in said.items() if mode != "keep"}


def require_key(log: Log) -> None:
    """Raise SourceError where a column is to be hashed and there is no key."""
    columns = [column for column, mode in modes_of(log).items() if mode == "hash"]
    if columns and log.told.privacy_key is None:
        named = ", ".join(f"`{column}`" for column in columns)
        text = f"`{log.mapping.id}` keeps {named} as a hash, and there is no key"
        keep = " ".join(f"--privacy {column}=keep" for column in columns)
        hint = (
            "give --privacy-key FILE (head -c 32 /dev/urandom > FILE makes one), "
            f"or {keep} to keep what stands there"
        )
        raise SourceError(Fault(log.path, text, hint))


def require_ends(log: Log) -> None:
    """Raise SourceError where clients are to be protected, and nothing tells them from relays."""
    flows = any(part.relay_among for part in log.mapping.parts)
    if flows and "client_ip" in modes_of(log) and not log.told.relay_networks:
        text = "protects `client_ip`, and nothing tells which end of a flow is the client"
        hint = (
            "give an inventory with lines that have a prefix and `kind: relay`, or --privacy client_ip=keep"
        )
        raise SourceError(Fault(log.path, text, hint))


@dataclass(frozen=True, slots=True)
class Guarded:
    """A source of which nothing leaves that is not to be kept, but client addresses: those are located."""

    source: Source

    def plan(self, log: Log, *, piece_bytes: int) -> Plan:
        """Plan as the source does. Raises SourceError also where what is asked cannot be kept."""
        require_key(log)
        require_ends(log)
        return self.source.plan(log, piece_bytes=piece_bytes)

    def batches(self, piece: Piece) -> Iterator[Batch]:
        """Yield the batches, with hashes where values are not to be kept, and no raw text of anything."""
        modes = modes_of(piece.log)
        for batch in self.source.batches(piece):
            yield _guarded(batch, modes, piece.log) if modes else batch

    def raw_record(self, log: Log, *, record: int, byte_offset: int | None) -> bytes:
        """Fetch a record verbatim, unless anything in it is not to be kept: then say so in its place."""
        if modes_of(log):
            return f"[not kept: `{log.mapping.id}` protects what stands in its records]".encode()
        return self.source.raw_record(log, record=record, byte_offset=byte_offset)


def shown(connections: pl.DataFrame, log: Log) -> pl.DataFrame:
    """Take what may not leave out of connections that are located: client addresses become networks."""
    if modes_of(log).get("client_ip") != "network":
        return connections
    return connections.with_columns(network_of(connections["client_ip"]))


def network_of(addresses: pl.Series) -> pl.Series:
    """Write addresses as their /24 or /48; what is no address is nothing that can be shown."""
    four = addresses.str.extract(_IPV4, 1) + ".0/24"
    six = addresses.filter(addresses.str.contains(":", literal=True) & four.is_null()).unique()
    networks = pl.Series([_network_of_ipv6(address) for address in six], dtype=pl.String)
    wide = addresses.replace_strict(six, networks, default=None, return_dtype=pl.String)
    return four.zip_with(four.is_not_null(), wide).alias(addresses.name)


def _network_of_ipv6(text: str) -> str | None:
    try:
        address = IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    within = address.ipv4_mapped
    return str(ip_network((within, 24) if within else (address, 48), strict=False))


def _guarded(batch: Batch, modes: Mapping[str, Privacy], log: Log) -> Batch:
    key = log.told.privacy_key
    columns = [column for column, mode in modes.items() if mode == "hash"]
    if columns and key is None:
        raise AssertionError(f"{log.path} was planned without its key")
    connections = batch.connections.with_columns(
        _hashed(batch.connections[column], key or b"") for column in columns
    )
    return replace(
        batch,
        connections=connections,
        rejects=batch.rejects.with_columns(excerpt=pl.lit(None, pl.String)),
        # one text of a log can hold what several columns are read from
        unread=batch.unread.with_columns(example=pl.lit(None, pl.String)),
    )


def _hashed(values: pl.Series, key: bytes) -> pl.Series:
    """Hash each distinct value once."""
    distinct = values.drop_nulls().unique()
    digests = pl.Series([hashed(value, key) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, digests, default=None, return_dtype=pl.String)
