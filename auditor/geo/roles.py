"""Relays whose role is not known: what the evidence leaves open, whatever they did.

An inventory may place a relay by its role. Where the log does not know the role, each of them is possible,
and so is each place that one of them gives. Taking only the lines without a role would be a guess.
"""

from collections.abc import Callable

import polars as pl

from auditor.countries import UNKNOWN_KEY
from auditor.model import LOCATED, RELAY_UNIT, ROLE, Role

Locate = Callable[[pl.DataFrame], pl.DataFrame]

_SURE = ("single_source", "declared_only", "agreed")
_UNKNOWN = pl.col("role") == Role.UNKNOWN


def located_in_any_role(units: pl.DataFrame, locate: Locate) -> pl.DataFrame:
    """Locate units of RELAY_UNIT, those of unknown role in every role at once; rows and order are kept."""
    if not (units["role"] == Role.UNKNOWN).any():
        return locate(units)
    numbered = units.with_row_index("__unit")
    roles = pl.DataFrame({"role": list(Role)}, schema={"role": ROLE})
    several = numbered.filter(_UNKNOWN).drop("role").join(roles, how="cross")
    worlds = pl.concat([numbered.filter(~_UNKNOWN), several.select(numbered.columns)])
    located = locate(worlds.select(*RELAY_UNIT)).drop(*RELAY_UNIT).hstack([worlds["__unit"]])
    united = located.group_by("__unit", maintain_order=True).agg(
        pl.col("kind", "address", "network", "incident_network").first(),
        key=pl.col("key").unique().sort(),
        reasons=_all_of("reasons"),
        hints=_all_of("hints"),
        answers=pl.col("answers").explode(empty_as_null=True).drop_nulls().unique(maintain_order=True),
    )
    whole = united.with_columns(key=_union_of("key"), reasons=_doubted()).sort("__unit").drop("__unit")
    return units.hstack(whole.select(pl.col(name).cast(dtype) for name, dtype in LOCATED.items()))


def _all_of(column: str) -> pl.Expr:
    """Keep each word once, in the order of the roles."""
    return pl.col(column).explode(empty_as_null=True).drop_nulls().unique(maintain_order=True)


def _union_of(keys: str) -> pl.Expr:
    """Name the union of candidate sets: all countries if one of them is."""
    codes = pl.col(keys).list.join(" ").str.split(" ").list.unique().list.sort().list.join(" ")
    return pl.when(pl.col(keys).list.contains(UNKNOWN_KEY)).then(pl.lit(UNKNOWN_KEY)).otherwise(codes)


def _doubted() -> pl.Expr:
    """Where the role decides the place, that is the doubt, however sure each of the places is."""
    doubts = pl.concat_list(pl.lit(["role_unknown"]), pl.col("reasons").list.set_difference(list(_SURE)))
    return pl.when(pl.col("key").list.len() > 1).then(doubts).otherwise("reasons")
