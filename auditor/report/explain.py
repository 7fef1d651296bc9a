"""One connection under one rule, in sentences: for exhibits, and for `auditor explain`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from auditor.evidence.manifest import Manifest, RuleApplied
from auditor.report import catalogue
from auditor.report.numerals import counted, day, instant, listed, whole
from auditor.report.phrase import NOTHING, Logged, Phrase, fill, joined
from auditor.report.places import countries_text, region_name
from auditor.report.placing import frame_of, locations_of

Row = Mapping[str, Any]

_FACTS = {"single_source", "declared_only", "agreed", "spans_change", "late_declared"}
_TIERS = {"fallback": "The relay was a fallback", "primary": "The relay was a primary one"}
_INDENT = "  "
_TWO_MINUTES = 120
_SCOPE_SENTENCES = 3
"""How many of a rule's sentences in words say whom it is about, which roles it covers, and since when.

The next says which places it allows or excludes.
"""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule says of one connection, and why: the parts that exhibits and terminals lay out."""

    head: Phrase
    sentences: tuple[Phrase, ...]
    answers: tuple[Phrase, ...]
    agreement: Phrase
    doubts: tuple[Phrase, ...]
    would_comply: Phrase
    ground: Phrase
    waiver: Phrase
    source: Phrase

    def lines(self) -> list[str]:
        """Lay the explanation out as lines of text; answers of sources stand beneath the place."""
        place, *rest = self.sentences
        answers = [f"{_INDENT}{answer}" for answer in (*self.answers, self.agreement) if answer]
        after = [*rest, *self.doubts, self.would_comply, self.ground, self.waiver, self.source]
        return [
            str(self.head),
            *(f"{_INDENT}{line}" for line in [place, *answers, *after] if line),
        ]


def explanation_of(finding: Row, *, rule: RuleApplied, location: Row | None) -> Explanation:
    """Explain a row in the shape of `model.FINDING`, also of a connection that is no finding."""
    if finding["verdict"] == "not_applicable":
        return _not_applicable(finding, rule)
    answers = tuple(_answer(answer) for answer in (location or {}).get("answers") or ())
    return Explanation(
        head=_head(finding, rule),
        sentences=tuple(_sentences(finding, location)),
        answers=answers,
        agreement=_agreement(finding, location),
        doubts=tuple(_doubts(finding)),
        would_comply=_would_comply(finding, rule),
        ground=_ground(rule),
        waiver=_waiver(finding, rule),
        source=_source(finding),
    )


def _not_applicable(finding: Row, rule: RuleApplied) -> Explanation:
    """Say what the rule is about, and nothing of the evidence, on which nothing hangs."""
    scope = " ".join(rule.in_words[:_SCOPE_SENTENCES])
    return Explanation(
        head=_head(finding, rule),
        sentences=(_place(finding), fill("The rule is not about this connection. {scope}", scope=scope)),
        answers=(),
        agreement=NOTHING,
        doubts=(),
        would_comply=NOTHING,
        ground=NOTHING,
        waiver=NOTHING,
        source=_source(finding),
    )


def sentences_of(finding: Row, *, rule: RuleApplied, location: Row | None) -> list[str]:
    """Write the lines of `auditor explain` for one row. Design: SEMANTICS.md, section 7."""
    return explanation_of(finding, rule=rule, location=location).lines()


def explain_text(directory: Path, manifest: Manifest, rows: Sequence[Row]) -> str:
    """Explain rows in the shape of `model.FINDING`, with the location evidence of their run."""
    rules = {rule.rule_id: rule for rule in manifest.rules}
    locations = locations_of(frame_of(list(rows)), pl.scan_parquet(directory / "locations.parquet"))
    texts = [
        "\n".join(sentences_of(row, rule=rules[row["rule_id"]], location=location))
        for row, location in zip(rows, locations, strict=True)
    ]
    return "\n\n".join(texts)


def findings_with(
    directory: Path, *, finding_ids: Sequence[str] = (), call_id: str | None = None
) -> list[dict[str, Any]]:
    """Read the findings with these ids, or of this call, in the order of the file."""
    wanted = pl.col("finding_id").is_in(list(finding_ids))
    if call_id is not None:
        wanted |= pl.col("call_id") == call_id
    return pl.scan_parquet(directory / "findings.parquet").filter(wanted).collect().to_dicts()


