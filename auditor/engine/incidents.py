"""Findings that belong together: one rule, one place, one home region, no gap of more than a day."""

from collections import Counter
from datetime import timedelta
from itertools import combinations
from pathlib import Path

import polars as pl

from auditor.engine.identifiers import canonical_text, identifiers_of
from auditor.engine.listed import Listed, with_list_entries
from auditor.model import INCIDENT, Severity, Subject, Verdict, cast_to

GAP = timedelta(hours=24)
_GROUP = ("rule_id", "place_kind", "place", "home_region")
MICROSECONDS_PER_MINUTE = 60_000_000

INCIDENT_KEY = canonical_text("auditor/incident-key@1", [pl.col(name) for name in _GROUP])
"""One text for what the findings of an incident share; nulls are equal to each other."""


def incident_spans(raw: pl.LazyFrame) -> pl.DataFrame:
    """Cut the violations and indeterminate findings of each key into incidents.

    `raw` has RAW_FINDING rows. One row per incident: `incident_key`, `first_started_at`, `last_started_at`,
    `incident_id`, sorted by the first two. Raises AssertionError if two incidents have one id.
    """
    starts = (
        raw.filter(pl.col("verdict").is_in([Verdict.VIOLATION, Verdict.INDETERMINATE]))
        .select(*_GROUP, "started_at")
        .unique()
        .collect(engine="streaming")
        .with_columns(incident_key=INCIDENT_KEY)
        .sort("incident_key", "started_at")
    )
    since_last = pl.col("started_at").diff().over("incident_key")
    spans = (
        starts.with_columns(number=(since_last.is_null() | (since_last > GAP)).cum_sum())
        .group_by("number", maintain_order=True)
        .agg(
            pl.col("incident_key", *_GROUP).first(),
            first_started_at=pl.col("started_at").min(),
            last_started_at=pl.col("started_at").max(),
        )
    )
    day = pl.col("first_started_at").dt.strftime("%Y-%m-%d")
    texts = spans.select(
        canonical_text("auditor/incident@1", [*(pl.col(name) for name in _GROUP), day])
    ).to_series()
    ids = identifiers_of("I", texts).alias("incident_id")
    if ids.n_unique() != ids.len():
        raise AssertionError(f"{ids.len():,} incidents have {ids.n_unique():,} ids")
    return spans.with_columns(ids).select(
        "incident_key", "first_started_at", "last_started_at", "incident_id"
    )


def write_incident_ids(findings: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Add `incident_id` to findings with an `incident_key`, null where they are in no incident."""
    joined = findings.sort("started_at").join_asof(
        spans.sort("first_started_at"),
        left_on="started_at",
        right_on="first_started_at",
        by="incident_key",
        strategy="backward",
        check_sortedness=False,  # both sides were sorted one line above
    )
    gathered = (pl.col("started_at") <= pl.col("last_started_at")) & pl.col("verdict").is_in(
        [Verdict.VIOLATION, Verdict.INDETERMINATE]
    )
    return joined.with_columns(incident_id=pl.when(gathered).then("incident_id"))


def incidents_of(findings: Path, listed: Listed | None = None) -> pl.DataFrame:
    """Describe each incident from the written findings, in the order of the report. Schema: INCIDENT."""
    rows = pl.scan_parquet(findings).filter(pl.col("incident_id").is_not_null())
    described = with_list_entries(_described(rows), listed)
    ranks = {severity.value: severity.rank for severity in Severity}
    ordered = described.sort(
        pl.col("findings_proved") == 0,
        pl.col("severity").replace_strict(ranks, return_dtype=pl.Int8),
        -pl.col("calls_possible"),
        -pl.col("findings_possible"),
        "rule_id",
        "first_started_at",
        "incident_id",
    )
    return cast_to(ordered.with_columns(_same_connections(rows, ordered)), INCIDENT)


def _described(rows: pl.LazyFrame) -> pl.DataFrame:
    proved = pl.col("verdict") == Verdict.VIOLATION
    single = pl.col("subject") == Subject.CONNECTION
    duration = (pl.col("ended_at") - pl.col("started_at")).dt.total_microseconds().cast(pl.Int128)
    countries = pl.col("relay_countries")
    return (
        rows.group_by("incident_id")
        .agg(
            pl.col("rule_id", "rule_status", "severity", "home_region", "place", "place_kind").first(),
            first_started_at=pl.col("started_at").min(),
            last_started_at=pl.col("started_at").max(),
            calls_proved=pl.col("call_id").filter(proved).drop_nulls().n_unique(),
            calls_possible=pl.col("call_id").drop_nulls().n_unique(),
            findings_proved=proved.sum().cast(pl.Int64),
            findings_possible=pl.len().cast(pl.Int64),
            connections_proved=(proved & single).sum(),
            connections_possible=single.sum(),
            participants_possible=pl.col("participant_id").drop_nulls().n_unique(),
            accounts_possible=pl.col("account_id").drop_nulls().n_unique(),
            minutes_proved=duration.filter(proved).sum() / MICROSECONDS_PER_MINUTE,
            minutes_possible=duration.sum() / MICROSECONDS_PER_MINUTE,
            relays=pl.col("relay_ip").drop_nulls().unique().sort(),
            unknown_country=(countries.is_null() & single).any(),
            relay_countries=countries.explode(empty_as_null=True).drop_nulls().unique().sort(),
            roles=pl.col("role").drop_nulls().unique().sort(),
            tiers=pl.col("tier").fill_null("not logged").filter(single).unique().sort(),
            reasons=pl.col("reasons").explode(empty_as_null=True).drop_nulls().unique().sort(),
            list_entries=pl.col("list_entries").explode(empty_as_null=True).drop_nulls().unique(),
            findings_on_no_list=(pl.col("list_entries").list.len() == 0).sum().cast(pl.Int64),
        )
        .with_columns(
            pl.col("minutes_proved", "minutes_possible").round(3),
            pl.when(pl.col("connections_possible") == pl.col("findings_possible")).then(
                "participants_possible"
            ),
            pl.col("calls_possible").cast(pl.Int64),
            relay_countries=pl.when(~pl.col("unknown_country")).then("relay_countries"),
        )
        .collect(engine="streaming")
    )


def _same_connections(rows: pl.LazyFrame, ordered: pl.DataFrame) -> pl.Series:
    """Name, for each incident, those of other rules that it contains or that contain it.

    Only where the graver of two holds every connection of the other: then one row can stand for both
    without hiding anything.
    """
    sizes = dict(ordered.select("incident_id", "connections_possible").iter_rows())
    gravest_first = {incident: place for place, incident in enumerate(ordered["incident_id"])}
    together = (
        rows.filter(pl.col("subject") == Subject.CONNECTION)
        .group_by("source_file", "record", "part")
        .agg(pl.col("incident_id").unique().sort())
        .filter(pl.col("incident_id").list.len() > 1)
        .group_by("incident_id")
        .len()
        .collect(engine="streaming")
    )
    shared: Counter[tuple[str, str]] = Counter()
    for incidents, connections in together.iter_rows():
        for pair in combinations(sorted(incidents, key=gravest_first.__getitem__), 2):
            shared[pair] += connections
    beside: dict[str, list[str]] = {incident: [] for incident in sizes}
    for (graver, other), connections in shared.items():
        if connections == sizes[other]:
            beside[graver].append(other)
            beside[other].append(graver)
    named = [sorted(beside[incident], key=gravest_first.__getitem__) for incident in ordered["incident_id"]]
    return pl.Series("same_connections_as", named, dtype=pl.List(pl.String))
