"""A server of editions on this machine, and its storage, which misbehave as they are told."""

import base64
import hashlib
import io
import json
import random
import ssl
import tarfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ACCOUNT, KEY = 42, "s3cretKey_0123456789"
SIGNATURE = "presigned-signature"
AUTHORIZATION = "Basic " + base64.b64encode(f"{ACCOUNT}:{KEY}".encode()).decode()
NOISE = random.Random(4).randbytes(300_000)
"""Does not compress: so an archive is long enough to be cut in the middle."""

Misdeed = Callable[["Handler"], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, as the server got it. `host` tells the server from its storage."""

    host: str
    path: str
    headers: Mapping[str, str]


def archive_of(members: Mapping[str, bytes]) -> bytes:
    """Pack members as the server does."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return packed.getvalue()


@dataclass(slots=True)
class Edition:
    """What the server has of an edition."""

    database: bytes
    archive: bytes
    day: date

    @property
    def md5(self) -> str:
        return hashlib.md5(self.database, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class World:
    """The server. `misdeeds` are done in place of the next answers, by the kind of question."""

    host: str = ""
    storage: str = ""
    editions: dict[str, Edition] = field(default_factory=dict)
    misdeeds: dict[str, deque[Misdeed]] = field(
        default_factory=lambda: {"metadata": deque(), "download": deque(), "archive": deque()}
    )
    asked: list[Asked] = field(default_factory=list)
    etags: bool = True
    ranges: bool = True

    def offer(self, name: str, database: Path, day: date = date(2026, 11, 20), **members: bytes) -> Edition:
        """Have an edition, with these members in the archive, or those that are usual."""
        content = database.read_bytes()
        usual = {f"{name}_{day:%Y%m%d}/NOISE.bin": NOISE, f"{name}_{day:%Y%m%d}/{name}.mmdb": content}
        self.editions[name] = Edition(content, archive_of(members or usual), day)
        return self.editions[name]

    def misbehave(self, kind: str, *misdeeds: Misdeed) -> None:
        self.misdeeds[kind].extend(misdeeds)

    def asked_for(self, kind: str) -> list[Asked]:
        return [asked for asked in self.asked if kind_of(asked.path) == kind]


def kind_of(path: str) -> str:
    return next((kind for kind in ("metadata", "download") if f"/{kind}?" in path), "archive")


class Handler(BaseHTTPRequestHandler):
    """Answers for the world that its server carries."""

    protocol_version = "HTTP/1.1"

    @property
    def world(self) -> World:
        server = self.server
        assert isinstance(server, _Server)
        return server.world

    def do_GET(self) -> None:
        kind = kind_of(self.path)
        self.world.asked.append(Asked(self.headers["Host"], self.path, dict(self.headers)))
        waiting = self.world.misdeeds[kind]
        if waiting:
            waiting.popleft()(self)
        elif kind != "archive" and self.headers["Authorization"] != AUTHORIZATION:
            self.say(401, b'{"code":"AUTHORIZATION_INVALID","error":"Invalid account id or license key"}')
        elif kind == "metadata":
            self.metadata()
        elif kind == "download":
            edition = urlsplit(self.path).path.split("/")[3]
            self.say(302, b"", Location=f"{self.world.storage}/{edition}.tar.gz?signature={SIGNATURE}")
        else:
            self.archive()

    def metadata(self, **changes: object) -> None:
        name = parse_qs(urlsplit(self.path).query)["edition_id"][0]
        if name not in self.world.editions:
            self.say(404, b'{"error":"Database edition not found"}')
            return
        edition = self.world.editions[name]
        told = {"edition_id": name, "md5": edition.md5, "date": str(edition.day), **changes}
        self.say(200, json.dumps({"databases": [told]}).encode())

    def archive(self) -> None:
        content = self.content
        headers = {"ETag": self.etag} if self.world.etags else {}
        headers["Last-Modified"] = "Fri, 20 Nov 2026 14:00:00 GMT"
        asked = self.headers["Range"]
        if asked and self.world.ranges and self.headers["If-Range"] == self.etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.say(206, content[start:], **headers)
        else:
            self.say(200, content, **headers)

    @property
    def content(self) -> bytes:
        return self.world.editions[Path(urlsplit(self.path).path).name.removesuffix(".tar.gz")].archive

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def say(self, status: int, body: bytes, **headers: str) -> None:
        self.begin(status, len(body), **headers)
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
        """Say nothing on stderr."""


def status(code: int, body: bytes = b"", **headers: str) -> Misdeed:
    """Answer with a status."""
    return lambda handler: handler.say(code, body, **headers)


def half(handler: Handler) -> None:
    """Begin the archive, and break off in the middle."""
    content = handler.content
    handler.begin(200, len(content), ETag=handler.etag)
    handler.wfile.write(content[: len(content) // 2])
    handler.wfile.flush()
    handler.close_connection = True


def half_without_length(handler: Handler) -> None:
    """Begin the archive without saying how long it is, and end in the middle."""
    handler.begin(200, None, Connection="close")
    handler.wfile.write(handler.content[: len(handler.content) // 2])
    handler.close_connection = True


def half_then_silent(until: threading.Event) -> Misdeed:
    """Begin the archive, and say nothing more until told."""

    def misdeed(handler: Handler) -> None:
        content = handler.content
        handler.begin(200, len(content), ETag=handler.etag)
        handler.wfile.write(content[: len(content) // 2])
        handler.wfile.flush()
        until.wait(30)
        handler.close_connection = True

    return misdeed


def silent(until: threading.Event) -> Misdeed:
    """Say nothing until told."""

    def misdeed(handler: Handler) -> None:
        until.wait(30)
        handler.close_connection = True

    return misdeed


def dripping(until: threading.Event) -> Misdeed:
    """Send a header a byte at a time, until told."""

    def misdeed(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not until.wait(0.1):
            try:
                handler.wfile.write(b"x")
            except OSError:
                break
        handler.close_connection = True

    return misdeed


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    world: World

    def handle_error(self, request: object, client_address: object) -> None:
        """Take it that clients go away."""


@contextmanager
def serving(world: World, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve, and give the address."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.world = world
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
