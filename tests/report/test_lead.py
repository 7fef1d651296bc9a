"""One golden file for each case of the lead: the words that most readers read, and nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.summary import Condition, Warned
from auditor.report.html import render_html
from auditor.report.lead import Lead
from auditor.report.text import summary_text
from auditor.report.view import view_of
from tests.report.conftest import Compare
from tests.report.maker import Recipe
from tests.report.rows import Row, finding, reject, rule, whole_call

OPEN: dict[str, Any] = {"verdict": "indeterminate", "relay_countries": None, "reasons": ["no_record"]}
FENCE_ONLY = (rule("us-home-fence"),)


def _many(
    proved: int,
    open_too: int = 0,
    /,
    rule_id: str = "cn-exclusion",
    **values: Any,  # noqa: ANN401  any column
) -> list[Row]:
    return [
        *(finding(number, rule_id, **values) for number in range(proved)),
        *(finding(proved + number, rule_id, **(values | OPEN)) for number in range(open_too)),
    ]


def _sentences(lead: Lead) -> list[str]:
    lines = [str(lead.first), *map(str, lead.then), *map(str, lead.laid_over)]
    for place in lead.excluded:
        lines += [str(place.opening), *(f"{line.rule} {line.said}" for line in place.rules)]
    return lines


LOOSE: dict[str, Any] = {"call_id": None}
REQUIRING = (rule("cn-exclusion"), rule("ru-recording", effect="require"))
REQUIRED = [whole_call(50 + number, "ru-recording") for number in range(2)]
_MISSING: dict[str, Any] = {
    "subject": "unobserved",
    "verdict": "indeterminate",
    "reasons": ["not_observed:keys", "call_scope_open", "participant_unknown"],
}
UNOBSERVED = [whole_call(60 + number, "cn-exclusion", **_MISSING) for number in range(2)]
UNOBSERVED_LOG = whole_call(70, "cn-exclusion", **_MISSING, call_id=None)
CASES = {
    "many-with-doubt": Recipe(_many(20, 4)),
    "many": Recipe(_many(20)),
    "many-below-one-percent": Recipe(_many(3, 1), audited=2_184_530),
    "keys": Recipe([*_many(3, 1), *(finding(50 + number, role="keys") for number in range(2))]),
    "one": Recipe(_many(1)),
    "one-under-two-rules": Recipe([finding(1), finding(1, "us-home-fence")]),
    "one-with-doubt": Recipe(_many(1, 4)),
    "none": Recipe(),
    "none-proved": Recipe(_many(0, 4)),
    "all-undetermined": Recipe(_many(0, 4), audited=4),
    "nothing-audited": Recipe(audited=0),
    "nothing-audited-without-calls": Recipe(audited=0, calls=0),
    "no-never-rule": Recipe(rules=(rule("us-home-fence"),)),
    "no-calls-known": Recipe(_many(20, 4, **LOOSE), calls=0),
    "no-calls-known-none": Recipe(calls=0),
    "no-calls-known-one": Recipe(_many(1, **LOOSE), calls=0),
    "some-without-call": Recipe([*_many(20, 4), *(finding(90 + n, **LOOSE) for n in range(3))], loose=70),
    "only-those-without-call": Recipe([finding(90 + n, **LOOSE) for n in range(3)], loose=70),
    "none-and-some-without-call": Recipe(loose=70),
    "open-without-call": Recipe([finding(90, **(OPEN | LOOSE))], loose=70),
    "all-affected": Recipe(_many(20), audited=20),
    "others-under-another-rule": Recipe([*_many(20), finding(1, "us-home-fence", **OPEN)]),
    "all-affected-and-in-doubt": Recipe([*_many(20), finding(1, "us-home-fence", **OPEN)], audited=20),
    "several-never-rules": Recipe(
        [
            *_many(20, 4),
            *(finding(number, "cn-keys", role="keys") for number in range(7)),
            *(finding(90 + number, "cn-keys", **LOOSE) for number in range(3)),
        ],
        rules=(
            rule("cn-exclusion"),
            rule("cn-keys", severity="high", title="No keys from mainland China"),
            rule("cn-storage", title="Nothing stored in mainland China"),
            rule("us-home-fence"),
        ),
        loose=70,
    ),
    "all-waived": Recipe(_many(3, rule_id="us-home-fence", waiver_id="W-1"), rules=FENCE_ONLY),
    "some-waived": Recipe(
        [
            *_many(3, 4, rule_id="us-home-fence"),
            *(finding(20 + number, "us-home-fence", waiver_id="W-1") for number in range(5)),
            *(finding(30 + number, "us-home-fence", waiver_id="W-2", **OPEN) for number in range(2)),
        ],
        rules=FENCE_ONLY,
    ),
    "waived-in-part": Recipe(
        [*_many(3), *(finding(number, "us-home-fence", waiver_id="W-1") for number in range(3))]
    ),
    "waived-beyond-calls": Recipe(
        [
            *_many(3, 1, rule_id="us-home-fence"),
            finding(40, "us-home-fence", waiver_id="W-1"),
            *(finding(90 + n, "us-home-fence", waiver_id="W-1", **LOOSE) for n in range(3)),
        ],
        rules=FENCE_ONLY,
        loose=70,
    ),
    "draft": Recipe(
        [*_many(3), *(finding(10 + number, "us-home-fence") for number in range(2))],
        rules=(rule("cn-exclusion"), rule("us-home-fence", status="draft")),
    ),
    "drafts-only": Recipe(
        _many(2, 1), rules=(rule("cn-exclusion", status="draft"), rule("us-home-fence", status="draft"))
    ),
    "drafts-of-never-rules": Recipe(
        _many(2), rules=(rule("cn-exclusion", status="draft"), rule("cn-keys", status="draft"))
    ),
    "required-many": Recipe([*_many(3, 2), *REQUIRED], rules=REQUIRING),
    "required-one": Recipe([whole_call(1, "ru-recording")], rules=REQUIRING),
    "required-none": Recipe(rules=REQUIRING),
    "required-none-proved": Recipe(_many(0, 3), rules=REQUIRING),
    "required-all-undetermined": Recipe(_many(0, 3), rules=REQUIRING, audited=3),
    "required-single-call": Recipe(rules=REQUIRING, audited=1),
    "unobserved": Recipe([*_many(3), *UNOBSERVED]),
    "unobserved-alone": Recipe(UNOBSERVED),
    "unobserved-single": Recipe(UNOBSERVED[:1]),
    "unobserved-and-in-doubt": Recipe(
        [*_many(3, 2), *UNOBSERVED, finding(60, "us-home-fence", **OPEN), finding(61, **OPEN)]
    ),
    "unobserved-in-part": Recipe([*_many(3, 2), *UNOBSERVED]),
    "unobserved-log": Recipe([finding(90, **LOOSE), UNOBSERVED_LOG], calls=0),
    "unobserved-log-among-calls": Recipe([*_many(3), finding(90, **LOOSE), UNOBSERVED_LOG], loose=70),
    "unobserved-log-and-nothing-else": Recipe([UNOBSERVED_LOG], calls=0),
    "uncovered-only": Recipe(_many(2), uncovered=1),
    "unread-only": Recipe(rejects=[reject(number) for number in range(3)]),
    "single-call": Recipe(audited=1),
    "single-call-affected": Recipe(_many(1), audited=1),
    "single-call-open": Recipe(_many(0, 1), audited=1),
    "single-call-and-others": Recipe([finding(90 + n, **LOOSE) for n in range(3)], audited=1, loose=7),
    "single-call-and-one-other": Recipe(audited=1, loose=1),
    "one-of-those-without-call": Recipe([finding(90, **LOOSE)], loose=70),
    "single-other": Recipe([*_many(20, 4), finding(90, **LOOSE)], loose=1),
    "single-other-open": Recipe([*_many(20, 4), finding(90, **(OPEN | LOOSE))], loose=1),
    "single-other-open-only": Recipe([finding(90, **(OPEN | LOOSE))], loose=1),
    "both-bounds": Recipe([*_many(20, 4), finding(90, **LOOSE), finding(91, **(OPEN | LOOSE))], loose=7),
    "too-little-judged": Recipe(
        _many(2),
        rejects=[reject(number) for number in range(9)],
        uncovered=12,
        conditions=(
            Condition(code=4, name="rejects", text="9 of 5,010 records could not be read; the limit is 0"),
        ),
        exit_code=4,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_lead_says(case: str, tmp_path: Path, golden: Compare) -> None:
    run = CASES[case].written_to(tmp_path)
    view = view_of(run.directory, run.manifest)
    lines = [view.lead.case, *_sentences(view.lead), *map(str, view.lead.uncounted)]
    golden(f"lead-{case}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("case", CASES)
def test_the_terminal_says_what_the_report_says(case: str, tmp_path: Path) -> None:
    run = CASES[case].written_to(tmp_path)
    lead = view_of(run.directory, run.manifest).lead
    text = " ".join(summary_text(run.summary, run.manifest, str(run.directory)).split())
    for sentence in (*_sentences(lead), *map(str, lead.uncounted)):
        assert " ".join(sentence.split()) in text


@pytest.mark.parametrize("case", [case for case in CASES if "none" in case or "nothing" in case])
def test_a_lead_without_a_finding_never_says_compliant(case: str, tmp_path: Path) -> None:
    run = CASES[case].written_to(tmp_path)
    lead = view_of(run.directory, run.manifest).lead
    text = " ".join(_sentences(lead)).lower()
    assert not {"compliant", "complied", "clean", "resolved"} & set(text.split())


def test_a_violation_without_a_call_keeps_the_lead_from_saying_none(tmp_path: Path) -> None:
    run = CASES["only-those-without-call"].written_to(tmp_path)
    lead = view_of(run.directory, run.manifest).lead
    assert lead.case == "many"
    assert "3 of the 70 connections that belong to no known call" in str(lead.first)


def test_a_role_that_a_whole_log_lacks_keeps_the_lead_from_saying_none(tmp_path: Path) -> None:
    run = CASES["unobserved-log-and-nothing-else"].written_to(tmp_path)
    first, *_ = _sentences(view_of(run.directory, run.manifest).lead)
    assert first == (
        "No connection is proved to have used a relay outside its declared fence; "
        "that none did could not be determined."
    )


@pytest.mark.parametrize("case", [case for case in CASES if "waived" in case])
def test_a_waiver_leaves_the_first_sentences_as_they_are(case: str, tmp_path: Path) -> None:
    leads = []
    for name in ("with", "without"):
        findings = [row | ({} if name == "with" else {"waiver_id": None}) for row in CASES[case].findings]
        folder = tmp_path / name
        folder.mkdir()
        run = replace(CASES[case], findings=findings).written_to(folder)
        leads.append(view_of(run.directory, run.manifest).lead)
    waived, bare = leads
    assert (waived.first, waived.then) == (bare.first, bare.then)
    assert (len(waived.laid_over), len(bare.laid_over)) == (1, 0)


def test_without_an_audited_call_the_report_is_one_page(tmp_path: Path) -> None:
    run = CASES["nothing-audited"].written_to(tmp_path)
    page = render_html(run.directory, run.manifest)
    sections = [number for number in ("1", "6", "9", "12", "13", "B") if f'<h2 id="s{number}">' in page]
    assert sections == ["9", "13"]


def test_a_report_of_one_page_names_the_first_warnings_too(tmp_path: Path) -> None:
    warned = [Warned(source_file="a.csv", text=f"cut {n}", count=1, first_record=None) for n in range(5)]
    recipe = replace(CASES["nothing-audited"], summary_values={"warnings": warned})
    run = recipe.written_to(tmp_path)
    page = render_html(run.directory, run.manifest)
    assert "cut 2" in page
    assert "cut 3" not in page
    assert "; and 2 more in" in page


def test_excused_connections_are_in_no_bound(tmp_path: Path) -> None:
    excused = finding(7, "us-home-fence", verdict="excused")
    recipe = replace(CASES["none"], findings=[excused], rules=FENCE_ONLY)
    run = recipe.written_to(tmp_path)
    assert view_of(run.directory, run.manifest).lead.case == "none"


CONDITIONS = (
    Condition(code=1, name="violation", text="155 violations at or above low without a waiver"),
    Condition(code=4, name="rejects", text="8 of 5,000 records could not be read; the limit is 0"),
    Condition(code=4, name="idle", text="rule x expects connections and none fell under it"),
    Condition(
        code=3, name="indeterminate", text="44 findings at or above low not determined; the limit is 0"
    ),
)


@pytest.mark.parametrize(
    ("held", "outcome", "others"),
    [
        (
            CONDITIONS[:0],
            "Exit code 0. Everything in scope was judged; no violation at or above low without a waiver.",
            0,
        ),
        (CONDITIONS, "Exit code 1. At least one violation at or above low without a waiver.", 3),
        (
            CONDITIONS[1:],
            f"Exit code 4. Too little was judged: {CONDITIONS[1].text}; {CONDITIONS[2].text}.",
            1,
        ),
        (CONDITIONS[3:], "Exit code 3. Findings not determined above the limit of 0.", 0),
    ],
)
def test_the_outcome_names_its_code_and_what_else_held(
    held: tuple[Condition, ...], outcome: str, others: int, tmp_path: Path
) -> None:
    recipe = Recipe(conditions=held, exit_code=held[0].code if held else 0)
    run = recipe.written_to(tmp_path)
    view = view_of(run.directory, run.manifest)
    assert (view.outcome, len(view.conditions)) == (outcome, others)
