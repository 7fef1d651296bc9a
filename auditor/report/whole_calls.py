"""What a rule says of a whole call, or of what a log lacks, in sentences."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from auditor.evidence.manifest import RuleApplied
from auditor.model import Subject
from auditor.report import catalogue
from auditor.report.numerals import listed
from auditor.report.phrase import Logged, Phrase, fill, visible
from auditor.report.sentences import home_sentence

Row = Mapping[str, Any]

_NOT_OBSERVED = "not_observed"


def is_of_connection(finding: Row) -> bool:
    """Tell whether a finding is about a single connection."""
    return finding.get("subject") in (None, Subject.CONNECTION)


def subject_phrase(finding: Row) -> Phrase:
    """Name what a finding is about, as its heading begins."""
    call = finding.get("call_id")
    if call:
        whole = "" if is_of_connection(finding) else " as a whole"
        return fill("Call {id}{whole}", id=Logged(call), whole=whole)
    if is_of_connection(finding):
        return fill("A connection of no known call")
    return fill("Connections without a call ID, the first of them")


def subject_words(finding: Row) -> str:
    """Name what a finding is about that is not about a single connection, in one cell."""
    return "whole call" if finding.get("call_id") else "connections without a call ID"


def whole_call_sentences(finding: Row, rule: RuleApplied) -> Iterator[Phrase]:
    """Say what a finding about more than a connection found."""
    call = finding.get("call_id")
    if finding["subject"] == Subject.UNOBSERVED:
        where = "in this call" if call else "among the connections of this log that have no call ID"
        roles = _either(_missing(finding))
        yield fill("No record of the role {roles} {where}.", roles=roles, where=where)
    else:
        yield call_sentence(finding, rule)
    if finding.get("home_region"):
        yield home_sentence(finding)
    if call:
        shown = "All its connections, under each rule: auditor explain RUN --call {id}"
        yield fill(shown, id=Logged(_as_argument(call)))


def _as_argument(call: str) -> str:
    """Write the ID of a call so that a shell takes it as one word; one that a line cannot show stays open."""
    quoted = shlex.quote(call)
    return quoted if visible(quoted) == quoted else "ID"


def call_sentence(finding: Row, rule: RuleApplied) -> Phrase:
    """Say how a call stands to what a `require` rule asks of it."""
    roles, places = _asked(rule)
    reasons = finding.get("reasons") or ()
    values = {"roles": roles, "places": places}
    if finding["verdict"] == "compliant":
        return fill("The rule judges the whole call, which has a relay {roles} {places}.", **values)
    if "none_inside" in reasons:
        text = "The call has a record of a relay {roles}, and none of these can be {places}."
        if not finding.get("call_id"):
            text = "It is a relay {roles}, and cannot be {places}; others may belong to its call."
        return fill(text, **values)
    if _missing(finding):
        return fill(
            "The call has no record of a relay {roles}, of which the rule wants one {places}.", **values
        )
    return fill("The rule asks the whole call for a relay {roles} {places}.", **values)


def _asked(rule: RuleApplied) -> tuple[str, str]:
    if rule.requirement is None:
        return "in a required role", "where the rule requires one"
    return f"in the role {_either(rule.requirement.roles)}", f"in {listed(rule.requirement.places, 'or')}"


def _missing(finding: Row) -> list[str]:
    pairs = [reason.partition(":") for reason in finding.get("reasons") or ()]
    return [role for kind, _, role in pairs if kind == _NOT_OBSERVED]


def _either(roles: list[str]) -> str:
    return listed([catalogue.ROLES.get(role, role) for role in roles], "or")
