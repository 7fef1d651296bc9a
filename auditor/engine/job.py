"""What is to be done, as plain values that travel to wherever it is done."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from auditor.geo.atlas import AtlasSettings
from auditor.ruleset.ruleset import RuleSet
from auditor.sources.interface import Piece


@dataclass(frozen=True, slots=True)
class SideFile:
    """A file that the audit reads beside the logs, by digest, so that another machine can check its copy."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that decides what a shard's records become, and where the shard's files go.

    Declarative, small and picklable: no polars object, so that it can be shipped. `id` names the job by the
    digests of all that it rests on; `directory` is not part of it.
    """

    id: str
    ruleset: RuleSet
    atlas: AtlasSettings
    accounts: SideFile | None
    directory: str

    @property
    def folder(self) -> Path:
        """Where the files of shards are written."""
        return Path(self.directory)


@dataclass(frozen=True, slots=True)
class Shard:
    """One piece of one log. `id` is a digest of the log's digest, its name, mapping and range."""

    id: str
    piece: Piece
    sha256: str
    bytes: int


class Observer(Protocol):
    """Is told how far the work has come."""

    def begin(self, stage: str, total: int) -> None:
        """Hear that a stage begins, of `total` units (bytes or buckets; 0 where unknown)."""
        ...

    def advance(self, units: int) -> None:
        """Hear that units of the stage are done."""
        ...


class Silence:
    """An observer that says nothing."""

    def begin(self, stage: str, total: int) -> None:
        """Say nothing."""

    def advance(self, units: int) -> None:
        """Say nothing."""
