"""Drafts of waivers: what they take from findings, and what they leave to persons."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from auditor.documents import Document, model_of, read_document
from auditor.errors import Fault
from auditor.ruleset.waiver_draft import FEW_RELAYS, Draft, draft_of, quoted
from auditor.ruleset.waiver_schema import TO_FILL_IN, Waiver
from auditor.ruleset.waivers import State, decide, may_be_waived
from auditor.sources.values import read_names
from tests.ruleset.making_waivers import FINDING_VALUES, IN_FORCE, VALUES, findings, findings_of

Row = Mapping[str, Any]


def draft(*rows: Row, others: Sequence[Row] = ()) -> Draft:
    made = draft_of(findings(*rows), findings(*rows, *others))
    assert isinstance(made, Draft)
    return made


def matched(*rows: Row) -> dict[str, Any]:
    return draft(*rows).extent.match.model_dump(mode="json", exclude_none=True)


def refusal(*rows: Row, never: frozenset[str] = frozenset()) -> str:
    fault = draft_of(findings(*rows), findings(*rows), never=never)
    assert isinstance(fault, Fault)
    return fault.text


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([{}], {"call": "call", "relay_in": ["203.0.113.7/32"], "roles": ["media"]}),
        ([{}, {"call_id": "other"}], {"account": "acme", "relay_in": ["203.0.113.7/32"], "roles": ["media"]}),
        ([{}, {"call_id": None}], {"account": "acme", "relay_in": ["203.0.113.7/32"], "roles": ["media"]}),
        ([{"call_id": " "}], {"account": "acme", "relay_in": ["203.0.113.7/32"], "roles": ["media"]}),
        ([{"call_id": None, "account_id": None}], {"relay_in": ["203.0.113.7/32"], "roles": ["media"]}),
        (
            [{"role": "keys"}, {"role": "media", "relay_ip": None}],
            {"call": "call", "roles": ["media", "keys"]},
        ),
        ([{"role": None}, {}], {"call": "call", "relay_in": ["203.0.113.7/32"]}),
        ([{"relay_ip": "relay.example.com"}, {}], {"call": "call", "roles": ["media"]}),
        (
            [
                {"relay_ip": text}
                for text in ("2001:DB8::1", "203.0.113.10", "203.0.113.9", "::ffff:203.0.113.9")
            ],
            {
                "call": "call",
                "relay_in": ["203.0.113.9/32", "203.0.113.10/32", "2001:db8::1/128"],
                "roles": ["media"],
            },
        ),
    ],
)
def test_a_draft_asks_for_what_the_findings_share(rows: list[Row], match: dict[str, Any]) -> None:
    assert matched(*rows) == match


def test_a_few_relays_are_named_and_many_are_not() -> None:
    rows = [{"relay_ip": f"203.0.113.{last}"} for last in range(FEW_RELAYS + 1)]
    assert len(matched(*rows[:-1])["relay_in"]) == FEW_RELAYS
    assert "relay_in" not in matched(*rows)


def test_a_draft_covers_the_first_start_and_the_last() -> None:
    first, last = datetime(2026, 3, 2, 1, 2, 3, 4, UTC), datetime(2026, 3, 3, 23, 59, 59, 999_999, UTC)
    made = draft({"started_at": last}, {"started_at": first})
    assert made.extent.covers.from_ == first
    assert made.extent.covers.until == datetime(2026, 3, 4, tzinfo=UTC)


def test_what_fits_too_is_counted_and_told() -> None:
    made = draft({}, others=[{}, {"account_id": "other"}, {"call_id": "other"}, {"verdict": "excused"}])
    assert (made.chosen, made.fits) == (1, 3)
    assert made.counted == "made from 1 finding; 2 that were not chosen fit it too"
    assert "\nmax_findings: 3  #" in made.text("W-1")
    assert draft({}, {}, others=[{}]).counted == "made from 2 findings; 1 that was not chosen fit it too"
    assert draft({}).counted == "made from 1 finding"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no finding is chosen that can be waived"),
        (
            [{}, {"rule_id": "b"}, {"rule_id": "b"}],
            (
                "the findings are of 2 rules, and a waiver is of one: "
                "`b` (2, a `never` rule), `us-home-fence` (1)"
            ),
        ),
        ([{"rule_id": "b"}], "`b` is a `never` rule: nothing excuses it, and no waiver can be laid over it"),
        (
            [{"call_id": None, "account_id": None, "relay_ip": None}],
            "what is chosen shares neither call nor account, nor a few relays",
        ),
        (
            [{"rule_id": "\x1b[31m"}],
            "the findings are not as a run writes them: `\x1b[31m` is no id of a rule",
        ),
    ],
)
def test_what_cannot_be_waived_together_is_refused(rows: list[Row], says: str) -> None:
    assert refusal(*rows, never=frozenset({"b", "c"})) == says


def loaded(text: str, path: Path) -> Document:
    path.write_text(text, encoding="utf-8")
    read = read_document(path)
    assert isinstance(read, Document), read
    return read


def test_a_draft_is_refused_until_each_blank_is_filled_in(tmp_path: Path) -> None:
    document = loaded(draft({}).text(None), tmp_path / "w.yaml")
    faults = model_of(document, Waiver)
    assert isinstance(faults, list)
    lines = document_lines(tmp_path / "w.yaml")
    assert {fault.text: fault.hint for fault in faults} == {
        f"{key}: is blank": hint for key, hint in TO_FILL_IN.items()
    }
    for fault in faults:
        key, line = fault.text.partition(":")[0], int(fault.place.split(":")[-2])
        assert lines[line - 1] == f"{key}:  # {TO_FILL_IN[key]}"


def document_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def filled_in(made: Draft, path: Path) -> Waiver:
    data = loaded(made.text("W-1"), path).data | {key: VALUES[key] for key in TO_FILL_IN if key != "id"}
    return Waiver.model_validate_json(json.dumps(data))


NEW_YEAR = datetime(2000, 1, 1, tzinfo=UTC)
TEXTS = st.text(min_size=1, max_size=12).filter(str.strip)
ACCOUNTS = TEXTS.map(lambda text: read_names(pl.Series([text])).values.item()).filter(bool)
"""Accounts are spelled as they are where a log is read."""
STARTS = st.integers(0, 3_000_000_000_000_000).map(lambda ticks: NEW_YEAR + timedelta(microseconds=ticks))
RELAYS = st.sampled_from(["203.0.113.7", "::ffff:203.0.113.8", "2001:db8::1", "x", None])


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "call_id": st.one_of(TEXTS, st.none()),
                "relay_ip": RELAYS,
                "role": st.sampled_from(["media", "keys", None]),
                "started_at": STARTS,
            }
        ),
        min_size=1,
        max_size=5,
    ),
    ACCOUNTS,
)
def test_a_draft_that_is_filled_in_is_laid_over_all_that_it_was_made_from(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], account: str
) -> None:
    frame = findings_of([{**FINDING_VALUES, **row, "account_id": account} for row in rows])
    made = draft_of(frame, frame)
    assert isinstance(made, Draft)
    signed = filled_in(made, tmp_path_factory.getbasetemp() / "draft.yaml")
    decided = decide([signed], frame, as_of=IN_FORCE)
    assert decided.uses[0].state is State.USED
    assert decided.uses[0].fits == len(rows) == signed.max_findings


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_of_a_log_reads_back_as_it_was_and_steers_no_terminal(text: str) -> None:
    line = quoted(text)
    assert YAML(typ="safe", pure=True).load(f"key: {line}") == {"key": text}
    assert line.isprintable()


def test_only_verdicts_that_no_exception_excuses_may_be_waived() -> None:
    rows = findings(*({"verdict": verdict} for verdict in ("violation", "indeterminate", "excused", None)))
    assert rows.select(may_be_waived()).collect().to_series().to_list() == [True, True, False, False]
