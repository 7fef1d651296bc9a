"""Words that sentences about rules are made of: instants, counts and lists, as a reader writes them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from auditor.ruleset.groups import BEGINNING

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def instant_words(at: datetime) -> str:
    """Write an instant in UTC: the day alone where it is midnight, else `31 January 2020, 23:00 UTC`."""
    at = at.astimezone(UTC)
    day = day_words(at)
    if at.microsecond:
        return f"{day}, {at:%H:%M:%S.%f} UTC"
    if at.second:
        return f"{day}, {at:%H:%M:%S} UTC"
    return f"{day}, {at:%H:%M} UTC" if at.hour or at.minute else day


def day_words(day: date) -> str:
    """Write a day: `31 January 2020`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def stretch_words(begin: datetime, end: datetime | None) -> str:
    """Write a stretch of time, half-open: `BEGINNING` is no beginning, and None no end."""
    if begin == BEGINNING:
        return f"before {instant_words(end)}" if end else "at any time"
    start = f"from {instant_words(begin)}"
    return f"{start} until {instant_words(end)}" if end else start


def stretch_heading(begin: datetime, end: datetime | None) -> str:
    """Write a stretch of time as a heading."""
    words = stretch_words(begin, end)
    return f"{words[0].upper()}{words[1:]}"


def either(words: Iterable[str]) -> str:
    """Join words of which one is meant: `a, b or c`."""
    return _joined(words, "or")


def all_of(words: Iterable[str]) -> str:
    """Join words that are all meant: `a, b and c`."""
    return _joined(words, "and")


def number_words(number: Decimal) -> str:
    """Write a decimal number without an exponent, and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(number: Decimal | int, singular: str) -> str:
    """Write a count with its noun: `1 minute`, `30 minutes`."""
    text = number_words(Decimal(number))
    return f"{text} {singular}" if text == "1" else f"{text} {singular}s"


def at_least_words(classes: Sequence[int], chosen: Sequence[int]) -> str:
    """Write which classes of a number are chosen: `1`, `2 to 4`, `5 or more`.

    `classes` are the least numbers of all classes, in order, and `chosen` some of them.
    """
    places = [place for place, least in enumerate(classes) if least in chosen]
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return either(_range(classes, run[0], run[-1]) for run in runs)


def _range(classes: Sequence[int], first: int, last: int) -> str:
    if last == len(classes) - 1:
        return f"{classes[first]} or more"
    most = classes[last + 1] - 1
    return str(most) if most == classes[first] else f"{classes[first]} to {most}"


def _joined(words: Iterable[str], last_word: str) -> str:
    *others, last = words
    return f"{', '.join(others)} {last_word} {last}" if others else last
