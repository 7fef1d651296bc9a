"""What a verdict rests on, in words, and what would settle it."""
# ruff: noqa: RUF001  this is prose for print, with the apostrophes of print

from collections.abc import Callable, Iterable, Mapping

from auditor.evidence.summary import Undetermined
from auditor.report.catalogue import ROLES
from auditor.report.place_reasons import CLIENT, PLACE_REASONS, Reason

_FACT = "Nothing more: it is a fact"

REASONS: Mapping[str, Reason] = {
    **PLACE_REASONS,
    "home_region_unknown": Reason(
        "Home region missing", "The home region of the account is not known", "An entry in the accounts file"
    ),
    "participant_unknown": Reason(
        "Participant’s place missing",
        "Whether the rule applies hangs on where the participant was, which is not established",
        CLIENT,
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
    "call_unknown": Reason(
        "Call missing", "The log names no call, and a limit of the rule counts by call", "The column call_id"
    ),
    "label_unknown": Reason(
        "Label missing",
        "The log does not fill a label that the rule asks for",
        "The label column, label_<key>, that the rule names",
    ),
    "tier_unknown": Reason(
        "Tier missing", "The log does not say from which list the relay was chosen", "The column tier"
    ),
    "attempt_unknown": Reason(
        "Attempt missing",
        "The log does not say which attempt it was that chose the relay",
        "The column attempt",
    ),
    "failed_primaries_unknown": Reason(
        "Failures missing",
        "The log does not say how many primary relays had failed before",
        "The column failed_primaries",
    ),
    "selection_reason_unknown": Reason(
        "Selection reason missing",
        "The log does not say why the relay was chosen",
        "The column selection_reason",
    ),
    "none_inside": Reason(
        "None where required",
        "No relay on record in a required role can be where the rule requires one",
        "The column call_id, or the logs of the rest of the call: other connections may belong to it",
    ),
    "call_scope_open": Reason(
        "Call’s scope open",
        "Whether the rule is about the call is not established for any of its connections",
        "What leaves each connection’s scope open: its role, its use, its home region, its labels or its end",
    ),
    "call_place_open": Reason(
        "Place of required relay open",
        "Whether a relay in a required role is where the rule requires one is not established",
        "An inventory line for the relays in the required roles, or a log that proves their role and use",
    ),
    "spans_change": Reason(
        "Spans a change of rule",
        "A rule or group changed while the connection lasted; the worst of its moments stands",
        _FACT,
    ),
    "late_declared": Reason(
        "Window declared late",
        "The verdict leans on a window that was declared more than 24 hours after it ended",
        _FACT,
    ),
}

LIMITS = {
    "connections_per_call": "connections a call",
    "minutes_per_call": "minutes a call",
    "share_of_calls": "share of the account’s calls of a day",
}

_SETTLES_LIMIT = {
    "connections_per_call": "What leaves the other uses in the call open: their places, tiers or failures",
    "minutes_per_call": "The column ended_at of the uses in the call, or what leaves other uses open",
    "share_of_calls": "What leaves other uses, or the scope of the account’s calls, open on that day",
}

_SETTLES_PARTICIPANT = {
    "stale_location": "A location database edition of that time, the participant’s country in the log, or a "
    "higher --max-age-days",
    "anonymised": REASONS["anonymised"].settled_by,
}
"""Where another address, or the country that the log lacks, is not all that would help."""

_MARKS = {"single_source", "declared_only", "agreed", "spans_change", "late_declared"}


def in_order_of_weight(counts: Iterable[Undetermined]) -> list[Undetermined]:
    """Sort reasons by how much each leaves open, be it connections or calls."""
    return sorted(counts, key=lambda each: (-max(each.connections, each.calls), each.reason))


def is_mark(reason: str) -> bool:
    """Tell whether a machine's reason says what a verdict is like, and is no doubt."""
    return reason in _MARKS or reason.startswith(("exception:", "over_limit:"))


def reason_of(reason: str) -> Reason:
    """Put a machine's reason into words; one that the catalogue lacks is shown as it is.

    `participant:no_record` says of the participant what `no_record` says of a relay, `not_observed:keys`
    names the role that no record shows, `exception:congestion` the exception that took a connection, and
    `limit_open:congestion:minutes_per_call` also one of its limits.
    """
    if reason in REASONS:
        return REASONS[reason]
    kind, _, rest = reason.partition(":")
    of_kind = _KINDS.get(kind)
    found = of_kind(rest) if of_kind else None
    return found or Reason(reason, reason, "The connection’s record and its location evidence")


def _not_observed(role: str) -> Reason:
    named = ROLES.get(role, role)
    return Reason(
        f"No record: {named}",
        f"No record of the role {named} in the call",
        f"The logs of that role: {named}",
    )


def _of_participant(reason: str) -> Reason | None:
    if reason not in REASONS:
        return None
    brief = REASONS[reason].brief
    said = f"{brief[0].lower()}{brief[1:]}"
    cure = _SETTLES_PARTICIPANT.get(reason, CLIENT)
    return Reason(f"Participant: {said}", f"Where the participant was is not established: {said}", cure)


def _exception(exception: str) -> Reason:
    return Reason(f"Exception {exception}", f"Exception {exception} of the rule takes the connection", _FACT)


def _over_limit(rest: str) -> Reason | None:
    exception, _, kind = rest.partition(":")
    if kind not in LIMITS:
        return None
    limit = LIMITS[kind]
    return Reason(f"Over the limit: {limit}", f"More than exception {exception} excuses: {limit}", _FACT)


def _limit_open(rest: str) -> Reason | None:
    exception, _, kind = rest.partition(":")
    if kind not in LIMITS:
        return None
    limit = LIMITS[kind]
    text = f"Whether the use is within the limit of exception {exception} is not established: {limit}"
    return Reason(f"Limit open: {limit}", text, _SETTLES_LIMIT[kind])


_KINDS: Mapping[str, Callable[[str], Reason | None]] = {
    "not_observed": _not_observed,
    "participant": _of_participant,
    "exception": _exception,
    "over_limit": _over_limit,
    "limit_open": _limit_open,
}
