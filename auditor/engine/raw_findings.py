"""Judged connections → rows of findings, before they have their ids."""

from collections.abc import Iterable, Sequence

import polars as pl

from auditor.engine.judging import DOUBT_WORDS, Judge, Judged, binds, codes_of, is_kept
from auditor.model import FINDING, Schema, Subject, Verdict, cast_to
from auditor.ruleset.schema import Rule
from auditor.ruleset.verdicts import Fact, Judgement, LimitStatus

MEMBER, BYSTANDER = "member", "bystander"
"""Raw rows that are no findings, and tell who was affected: connections that bear the verdict of their call,
and those of a call in which a role was not observed."""

PARTICIPANT_UNKNOWN = "participant_unknown"
"""Whether a whole call is in scope hangs on where a participant is; each connection tells the evidence."""

FINDINGS = tuple(subject.value for subject in Subject)

RAW_FINDING: Schema = {
    **{
        name: dtype
        for name, dtype in FINDING.items()
        if name not in ("finding_id", "incident_id", "waiver_id")
    },
    "watch": pl.Boolean,
}
"""A finding without ids, and beside them the notes of watch rules, members and bystanders."""

EVIDENCE: Schema = {"relay_reasons": pl.List(pl.String), "client_reasons": pl.List(pl.String)}
"""What the places of relay and participant rest on."""

SAID: Schema = {
    "verdict": pl.String,
    "doubt_words": pl.List(pl.String),
    "relay_matters": pl.Boolean,
    "client_matters": pl.Boolean,
    "marks": pl.List(pl.String),
}
"""A judgement, as columns."""

_HOST_NAME = pl.coalesce("relay_name", pl.when(pl.col("relay_kind") == "host_name").then("relay_ip"))
"""The relay's host name, also where the log has it in place of an address."""


def raw_findings(judge: Judge, judged: Judged) -> pl.DataFrame:
    """Take the rows that are findings under any rule, once for each such rule, in no particular order.

    What waits for its whole call or day is left to the second pass.
    """
    frames = [
        _findings_of(rule, place, judged)
        for place, rule in enumerate(judge.ruleset.rules)
        if any(_is_settled(row[place], rule) for row in judged.judgements)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=RAW_FINDING)


def judged_rows(judge: Judge, judged: Judged) -> pl.DataFrame:
    """Give every row under every rule in the shape of a finding, whatever its verdict: for `explain`."""
    frames = [
        _rows_of(rule, place, judged, [True] * len(judged.judgements))
        for place, rule in enumerate(judge.ruleset.rules)
    ]
    return pl.concat(frames)


def described(rule: Rule, judged: Judged, chosen: pl.Series) -> pl.DataFrame:
    """Say all of some rows but what the rule says of them: RAW_FINDING but verdict and reasons, and EVIDENCE.

    `chosen` are indices of rows; all other columns of the connections stay.
    """
    relay, client = judged.relay.gather(chosen), judged.client.gather(chosen)
    rows = judged.connections[chosen].with_columns(
        relay_network=judged.relays["network"].gather(relay),
        relay_kind=judged.relays["kind"].gather(relay),
        incident_network=judged.relays["incident_network"].gather(relay),
        relay_reasons=judged.relays["reasons"].gather(relay),
        client_reasons=judged.clients["reasons"].gather(client),
    )
    return rows.with_columns(
        *named_by(rule),
        subject=pl.lit(Subject.CONNECTION),
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


def named_by(rule: Rule) -> list[pl.Expr]:
    """Give the columns that a finding has from its rule alone."""
    return [
        pl.lit(rule.id).alias("rule_id"),
        pl.lit(rule.version).alias("rule_version"),
        pl.lit(rule.status, dtype=pl.String).alias("rule_status"),
        pl.lit(rule.severity.value).alias("severity"),
        pl.lit(not binds(rule)).alias("watch"),
    ]


def said_in(judgements: Iterable[Judgement]) -> pl.DataFrame:
    """Write one rule's judgements as columns. Schema: SAID."""
    rows = [
        (
            judgement.verdict.value,
            _doubt_words(judgement),
            judgement.verdict is not Verdict.INDETERMINATE or Fact.RELAY in judgement.doubts,
            Fact.PARTICIPANT in judgement.doubts,
            _marks(judgement),
        )
        for judgement in judgements
    ]
    return pl.DataFrame(rows, schema=SAID, orient="row")


def as_findings(rows: pl.DataFrame) -> pl.DataFrame:
    """Put the reasons together from the columns SAID and EVIDENCE. Schema: RAW_FINDING."""
    return cast_to(rows.with_columns(reasons=_reasons()), RAW_FINDING)


def reasons_of_call(judgement: Judgement) -> list[str]:
    """Say what the verdict of a whole call rests on."""
    participant = [PARTICIPANT_UNKNOWN] if Fact.PARTICIPANT in judgement.doubts else []
    return [*participant, *_doubt_words(judgement), *_marks(judgement)]


def _findings_of(rule: Rule, place: int, judged: Judged) -> pl.DataFrame:
    return _rows_of(rule, place, judged, [_is_settled(row[place], rule) for row in judged.judgements])


def _is_settled(judgement: Judgement, rule: Rule) -> bool:
    return not judgement.is_pending and is_kept(judgement, rule)


def _rows_of(rule: Rule, place: int, judged: Judged, wanted: Sequence[bool]) -> pl.DataFrame:
    """Write what one rule says of the rows in the situations that are wanted."""
    chosen = pl.Series(wanted, dtype=pl.Boolean).gather(judged.situation).arg_true()
    said = said_in(row[place] for row in judged.judgements)
    situation = judged.situation.gather(chosen)
    rows = described(rule, judged, chosen).with_columns(said[name].gather(situation) for name in said.columns)
    return as_findings(rows)


def _doubt_words(judgement: Judgement) -> list[str]:
    words = [DOUBT_WORDS[fact] for fact in judgement.doubts if fact in DOUBT_WORDS]
    words += [f"not_observed:{role}" for role in judgement.not_observed]
    for clause, kind, status in judgement.limits:
        if status is LimitStatus.OPEN:
            words.append(f"limit_open:{clause}:{kind}")
        elif status is LimitStatus.NO_CALL:
            words.append("call_unknown")
        elif status is LimitStatus.NO_ACCOUNT:
            words.append("account_unknown")
    return list(dict.fromkeys(words))


def _marks(judgement: Judgement) -> list[str]:
    marks = [f"exception:{clause}" for clause in judgement.exceptions]
    marks += [
        f"over_limit:{clause}:{kind}"
        for clause, kind, status in judgement.limits
        if status is LimitStatus.OVER
    ]
    holds = {"spans_change": judgement.spans_change, "late_declared": judgement.late_declared}
    return [*judgement.call_words, *marks, *(mark for mark, one in holds.items() if one)]


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
