"""Distinct units of location → candidate sets with all the evidence.

Design: GEOLOCATION.md, sections 5 and 9.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from auditor.geo.addresses import PRIVATE_KINDS
from auditor.geo.answers import (
    DECLARED,
    declared_answer,
    evidence_row,
    inventory_answer,
    ledger_answer,
    nothing_recorded,
    site_answer,
)
from auditor.geo.candidates import RELAY, Answer, combine, silence_of
from auditor.geo.frames import intern
from auditor.geo.ledger.book import LedgerSaid
from auditor.geo.opened import OpenedSources, said_column
from auditor.geo.ranges.sites import regions_named
from auditor.geo.register import Found, Question
from auditor.geo.relay_addresses import RelayAddresses, prefix_column
from auditor.geo.schemas import Said
from auditor.model import ANSWER, LOCATED, RELAY_UNIT, Role, Schema


def locate_relays(units: pl.DataFrame, sources: OpenedSources, addresses: RelayAddresses) -> pl.DataFrame:
    """Add the columns of LOCATED to units of RELAY_UNIT, keeping rows and order.

    `addresses` remembers what `sources` say of them.
    """
    rows = units.hstack(addresses.told_of(units["relay_ip"]))
    said = addresses.said()
    rows, found = _attested(rows, sources)
    rows, recorded = _recorded(rows, sources)
    rows = rows.with_columns(named_region=_named_region(rows["relay_site"], sources))
    index, distinct = intern(rows.select(*_SIGNATURE, *map(said_column, said), _ROUTER))
    outcomes = [
        _outcome(row, sources, _Said(said, found, recorded)) for row in distinct.iter_rows(named=True)
    ]
    settled = pl.DataFrame([outcome.settled for outcome in outcomes], schema=_SETTLED, orient="row")
    rows = rows.hstack(settled[index]).with_columns(index.alias("outcome")).with_row_index("row")
    answers = _answers_of(rows, _evidence(outcomes), sources.of_relays)
    return rows.with_columns(
        answers.alias("answers"), incident_network=pl.coalesce("autonomous_system", "around")
    ).select(*RELAY_UNIT, *(pl.col(name).cast(dtype) for name, dtype in LOCATED.items()))


def changes_of(
    subjects: pl.DataFrame, sources: OpenedSources, addresses: RelayAddresses
) -> Iterator[Iterable[datetime]]:
    """Give for each relay the instants at which the inventory may come to say something else of it.

    `subjects` has `relay_ip`, `relay_site` and `relay_name`.
    """
    if sources.register is None:
        yield from itertools.repeat((), subjects.height)
        return
    host = pl.when(pl.col("kind") == "host_name").then("relay_ip")
    rows = subjects.hstack(addresses.told_of(subjects["relay_ip"])).select(
        "segment", "relay_site", names=pl.concat_list("relay_name", host).list.drop_nulls()
    )
    yield from (sources.register.changes(*row) for row in rows.iter_rows())


_SETTLED: Schema = {
    "key": pl.String,
    "reasons": pl.List(pl.String),
    "hints": pl.List(pl.String),
    "autonomous_system": pl.String,
}

_SIGNATURE = (
    "kind",
    "inner_kind",
    "relay_country_declared",
    "location_period",
    "found",
    "recorded",
    "named_region",
    "has_site",
    "has_name",
)
_ROUTER = pl.when(pl.col("kind") == "sixtofour").then("inner").alias("router")
"""The IPv4 of a 6to4 address is the router's, so it is a hint and no more."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one signature comes to: a row of _SETTLED, and the evidence for it.

    `evidence` are rows of `model.ANSWER`, and `places` has for each the place of the edition behind it, None
    where it is another source.
    """

    settled: tuple[Any, ...]
    evidence: Sequence[Mapping[str, Any]]
    places: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said, by index: of each edition by its place, by lines of the inventory, and in the ledger."""

    editions: Mapping[int, Sequence[Said]]
    found: Sequence[tuple[Found, ...]]
    recorded: Sequence[tuple[LedgerSaid, ...]]


def _recorded(
    rows: pl.DataFrame, sources: OpenedSources
) -> tuple[pl.DataFrame, Sequence[tuple[LedgerSaid, ...]]]:
    """Ask the ledger what was recorded of each address near the period."""
    if sources.book is None:
        return rows.with_columns(recorded=pl.lit(None, pl.UInt32)), []
    instants = [period.instant for period in sources.periods]
    index, recorded = sources.book.said(rows["asked"], instants, rows["location_period"], sources.max_age)
    return rows.with_columns(recorded=index), recorded


