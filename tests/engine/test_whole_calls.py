"""Rules that need whole calls or an account's day, on small logs through the whole audit."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from auditor.engine.audit import Means, audit
from auditor.engine.job import Job, Shard
from auditor.engine.local import JudgeCalls, LocalEngine, SlimShard
from auditor.engine.partial import Partial
from auditor.engine.request import LocationSources, LogsAsked, Request
from auditor.evidence.run import open_run
from auditor.evidence.summary import Bounds, RuleResult, Summary
from tests.engine.conftest import AS_OF, HEAD

Row = Mapping[str, object]
NOON = datetime(2020, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FENCE = """
effect: fence
scope: {}
fence: {allow: [US]}
exceptions:
  - {id: congestion, why: calls go on, when: {tier: [fallback]}, allow: [DE], limits: LIMITS}
"""
REQUIRE = "effect: require\nscope: {roles: [media]}\nrequire: {roles: [keys], in: [US]}\n"
OBSERVE = "effect: never\nscope: {roles: [media], must_observe: [keys]}\nnever: {in: [CN]}\n"


@dataclass(frozen=True)
class Run:
    """What a small audit found."""

    findings: pl.DataFrame
    incidents: pl.DataFrame
    summary: Summary

    @property
    def rule(self) -> RuleResult:
        (rule,) = self.summary.rules
        return rule

    def verdicts(self) -> list[str]:
        """Give the verdict of each finding, in the order of logs and records."""
        return self.findings.sort("source_file", "record", "subject")["verdict"].to_list()

    def reasons(self) -> Counter[str]:
        return Counter(word for reasons in self.findings["reasons"] for word in reasons)


Auditing = Callable[..., Run]


def limited(limits: str) -> str:
    return FENCE.replace("LIMITS", limits)


@pytest.fixture
def audited(tmp_path: Path) -> Auditing:
    """Give a function that audits logs, each a file name and its rows, under one rule."""
    (tmp_path / "inventory.csv").write_text(
        "prefix,site,name,country,role,from,until,attested_by,basis\n"
        + "".join(f",{code}-1,,{code},,2020-01-01T00:00:00Z,,noc,contract\n" for code in ("US", "DE", "CN"))
    )

    def run(
        body: str, *, engine: LocalEngine | None = None, piece_bytes: int = 1 << 30, **logs: list[Row]
    ) -> Run:
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "rule.yaml").write_text(HEAD.format(name="rule") + body.lstrip())
        paths = [write_log(tmp_path, name, rows) for name, rows in logs.items()]
        request = Request(
            logs=(LogsAsked(tuple(map(str, paths))),),
            rules=(str(tmp_path / "rules"),),
            location=LocationSources(looks_for_databases=False, inventory=(str(tmp_path / "inventory.csv"),)),
        )
        means = Means(lambda: AS_OF, environ={}, engine=engine or LocalEngine(), piece_bytes=piece_bytes)
        with open_run(tmp_path / "run", overwrite=True) as opened:
            done = audit(request, opened, means, as_of=AS_OF)
            findings, incidents = (
                pl.read_parquet(opened.directory / f"{name}.parquet") for name in ("findings", "incidents")
            )
            return Run(findings, incidents, done.summary)

    return run


def write_log(folder: Path, name: str, rows: list[Row]) -> Path:
    """Write a log as CSV, or as NDJSON where its name says so.

    A row is one minute of fallback to a media relay in Germany, but for what it says.
    """
    usual: Row = {
        "call_id": "c",
        "account_id": "a",
        "participant_id": "p",
        "role": "media",
        "relay_site": "DE-1",
        "tier": "fallback",
        "started_at": NOON,
        "ended_at": NOON + MINUTE,
        "use_proved": True,
    }
    frame = pl.DataFrame([{**usual, **row} for row in rows], infer_schema_length=None)
    written = frame.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    if name.endswith("_ndjson"):
        path = folder / f"{name}.ndjson"
        written.write_ndjson(path)
    else:
        path = folder / f"{name}.csv"
        written.write_csv(path)
    return path


def later(minutes: float, **row: object) -> Row:
    started_at = NOON + minutes * MINUTE
    return {"started_at": started_at, "ended_at": started_at + MINUTE, **row}


# --- limits -------------------------------------------------------------------------------------------------


def test_a_call_is_counted_whole_over_files_and_formats(audited: Auditing) -> None:
    run = audited(limited("{connections_per_call: 2}"), a=[later(2), later(5)], b_ndjson=[later(1), later(3)])
    assert run.verdicts() == ["excused", "violation", "excused", "violation"]
    assert run.rule.verdicts["excused"] == 2
    assert run.reasons()["over_limit:congestion:connections_per_call"] == 2


def test_what_no_exception_takes_is_in_no_counter(audited: Auditing) -> None:
    run = audited(
        limited("{connections_per_call: 1}"),
        a=[later(0, tier="primary"), later(1, relay_site="CN-1"), later(2, relay_site="US-1"), later(3)],
    )
    assert run.verdicts() == ["violation", "violation", "excused"]


def test_a_use_that_is_only_possible_leaves_the_next_one_open(audited: Auditing) -> None:
    run = audited(limited("{connections_per_call: 1}"), a=[later(0, tier=None), later(1)])
    assert run.verdicts() == ["indeterminate", "indeterminate"]
    assert run.reasons()["tier_unknown"] == 1
    assert run.reasons()["limit_open:congestion:connections_per_call"] == 1


@pytest.mark.parametrize(
    ("limits", "without", "reason"),
    [
        ("{connections_per_call: 9}", {"call_id": None}, "call_unknown"),
        ("{minutes_per_call: 9}", {"call_id": None}, "call_unknown"),
        ("{share_of_calls: {max: 1, per: account, over: day}}", {"call_id": None}, "call_unknown"),
        ("{share_of_calls: {max: 1, per: account, over: day}}", {"account_id": None}, "account_unknown"),
    ],
)
def test_a_use_without_the_id_that_a_limit_needs_is_open_and_in_no_counter(
    audited: Auditing, limits: str, without: Row, reason: str
) -> None:
    run = audited(limited(limits), a=[{**without, "relay_site": "DE-1"}, later(1)])
    assert run.verdicts() == ["indeterminate", "excused"]
    assert run.reasons()[reason] == 1


def test_a_call_without_an_account_is_counted_where_no_limit_asks_for_accounts(audited: Auditing) -> None:
    assert audited(limited("{connections_per_call: 1}"), a=[{"account_id": None}]).verdicts() == ["excused"]


def test_a_call_of_two_accounts_is_counted_for_each_among_the_calls_of_its_own(audited: Auditing) -> None:
    at_home = later(9, call_id="d", relay_site="US-1")
    run = audited(
        limited("{share_of_calls: {max: 0.5, per: account, over: day}}"),
        a=[later(0), later(1, account_id="b"), at_home],
    )
    # One of two calls of `a` may, and of the single call of `b` none.
    assert run.verdicts() == ["excused", "violation"]


def test_the_day_of_a_call_is_that_of_its_first_connection_in_whichever_log(audited: Auditing) -> None:
    limits = limited("{share_of_calls: {max: 0.5, per: account, over: day}}")
    midnight = 12 * 60
    calls = [later(midnight, call_id="c"), later(midnight, call_id="d", relay_site="US-1")]
    assert audited(limits, a=calls).verdicts() == ["excused"]
    before = later(midnight - 1, call_id="d", relay_site="CN-1", account_id="z")
    assert audited(limits, a=calls, b=[before]).verdicts() == ["violation", "violation"]


# --- calls that lack something ------------------------------------------------------------------------------


def test_a_finding_of_a_call_counts_everybody_in_it_once(audited: Auditing) -> None:
    run = audited(
        REQUIRE,
        a=[later(0), later(1, participant_id="q"), later(2, role="keys", participant_id="r")],
        b=[later(3, participant_id="q"), later(4, call_id="d", participant_id="s")],
    )
    assert run.findings.select("subject", "call_id", "verdict").rows() == [
        ("call", "c", "violation"),
        ("call", "d", "indeterminate"),
    ]
    assert run.findings["started_at"].to_list() == [NOON, NOON + 4 * MINUTE]
    assert run.rule.findings == run.rule.findings_of_calls == 2
    assert run.rule.verdicts == {
        "violation": 3,
        "indeterminate": 1,
        "excused": 0,
        "compliant": 0,
        "not_applicable": 1,
    }
    measures = run.rule.measures
    assert measures.calls == Bounds(proved=1, possible=2)
    assert measures.participants == Bounds(proved=2, possible=3)
    assert measures.minutes.proved == 3
    assert run.summary.overall == measures


def test_a_connection_inside_settles_its_call_from_another_log(audited: Auditing) -> None:
    run = audited(REQUIRE, a=[later(0)], b_ndjson=[later(1, role="keys", relay_site="US-1")])
    assert run.findings.is_empty()
    assert run.rule.verdicts["compliant"] == 1


def test_under_a_requirement_each_connection_without_a_call_id_is_a_finding_of_its_own(
    audited: Auditing,
) -> None:
    run = audited(REQUIRE, a=[{"call_id": None}, {"call_id": None}])
    assert run.findings.select("subject", "verdict").rows() == [("connection", "indeterminate")] * 2
    assert run.rule.findings_of_calls == 0


def test_a_call_without_the_role_is_one_finding_and_its_connections_keep_their_verdicts(
    audited: Auditing,
) -> None:
    run = audited(
        OBSERVE,
        a=[later(0), later(1, participant_id="q"), later(2, role="signaling", participant_id="r")],
        b=[later(0, call_id="d"), later(1, call_id="d", role="keys", relay_site="CN-1")],
    )
    assert run.findings.select("subject", "call_id", "reasons").rows() == [
        ("unobserved", "c", ["not_observed:keys"])
    ]
    assert run.rule.verdicts["compliant"] == 3
    assert run.rule.findings_of_calls == 1
    assert run.rule.measures.calls == Bounds(proved=0, possible=1)
    assert run.rule.measures.participants == Bounds(proved=0, possible=2)
    assert run.rule.measures.connections == Bounds(proved=0, possible=0)
    assert run.incidents["connections_possible"].to_list() == [0]
    assert run.incidents["participants_possible"].to_list() == [None]


def test_a_role_that_is_only_possibly_on_record_is_not_observed(audited: Auditing) -> None:
    keys = later(1, role="keys", use_proved=False)
    assert audited(OBSERVE, a=[later(0), keys]).reasons() == {"not_observed:keys": 1}


@pytest.mark.parametrize("piece_bytes", [1 << 30, 400])
def test_a_log_without_call_ids_has_one_finding_however_it_is_cut(
    audited: Auditing, piece_bytes: int
) -> None:
    nameless = [later(number, call_id=None, participant_id=f"p-{number}") for number in range(20)]
    named = later(0, role="keys")
    run = audited(OBSERVE, a=[named, *nameless], b_ndjson=nameless, c=[named], piece_bytes=piece_bytes)
    found = run.findings.select(
        pl.col("source_file").str.extract(r"(\w+)\.\w+$"), "subject", "record", "call_id"
    )
    assert found.rows() == [("a", "unobserved", 3, None), ("b_ndjson", "unobserved", 1, None)]
    assert run.rule.measures.participants == Bounds(proved=0, possible=20)
    assert run.rule.measures.calls == Bounds(proved=0, possible=0)


def test_ids_of_findings_do_not_change_when_other_calls_do(audited: Auditing) -> None:
    body = f"{limited('{connections_per_call: 1}')}".replace("scope: {}", "scope: {must_observe: [keys]}")
    rows = [later(0), later(1), later(2, call_id="d")]
    others = [later(0, call_id="e"), later(0, call_id="b"), later(0, call_id="e", participant_id="q")]
    alone, joined = (audited(body, a=rows), audited(body, a=[*others, *rows], z=others[:2]))
    of_rows = joined.findings.filter(pl.col("call_id").is_in(["c", "d"]))
    assert alone.findings["finding_id"].to_list() == of_rows["finding_id"].to_list()
    assert set(alone.findings["subject"]) == {"connection", "unobserved"}


class Hundred(LocalEngine):
    """Spreads calls over more buckets than there are."""

    def by_call(
        self, slim: SlimShard, judge: JudgeCalls, job: Job, shards: Sequence[Shard], buckets: int
    ) -> Iterator[Partial]:
        assert buckets == 1
        yield from super().by_call(slim, judge, job, shards, 100)


@pytest.mark.parametrize("body", [REQUIRE, OBSERVE, limited("{connections_per_call: 1}")])
def test_calls_in_buckets_of_their_own_are_judged_alike(audited: Auditing, body: str) -> None:
    out_of_scope = later(0, call_id="elsewhere", role="storage", relay_site="US-1")
    rows = [out_of_scope, *(later(number, call_id=f"c-{number % 5}") for number in range(10))]
    one, many = audited(body, a=rows), audited(body, a=rows, engine=Hundred())
    assert many.findings.equals(one.findings)
    assert many.summary == one.summary
