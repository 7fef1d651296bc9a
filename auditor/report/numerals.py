"""Numbers, shares and times as the report writes them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

LOCALE = "en"
HTML_LANGUAGE = "en-GB"
_MEGABYTE = 1_000_000


def whole(number: int) -> str:
    """Write a count with separators of thousands."""
    return format_decimal(number, locale=LOCALE)


def one_decimal(number: float) -> str:
    """Write a quantity with one decimal; what is there but would round to nothing is said to be there."""
    if 0 < number < 0.05:  # noqa: PLR2004  half of the last digit shown
        return "< 0.1"
    return format_decimal(number, format="#,##0.0", locale=LOCALE)


def megabytes(count: int) -> str:
    """Write bytes in units of a million."""
    return one_decimal(count / _MEGABYTE)


def percent(part: int, of: int) -> str:
    """Write a share: three decimals below 1 %, one above; never 0 or 100 unless it is exactly that."""
    if not of or part in (0, of):
        return "100\N{NO-BREAK SPACE}%" if part and of else "0\N{NO-BREAK SPACE}%"
    share = 100 * part / of
    if share < 0.001:  # noqa: PLR2004  the last digit shown
        text = "less than 0.001"
    elif share > 99.9:  # noqa: PLR2004  the last digit shown
        text = "more than 99.9"
    else:
        text = format_decimal(share, format="0.000" if share < 1 else "0.0", locale=LOCALE)
    return f"{text}\N{NO-BREAK SPACE}%"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Write a count with its noun: `1 call`, `2,310 calls`."""
    return f"{whole(number)} {singular if number == 1 else plural or f'{singular}s'}"


def day(when: datetime | date, *, short: bool = False) -> str:
    """Write a UTC day with its month as a word: `2 April 2020`, short `2 Apr 2020`."""
    return format_date(_utc(when), format="d MMM y" if short else "d MMMM y", locale=LOCALE)


def clock(when: datetime) -> str:
    """Write the time of day in UTC, to the second."""
    return format_datetime(_utc(when), format="HH:mm:ss", locale=LOCALE)


def instant(when: datetime, *, short: bool = False) -> str:
    """Write an instant in UTC: `2 April 2020, 14:03:12 UTC`."""
    return f"{day(when, short=short)}, {clock(when)} UTC"


def days_between(first: datetime, last: datetime, *, short: bool = False) -> str:
    """Write a stretch of days without saying a month or a year twice."""
    start, end = first.astimezone(UTC).date(), last.astimezone(UTC).date()
    if start == end:
        return day(start, short=short)
    between = " \N{EN DASH} " if short else " to "
    month_word = "MMM" if short else "MMMM"
    if start.year != end.year:
        pattern = f"d {month_word} y"
    elif start.month != end.month:
        pattern = f"d {month_word}"
    else:
        pattern = "d"
    return f"{format_date(start, format=pattern, locale=LOCALE)}{between}{day(end, short=short)}"


def month(when: datetime | date) -> str:
    """Write a month: `April 2020`."""
    return format_date(when, format="LLLL y", locale=LOCALE)


def year(when: datetime | date) -> str:
    """Write a year."""
    return format_date(when, format="y", locale=LOCALE)


def listed(words: list[str], last: str = "and") -> str:
    """Join words as a sentence does: `a, b and c`."""
    if len(words) < 2:  # noqa: PLR2004  nothing to join
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def set_apart(counts: Sequence[str]) -> str:
    """Join what is counted apart, with commas: no bound of the first is read over the second."""
    first, *others = counts
    return "".join([first, *(f", and {each}," for each in others)])


def _utc(when: datetime | date) -> datetime | date:
    return when.astimezone(UTC) if isinstance(when, datetime) else when
