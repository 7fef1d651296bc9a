"""The format of rule and group files, each key once. Design: SEMANTICS.md, sections 2 and 5."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from auditor.documents import Strict
from auditor.model import Role, Severity
from auditor.ruleset.cases import Case
from auditor.ruleset.fields import (
    ALL_BUT,
    LIST,
    ONLY,
    Code,
    Day,
    Distinct,
    Filled,
    GroupId,
    GroupName,
    Instant,
    Names,
    RuleId,
    Text,
    Version,
    Words,
    custom_error,
    unlike,
)

Item = TypeVar("Item")

_SHOWN = "%Y-%m-%dT%H:%M:%SZ"


class Effect(StrEnum):
    """What a rule asks of the connections in its scope."""

    FENCE = "fence"
    NEVER = "never"
    WATCH = "watch"


class Interval(Strict):
    """A half-open stretch of time; an end that is not given is open."""

    from_: Instant | None = Field(default=None, alias="from")
    until: Instant | None = None

    def covers(self, at: datetime) -> bool:
        """Tell whether `at` lies within."""
        return (self.from_ is None or self.from_ <= at) and (self.until is None or at < self.until)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.from_ and self.until and self.from_ >= self.until:
            text = f"`from`, {self.from_:{_SHOWN}}, is not before `until`, {self.until:{_SHOWN}}"
            raise custom_error(text, hint="an interval holds its `from`, and ends before its `until`")
        return self


class Member(Interval):
    """A country in a group, always or for a time."""

    code: Code


class Group(Strict):
    """A named, dated set of countries. It may be empty, but must say so."""

    title: Text
    include: Annotated[tuple[GroupName, ...], Distinct] = ()
    members: tuple[Member, ...] = ()

    @model_validator(mode="after")
    def _is_empty_on_purpose(self) -> Self:
        if not self.include and "members" not in self.model_fields_set:
            raise custom_error("`members` is missing", hint="an empty group says so: `members: []`")
        return self


class GroupsFile(Strict):
    """One file of groups."""

    schema_: Literal["auditor/groups@1"] = Field(alias="schema")
    verified_on: Day
    groups: Annotated[dict[GroupId, Group], Filled]


class Authority(Strict):
    """What a rule rests on."""

    kind: Literal["law", "promise", "contract", "finding"]
    cite: Text


class Approval(Strict):
    """Who approved a rule, and when."""

    by: Text
    on: Day
    ref: Text | None = None


class InForce(Interval):
    """When a rule binds; its start is always given."""

    from_: Instant = Field(alias="from")


class In(Strict):
    """Only these places."""

    in_: Names = Field(alias="in")


class NotIn(Strict):
    """All places but these."""

    not_in: Names


class RegionNotIn(Strict):
    """All regions but these."""

    not_in: Words


def _list_or_all_but(value: object) -> str:
    return ALL_BUT if isinstance(value, Mapping) else LIST


def _only_or_all_but(value: object) -> str | None:
    if not isinstance(value, Mapping) or {"in", "not_in"} <= value.keys():
        return None
    return ONLY if "in" in value else ALL_BUT


Regions = Annotated[
    Annotated[Words, Tag(LIST)] | Annotated[RegionNotIn, Tag(ALL_BUT)], Discriminator(_list_or_all_but)
]
Places = Annotated[
    Annotated[In, Tag(ONLY)] | Annotated[NotIn, Tag(ALL_BUT)],
    Discriminator(
        _only_or_all_but,
        custom_error_type="form",
        custom_error_message="needs either `in` or `not_in`",
    ),
]


class Scope(Strict):
    """Which connections a rule is about: all keys that are given must hold."""

    home_region: Regions | None = None
    roles: Annotated[tuple[Role, ...], Filled, Distinct] | None = None
    accounts: Words | None = None
    participant: Places | None = None


class Fence(Strict):
    """Where relays may be: only in `allow`, or anywhere but in `forbid`."""

    allow: Names | None = None
    forbid: Names | None = None

    @model_validator(mode="after")
    def _either_way(self) -> Self:
        if (self.allow is None) == (self.forbid is None):
            raise custom_error("needs either `allow` or `forbid`")
        return self


class RuleBase(Strict):
    """What every rule states, whatever its effect."""

    schema_: Literal["auditor/rule@1"] = Field(alias="schema")
    id: RuleId
    version: Version
    title: Text
    statement: Text
    authority: Annotated[tuple[Authority, ...], Filled]
    owner: Text | None = None
    approved: Approval | None = None
    severity: Severity
    in_force: InForce
    scope: Scope
    expect_connections: bool = False
    tests: Annotated[tuple[Case, ...], Filled]

    @field_validator("tests")
    @classmethod
    def _have_names_of_their_own(cls, tests: tuple[Case, ...]) -> tuple[Case, ...]:
        return unlike(tests, [case.name for case in tests])


class FenceRule(RuleBase):
    """Relays must stay inside."""

    effect: Literal[Effect.FENCE]
    fence: Fence


class NeverRule(RuleBase):
    """Relays must stay out, and nothing excuses it."""

    effect: Literal[Effect.NEVER]
    never: In


class WatchRule(RuleBase):
    """Relays there are counted and shown, and are no findings."""

    effect: Literal[Effect.WATCH]
    watch: In


Rule = FenceRule | NeverRule | WatchRule

RULE_OF_EFFECT: Mapping[str, type[Rule]] = {
    Effect.FENCE: FenceRule,
    Effect.NEVER: NeverRule,
    Effect.WATCH: WatchRule,
}


def place_names(rule: Rule) -> tuple[tuple[str, ...], ...]:
    """List each set of names that a rule gives for places, as it is written."""
    match rule:
        case FenceRule():
            body = rule.fence.allow or rule.fence.forbid or ()
        case NeverRule():
            body = rule.never.in_
        case WatchRule():
            body = rule.watch.in_
    participant = rule.scope.participant
    if participant is None:
        return (body,)
    return (body, participant.in_ if isinstance(participant, In) else participant.not_in)
