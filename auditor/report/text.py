"""The summary that a terminal shows at the end of an audit."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import Bounds, Summary
from auditor.report import catalogue
from auditor.report.lead import only_stale_sentence, outcome_of
from auditor.report.numerals import counted, whole
from auditor.report.phrase import visible
from auditor.report.view import lead_at, notice_of

_WIDTH = 100
_MOST_RULES = 8
_MOST_REASONS = 4
_WORDS = 2
"""So many columns of the table hold words, the others numbers."""
_HEADINGS = ("rule", "severity", "violation", "not determined", "excused", "calls proved", "possible")


def summary_text(summary: Summary, manifest: Manifest, where: str) -> str:
    """Say what came out, in about 30 lines: the lead first, the place of the report last.

    `where` is the run directory, as the user named it.
    """
    blocks = [
        _lead(summary, manifest, Path(where)),
        _table(_HEADINGS, list(_rules(summary))),
        list(_undetermined(summary)),
        list(_accounting(summary)),
        _outcome(summary, manifest),
        [f"Report: {visible(where, len(where))}/report.html"],
    ]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _lead(summary: Summary, manifest: Manifest, directory: Path) -> list[str]:
    lead = lead_at(directory, summary, manifest)
    notice = notice_of(manifest)
    sentences = [str(lead.first), " ".join(str(sentence) for sentence in lead.then)]
    stale = only_stale_sentence(summary)
    return [
        *([f"{notice}."] if notice else []),
        *(line for text in [*sentences, str(stale or "")] if text for line in textwrap.wrap(text, _WIDTH)),
    ]


def _rules(summary: Summary) -> Iterator[Sequence[str]]:
    rules = sorted(summary.rules, key=lambda rule: (rule.effect == "watch", -rule.measures.calls.possible))
    for rule in rules[:_MOST_RULES]:
        counts = [rule.verdicts.get(verdict, 0) for verdict in ("violation", "indeterminate", "excused")]
        calls: Bounds = rule.measures.calls
        named = rule.rule_id if rule.effect != "watch" else f"{rule.rule_id} (watch)"
        yield (named, rule.severity, *map(whole, counts), whole(calls.proved), whole(calls.possible))
    if len(rules) > _MOST_RULES:
        yield (f"and {counted(len(rules) - _MOST_RULES, 'rule')} more", *[""] * (len(_HEADINGS) - 1))


def _table(headings: Sequence[str], rows: list[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in (headings, *rows)]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if index < _WORDS else cell.rjust(width)


def _undetermined(summary: Summary) -> Iterator[str]:
    reasons = sorted(summary.undetermined, key=lambda each: (-each.connections, each.reason))
    if not reasons:
        return
    yield "Not determined, and what would settle it (connections):"
    width = max(len(whole(each.connections)) for each in reasons)
    for each in reasons[:_MOST_REASONS]:
        reason = catalogue.reason_of(each.reason)
        text = visible(f"{whole(each.connections):>{width}}  {reason.brief}: {reason.settled_by}")
        yield from textwrap.wrap(
            text, _WIDTH, initial_indent="  ", subsequent_indent=" " * (width + 4), drop_whitespace=True
        )
    if len(reasons) > _MOST_REASONS:
        yield f"  and {counted(len(reasons) - _MOST_REASONS, 'reason')} more in the report"


def _accounting(summary: Summary) -> Iterator[str]:
    totals = summary.totals
    yield (
        f"{counted(totals.records, 'record')} in {counted(totals.files, 'file')}: "
        f"{whole(totals.connection_records)} read as {counted(totals.connections, 'connection')}, "
        f"{whole(totals.rejects)} rejected (rejects.parquet), "
        f"{whole(totals.not_connections)} that hold no connection."
    )
    if summary.uncovered:
        yield f"{counted(summary.uncovered, 'connection')} fell under no rule."
    if summary.idle:
        yield f"Rules without a connection: {', '.join(summary.idle)}."


def _outcome(summary: Summary, manifest: Manifest) -> list[str]:
    outcome, others = outcome_of(summary, manifest)
    return [
        line for text in (outcome, *others) for line in textwrap.wrap(text, _WIDTH, subsequent_indent="  ")
    ]
