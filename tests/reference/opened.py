"""What the databases say of an address at an instant: GEOLOCATION.md, sections 2 to 5."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import maxminddb

from tests.reference.kinds import Address
from tests.reference.said import NO_RECORD, STALE, Answer, answer_of, nearest
from tests.reference.world import DatabaseFile, Settings

RANKS = ("Enterprise", "City", "Country")
ANONYMOUS = ("is_anonymous_vpn", "is_public_proxy", "is_residential_proxy", "is_tor_exit_node")


class Databases:
    """Opened databases of one kind of opinion."""

    def __init__(self, files: Iterable[DatabaseFile], opinion: str, settings: Settings) -> None:
        self._files = tuple(file for file in files if file.opinion == opinion)
        self._settings = settings
        self._readers = {file.path: maxminddb.open_database(file.path) for file in self._files}

    def close(self) -> None:
        """Close the databases."""
        for reader in self._readers.values():
            reader.close()

    def answers(self, address: Address, at: datetime) -> Iterator[Answer]:
        """Ask each maker once: MaxMind's best edition of its time, and that of every other."""
        for files in makers_of(self._files).values():
            asked = best_of(files, at, self._settings.max_age)
            if not asked:
                yield STALE
            for file in asked:
                record = self._record(file, address)
                yield (
                    NO_RECORD
                    if record is None
                    else answer_of(record, file.database_type, self._settings.min_confidence)
                )

    def anonymised(self, address: Address, at: datetime) -> bool:
        """Tell whether a database of proxies says that somebody else is behind the address."""
        records = [
            self._record(file, address)
            for files in makers_of(self._files).values()
            for file in best_of(files, at, self._settings.max_age)
        ]
        return any(record.get(flag) is True for record in records if record for flag in ANONYMOUS)

    def _record(self, file: DatabaseFile, address: Address) -> dict[str, Any] | None:
        reader = self._readers[file.path]
        if address.version > reader.metadata().ip_version:
            return None
        record = reader.get(address)
        return record if isinstance(record, dict) else None


def makers_of(files: Iterable[DatabaseFile]) -> dict[str, list[DatabaseFile]]:
    """Gather the files by whose opinion they are."""
    makers: dict[str, list[DatabaseFile]] = {}
    for file in files:
        makers.setdefault(file.maker, []).append(file)
    return makers


def best_of(files: Iterable[DatabaseFile], at: datetime, max_age: timedelta) -> list[DatabaseFile]:
    """Take of one maker's files those that are near enough, of the best kind, and then nearest."""
    near = [file for file in files if abs(at - file.built_at) <= max_age]
    best = min(map(rank_of, near), default=0)
    return nearest((file for file in near if rank_of(file) == best), lambda file: file.built_at, at, max_age)


def rank_of(file: DatabaseFile) -> int:
    """Order MaxMind's kinds: Enterprise before City before Country; any other file has one kind."""
    if file.maker != "MaxMind":
        return len(RANKS)
    return next((rank for rank, word in enumerate(RANKS) if word in file.database_type), len(RANKS))
