"""The format of the cases inside a rule file. Design: SEMANTICS.md, section 5."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from auditor.documents import Strict
from auditor.model import Role, Tier, Verdict
from auditor.ruleset.fields import (
    NUMBER,
    WORD,
    Candidates,
    Distinct,
    Filled,
    Instant,
    LabelKey,
    Spelled,
    Text,
    WindowId,
    custom_error,
    unknown_or,
    unlike,
)
from auditor.text import nearest

_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_TEN_YEARS = 5_259_600  # in minutes
MOST_REPEATED = 100_000


def _word_or_number(value: object) -> str:
    return WORD if isinstance(value, str) else NUMBER


Minutes = Annotated[
    Annotated[Literal["unknown"], unknown_or("a number"), Tag(WORD)]
    | Annotated[float, Field(ge=0, le=_TEN_YEARS, allow_inf_nan=False), Tag(NUMBER)],
    Discriminator(_word_or_number),
]


class Given(Strict):
    """One connection of a case. What is left out is as SEMANTICS.md, section 5, says."""

    id: Text
    role: Role
    relay: Candidates
    call: Text | None = None
    account: Spelled = "account"
    at: Instant = Field(default="2026-05-01T00:00:00Z", validate_default=True)
    minutes: Minutes = 1
    home_region: Spelled | None = None
    participant: Candidates = "unknown"
    tier: Tier | None = None
    attempt: Annotated[int, Field(ge=1)] | None = None
    failed_primaries: Annotated[int, Field(ge=0)] | None = None
    selection_reason: Spelled | None = None
    windows: Annotated[tuple[WindowId, ...], Distinct] = ()
    labels: dict[LabelKey, Spelled] = Field(default_factory=dict)
    use_proved: bool = True
    repeat: Annotated[int, Field(ge=1, le=MOST_REPEATED)] = 1

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
        given: tuple[Given, ...] = info.data.get("given", ())
        ids, calls = [one.id for one in given], {one.call for one in given if one.call}
        for expected in expect:
            if expected in calls and expected in ids:
                text = f"`{expected}` is both a connection and a call of this case"
                raise custom_error(text, hint="tell them apart")
            if given and expected not in ids and expected not in calls:
                known = [*ids, *sorted(calls)]
                hint = nearest(expected, known) or f"given are: {', '.join(known)}"
                raise custom_error(f"`{expected}` is no connection and no call of this case", hint=hint)
        return expect
