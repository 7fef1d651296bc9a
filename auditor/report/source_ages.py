"""How old the evidence of places is against the calls, and for how many connections it counted."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from auditor.evidence.manifest import Database, Manifest, RangeList
from auditor.evidence.summary import Summary
from auditor.report.numerals import counted, day, days_between, whole
from auditor.report.phrase import Logged, Phrase, fill, joined

_DAY = timedelta(days=1)
_NAMED = 4
_COUNTS_NO_RELAY = {
    "registration": "a hint only",
    "network": "a hint only",
    "anonymity": "participants only",
}
_FORMS = {"cloud": "cloud ranges", "geofeed": "geofeed"}


@dataclass(frozen=True, slots=True)
class Counted:
    """How many connections of relays a source counted for, and in which time."""

    connections: int
    from_at: datetime | None
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dated:
    """A source with its age, as a sentence, and what it counted for."""

    age: str
    counted_for: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All dated sources of a run. `by_digest` has those of databases and of lists of ranges."""

    by_digest: Mapping[str, Dated]
    in_brief: Phrase
    ledger: Phrase | None
    ledger_head: str | None


@dataclass(frozen=True, slots=True)
class _Span:
    """The time from the first to the last start in the logs, and how far from it evidence may be."""

    first: datetime | None
    last: datetime | None
    max_age: timedelta

    def age_of(self, date: datetime) -> str:
        """Say how far a date is from the first and the last connection, and whether that is too far."""
        if self.first is None or self.last is None:
            return ""
        to_first, to_last = abs(date - self.first), abs(date - self.last)
        beside_first = f"{_days(to_first)} {'before' if date <= self.first else 'after'} the first connection"
        beside_last = f"{_days(to_last)} {'before' if date <= self.last else 'after'} the last"
        inside = self.first <= date <= self.last
        nearest = timedelta() if inside else min(to_first, to_last)
        return f"{beside_first}, {beside_last}{self._too_far(nearest, max(to_first, to_last))}"

    def within(self, counted_for: Counted) -> str:
        """Say for which days of the logs a source counted."""
        if self.first is None or self.last is None:
            return ""
        begin = max(self.first, counted_for.from_at or self.first)
        end = min(self.last, counted_for.until_at or self.last)
        return f", {days_between(begin, max(begin, end), short=True)}"

    def _too_far(self, nearest: timedelta, farthest: timedelta) -> str:
        if nearest > self.max_age:
            return "; too far from every connection"
        return "; too far from some connections" if farthest > self.max_age else ""


def sources_of(manifest: Manifest, summary: Summary, locations: pl.LazyFrame) -> Sources:
    """Gather the dated sources that a run read, with their age."""
    totals = summary.totals
    span = _Span(
        totals.first_started_at, totals.last_started_at, timedelta(days=manifest.settings.max_age_days)
    )
    counts = _counts(locations)
    databases = {each.sha256: _database(each, counts.get(each.sha256), span) for each in manifest.databases}
    ranges = {each.sha256: _ranges(each, counts.get(each.sha256), span) for each in manifest.ranges}
    return Sources({**databases, **ranges}, _in_brief(manifest), *_ledger(manifest))


def _counts(locations: pl.LazyFrame) -> dict[str, Counted]:
    """Add up, for each source by its digest, the connections of the relays for which it counted."""
    answer = pl.col("answers").struct
    open_from, open_until = pl.col("period_from").is_null().any(), pl.col("period_until").is_null().any()
    rows = (
        locations.with_row_index("unit")
        .select("unit", "connections", "period_from", "period_until", "answers")
        .explode("answers", empty_as_null=False)
        .filter(answer.field("counted"), answer.field("sha256").is_not_null())
        .with_columns(sha256=answer.field("sha256"))
        .unique(["unit", "sha256"])
        .group_by("sha256")
        .agg(
            pl.col("connections").sum(),
            pl.when(~open_from).then(pl.col("period_from").min()),
            pl.when(~open_until).then(pl.col("period_until").max()),
        )
        .collect(engine="streaming")
    )
    return {sha256: Counted(*counts) for sha256, *counts in rows.iter_rows()}


def _database(database: Database, found: Counted | None, span: _Span) -> Dated:
    only = _COUNTS_NO_RELAY.get(database.opinion)
    return Dated(span.age_of(database.built_at), only or _counted_for(found, span))


def _ranges(ranges: RangeList, found: Counted | None, span: _Span) -> Dated:
    return Dated(span.age_of(ranges.published_at), _counted_for(found, span))


def _counted_for(found: Counted | None, span: _Span) -> str:
    if found is None or not found.connections:
        return "no relay"
    return f"{counted(found.connections, 'connection')}{span.within(found)}"


def _days(age: timedelta) -> str:
    return counted(age // _DAY, "day") if age >= _DAY else "less than a day"


def _in_brief(manifest: Manifest) -> Phrase:
    """Name the sources on the cover: the first databases and lists, and the ledger."""
    named = list(_named(manifest))
    shown = named[:_NAMED]
    if more := len(named) - len(shown):
        shown.append(fill("and {more} more", more=whole(more)))
    return joined(shown or [fill("No location database")], "; ")


def _named(manifest: Manifest) -> Iterator[Phrase]:
    for database in manifest.databases:
        yield fill("{it} built {day}", it=Logged(database.database_type), day=day(database.built_at))
    for ranges in manifest.ranges:
        form = _FORMS.get(ranges.form, ranges.form)
        text = "{form} of {publisher} published {day}"
        yield fill(text, form=form, publisher=Logged(ranges.publisher), day=day(ranges.published_at))
    if manifest.ledger is not None and manifest.ledger.recordings:
        yield fill("a ledger of {count}", count=counted(manifest.ledger.recordings, "recording"))


def _ledger(manifest: Manifest) -> tuple[Phrase | None, str | None]:
    """Say what the location ledger held, and give the digest that ended its chain."""
    ledger = manifest.ledger
    if ledger is None:
        return None, None
    path = fill("“{path}”", path=Logged(ledger.path))
    if not ledger.recordings or ledger.first_observed_at is None or ledger.last_observed_at is None:
        return fill("The location ledger {path} held no recording.", path=path), ledger.head
    held = fill(
        "The location ledger {path} held {count}, made {when}. Its chain was walked, and is whole.",
        path=path,
        count=counted(ledger.recordings, "recording"),
        when=_made(ledger.first_observed_at, ledger.last_observed_at),
    )
    return held, ledger.head


def _made(first: datetime, last: datetime) -> str:
    stretch = days_between(first, last)
    return f"on {stretch}" if first.date() == last.date() else f"from {stretch}"
