"""The format of a fence's exceptions: what excuses a relay outside, and how much of it.

Design: SEMANTICS.md, sections 2 and 3.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from auditor.documents import Strict
from auditor.model import Role, Tier
from auditor.ruleset.fields import ClauseId, Day, Distinct, Filled, Names, Text, WindowId, Words, custom_error

LONGEST_MINUTES = 1_440
"""A connection whose end is not logged may have lasted so long."""


class Approval(Strict):
    """Who approved something, and when."""

    by: Text
    on: Day
    ref: Text | None = None


class When(Strict):
    """The conditions of an exception: all that are given must hold."""

    tier: Annotated[tuple[Tier, ...], Filled, Distinct] | None = None
    attempt_min: Annotated[int, Field(ge=1)] | None = None
    failed_primaries_min: Annotated[int, Field(ge=0)] | None = None
    selection_reason: Words | None = None
    in_window: WindowId | None = None


class Share(Strict):
    """How many of an account's calls of one UTC day may use an exception."""

    max: Annotated[Decimal, Field(gt=0, le=1, decimal_places=9, allow_inf_nan=False)]
    per: Literal["account"]
    over: Literal["day"]


class Limits(Strict):
    """How much an exception excuses: all that are given must hold."""

    connections_per_call: Annotated[int, Field(ge=1)] | None = None
    minutes_per_call: (
        Annotated[Decimal, Field(gt=0, le=525_600, decimal_places=6, allow_inf_nan=False)] | None
    ) = None
    share_of_calls: Share | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if not self.model_fields_set:
            raise custom_error("is empty", hint="name a limit, or leave `limits` out")
        return self


class Overflow(StrEnum):
    """What is over when a limit is: only the excess, or every use in the counter."""

    EXCESS = "excess"
    ALL = "all"


class ExceptionClause(Strict):
    """One exception of a fence. `roles` left out: every role that the rule covers."""

    id: ClauseId
    why: Text
    approved: Approval | None = None
    roles: Annotated[tuple[Role, ...], Filled, Distinct] | None = None
    when: When = When()
    allow: Names
    limits: Limits | None = None
    overflow: Overflow = Overflow.EXCESS

    @model_validator(mode="after")
    def _overflows_a_limit(self) -> Self:
        if "overflow" in self.model_fields_set and self.limits is None:
            raise custom_error(
                "`overflow` is given without `limits`", hint="leave it out, or name the limits"
            )
        return self
