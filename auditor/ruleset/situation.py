"""Everything about a connection that the loaded rules can ask, and nothing else.

Two connections in the same situation get the same verdicts, so each situation is judged once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from auditor.countries import UNKNOWN_KEY, candidates_of
from auditor.model import INSTANT, Role
from auditor.ruleset.alike import Alike
from auditor.ruleset.periods import Periods, periods_of
from auditor.ruleset.ruleset import RuleSet
from auditor.ruleset.schema import RegionNotIn, Rule

LONGEST = timedelta(hours=24)
"""How long a connection may last whose end is not logged."""

NOT_NAMED = ""
"""Stands for every home region that no rule names: a region's name in a rule is never empty."""

SITUATION = (
    "situation_role",
    "situation_home_region",
    "situation_account_lists",
    "situation_relay",
    "situation_participant",
    "situation_use_proved",
    "situation_starts_in",
    "situation_ends_by",
    "situation_end_known",
)
"""The columns that name a situation. Home region and account lists are null where they were not logged."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides the verdicts of a connection.

    `home_region` is None where it was not logged, and `NOT_NAMED` for a region that no rule names.
    `account_lists` holds the ids of the rules whose `scope.accounts` names the account; None: not logged.
    `starts_in` and `ends_by` are periods: that of the start, and the last that is entered strictly before the
    end, or, where `end_known` is false, before the latest possible end. Every end from the start on is then
    possible.
    """

    role: Role
    home_region: str | None
    account_lists: frozenset[str] | None
    relay: frozenset[str]
    participant: frozenset[str]
    use_proved: bool
    starts_in: int
    ends_by: int
    end_known: bool

    def __post_init__(self) -> None:
        if self.ends_by < self.starts_in:
            raise AssertionError(f"ends in period {self.ends_by}, before it starts in {self.starts_in}")


@dataclass(frozen=True, slots=True)
class Facts:
    """Which facts a set of rules asks for. An empty collection, or False: no rule asks.

    `account_lists` gives for each account that rules list the sorted ids of these rules, joined by blanks.
    """

    home_regions: frozenset[str]
    account_lists: Mapping[str, str]
    asks_participant: bool
    periods: Periods
    alike: Alike

    @classmethod
    def of(cls, ruleset: RuleSet) -> "Facts":
        """Collect what the rules of a rule set ask for."""
        lists: dict[str, list[str]] = {}
        for rule in ruleset.rules:
            for account in rule.scope.accounts or ():
                lists.setdefault(account, []).append(rule.id)
        periods = periods_of(ruleset.rules, ruleset.groups)
        return cls(
            home_regions=frozenset(region for rule in ruleset.rules for region in _regions(rule)),
            account_lists={account: " ".join(ids) for account, ids in lists.items()},
            asks_participant=any(rule.scope.participant for rule in ruleset.rules),
            periods=periods,
            alike=Alike.within(members for spelled in periods.spelled.values() for members in spelled),
        )

    def home_region_of(self, home_region: str | None) -> str | None:
        """Keep a region that a rule names, and not knowing one where a rule asks."""
        if home_region is None:
            return None if self.home_regions else NOT_NAMED
        return home_region if home_region in self.home_regions else NOT_NAMED


def add_situation(connections: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Add the columns SITUATION, and leave all others as they are.

    `connections` has `role`, `home_region`, `account_id`, `relay_key`, `participant_key`, `use_proved`,
    `started_at` and `ended_at`. What no rule asks, or asks only of values that are not there, becomes a
    constant, and of countries that no rule tells apart one stands for all, so that situations are few.
    """
    cuts = pl.Series(facts.periods.cuts, dtype=INSTANT)
    latest_end = pl.coalesce("ended_at", pl.col("started_at") + LONGEST)
    starts_in = pl.lit(cuts).search_sorted(pl.col("started_at"), side="right").cast(pl.Int32)
    entered = pl.lit(cuts).search_sorted(latest_end, side="left").cast(pl.Int32)
    return connections.with_columns(
        pl.col("role").alias("situation_role"),
        _home_region(facts).alias("situation_home_region"),
        _account_lists(facts).alias("situation_account_lists"),
        _countries(connections["relay_key"], facts).alias("situation_relay"),
        (
            _countries(connections["participant_key"], facts)
            if facts.asks_participant
            else pl.lit(UNKNOWN_KEY)
        ).alias("situation_participant"),
        pl.col("use_proved").alias("situation_use_proved"),
        starts_in.alias("situation_starts_in"),
        pl.max_horizontal(starts_in, entered).alias("situation_ends_by"),
    ).with_columns(
        pl.col("ended_at")
        .is_not_null()
        .or_(pl.col("situation_ends_by") == pl.col("situation_starts_in"))
        .alias("situation_end_known")
    )


def situation_of(row: Mapping[str, Any]) -> Situation:
    """Read a situation back from its columns."""
    lists = row["situation_account_lists"]
    return Situation(
        role=Role(row["situation_role"]),
        home_region=row["situation_home_region"],
        account_lists=None if lists is None else frozenset(lists.split()),
        relay=candidates_of(row["situation_relay"]),
        participant=candidates_of(row["situation_participant"]),
        use_proved=row["situation_use_proved"],
        starts_in=row["situation_starts_in"],
        ends_by=row["situation_ends_by"],
        end_known=row["situation_end_known"],
    )


def _regions(rule: Rule) -> tuple[str, ...]:
    regions = rule.scope.home_region
    return regions.not_in if isinstance(regions, RegionNotIn) else regions or ()


def _countries(keys: pl.Series, facts: Facts) -> pl.Series:
    distinct = keys.unique().to_list()
    return keys.replace_strict(distinct, [facts.alike.key(key) for key in distinct], return_dtype=pl.String)


def _home_region(facts: Facts) -> pl.Expr:
    if not facts.home_regions:
        return pl.lit(NOT_NAMED)
    region = pl.col("home_region")
    named = region.is_null() | region.is_in(sorted(facts.home_regions))
    return pl.when(named).then(region).otherwise(pl.lit(NOT_NAMED))


def _account_lists(facts: Facts) -> pl.Expr:
    if not facts.account_lists:
        return pl.lit("")
    account = pl.col("account_id")
    accounts, lists = list(facts.account_lists), list(facts.account_lists.values())
    return pl.when(account.is_not_null()).then(account.replace_strict(accounts, lists, default=""))
