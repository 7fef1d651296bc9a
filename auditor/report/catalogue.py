"""The words of the report that depend on the case, in one place."""
# ruff: noqa: RUF001  this is prose for print, with the apostrophes of print

from dataclasses import dataclass

VERDICTS = {
    "violation": "Violation",
    "indeterminate": "Not determined",
    "excused": "Excused",
    "compliant": "Compliant",
    "not_applicable": "Not applicable",
}

ROLES = {
    "media": "media",
    "turn": "TURN",
    "signaling": "signaling",
    "keys": "meeting keys",
    "recording": "recording",
    "gateway": "gateway",
    "transcription": "transcription",
    "storage": "storage",
    "edge_transit": "edge transit",
    "unknown": "role not known",
}

SERVERS = {
    "media": "media relay",
    "turn": "TURN relay",
    "signaling": "signaling server",
    "keys": "key server",
    "recording": "recording server",
    "gateway": "gateway",
    "transcription": "transcription server",
    "storage": "storage server",
    "edge_transit": "edge server",
    "unknown": "relay (role not known)",
}

LEAD = {
    "many_with_doubt": "{affected} used a relay outside {whose} declared fence{share}.",
    "many": "{affected} used a relay outside {whose} declared fence{share}.{others}",
    "one": "{affected} used a relay outside its declared fence: finding {finding}, on {day}, "
    "relay placed in {place}.",
    "none": "{affected} used a relay outside their declared fence, on the evidence listed in section 13.",
    "none_proved": "No {unit} is proved to have used a relay outside its declared fence. For {open} this "
    "could not be determined, so the number lies between 0 and {undetermined}.",
    "all_open": "Whether any {unit} used a relay outside its declared fence could not be determined, for "
    "{any_of}. Section 7 names the reasons and what would settle them.",
    "nothing_audited": "No {unit} in the logs fell under a rule. This report makes no statement about any "
    "{unit}.",
}
NONE_OF_ONE = "The {whole} used no relay outside its declared fence, on the evidence listed in section 13."

ALL_DETERMINED = "Every {each} audited could be determined."
OTHERS_DETERMINED = (
    "Every other {each} audited could be determined. For some of those outside, another rule or another "
    "connection is not determined (section 7)."
)
ALL_AFFECTED = "For some of them, another rule or another connection is not determined (section 7)."

PROVED_AND_OPEN = "{proved} proved by the evidence; {undetermined} could not be determined."

NEVER = {
    "affected": "{title}: {affected} within the scope of {rule} used a relay there{keys}.",
    "only_doubt": "{title}: none proved under {rule}, {open} not determined.",
    "none": "{title}: none under {rule}.",
    "nothing_audited": "{title}: nothing in the logs fell under {rule}.",
}
NEVER_GROUP = "{title}, excluded by {count} rules, of which one {unit} can fall under several:"
NEVER_OF_GROUP = {
    "affected": "{affected} used a relay there{keys}.",
    "only_doubt": "none proved, {open} not determined.",
    "none": "none.",
    "nothing_audited": "nothing in the logs fell under this rule.",
}
KEYS_CERTAIN = ", {keys} of them for meeting keys"
KEYS_WITH_DOUBT = ", at least {keys} of them for meeting keys"

UNREAD = "{rejects} ({share}) could not be read"
UNCOVERED = "{uncovered} fell under no rule"
IN_NO_COUNT = "{what}; {they} in no count above."

ONLY_STALE = (
    "For {count} nothing but the age of the location evidence leaves the answer open. An edition of the "
    "location database from that time, an inventory of the relays, or a higher --max-age-days would settle "
    "them."
)

OUTCOMES = {
    0: "Exit code 0. Everything in scope was judged; no violation at or above {fail_on} without a waiver.",
    1: "Exit code 1. At least one violation at or above {fail_on} without a waiver.",
    3: "Exit code 3. Findings not determined above the limit of {max_indeterminate}.",
    4: "Exit code 4. Too little was judged: {limits}.",
}
ALSO_HELD = "Condition {code} held too: {text}."

