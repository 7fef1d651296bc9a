"""The summary that a terminal shows at the end of an audit."""

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from auditor.evidence.manifest import Manifest
from auditor.evidence.summary import Bounds, Summary, Undetermined
from auditor.report.disagreement import disagreement_counts
from auditor.report.lead import lead_of, only_stale_sentence, outcome_of
from auditor.report.logs import reading_sentences
from auditor.report.numerals import counted, whole
from auditor.report.phrase import visible
from auditor.report.populations import Facts
from auditor.report.reasons import in_order_of_weight, reason_of
from auditor.report.tables import Tables
from auditor.report.tallies import rejects_by_reason
from auditor.report.unplaced import unplaced_in
from auditor.report.view import facts_at, notice_of
from auditor.report.waived import attention_sentences
from auditor.report.write import REPORT_NAME

_WIDTH = 100
_INDENT = "  "
_MOST_RULES = 8
_MOST_REASONS = 3
_MOST_WARNINGS = 3
_MOST_WAIVERS = 5
_MOST_STRINGS = 3
_STRING = 70
"""So much of a string from a log stands in a line."""
_WORDS = 2
"""So many columns of the table hold words, the others numbers."""
_COUNTED = ("violation", "indeterminate", "excused")
_HEADINGS = ("rule", "severity", "violation", "not determined", "excused", "calls proved", "possible")


def summary_text(summary: Summary, manifest: Manifest, where: str, *, demo: bool = False) -> str:
    """Say what came out, in about 30 lines: the lead first, the place of the report last.

    `where` is the run directory, as the user named it. A demo ends with exit code 0 whatever it finds, and
    says so.
    """
    facts = facts_at(Path(where), summary)
    blocks = [
        _lead(summary, manifest, facts),
        _table(_HEADINGS, list(_rules(summary, facts))),
        [*_undetermined(summary), *_unplaced(summary, where)],
        list(_waivers(summary)),
        [*_accounting(summary, Path(where)), *_reading(manifest), *_disagreements(Path(where))],
        list(_warnings(summary)),
        list(_outcome(summary, manifest, demo=demo)),
        [f"Report: {visible(where, len(where))}/{REPORT_NAME}"],
    ]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _lead(summary: Summary, manifest: Manifest, facts: Facts) -> list[str]:
    lead = lead_of(summary, manifest, facts)
    notice = notice_of(manifest)
    lines = [f"{notice}.", ""] if notice else []
    lines += _wrapped(str(lead.first))
    lines += _wrapped(" ".join(map(str, lead.then)))
    for sentence in lead.laid_over:
        lines += _wrapped(str(sentence))
    for place in lead.excluded:
        lines += _wrapped(str(place.opening))
        ids = max(len(line.rule) for line in place.rules)
        for line in place.rules:
            start = f"{_INDENT}{line.rule:<{ids}}  "
            lines += _wrapped(str(line.said), first=start, later=" " * len(start))
    for sentence in lead.uncounted:
        lines += _wrapped(str(sentence))
    return lines + _wrapped(str(only_stale_sentence(summary) or ""))


def _wrapped(text: str, *, first: str = "", later: str = "") -> list[str]:
    """Wrap between words, and only there: an ID stays whole."""
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)


def _rules(summary: Summary, facts: Facts) -> Iterator[Sequence[str]]:
    """Count connections by verdict; calls without a record of a role stand beside those not determined."""
    rules = sorted(summary.rules, key=lambda rule: (rule.effect == "watch", -rule.measures.calls.possible))
    for rule in rules[:_MOST_RULES]:
        counts = {each: whole(rule.verdicts.get(each, 0)) for each in _COUNTED}
        if unobserved := facts.unobserved_calls.by_rule.get(rule.rule_id):
            counts["indeterminate"] += f" + {counted(unobserved, 'call')}"
        calls: Bounds = rule.measures.calls
        marks = [mark for mark in (rule.effect, rule.status) if mark in ("watch", "draft")]
        name = f"{rule.rule_id} ({', '.join(marks)})" if marks else rule.rule_id
        yield (name, rule.severity, *counts.values(), whole(calls.proved), whole(calls.possible))
    if len(rules) > _MOST_RULES:
        yield (f"and {counted(len(rules) - _MOST_RULES, 'rule')} more", *[""] * (len(_HEADINGS) - 1))