def _named_region(sites: pl.Series, sources: OpenedSources) -> pl.Series:
    """Keep the sites that are names of regions of the providers whose names the logs use; others are null."""
    distinct = sites.drop_nulls().unique()
    known = [site if regions_named(site, sources.site_names) else None for site in distinct]
    return sites.replace_strict(
        distinct, pl.Series(known, dtype=pl.String), default=None, return_dtype=pl.String
    )


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
    index, questions = intern(
        rows.select(
            *("attested_segment", "relay_site", "relay_name", "host", "role", "location_period"),
            private=pl.col("kind").is_in(list(PRIVATE_KINDS)),
        )
    )
    numbers: dict[tuple[Found, ...], int] = {}
    answered = []
    for row in questions.iter_rows(named=True):
        names = tuple(dict.fromkeys(name for name in (row["relay_name"], row["host"]) if name is not None))
        at = sources.periods[row["location_period"]].instant
        found = sources.register.find(
            Question(row["attested_segment"], row["private"], row["relay_site"], names, Role(row["role"]), at)
        )
        answered.append(numbers.setdefault(found, len(numbers)))
    return rows.with_columns(found=pl.Series(answered, dtype=pl.UInt32).gather(index)), list(numbers)


def _outcome(row: Mapping[str, Any], sources: OpenedSources, said: _Said) -> _Outcome:
    """Settle one signature."""
    before = [inventory_answer(one, sources.trust) for one in said.found[row["found"]]]
    named = row["named_region"]
    before += map(partial(site_answer, named), regions_named(named, sources.site_names) if named else ())
    before += _ledger_answers(row["recorded"], said.recorded)
    asked = sources.answers(row, said.editions)
    declared = declared_answer(DECLARED, row["relay_country_declared"])
    answers = [*before, *asked.values(), *([declared] if declared else [])]
    settled = combine(list(_silences(row, sources.public)), answers)
    router = [f"router:{row['router']}"] if row["router"] else []
    evidence = [evidence_row(*pair) for pair in zip(answers, settled.why_not, strict=True)]
    places = [None] * len(before) + [*asked] + [None] * (declared is not None)
    system = next(sources.networks(row, said.editions), None)
    return _Outcome((settled.key, settled.reasons, [*settled.hints, *router], system), evidence, places)


def _ledger_answers(index: int | None, recorded: Sequence[tuple[LedgerSaid, ...]]) -> Iterator[Answer]:
    """Put in what the ledger has; None: it was not asked."""
    if index is None:
        return
    yield from map(ledger_answer, recorded[index]) if recorded[index] else [nothing_recorded()]


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


def _evidence(outcomes: Sequence[_Outcome]) -> pl.DataFrame:
    """List the evidence of all outcomes, in order: the fields of ANSWER, `outcome` and `edition`."""
    rows = [row for outcome in outcomes for row in outcome.evidence]
    fields = {field.name: [row[field.name] for row in rows] for field in ANSWER.fields}
    numbers = [number for number, outcome in enumerate(outcomes) for _ in outcome.evidence]
    places = [place for outcome in outcomes for place in outcome.places]
    return pl.DataFrame(
        {"outcome": numbers, "edition": places, **fields},
        schema={"outcome": pl.UInt32, "edition": pl.Int32, **ANSWER.to_schema()},
    )


def _answers_of(rows: pl.DataFrame, evidence: pl.DataFrame, places: Sequence[int]) -> pl.Series:
    """Give each row the evidence of its outcome, with the network for which each edition answered.

    That differs by address. `rows` are numbered by `row`.
    """
    own = [pl.when(pl.col("edition") == place).then(prefix_column(place)) for place in places]
    written = (
        rows.select("row", "outcome", *map(prefix_column, places))
        .join(evidence, on="outcome", maintain_order="left_right")  # those without any come back below
        .with_columns(prefix=pl.coalesce("prefix", *own))
        .group_by("row", maintain_order=True)
        .agg(answers=pl.struct(*(field.name for field in ANSWER.fields)))
    )
    joined = rows.select("row").join(written, on="row", how="left", maintain_order="left", validate="1:1")
    return joined.select(pl.coalesce("answers", pl.lit([], pl.List(ANSWER)))).to_series()
