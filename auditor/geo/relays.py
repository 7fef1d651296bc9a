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

from auditor.geo.addresses import PRIVATE_KINDS, incident_networks
from auditor.geo.answers import (
    DECLARED,
    declared_answer,
    evidence_row,
    inventory_answer,
    ledger_answer,
    nothing_recorded,
    site_answer,
)
from auditor.geo.candidates import ATTESTABLE, RELAY, Answer, combine, silence_of
from auditor.geo.frames import intern
from auditor.geo.ledger.book import LedgerSaid
from auditor.geo.mmdb import Reader
from auditor.geo.opened import OpenedSources, said_column
from auditor.geo.ranges.sites import regions_named
from auditor.geo.register import Found, Question
from auditor.geo.schemas import Opinion, Said
from auditor.model import ANSWER, LOCATED, RELAY_UNIT, Role, Schema


def locate_relays(units: pl.DataFrame, sources: OpenedSources) -> pl.DataFrame:
    """Add the columns of LOCATED to units of RELAY_UNIT, keeping rows and order."""
    rows = units.hstack(sources.classified(units["relay_ip"], RELAY, canonical=True))
    rows, said = _looked_up(rows, sources)
    rows, found = _attested(rows, sources)
    rows, recorded = _recorded(rows, sources)
    rows = rows.with_columns(named_region=_named_region(rows["relay_site"], sources))
    index, distinct = intern(rows.select(*_SIGNATURE, *map(said_column, said), _ROUTER))
    outcomes = [
        _outcome(row, sources, _Said(said, found, recorded)) for row in distinct.iter_rows(named=True)
    ]
    settled = pl.DataFrame(outcomes, schema=_SETTLED, orient="row")
    whole = _with_prefixes(rows.hstack(settled[index]), sources.of_relays)
    around = incident_networks(whole.select(pl.coalesce("asked", "address")).to_series())
    return whole.with_columns(
        network=_longest([_prefix_column(place) for place in _placing(sources)]),
        incident_network=pl.coalesce("autonomous_system", around),
    ).select(*RELAY_UNIT, *(pl.col(name).cast(dtype) for name, dtype in LOCATED.items()))


def changes_of(subjects: pl.DataFrame, sources: OpenedSources) -> Iterator[Iterable[datetime]]:
    """Give for each relay the instants at which the inventory may come to say something else of it.

    `subjects` has `relay_ip`, `relay_site` and `relay_name`.
    """
    if sources.register is None:
        yield from itertools.repeat((), subjects.height)
        return
    kinds = sources.classified(subjects["relay_ip"], RELAY, canonical=True)
    host = pl.when(pl.col("kind") == "host_name").then("relay_ip")
    rows = subjects.hstack(kinds).select(
        sources.register.segments_of(kinds.select(pl.coalesce("asked", "address")).to_series()),
        "relay_site",
        names=pl.concat_list("relay_name", host).list.drop_nulls(),
    )
    yield from (sources.register.changes(*row) for row in rows.iter_rows())


_SETTLED: Schema = {
    "key": pl.String,
    "reasons": pl.List(pl.String),
    "hints": pl.List(pl.String),
    "answers": pl.List(ANSWER),
    "edition": pl.List(pl.Int32),
    "autonomous_system": pl.String,
}
"""`edition` has the place of the edition behind each answer, null where it is another source."""

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
class _Said:
    """What was said, by index: of each edition by its place, by lines of the inventory, and in the ledger."""

    editions: Mapping[int, Sequence[Said]]
    found: Sequence[tuple[Found, ...]]
    recorded: Sequence[tuple[LedgerSaid, ...]]


def _looked_up(
    rows: pl.DataFrame, sources: OpenedSources
) -> tuple[pl.DataFrame, dict[int, tuple[Said, ...]]]:
    """Ask each edition once for each distinct address; also for the network that it answers for."""
    asked = rows["asked"].drop_nulls().unique(maintain_order=True)
    table = pl.DataFrame({"asked": asked})
    said = {}
    for place in sources.of_relays:
        edition = sources.editions[place]
        lookup = edition.lookup(asked, with_city=True)
        said[place] = lookup.said
        table = table.with_columns(
            lookup.index.alias(said_column(place)), edition.networks_of(asked).alias(_prefix_column(place))
        )
    return rows.join(table, on="asked", how="left", maintain_order="left", validate="m:1"), said


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


def _outcome(row: Mapping[str, Any], sources: OpenedSources, said: _Said) -> tuple[Any, ...]:
    """Settle one signature, as a row of _SETTLED."""
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
    return settled.key, settled.reasons, [*settled.hints, *router], evidence, places, system


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


def _prefix_column(place: int) -> str:
    return f"prefix_{place}"


def _placing(sources: OpenedSources) -> Iterator[int]:
    """List the editions whose prefixes tell how finely a place is known: those of location databases."""
    for place in sources.of_relays:
        edition = sources.editions[place]
        if isinstance(edition, Reader) and edition.database.opinion is not Opinion.NETWORK:
            yield place


def _with_prefixes(rows: pl.DataFrame, places: Sequence[int]) -> pl.DataFrame:
    """Write into each edition's answer the network that it answered for, which differs by address."""
    numbered = rows.with_row_index("row")
    answer = pl.col("answers").struct
    own = [pl.when(pl.col("edition") == place).then(_prefix_column(place)) for place in places]
    written = (
        numbered.select("row", "answers", "edition", *map(_prefix_column, places))
        .explode("answers", "edition", empty_as_null=False)  # they come back with the join
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
