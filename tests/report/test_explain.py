"""The sentences of `auditor explain`."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.manifest import ExceptionApplied, RequirementApplied
from auditor.evidence.summary import Undetermined, Warned
from auditor.report.explain import Background, explain_text, findings_with, sentences_of
from auditor.report.text import summary_text
from auditor.report.view import view_of
from tests.report.conftest import Compare
from tests.report.maker import Recipe, Run
from tests.report.rows import (
    answer,
    at,
    exception,
    finding,
    location,
    reject,
    rule,
    waiver,
    whole_call,
    window,
)
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
    lines = sentences_of(finding(1, **values), rule=rule(), location=None)
    assert f"  {line}" in [text.removesuffix(" This rule has no exceptions.") for text in lines]


def test_an_answer_that_was_not_counted_says_why() -> None:
    stale = answer(4, "GeoIP2-Country", "US", "203.0.113.0/24", "2018-01-02") | {
        "counted": False, "why_not": "built 821 days from the connection",
    }  # fmt: skip
    lines = sentences_of(finding(1), rule=rule(), location=location(answers=[stale]))
    why_not = "not counted, as built 821 days from the connection"
    assert f"    GeoIP2-Country, built 2 January 2018, 203.0.113.0/24: US; {why_not}" in lines


def test_what_comes_from_outside_cannot_steer_a_terminal() -> None:
    row = finding(
        1, call_id="\x1b[2Jc1", relay_ip="\u202e1.2", selection_reason="a\nb", source_file="\x07log"
    )
    text = "\n".join(sentences_of(row, rule=rule(), location=location(hints=["\x1b]0;x"])))
    assert not set("\x1b\x07\u202e") & set(text)
    assert "Call [U+001B][2Jc1," in text
    assert "a[U+000A]b" in text


def test_a_never_rule_admits_no_waiver_and_has_no_exceptions() -> None:
    lines = sentences_of(finding(1), rule=rule(), location=None)
    assert "  Waiver: not possible." in lines
    chosen = "The relay was a fallback after 3 failed primaries (attempt 4)."
    assert f"  {chosen} This rule has no exceptions." in lines


WAIVED = (
    "  Waiver: covered by W-1 (ticket LEG-W-1, approved by Max Doe, expires on 20 July 2020, 00:00:00 UTC). "
)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "  Waiver: none covers it."),
        ({"verdict": "indeterminate"}, "  Waiver: none covers it."),
        ({"waiver_id": "W-1"}, f"{WAIVED}The verdict stays."),
        ({"waiver_id": "W-9"}, "  Waiver: covered by W-9. The verdict stays."),
    ],
)
def test_a_finding_says_whether_a_waiver_covers_it(values: dict[str, Any], line: str) -> None:
    row = finding(1, "us-home-fence", **values)
    waivers = {"W-1": waiver("W-1")}
    assert line in sentences_of(
        row, rule=rule("us-home-fence"), location=None, background=Background(waivers=waivers)
    )


@pytest.mark.parametrize("verdict", ["excused", "compliant"])
def test_nothing_is_said_of_a_waiver_where_nothing_is_to_waive(verdict: str) -> None:
    row = finding(1, "us-home-fence", verdict=verdict)
    assert "Waiver" not in "\n".join(sentences_of(row, rule=rule("us-home-fence"), location=None))


def test_a_draft_says_so_in_the_heading() -> None:
    head, *_ = sentences_of(finding(1), rule=rule(status="draft"), location=None)
    assert "rule cn-exclusion 1.0.0 (draft; in force since 1 January 2020): VIOLATION" in head


def test_what_a_watch_counts_is_noted_and_no_violation() -> None:
    watch = rule("greater-china-watch", effect="watch")
    text = "\n".join(sentences_of(finding(1, watch.rule_id), rule=watch, location=None))
    assert text.splitlines()[0].endswith(": NOTED")
    assert "exception" not in text.lower()
    assert "Waiver" not in text


MEDIA_ONLY = exception(roles=["media", "signaling"])
CONGESTED = exception(
    tier=["fallback"], failed_primaries_min=2, connections_per_call=2, minutes_per_call="30"
)
SHARED = exception(share_of_calls="0.01", overflow="all")
TAKEN = ["exception:congestion"]
OPEN: dict[str, Any] = {"verdict": "indeterminate"}
BOTH = "at most 2 connections a call and at most 30 minutes a call"
OVER_BOTH = ["over_limit:congestion:connections_per_call", "over_limit:congestion:minutes_per_call"]
SHARE = "at most 1 % of the account’s calls of a UTC day"  # noqa: RUF001  the apostrophe of print
OVERFLOW = "Once a limit is over, nothing that it counts is excused."
NOWHERE_ALLOWED = "does not excuse it: no place that is left open outside the fence is in BR"
WHY = "Why there is one: Calls go on when primaries are full."
EXCEPTIONS: list[tuple[ExceptionApplied, dict[str, Any], str]] = [
    (MEDIA_ONLY, {"role": "keys"}, "does not excuse it: it is for media or signaling, not for meeting keys."),
    (MEDIA_ONLY, {"role": "unknown"}, f"{NOWHERE_ALLOWED}."),
    (CONGESTED, {"tier": "primary"}, "does not excuse it: the relay was a primary one."),
    (
        CONGESTED,
        {"failed_primaries": 1},
        "does not excuse it: 1 primary had failed, and at least 2 must have.",
    ),
    (
        CONGESTED,
        {"tier": "primary", "failed_primaries": 0},
        "does not excuse it: the relay was a primary one; 0 primaries had failed, and at least 2 must have.",
    ),
    (CONGESTED, {"tier": None}, f"{NOWHERE_ALLOWED}."),
    (
        exception(attempt_min=5),
        {},
        "does not excuse it: it was attempt 4, and 5 or a later one is asked for.",
    ),
    (
        exception(selection_reason=["full", "busy"]),
        {"selection_reason": "near"},
        "does not excuse it: the reason logged for choosing the relay is “near”, not “full” or “busy”.",
    ),
    (
        exception(in_window="eu-1"),
        {},
        f"{NOWHERE_ALLOWED} or no declared window eu-1 held at its start.",
    ),
    (exception(), {"verdict": "excused", "reasons": TAKEN}, f"excuses it. {WHY}"),
    (
        CONGESTED,
        {"verdict": "excused", "reasons": TAKEN},
        f"excuses it, within its limits: at most 2 connections a call and at most 30 minutes a call. {WHY}",
    ),
    (
        CONGESTED,
        {"reasons": [*TAKEN, "over_limit:congestion:minutes_per_call"]},
        "would excuse it, but it is over the limit: at most 30 minutes a call.",
    ),
    (
        CONGESTED,
        {"reasons": [*TAKEN, *OVER_BOTH]},
        f"would excuse it, but it is over the limits: {BOTH}.",
    ),
    (
        SHARED,
        {"reasons": [*TAKEN, "over_limit:congestion:share_of_calls"]},
        f"would excuse it, but it is over the limit: {SHARE}. {OVERFLOW}",
    ),
    (
        CONGESTED,
        OPEN | {"reasons": [*TAKEN, "limit_open:congestion:connections_per_call"]},
        "may excuse it: whether it is within the limit is not established: at most 2 connections a call.",
    ),
    (
        CONGESTED,
        OPEN | {"reasons": [*TAKEN, "call_unknown"]},
        "may excuse it, but its limits cannot be counted without the call ID.",
    ),
    (
        SHARED,
        OPEN | {"reasons": [*TAKEN, "account_unknown"]},
        "may excuse it, but its limits cannot be counted without the account ID.",
    ),
    (
        CONGESTED,
        OPEN | {"reasons": [*TAKEN, "tier_unknown"]},
        "excuses it in some of the cases that are left open.",
    ),
]


@pytest.mark.parametrize(("clause", "values", "said"), EXCEPTIONS)
def test_an_exception_says_what_it_does_with_a_connection(
    clause: ExceptionApplied, values: dict[str, Any], said: str
) -> None:
    row = finding(1, "us-home-fence", **values)
    applied = rule("us-home-fence", exceptions=[clause])
    assert f"  Exception congestion {said}" in sentences_of(row, rule=applied, location=None)


def test_nothing_is_said_of_exceptions_where_nothing_is_to_excuse() -> None:
    row = finding(1, "us-home-fence", verdict="compliant", reasons=[])
    applied = rule("us-home-fence", exceptions=[CONGESTED])
    assert "xception" not in "\n".join(sentences_of(row, rule=applied, location=None))


@pytest.mark.parametrize(("verdict", "times"), [("violation", 0), ("indeterminate", 1)])
def test_an_exception_after_one_that_takes_the_connection_is_told_only_in_doubt(
    verdict: str, times: int
) -> None:
    later = exception("later", tier=["primary"])
    row = finding(1, "us-home-fence", verdict=verdict, reasons=TAKEN)
    applied = rule("us-home-fence", exceptions=[exception(), later])
    text = "\n".join(sentences_of(row, rule=applied, location=None))
    assert text.count("Exception later does not excuse it: the relay was a fallback.") == times


RECORDED = {"effect": "require", "requirement": RequirementApplied(roles=["recording"], places=["RU"])}
UNOBSERVED: dict[str, Any] = OPEN | {"subject": "unobserved", "reasons": ["not_observed:keys"]}
OF_A_LOG: dict[str, Any] = {"call_id": None, "home_region": None}
WHOLE_CALLS: list[tuple[dict[str, Any], str]] = [
    ({}, "The call has a record of a relay in the role recording, and none of these can be in RU."),
    (
        OPEN | {"reasons": ["not_observed:recording"]},
        "The call has no record of a relay in the role recording, of which the rule wants one in RU.",
    ),
    (
        OPEN | {"reasons": ["call_scope_open"]},
        "The rule asks the whole call for a relay in the role recording in RU.",
    ),
    (UNOBSERVED, "No record of the role meeting keys in this call."),
    (
        UNOBSERVED | OF_A_LOG | {"reasons": ["not_observed:keys", "not_observed:turn"]},
        "No record of the role meeting keys or TURN among the connections of this log that have no call ID.",
    ),
]


@pytest.mark.parametrize(("values", "line"), WHOLE_CALLS)
def test_a_finding_about_a_whole_call_names_no_relay_and_says_how_to_see_its_connections(
    values: dict[str, Any], line: str
) -> None:
    row = whole_call(1, "ru-recording", **values)
    lines = sentences_of(row, rule=rule("ru-recording", **RECORDED), location=None)
    assert lines[1] == f"  {line}"
    text = "\n".join(lines)
    assert lines[-1] == "  The first connection in scope was read from logs/2020-04.csv, record 1, byte 120."
    assert ("auditor explain RUN --call call-1" in text) is bool(row["call_id"])
    for word in ("placed in", "participant", "fallback", "location evidence", "It ended"):
        assert word not in text


def test_a_connection_bears_the_verdict_of_its_call_and_says_why() -> None:
    lines = sentences_of(
        finding(1, "ru-recording", reasons=["none_inside"]),
        rule=rule("ru-recording", **RECORDED),
        location=None,
    )
    assert (
        "  The call has a record of a relay in the role recording, and none of these can be in RU." in lines
    )
    row = finding(1, "ru-recording", verdict="compliant", reasons=[])
    lines = sentences_of(row, rule=rule("ru-recording", **RECORDED), location=None)
    assert "  The rule judges the whole call, which has a relay in the role recording in RU." in lines
    row = finding(1, "ru-recording", verdict="indeterminate", reasons=["none_inside"], call_id=None)
    lines = sentences_of(row, rule=rule("ru-recording", **RECORDED), location=None)
    assert (
        "  It is a relay in the role recording, and cannot be in RU; others may belong to its call." in lines
    )
    assert any("What would settle it: The column call_id" in line for line in lines)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        ("c1", "c1"),
        ("a b; rm x", "'a b; rm x'"),
        ("it's", "'it'\"'\"'s'"),
        ("\u202ec", "ID"),
        ("x" * 300, "ID"),
    ],
)
def test_the_command_for_a_call_takes_its_id_as_one_word(call: str, argument: str) -> None:
    row = whole_call(1, "ru-recording", call_id=call)
    lines = sentences_of(row, rule=rule("ru-recording", **RECORDED), location=None)
    assert f"  All its connections, under each rule: auditor explain RUN --call {argument}" in lines


EU = {"verdict": "excused", "reasons": TAKEN, "home_region": "EU", "started_at": at("2020-04-02T10:00:00")}
WINDOW = "Window eu-1 held at its start: European Union, from 2 April 2020, 10:00:00 UTC until 2 April 2020, "
DECLARED = "declared by noc on 2 April 2020, 13:00:00 UTC"


@pytest.mark.parametrize(
    ("row", "declared", "said"),
    [
        ({}, {}, f"{WINDOW}12:00:00 UTC; {DECLARED}; evidence: incident 7."),
        (
            {},
            {"late": True},
            f"{WINDOW}12:00:00 UTC; {DECLARED}, more than 24 hours after its end; evidence: incident 7.",
        ),
        (
            {"home_region": None},
            {},
            f"{WINDOW.replace('held', 'may have held')}12:00:00 UTC; {DECLARED}; evidence: incident 7.",
        ),
        ({}, {"regions": ["US"]}, None),
        ({}, {"id": "eu-2"}, None),
        ({"started_at": at("2020-04-02T12:00:00")}, {}, None),
        ({"started_at": at("2020-04-02T09:59:59")}, {}, None),
    ],
)
def test_an_excuse_names_the_windows_that_it_leans_on(
    row: dict[str, Any], declared: dict[str, Any], said: str | None
) -> None:
    applied = rule("us-home-fence", exceptions=[exception(in_window="eu-1")])
    lines = sentences_of(
        finding(1, "us-home-fence", **(EU | row)),
        rule=applied,
        location=None,
        background=Background(windows=[window("eu-1", **declared)]),
    )
    assert [line for line in lines if line.startswith("  Window")] == ([f"  {said}"] if said else [])


def test_an_exception_without_a_condition_on_windows_names_none() -> None:
    applied = rule("us-home-fence", exceptions=[exception()])
    row = finding(1, "us-home-fence", **EU)
    text = "\n".join(
        sentences_of(row, rule=applied, location=None, background=Background(windows=[window("eu-1")]))
    )
    assert "Window" not in text


def test_a_window_declared_late_is_told() -> None:
    row = finding(1, "us-home-fence", verdict="excused", reasons=[*TAKEN, "late_declared"])
    applied = rule("us-home-fence", exceptions=[exception(in_window="eu-1")])
    said = "The verdict leans on a window that was declared more than 24 hours after it ended."
    assert f"  {said}" in sentences_of(row, rule=applied, location=None)


def test_the_terminal_names_the_waivers_that_need_attention(tmp_path: Path) -> None:
    waivers = (
        waiver("W-ok"),
        waiver("W-unused", "unused", fits=0),
        waiver("W-void", "void", fits=41),
        waiver("W-late", "expired_but_matching", expires=at("2020-04-25")),
        waiver("W-soon", expiring=True, expires=at("2020-05-01")),
        waiver("W-early", "not_yet_issued"),
        waiver("W-gone", "expired"),
    )
    run = replace(spring(), waivers=waivers).written_to(tmp_path)
    lines = summary_text(run.summary, run.manifest, str(run.directory)).splitlines()
    start = lines.index("Waivers that need attention (section 8 of the report has all):")
    assert lines[start + 1 : start + 6] == [
        "  W-void is void: it fits 41 findings, and 40 at most are allowed.",
        "  W-late expired on 25 April 2020, and fits 3 findings.",
        "  W-soon covers 3 findings; it expires on 1 May 2020.",
        "  W-unused is unused.",
        "",
    ]


def test_the_terminal_marks_drafts(tmp_path: Path) -> None:
    rules = (rule("cn-exclusion"), rule("us-home-fence", status="draft"))
    run = replace(spring(), rules=rules).written_to(tmp_path)
    text = summary_text(run.summary, run.manifest, str(run.directory))
    assert "us-home-fence (draft)" in text
    assert "The rule us-home-fence is a draft" in text


def test_the_terminal_counts_calls_that_lack_a_role_beside_the_connections_not_determined(
    tmp_path: Path,
) -> None:
    missing = {"subject": "unobserved", "verdict": "indeterminate", "reasons": ["not_observed:keys"]}
    findings = [
        finding(1),
        finding(2, verdict="indeterminate", reasons=["contested"]),
        *(whole_call(number, "cn-exclusion", **missing) for number in range(10, 13)),
    ]
    run = Recipe(findings, rules=(rule(),)).written_to(tmp_path)
    lines = summary_text(run.summary, run.manifest, str(run.directory)).splitlines()
    (line,) = (line for line in lines if line.startswith("cn-exclusion "))
    assert "1 + 3 calls" in line
    start = lines.index("Connections and calls not determined, why, and what would settle it:")
    assert lines[start + 1].startswith("  3 calls  No record: meeting keys")
    assert lines[start + 2].startswith("        1  Sources disagree")


def test_reasons_come_in_the_order_of_what_they_leave_open_be_it_connections_or_calls(tmp_path: Path) -> None:
    counts = [("contested", 9, 2), ("role_unknown", 2, 2), ("not_observed:keys", 0, 12), ("no_record", 9, 9)]
    given = [
        Undetermined(reason=name, connections=connections, calls=calls) for name, connections, calls in counts
    ]
    run = replace(spring(), summary_values={"undetermined": given}).written_to(tmp_path)
    lines = view_of(run.directory, run.manifest).undetermined
    assert [line.code for line in lines] == ["not_observed:keys", "contested", "no_record", "role_unknown"]


def test_the_summary_of_a_terminal(run: Run, golden: Compare) -> None:
    text = summary_text(run.summary, run.manifest, str(run.directory))
    golden("summary.txt", text.replace(str(run.directory), "RUN") + "\n")
    assert len(text.splitlines()) <= 35
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
