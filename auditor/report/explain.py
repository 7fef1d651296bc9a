"""One connection, or one call, under one rule, in sentences: for exhibits, and for `auditor explain`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from auditor.evidence.manifest import Manifest, RuleApplied, WindowApplied
from auditor.evidence.summary import Summary, WaiverResult
from auditor.report import catalogue
from auditor.report.answers import agreement_phrase, answer_phrase
from auditor.report.exceptions import NO_EXCEPTIONS, exception_sentences, has_no_exceptions
from auditor.report.hints import hint_sentences
from auditor.report.numerals import day, instant, whole
from auditor.report.phrase import NOTHING, Logged, Phrase, fill
from auditor.report.placing import frame_of, locations_of
from auditor.report.reasons import REASONS, is_mark, reason_of
from auditor.report.relay_lists import Entries, entries_in, list_sentence
from auditor.report.sentences import account_sentences, choice_sentence, course_sentences, place_sentence
from auditor.report.whole_calls import call_sentence, is_of_connection, subject_phrase, whole_call_sentences

Row = Mapping[str, Any]
Waivers = Mapping[str, WaiverResult]

_INDENT = "  "
_SCOPE_SENTENCES = 3
"""How many of a rule's sentences in words say whom it is about, which roles it covers, and since when.

The next says which places it allows or excludes.
"""


@dataclass(frozen=True, slots=True)
class Background:
    """What a run declares, and holds beside its findings: waivers, windows, entries of relay lists."""

    waivers: Waivers = field(default_factory=dict)
    windows: Sequence[WindowApplied] = ()
    entries: Entries = field(default_factory=dict)


NO_BACKGROUND = Background()


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule says of one connection, and why: the parts that exhibits and terminals lay out.

    `answers` has what each source says of the place, then how they stand to each other, then the hints.
    """

    head: Phrase
    sentences: tuple[Phrase, ...]
    answers: tuple[Phrase, ...]
    doubts: tuple[Phrase, ...]
    would_comply: Phrase
    ground: Phrase
    waiver: Phrase
    source: Phrase

    def lines(self) -> list[str]:
        """Lay the explanation out as lines of text; answers of sources stand beneath the place."""
        place, *rest = self.sentences
        answers = [f"{_INDENT}{answer}" for answer in self.answers]
        after = [*rest, *self.doubts, self.would_comply, self.ground, self.waiver, self.source]
        return [
            str(self.head),
            *(f"{_INDENT}{line}" for line in [place, *answers, *after] if line),
        ]


def explanation_of(
    finding: Row,
    *,
    rule: RuleApplied,
    location: Row | None,
    background: Background = NO_BACKGROUND,
) -> Explanation:
    """Explain a row in the shape of `model.FINDING`, also of a connection that is no finding."""
    if finding["verdict"] == "not_applicable":
        return _not_applicable(finding, rule)
    return Explanation(
        head=_head(finding, rule),
        sentences=tuple(_sentences(finding, rule, background)),
        answers=tuple(_answers(finding, location)) if is_of_connection(finding) else (),
        doubts=tuple(_doubts(finding)),
        would_comply=_would_comply(finding, rule),
        ground=_ground(rule),
        waiver=_waiver(finding, rule, background.waivers),
        source=_source(finding),
    )


def _not_applicable(finding: Row, rule: RuleApplied) -> Explanation:
    """Say what the rule is about, and nothing of the evidence, on which nothing hangs."""
    scope = " ".join(rule.in_words[:_SCOPE_SENTENCES])
    return Explanation(
        head=_head(finding, rule),
        sentences=(
            place_sentence(finding),
            fill("The rule is not about this connection. {scope}", scope=scope),
        ),
        answers=(),
        doubts=(),
        would_comply=NOTHING,
        ground=NOTHING,
        waiver=NOTHING,
        source=_source(finding),
    )


def sentences_of(
    finding: Row,
    *,
    rule: RuleApplied,
    location: Row | None,
    background: Background = NO_BACKGROUND,
) -> list[str]:
    """Write the lines of `auditor explain` for one row. Design: SEMANTICS.md, section 7."""
    return explanation_of(finding, rule=rule, location=location, background=background).lines()


def explain_text(directory: Path, manifest: Manifest, rows: Sequence[Row]) -> str:
    """Explain rows in the shape of `model.FINDING`, with what their run holds and declares beside them."""
    rules = {rule.rule_id: rule for rule in manifest.rules}
    summary = Summary.model_validate_json((directory / "summary.json").read_bytes())
    incidents = pl.scan_parquet(directory / "incidents.parquet", glob=False)
    background = background_of(manifest, summary, incidents, rows)
    locations = locations_of(
        frame_of(list(rows)), pl.scan_parquet(directory / "locations.parquet", glob=False)
    )
    texts = [
        sentences_of(row, rule=rules[row["rule_id"]], location=location, background=background)
        for row, location in zip(rows, locations, strict=True)
    ]
    return "\n\n".join(map("\n".join, texts))


