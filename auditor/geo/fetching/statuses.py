"""What a status of the server means for the user, and whether to ask again."""

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from auditor.geo.fetching.errors import BrokenError, FetchError, RefusedError
from auditor.geo.fetching.transport import Answer, Credentials
from auditor.text import nearest

_SAID = 2_000
_SHOWN = 200
_KNOWN_EDITIONS = (
    *(f"GeoLite2-{kind}" for kind in ("ASN", "City", "Country")),
    *(f"GeoIP2-{kind}" for kind in ("Anonymous-IP", "City", "Country", "Enterprise", "ISP")),
    "GeoIP-Anonymous-Plus",
)


def error_of(answer: Answer, edition: str, credentials: Credentials) -> FetchError:
    """Make an error of a status that brings nothing."""
    status = answer.status
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = _wait_of(answer) or timedelta()
        return BrokenError(f"{answer.host} answered {_named(status)}", wait=wait)
    if not answer.by_server:
        hint = f"if a firewall or a proxy says so, let HTTPS through to {answer.host}"
        return RefusedError(f"the storage at {answer.host} refused the archive: {_named(status)}", hint)
    told = _refusal(answer, edition)
    said = credentials.hidden_in(_said(answer))[:_SHOWN]
    return RefusedError(f"{told.text} ({_named(status)}{f': {said}' if said else ''})", told.hint)


def _refusal(answer: Answer, edition: str) -> RefusedError:
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            hint = "compare them with those of your account; a new key takes some minutes to work"
            return RefusedError("the server does not accept the account id and the license key", hint)
        case HTTPStatus.FORBIDDEN:
            hint = "see which editions your account has"
            return RefusedError("the account may not fetch this edition", hint)
        case HTTPStatus.NOT_FOUND:
            known = set(_KNOWN_EDITIONS) - {edition}
            return RefusedError("the server has no such edition", nearest(edition, known))
        case HTTPStatus.TOO_MANY_REQUESTS:
            return RefusedError("the account has fetched too often", _when_again(answer))
        case _:
            return RefusedError(f"{answer.host} gave no answer to use")


def _when_again(answer: Answer) -> str:
    wait = _wait_of(answer)
    if wait is None:
        return "the number of downloads a day is limited: try again tomorrow"
    if wait < timedelta(minutes=2):
        return f"try again in {wait.total_seconds():.0f} s"
    return f"try again in {wait.total_seconds() / 60:,.0f} minutes"


def _wait_of(answer: Answer) -> timedelta | None:
    """Read how long the server wants to be left alone: seconds, or a date, by the server's own clock."""
    written = answer.header("Retry-After") or ""
    if written.isascii() and written.isdecimal():
        return timedelta(seconds=int(written[:9]))
    try:
        wait = parsedate_to_datetime(written) - parsedate_to_datetime(answer.header("Date") or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return max(wait, timedelta())


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _said(answer: Answer) -> str:
    """Give the sentence with which the server explains itself, if it has one."""
    try:
        told = json.loads(answer.start(_SAID))["error"]
    except (ValueError, KeyError, TypeError, RecursionError, FetchError):
        return ""
    return told if isinstance(told, str) and told.isprintable() else ""
