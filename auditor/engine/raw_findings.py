"""Judged connections → rows of findings, before they have their ids."""

import polars as pl

from auditor.engine.judging import DOUBT_WORDS, Judge, Judged, binds, codes_of, is_kept
from auditor.model import FINDING, Schema, Verdict, cast_to
from auditor.ruleset.evaluator import Fact, Judgement
from auditor.ruleset.schema import Rule

RAW_FINDING: Schema = {
    **{
        name: dtype
        for name, dtype in FINDING.items()
        if name not in ("finding_id", "incident_id", "waiver_id")
    },
    "watch": pl.Boolean,
}
"""A finding without ids, and beside them the notes of watch rules."""


_HOST_NAME = pl.coalesce("relay_name", pl.when(pl.col("relay_kind") == "host_name").then("relay_ip"))
"""The relay's host name, also where the log has it in place of an address."""


def raw_findings(judge: Judge, judged: Judged) -> pl.DataFrame:
    """Take the rows that are findings under any rule, once for each such rule, in no particular order."""
    frames = [
        _findings_of(rule, place, judged)
        for place, rule in enumerate(judge.ruleset.rules)
        if any(is_kept(row[place], rule) for row in judged.judgements)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=RAW_FINDING)


def judged_rows(judge: Judge, judged: Judged) -> pl.DataFrame:
    """Give every row under every rule in the shape of a finding, whatever its verdict: for `explain`."""
    frames = [
        _rows_of(rule, place, judged, [True] * len(judged.judgements))
        for place, rule in enumerate(judge.ruleset.rules)
    ]
    return pl.concat(frames)


def _findings_of(rule: Rule, place: int, judged: Judged) -> pl.DataFrame:
    return _rows_of(rule, place, judged, [is_kept(row[place], rule) for row in judged.judgements])


def _rows_of(rule: Rule, place: int, judged: Judged, wanted: list[bool]) -> pl.DataFrame:
    """Write what one rule says of the rows in the situations that are wanted."""
    chosen = pl.Series(wanted).gather(judged.situation).arg_true()
    situation = judged.situation.gather(chosen)
    relay, client = judged.relay.gather(chosen), judged.client.gather(chosen)
    said = _said_in([row[place] for row in judged.judgements])
    rows = judged.connections[chosen].with_columns(
        *(said[name].gather(situation) for name in said.columns),
        relay_network=judged.relays["network"].gather(relay),
        relay_kind=judged.relays["kind"].gather(relay),
        incident_network=judged.relays["incident_network"].gather(relay),
        relay_reasons=judged.relays["reasons"].gather(relay),
        client_reasons=judged.clients["reasons"].gather(client),
    )
    named = rows.with_columns(
        rule_id=pl.lit(rule.id),
        rule_version=pl.lit(rule.version),
        severity=pl.lit(rule.severity.value),
        watch=pl.lit(not binds(rule)),
        reasons=_reasons(),
        relay_countries=codes_of(pl.col("relay_key")),
        participant_countries=codes_of(pl.col("participant_key")),
        place=pl.coalesce("relay_site", _HOST_NAME, "incident_network"),
        place_kind=pl.when(pl.col("relay_site").is_not_null())
        .then(pl.lit("site"))
        .when(_HOST_NAME.is_not_null())
        .then(pl.lit("name"))
        .when(pl.col("incident_network").is_not_null())
        .then(pl.lit("network"))
        .otherwise(pl.lit("none")),
    )
    return cast_to(named, RAW_FINDING)


def _said_in(judgements: list[Judgement]) -> pl.DataFrame:
    """Write one rule's judgements of the distinct situations as columns."""
    return pl.DataFrame(
        {
            "verdict": [judgement.verdict.value for judgement in judgements],
            "doubt_words": [
                [DOUBT_WORDS[fact] for fact in judgement.doubts if fact in DOUBT_WORDS]
                for judgement in judgements
            ],
            "relay_matters": [
                judgement.verdict is not Verdict.INDETERMINATE or Fact.RELAY in judgement.doubts
                for judgement in judgements
            ],
            "client_matters": [Fact.PARTICIPANT in judgement.doubts for judgement in judgements],
            "marks": [_marks(judgement) for judgement in judgements],
        },
        schema={
            "verdict": pl.String,
            "doubt_words": pl.List(pl.String),
            "relay_matters": pl.Boolean,
            "client_matters": pl.Boolean,
            "marks": pl.List(pl.String),
        },
    )


def _marks(judgement: Judgement) -> list[str]:
    marks = {"spans_change": judgement.spans_change, "late_declared": judgement.late_declared}
    return [mark for mark, holds in marks.items() if holds]


def _reasons() -> pl.Expr:
    """Say what a verdict rests on: what is in doubt, or else the evidence for the relay's place."""
    nothing = pl.lit([], dtype=pl.List(pl.String))
    of_client = pl.col("client_reasons").list.eval(pl.format("participant:{}", pl.element()))
    return pl.concat_list(
        "doubt_words",
        pl.when("relay_matters").then("relay_reasons").otherwise(nothing),
        pl.when("client_matters").then(of_client).otherwise(nothing),
        "marks",
    )
