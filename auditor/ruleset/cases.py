"""The format of the cases inside a rule file. Design: SEMANTICS.md, section 5."""

from typing import Annotated, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from auditor.documents import Strict
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.fields import Candidates, Filled, Instant, Text, custom_error, unlike
from auditor.text import nearest

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_TEN_YEARS = 5_259_600  # in minutes


class Given(Strict):
    """One connection of a case. What is left out is as SEMANTICS.md, section 5, says."""

    id: Text
    role: Role
    relay: Candidates
    call: Text | None = None
    account: Text = "account"
    at: Instant = Field(default="2026-05-01T00:00:00Z", validate_default=True)
    minutes: Annotated[float, Field(ge=0, le=_TEN_YEARS, allow_inf_nan=False)] = 1
    home_region: Text | None = None
    participant: Candidates = "unknown"
    tier: Tier | None = None
    attempt: Annotated[int, Field(ge=1)] | None = None
    failed_primaries: Annotated[int, Field(ge=0)] | None = None
    selection_reason: Text | None = None
    use_proved: bool = True

    @model_validator(mode="after")
    def _is_plausible(self) -> Self:
        if not _FIRST_YEAR <= self.at.year <= _LAST_YEAR:
            raise custom_error(f"`at` is not in the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return self


class Case(Strict):
    """A test of a rule: connections, and the verdicts that they must get."""

    name: Text
    given: Annotated[tuple[Given, ...], Filled]
    expect: dict[Text, Verdict]

    @field_validator("given")
    @classmethod
    def _have_ids_of_their_own(cls, given: tuple[Given, ...]) -> tuple[Given, ...]:
        return unlike(given, [one.id for one in given])

    @field_validator("expect")
    @classmethod
    def _are_given(cls, expect: dict[str, Verdict], info: ValidationInfo) -> dict[str, Verdict]:
        ids = [one.id for one in info.data.get("given", ())]
        for expected in expect:
            if ids and expected not in ids:
                hint = nearest(expected, ids) or f"given are: {', '.join(ids)}"
                raise custom_error(f"`{expected}` is no connection of this case", hint=hint)
        return expect
