"""Distinct units of location → candidate sets with all the evidence.

Design: GEOLOCATION.md, sections 5 and 9.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from auditor.geo.addresses import PRIVATE_KINDS, incident_networks
from auditor.geo.answers import DECLARED, declared_answer, evidence_row, inventory_answer
from auditor.geo.candidates import ATTESTABLE, RELAY, combine, silence_of
from auditor.geo.frames import intern
from auditor.geo.opened import OpenedSources
from auditor.geo.register import Found, Question
from auditor.geo.schemas import Said
from auditor.model import ANSWER, LOCATED, RELAY_UNIT, Role, Schema


def locate_relays(units: pl.DataFrame, sources: OpenedSources) -> pl.DataFrame:
    """Add the columns of LOCATED to units of RELAY_UNIT, keeping rows and order."""
    rows = units.hstack(sources.classified(units["relay_ip"], RELAY, canonical=True))
    rows, said = _looked_up(rows, sources)
    rows, found = _attested(rows, sources)
    index, distinct = intern(rows.select(*_SIGNATURE, *sources.said_columns, _ROUTER))
    outcomes = [_outcome(row, sources, said, found) for row in distinct.iter_rows(named=True)]
    settled = pl.DataFrame(outcomes, schema=_SETTLED, orient="row")
    whole = _with_prefixes(rows.hstack(settled[index]), _prefix_columns(sources))
    return whole.with_columns(
        network=_longest(_prefix_columns(sources)),
        incident_network=incident_networks(whole.select(pl.coalesce("asked", "address")).to_series()),
    ).select(*RELAY_UNIT, *(pl.col(name).cast(dtype) for name, dtype in LOCATED.items()))


_SETTLED: Schema = {
    "key": pl.String,
    "reasons": pl.List(pl.String),
    "hints": pl.List(pl.String),
    "answers": pl.List(ANSWER),
    "database": pl.List(pl.Int32),
}
"""`database` has the place of the database behind each answer, null where it is another source."""

_SIGNATURE = (
    "kind",
    "inner_kind",
    "relay_country_declared",
    "location_period",
    "found",
    "has_site",
    "has_name",
)
_ROUTER = pl.when(pl.col("kind") == "sixtofour").then("inner").alias("router")
"""The IPv4 of a 6to4 address is the router's, so it is a hint and no more."""


def _looked_up(rows: pl.DataFrame, sources: OpenedSources) -> tuple[pl.DataFrame, list[tuple[Said, ...]]]:
    """Ask each database once for each distinct address; also for the network that it answers for."""
    asked = rows["asked"].drop_nulls().unique(maintain_order=True)
    table = pl.DataFrame({"asked": asked})
    said = []
    for said_column, prefix_column, reader in zip(
        sources.said_columns, _prefix_columns(sources), sources.readers, strict=True
    ):
        lookup = reader.lookup(asked)
        said.append(lookup.said)
        table = table.with_columns(
            lookup.index.alias(said_column), reader.networks_of(asked).alias(prefix_column)
        )
    return rows.join(table, on="asked", how="left", maintain_order="left", validate="m:1"), said


def _attested(rows: pl.DataFrame, sources: OpenedSources) -> tuple[pl.DataFrame, list[tuple[Found, ...]]]:
    """Ask the inventory once for each distinct question; `found` numbers the distinct findings."""
    host = pl.when(pl.col("kind") == "host_name").then("relay_ip")
    rows = rows.with_columns(
        host=host,
        has_site=pl.col("relay_site").is_not_null(),
        has_name=pl.col("relay_name").is_not_null() | host.is_not_null(),
    )
    if sources.register is None:
        return rows.with_columns(found=pl.lit(0, pl.UInt32)), [()]
    attestable = pl.when(pl.col("kind").is_in(list(ATTESTABLE))).then("address")
    segments = sources.register.segments_of(rows.select(pl.coalesce("asked", attestable)).to_series())
    index, questions = intern(
        rows.select(
            segments.alias("segment"),
            *("relay_site", "relay_name", "host", "role", "location_period"),
            private=pl.col("kind").is_in(list(PRIVATE_KINDS)),
        )
    )
    numbers: dict[tuple[Found, ...], int] = {}
    answered = []
    for row in questions.iter_rows(named=True):
        names = tuple(dict.fromkeys(name for name in (row["relay_name"], row["host"]) if name is not None))
        at = sources.periods[row["location_period"]].instant
        found = sources.register.find(
            Question(row["segment"], row["private"], row["relay_site"], names, Role(row["role"]), at)
        )
        answered.append(numbers.setdefault(found, len(numbers)))
    return rows.with_columns(found=pl.Series(answered, dtype=pl.UInt32).gather(index)), list(numbers)


def _outcome(
    row: Mapping[str, Any],
    sources: OpenedSources,
    said: Sequence[Sequence[Said]],
    found: Sequence[tuple[Found, ...]],
) -> tuple[Any, ...]:
    """Settle one signature, as a row of _SETTLED."""
    attested = [inventory_answer(one) for one in found[row["found"]]]
    asked = sources.answers(row, said)
    declared = declared_answer(DECLARED, row["relay_country_declared"])
    answers = [*attested, *asked.values(), *([declared] if declared else [])]
    settled = combine(list(_silences(row, sources.public)), answers)
    router = [f"router:{row['router']}"] if row["router"] else []
    evidence = [evidence_row(*pair) for pair in zip(answers, settled.why_not, strict=True)]
    places = [None] * len(attested) + [*asked] + [None] * (declared is not None)
    return settled.key, settled.reasons, [*settled.hints, *router], evidence, places


def _silences(row: Mapping[str, Any], public: frozenset[str]) -> Iterator[str]:
    """Say why the address gives nothing; without one, what there is in its place."""
    silence = silence_of(RELAY, row["kind"], row["inner_kind"], public)
    if silence is None:
        return
    if row["kind"] not in ("absent", "host_name") or not (row["has_name"] or row["has_site"]):
        yield silence
        return
    if row["has_name"]:
        yield RELAY.silent["host_name"]
    if row["has_site"]:
        yield "unknown_site"


def _prefix_columns(sources: OpenedSources) -> list[str]:
    return [f"prefix_{place}" for place in range(len(sources.readers))]


def _with_prefixes(rows: pl.DataFrame, prefixes: Sequence[str]) -> pl.DataFrame:
    """Write into each database's answer the network that it answered for, which differs by address."""
    numbered = rows.with_row_index("row")
    answer = pl.col("answers").struct
    own = [pl.when(pl.col("database") == place).then(prefix) for place, prefix in enumerate(prefixes)]
    written = (
        numbered.select("row", "answers", "database", *prefixes)
        .explode("answers", "database", empty_as_null=False)  # they come back with the join
        .with_columns(answers=answer.with_fields(prefix=pl.coalesce(answer.field("prefix"), *own)))
        .group_by("row", maintain_order=True)
        .agg("answers")
    )
    joined = numbered.drop("answers").join(
        written, on="row", how="left", maintain_order="left", validate="1:1"
    )
    return joined.with_columns(answers=pl.coalesce("answers", pl.lit([], pl.List(ANSWER))))


def _longest(prefixes: Sequence[str]) -> pl.Expr:
    """Choose the longest of several networks of one address; null if none has any."""
    longest = pl.lit(None, pl.String)
    for prefix in prefixes:
        longer = _length(pl.col(prefix)) > _length(longest).fill_null(-1)
        longest = pl.when(longer).then(prefix).otherwise(longest)
    return longest


def _length(prefix: pl.Expr) -> pl.Expr:
    return prefix.str.extract(r"/(\d+)$").cast(pl.Int32)
