"""What a record of a log in canonical columns says: FORMATS.md, sections 2 and 3.4, one record at a time.

A raw record is what was written: a text or None for each column. Reading gives a connection, or the reason
why the record is a reject.
"""

import re
from datetime import UTC, datetime, timedelta

from tests.reference.countries import ALL
from tests.reference.facts import ROLES, TIERS
from tests.reference.world import Connection

Raw = dict[str, str | None]

COLUMNS = (
    "call_id",
    "account_id",
    "home_region",
    "participant_id",
    "role",
    "relay_ip",
    "relay_name",
    "relay_site",
    "relay_country_declared",
    "client_ip",
    "participant_country_declared",
    "started_at",
    "ended_at",
    "bytes",
    "use_proved",
    "tier",
    "attempt",
    "failed_primaries",
    "selection_reason",
    "label_cloud",
)
COUNTS = ("bytes", "attempt", "failed_primaries")
COUNTRY_COLUMNS = ("relay_country_declared", "participant_country_declared")
INSTANT = re.compile(
    r"(?P<naive>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.(?P<fraction>\d{0,9}))?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class UnreadableError(Exception):
    """A value cannot be read; its text is the reason."""


def read(raw: Raw) -> Connection:
    """Read one record. Raises UnreadableError, with the reason of the reject, if it has no start."""
    if raw["started_at"] is None:
        raise UnreadableError("missing")
    started_at = instant(raw["started_at"])
    role = raw["role"]
    return {
        **raw,
        **{column: country_of(raw[column]) for column in COUNTRY_COLUMNS},
        "role": role if role in ROLES else "unknown",
        "started_at": started_at,
        "ended_at": end_of(raw["ended_at"], started_at),
        **{column: count_of(raw[column]) for column in COUNTS},
        "tier": raw["tier"] if raw["tier"] in TIERS else None,
        "use_proved": raw["use_proved"] != "false",
    }


def instant(text: str) -> datetime:
    """Read an RFC 3339 instant, cut to microseconds."""
    found = INSTANT.fullmatch(text)
    if found is None:
        raise UnreadableError("unreadable")
    if found["zone"] is None:
        raise UnreadableError("no_zone")
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    try:
        at = datetime.fromisoformat(f"{found['naive']}.{fraction}{found['zone'].replace('Z', '+00:00')}")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UnreadableError("unreadable") from error
    if not FIRST <= at < LAST:
        raise UnreadableError("out_of_range")
    return at


def end_of(text: str | None, started_at: datetime) -> datetime | None:
    """Read an end; one that cannot be read, or lies before the start, is not known."""
    if text is None:
        return None
    try:
        ended_at = instant(text)
    except UnreadableError:
        return None
    return ended_at if ended_at >= started_at else None


def country_of(text: str | None) -> str | None:
    """Read an alpha-2 code in any case; anything else is not known."""
    return text.upper() if text is not None and text.upper() in ALL else None


def count_of(text: str | None) -> int | None:
    """Read a number that is not negative; anything else is not known."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,18}", text) else None


def shifted(at: datetime, microseconds: int) -> datetime:
    """Move an instant, staying within what a log may say."""
    return min(max(at + timedelta(microseconds=microseconds), FIRST), LAST - timedelta(days=2))