def _head(finding: Row, rule: RuleApplied) -> Phrase:
    call = finding.get("call_id")
    return fill(
        "{call}, {started}, rule {rule} {version} (in force since {since}): {verdict}",
        call=fill("Call {id}", id=Logged(call)) if call else "A connection of no known call",
        started=instant(finding["started_at"]),
        rule=rule.rule_id,
        version=rule.version,
        since=day(rule.in_force_from),
        verdict=catalogue.VERDICTS[finding["verdict"]].upper(),
    )


def _sentences(finding: Row, location: Row | None) -> Iterator[Phrase]:
    yield _place(finding)
    for hint in (location or {}).get("hints") or ():
        yield fill("A hint that judges nothing: {hint}.", hint=Logged(hint))
    yield _participant(finding)
    yield fill("The home region of the account is {region}.", region=region_name(finding.get("home_region")))
    yield _choice(finding)
    yield _stretch(finding)
    if finding.get("use_proved") is False:
        yield fill("The log does not prove that the relay was used.")
    if "spans_change" in (finding.get("reasons") or ()):
        yield fill("{text}.", text=catalogue.REASONS["spans_change"].text)


def relay_phrase(finding: Row) -> Phrase:
    """Name the relay by what it did and what the log calls it."""
    server = catalogue.SERVERS.get(finding.get("role") or "unknown", catalogue.SERVERS["unknown"])
    address, name, site = (finding.get(column) for column in ("relay_ip", "relay_name", "relay_site"))
    named = [Logged(text) for text in (address, name) if text]
    extra = [fill("site “{site}”", site=Logged(site))] if site else []
    if not named:
        return (
            fill("the {server} at {site}", server=server, site=extra[0])
            if extra
            else fill("the {server}", server=server)
        )
    rest = joined([fill("{name}", name=text) for text in named[1:]] + extra, ", ")
    sentence = fill("the {server} {relay}", server=server, relay=named[0])
    return fill("{sentence} ({rest})", sentence=sentence, rest=rest) if rest else sentence


def _place(finding: Row) -> Phrase:
    codes = finding.get("relay_countries")
    relay = relay_phrase(finding)
    if codes is None:
        return fill("Where {relay} stood is not known: the evidence leaves every country open.", relay=relay)
    places = countries_text(codes, with_codes=True)
    if len(codes) == 1:
        return fill("{relay} is placed in {places}.", relay=_capital(relay), places=places)
    return fill("For {relay} the evidence leaves open {places}.", relay=relay, places=places)


def _answer(answer: Row) -> Phrase:
    date, prefix, country = (answer.get(name) for name in ("date", "prefix", "country"))
    named = [Logged(answer.get("source") or "a source without a name")]
    details = [*([day(date)] if date else []), *([Logged(prefix)] if prefix else [])]
    why = Logged(answer.get("why_not") or "no reason given")
    said = [Logged(country) if country else "no country"] if country or answer.get("counted") else []
    counted_not = [] if answer.get("counted") else [fill("not counted, as {why}", why=why)]
    return fill(
        "{source}: {said}", source=joined([*named, *details], ", "), said=joined([*said, *counted_not], "; ")
    )


def _agreement(finding: Row, location: Row | None) -> Phrase:
    if location is None:
        return fill("The run holds no location evidence for this relay.")
    reasons = set(location.get("reasons") or ())
    if "agreed" in reasons:
        return fill("No source disagrees.")
    if "contested" in reasons:
        return fill("The sources disagree; what each leaves open is kept.")
    if "declared_only" in reasons:
        return fill(
            "{it}: no other source was there to confirm or to disagree.",
            it=catalogue.REASONS["declared_only"].brief,
        )
    if "single_source" in reasons:
        return fill("No second source was there to confirm or to disagree.")
    words = listed([catalogue.reason_of(reason).text for reason in sorted(reasons)])
    return fill("{words}.", words=words) if words and finding.get("relay_countries") is None else NOTHING


