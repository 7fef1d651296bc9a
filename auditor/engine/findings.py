"""Raw findings of all shards → the sorted findings of the run, with their ids, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from auditor.engine.identifiers import canonical_text, identifiers_of
from auditor.engine.incidents import INCIDENT_KEY, incident_spans, write_incident_ids
from auditor.engine.listed import Listed
from auditor.engine.raw_findings import FINDINGS
from auditor.evidence.tables import scan_tables, write_table
from auditor.model import FINDING, Subject, cast_to
from auditor.ruleset.waivers import Decided

SLICE_ROWS = 400_000
"""So many findings are sorted at once; more only where one rule has more on one day."""

SORTED_BY = ("rule_id", "started_at", "call_id", "finding_id")
_DAY = pl.col("started_at").dt.date()


@dataclass(frozen=True, slots=True)
class _Slice:
    """The findings of one rule from one day to another, both included."""

    rule_id: str
    first: date
    last: date


def findings_in(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Leave out of raw rows what is no finding: the notes of watches, members and bystanders."""
    return raw.filter(~pl.col("watch") & pl.col("subject").is_in(FINDINGS))


def write_findings(  # noqa: PLR0913  what stands beside findings, and how much is sorted at once
    raw: pl.LazyFrame,
    path: Path,
    folder: Path,
    waivers: Decided,
    *,
    listed: Listed | None = None,
    slice_rows: int = SLICE_ROWS,
) -> None:
    """Sort the findings in `raw`, name each, its incident, waiver and list entries, and write them to `path`.

    `folder` takes the sorted slices on their way; how many there are is invisible.
    Raises AssertionError if two findings have one id.
    """
    bound = findings_in(raw)
    spans = incident_spans(bound)
    parts = []
    for number, piece in enumerate(_slices(bound, slice_rows)):
        part = folder / f"sorted-{number:06}.parquet"
        rows = _collect(bound, piece)
        told = rows if listed is None else rows.with_columns(listed.entries_of(rows))
        _named(told, spans, waivers).write_parquet(part, compression="lz4")
        parts.append(part)
    write_table(scan_tables(parts, FINDING), path)
    for part in parts:
        part.unlink()
    _require_distinct(path)


def _slices(bound: pl.LazyFrame, slice_rows: int) -> Iterator[_Slice]:
    """Cut the findings into runs of days, in the order of the result."""
    days = bound.group_by("rule_id", day=_DAY).len().sort("rule_id", "day").collect(engine="streaming")
    for (rule_id,), of_rule in days.group_by("rule_id", maintain_order=True):
        filled = (of_rule["len"].cum_sum() - of_rule["len"]) // slice_rows
        for _, run in of_rule.group_by(filled.alias("run"), maintain_order=True):
            yield _Slice(str(rule_id), run["day"][0], run["day"][-1])


def _collect(bound: pl.LazyFrame, piece: _Slice) -> pl.DataFrame:
    start = pl.lit(piece.first).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    stop = pl.lit(piece.last + timedelta(days=1)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    within = (
        (pl.col("rule_id") == piece.rule_id) & (pl.col("started_at") >= start) & (pl.col("started_at") < stop)
    )
    return bound.filter(within).collect(engine="streaming")


def _named(rows: pl.DataFrame, spans: pl.DataFrame, waivers: Decided) -> pl.DataFrame:
    """Add ids to one slice and sort it. Findings alike in all that an id rests on lie in one slice."""
    told = rows.sort("source_file", "record", "part").with_columns(
        waivers.waiver_id(), INCIDENT_KEY.alias("incident_key"), said=_said()
    )
    numbered = told.with_columns(ordinal=pl.int_range(pl.len()).over("said"))
    texts = numbered.select(
        canonical_text("auditor/finding@1", [pl.col("said"), pl.col("ordinal")])
    ).to_series()
    named = numbered.with_columns(identifiers_of("F", texts).alias("finding_id"))
    return cast_to(write_incident_ids(named, spans), FINDING).sort(SORTED_BY, nulls_last=True)


def _said() -> pl.Expr:
    """Collect what the log says of a finding, and nothing of file, database, clock or verdict."""
    said = [
        pl.col("rule_id"),
        pl.coalesce("call_id", "session_id"),
        pl.col("participant_id"),
        pl.col("role"),
        pl.coalesce("relay_ip", "relay_site", "relay_name"),
        pl.col("started_at").dt.epoch("us"),
    ]
    told = pl.lit("")
    for subject in Subject:
        told = pl.when(pl.col("subject") == subject).then(canonical_text(subject, said)).otherwise(told)
    return told


def _require_distinct(path: Path) -> None:
    rows, ids = (
        pl.scan_parquet(path)
        .select(rows=pl.len(), ids=pl.col("finding_id").n_unique())
        .collect(engine="streaming")
        .row(0)
    )
    if rows != ids:
        raise AssertionError(f"{rows:,} findings have {ids:,} ids")
