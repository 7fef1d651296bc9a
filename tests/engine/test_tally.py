from pathlib import Path
from types import MappingProxyType

import polars as pl
import pytest

from auditor.engine.judging import TALLY
from auditor.engine.ledger import confront, confront_files, confront_findings
from auditor.engine.tally import NOBODY, Coverage, Tally, people_by_rule, people_overall
from auditor.evidence.summary import Bounds, Totals
from auditor.model import Verdict
from auditor.ruleset.loader import load_ruleset
from auditor.ruleset.ruleset import RuleSet
from tests.engine.rows import raw_findings

V, I, E, C, N = Verdict  # noqa: E741  the five verdicts, worst first


@pytest.fixture(scope="session")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Load two rules that bind and, between them in order, a watch."""
    folder = tmp_path_factory.mktemp("rules")
    for name, effect in (("a", "never"), ("b", "watch"), ("c", "never")):
        (folder / f"{name}.yaml").write_text(
            f"schema: auditor/rule@1\nid: {name}\nversion: 1.0.0\ntitle: t\nstatement: s\n"
            f"authority: [{{kind: promise, cite: c}}]\nseverity: low\neffect: {effect}\n"
            f"in_force: {{from: '2020-01-01T00:00:00Z'}}\nscope: {{}}\n{effect}: {{in: [CN]}}\ntests:\n"
            "  - name: inside\n    given: [{id: x, role: media, relay: [DE]}]\n    expect: {x: compliant}\n"
        )
    return load_ruleset([folder])


def tally(ruleset: RuleSet, *rows: tuple[Verdict, ...]) -> Tally:
    """Give the n-th situation 10^n of everything that is counted."""
    counts = pl.DataFrame(
        {name: [10**place for place in range(len(rows))] for name in TALLY},
        schema=dict.fromkeys(TALLY, pl.Int128),
    )
    return Tally(ruleset, counts, rows)


def test_verdicts_that_do_not_add_up_to_the_connections_cannot_be_held() -> None:
    with pytest.raises(AssertionError, match="a: 3 verdicts for 4 connections"):
        Coverage("a", 4, MappingProxyType({Verdict.VIOLATION: 3}))


def test_each_rule_gives_one_verdict_to_each_connection(ruleset: RuleSet) -> None:
    coverage = tally(ruleset, (V, N, C), (I, N, C), (N, V, E)).coverage(111)
    assert [[one.by_verdict[verdict] for verdict in Verdict] for one in coverage] == [
        [1, 10, 0, 0, 100],
        [100, 0, 0, 0, 11],
        [0, 0, 100, 11, 0],
    ]
    with pytest.raises(AssertionError):
        tally(ruleset, (V, N, C)).coverage(2)


def test_a_connection_under_a_watch_alone_is_uncovered(ruleset: RuleSet) -> None:
    rows = tally(ruleset, (N, V, N), (N, N, N), (C, N, N), (N, N, V))
    assert rows.uncovered() == 11
    assert rows.audited("connections") == 1_100


def test_overall_counts_a_connection_once_and_no_watch(ruleset: RuleSet) -> None:
    rows = tally(ruleset, (V, N, V), (I, V, V), (I, V, C), (C, V, C))
    overall = rows.overall(NOBODY)
    assert overall.connections == Bounds(proved=11, possible=111)
    assert overall.without_end == 111
    assert rows.measures(0, NOBODY).connections == Bounds(proved=1, possible=111)
    assert rows.measures(1, NOBODY).connections == Bounds(proved=1_110, possible=1_110)


def test_minutes_come_from_whole_microseconds(ruleset: RuleSet) -> None:
    rows = tally(ruleset, *[(V, N, N)] * 10)
    assert rows.overall(NOBODY).minutes.proved == round(1_111_111_111 / 60_000_000, 3)


def test_people_are_counted_once_and_those_without_an_id_not_at_all() -> None:
    raw = raw_findings(
        {"call_id": "c", "participant_id": "p"},
        {"call_id": "c", "participant_id": None, "verdict": "indeterminate"},
        {"call_id": None, "participant_id": "q", "verdict": "indeterminate", "rule_id": "s"},
        {"call_id": "x", "participant_id": "x", "verdict": "excused"},
        {"call_id": "w", "participant_id": "w", "watch": True, "rule_id": "w"},
    )
    overall = people_overall(raw)
    assert (overall["call_id_proved"], overall["call_id_possible"]) == (1, 1)
    assert (overall["participant_id_proved"], overall["participant_id_possible"]) == (1, 2)
    by_rule = people_by_rule(raw)
    assert {rule: counts["participant_id_possible"] for rule, counts in by_rule.items()} == {
        "r": 1,
        "s": 1,
        "w": 1,
    }
    assert people_overall(raw_findings()) == NOBODY


def test_two_counts_of_the_same_must_agree() -> None:
    confront("rejects", 3, 3)
    with pytest.raises(AssertionError, match="rejects: 3 by one count and 4 by the other"):
        confront("rejects", 3, 4)


def test_a_finding_too_few_or_too_many_ends_the_run() -> None:
    verdicts = {Verdict.VIOLATION: 1, Verdict.INDETERMINATE: 2, Verdict.EXCUSED: 3, Verdict.COMPLIANT: 9}
    confront_findings("r", 6, 0, verdicts)
    confront_findings("r", 2, 4, verdicts)
    for written, members in ((5, 0), (7, 0), (6, 1), (2, 3)):
        with pytest.raises(AssertionError, match="findings of r"):
            confront_findings("r", written, members, verdicts)


@pytest.mark.parametrize(
    "lost", [{"records": 9}, {"rejects": 1, "connection_records": 7}, {"connections": 6}]
)
def test_a_row_that_is_lost_on_the_way_to_a_file_ends_the_run(tmp_path: Path, lost: dict[str, int]) -> None:
    pl.DataFrame({"record": [1, 2]}).write_parquet(tmp_path / "rejects.parquet")
    pl.DataFrame({"connections": [3, 4]}).write_parquet(tmp_path / "locations.parquet")
    counts = {"records": 8, "connection_records": 6, "connections": 7, "rejects": 2, "not_connections": 0}
    kept = Totals(files=1, first_started_at=None, last_started_at=None, **counts)
    confront_files(tmp_path, kept)
    with pytest.raises(AssertionError, match="by one count"):
        confront_files(tmp_path, kept.model_copy(update=lost))
