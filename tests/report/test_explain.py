"""The sentences of `auditor explain`."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.summary import Warned
from auditor.report.explain import explain_text, findings_with, sentences_of
from auditor.report.text import summary_text
from tests.report.conftest import Compare
from tests.report.maker import Run
from tests.report.rows import answer, at, finding, location, reject, rule
from tests.report.story import spring


def test_a_whole_finding_in_sentences(run: Run, golden: Compare) -> None:
    rows = [
        findings_with(run.directory, call_id=call)[0]
        for call in ("call-100", "call-200", "call-500", "call-600")
    ]
    golden("explain.txt", explain_text(run.directory, run.manifest, rows) + "\n")


def test_the_findings_of_a_call_are_read_by_its_id(run: Run) -> None:
    rows = findings_with(run.directory, call_id="call-100")
    assert [row["rule_id"] for row in rows] == ["cn-exclusion", "us-home-fence"]
    (same,) = findings_with(run.directory, finding_ids=[rows[0]["finding_id"]])
    assert same == rows[0]


@pytest.mark.parametrize(
    ("verdict", "word"),
    [("compliant", "COMPLIANT"), ("excused", "EXCUSED")],
)
def test_a_connection_without_a_finding_is_explained_too(verdict: str, word: str) -> None:
    row = finding(1, "us-home-fence", finding_id=None, verdict=verdict, reasons=[], relay_countries=["US"])
    first, *lines = sentences_of(row, rule=rule("us-home-fence"), location=None)
    assert first.endswith(f": {word}")
    assert "    The run holds no location evidence for this relay." in lines


RELAY = "media relay 203.0.113.9 (site “TJ-1”)"
NOWHERE = "stood is not known: the evidence leaves every country open."
NO_REGION = (
    "Not determined because: The home region of the account is not known. "
    "What would settle it: An entry in the accounts file."
)
FACTS: list[tuple[dict[str, Any], str]] = [
    ({"relay_countries": ["CN"]}, f"The {RELAY} is placed in China (CN)."),
    (
        {"relay_countries": ["CN", "SG"]},
        f"For the {RELAY} the evidence leaves open China (CN) or Singapore (SG).",
    ),
    ({"relay_countries": None, "relay_ip": None}, f"Where the media relay at site “TJ-1” {NOWHERE}"),
    (
        {"tier": None, "attempt": None, "failed_primaries": None},
        "The log does not say how the relay was chosen.",
    ),
    ({"tier": "primary", "failed_primaries": 0}, "The relay was a primary one (attempt 4)."),
    ({"failed_primaries": 0}, "The relay was a fallback although no primary had failed (attempt 4)."),
    ({"failed_primaries": 1}, "The relay was a fallback after 1 failed primary (attempt 4)."),
    ({"ended_at": None}, "The log has no readable end of the connection."),
    (
        {"participant_countries": None},
        "Where the participant was is not established, or no rule of the audit asks.",
    ),
    ({"use_proved": False}, "The log does not prove that the relay was used."),
    ({"home_region": None}, "The home region of the account is not known."),
    ({"verdict": "indeterminate", "reasons": ["home_region_unknown"]}, NO_REGION),
]


@pytest.mark.parametrize(("values", "line"), FACTS)
def test_each_fact_has_its_sentence(values: dict[str, Any], line: str) -> None:
    assert f"  {line}" in sentences_of(finding(1, **values), rule=rule(), location=None)


def test_an_answer_that_was_not_counted_says_why() -> None:
    stale = answer(4, "GeoIP2-Country", "US", "203.0.113.0/24", "2018-01-02") | {
        "counted": False, "why_not": "built 821 days from the connection",
    }  # fmt: skip
    lines = sentences_of(finding(1), rule=rule(), location=location(answers=[stale]))
    why_not = "not counted, as built 821 days from the connection"
    assert f"    GeoIP2-Country, 2 January 2018, 203.0.113.0/24: US; {why_not}" in lines


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    row = finding(
        1, call_id="\x1b[2Jc1", relay_ip="\u202e1.2", selection_reason="a\nb", source_file="\x07log"
    )
    text = "\n".join(sentences_of(row, rule=rule(), location=location(hints=["\x1b]0;x"])))
    assert not set("\x1b\x07\u202e") & set(text)
    assert "Call [U+001B][2Jc1," in text
    assert "a[U+000A]b" in text


def test_a_never_rule_admits_no_waiver() -> None:
    assert "  Waiver: not possible. This rule has no exceptions." in sentences_of(
        finding(1), rule=rule(), location=None
    )


def test_the_summary_of_a_terminal(run: Run, golden: Compare) -> None:
    text = summary_text(run.summary, run.manifest, str(run.directory))
    golden("summary.txt", text.replace(str(run.directory), "RUN") + "\n")
    assert len(text.splitlines()) <= 34
    assert max(map(len, text.splitlines())) <= 100 + len(str(run.directory))


@pytest.mark.parametrize(("code", "ends"), [(1, "an audit would end with 1"), (0, "so would an audit")])
def test_a_demo_says_that_it_ends_with_0(code: int, ends: str, tmp_path: Path) -> None:
    run = replace(spring(), exit_code=code).written_to(tmp_path)
    text = summary_text(run.summary, run.manifest, str(run.directory), demo=True)
    assert f"As a demo, this ends with exit code 0; {ends}." in text
    assert "Exit code" not in text


def test_the_terminal_names_the_first_warnings_and_why_records_were_rejected(tmp_path: Path) -> None:
    words = [
        Warned(source_file=f"{number}.csv", text="is\x1b cut", count=number, first_record=None)
        for number in range(1, 6)
    ]
    reasons = ["missing"] * 4 + ["end_before_start"] * 3 + ["malformed"] * 2 + ["no_zone", "unmapped"]
    rejects = [reject(number, reason=reason) for number, reason in enumerate(reasons)]
    run = replace(spring(), rejects=rejects, summary_values={"warnings": words}).written_to(tmp_path)
    lines = summary_text(run.summary, run.manifest, str(run.directory)).splitlines()
    why = "4 missing, 3 end before start, 2 malformed, 2 for other reasons"
    assert f"11 rejected (rejects.parquet): {why}." in lines
    start = lines.index("Readable, but not whole or not certain:")
    assert lines[start + 1 : start + 6] == [
        "  1.csv: is[U+001B] cut",
        "  2.csv: is[U+001B] cut (2 times)",
        "  3.csv: is[U+001B] cut (3 times)",
        "  and 2 other warnings, in summary.json",
        "",
    ]


def test_a_place_on_the_word_of_the_log_alone_is_marked_and_is_no_doubt() -> None:
    row = finding(1, verdict="indeterminate", reasons=["declared_only", "home_region_unknown"])
    lines = sentences_of(row, rule=rule(), location=location(reasons=["single_source", "declared_only"]))
    said = "    The log’s own word alone: no other source was there to confirm or to disagree."  # noqa: RUF001  the apostrophe of print
    assert said in lines
    assert [line for line in lines if "Not determined because" in line] == [f"  {NO_REGION}"]


def test_what_complies_is_told_the_places_of_the_rule() -> None:
    words = ["It is about all connections.", "In every role.", "Since ever.", "The relay must be in US."]
    row = finding(
        1, "us-home-fence", finding_id=None, verdict="compliant", reasons=[], relay_countries=["US"]
    )
    lines = sentences_of(row, rule=rule("us-home-fence", in_words=words), location=None)
    assert "  The rule: The relay must be in US." in lines
    assert not [line for line in lines if "would have complied" in line]


def test_times_are_utc_whatever_the_frame_says() -> None:
    row = finding(1, started_at=at("2020-04-02T14:03:12"))
    assert "2 April 2020, 14:03:12 UTC" in sentences_of(row, rule=rule(), location=None)[0]


def test_a_rule_that_does_not_apply_says_what_it_is_about_and_nothing_of_evidence() -> None:
    row = finding(1, "us-home-fence", finding_id=None, verdict="not_applicable", reasons=[])
    applied = rule("us-home-fence")
    first, *lines = sentences_of(row, rule=applied, location=None)
    assert first.endswith(": NOT APPLICABLE")
    assert len(lines) == 3
    assert lines[1].startswith("  The rule is not about this connection.")
    assert applied.in_words[0] in lines[1]


def test_one_second_is_not_one_seconds() -> None:
    row = finding(1, "us-home-fence")
    row["ended_at"] = row["started_at"] + timedelta(seconds=1)
    assert "after 1 second." in "\n".join(sentences_of(row, rule=rule("us-home-fence"), location=None))