STATES_ONLY = (
    "This report states what connection logs and location evidence show. It does not state why a call was "
    "routed as it was, whether content was accessed, or whether any law or contract was breached."
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A machine's reason in words: briefly for a table's cell, fully, and what would settle it."""

    brief: str
    text: str
    settled_by: str


_INVENTORY = "A line for the relay in the operator’s inventory"
_EDITION = "A location database edition of that time, an inventory line, or a higher --max-age-days"
_CLIENT = "The participant’s country, or a public address, in the log"

REASONS = {
    "single_source": Reason("Single source", "Only one source names the relay’s country", "A second source"),
    "declared_only": Reason(
        "The log’s own word alone", "Only the log itself names the relay’s country", "A second source"
    ),
    "agreed": Reason("Corroborated", "At least two sources name the country and none disagrees", "Settled"),
    "contested": Reason(
        "Sources disagree",
        "Sources disagree on the relay’s country",
        "The operator’s records of where the relay stood: an inventory line with its basis",
    ),
    "footprint": Reason(
        "Several countries attested",
        "The inventory attests several countries for the relay",
        "Inventory lines by address, each with one country",
    ),
    "anycast": Reason(
        "Anycast address",
        "The relay’s address is announced from many places at once (anycast)",
        _INVENTORY + ", or the log’s own site of each connection",
    ),
    "provider_global": Reason(
        "No single region", "The cloud provider assigns the address to no region", _INVENTORY
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
        "Location evidence too old", "Every answer about the place was built too far from the call", _EDITION
    ),
    "low_confidence": Reason(
        "Low confidence", "The database gives its answer too little confidence", _INVENTORY
    ),
    "unknown_region": Reason("Unknown cloud region", "The cloud region is not among those known", _INVENTORY),
    "private_relay": Reason(
        "Private address",
        "The relay’s address is private: it says nothing of a place",
        "An inventory line for the relay, with its site",
    ),
    "private_client": Reason("Private client address", "The participant’s address is private", _CLIENT),
    "not_public": Reason(
        "Address not public", "The address is reserved and names no place in the public network", _INVENTORY
    ),
    "tunnel": Reason("Tunnel address", "The address belongs to a tunnel, not to a place", _INVENTORY),
    "embedded_not_public": Reason(
        "Embedded address",
        "The address embeds another one that is not public",
        "A log with the outer address",
    ),
    "nat64_prefix_unknown": Reason(
        "NAT64 prefix unknown",
        "The address was translated under a prefix not declared",
        "The NAT64 prefix in use",
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
        "No address or country logged", "Nothing in the log tells where the participant was", _CLIENT
    ),
    "anonymised": Reason("Anonymised client", "The participant’s address is that of an anonymiser", _CLIENT),
    "home_region_unknown": Reason(
        "Home region missing", "The home region of the account is not known", "An entry in the accounts file"
    ),
    "account_unknown": Reason("Account missing", "The log names no account", "The column account_id"),
    "role_unknown": Reason(
        "Role not known", "The log does not say what the relay did", "The column role, or its mapping"
    ),
    "use_not_proved": Reason(
        "Use not proved",
        "The log does not prove that the relay was used",
        "A log of traffic through the relay",
    ),
    "end_unknown": Reason(
        "End missing",
        "The log has no end, and a rule changed within 24 hours of the start",
        "The column ended_at",
    ),
    "spans_change": Reason(
        "Spans a change of rule",
        "A rule or group changed while the connection lasted; the worst of its moments stands",
        "Nothing more: it is a fact",
    ),
    "late_declared": Reason(
        "Window declared late",
        "The window was declared more than 24 hours after it ended",
        "Nothing more: it is a fact",
    ),
}

REJECTS = {
    "malformed": "not well formed",
    "missing": "a required value is missing",
    "unreadable": "a required value cannot be read",
    "no_zone": "a time without a zone",
    "ambiguous_time": "a local time that occurs twice",
    "out_of_range": "a value out of range",
    "unmapped": "a value that the mapping does not know",
    "end_before_start": "the end lies before the start",
    "truncated": "the record is cut off",
}

VALUES = REJECTS | {"missing": "the value is missing", "unreadable": "the value cannot be read"}
"""The same reasons, where the value is optional and the record stays."""


def reason_of(reason: str) -> Reason:
    """Put a machine's reason into words; one that the catalogue lacks is shown as it is.

    `participant:no_record` says of the participant what `no_record` says of a relay, and
    `not_observed:keys` names the role that no record shows.
    """
    if reason in REASONS:
        return REASONS[reason]
    kind, _, rest = reason.partition(":")
    if kind == "not_observed":
        role = ROLES.get(rest, rest)
        return Reason(
            f"No record: {role}",
            f"No record of the role {role} in the call",
            f"The logs of that role: {role}",
        )
    if kind == "participant" and rest in REASONS:
        brief = REASONS[rest].brief
        said = f"{brief[0].lower()}{brief[1:]}"
        return Reason(
            f"Participant: {said}", f"Where the participant was is not established: {said}", _CLIENT
        )
    return Reason(reason, reason, "The connection’s record and its location evidence")
