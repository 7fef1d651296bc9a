"""What a user asks of an audit, as plain values."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from auditor.model import Severity

DEFAULT_MAX_AGE_DAYS = 35
DEFAULT_MAX_LISTED = 500
HIGHEST_MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of records, or a percentage of them: `20` or `0.5%`."""

    number: Decimal
    is_percentage: bool

    @classmethod
    def of(cls, text: str) -> "Limit":
        """Read a limit. Raises ValueError, with a sentence, where the text is none."""
        number = text.strip().removesuffix("%")
        try:
            limit = cls(Decimal(number), text.strip().endswith("%"))
        except InvalidOperation:
            raise ValueError(
                f"`{text}` is neither a number nor a percentage, such as `20` or `0.5%`"
            ) from None
        if not limit.number.is_finite() or limit.number < 0:
            raise ValueError(f"`{text}` is below zero or endless")
        if not limit.is_percentage and limit.number != limit.number.to_integral_value():
            raise ValueError(f"`{text}` is not a whole number of records; `{text}%` would be a percentage")
        return limit

    def exceeded_by(self, count: int, whole: int) -> bool:
        """Tell whether `count` of `whole` is more than the limit allows. Exact, in decimals."""
        return count * 100 > self.number * whole if self.is_percentage else count > self.number

    def __str__(self) -> str:
        return f"{self.number.normalize():f}{'%' if self.is_percentage else ''}"


NO_REJECTS = Limit(Decimal(0), is_percentage=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """When an audit that ran well still ends with an exit code other than 0."""

    fail_on: Severity = Severity.LOW
    max_rejected: Limit = NO_REJECTS
    max_uncovered: Limit | None = None
    max_indeterminate: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """One audit: logs, what they are judged by, and when it counts as failed. Paths are as given."""

    logs: tuple[str, ...]
    rules: tuple[str, ...]
    geo: tuple[str, ...] = ()
    accounts: str | None = None
    inventory: tuple[str, ...] = ()
    mapping: str | None = None
    max_age_days: int = DEFAULT_MAX_AGE_DAYS
    documentation_is_public: bool = False
    skip_rule_tests: bool = False
    max_listed: int = DEFAULT_MAX_LISTED
    limits: Limits = Limits()