def _participant(finding: Row) -> Phrase:
    codes = finding.get("participant_countries")
    if codes is None:
        return fill("Where the participant was is not established, or no rule of the audit asks.")
    declared, address = finding.get("participant_country_declared"), finding.get("client_ip")
    sources = ["the country that the log or the account declares"] if declared else []
    sources += ["the client address"] if address else []
    by = f" (by {listed(sources)})" if sources else ""
    places = countries_text(codes, with_codes=True)
    if len(codes) == 1:
        return fill("The participant is placed in {places}{by}.", places=places, by=by)
    return fill("For the participant the evidence leaves open {places}{by}.", places=places, by=by)


def _choice(finding: Row) -> Phrase:
    tier, attempt, failed = (finding.get(column) for column in ("tier", "attempt", "failed_primaries"))
    if tier is None and attempt is None and failed is None:
        return fill("The log does not say how the relay was chosen.")
    text = _TIERS.get(tier or "", "The relay was chosen")
    if failed:
        text += f" after {counted(failed, 'failed primary', 'failed primaries')}"
    elif failed == 0 and tier == "fallback":
        text += " although no primary had failed"
    if attempt is not None:
        text += f" (attempt {whole(attempt)})"
    reason = finding.get("selection_reason")
    return fill(
        "{text}{unlisted}{reason}.",
        text=text,
        unlisted="" if tier else "; the log does not say from which list",
        reason=fill("; the reason in the log: {it}", it=Logged(reason)) if reason else "",
    )


def _stretch(finding: Row) -> Phrase:
    end: datetime | None = finding.get("ended_at")
    if end is None:
        return fill("The log has no readable end of the connection.")
    basis = finding.get("time_basis") or "connection"
    of = "" if basis == "connection" else f" The times are those of the {basis}, as logged."
    seconds = (end - finding["started_at"]).total_seconds()
    length = (
        counted(round(seconds), "second") if seconds < _TWO_MINUTES else counted(int(seconds // 60), "minute")
    )
    return fill("It ended on {end}, after {length}.{of}", end=instant(end), length=length, of=of)


def _doubts(finding: Row) -> Iterator[Phrase]:
    if finding["verdict"] != "indeterminate":
        return
    for code in finding.get("reasons") or ():
        if code in _FACTS:
            continue
        reason = catalogue.reason_of(code)
        yield fill(
            "Not determined because: {text}. What would settle it: {cure}.",
            text=Logged(reason.text),
            cure=Logged(reason.settled_by),
        )


def _would_comply(finding: Row, rule: RuleApplied) -> Phrase:
    if finding["verdict"] == "compliant":
        places = rule.in_words[_SCOPE_SENTENCES : _SCOPE_SENTENCES + 1]
        return fill("The rule: {places}", places=places[0]) if places else NOTHING
    if rule.effect == "never" and rule.never_title:
        return fill("Any relay outside {title} would have complied.", title=rule.never_title)
    return fill("The rule: {statement}", statement=rule.statement)


def _ground(rule: RuleApplied) -> Phrase:
    cites = [authority.get("cite", "") for authority in rule.authority]
    return fill(
        "Ground: {cites}.", cites="; ".join(cite.rstrip(".") for cite in cites if cite) or "none is given"
    )


def _waiver(finding: Row, rule: RuleApplied) -> Phrase:
    if rule.effect == "never":
        return fill("Waiver: not possible. This rule has no exceptions.")
    return fill("Waiver: {waiver}.", waiver=finding.get("waiver_id") or "none")


def _source(finding: Row) -> Phrase:
    offset, part = finding.get("byte_offset"), finding.get("part")
    return fill(
        "Read from {file}, record {record}{part}{offset}.",
        file=Logged(finding.get("source_file") or "a file without a name"),
        record=whole(finding["record"]) if finding.get("record") is not None else "not known",
        part=f", part {whole(part)}" if part else "",
        offset=f", byte {whole(offset)}" if offset is not None else "",
    )


def _capital(phrase: Phrase) -> Phrase:
    first, *rest = phrase.parts
    return Phrase((f"{first[0].upper()}{first[1:]}", *rest))
