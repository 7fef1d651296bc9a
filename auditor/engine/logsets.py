"""Logs that are read in one way, and what that way is."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from auditor.engine.request import LogsAsked, Told
from auditor.errors import AuditorError, Fault, SourceError
from auditor.geo.inventory import Inventory
from auditor.sources.circumstances import Circumstances, RelayNetwork
from auditor.sources.detection import Chosen, bears_mark, chosen_for
from auditor.sources.discover import OF_NAMED_FORMATS, SUFFIXES, Shows, log_of, shows_nothing
from auditor.sources.interface import Log
from auditor.sources.privacy import KEY_BYTES, fingerprint_of, modes_of
from auditor.sources.registry import Format, Kind, format_named, format_of
from auditor.sources.value_faults import PROTECTED, is_zone, privacy_fault, zone_fault

RELAY = "relay"
"""The kind of inventory lines that say which networks are of relays."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a log is read, and how that came about: `why` is what it showed, where nobody said it."""

    format: Format
    told: Told
    why: str | None = None


@dataclass(frozen=True, slots=True)
class LogSet:
    """Logs that are read in one way. `format` is None where each shows its own.

    `circumstances` are without the networks of relays, which flows alone need: those are in `inventory`.
    """

    paths: tuple[str, ...]
    format: Format | None
    told: Told
    circumstances: Circumstances
    inventory: Inventory | None

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Give what the logs of a folder end in."""
        return SUFFIXES if self.format is None else OF_NAMED_FORMATS

    @property
    def shows(self) -> Shows:
        """Give what else counts as a log in a folder: where each shows its own format, what shows one."""
        return bears_mark if self.format is None else shows_nothing

    def read_as(self, path: str) -> tuple[Log, Way]:
        """Say how one of the logs is read. Raises SourceError where it shows no format, or several."""
        chosen = Chosen(self.format, None) if self.format else chosen_for(path)
        if isinstance(chosen, Fault):
            raise SourceError(chosen)
        return self._log(path, chosen.format), Way(chosen.format, self.told, chosen.why)

    def _log(self, path: str, found: Format) -> Log:
        if found.kind is Kind.READER:
            log = Log(path, found.name, found.mapping)
        else:
            log = log_of(path, None if found.kind is Kind.COLUMNS else found.mapping)
        if self.told.zone:
            zoned = log.mapping.input.model_copy(update={"zone": self.told.zone})
            log = replace(log, mapping=replace(log.mapping, input=zoned))
        circumstances = self.circumstances
        if self.inventory and any(part.relay_among for part in log.mapping.parts):
            circumstances = replace(circumstances, relay_networks=relay_networks_of(self.inventory))
        return replace(log, told=circumstances)


def passing_key() -> bytes:
    """Make a key that nobody keeps, for what is looked at once: what is to be hashed is no less so."""
    return secrets.token_bytes(2 * KEY_BYTES)


def settle_logs(
    asked: Sequence[LogsAsked], key: bytes | None, inventory: Inventory | None
) -> tuple[LogSet, ...]:
    """Load all mappings, and what is told of the logs. Raises SourceError with the faults of all.

    `key` is that of hashes; without one, logs of which anything is to be hashed are refused when they are
    planned.
    """
    sets: list[LogSet] = []
    faults: list[Fault] = []
    for one in asked:
        faults += _faults_in(one)
        found = _format_of(one, faults)
        told = one.told
        circumstances = Circumstances(
            server_start=told.server_start,
            public_addresses=told.public_addresses,
            privacy=told.privacy,
            privacy_key=key,
            zone=told.zone,
        )
        sets.append(LogSet(one.paths, found, told, circumstances, inventory))
    if faults:
        raise SourceError.of(faults)
    return tuple(sets)


@lru_cache(maxsize=1)
def relay_networks_of(inventory: Inventory) -> tuple[RelayNetwork, ...]:
    """Name the networks of relays that the operator attests."""
    return tuple(
        RelayNetwork(ip_network(line.prefix), line.from_at, line.until_at)
        for line in inventory.lines
        if line.kind == RELAY and line.prefix
    )


def identity_of(log: Log) -> list[Any]:
    """Name all that decides what the records of a log become, beside its bytes and the inventory."""
    told = log.told
    return [
        log.format,
        log.mapping.sha256,
        log.mapping.input.delimiter,
        log.mapping.input.zone,
        told.zone,
        told.server_start,
        sorted(told.public_addresses),
        sorted(modes_of(log).items()),
        fingerprint_of(told.privacy_key) if told.privacy_key else None,
    ]


def fault_of_privacy(column: str, mode: str) -> str | None:
    """Say why a column of logs cannot be kept in such a way, if it cannot."""
    known = [name for names in PROTECTED.values() for name in names]
    if column not in known:
        return f"`{column}` is none of {', '.join(known)}"
    return privacy_fault(column, mode)


def _format_of(asked: LogsAsked, faults: list[Fault]) -> Format | None:
    """Find what was asked for; what is wrong is added to `faults`."""
    try:
        if asked.mapping is not None:
            return format_of(Path(asked.mapping))
        found = format_named(asked.format, asked.place) if asked.format is not None else None
    except AuditorError as error:
        faults.extend(error.faults)
        return None
    if isinstance(found, Fault):
        faults.append(found)
        return None
    return found


def _faults_in(asked: LogsAsked) -> Iterator[Fault]:
    if asked.told.zone is not None and not is_zone(asked.told.zone):
        text, hint = zone_fault(asked.told.zone)
        yield Fault(asked.place, f"zone: {text}", hint)
    for pair in asked.told.public_addresses:
        for text in pair:
            if not _is_address(text):
                yield Fault(
                    asked.place,
                    f"relay_public_address: `{text}` is no address",
                    "such as 10.0.0.5=203.0.113.5",
                )
    for column, mode in asked.told.privacy:
        if wrong := fault_of_privacy(column, mode):
            yield Fault(asked.place, f"privacy: {wrong}")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
