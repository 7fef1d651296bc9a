"""Why a place is what it is, or is not established, in words, and what would settle it."""
# ruff: noqa: RUF001  this is prose for print, with the apostrophes of print

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A machine's reason in words: briefly for a table's cell, fully, and what would settle it."""

    brief: str
    text: str
    settled_by: str


_INVENTORY = "A line for the relay in the operator’s inventory"
_EDITION = (
    "A location database edition of that time, a recording of that time in the location ledger, an inventory "
    "line, or a higher --max-age-days"
)
_DECIDED = (
    "An inventory line on the basis of a contract, a site visit or a traceroute, with --trust inventory"
)
CLIENT = "The participant’s country, or a public address, in the log"

PLACE_REASONS: Mapping[str, Reason] = {
    "single_source": Reason("Single source", "Only one source names the relay’s country", "A second source"),
    "declared_only": Reason(
        "The log’s own word alone", "Only the log itself names the relay’s country", "A second source"
    ),
    "agreed": Reason("Corroborated", "At least two sources name the country and none disagrees", "Settled"),
    "contested": Reason(
        "Sources disagree",
        "Sources disagree on the relay’s country",
        _DECIDED,
    ),
    "footprint": Reason(
        "Several countries attested",
        "A source that counts names several countries for the relay at once",
        "Inventory lines by address, each with one country",
    ),
    "anycast": Reason(
        "Anycast address",
        "The relay’s address is announced from many places at once (anycast)",
        _INVENTORY + ", or the log’s own site of each connection",
    ),
    "provider_global": Reason(
        "No single region",
        "The cloud provider lists the address for no single region: it may be used in many places at once",
        _INVENTORY,
    ),
    "no_record": Reason("In no source", "The relay’s address is in no source of location", _INVENTORY),
    "no_country": Reason(
        "No country given", "The database has the address, but no country for it", _INVENTORY
    ),
    "continent_only": Reason(
        "Continent only", "The database names a continent, which is no set of countries", _INVENTORY
    ),
    "not_a_country": Reason("Not a country", "The source’s code for the place is not a country", _INVENTORY),
    "stale_location": Reason(
        "Location evidence too far in time",
        "Every answer about the place is too far in time from the call",
        _EDITION,
    ),
    "low_confidence": Reason(
        "Low confidence",
        "The database gives its answer less confidence than the audit asks for",
        f"{_INVENTORY}; a lower --min-confidence would only hide the doubt",
    ),
    "unknown_region": Reason(
        "Unknown cloud region",
        "The cloud provider lists the address for a region whose country is not known here",
        _INVENTORY,
    ),
    "geofeed": Reason(
        "Geofeed adds a country",
        "A geofeed, which is its owner’s own word, names a country that no other source names",
        _DECIDED,
    ),
    "private_relay": Reason(
        "Private address",
        "The relay’s address is private: it says nothing of a place",
        "An inventory line for the relay, with its site",
    ),
    "private_client": Reason("Private client address", "The participant’s address is private", CLIENT),
    "not_public": Reason(
        "Address not public", "The address is reserved and names no place in the public network", _INVENTORY
    ),
    "tunnel": Reason("Tunnel address", "The address belongs to a tunnel, not to a place", _INVENTORY),
    "embedded_not_public": Reason(
        "Embedded address",
        "The relay’s address embeds an IPv4 address that is not public, and so names no place",
        "A log with the relay’s own address, or an inventory line for the relay’s site or name",
    ),
    "nat64_prefix_unknown": Reason(
        "NAT64 prefix unknown",
        "The address was translated (NAT64) under a prefix that the audit was not told of",
        "The prefix of the translator, given as --nat64-prefix",
    ),
    "masked": Reason("Masked address", "The log masks the address", "The same log with the whole address"),
    "unparsable": Reason(
        "Not an address",
        "What the log gives as an address is none",
        "The log’s export, corrected, or its mapping",
    ),
    "hostname_only": Reason(
        "Host name only", "The log names the relay by host name only", "An inventory line for the name"
    ),
    "no_relay_address": Reason(
        "No relay address",
        "The log has no address, site or name for the relay",
        "The column relay_ip or relay_site",
    ),
    "unknown_site": Reason(
        "Unknown site", "The relay’s site is not in the inventory", "An inventory line for the site"
    ),
    "no_source": Reason(
        "No source", "No source of location was given that could answer", "A location database"
    ),
    "no_client": Reason(
        "No address or country logged", "Nothing in the log tells where the participant was", CLIENT
    ),
    "anonymised": Reason(
        "Anonymised client",
        "The participant’s address is that of a VPN, a proxy or a Tor exit, and hides where they were",
        "The participant’s country in the log",
    ),
}
"""GEOLOCATION.md, sections 1 and 3: all that `geo` gives as a reason."""
