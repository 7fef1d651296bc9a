"""The format of files of groups. Design: SEMANTICS.md, section 2."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from auditor.documents import Strict
from auditor.ruleset.fields import Code, Day, Distinct, Filled, GroupId, GroupName, Text, custom_error
from auditor.ruleset.interval import Interval


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
