"""Instants in readers' logs, one at a time."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from auditor.model import BadValue
from auditor.sources.times import FIRST, LAST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = FIRST.timestamp() * 1_000, LAST.timestamp() * 1_000


def of_milliseconds(value: Any) -> datetime | BadValue:  # noqa: ANN401  any JSON value
    """Read milliseconds since 1970, decimals cut to microseconds: a number, from 2000 to 2100."""
    if value is None:
        return BadValue.MISSING
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return BadValue.UNREADABLE
    if not _FIRST_MS <= value < _LAST_MS:
        return BadValue.OUT_OF_RANGE
    return _EPOCH + timedelta(microseconds=int(Decimal(str(value)) * 1_000))


def of_text(value: Any) -> datetime | BadValue:  # noqa: ANN401  any JSON value
    """Read an instant as JavaScript writes it: ISO 8601 with its offset, or milliseconds since 1970."""
    if not isinstance(value, str):
        return of_milliseconds(value)
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return BadValue.UNREADABLE
    if found.tzinfo is None:
        return BadValue.NO_ZONE
    return found.astimezone(UTC) if FIRST <= found < LAST else BadValue.OUT_OF_RANGE
