"""What a user asks of an audit, as plain values."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from auditor.geo.candidates import Trust
from auditor.model import Severity
from auditor.sources.language import Privacy

_ALL = 100
DEFAULT_MAX_AGE_DAYS = 35
HIGHEST_MAX_AGE_DAYS = 36_500
DEFAULT_MIN_CONFIDENCE = 80
DEFAULT_MAX_LISTED = 500
HIGHEST_MAX_LISTED = 1_000

_LIMIT = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,9})?)(?P<sign>%?)")
"""Few enough digits for decimals to stay exact when a limit meets any number of records."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of records, or a percentage of them: `20` or `0.5%`."""

    number: Decimal
    is_percentage: bool

    @classmethod
    def of(cls, text: str) -> "Limit":
        """Read a limit. Raises ValueError, with a sentence, where the text is none."""
        found = _LIMIT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"`{text}` is neither a number nor a percentage, such as `20` or `0.5%`")
        limit = cls(Decimal(found["number"]), bool(found["sign"]))
        if limit.is_percentage and limit.number > _ALL:
            raise ValueError(f"`{text}` is more than all")
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
class LocationSources:
    """Where the evidence of places lies, and what of it counts. Paths are as given.

    `geo` are databases and folders of them, as `--geo` takes them; where none is named they are looked for
    in their usual places, if `looks_for_databases`. `site_names` are providers whose names of regions the
    logs use as sites.
    """

    geo: tuple[str, ...] = ()
    looks_for_databases: bool = True
    inventory: tuple[str, ...] = ()
    cloud_ranges: tuple[str, ...] = ()
    geofeeds: tuple[str, ...] = ()
    ledger: str | None = None
    site_names: tuple[str, ...] = ()
    nat64_prefixes: tuple[str, ...] = ()
    max_age_days: int = DEFAULT_MAX_AGE_DAYS
    min_confidence: int = DEFAULT_MIN_CONFIDENCE
    trust: Trust = Trust.ALL
    documentation_is_public: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What a user says of logs beside them.

    `public_addresses` pairs what a relay behind translation calls itself and what peers see. `zone` is that
    of times without an offset; it goes before the zone of the mapping's input.
    """

    zone: str | None = None
    server_start: datetime | None = None
    public_addresses: tuple[tuple[str, str], ...] = ()
    privacy: tuple[tuple[str, Privacy], ...] = ()

    def over(self, other: "Told") -> "Told":
        """Lay this over what was said elsewhere."""
        return Told(
            zone=self.zone or other.zone,
            server_start=self.server_start or other.server_start,
            public_addresses=tuple({**dict(other.public_addresses), **dict(self.public_addresses)}.items()),
            privacy=tuple({**dict(other.privacy), **dict(self.privacy)}.items()),
        )


@dataclass(frozen=True, slots=True)
class LogsAsked:
    """Logs that are read in one way: `format` names it, or `mapping` is a file that tells it.

    With neither, each is read by what it shows of itself. `place` is where a fault would be mended.
    """

    paths: tuple[str, ...]
    format: str | None = None
    mapping: str | None = None
    told: Told = Told()
    place: str = "--format"

    def with_told(self, told: Told) -> "LogsAsked":
        """Lay what an option says over what is said here."""
        return replace(self, told=told.over(self.told))


def named_in(logs: Iterable[LogsAsked]) -> str:
    """List all words that name logs."""
    return ", ".join(path for one in logs for path in one.paths)


@dataclass(frozen=True, slots=True)
class Request:
    """One audit: logs, what they are judged by, and when it counts as failed. Paths are as given."""

    logs: tuple[LogsAsked, ...]
    rules: tuple[str, ...]
    location: LocationSources = LocationSources()
    accounts: str | None = None
    privacy_key: str | None = None
    relay_lists: tuple[str, ...] = ()
    skip_rule_tests: bool = False
    allow_draft: bool = False
    max_listed: int = DEFAULT_MAX_LISTED
    limits: Limits = Limits()
