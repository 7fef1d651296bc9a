"""Connections: over TLS, through a proxy, closed in time, and what is told when they break."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer
from typing import Any
from urllib.error import URLError
from urllib.request import (
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from auditor import __version__
from auditor.geo.fetching.errors import BrokenError, RefusedError
from auditor.geo.fetching.secret import Secret
from auditor.geo.fetching.words import is_loopback


class _EveryStatus(HTTPErrorProcessor):
    """Gives every answer back, also redirects and errors."""

    def http_response(self, request: Request, response: Any) -> Any:  # noqa: ANN401, ARG002  as urllib has it
        return response

    https_response = http_response


class _Watched(http.client.HTTPConnection):
    """Closes the connection if a whole status line and all headers have not come in time.

    A timeout of a socket ends only silence: a byte now and then would keep it open for ever.
    """

    def getresponse(self) -> http.client.HTTPResponse:
        late = Event()
        timer = Timer(self.timeout or 0, _shut, [self.sock, late])
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()
        except (OSError, http.client.HTTPException):
            if late.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
        if late.is_set():  # headers that were cut off look whole
            raise TimeoutError
        return response


class _WatchedOverTls(_Watched, http.client.HTTPSConnection):
    """The same over TLS."""


class _Http(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_Watched, req)


class _Https(HTTPSHandler):
    def __init__(self) -> None:
        super().__init__()
        self._tls = ssl.create_default_context()

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_WatchedOverTls, req, context=self._tls)


def _shut(connection: socket.socket, late: Event) -> None:
    late.set()
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # TLS would first forget its own half


def opener_for(host: str, proxy: Secret | None) -> OpenerDirector:
    """Make an opener that speaks HTTP and HTTPS only: a redirect must not lead to a file."""
    opener = OpenerDirector()
    opener.addheaders = [("User-Agent", f"auditor/{__version__}"), ("Accept-Encoding", "identity")]
    for handler in (_proxies(host, proxy), _Http(), _Https(), _EveryStatus()):
        opener.add_handler(handler)
    return opener


def _proxies(host: str, proxy: Secret | None) -> ProxyHandler:
    """Take the proxy that is set, else that of the environment, which is never asked for this machine."""
    if proxy is not None:
        return ProxyHandler({"http": proxy.reveal(), "https": proxy.reveal()})
    return ProxyHandler({}) if is_loopback(host) else ProxyHandler()


@contextmanager
def breaking(host: str) -> Iterator[None]:
    """Tell what broke, without the addresses that a redirect led to: they let whoever has them in."""
    try:
        yield
    except URLError as error:
        reason = error.reason
        raise _broken(host, reason if isinstance(reason, Exception) else error) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _broken(host, error) from None


def _broken(host: str, error: Exception) -> BrokenError | RefusedError:
    hint = f"a firewall or a proxy has to let HTTPS through to {host}"
    if isinstance(error, ssl.SSLCertVerificationError):
        text = f"the certificate of {host} is not trusted: {error.verify_message}"
        return RefusedError(text, "if it is your own, name its authority in SSL_CERT_FILE")
    if isinstance(error, TimeoutError):
        return BrokenError(f"{host} did not answer in time", hint)
    if isinstance(error, OSError):
        words = error.strerror or str(error) or type(error).__name__
        return BrokenError(f"the connection to {host} broke: {words}", hint)
    return BrokenError(f"{host} does not answer as HTTP asks: {type(error).__name__}")
