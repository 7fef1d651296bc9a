"""What all sources say of one address or site at one instant, in words for a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from auditor.countries import UNKNOWN_KEY
from auditor.report.answers import agreement_phrase, answer_phrase
from auditor.report.hints import hint_sentences
from auditor.report.numerals import instant, listed
from auditor.report.phrase import visible
from auditor.report.places import countries_text
from auditor.report.reasons import reason_of

Row = Mapping[str, Any]

_KINDS = {
    "global": "a public address",
    "mapped": "an IPv4 address written as IPv6",
    "nat64": "an IPv4 address behind a translator (NAT64)",
    "nat64_local": "an address of a local translator (NAT64)",
    "sixtofour": "a 6to4 address",
    "teredo": "a Teredo address",
    "anycast": "an anycast address",
    "private": "a private address",
    "shared": "an address of shared carrier space",
    "link_local": "a link-local address",
    "loopback": "a loopback address",
    "documentation": "an address reserved for documentation",
    "benchmark": "an address reserved for benchmarks",
    "multicast": "a multicast address",
    "broadcast": "the broadcast address",
    "this_network": "an address of `this network`",
    "protocol": "an address reserved for protocols",
    "ipv4_compatible": "an IPv4-compatible IPv6 address",
    "reserved": "a reserved address",
    "masked": "an address of which a part was cut off",
    "unparsable": "no address",
    "host_name": "a host name",
    "absent": "no address given",
}


def lookup_text(asked: str, at: datetime, relay: Row, participant: Row | None) -> str:
    """Explain one relay, in the columns of `model.LOCATED`, and where the address is a participant's, that.

    `asked` is what was asked about, as written.
    """
    located = {**relay, "candidates": _codes(relay)}
    lines = [f"{visible(asked)}, at {instant(at)}: {_KINDS.get(relay['kind'], relay['kind'])}"]
    lines.append(f"  as a relay: {_placed(relay)}")
    lines += [f"    {answer_phrase(answer)}" for answer in relay["answers"] or ()]
    lines += [
        f"    {phrase}" for phrase in (agreement_phrase(located), *hint_sentences(located, at)) if str(phrase)
    ]
    if participant is not None:
        lines.append(f"  as a participant: {_placed(participant)}")
        lines += [f"    {phrase}" for phrase in hint_sentences(participant, at)]
    return "\n".join(lines)


def _placed(row: Row) -> str:
    reasons = [str(reason_of(code).brief) for code in sorted(row["reasons"] or ())]
    return f"{countries_text(_codes(row), with_codes=True)} ({listed(reasons)})"


def _codes(row: Row) -> Sequence[str] | None:
    return None if row["key"] == UNKNOWN_KEY else row["key"].split()
