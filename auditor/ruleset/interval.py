"""Half-open stretches of time, as files write them."""

from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from auditor.documents import Strict
from auditor.ruleset.fields import Instant, custom_error

_SHOWN = "%Y-%m-%dT%H:%M:%SZ"


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


class Stretch(Interval):
    """A stretch of time of which both ends are given."""

    from_: Instant = Field(alias="from")
    until: Instant
