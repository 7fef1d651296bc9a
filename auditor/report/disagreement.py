"""Relays on whose place sources disagree: the operator's word against others, and others among themselves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from auditor.countries import COUNTRIES
from auditor.geo.answers import DECLARED
from auditor.geo.candidates import Level
from auditor.model import Subject
from auditor.report.answers import LOW_CONFIDENCE, SET_ASIDE
from auditor.report.disagreement_words import Disagreement, disagreement_of
from auditor.report.placing import IN_PERIOD, UNIT, by_written_address

LISTED_RELAYS = 50
"""Each of the two tables lists so many relays at most: a hostile log could make it endless."""

_RELAY = ("relay", "site", "name", "declared")
_TIME = ("period_from", "period_until")


@dataclass(frozen=True, slots=True)
class Group:
    """Disagreements of one sort: the first of them; how many rows, relays and connections there are."""

    rows: tuple[Disagreement, ...]
    total: int
    relays: int
    connections: int

    @property
    def left_out(self) -> int:
        """Count the rows beyond the cap."""
        return self.total - len(self.rows)


@dataclass(frozen=True, slots=True)
class Disagreements:
    """`of_operator`: the operator's own word is contradicted; `of_others`: it is not, or there is none."""

    of_operator: Group
    of_others: Group

    @property
    def relays(self) -> int:
        """Count the relays; one that is in both groups, at different times, in each."""
        return self.of_operator.relays + self.of_others.relays


def disagreements_in(
    locations: pl.LazyFrame, findings: pl.LazyFrame, effects: Mapping[str, str]
) -> Disagreements:
    """Find the relays on which sources disagree, those first on which findings under a never rule rest.

    Then those behind other findings, then by connections. `effects` are those of the rules, by their ids.
    """
    units = _units(locations)
    if units.is_empty():
        return Disagreements(_NONE, _NONE)
    behind = _behind(units, locations, findings)
    return Disagreements(
        _group(units.filter("of_operator"), behind, locations, effects),
        _group(units.filter(~pl.col("of_operator")), behind, locations, effects),
    )


def disagreement_counts(locations: pl.LazyFrame) -> tuple[int, int]:
    """Count the relays on which sources disagree, and those of them on which the operator is contradicted."""
    relays = _units(locations).group_by(_RELAY).agg(pl.col("of_operator").any())
    return relays.height, int(relays["of_operator"].sum())


_NONE = Group((), 0, 0, 0)


def _units(locations: pl.LazyFrame) -> pl.DataFrame:
    """Give the units of location on which sources disagree: `unit` is the place in the file.

    With what tells relays apart, `of_operator`, `connections`, and `said`, one text for all that was said.
    """
    numbered = locations.with_row_index("unit")
    against = _against_operator(numbered)
    among = pl.col("reasons").list.contains("contested") | pl.col("reasons").list.contains("geofeed")
    return (
        numbered.join(against, on="unit", how="left")
        .with_columns(
            of_operator=pl.col("of_operator").fill_null(value=False)
        )  # a unit without a word of his
        .filter(pl.col("of_operator") | among.fill_null(value=False))  # null reasons are none
        .select(
            "unit",
            pl.coalesce("address", pl.col("as_written").list.first()).alias("relay"),
            *("site", "name", "declared", "role", *_TIME, "connections", "of_operator"),
            said=pl.coalesce("said", pl.lit("")),
        )
        .collect(engine="streaming")
    )


def _against_operator(numbered: pl.LazyFrame) -> pl.LazyFrame:
    """Tell, for each unit, whether another source names a country that the operator's own word does not."""
    answer = pl.col("answers").struct
    why = answer.field("why_not")
    aside = why.is_in(SET_ASIDE) | why.str.starts_with(LOW_CONFIDENCE)
    operators = (answer.field("level") == Level.ATTESTED) | (answer.field("source") == DECLARED)
    codes = answer.field("country").str.split(" ").list.set_intersection(sorted(COUNTRIES))
    told = [answer.field(name).cast(pl.String).fill_null("") for name in _TOLD]
    spoken = (
        numbered.select("unit", "answers")
        .explode("answers", empty_as_null=False)
        .with_columns(
            codes=codes,
            operators=operators.fill_null(value=False),  # a source without a level is not the operator's
            counted=answer.field("counted"),
            aside=aside,
            told=pl.concat_str(told, separator="\x1f"),
        )
        .filter(pl.col("codes").list.len() > 0, pl.col("counted") | pl.col("aside"))
    )
    own = pl.col("codes").filter(pl.col("operators") & pl.col("counted")).explode()
    others = pl.col("codes").filter(~pl.col("operators")).explode()
    gathered = spoken.group_by("unit").agg(
        own=own.drop_nulls().unique(),
        others=others.drop_nulls().unique(),
        said=pl.col("told").sort().str.join("\x1e"),
    )
    beyond = pl.col("others").list.set_difference("own").list.len() > 0
    return gathered.select("unit", "said", of_operator=(pl.col("own").list.len() > 0) & beyond)


