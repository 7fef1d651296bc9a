"""A pair of candidates in use → the relays that it runs over."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from auditor.model import Role
from auditor.sources.readers.webrtc.candidates import RELAY, Candidate

PRFLX = "prflx"
NOWHERE = Candidate()
_HIDDEN = ("0.0.0.0", "::")  # noqa: S104  what browsers write in place of an address, not one to listen at


class Facing(Enum):
    """What the other side of a peer connection is, as far as the log proves it."""

    SERVER = auto()
    PEER = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Use:
    """One relay of a path. `ours` says that it serves the participant who logged, or the other side."""

    role: Role
    relay: Candidate
    client_ip: str | None
    ours: bool = True
    proved: bool = True
    name: str | None = None


def uses_of(local: Candidate, remote: Candidate, facing: Facing, seen_as: set[str]) -> Iterator[Use]:
    """Find the relays of a path; a direct one between two participants has none.

    `seen_as` are the addresses under which the participant is seen from outside. Where the log does not say
    what a candidate is, or what the other side is, there may be a relay: a use that is not proved.
    """
    client = client_of(local, seen_as)
    if local.kind is None:
        yield Use(Role.TURN, NOWHERE, client, proved=False)
    elif local.kind == RELAY:
        yield Use(Role.TURN, local, client, name=local.server)
    if remote.kind == RELAY:
        yield Use(Role.TURN, remote, remote.seen_as, ours=False, name=remote.server)
    yield from _beyond(remote, facing, client)


def _beyond(remote: Candidate, facing: Facing, client: str | None) -> Iterator[Use]:
    """Find what lies at the far end: behind a relay of its own it has no address that the log knows."""
    end = NOWHERE if remote.kind == RELAY else remote
    if facing is Facing.SERVER:
        yield Use(Role.MEDIA, end, client)
    elif facing is Facing.UNKNOWN:
        yield Use(Role.UNKNOWN, end, client, proved=False)
    elif remote.kind in (None, PRFLX):  # a relay of theirs looks so until it is signalled
        yield Use(Role.TURN, end if remote.kind else NOWHERE, None, ours=False, proved=False)


def client_of(local: Candidate, seen_as: set[str]) -> str | None:
    """Name the participant's own address: the one seen from outside, if the log knows exactly one.

    Else what the log has: a private or a masked address.
    """
    if local.seen_as is not None:
        return local.seen_as
    if len(seen_as) == 1:
        return next(iter(seen_as))
    own = None if local.kind in (RELAY, None) else local.address
    return None if own in _HIDDEN else own
