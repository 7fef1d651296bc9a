"""What a ledger says of addresses near an instant, in the process where it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import polars as pl

from auditor.countries import COUNTRIES
from auditor.errors import GeoError
from auditor.geo.candidates import STALE
from auditor.geo.files import identity_of, replaced
from auditor.geo.frames import intern
from auditor.geo.ledger.ledger import Ledger, Recording
from auditor.geo.ledger.recorded import RECORDED, SPOKEN, load_recorded
from auditor.geo.schemas import MIN_CONFIDENCE, NO_RECORD, Opinion, Rank, Said, rank_of
from auditor.geo.weighing import said_of
from auditor.model import INSTANT, Schema, cast_to

_EDITION = ("opinion", "source", "maker", "vendor", "source_sha256", "build", "observed_at")
_PLACE = (*SPOKEN, "anycast")

_SIDES: tuple[Literal["backward", "forward"], ...] = ("backward", "forward")
ROWS: Schema = {
    "address": pl.String,
    "prefix": pl.String,
    **{name: pl.Categorical() if RECORDED[name] == pl.String else RECORDED[name] for name in _PLACE},
    "edition": pl.UInt32,
    "group": pl.UInt32,
    "observed_at": INSTANT,
    "build": INSTANT,
}
"""All recordings, one after the other. `edition` numbers what is said of a database in one of them, `group`
whose opinion it is."""


@dataclass(frozen=True, slots=True)
class LedgerSaid:
    """What one database said of one address when it was recorded.

    `source` is the type of the database, `sha256` and `built_at` are of its edition. What lies too far from
    the call, or comes from an edition that was old when it was recorded, has the reason `stale_location`.
    """

    opinion: Opinion
    source: str
    maker: str
    vendor: str | None
    sha256: str
    built_at: datetime
    observed_at: datetime
    prefix: str | None
    said: Said


class LedgerBook:
    """Answers from the recordings of a ledger.

    Raises GeoError on opening if a recording is not, by its digest, the one described.
    """

    def __init__(self, ledger: Ledger, min_confidence: int = MIN_CONFIDENCE) -> None:
        self.ledger = ledger
        self._min_confidence = min_confidence
        self._editions: list[Mapping[str, Any]] = []
        self._groups: dict[tuple[str, str], int] = {}
        frames = [self._rows_of(recording) for recording in ledger.recordings]
        self._rows = pl.concat([pl.DataFrame(schema=ROWS), *frames]).with_row_index("row")

    def said(
        self,
        addresses: pl.Series,
        instants: Sequence[datetime],
        period: pl.Series,
        max_age: timedelta,
    ) -> tuple[pl.Series, list[tuple[LedgerSaid, ...]]]:
        """Give for each address, at the instant of its period, what each maker last said then, and said next.

        `addresses` are canonical texts, or null, which asks nothing; `period` numbers `instants`. The second
        of the pair has the distinct answers, in order of maker and time; the first says which of them each
        address gets, null where nothing was asked.
        """
        at = pl.Series(instants, dtype=INSTANT).gather(period)
        number, questions = intern(pl.DataFrame({"address": addresses.cast(pl.String), "at": at}))
        questions = questions.with_row_index("question")
        heard, near = self._heard(questions), pl.lit(max_age, pl.Duration("us"))
        told, distinct = intern(
            heard.select(
                "row",
                too_far=(pl.col("at") - pl.col("observed_at")).abs() > near,
                too_old=(pl.col("observed_at") - pl.col("build")).abs() > near,
            )
        )
        said = self._said(distinct, max_age)
        lists = heard.select("question", told=told.cast(pl.String)).group_by("question", maintain_order=True)
        texts = questions.join(
            lists.agg(pl.col("told").str.join(",")),
            on="question",
            how="left",
            maintain_order="left",
            validate="1:1",
        ).select(told=pl.when(pl.col("address").is_not_null()).then(pl.col("told").fill_null("")))
        choice, choices = intern(texts)
        answers = [
            tuple(said[int(one)] for one in (text or "").split(",") if one) for text in choices["told"]
        ]
        index = texts.select(pl.when(pl.col("told").is_not_null()).then(choice)).to_series()
        return index.gather(number).alias("index"), answers

    def _heard(self, questions: pl.DataFrame) -> pl.DataFrame:
        """Find of each maker the recording at or before each question, and the first after it.

        Rows of one question lie together, in order of maker and time.
        """
        who = questions.select(pl.col("address").drop_nulls().unique()).with_row_index("who")
        series = pl.col("who").cast(pl.UInt64) * len(self._groups) + pl.col("group")
        known = (
            self._rows.select("row", "address", "group", "observed_at", "build")
            .join(who, on="address")
            .select("row", "who", "observed_at", "build", series=series)
        )
        times = known.select("series", "observed_at").unique().sort("observed_at")
        asked = (
            questions.join(who, on="address")
            .join(known.select("who", "series").unique(), on="who")
            .select("question", "at", "series")
            .sort("at")
        )
        sides = [
            asked.join_asof(
                times,
                left_on="at",
                right_on="observed_at",
                by="series",
                strategy=strategy,
                allow_exact_matches=strategy == "backward",
                coalesce=False,
                check_sortedness=False,  # it cannot be checked by series; both are sorted above
            )
            for strategy in _SIDES
        ]
        found = pl.concat(sides).drop_nulls("observed_at")
        return found.join(known, on=["series", "observed_at"]).sort("question", "series", "row")

    def _said(self, distinct: pl.DataFrame, max_age: timedelta) -> list[LedgerSaid]:
        """Put together what was recorded in each of some rows; few of them name different places."""
        rows = self._rows[distinct["row"]]
        sources = pl.Series([edition["source"] for edition in self._editions], dtype=pl.String)
        place, places = intern(
            distinct.select("too_far", "too_old").hstack(
                rows.select(
                    *_PLACE,
                    source=sources.gather(rows["edition"]),
                    unknown=pl.col("prefix").is_null(),
                )
            )
        )
        weighed = [self._weighed(one, max_age) for one in places.iter_rows(named=True)]
        return [
            LedgerSaid(
                opinion=edition["opinion"],
                source=edition["source"],
                maker=edition["maker"],
                vendor=edition["vendor"],
                sha256=edition["source_sha256"],
                built_at=edition["build"],
                observed_at=edition["observed_at"],
                prefix=prefix,
                said=weighed[number],
            )
            for edition, prefix, number in zip(
                (self._editions[edition] for edition in rows["edition"]), rows["prefix"], place, strict=True
            )
        ]

    def _rows_of(self, recording: Recording) -> pl.DataFrame:
        """Read one recording."""
        path = Path(self.ledger.path) / recording.file
        if identity_of(path).sha256 != recording.sha256:
            raise GeoError(replaced(str(path)))
        rows = load_recorded(path)
        edition, editions = intern(rows.select(_EDITION))
        before = len(self._editions)
        self._editions += [
            {**row, "opinion": Opinion(row["opinion"])} for row in editions.iter_rows(named=True)
        ]
        makers = zip(editions["opinion"], editions["maker"], strict=True)
        groups = [self._groups.setdefault(maker, len(self._groups)) for maker in makers]
        numbered = rows.with_columns(
            edition=edition + before, group=pl.Series(groups, dtype=pl.UInt32).gather(edition)
        )
        return cast_to(numbered, ROWS)

    def _weighed(self, place: Mapping[str, Any], max_age: timedelta) -> Said:
        said = NO_RECORD if place["unknown"] else _as_now(place, self._min_confidence)
        if place["too_far"] or place["too_old"]:
            return _stale(said, max_age, too_far=place["too_far"])
        return said


def _as_now(place: Mapping[str, Any], min_confidence: int) -> Said:
    """Weigh what was recorded as if the database said it now.

    Only Enterprise databases have a confidence: there, one that is absent is as good as a low one.
    """
    words = {word: place[word] for word in _PLACE}
    if rank_of(place["source"]) is not Rank.ENTERPRISE and words["confidence"] is None:
        del words["confidence"]
    return said_of(Opinion.LOCATION, words, min_confidence)


def _stale(said: Said, max_age: timedelta, *, too_far: bool) -> Said:
    """Take what was said as a hint."""
    days = max_age.days
    why_not = (
        f"it was recorded more than {days} days from the call"
        if too_far
        else f"its edition was built more than {days} days from the recording"
    )
    known = said.country in COUNTRIES and said.reason is None
    hints = (f"stale:{said.country}:>{days}d",) if known else ()
    return replace(said, reason=STALE, why_not=why_not, hints=hints)