def background_of(
    manifest: Manifest, summary: Summary, incidents: pl.LazyFrame, findings: Sequence[Row]
) -> Background:
    """Gather what stands behind some findings; `incidents` are all of the run."""
    named = {finding["incident_id"] for finding in findings if finding.get("incident_id")}
    behind = incidents.filter(pl.col("incident_id").is_in(sorted(named))).collect()
    return Background(
        waivers={waiver.waiver_id: waiver for waiver in summary.waivers},
        windows=manifest.windows,
        entries=entries_in(behind.to_dicts()),
    )


def findings_with(
    directory: Path, *, finding_ids: Sequence[str] = (), call_id: str | None = None
) -> list[dict[str, Any]]:
    """Read the findings with these ids, or of this call, in the order of the file."""
    wanted = pl.col("finding_id").is_in(list(finding_ids))
    if call_id is not None:
        wanted |= pl.col("call_id") == call_id
    return pl.scan_parquet(directory / "findings.parquet").filter(wanted).collect().to_dicts()


def _head(finding: Row, rule: RuleApplied) -> Phrase:
    return fill(
        "{subject}, {started}, rule {rule} {version} ({draft}in force since {since}): {verdict}",
        subject=subject_phrase(finding),
        started=instant(finding["started_at"]),
        rule=rule.rule_id,
        version=rule.version,
        draft="draft; " if rule.status == "draft" else "",
        since=day(rule.in_force_from),
        verdict=_verdict_words(finding, rule).upper(),
    )


def _verdict_words(finding: Row, rule: RuleApplied) -> str:
    """Name the verdict; what a watch counts is noted, and no violation."""
    verdict = finding["verdict"]
    return "noted" if rule.effect == "watch" and verdict == "violation" else catalogue.VERDICTS[verdict]


def _sentences(finding: Row, rule: RuleApplied, background: Background) -> Iterator[Phrase]:
    if not is_of_connection(finding):
        yield from whole_call_sentences(finding, rule)
        return
    yield place_sentence(finding)
    yield from account_sentences(finding)
    if has_no_exceptions(finding, rule):
        yield fill("{chosen} {no}", chosen=choice_sentence(finding), no=NO_EXCEPTIONS)
    else:
        yield choice_sentence(finding)
        yield from exception_sentences(finding, rule, background.windows)
    if listed := list_sentence(finding, background.entries):
        yield listed
    yield from course_sentences(finding)
    if rule.effect == "require":
        yield call_sentence(finding, rule)
    for mark in ("spans_change", "late_declared"):
        if mark in (finding.get("reasons") or ()):
            yield fill("{text}.", text=REASONS[mark].text)


def _answers(finding: Row, location: Row | None) -> Iterator[Phrase]:
    yield from (answer_phrase(answer) for answer in (location or {}).get("answers") or ())
    if agreement := agreement_phrase(location):
        yield agreement
    yield from hint_sentences(location or {}, finding["started_at"])


def _doubts(finding: Row) -> Iterator[Phrase]:
    if finding["verdict"] != "indeterminate":
        return
    codes = [code for code in finding.get("reasons") or () if not is_mark(code)]
    for reason in dict.fromkeys(reason_of(code) for code in codes):  # several codes may have one text
        yield fill(
            "Not determined because: {text}. What would settle it: {cure}.",
            text=Logged(reason.text),
            cure=Logged(reason.settled_by),
        )


def _would_comply(finding: Row, rule: RuleApplied) -> Phrase:
    if finding["verdict"] == "compliant":
        places = rule.in_words[_SCOPE_SENTENCES : _SCOPE_SENTENCES + 1]
        return fill("The rule: {places}", places=places[0]) if places else NOTHING
    if rule.effect == "never" and rule.never_title and is_of_connection(finding):
        return fill("Any relay outside {title} would have complied.", title=rule.never_title)
    return fill("The rule: {statement}", statement=rule.statement)


def _ground(rule: RuleApplied) -> Phrase:
    cites = [authority.get("cite", "") for authority in rule.authority]
    return fill(
        "Ground: {cites}.", cites="; ".join(cite.rstrip(".") for cite in cites if cite) or "none is given"
    )


def _waiver(finding: Row, rule: RuleApplied, waivers: Waivers) -> Phrase:
    """Say whether a waiver is laid over a finding: only over violations and what is not determined."""
    if rule.effect == "watch" or finding["verdict"] not in ("violation", "indeterminate"):
        return NOTHING
    if rule.effect == "never":
        return fill("Waiver: not possible.")
    name = finding.get("waiver_id")
    if not name:
        return fill("Waiver: none covers it.")
    said = fill("Waiver: covered by {name}", name=name)
    if waiver := waivers.get(name):
        said = fill(
            "{said} (ticket {ticket}, approved by {by}, expires on {expires})",
            said=said,
            ticket=Logged(waiver.ticket),
            by=Logged(waiver.approved_by),
            expires=instant(waiver.expires),
        )
    return fill("{said}. The verdict stays.", said=said)


def _source(finding: Row) -> Phrase:
    offset, part = finding.get("byte_offset"), finding.get("part")
    return fill(
        "{what} from {file}, record {record}{part}{offset}.",
        what="Read" if is_of_connection(finding) else "The first connection in scope was read",
        file=Logged(finding.get("source_file") or "a file without a name"),
        record=whole(finding["record"]) if finding.get("record") is not None else "not known",
        part=f", part {whole(part)}" if part else "",
        offset=f", byte {whole(offset)}" if offset is not None else "",
    )
