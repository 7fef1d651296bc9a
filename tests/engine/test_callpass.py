from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.audit import job_of
from auditor.engine.callpass import MEMBERS_PER_BUCKET, ROWS_PER_BUCKET, buckets_for, judge_calls
from auditor.engine.ground import lay_ground
from auditor.engine.job import Job
from auditor.engine.judging import WORD, in_scope_words
from auditor.engine.request import LocationSources, Request
from auditor.engine.wholecalls import WholeCalls
from auditor.model import Role, Verdict
from auditor.ruleset.verdicts import Judgement
from tests.engine.conftest import AS_OF

SCOPES = st.integers(1, 2 * WORD + 3).flatmap(
    lambda rules: st.lists(st.sets(st.integers(0, rules - 1)), max_size=4).map(lambda rows: (rules, rows))
)


@given(SCOPES)
def test_every_rule_in_scope_has_its_own_bit(scopes: tuple[int, list[set[int]]]) -> None:
    rules, rows = scopes
    judgements = [
        tuple(
            Judgement(Verdict.COMPLIANT if place in row else Verdict.NOT_APPLICABLE) for place in range(rules)
        )
        for row in rows
    ]
    words = in_scope_words(judgements, rules)
    assert [word.name for word in words] == [f"rules_{number}" for number in range(-(-rules // WORD))]
    found = [
        {place for place in range(rules) if words[place // WORD][row] >> place % WORD & 1}
        for row in range(len(rows))
    ]
    assert found == rows


def job_with(rules: int, folder: Path, *, must_observe: str = "") -> Job:
    """Load many rules, of which the last is a watch, or else must observe roles."""
    scope = f"{{must_observe: {must_observe}}}" if must_observe else "{}"
    groups = folder / "rules" / "groups"
    groups.mkdir(parents=True)
    for number in range(rules):
        effect = "watch" if number == rules - 1 and not must_observe else "never"
        (folder / "rules" / f"r{number:03}.yaml").write_text(
            f"schema: auditor/rule@1\nid: r{number:03}\nversion: 1.0.0\ntitle: t\nstatement: s\n"
            "authority: [{kind: promise, cite: c}]\nseverity: low\n"
            f"effect: {effect}\nin_force: {{from: '2020-01-01T00:00:00Z'}}\nscope: {scope}\n"
            f"{effect}: {{in: [CN]}}\ntests:\n"
            "  - name: inside\n    given: [{id: a, role: media, relay: [DE]}]\n    expect: {a: compliant}\n"
        )
    (folder / "inventory.csv").write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n11.0.0.0/24,,,US,,2020-01-01T00:00:00Z,,noc,contract\n"
    )
    request = Request(
        (), (str(folder / "rules"),), location=LocationSources(inventory=(str(folder / "inventory.csv"),))
    )
    return job_of(lay_ground(request, {}, as_of=AS_OF), folder)


def test_calls_are_counted_once_by_rule_and_by_role_with_more_rules_than_one_word_holds(
    tmp_path: Path,
) -> None:
    job = job_with(WORD + 2, tmp_path)
    media, keys = (1 << list(Role).index(role) for role in (Role.MEDIA, Role.KEYS))
    first, last, watch = 1 << 63, 1, 2
    calls = pl.DataFrame(
        [("c", first, 0, media), ("c", 0, last, keys), ("d", 0, watch, media), ("e", first, watch, media)],
        schema={"call_id": pl.String, "rules_0": pl.UInt64, "rules_1": pl.UInt64, "roles": pl.UInt16},
        orient="row",
    )
    found = judge_calls(job, {"calls": calls}, "0").buckets["0"]
    assert (found.calls, found.audited) == (3, 2)
    assert {rule: calls for rule, calls in found.audited_by_rule.items() if calls} == {
        "r063": 2,
        "r064": 1,
        "r065": 2,
    }
    assert {role: calls for role, calls in found.by_role.items() if calls} == {"media": 3, "keys": 1}


def test_a_bucket_without_calls_counts_nothing(tmp_path: Path) -> None:
    none = pl.DataFrame(schema={"call_id": pl.String, "rules_0": pl.UInt64, "roles": pl.UInt16})
    found = judge_calls(job_with(1, tmp_path), {"calls": none}, "0").buckets["0"]
    assert (found.calls, found.audited, set(found.by_role.values())) == (0, 0, {0})


def test_a_bucket_without_members_has_no_findings_of_calls(tmp_path: Path) -> None:
    job = job_with(1, tmp_path, must_observe="[keys]")
    calls = pl.DataFrame({"call_id": ["c"], "rules_0": [0], "roles": [1], "observed": [1]})
    typed = calls.cast({"rules_0": pl.UInt64, "roles": pl.UInt16, "observed": pl.UInt16})
    found = judge_calls(job, {"calls": typed}, "0").buckets["0"]
    assert (found.calls, found.unobserved, found.files) == (1, {"r000": 0}, {})


@pytest.mark.parametrize(
    ("wants", "most"),
    [(WholeCalls((), (), (), ()), ROWS_PER_BUCKET), (WholeCalls((), (0,), (), ()), MEMBERS_PER_BUCKET)],
)
def test_buckets_grow_with_the_rows(wants: WholeCalls, most: int) -> None:
    assert [buckets_for(rows, wants) for rows in (0, 1, most, most + 1)] == [1, 1, 1, 2]
