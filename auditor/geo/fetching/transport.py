"""HTTP as far as an update needs it: GET, redirects without the license key, bodies whose end is checked."""

import base64
import http.client
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit
from urllib.request import Request

from auditor.geo.fetching.connection import breaking, opener_for
from auditor.geo.fetching.errors import BrokenError, RefusedError
from auditor.geo.fetching.secret import Secret
from auditor.geo.fetching.words import is_loopback

_MOST_REDIRECTS = 5
_REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_BLOCK = 1 << 16
_PLAIN = re.compile(r"[\x21-\x7e]+")
_LEAST_BYTES_PER_SECOND = 256
"""A body that comes slower than this is as good as silent."""

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks. The key is shown nowhere, and sent to nobody but the server."""

    account_id: int
    license_key: Secret

    @property
    def header(self) -> str:
        """Write them as a header has them."""
        pair = f"{self.account_id}:{self.license_key.reveal()}"
        return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"

    def hidden_in(self, text: str) -> str:
        """Take the key out of what a server says."""
        for secret in (self.license_key.reveal(), self.header.removeprefix("Basic ")):
            text = text.replace(secret, "…")
        return text


@dataclass(slots=True)
class Pace:
    """How fast a body comes, from one stretch of `seconds` to the next."""

    seconds: float
    since: float
    received: int = 0

    def is_too_slow(self, more: int, now: float) -> bool:
        """Count what has come, and tell whether too little came in a stretch that ends."""
        self.received += more
        passed = now - self.since
        if passed < self.seconds:
            return False
        slow = self.received < passed * _LEAST_BYTES_PER_SECOND
        self.since, self.received = now, 0
        return slow


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, its body not yet read.

    `url` is where the last redirect led, `by_server` whether that is still the server that was asked.
    """

    url: str
    response: http.client.HTTPResponse
    silence: timedelta
    by_server: bool

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status

    @property
    def host(self) -> str:
        """Who said it."""
        return urlsplit(self.url).hostname or ""

    @property
    def length(self) -> int | None:
        """How many bytes the body should have, if it says so."""
        written = self.header("Content-Length") or ""
        whole = written.isascii() and written.isdecimal() and not self.response.chunked
        return int(written) if whole else None

    def header(self, name: str) -> str | None:
        """Give a header; None where there is none."""
        return self.response.headers.get(name)

    def blocks(self) -> Iterator[bytes]:
        """Yield the body. Raises BrokenError if it ends early, or comes too slowly."""
        expected, received = self.length, 0
        pace = Pace(self.silence.total_seconds(), time.monotonic())
        while block := self._block():
            received += len(block)
            yield block
            if pace.is_too_slow(len(block), time.monotonic()):
                raise BrokenError(f"{self.host} sends too slowly")
        if expected is not None and received != expected:
            raise BrokenError(f"{self.host} broke off after {received:,} of {expected:,} bytes")

    def start(self, most: int) -> bytes:
        """Read the beginning of the body, and no more than `most` bytes."""
        read = bytearray()
        for block in self.blocks():
            read += block
            if len(read) >= most:
                break
        return bytes(read[:most])

    def _block(self) -> bytes:
        with breaking(self.host):
            return self.response.read1(_BLOCK)


@dataclass(slots=True)
class Route:
    """Where something is asked for: at `start`, and later where the last redirect led.

    Each question at the start counts as a download of the account, so that after a break the same archive is
    asked for where it was found.
    """

    start: str
    here: str = ""

    def __post_init__(self) -> None:
        self.restart()

    @property
    def moved(self) -> bool:
        """Whether a redirect was followed."""
        return self.here != self.start

    def restart(self) -> None:
        """Begin at the start again."""
        self.here = self.start


class Transport:
    """Asks one server with the user's credentials, and others, where it redirects to, without."""

    def __init__(self, host: str, credentials: Credentials, proxy: Secret | None, silence: timedelta) -> None:
        self._origin = _origin_of(host)
        self._credentials = credentials
        self._silence = silence
        self._opener = opener_for(_host_of(host), proxy)

    @contextmanager
    def get(self, route: Route, headers: Headers) -> Iterator[Answer]:
        """Ask where the route stands, follow redirects, and give the answer, whatever its status.

        Raises BrokenError if the connection breaks, RefusedError if it cannot be made safely.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            with self._open(route.here, headers) as response:
                if response.status not in _REDIRECTS:
                    by_server = _origin_of(route.here) == self._origin
                    yield Answer(route.here, response, self._silence, by_server)
                    return
                route.here = self._next(route.here, response.headers.get("Location"))
        raise RefusedError(f"{_host_of(route.here)} redirects too often")

    def _open(self, url: str, headers: Headers) -> http.client.HTTPResponse:
        request = Request(url, headers=headers)  # noqa: S310  the scheme was looked at in `_next` and `host_of`
        if _origin_of(url) == self._origin:
            request.add_unredirected_header("Authorization", self._credentials.header)
        with breaking(_host_of(url)):
            response: http.client.HTTPResponse = self._opener.open(
                request, timeout=self._silence.total_seconds()
            )
        return response

    def _next(self, url: str, location: str | None) -> str:
        """Say where a redirect leads: never away from HTTPS, save from this machine to itself."""
        try:
            target = urljoin(url, location or "")
            parts = urlsplit(target)
            known = bool(location and parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not known or not _PLAIN.fullmatch(target):
            raise RefusedError(f"{_host_of(url)} redirects to no address")
        at_home = urlsplit(url).scheme == "http" and is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not (parts.scheme == "http" and at_home):
            raise RefusedError(f"{_host_of(url)} redirects to {parts.hostname} without HTTPS")
        return target


def _origin_of(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or url
