"""Section 8, second half: what became of each waiver, and how many findings waivers are laid over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from auditor.evidence.manifest import WaiverApplied
from auditor.evidence.summary import Summary, WaiverResult
from auditor.report import catalogue
from auditor.report.numerals import clock, counted, day, listed, whole
from auditor.report.phrase import Logged, Phrase, fill

STATES = {
    "used": "used",
    "unused": "unused",
    "expired_but_matching": "expired but matching",
    "void": "void",
    "not_yet_issued": "not yet issued",
    "expired": "expired and matching nothing",
}
_MOST_NETWORKS = 10
_EXPIRING = "expiring within 30 days"
_ORDER = ("void", "expired_but_matching", "used", "unused", "not_yet_issued", "expired")
"""What somebody must look at comes first."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """How many findings of one rule have no waiver, and how many one, by verdict."""

    rule_id: str
    violations: int
    violations_waived: int
    undetermined: int
    undetermined_waived: int
    excused: int


def overlays_by_rule(findings: pl.LazyFrame, rules: Sequence[str]) -> tuple[Overlay, ...]:
    """Count the findings of each rule."""
    rows = (
        findings.group_by("rule_id", "verdict", waived=pl.col("waiver_id").is_not_null())
        .len()
        .collect(engine="streaming")
    )
    counts = {(rule_id, verdict, waived): count for rule_id, verdict, waived, count in rows.iter_rows()}
    return tuple(
        Overlay(
            rule_id,
            violations=counts.get((rule_id, "violation", False), 0),
            violations_waived=counts.get((rule_id, "violation", True), 0),
            undetermined=counts.get((rule_id, "indeterminate", False), 0),
            undetermined_waived=counts.get((rule_id, "indeterminate", True), 0),
            excused=counts.get((rule_id, "excused", False), 0),
        )
        for rule_id in rules
    )


def waivers_by_state(summary: Summary) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the waivers in each state, those that are expiring also apart."""
    named = {
        words: tuple(waiver.waiver_id for waiver in summary.waivers if waiver.state == state)
        for state, words in STATES.items()
    }
    named[_EXPIRING] = tuple(waiver.waiver_id for waiver in summary.waivers if waiver.expiring)
    return tuple(named.items())


def in_order(summary: Summary) -> list[WaiverResult]:
    """Sort the waivers for a reader."""
    return sorted(
        summary.waivers,
        key=lambda waiver: (
            _ORDER.index(waiver.state),
            not waiver.expiring,
            waiver.expires,
            waiver.waiver_id,
        ),
    )


def state_words(waiver: WaiverResult) -> str:
    """Say what became of a waiver."""
    words = STATES[waiver.state]
    return f"{words}, {_EXPIRING}" if waiver.expiring else words


def covered_lines(waiver: WaiverApplied) -> Iterator[Phrase]:
    """Say which findings a waiver is about, a line for each thing that it asks for."""
    if waiver.call is not None:
        yield fill("call {id}", id=Logged(waiver.call))
    if waiver.account is not None:
        yield fill("account {id}", id=Logged(waiver.account))
    if waiver.relay_in is not None:
        networks = waiver.relay_in[:_MOST_NETWORKS]
        if more := len(waiver.relay_in) - len(networks):
            networks = [*networks, counted(more, "other network")]
        yield fill("relays in {networks}", networks=listed(networks, "or"))
    if waiver.roles is not None:
        roles = listed([catalogue.ROLES.get(role, role) for role in waiver.roles], "or")
        yield fill("in the role {roles}", roles=roles)
    edges = [f"{day(edge, short=True)}, {clock(edge)}" for edge in (waiver.covers_from, waiver.covers_until)]
    yield fill("begun from {start}", start=edges[0])
    yield fill("until {end}", end=edges[1])


def attention_sentences(summary: Summary) -> Iterator[str]:
    """Say which waivers somebody must look at, and why."""
    for waiver in in_order(summary):
        fits = counted(waiver.fits, "finding")
        until = f"it expires on {day(waiver.expires)}"
        match waiver.state:
            case "void":
                most = whole(waiver.max_findings)
                yield f"{waiver.waiver_id} is void: it fits {fits}, and {most} at most are allowed"
            case "expired_but_matching":
                yield f"{waiver.waiver_id} expired on {day(waiver.expires)}, and fits {fits}"
            case "used" if waiver.expiring:
                yield f"{waiver.waiver_id} covers {fits}; {until}"
            case "unused":
                yield f"{waiver.waiver_id} is unused{f'; {until}' if waiver.expiring else ''}"
