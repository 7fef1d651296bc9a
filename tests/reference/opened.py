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
        """Ask each maker's best edition of its time; where that names no place, all others near enough."""
        for files in makers_of(self._files).values():
            best = best_of(files, at, self._settings.max_age)
            if not best:
                yield STALE
            said = [self._answer(file, address) for file in best]
            yield from said
            if not any(answer.speaks for answer in said):
                near = (file for file in files if abs(at - file.built_at) <= self._settings.max_age)
                yield from (self._answer(file, address) for file in near if file not in best)

    def anonymised(self, address: Address, at: datetime) -> bool:
        """Tell whether a database of proxies says that somebody else is behind the address."""
        records = [
            self._record(file, address)
            for database_type in {file.database_type for file in self._files}
            for files in makers_of(
                file for file in self._files if file.database_type == database_type
            ).values()
            for file in best_of(files, at, self._settings.max_age)
        ]
        return any(record.get(flag) is True for record in records if record for flag in ANONYMOUS)

    def _of_type(self, database_type: str) -> list[DatabaseFile]:
        return [file for file in self._files if file.database_type == database_type]

    def _answer(self, file: DatabaseFile, address: Address) -> Answer:
        record = self._record(file, address)
        if record is None:
            return NO_RECORD
        return answer_of(record, file.database_type, self._settings.min_confidence)

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
