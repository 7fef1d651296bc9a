"""The words of the report that depend on the case, in one place: all but reasons, which are many."""

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
    "many_with_doubt": "{affected} used a relay outside {whose} declared fence{or_lacked}{share}.",
    "many": "{affected} used a relay outside {whose} declared fence{or_lacked}{share}.{others}",
    "one": "{affected} used a relay outside its declared fence: finding {finding}, on {day}, "
    "relay placed in {place}.",
    "one_lacking": "{affected} lacked a relay that a rule requires: finding {finding}, on {day}.",
    "none": "{affected} used a relay outside their declared fence{or_lacked}, on the evidence listed in "
    "section 13.",
    "none_proved": "No {unit} is proved to have used a relay outside its declared fence{or_to_have_lacked}. "
    "For {open} this could not be determined, so the number lies between 0 and {undetermined}.",
    "all_open": "Whether any {unit} used a relay outside its declared fence{or_lacked} could not be "
    "determined, for {any_of}. Section 7 names the reasons and what would settle them.",
    "none_unobserved": "No {unit} is proved to have used a relay outside its declared fence"
    "{or_to_have_lacked}; that none did could not be determined.",
    "nothing_audited": "No {unit} in the logs fell under a rule. This report makes no statement about any "
    "{unit}.",
}
NONE_OF_ONE = (
    "The {whole} used no relay outside its declared fence{and_lacked_none}, on the evidence listed in "
    "section 13."
)
LACKING = {
    "or_lacked": " or lacked one that a rule requires",
    "or_to_have_lacked": " or to have lacked one that a rule requires",
    "and_lacked_none": " and lacked none that a rule requires",
}
"""Parts of the first sentence, where a rule requires something of whole calls."""

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
    "unobserved": "{title}: none on record under {rule}, and a role that it wants on record is missing.",
    "nothing_audited": "{title}: nothing in the logs fell under {rule}.",
}
NEVER_GROUP = "{title}, excluded by {count} rules, of which one {unit} can fall under several:"
NEVER_OF_GROUP = {
    "affected": "{affected} used a relay there{keys}.",
    "only_doubt": "none proved, {open} not determined.",
    "none": "none.",
    "unobserved": "none on record, and a role that it wants on record is missing.",
    "nothing_audited": "nothing in the logs fell under this rule.",
}
KEYS_CERTAIN = ", {keys} of them for meeting keys"
KEYS_WITH_DOUBT = ", at least {keys} of them for meeting keys"

DRAFTS = {
    "one": "The rule {rules} is a draft: counsel has still to confirm what it rests on. Its findings are in "
    "these counts, and say “draft”.",
    "many": "The rules {rules} are drafts: counsel has still to confirm what they rest on. Their findings "
    "are in these counts, and say “draft”.",
}
DRAFTS_ALONE = "{drafts} {count} rest on drafts alone."
WAIVED = "{covered} covered by waivers (section 8). A waiver changes no verdict."
WAIVED_IN_PART = (
    "{findings} covered by waivers (section 8), but of no {unit} all that concerns it. A waiver changes no "
    "verdict."
)
UNOBSERVED_CALLS = (
    "{part} not determined {are} so only because the logs hold no record of {roles} for {them}."
)
UNOBSERVED = (
    "In {logs} the connections without a call ID have no record of {roles}, which a rule wants on record: "
    "whether what they belong to complies could not be determined (section 7). No count above holds them, "
    "and each may be too low."
)

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
