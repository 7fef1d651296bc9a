"""Everything about a connection that the loaded rules can ask, and nothing else.

Two connections in the same situation get the same verdicts, so each situation is judged once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from auditor.countries import UNKNOWN_KEY, candidates_of
from auditor.model import INSTANT, Role, Tier
from auditor.ruleset.facts import NOT_NAMED, Facts
from auditor.ruleset.windows import Held

LONGEST = timedelta(hours=24)
"""How long a connection may last whose end is not logged."""

SITUATION = (
    "situation_role",
    "situation_home_region",
    "situation_account_lists",
    "situation_relay",
    "situation_participant",
    "situation_use_proved",
    "situation_starts_in",
    "situation_ends_by",
    "situation_tier",
    "situation_attempt",
    "situation_failed_primaries",
    "situation_selection_reason",
    "situation_windows",
    "situation_labels",
    "situation_call_known",
    "situation_end_known",
)
"""The columns that name a situation. Null: what a rule asks was not logged, or no rule asks."""

LABEL = "label_"
_NO_LABEL, _OTHER_LABEL = "-", "+"
_SEPARATOR = " "


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides the verdicts of a connection.

    None: not logged, or asked by no rule; `NOT_NAMED`: a value that no rule names. `account_lists` holds the
    ids of the rules whose `scope.accounts` names the account. `starts_in` and `ends_by` are periods: that of
    the start, and the last that is entered strictly before the end, or, where `end_known` is false, before
    the latest possible end. Every end from the start on is then possible. `attempt` and `failed_primaries`
    count the thresholds of `Facts` that are reached; `labels` are in the order of `Facts.labels`; `windows`
    hold at the start. `call_known` is false where some verdict depends on the whole call, and no call id was
    logged.
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
    tier: Tier | None = None
    attempt: int | None = None
    failed_primaries: int | None = None
    selection_reason: str | None = None
    labels: tuple[str | None, ...] = ()
    windows: frozenset[Held] = frozenset()
    call_known: bool = True

    def __post_init__(self) -> None:
        if self.ends_by < self.starts_in:
            raise AssertionError(f"ends in period {self.ends_by}, before it starts in {self.starts_in}")


def add_situation(connections: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """Add the columns SITUATION, and leave all others as they are.

    `connections` has `role`, `home_region`, `account_id`, `call_id`, `relay_key`, `participant_key`,
    `use_proved`, `started_at`, `ended_at`, `tier`, `attempt`, `failed_primaries`, `selection_reason`, and
    perhaps columns of labels. What no rule asks, or asks only of values that are not there, becomes a
    constant, and of countries that no rule tells apart one stands for all, so that situations are few.
    """
    cuts = pl.Series(facts.periods.cuts, dtype=INSTANT)
    latest_end = pl.coalesce("ended_at", pl.col("started_at") + LONGEST)
    starts_in = pl.lit(cuts).search_sorted(pl.col("started_at"), side="right").cast(pl.Int32)
    entered = pl.lit(cuts).search_sorted(latest_end, side="left").cast(pl.Int32)
    participant = (
        _countries(connections["participant_key"], facts) if facts.asks_participant else pl.lit(UNKNOWN_KEY)
    )
    return connections.with_columns(
        pl.col("role").alias("situation_role"),
        (_named("home_region", facts.home_regions) if facts.home_regions else pl.lit(NOT_NAMED)).alias(
            "situation_home_region"
        ),
        _account_lists(facts).alias("situation_account_lists"),
        _countries(connections["relay_key"], facts).alias("situation_relay"),
        participant.alias("situation_participant"),
        pl.col("use_proved").alias("situation_use_proved"),
        starts_in.alias("situation_starts_in"),
        pl.max_horizontal(starts_in, entered).alias("situation_ends_by"),
        *_conditions(facts),
        _labels(connections.columns, facts).alias("situation_labels"),
        (pl.col("call_id").is_not_null() if facts.asks_call else pl.lit(value=True)).alias(
            "situation_call_known"
        ),
    ).with_columns(
        pl.col("ended_at")
        .is_not_null()
        .or_(pl.col("situation_ends_by") == pl.col("situation_starts_in"))
        .alias("situation_end_known")
    )


def situation_of(row: Mapping[str, Any], facts: Facts) -> Situation:
    """Read a situation back from its columns."""
    lists, tier = row["situation_account_lists"], row["situation_tier"]
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
        tier=None if tier is None else Tier(tier),
        attempt=row["situation_attempt"],
        failed_primaries=row["situation_failed_primaries"],
        selection_reason=row["situation_selection_reason"],
        labels=_labels_in(row["situation_labels"], facts),
        windows=facts.windows.states[row["situation_windows"]],
        call_known=row["situation_call_known"],
    )


def situation_ids(situations: pl.DataFrame) -> pl.Series:
    """Name each situation by a number that does not depend on where it was met: 63 bits of SHA-256."""
    rows = situations.select(SITUATION).rows()
    numbers = [int.from_bytes(hashlib.sha256(repr(row).encode()).digest()[:8], "big") >> 1 for row in rows]
    return pl.Series("situation_id", numbers, dtype=pl.Int64)


def _countries(keys: pl.Series, facts: Facts) -> pl.Series:
    distinct = keys.unique().to_list()
    return keys.replace_strict(distinct, [facts.alike.key(key) for key in distinct], return_dtype=pl.String)


def _named(column: str, named: frozenset[str]) -> pl.Expr:
    """Keep null and what rules name."""
    kept = pl.col(column).is_null() | pl.col(column).is_in(sorted(named))
    return pl.when(kept).then(pl.col(column)).otherwise(pl.lit(NOT_NAMED))


def _account_lists(facts: Facts) -> pl.Expr:
    if not facts.account_lists:
        return pl.lit("")
    account = pl.col("account_id")
    accounts, lists = list(facts.account_lists), list(facts.account_lists.values())
    return pl.when(account.is_not_null()).then(account.replace_strict(accounts, lists, default=""))


def _conditions(facts: Facts) -> list[pl.Expr]:
    """Give what exceptions ask of a connection."""
    tier = pl.col("tier").cast(pl.String) if facts.asks_tier else pl.lit(None, dtype=pl.String)
    times = facts.windows
    place = pl.lit(pl.Series(times.edges, dtype=INSTANT)).search_sorted(pl.col("started_at"), side="right")
    held = pl.lit(pl.Series(times.state_of, dtype=pl.Int32)).gather(place) if times.edges else pl.lit(0)
    return [
        tier.alias("situation_tier"),
        _reached("attempt", facts.attempts).alias("situation_attempt"),
        _reached("failed_primaries", facts.failed_primaries).alias("situation_failed_primaries"),
        (
            _named("selection_reason", facts.selection_reasons)
            if facts.selection_reasons
            else pl.lit(None, dtype=pl.String)
        ).alias("situation_selection_reason"),
        held.cast(pl.Int32).alias("situation_windows"),
    ]


def _reached(column: str, thresholds: Sequence[int]) -> pl.Expr:
    if not thresholds:
        return pl.lit(None, dtype=pl.Int32)
    cuts = pl.lit(pl.Series(thresholds, dtype=pl.Int64))
    number = pl.col(column).cast(pl.Int64)
    return pl.when(number.is_not_null()).then(cuts.search_sorted(number, side="right").cast(pl.Int32))


def _labels(columns: Sequence[str], facts: Facts) -> pl.Expr:
    """Write the labels that rules ask for as one text: the place of each value among those named."""
    words = []
    for key, named in facts.labels.items():
        if LABEL + key not in columns:
            words.append(pl.lit(_NO_LABEL))
            continue
        places = [str(place) for place in range(len(named))]
        value = pl.col(LABEL + key)
        place = value.replace_strict(list(named), places, default=_OTHER_LABEL)
        words.append(pl.when(value.is_not_null()).then(place).otherwise(pl.lit(_NO_LABEL)))
    return pl.concat_str(words, separator=_SEPARATOR) if words else pl.lit("")


def _labels_in(written: str, facts: Facts) -> tuple[str | None, ...]:
    values = []
    for word, named in zip(written.split(_SEPARATOR) if written else (), facts.labels.values(), strict=True):
        values.append({_NO_LABEL: None, _OTHER_LABEL: NOT_NAMED}[word] if word in "-+" else named[int(word)])
    return tuple(values)