def _table(headings: Sequence[str], rows: list[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in (headings, *rows)]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if index < _WORDS else cell.rjust(width)


def _undetermined(summary: Summary) -> Iterator[str]:
    reasons = in_order_of_weight(summary.undetermined)
    if not reasons:
        return
    first = reasons[:_MOST_REASONS]
    counted_too = " and calls" if any(each.calls > each.connections for each in first) else ""
    yield f"Connections{counted_too} not determined, why, and what would settle it:"
    shown = [(_how_many(each), reason_of(each.reason)) for each in first]
    counts = max(len(count) for count, _ in shown)
    briefs = max(len(visible(reason.brief)) for _, reason in shown)
    for count, reason in shown:
        start = f"{_INDENT}{count:>{counts}}  {visible(reason.brief):<{briefs}}  "
        yield from _wrapped(visible(reason.settled_by), first=start, later=" " * len(start))
    if more := len(reasons) - len(shown):
        yield f"{_INDENT}and {counted(more, 'other reason')}, in section 7 of the report"


def _unplaced(summary: Summary, where: str) -> Iterator[str]:
    """Name what needs a line of the inventory, where anything is not determined."""
    unplaced = unplaced_in(Tables.at(Path(where)).locations, _MOST_STRINGS)
    if not (summary.undetermined and unplaced.rows):
        return
    yield "Sites and host names that nothing places, by connections:"
    counts = max(len(whole(row.connections)) for row in unplaced.rows)
    for row in unplaced.rows:
        beside = "" if row.beside is None else f", {visible(row.beside, _STRING)}"
        yield f"{_INDENT}{whole(row.connections):>{counts}}  {visible(row.text, _STRING)}{beside}"
    if unplaced.left_out:
        yield f"{_INDENT}and {whole(unplaced.left_out)} more, in section 7 of the report"
    if any(row.drafted for row in unplaced.rows):
        run = shlex.quote(where)  # in one line, whatever its length: it is there to be copied
        yield f"{_INDENT}lines to be filled in: auditor inventory new {visible(run, len(run))}"


def _how_many(each: Undetermined) -> str:
    """Count connections, or whole calls where these are more; a log without call ids has neither."""
    if each.calls > each.connections:
        return counted(each.calls, "call")
    return whole(each.connections) if each.connections else "–"  # noqa: RUF001  the dash of print


def _waivers(summary: Summary) -> Iterator[str]:
    sentences = list(attention_sentences(summary))
    if not sentences:
        return
    yield "Waivers that need attention (section 8 of the report has all):"
    for sentence in sentences[:_MOST_WAIVERS]:
        yield from _wrapped(f"{sentence}.", first=_INDENT, later=_INDENT * 2)
    if (more := len(sentences) - _MOST_WAIVERS) > 0:
        yield f"{_INDENT}and {counted(more, 'other waiver')}, in section 8 of the report"


def _disagreements(directory: Path) -> Iterator[str]:
    relays, of_operator = disagreement_counts(Tables.at(directory).locations)
    own, other = counted(of_operator, "relay"), counted(relays - of_operator, "relay")
    said = [
        *([f"the operator’s own word on the place of {own}"] if of_operator else []),  # noqa: RUF001  the apostrophe of print
        *(
            [f"each other on {'that' if of_operator else 'the place'} of {other}"]
            if relays > of_operator
            else []
        ),
    ]
    if said:
        yield from _wrapped(f"Sources contradict {' and '.join(said)} (section 10 of the report).")


def _accounting(summary: Summary, directory: Path) -> Iterator[str]:
    totals = summary.totals
    yield from _wrapped(
        f"{counted(totals.records, 'record')} in {counted(totals.files, 'file')}: "
        f"{whole(totals.connection_records)} read as {counted(totals.connections, 'connection')}, "
        f"{whole(totals.rejects)} rejected, "
        f"{whole(totals.not_connections)} that hold{'s' if totals.not_connections == 1 else ''} "
        "no connection."
    )
    if totals.rejects:
        yield from _wrapped(
            _rejected(
                totals.rejects, rejects_by_reason(pl.scan_parquet(directory / "rejects.parquet", glob=False))
            )
        )
    if summary.idle:
        yield from _wrapped(f"Rules without a connection: {', '.join(summary.idle)}.")


def _reading(manifest: Manifest) -> Iterator[str]:
    for sentence in reading_sentences(manifest):
        yield from _wrapped(sentence)


def _rejected(rejects: int, reasons: Sequence[tuple[str, int]]) -> str:
    named = [
        f"{whole(count)} {visible(reason.replace('_', ' '))}" for reason, count in reasons[:_MOST_REASONS]
    ]
    if others := sum(count for _, count in reasons[_MOST_REASONS:]):
        named.append(f"{whole(others)} for other reasons")
    return f"{whole(rejects)} rejected (rejects.parquet): {', '.join(named)}."


def _warnings(summary: Summary) -> Iterator[str]:
    if not summary.warnings:
        return
    yield "Readable, but not whole or not certain:"
    for each in summary.warnings[:_MOST_WARNINGS]:
        times = f" ({counted(each.count, 'time')})" if each.count > 1 else ""
        line = f"{visible(each.source_file)}: {visible(each.text)}{times}"
        yield from _wrapped(line, first=_INDENT, later=_INDENT * 2)
    if (more := len(summary.warnings) - _MOST_WARNINGS) > 0:
        yield f"{_INDENT}and {counted(more, 'other warning')}, in summary.json"


def _outcome(summary: Summary, manifest: Manifest, *, demo: bool) -> Iterator[str]:
    outcome, others = outcome_of(summary, manifest)
    if demo:
        ends = f"an audit would end with {summary.exit_code}" if summary.exit_code else "so would an audit"
        why = outcome.partition(".")[2]
        outcome = f"As a demo, this ends with exit code 0; {ends}.{why}"
    for text in (outcome, *others):
        yield from _wrapped(text, later=_INDENT)
