"""ICE candidates, as statistics and as signalling tell of them: the ends of a path."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address, ip_network
from typing import Any

RELAY = "relay"
REFLEXIVE = ("srflx", "prflx")
LONGEST_TEXT = 1_000
MOST_SIGNALLED = 1_000
LAST_PORT = 65_535

_KINDS = {
    **{kind: kind for kind in ("host", "srflx", "prflx", "relay")},
    "local": "host",
    "serverreflexive": "srflx",
    "peerreflexive": "prflx",
    "relayed": "relay",
}
"""Today's words for kinds of candidates, and those of browsers before 2018."""

_INSIDE = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10"),
    )
)
_SIGNALLED = re.compile(
    r"candidate:(\S{1,64}) [0-9]{1,5} (\S{1,16}) [0-9]{1,20} (\S{1,255}) ([0-9]{1,5}) typ (\w{1,16})"
    r"(?: raddr (\S{1,255}) rport ([0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One end of a path; None is what was not said. `port_written` is a port that is none.

    `signalled_in` is the record whose clear address stands in for a masked one.
    """

    kind: str | None = None
    address: str | None = None
    port: int | None = None
    port_written: str | None = None
    protocol: str | None = None
    relay_protocol: str | None = None
    url: str | None = None
    foundation: str | None = None
    related_address: str | None = None
    related_port: int | None = None
    signalled_in: int | None = None

    @property
    def server(self) -> str | None:
        """Name the host of the TURN or STUN server that gave it; an address is no name."""
        host = None if self.url is None else host_of(self.url)
        return None if is_address(host) else host

    @property
    def seen_as(self) -> str | None:
        """Give the address under which its side is seen from outside, if it tells one.

        The related address of a relayed candidate is the one that the relay saw (RFC 8445, section 5.1.1.2);
        but Firefox repeats the relay itself there, with its port.
        """
        seen = self.related_address if self.kind == RELAY else self.address
        repeated = self.kind == RELAY and (seen == self.address or self.related_port == self.port)
        return seen if self.kind in (*REFLEXIVE, RELAY) and not repeated and outside(seen) else None

    def merged(self, later: "Candidate") -> "Candidate | None":
        """Put together what was said at two times; None if it contradicts itself: it is another end.

        A candidate that was learnt from its peer (`prflx`) may get its true kind later.
        """
        said = {}
        for name in (each.name for each in fields(self)):
            before, now = getattr(self, name), getattr(later, name)
            differ = before is not None and now is not None and before != now
            if differ and name == "kind" and before != "prflx":
                return None
            if differ and name in ("port", "url"):
                return None
            if differ and name == "address" and is_address(before):
                if is_address(now):
                    return None
                now = before
            said[name] = before if now is None else now
        return Candidate(**said)


@dataclass(slots=True)
class Signalled:
    """What one side has signalled: few candidates, each once."""

    _by_port: dict[int, list[Candidate]] = field(default_factory=dict)
    _count: int = 0

    def take(self, text: str, record: int) -> None:
        """Keep the candidates that a candidate attribute, or a whole SDP, names."""
        for candidate in signalled_in(text, record):
            if candidate.port is None or self._count >= MOST_SIGNALLED:
                continue
            same_port = self._by_port.setdefault(candidate.port, [])
            if all(replace(known, signalled_in=record) != candidate for known in same_port):
                same_port.append(candidate)
                self._count += 1

    @property
    def reflexive(self) -> set[str]:
        """List the addresses under which its side is seen from outside."""
        known = (one for same_port in self._by_port.values() for one in same_port)
        return {seen for one in known if (seen := one.seen_as) is not None}

    @property
    def relays(self) -> set[str]:
        """List the addresses of its side's relays."""
        known = (one for same_port in self._by_port.values() for one in same_port)
        return {one.address for one in known if one.kind == RELAY and one.address is not None}

    def clear(self, masked: Candidate) -> Candidate:
        """Give a candidate the address that was signalled for it, if exactly one was.

        They agree in port, kind and protocol, and in their foundation where both have one. What was learnt
        from checks (`prflx`) before it was signalled is what was signalled: a relay, where that is one.
        """
        masked = self._learnt(masked)
        if is_address(masked.address) or masked.port is None:
            return masked
        found = {
            one.address: one
            for one in self._by_port.get(masked.port, ())
            if is_address(one.address)
            and one.kind == masked.kind
            and _agree(one.protocol, masked.protocol)
            and _agree(one.foundation, masked.foundation)
        }
        if len(found) != 1:
            return masked
        (address, one), *_ = found.items()
        return replace(masked, address=address, signalled_in=one.signalled_in)

    def _learnt(self, candidate: Candidate) -> Candidate:
        """Give a candidate that was learnt from its peer the kind of the relay that it is, if it is one."""
        if candidate.kind != "prflx" or candidate.port is None:
            return candidate
        relays = {
            one.address: one
            for one in self._by_port.get(candidate.port, ())
            if one.kind == RELAY
            and _agree(one.protocol, candidate.protocol)
            and (one.address == candidate.address or not is_address(candidate.address))
        }
        if len(relays) != 1:
            return candidate
        ((address, one),) = relays.items()
        return replace(candidate, kind=RELAY, address=address, signalled_in=one.signalled_in)


def of_statistics(said: Mapping[str, Any]) -> Candidate:
    """Read a candidate as statistics have it, under the names of several years."""
    address = next((said[name] for name in ("address", "ip", "ipAddress") if said.get(name)), None)
    written = next((said[name] for name in ("port", "portNumber") if said.get(name) is not None), None)
    port = port_of(written)
    return Candidate(
        kind=_KINDS.get(_lower(said.get("candidateType")) or ""),
        address=None if address is None else written_of(address),
        port=port,
        port_written=written_of(written) if written is not None and port is None else None,
        protocol=_lower(said.get("protocol")),
        relay_protocol=_lower(said.get("relayProtocol")),
        url=text_of(said.get("url")),
        foundation=text_of(said.get("foundation")),
        related_address=text_of(said.get("relatedAddress")),
        related_port=port_of(said.get("relatedPort")),
    )


def signalled_in(text: str, record: int) -> Iterator[Candidate]:
    """Find the candidates that a text names, in the words of SDP."""
    for found in _SIGNALLED.finditer(text):
        foundation, protocol, address, port, kind, related, related_port = found.groups()
        yield Candidate(
            kind=kind,
            address=text_of(address),
            port=port_of(port),
            protocol=protocol.lower(),
            foundation=text_of(foundation),
            related_address=text_of(related),
            related_port=port_of(related_port),
            signalled_in=record,
        )


def text_of(value: Any) -> str | None:  # noqa: ANN401  any JSON value
    """Take a text that says something, at most 1,000 characters; lone surrogates are escaped."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value[:LONGEST_TEXT].encode("utf-8", "backslashreplace").decode()


def written_of(value: Any) -> str | None:  # noqa: ANN401  any JSON value
    """Take any value as it was written."""
    return text_of(value if isinstance(value, str) else json.dumps(value))


def port_of(value: Any) -> int | None:  # noqa: ANN401  any JSON value
    """Read a port, from a number or its digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LAST_PORT)):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_PORT
    return value if fits else None


def is_address(text: str | None) -> bool:
    """Say whether a text is a whole address, so not masked."""
    try:
        return text is not None and bool(ip_address(text.strip("[]").partition("%")[0]))
    except ValueError:
        return False


def outside(text: str | None) -> bool:
    """Say whether a text is an address that is used beyond one network: neither private nor unspecified."""
    if text is None or not is_address(text):
        return False
    address = ip_address(text.strip("[]").partition("%")[0])
    return not any(address in network for network in _INSIDE)


def host_of(url: str) -> str | None:
    """Cut the host out of `turn:host:port?transport=udp`."""
    rest = url.partition(":")[2].partition("?")[0].removeprefix("//")
    host = rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]
    return text_of(host.strip())


def _agree(first: str | None, second: str | None) -> bool:
    return first is None or second is None or first == second


def _lower(value: Any) -> str | None:  # noqa: ANN401  any JSON value
    text = text_of(value)
    return None if text is None else text.lower()