_TOLD = ("level", "source", "country", "city", "prefix", "date", "observed_at", "why_not")


def _behind(units: pl.DataFrame, locations: pl.LazyFrame, findings: pl.LazyFrame) -> pl.DataFrame:
    """Count the violations and undetermined findings of each unit and rule: `unit`, `rule_id`, `findings`."""
    doubtful = locations.with_row_index("unit").filter(pl.col("unit").is_in(units["unit"].implode()))
    return (
        findings.filter(
            pl.col("verdict").is_in(["violation", "indeterminate"]), pl.col("subject") == Subject.CONNECTION
        )
        .select("rule_id", "started_at", *UNIT)
        .join(
            by_written_address(doubtful), left_on=list(UNIT), right_on=list(UNIT.values()), nulls_equal=True
        )
        .filter(IN_PERIOD)
        .group_by("unit", "rule_id")
        .agg(findings=pl.len())
        .collect(engine="streaming")
    )


def _group(
    units: pl.DataFrame, behind: pl.DataFrame, locations: pl.LazyFrame, effects: Mapping[str, str]
) -> Group:
    if units.is_empty():
        return _NONE
    never = [rule_id for rule_id, effect in effects.items() if effect == "never"]
    weights = behind.group_by("unit").agg(under_never=pl.col("rule_id").is_in(never).any())
    merged = _lines(units.join(weights, on="unit", how="left")).sort(
        "weight", "connections", *_RELAY, *_TIME, "said",
        descending=[True, True, *[False] * 7], nulls_last=True,
    )  # fmt: skip
    shown = merged.head(LISTED_RELAYS)
    return Group(
        rows=tuple(_rows(shown, behind, locations)),
        total=merged.height,
        relays=merged.select(pl.struct(_RELAY).n_unique()).item(),
        connections=int(merged["connections"].sum()),
    )


def _lines(units: pl.DataFrame) -> pl.DataFrame:
    """Make one line of a relay's roles, and of its periods that follow each other, where all say the same."""
    weight = pl.when(pl.col("under_never").any()).then(2).otherwise(pl.col("under_never").is_not_null().any())
    periods = (
        units.group_by(*_RELAY, "said", *_TIME)
        .agg(pl.col("unit"), pl.col("role"), pl.col("connections").sum(), weight=weight.cast(pl.Int8))
        .sort(*_RELAY, "said", *_TIME)
    )
    ended = pl.col("period_until").shift(1).over(*_RELAY, "said")
    goes_on = (pl.col("period_from") == ended).fill_null(value=False)  # the first one, or an open border
    return (
        periods.with_columns(line=(~goes_on).cum_sum())
        .group_by("line", maintain_order=True)
        .agg(
            pl.col(*_RELAY, "said").first(),
            pl.col("period_from").first(),
            pl.col("period_until").last(),
            pl.col("unit").explode().sort(),
            pl.col("role").explode().drop_nulls().unique().sort(),
            pl.col("connections").sum(),
            pl.col("weight").max(),
        )
    )


def _rows(shown: pl.DataFrame, behind: pl.DataFrame, locations: pl.LazyFrame) -> Iterator[Disagreement]:
    firsts = shown["unit"].list.first()
    answers = dict(
        locations.with_row_index("unit")
        .filter(pl.col("unit").is_in(firsts.implode()))
        .select("unit", "answers")
        .collect()
        .iter_rows()
    )
    for row in shown.iter_rows(named=True):
        own = (
            behind.filter(pl.col("unit").is_in(row["unit"])).group_by("rule_id").agg(pl.col("findings").sum())
        )
        counts = own.sort("findings", "rule_id", descending=[True, False]).rows()
        yield disagreement_of(row, answers[row["unit"][0]] or (), counts)
