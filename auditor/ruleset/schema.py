"""The format of rule files, each key once. Design: SEMANTICS.md, sections 2 and 5."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from auditor.documents import Strict
from auditor.model import Role, Severity
from auditor.ruleset.cases import Case
from auditor.ruleset.clauses import Approval, ExceptionClause
from auditor.ruleset.fields import (
    ALL_BUT,
    LIST,
    ONLY,
    Distinct,
    Filled,
    Instant,
    LabelKey,
    Names,
    RuleId,
    Text,
    Version,
    Words,
    custom_error,
    unlike,
)
from auditor.ruleset.interval import Interval

MOST_EXCEPTIONS = 32
"""The uses of a rule's exceptions are kept as bits, and nobody can read more."""


class Effect(StrEnum):
    """What a rule asks of the connections in its scope."""

    FENCE = "fence"
    NEVER = "never"
    REQUIRE = "require"
    WATCH = "watch"


class Authority(Strict):
    """What a rule rests on."""

    kind: Literal["law", "promise", "contract", "finding"]
    cite: Text


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


def _observable(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if Role.UNKNOWN in roles:
        raise custom_error("`unknown` can never be observed", hint="name the roles that a log records")
    return roles


ObservedRoles = Annotated[tuple[Role, ...], Filled, Distinct, AfterValidator(_observable)]


class Scope(Strict):
    """Which connections a rule is about: all keys that are given must hold."""

    home_region: Regions | None = None
    roles: Annotated[tuple[Role, ...], Filled, Distinct] | None = None
    accounts: Words | None = None
    participant: Places | None = None
    labels: Annotated[dict[LabelKey, Words], Filled] | None = None
    must_observe: ObservedRoles | None = None


class Fence(Strict):
    """Where relays may be: only in `allow`, or anywhere but in `forbid`."""

    allow: Names | None = None
    forbid: Names | None = None

    @model_validator(mode="after")
    def _either_way(self) -> Self:
        if (self.allow is None) == (self.forbid is None):
            raise custom_error("needs either `allow` or `forbid`")
        return self


class Require(Strict):
    """Each call has a connection of one of these roles, and it is there."""

    roles: ObservedRoles
    in_: Names = Field(alias="in")


class AcceptedMutant(Strict):
    """A mutant that no case needs to catch, and why."""

    mutant: Text
    reason: Text


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
    status: Literal["draft"] | None = None
    conflict_note: Text | None = None
    extends: RuleId | None = None
    severity: Severity
    in_force: InForce
    scope: Scope
    expect_connections: bool = False
    tests: Annotated[tuple[Case, ...], Filled]
    accepted_mutants: tuple[AcceptedMutant, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Tell whether counsel has still to confirm what the rule rests on."""
        return self.status == "draft"

    @field_validator("tests")
    @classmethod
    def _have_names_of_their_own(cls, tests: tuple[Case, ...]) -> tuple[Case, ...]:
        return unlike(tests, [case.name for case in tests])


class FenceRule(RuleBase):
    """Relays must stay inside."""

    effect: Literal[Effect.FENCE]
    fence: Fence
    exceptions: tuple[ExceptionClause, ...] = ()

    @field_validator("exceptions")
    @classmethod
    def _have_ids_of_their_own(cls, exceptions: tuple[ExceptionClause, ...]) -> tuple[ExceptionClause, ...]:
        if len(exceptions) > MOST_EXCEPTIONS:
            raise custom_error(
                f"{len(exceptions)} exceptions are more than {MOST_EXCEPTIONS}",
                hint="make several rules of it",
            )
        return unlike(exceptions, [one.id for one in exceptions])


class NeverRule(RuleBase):
    """Relays must stay out, and nothing excuses it."""

    effect: Literal[Effect.NEVER]
    never: In


class RequireRule(RuleBase):
    """Each call in scope must have a connection of certain roles inside."""

    effect: Literal[Effect.REQUIRE]
    require: Require


class WatchRule(RuleBase):
    """Relays there are counted and shown, and are no findings."""

    effect: Literal[Effect.WATCH]
    watch: In

    @field_validator("scope")
    @classmethod
    def _observes_nothing(cls, scope: Scope) -> Scope:
        if scope.must_observe:
            raise custom_error("a `watch` has no findings, and so no `must_observe`", hint="leave it out")
        return scope


Rule = FenceRule | NeverRule | RequireRule | WatchRule

RULE_OF_EFFECT: Mapping[str, type[Rule]] = {
    Effect.FENCE: FenceRule,
    Effect.NEVER: NeverRule,
    Effect.REQUIRE: RequireRule,
    Effect.WATCH: WatchRule,
}


def clauses_of(rule: Rule) -> tuple[ExceptionClause, ...]:
    """Give the exceptions of a rule: only a fence has any."""
    return rule.exceptions if isinstance(rule, FenceRule) else ()


def place_names(rule: Rule) -> tuple[tuple[str, ...], ...]:
    """List each set of names that a rule gives for places, as it is written: its body's first."""
    participant = rule.scope.participant
    return (
        _body_names(rule),
        *(clause.allow for clause in clauses_of(rule)),
        *(
            []
            if participant is None
            else [participant.in_ if isinstance(participant, In) else participant.not_in]
        ),
    )


def _body_names(rule: Rule) -> tuple[str, ...]:
    match rule:
        case FenceRule():
            return rule.fence.allow or rule.fence.forbid or ()
        case NeverRule():
            return rule.never.in_
        case RequireRule():
            return rule.require.in_
        case WatchRule():
            return rule.watch.in_
