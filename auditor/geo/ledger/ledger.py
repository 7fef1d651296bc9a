"""Opening a ledger: what is recorded in it, and whether all of it is as it was recorded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from auditor.errors import Fault, GeoError
from auditor.geo.files import identity_of, replaced
from auditor.geo.ledger.chain import CHAIN, Link, part_of, read_chain
from auditor.geo.ledger.holding import held
from auditor.geo.ledger.recorded import Examiner
from auditor.geo.periods import within_reach


@dataclass(frozen=True, slots=True)
class Recording:
    """What databases said of some relays at one instant: a file of the ledger. `rows` counts answers."""

    file: str
    sha256: str
    observed_at: datetime
    rows: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """A ledger as it stood at a clock: declarative and picklable, so that it can travel.

    `recordings` are in order; `head` is the digest of the chain's line for the last of them, if there is one.
    `later` counts those made after the clock, which are left out: an audit as of then gives the same again.
    """

    path: str
    recordings: tuple[Recording, ...]
    head: str | None
    later: int = 0

    def changes(self) -> Iterator[Fault]:
        """Tell which recordings are no longer what was opened; new ones are no change of the old."""
        for recording in self.recordings:
            path = Path(self.path) / recording.file
            try:
                if identity_of(path).sha256 != recording.sha256:
                    yield replaced(str(path))
            except GeoError as error:
                yield from error.faults

    def cuts(self, max_age: timedelta) -> Iterator[datetime]:
        """List the instants at which it may say something else than just before."""
        for recording in self.recordings:
            yield recording.observed_at
            yield from within_reach(recording.observed_at, max_age)


def open_ledger(path: str, as_of: datetime, *, head: str | None = None) -> Ledger:
    """Open a ledger and verify all of it: each line of its chain, and each file.

    `head` is the digest of a line that must be in the chain: who has kept it misses lines taken from the end.
    Raises GeoError with everything that is wrong.
    """
    chain = Path(path) / CHAIN
    if not chain.is_file():
        hint = "`auditor geo record LOG... --ledger DIR` begins one"
        raise GeoError(Fault(path, f"is no location ledger: there is no {CHAIN} in it", hint))
    with held(chain, alone=False) as opened:
        return verified(path, opened.read(), as_of, head=head)


def verified(path: str, chain: bytes, as_of: datetime, *, head: str | None = None) -> Ledger:
    """Verify a ledger that is held. Raises GeoError with everything that is wrong."""
    folder = Path(path)
    links = read_chain(str(folder / CHAIN), chain)
    if isinstance(links, list):
        raise GeoError(*links)
    digests = [link.digest for link in links]
    faults = [_other_head(folder / CHAIN, head)] if head is not None and head not in digests else []
    faults += _strangers(folder, links)
    recordings, examiner = [], Examiner()
    for number, link in enumerate(links, start=1):
        try:
            recordings.append(_recording(folder, link, number, examiner))
        except GeoError as error:
            faults += error.faults
    if faults:
        raise GeoError(*faults)
    kept = sum(link.observed_at <= as_of for link in links)
    return Ledger(path, tuple(recordings[:kept]), digests[kept - 1] if kept else None, len(links) - kept)


def _recording(folder: Path, link: Link, number: int, examiner: Examiner) -> Recording:
    path = folder / link.file
    if not path.exists():
        part = part_of(path)
        hint = (
            "record again, which finishes what was cut short"
            if part.exists()
            else "bring it back from a copy"
        )
        raise GeoError(Fault(str(path), f"is missing; line {number} of the chain names it", hint))
    found = identity_of(path).sha256
    if found != link.sha256:
        text = f"was altered: SHA-256 is {found}, line {number} of the chain says {link.sha256}"
        raise GeoError(Fault(str(path), text, "bring it back from a copy"))
    return Recording(link.file, link.sha256, link.observed_at, examiner.read(path, link.observed_at).height)


def _strangers(folder: Path, links: Sequence[Link]) -> Iterator[Fault]:
    """Find what could be taken for a recording, and is not in the chain; anything else may lie beside it."""
    named = {link.file for link in links}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".parquet" and path.name not in named and not path.name.startswith("."):
            text = "is not in the chain: it was added, or its line was taken out"
            yield Fault(str(path), text, "take it away, or bring the chain back from a copy")


def _other_head(chain: Path, head: str) -> Fault:
    text = f"has no line whose digest is `{head}`: lines were taken from its end, or changed"
    return Fault(str(chain), text, "bring the chain back from a copy, if this is the ledger that you mean")
